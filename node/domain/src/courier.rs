//! Courier files: what two neighbours without a link say to each other in a file that a person carries.
//!
//! A file holds what a link would carry: a greeting, key statements, and envelopes with their proofs. It is signed by the
//! division that made it and sealed for the neighbour it is for. Envelopes are named by their segment in the outbox of the
//! maker, because no session counts positions: a segment's number is never used again for other content in one life of a
//! store, and its digest tells apart what another life put there.

use std::collections::BTreeMap;

use bytes::Bytes;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    envelope::Lane,
    ids::{Epoch, EpochId, KeyId, NetworkId},
    seal::{BrokenSeal, ObjectKey, SealSuite},
    suite::{Digest, Suite},
    time::Timestamp,
};

const SIGNED_TAG: &[u8] = b"wujitong/courier/1";
const SEALED_TAG: &[u8] = b"wujitong/courier-seal/1";
const SEGMENT_TAG: &[u8] = b"wujitong/courier-segment/1";

/// Longest courier file in bytes.
pub const MOST_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of envelopes after which a file ends and the rest waits for the next one.
pub const USUAL_BYTES: usize = 640 * 1024;

/// Most bytes of envelopes in a file. A segment that alone is longer waits for the link.
pub const MOST_CARRIED_BYTES: usize = 3 * 1024 * 1024;

/// Most segments in a file.
pub const MOST_SEGMENTS: usize = 4096;

/// Most answers in a file, and most that are kept for a neighbour. The oldest are dropped beyond it: what they answer comes
/// again and is answered again.
pub const MOST_ANSWERS: usize = 4096;

/// What everybody can read of a courier file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierHead {
    /// The network.
    pub network: NetworkId,
    /// Who made it.
    pub from: DivisionCode,
    /// The neighbour it is for.
    pub to: DivisionCode,
    /// The key it is signed with.
    pub key: KeyId,
    /// Algorithms of digest and signature.
    pub suite: Suite,
    /// The life of the maker's store.
    pub epoch: Epoch,
    /// Count of the maker's files for this neighbour, from 1.
    pub number: u64,
    /// When it was made, by the maker's clock.
    pub made: Timestamp,
    /// Algorithms of the seal.
    pub seal_suite: SealSuite,
    /// The key of the seal, wrapped for the neighbour.
    pub wrap: Bytes,
    /// Signed statements of the maker's key and all it depends on.
    pub key_statements: Vec<Bytes>,
}

/// Envelopes that one commit of the maker queued together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CarriedSegment {
    /// Their lane.
    pub lane: Lane,
    /// Their number in the outbox of the maker.
    pub number: u64,
    /// How many they are, from 1.
    pub envelopes: u32,
    /// Digest over their exact bytes, by [`segment_digest`].
    pub digest: Digest,
}

/// The outcomes of all envelopes of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentAnswer {
    /// The digest that came with the segment.
    pub digest: Digest,
    /// Places of the envelopes that were refused, from 0, and the numbers of the reasons.
    pub refused: Vec<(u32, u32)>,
}

primitives::records!(SegmentAnswer);

/// The numbers below which a neighbour knows all answers, by lane.
pub type SettledBelow = [u64; 4];

/// Answers by the lane and number of what they answer.
pub type Answers = BTreeMap<(Lane, u64), SegmentAnswer>;

/// A file among those of its maker: the life of the maker's store, and the number of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// The life.
    pub life: EpochId,
    /// Number of the file, from 1.
    pub number: u64,
}

/// What a file is in relation to those that were read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the newest of its life: what it says about the state of its maker counts, if that life counts.
    Newest,
    /// Later ones of the same life were read before, or it was read before itself. Its envelopes count, because each is
    /// taken once; its greeting does not.
    Late,
}

impl CourierHead {
    /// Returns the place of this file among the files of its maker.
    pub const fn stamp(&self) -> FileStamp {
        FileStamp {
            life: self.epoch.id,
            number: self.number,
        }
    }
}

impl FileStamp {
    /// Judges the file when `read` is the newest that was read of its maker. Whether its life still counts is not decided
    /// here: a life that is only claimed must not have an effect.
    pub fn judge(self, read: Option<Self>) -> Standing {
        match read {
            Some(read) if read.life == self.life && read.number >= self.number => Standing::Late,
            _ => Standing::Newest,
        }
    }
}

/// Returns the digest of a segment over the exact bytes of its envelopes, with BLAKE3.
pub fn segment_digest<'a>(envelopes: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut digesting = Suite::Ed25519Blake3.digesting();
    digesting.update(SEGMENT_TAG);
    for envelope in envelopes {
        digesting.update(&(envelope.len() as u64).to_be_bytes());
        digesting.update(envelope);
    }
    digesting.finish()
}

/// Returns the bytes that the maker of a file signs.
pub fn signed_bytes(suite: Suite, head: &[u8], sealed: &[u8]) -> Vec<u8> {
    let digests = [head, sealed].map(|part| suite.digest(&[part]));
    [
        SIGNED_TAG,
        &suite.id().to_be_bytes(),
        &digests[0],
        &digests[1],
    ]
    .concat()
}

/// Seals the body of a file for whoever has `key`, which seals nothing else. It opens only beside the same head.
pub fn seal(mut body: Vec<u8>, key: &ObjectKey, head: &[u8]) -> Vec<u8> {
    cipher(key)
        .seal_in_place_append_tag(nonce(), aad(head), &mut body)
        .expect("a file is shorter than the cipher allows");
    body
}

/// Opens the body of a file.
///
/// # Errors
/// [`BrokenSeal`] if it was not sealed with this key beside this head.
pub fn open(sealed: &[u8], key: &ObjectKey, head: &[u8]) -> Result<Vec<u8>, BrokenSeal> {
    let mut body = sealed.to_vec();
    let opened = cipher(key).open_in_place(nonce(), aad(head), &mut body);
    let length = opened.map_err(|_| BrokenSeal)?.len();
    body.truncate(length);
    Ok(body)
}

fn cipher(key: &ObjectKey) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &key.0).expect("the key has 32 bytes"))
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

fn aad(head: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([SEALED_TAG, head].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: ObjectKey = ObjectKey([7; 32]);

    #[test]
    fn a_body_opens_only_whole_with_its_key_and_beside_its_head() {
        let sealed = seal(b"what waits".to_vec(), &KEY, b"head");
        assert_eq!(open(&sealed, &KEY, b"head").unwrap(), b"what waits");
        assert!(open(&sealed, &ObjectKey([8; 32]), b"head").is_err());
        assert!(open(&sealed, &KEY, b"another head").is_err());
        for cut in 0..sealed.len() {
            assert!(open(&sealed[..cut], &KEY, b"head").is_err(), "cut at {cut}");
            let mut changed = sealed.clone();
            changed[cut] ^= 1;
            assert!(open(&changed, &KEY, b"head").is_err(), "changed at {cut}");
        }
    }

    #[test]
    fn what_is_signed_tells_head_from_body_and_suite_from_suite() {
        let signed = |suite, head: &[u8], sealed: &[u8]| signed_bytes(suite, head, sealed);
        let (one, other) = (Suite::Ed25519Blake3, Suite::P256Sha256);
        assert_ne!(signed(one, b"ab", b"c"), signed(one, b"a", b"bc"));
        assert_ne!(signed(one, b"a", b"b"), signed(one, b"b", b"a"));
        assert_ne!(signed(one, b"a", b"b"), signed(other, b"a", b"b"));
    }

    #[test]
    fn a_segment_is_told_from_one_that_is_cut_elsewhere() {
        let digest = |parts: &[&[u8]]| segment_digest(parts.iter().copied());
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"ab"]), digest(&[b"ab", b""]));
    }

    #[test]
    fn only_a_later_file_of_a_life_is_the_newest() {
        let stamp = |life, number| FileStamp {
            life: EpochId([life; 16]),
            number,
        };
        let read = Some(stamp(2, 5));
        assert_eq!(stamp(1, 1).judge(None), Standing::Newest);
        assert_eq!(stamp(2, 6).judge(read), Standing::Newest);
        assert_eq!(stamp(2, 5).judge(read), Standing::Late, "the same again");
        assert_eq!(stamp(2, 4).judge(read), Standing::Late);
        assert_eq!(
            stamp(3, 1).judge(read),
            Standing::Newest,
            "numbers begin anew"
        );
    }
}
