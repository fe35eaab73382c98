//! Courier files as bytes. What is wrong with one concerns the whole file: nothing of it is used.

use bytes::Bytes;
use domain::{
    courier::{
        Answers, CarriedSegment, CourierHead, MOST_ANSWERS, MOST_FILE_BYTES, MOST_SEGMENTS,
        SegmentAnswer, SettledBelow,
    },
    envelope::Lane,
    ids::{KeyId, NetworkId},
    seal::SealSuite,
};
use prost::Message;
use proto::v1;

use super::{
    Malformed, choice,
    envelope::{epoch_in, epoch_out},
    frame::{Frame, MOST_ENTRIES, MOST_KEY_STATEMENT_BYTES},
    malformed::{array, check_length, division, moment, ordinal, suite},
};

/// What every courier file begins with; the last byte is the form.
const MAGIC: &[u8] = b"wujitong-courier\x01";

const MOST_HEAD_BYTES: usize = 128 * 1024;
const MOST_SIGNATURE_BYTES: usize = 512;
const MOST_WRAP_BYTES: usize = 1024;
const MOST_STATEMENTS: usize = 128;
const MOST_FRAMES: usize = 4096;
/// Most messages and bytes that a body holds directly.
const MOST_FIELDS: usize = MOST_FRAMES + MOST_SEGMENTS + MOST_ANSWERS + 8;

/// The parts of a courier file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierFile {
    /// The encoded head, as it is signed.
    pub head: Bytes,
    /// The sealed body, as it is signed.
    pub sealed: Bytes,
    /// The signature over both.
    pub signature: Bytes,
}

/// The body of a courier file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CourierBody {
    /// The frames that a link would carry, the greeting first.
    pub frames: Vec<Frame>,
    /// What the batches among them hold, in their order.
    pub segments: Vec<CarriedSegment>,
    /// Outcomes of what earlier files of the recipient held.
    pub answers: Answers,
    /// The numbers below which the maker knows all answers, by lane.
    pub settled_below: SettledBelow,
    /// Segments that wait and are in none of the files up to this one.
    pub waiting: u64,
}

/// The reason why bytes are not a courier file that this program reads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACourierFile {
    /// Something else.
    #[error("this is not a courier file; choose one that `wujitong courier export` wrote")]
    Other,
    /// The form of a later version.
    #[error("a newer program wrote this courier file; upgrade this node")]
    Newer,
    /// It ends too early or was changed.
    #[error("the courier file is damaged or cut off ({0}); copy it again, or export it again")]
    Damaged(#[from] Malformed),
}

impl CourierFile {
    /// Encodes a file.
    pub fn encode(self) -> Vec<u8> {
        let file = v1::CourierFile {
            head: self.head,
            sealed: self.sealed,
            signature: self.signature,
        };
        let mut bytes = Vec::with_capacity(MAGIC.len() + file.encoded_len());
        bytes.extend_from_slice(MAGIC);
        file.encode(&mut bytes).expect("a vector takes everything");
        bytes
    }

    /// Reads the parts of a file.
    ///
    /// # Errors
    /// [`NotACourierFile`].
    pub fn decode(bytes: Bytes) -> Result<Self, NotACourierFile> {
        let (name, form) = MAGIC.split_at(MAGIC.len() - 1);
        if !bytes.starts_with(name) {
            return Err(NotACourierFile::Other);
        }
        match bytes.get(name.len()) {
            Some(found) if *found == form[0] => {}
            Some(_) => return Err(NotACourierFile::Newer),
            None => return Err(Malformed::Missing("file.head").into()),
        }
        check_length(bytes.len(), MOST_FILE_BYTES, "file")?;
        let file = v1::CourierFile::decode(bytes.slice(MAGIC.len()..)).map_err(Malformed::from)?;
        let parts = [
            (&file.head, MOST_HEAD_BYTES, "file.head"),
            (&file.sealed, MOST_FILE_BYTES, "file.sealed"),
            (&file.signature, MOST_SIGNATURE_BYTES, "file.signature"),
        ];
        for (part, most, field) in parts {
            check_length(part.len(), most, field)?;
            if part.is_empty() {
                return Err(Malformed::Missing(field).into());
            }
        }
        Ok(Self {
            head: file.head,
            sealed: file.sealed,
            signature: file.signature,
        })
    }
}

/// Encodes the head of a file.
pub fn encode_head(head: &CourierHead) -> Bytes {
    let head = v1::CourierHead {
        network: Bytes::copy_from_slice(&head.network.0),
        from: head.from.as_u64(),
        to: head.to.as_u64(),
        key: Bytes::copy_from_slice(&head.key.0),
        suite: head.suite.id(),
        epoch: Some(epoch_out(&head.epoch)),
        number: head.number,
        made_ms: head.made.0,
        seal_suite: head.seal_suite.id(),
        wrap: head.wrap.clone(),
        key_statements: head.key_statements.clone(),
    };
    head.encode_to_vec().into()
}

/// Reads the head of a file.
///
/// # Errors
/// [`Malformed`].
pub fn decode_head(bytes: Bytes) -> Result<CourierHead, Malformed> {
    check_length(bytes.len(), MOST_HEAD_BYTES, "head")?;
    let head = v1::CourierHead::decode(bytes)?;
    if head.key_statements.len() > MOST_STATEMENTS {
        return Err(Malformed::TooMany {
            field: "head.key_statements",
            most: MOST_STATEMENTS,
        });
    }
    for statement in &head.key_statements {
        let (most, field) = (MOST_KEY_STATEMENT_BYTES, "head.key_statements");
        check_length(statement.len(), most, field)?;
    }
    check_length(head.wrap.len(), MOST_WRAP_BYTES, "head.wrap")?;
    let seal_suite = SealSuite::from_id(head.seal_suite);
    Ok(CourierHead {
        network: NetworkId(array(&head.network, "head.network")?),
        from: division(head.from, "head.from")?,
        to: division(head.to, "head.to")?,
        key: KeyId(array(&head.key, "head.key")?),
        suite: suite(head.suite, "head.suite")?,
        epoch: epoch_in(head.epoch.as_ref())?,
        number: ordinal(head.number, "head.number")?,
        made: moment(head.made_ms, "head.made_ms")?,
        seal_suite: seal_suite.ok_or(Malformed::Suite(head.seal_suite))?,
        wrap: head.wrap,
        key_statements: head.key_statements,
    })
}

/// Encodes the body of a file.
pub fn encode_body(body: CourierBody) -> Vec<u8> {
    let body = v1::CourierBody {
        frames: body.frames.into_iter().map(Frame::encode).collect(),
        segments: body.segments.iter().map(segment_out).collect(),
        answers: body.answers.iter().map(answer_out).collect(),
        settled_below: body.settled_below.to_vec(),
        waiting: body.waiting,
    };
    body.encode_to_vec()
}

/// Reads the body of a file.
///
/// # Errors
/// [`Malformed`].
pub fn decode_body(bytes: Bytes) -> Result<CourierBody, Malformed> {
    check_length(bytes.len(), MOST_FILE_BYTES, "body")?;
    proto::check_fields(&bytes, MOST_FIELDS).map_err(|proto::TooManyParts| Malformed::TooMany {
        field: "body",
        most: MOST_FIELDS,
    })?;
    let body = v1::CourierBody::decode(bytes)?;
    let counted = [
        (body.frames.len(), MOST_FRAMES, "body.frames"),
        (body.segments.len(), MOST_SEGMENTS, "body.segments"),
        (body.answers.len(), MOST_ANSWERS, "body.answers"),
    ];
    for (found, most, field) in counted {
        if found > most {
            return Err(Malformed::TooMany { field, most });
        }
    }
    let settled_below = <[u64; 4]>::try_from(&body.settled_below[..]);
    let frames = body.frames.into_iter().map(Frame::decode);
    let segments = body.segments.into_iter().map(segment_in);
    let answers = body.answers.into_iter().map(answer_in);
    Ok(CourierBody {
        frames: frames.collect::<Result<_, _>>()?,
        segments: segments.collect::<Result<_, _>>()?,
        answers: answers.collect::<Result<_, _>>()?,
        settled_below: settled_below.map_err(|_| Malformed::Range("body.settled_below"))?,
        waiting: body.waiting.min(i64::MAX as u64),
    })
}

fn segment_out(segment: &CarriedSegment) -> v1::CarriedSegment {
    v1::CarriedSegment {
        lane: segment.lane.number(),
        number: segment.number,
        envelopes: segment.envelopes,
        digest: Bytes::copy_from_slice(&segment.digest),
    }
}

fn segment_in(segment: v1::CarriedSegment) -> Result<CarriedSegment, Malformed> {
    match segment.envelopes as usize {
        0 => return Err(Malformed::Missing("segment.envelopes")),
        1..=MOST_ENTRIES => {}
        _ => return Err(Malformed::Range("segment.envelopes")),
    }
    Ok(CarriedSegment {
        lane: choice::read(segment.lane, "segment.lane")?,
        number: segment.number,
        envelopes: segment.envelopes,
        digest: array(&segment.digest, "segment.digest")?,
    })
}

fn answer_out(((lane, number), answer): (&(Lane, u64), &SegmentAnswer)) -> v1::SegmentAnswer {
    let (refused, reasons) = answer.refused.iter().copied().unzip();
    v1::SegmentAnswer {
        lane: lane.number(),
        number: *number,
        digest: Bytes::copy_from_slice(&answer.digest),
        refused,
        reasons,
    }
}

fn answer_in(answer: v1::SegmentAnswer) -> Result<((Lane, u64), SegmentAnswer), Malformed> {
    if answer.refused.len() != answer.reasons.len() {
        return Err(Malformed::Contradiction("answer.reasons"));
    }
    if answer.refused.len() > MOST_ENTRIES {
        return Err(Malformed::TooMany {
            field: "answer.refused",
            most: MOST_ENTRIES,
        });
    }
    let lane = choice::read(answer.lane, "answer.lane")?;
    let said = SegmentAnswer {
        digest: array(&answer.digest, "answer.digest")?,
        refused: answer.refused.into_iter().zip(answer.reasons).collect(),
    };
    Ok(((lane, answer.number), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> CourierFile {
        CourierFile {
            head: Bytes::from_static(b"head"),
            sealed: Bytes::from_static(b"sealed"),
            signature: Bytes::from_static(b"signature"),
        }
    }

    #[test]
    fn a_file_is_told_from_others_and_from_later_forms() {
        let bytes = whole().encode();
        assert_eq!(CourierFile::decode(bytes.clone().into()), Ok(whole()));
        let other = CourierFile::decode(Bytes::from_static(b"%PDF-1.7"));
        assert_eq!(other, Err(NotACourierFile::Other));
        let mut newer = bytes.clone();
        newer[MAGIC.len() - 1] = 2;
        let newer = CourierFile::decode(newer.into());
        assert_eq!(newer, Err(NotACourierFile::Newer));
        for cut in 0..MAGIC.len() {
            assert!(CourierFile::decode(bytes[..cut].to_vec().into()).is_err());
        }
    }

    #[test]
    fn a_file_is_bounded_and_has_all_its_parts() {
        for at in 0..3 {
            let mut file = whole();
            *[&mut file.head, &mut file.sealed, &mut file.signature][at] = Bytes::new();
            let read = CourierFile::decode(file.encode().into());
            assert!(matches!(read, Err(NotACourierFile::Damaged(_))), "{at}");
        }
        let mut long = whole();
        long.sealed = vec![0; MOST_FILE_BYTES].into();
        let read = CourierFile::decode(long.encode().into());
        assert!(matches!(read, Err(NotACourierFile::Damaged(_))));
    }

    #[test]
    fn what_has_too_many_parts_is_refused_before_it_is_read() {
        // Two bytes each, and more than a hundred in memory.
        let segments = [0x12, 0x00].repeat(MOST_FIELDS + 1);
        let read = decode_body(segments.into());
        assert!(matches!(read, Err(Malformed::TooMany { .. })), "{read:?}");
        let answer = v1::SegmentAnswer {
            lane: 1,
            digest: vec![1; 32].into(),
            refused: vec![0],
            ..v1::SegmentAnswer::default()
        };
        let body = v1::CourierBody {
            answers: vec![answer],
            settled_below: vec![0; 4],
            ..v1::CourierBody::default()
        };
        let read = decode_body(body.encode_to_vec().into());
        assert_eq!(read, Err(Malformed::Contradiction("answer.reasons")));
    }
}
