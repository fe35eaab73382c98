//! Reasons for refusing an envelope: a number on the wire, a name in metrics, a sentence for
//! people.

use domain::{
    authority::Denied,
    custody::{GiveRefusal, NoticeRefusal},
    rollup::CellRefusal,
};
use serde::{Deserialize, Serialize};

use super::Malformed;

/// The reason a receiver refused an envelope. It is final: the same bytes are refused again with
/// the same reason, except where [`RefusalCode::may_pass`] says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "u32", into = "u32")]
pub enum RefusalCode {
    /// The peer may not send this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The transfer was not accepted.
    #[error(transparent)]
    Give(#[from] GiveRefusal),
    /// The notice about a matter was not accepted.
    #[error(transparent)]
    Notice(#[from] NoticeRefusal),
    /// The figure was not accepted.
    #[error(transparent)]
    Cell(#[from] CellRefusal),
    /// Signature and key do not match.
    #[error("the signature does not belong to the author's key; check the author's keys")]
    BadSignature,
    /// The Merkle path does not lead to the signed root.
    #[error("the signed root does not cover the envelope; it was changed in transit")]
    BadProof,
    /// The receiver has no such key of the author yet; the sender keeps the envelope and sends it
    /// again.
    #[error("the receiver does not know this key of the author; the author must enrol it")]
    UnknownKey,
    /// The bytes are not an envelope.
    #[error("the receiver cannot read the envelope; one of the two runs another version")]
    Malformed,
    /// The receiver crashed on it three times.
    #[error("the receiver failed on it repeatedly; see its log, then retry")]
    Internal,
    /// The envelope or its bodies are longer than allowed.
    #[error("the envelope or its bodies are too large; shorten them")]
    TooLarge,
    /// A later epoch followed that of the envelope.
    #[error("the author has opened a later epoch; its earlier envelopes are superseded")]
    Superseded,
    /// The envelope was signed with a revoked key, after the position its parent held then.
    #[error(
        "the author's key was revoked before this was signed; the author must be enrolled again"
    )]
    Revoked,
    /// A reason of a later version.
    #[error("refused for reason {0}, which this version does not know; upgrade it")]
    Other(u32),
}

macro_rules! codes {
    ($($code:literal $name:literal $variant:ident $(($inner:path))?;)*) => {
        impl RefusalCode {
            /// Every reason this version knows.
            pub const KNOWN: &[Self] = &[$(Self::$variant $(($inner))?),*];

            /// Returns the number on the wire and on disk, never reused for another reason.
            pub const fn code(self) -> u32 {
                match self {
                    $(Self::$variant $(($inner))? => $code,)*
                    Self::Other(code) => code,
                }
            }

            /// Returns the reason with this number.
            pub const fn from_code(code: u32) -> Self {
                match code {
                    $($code => Self::$variant $(($inner))?,)*
                    other => Self::Other(other),
                }
            }

            /// Returns the name in metrics and JSON.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant $(($inner))? => $name,)*
                    Self::Other(_) => "other",
                }
            }
        }
    };
}

codes! {
    101 "author-not-carried" Denied(Denied::AuthorNotCarried);
    102 "not-the-neighbour" Denied(Denied::NotTheNeighbour);
    103 "wrong-direction" Denied(Denied::WrongDirection);
    104 "wrong-way" Denied(Denied::WrongWay);
    105 "speaks-for-another" Denied(Denied::SpeaksForAnother);
    106 "unknown-division" Denied(Denied::UnknownDivision);
    107 "unknown-kind" Denied(Denied::UnknownKind);
    108 "wrong-order" Denied(Denied::WrongOrder);
    109 "not-above" Denied(Denied::NotAbove);
    110 "complaint-about-receiver" Denied(Denied::Concerned);
    131 "unseated-term" Denied(Denied::Unseated);
    201 "refused-before" Give(GiveRefusal::RefusedBefore);
    202 "held-here" Give(GiveRefusal::HeldHere);
    203 "no-way" Give(GiveRefusal::NoWay);
    204 "concerned" Give(GiveRefusal::Concerned);
    205 "not-its-to-give" Give(GiveRefusal::NotItsToGive);
    206 "state-malformed" Give(GiveRefusal::Malformed);
    207 "closed" Give(GiveRefusal::Closed);
    251 "notice-broken" Notice(NoticeRefusal::Broken);
    252 "notice-not-its-step" Notice(NoticeRefusal::NotItsStep);
    253 "notice-contradicts" Notice(NoticeRefusal::Contradicts);
    254 "notice-not-below" Notice(NoticeRefusal::NotBelow);
    255 "notice-state" Notice(NoticeRefusal::State);
    401 "cell-not-its-division" Cell(CellRefusal::NotItsDivision);
    402 "cell-unknown-origin" Cell(CellRefusal::UnknownOrigin);
    403 "cell-reported-elsewhere" Cell(CellRefusal::ReportedElsewhere);
    404 "cell-unknown-category" Cell(CellRefusal::UnknownCategory);
    405 "cell-future-day" Cell(CellRefusal::FutureDay);
    406 "cell-falls" Cell(CellRefusal::Falls);
    407 "cell-too-much" Cell(CellRefusal::TooMuch);
    408 "cell-too-many-cells" Cell(CellRefusal::TooManyCells);
    409 "cell-never-handed" Cell(CellRefusal::NeverHanded);
    410 "cell-part-exceeds-whole" Cell(CellRefusal::PartExceedsWhole);
    301 "bad-signature" BadSignature;
    302 "bad-proof" BadProof;
    303 "unknown-key" UnknownKey;
    304 "malformed" Malformed;
    305 "internal" Internal;
    306 "too-large" TooLarge;
    307 "superseded" Superseded;
    308 "revoked" Revoked;
}

impl RefusalCode {
    /// Returns whether the same bytes may be accepted later, so that the sender must keep them.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::UnknownKey)
    }
}

impl From<u32> for RefusalCode {
    fn from(code: u32) -> Self {
        Self::from_code(code)
    }
}

impl From<RefusalCode> for u32 {
    fn from(reason: RefusalCode) -> Self {
        reason.code()
    }
}

impl From<&Malformed> for RefusalCode {
    fn from(malformed: &Malformed) -> Self {
        match malformed {
            Malformed::TooLong { .. } | Malformed::TooMany { .. } => Self::TooLarge,
            _ => Self::Malformed,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_its_own_number_name_and_sentence() {
        let known = RefusalCode::KNOWN;
        let codes: BTreeSet<_> = known.iter().map(|reason| reason.code()).collect();
        let names: BTreeSet<_> = known.iter().map(|reason| reason.name()).collect();
        let sentences: BTreeSet<_> = known.iter().map(ToString::to_string).collect();
        assert_eq!(codes.len(), known.len());
        assert_eq!(names.len(), known.len());
        assert_eq!(sentences.len(), known.len());
        for reason in known {
            assert_eq!(RefusalCode::from_code(reason.code()), *reason);
        }
    }

    #[test]
    fn a_reason_of_a_later_version_keeps_its_number() {
        let reason = RefusalCode::from_code(999);
        assert_eq!(reason, RefusalCode::Other(999));
        assert_eq!(reason.code(), 999);
        assert!(reason.to_string().contains("999"));
    }
}
