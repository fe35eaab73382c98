//! Revoked keys. A revocation names positions, not a time: what the parent of a division durably
//! held of a key's words stays valid for ever, and anything later never counts, whoever brings it.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    envelope::{Destination, Envelope, Lane, Order, Stamp},
    ids::{EpochId, KeyId},
    suite::{Digest, Suite},
    template::Scope,
    time::Timestamp,
};

/// Most flows a revocation names over all lives, so that it fits into one envelope.
pub const MOST_FLOWS: usize = 768;
/// Most lives a revocation names.
pub const MOST_LIVES: usize = 64;
/// Most keys below that a revocation vouches for; no division has as many below it.
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
    /// A reason of a later version.
    Other(u32),
}

impl Reason {
    /// Every reason that this version gives.
    pub const ALL: [Self; 4] = [Self::Stolen, Self::Lost, Self::Replaced, Self::Closed];

    /// Returns the reason's number on the wire: that of RFC 5280 where there is one.
    pub const fn code(self) -> u32 {
        match self {
            Self::Stolen => 1,
            Self::Replaced => 4,
            Self::Closed => 5,
            Self::Lost => 11,
            Self::Other(code) => code,
        }
    }

    /// Returns the reason with this number.
    pub fn from_code(code: u32) -> Self {
        let mut known = Self::ALL.into_iter();
        known
            .find(|known| known.code() == code)
            .unwrap_or(Self::Other(code))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stolen => f.write_str("stolen"),
            Self::Lost => f.write_str("lost"),
            Self::Replaced => f.write_str("replaced"),
            Self::Closed => f.write_str("closed"),
            Self::Other(code) => write!(f, "reason {code} of a later version"),
        }
    }
}

/// The position up to which the parent held one flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldFlow {
    /// The recipient of the flow.
    pub destination: Destination,
    /// The lane of the flow.
    pub lane: Lane,
    /// The last sequence number held, inclusive.
    pub through: u64,
}

/// The positions up to which the parent held the words of one life of the division's store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeldLife {
    /// Id of the life.
    pub epoch: EpochId,
    /// The highest issue count held; 0 if none is known.
    pub issue: u64,
    /// The flows of this life.
    pub flows: Vec<HeldFlow>,
}

/// A statement that one key of one division does not count beyond these positions. The division
/// directly above makes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Revocation {
    /// The division whose key it is.
    pub division: DivisionCode,
    /// The key that is revoked.
    pub key: KeyId,
    /// What the parent held of it, the latest life first.
    pub lives: Vec<HeldLife>,
    /// Keys of divisions below that it vouched for, as far as the parent held them.
    pub vouched: Vec<KeyId>,
    /// Why the key was revoked.
    pub reason: Reason,
    /// Time of the revocation, by the parent's clock. Certificates made before it open no link any
    /// more. It has no effect on what was signed.
    pub at: Timestamp,
    /// Stamp of the envelope that carries it. Of two revocations of one key, the one with the later
    /// stamp counts.
    pub stamp: Stamp,
}

impl Revocation {
    /// Builds a revocation that fits into one envelope. Beyond the limits the oldest lives are left
    /// out, and what is left out does not count.
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

    /// Returns the destination of every revocation: all nodes, because any of them may meet words
    /// of any author.
    pub fn destination(tree: &Tree) -> Destination {
        Destination::Scope(Scope::new(tree.root(), &[], &[]))
    }

    /// Returns what it is the latest word on: the division and the key.
    pub fn slot(&self) -> [u8; 24] {
        let mut slot = [0; 24];
        slot[..8].copy_from_slice(&self.division.as_u64().to_be_bytes());
        slot[8..].copy_from_slice(&self.key.0);
        slot
    }

    /// Returns whether an envelope signed with this key still counts: it is at or before the
    /// position held, by its sequence if it is in a flow, by its issue count if not.
    pub fn leaves_valid(&self, envelope: &Envelope) -> bool {
        let of_life = |life: &&HeldLife| life.epoch == envelope.epoch.id;
        let Some(life) = self.lives.iter().find(of_life) else {
            return false;
        };
        match envelope.order {
            Order::Replaces { .. } => envelope.issue <= life.issue,
            Order::Sequence(sequence) => life.flows.iter().any(|flow| {
                flow.destination == envelope.destination
                    && flow.lane == envelope.lane
                    && sequence <= flow.through
            }),
        }
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

/// Computes one digest over all revocations a node knows, so that neighbours see at once whether
/// they know the same. The order in which they are given does not matter.
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
        envelope::Payload,
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
            prop_assert_eq!(revocation.leaves_valid(&counted), sequence <= held);
            let replaced = said(1, "33", said_issue, latest());
            prop_assert_eq!(revocation.leaves_valid(&replaced), said_issue <= issue);
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
        assert!(revocation.leaves_valid(&said(1, "33", 1, first())));
        assert!(!revocation.leaves_valid(&said(1, "3308", 1, first())));
        assert!(!revocation.leaves_valid(&said(2, "33", 1, first())));
        assert!(!revocation.leaves_valid(&said(2, "33", 1, latest())));
        let mut other_lane = said(1, "33", 1, first());
        other_lane.lane = Lane::Matter;
        assert!(!revocation.leaves_valid(&other_lane));
    }

    #[test]
    fn what_has_no_room_is_left_out_from_the_oldest_life_on() {
        let many: Vec<_> = (0..MOST_FLOWS as u64).map(|_| ("33", 1)).collect();
        let lives = vec![life(2, 9, &[("3308", 4)]), life(1, 9, &many)];
        let full = revocation(lives);
        let flows: usize = full.lives.iter().map(|life| life.flows.len()).sum();
        assert_eq!(flows, MOST_FLOWS);
        assert!(full.leaves_valid(&said(2, "3308", 1, Order::Sequence(4))));
        let lives: Vec<_> = (0..=MOST_LIVES).map(|n| life(n as u8, 1, &[])).collect();
        assert_eq!(revocation(lives).lives.len(), MOST_LIVES);
    }

    #[test]
    fn every_reason_keeps_its_number() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), reason);
        }
        assert_eq!(Reason::from_code(77), Reason::Other(77));
    }
}
