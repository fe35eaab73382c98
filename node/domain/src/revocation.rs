//! Revoked keys. A revocation names positions, not a time: messages that the parent of the division
//! durably had before it stay valid for ever; anything later never counts, whoever brings it.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Term, Tree};

use super::{
    address::{Destination, Lane, Stamp},
    ids::{EpochId, KeyId},
    saying::Saying,
    scope::Scope,
    suite::{Digest, Suite},
    time::Timestamp,
};

/// The most flows of a revocation over all lives, so that it fits into one envelope.
pub const MOST_FLOWS: usize = 768;
/// The most lives of a revocation.
pub const MOST_LIVES: usize = 64;
/// The most keys below for which a revocation vouches; no division has as many below it.
pub const MOST_VOUCHED: usize = 1024;

/// The reason for a revocation (after the reason codes of RFC 5280, section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Somebody else has the key, or may have it.
    Stolen,
    /// Nobody has the key any more.
    Lost,
    /// Another key took its place.
    Replaced,
    /// The division has no node any more.
    Closed,
    /// A reason of a later program version.
    Other(u32),
}

impl Reason {
    /// All reasons of this version.
    pub const ALL: [Self; 4] = [Self::Stolen, Self::Lost, Self::Replaced, Self::Closed];

    /// Returns number, code, Chinese and English. The number on the wire is that of RFC 5280 where there is
    /// one.
    const fn row(self) -> (u32, &'static str, &'static str, &'static str) {
        match self {
            Self::Stolen => (
                1,
                "stolen",
                "被盗",
                "somebody else has the key, or may have it",
            ),
            Self::Lost => (11, "lost", "遗失", "nobody has the key any more"),
            Self::Replaced => (4, "replaced", "更换", "another key took its place"),
            Self::Closed => (5, "closed", "撤销节点", "the division has no node any more"),
            Self::Other(number) => (number, "other", "其他", "a reason of a later version"),
        }
    }

    /// Returns the reason in both languages; in English its code.
    pub fn said(self) -> Saying {
        Saying {
            english: self.to_string(),
            chinese: self.row().2.to_owned(),
        }
    }

    /// Returns the reason's number on the wire.
    pub const fn wire_number(self) -> u32 {
        self.row().0
    }

    /// Returns the reason with this number on the wire.
    pub fn of_wire_number(number: u32) -> Self {
        let mut known = Self::ALL.into_iter();
        known
            .find(|known| known.wire_number() == number)
            .unwrap_or(Self::Other(number))
    }
}

/// Written by hand, because a reason of a later version keeps its number.
impl Term for Reason {
    const NAME: &'static str = "Reason";
    const WHAT: &'static str = "reason for a revocation";
    const ALL: &'static [Self] = &Reason::ALL;

    fn code(self) -> &'static str {
        self.row().1
    }

    fn number(self) -> i32 {
        self.wire_number().cast_signed()
    }

    fn chinese(self) -> &'static str {
        self.row().2
    }

    fn english(self) -> &'static str {
        self.row().3
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(number) => write!(f, "reason {number} of a later version"),
            known => f.write_str(known.code()),
        }
    }
}

/// The position up to which the parent had one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldFlow {
    /// The recipient of the flow.
    pub destination: Destination,
    /// The lane of the flow.
    pub lane: Lane,
    /// The last sequence number that the parent had, inclusive.
    pub through: u64,
}

/// The positions up to which the parent had the messages of one life of the division's store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldLife {
    /// Id of the life.
    pub epoch: EpochId,
    /// The highest issue count that the parent had; 0 if none is known.
    pub issue: u64,
    /// The flows of this life.
    pub flows: Vec<HeldFlow>,
}

/// A statement that one key of one division does not count after these positions. The division
/// directly above makes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revocation {
    /// The division whose key it is.
    pub division: DivisionCode,
    /// The key that is revoked.
    pub key: KeyId,
    /// The positions in the lives of the division's store, the latest life first.
    pub lives: Vec<HeldLife>,
    /// Keys of divisions below for which it vouched, as far as the parent had them.
    pub vouched: Vec<KeyId>,
    /// The reason for the revocation.
    pub reason: Reason,
    /// Time of the revocation, by the parent's clock. Links reject certificates made before it. It
    /// has no effect on signed messages.
    pub at: Timestamp,
    /// Stamp of the envelope that carries it. Of two revocations of one key, the one with the later
    /// stamp counts.
    pub stamp: Stamp,
}

impl Revocation {
    /// Builds a revocation that fits into one envelope. Beyond the limits the oldest lives are left
    /// out, and messages of those do not count.
    pub fn new(
        (division, key): (DivisionCode, KeyId),
        mut lives: Vec<HeldLife>,
        mut vouched: Vec<KeyId>,
        reason: Reason,
        at: Timestamp,
    ) -> Self {
        lives.truncate(MOST_LIVES);
        let mut room = MOST_FLOWS;
        for life in &mut lives {
            life.flows.truncate(room);
            room -= life.flows.len();
        }
        vouched.sort_unstable();
        vouched.dedup();
        vouched.truncate(MOST_VOUCHED);
        Self {
            division,
            key,
            lives,
            vouched,
            reason,
            at,
            stamp: Stamp::default(),
        }
    }

    /// Returns the destination of every revocation: all nodes, because any of them may receive
    /// messages of any author.
    pub fn destination(tree: &Tree) -> Destination {
        Destination::Scope(Scope::new(tree.root(), &[], &[]))
    }

    /// Returns the key of its subject: the division and the key.
    pub fn slot(&self) -> [u8; 24] {
        let mut slot = [0; 24];
        slot[..8].copy_from_slice(&self.division.as_u64().to_be_bytes());
        slot[8..].copy_from_slice(&self.key.0);
        slot
    }

    /// Returns the divisions named in it, besides the one whose key it is.
    pub fn named(&self) -> impl Iterator<Item = DivisionCode> {
        let flows = self.lives.iter().flat_map(|life| &life.flows);
        flows.map(|flow| match flow.destination {
            Destination::Division(division) => division,
            Destination::Scope(scope) => scope.under,
        })
    }
}

/// Computes one digest over all revocations that a node knows. Neighbours compare it to see whether
/// they know the same. The order of the input does not matter.
pub fn digest<'a>(known: impl Iterator<Item = &'a Revocation>) -> Digest {
    let mut all: Vec<_> = known
        .map(|revocation| {
            let Stamp(order, issue) = revocation.stamp;
            [
                &revocation.slot()[..],
                &order.to_be_bytes(),
                &issue.to_be_bytes(),
            ]
            .concat()
        })
        .collect();
    all.sort_unstable();
    Suite::P256Sha256.digest(&[b"wujitong/revocations/sha-256/1", &all.concat()])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        address::Order,
        envelope::{Envelope, Payload},
        ids::{Epoch, MatterId},
    };

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    const VILLAGE: &str = "330825002222";
    const TO: Lane = Lane::Notice;

    fn life(number: u8, issue: u64, flows: &[(&str, u64)]) -> HeldLife {
        let flow = |(to, through): &(&str, u64)| HeldFlow {
            destination: Destination::Division(code(to)),
            lane: TO,
            through: *through,
        };
        HeldLife {
            epoch: EpochId([number; 16]),
            issue,
            flows: flows.iter().map(flow).collect(),
        }
    }

    fn revocation(lives: Vec<HeldLife>) -> Revocation {
        let key = (code(VILLAGE), KeyId([7; 16]));
        Revocation::new(key, lives, vec![], Reason::Stolen, Timestamp(1000))
    }

    fn said(number: u8, to: &str, issue: u64, order: Order) -> Envelope {
        Envelope {
            author: code(VILLAGE),
            epoch: Epoch {
                order: number.into(),
                id: EpochId([number; 16]),
                predecessor: EpochId::default(),
            },
            issue,
            destination: Destination::Division(code(to)),
            lane: TO,
            order,
            payload: Payload::Unknown(99),
        }
    }

    fn latest() -> Order {
        let id = MatterId {
            origin: code(VILLAGE),
            epoch: 1,
            number: 1,
        };
        Order::Replaces {
            key: id.to_bytes().to_vec().into(),
        }
    }

    proptest! {
        #[test]
        fn what_was_held_stays_valid_and_nothing_later_ever_counts(
            held in 0u64..20, issue in 0u64..20, sequence in 1u64..40, said_issue in 1u64..40,
        ) {
            let revocation = revocation(vec![life(1, issue, &[("33", held)])]);
            let counted = said(1, "33", said_issue, Order::Sequence(sequence));
            prop_assert_eq!(counted.counts_despite(&revocation), sequence <= held);
            let replaced = said(1, "33", said_issue, latest());
            prop_assert_eq!(replaced.counts_despite(&revocation), said_issue <= issue);
        }

        #[test]
        fn the_digest_knows_no_order(mut ats in prop::collection::vec(0u64..9, 0..6), seed in 0usize..6) {
            let all = |ats: &[u64]| -> Vec<_> {
                let dated = |at: &u64| Revocation { stamp: Stamp(1, *at), ..revocation(vec![]) };
                ats.iter().map(dated).collect()
            };
            let before = digest(all(&ats).iter());
            let by = if ats.is_empty() { 0 } else { seed % ats.len() };
            ats.rotate_left(by);
            prop_assert_eq!(digest(all(&ats).iter()), before);
            ats.push(10);
            prop_assert_ne!(digest(all(&ats).iter()), before);
        }
    }

    #[test]
    fn positions_of_one_flow_lane_or_life_say_nothing_of_another() {
        let revocation = revocation(vec![life(1, 50, &[("33", 5)])]);
        let first = || Order::Sequence(1);
        assert!(said(1, "33", 1, first()).counts_despite(&revocation));
        assert!(!said(1, "3308", 1, first()).counts_despite(&revocation));
        assert!(!said(2, "33", 1, first()).counts_despite(&revocation));
        assert!(!said(2, "33", 1, latest()).counts_despite(&revocation));
        let mut other_lane = said(1, "33", 1, first());
        other_lane.lane = Lane::Matter;
        assert!(!other_lane.counts_despite(&revocation));
    }

    #[test]
    fn what_has_no_room_is_left_out_from_the_oldest_life_on() {
        let many: Vec<_> = (0..MOST_FLOWS as u64).map(|_| ("33", 1)).collect();
        let lives = vec![life(2, 9, &[("3308", 4)]), life(1, 9, &many)];
        let full = revocation(lives);
        let flows: usize = full.lives.iter().map(|life| life.flows.len()).sum();
        assert_eq!(flows, MOST_FLOWS);
        assert!(said(2, "3308", 1, Order::Sequence(4)).counts_despite(&full));
        let lives: Vec<_> = (0..=MOST_LIVES).map(|n| life(n as u8, 1, &[])).collect();
        assert_eq!(revocation(lives).lives.len(), MOST_LIVES);
    }

    #[test]
    fn every_reason_keeps_its_number() {
        for reason in Reason::ALL {
            assert_eq!(Reason::of_wire_number(reason.wire_number()), reason);
        }
        assert_eq!(Reason::of_wire_number(77), Reason::Other(77));
    }
}
