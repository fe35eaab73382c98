//! Frames on a stream. Two bytes on the wire can become two hundred in memory, so a frame's parts
//! are counted before anything is allocated for them.

use std::marker::PhantomData;

use bytes::Buf;
use prost::{
    Message,
    encoding::{WireType, decode_key, decode_varint},
};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstEncoder;

use crate::v1::{Frame, ProveReply, ProveRequest, RenewReply, RenewRequest};

/// At most this many messages, bytes and texts in one frame, entries of batches and their bodies
/// opened. A full batch
/// of 1024 entries with a path, a trace, two bodies and a statement each has about 7,000.
pub const MOST_PARTS: usize = 16 * 1024;

/// Field numbers of [`Frame`]'s batch, of a batch's entries and of an entry's bodies.
const BATCH: u32 = 2;
const ENTRIES: u32 = 4;
const BODIES: u32 = 6;

/// A frame has more than [`MOST_PARTS`] parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyParts;

/// Counts the parts of an encoded frame without decoding it. What is no protobuf passes: decoding
/// says so better.
pub fn check_parts(frame: &[u8]) -> Result<(), TooManyParts> {
    let mut left = MOST_PARTS;
    walk(frame, &mut left, |body, in_frame, left| match in_frame {
        BATCH => walk(body, left, |entry, in_batch, left| match in_batch {
            ENTRIES => walk(entry, left, |part, in_entry, left| match in_entry {
                BODIES => walk(part, left, |_, _, _| Ok(())),
                _ => Ok(()),
            }),
            _ => Ok(()),
        }),
        _ => walk(body, left, |_, _, _| Ok(())),
    })
}

/// Counts the messages, bytes and texts that an encoded message holds directly, without decoding it. What is no protobuf
/// passes: decoding says so better.
pub fn check_fields(message: &[u8], most: usize) -> Result<(), TooManyParts> {
    let mut left = most;
    walk(message, &mut left, |_, _, _| Ok(()))
}

/// Visits the length-delimited fields of one message.
fn walk(
    mut message: &[u8],
    left: &mut usize,
    open: impl Fn(&[u8], u32, &mut usize) -> Result<(), TooManyParts>,
) -> Result<(), TooManyParts> {
    while let Ok((field, wire_type)) = decode_key(&mut message) {
        let skip = match wire_type {
            WireType::Varint => {
                if decode_varint(&mut message).is_err() {
                    return Ok(());
                }
                0
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => {
                let Some((part, rest)) = decode_varint(&mut message)
                    .ok()
                    .and_then(|length| usize::try_from(length).ok())
                    .and_then(|length| message.split_at_checked(length))
                else {
                    return Ok(());
                };
                *left = left.checked_sub(1).ok_or(TooManyParts)?;
                open(part, field, left)?;
                message = rest;
                0
            }
            // Groups hold fields this cannot see past; no message of ours has any.
            WireType::StartGroup | WireType::EndGroup => return Err(TooManyParts),
        };
        let Some(rest) = message.get(skip..) else {
            return Ok(());
        };
        message = rest;
    }
    Ok(())
}

/// A message on a link, whose parts are counted before anything is allocated for them.
pub trait Counted: Message + Default + 'static {
    /// Counts the parts of an encoded message without decoding it.
    ///
    /// # Errors
    /// [`TooManyParts`].
    fn count(message: &[u8]) -> Result<(), TooManyParts>;
}

impl Counted for Frame {
    fn count(message: &[u8]) -> Result<(), TooManyParts> {
        check_parts(message)
    }
}

/// The most certificates and texts in one message about certificates.
const MOST_CERTIFICATES: usize = 32;

macro_rules! few_parts {
    ($($message:ty),*) => {$(
        impl Counted for $message {
            fn count(message: &[u8]) -> Result<(), TooManyParts> {
                check_fields(message, MOST_CERTIFICATES)
            }
        }
    )*};
}

few_parts!(RenewRequest, RenewReply, ProveRequest, ProveReply);

/// The codec of the link service: protobuf, with the parts of incoming messages counted first.
#[derive(Clone, Copy, Debug)]
pub struct FrameCodec<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for FrameCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// Decodes messages that do not have too many parts; others end the stream as `resource exhausted`.
#[derive(Clone, Copy, Debug)]
pub struct CountedDecoder<D>(PhantomData<D>);

impl<D> Default for CountedDecoder<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E: Message + 'static, D: Counted> Codec for FrameCodec<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = ProstEncoder<E>;
    type Decoder = CountedDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        CountedDecoder::default()
    }
}

impl<D: Counted> Decoder for CountedDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        // The bytes fields of a frame are then slices of this one buffer.
        let bytes = from.copy_to_bytes(from.remaining());
        D::count(&bytes).map_err(|TooManyParts| {
            Status::resource_exhausted("the frame has too many parts; send smaller batches")
        })?;
        D::decode(bytes)
            .map(Some)
            .map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{Ack, Attachment, Batch, Body, Entry, Refusal, frame};

    fn frame(body: frame::Body) -> Vec<u8> {
        Frame { body: Some(body) }.encode_to_vec()
    }

    fn batch(entries: Vec<Entry>) -> Vec<u8> {
        frame(frame::Body::Batch(Batch {
            entries,
            ..Batch::default()
        }))
    }

    #[test]
    fn a_full_batch_passes() {
        let entry = Entry {
            envelope: bytes::Bytes::from_static(&[1; 900]),
            path: bytes::Bytes::from_static(&[2; 320]),
            trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
            bodies: vec![Body::default(); 4],
            ..Entry::default()
        };
        assert_eq!(check_parts(&batch(vec![entry; 1024])), Ok(()));
        assert_eq!(check_parts(&[]), Ok(()));
    }

    #[test]
    fn many_empty_parts_are_refused_wherever_they_are() {
        let entries = batch(vec![Entry::default(); MOST_PARTS]);
        assert_eq!(check_parts(&entries), Err(TooManyParts));
        let bodies = batch(vec![Entry {
            bodies: vec![Body::default(); MOST_PARTS],
            ..Entry::default()
        }]);
        assert_eq!(check_parts(&bodies), Err(TooManyParts));
        let attachments = batch(vec![Entry {
            bodies: vec![Body {
                attachments: vec![Attachment::default(); MOST_PARTS],
                ..Body::default()
            }],
            ..Entry::default()
        }]);
        assert_eq!(check_parts(&attachments), Err(TooManyParts));
        let refused = frame(frame::Body::Ack(Ack {
            refused: vec![Refusal::default(); MOST_PARTS],
            ..Ack::default()
        }));
        assert_eq!(check_parts(&refused), Err(TooManyParts));
        // Two batches in one frame: the second would win, but both are decoded.
        let half = batch(vec![Entry::default(); MOST_PARTS / 2 + 1]);
        assert_eq!(check_parts(&half), Ok(()));
        assert_eq!(check_parts(&half.repeat(2)), Err(TooManyParts));
    }
}
