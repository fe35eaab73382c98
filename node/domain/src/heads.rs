//! Heads of public logs on their way up, and what comes back: countersignatures, or what contradicts them.
//!
//! A division says its head to the two nearest divisions above it in one envelope, which the nearest one reads and
//! carries on byte for byte. Where fewer stand above, it says it to each child as well. What the texts in it say is checked by whoever receives it; here they are texts.

use topology::{DivisionCode, Tree};

use super::time::Timestamp;

/// How many divisions countersign the head of a log, if there are so many above.
pub const WITNESSES: usize = 2;

/// The longest signed checkpoint that is said, in bytes. A name has at most 255, and there is one signature.
pub const MOST_NOTE_BYTES: usize = 1024;

/// The longest text of a key, in bytes: a name, an id and 33 bytes in base64.
pub const MOST_KEY_BYTES: usize = 320;

/// The most hashes of a proof: of a log of 2⁴⁰ leaves.
pub const MOST_PROOF_HASHES: usize = 80;

/// A head of a linked division older than this is late, in milliseconds: heads are said daily.
pub const HEAD_LATE_MS: i64 = 48 * 3_600_000;

/// For so long a division must be linked before its head can be late, in milliseconds.
pub const LINKED_LONG_ENOUGH_MS: i64 = 3_600_000;

/// Returns whether a division says no head although it could: the last one was recorded more than two days ago, and it
/// is linked since an hour or more.
pub fn head_is_late(last: Timestamp, linked_since: Option<Timestamp>, now: Timestamp) -> bool {
    let could = linked_since.is_some_and(|since| now.0 - since.0 >= LINKED_LONG_ENOUGH_MS);
    could && now.0 - last.0 > HEAD_LATE_MS
}

/// Who countersigns the heads of a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnesses {
    /// The nearest divisions above that have a node, at most two, the nearest first. All of them countersign.
    pub above: Vec<DivisionCode>,
    /// The divisions directly below that have a node, in the order of their codes, where fewer than two stand above: that is for the city
    /// and the province. As many of them as are missing above countersign, whichever they are.
    pub below: Vec<DivisionCode>,
}

impl Witnesses {
    /// Returns who countersigns the heads of a division.
    pub fn of(division: DivisionCode, tree: &Tree) -> Self {
        let with_node = |code: &DivisionCode| tree.has_node(*code);
        let above = tree.ancestors(division).filter(with_node);
        let above: Vec<_> = above.take(WITNESSES).collect();
        let below = match above.len() {
            WITNESSES.. => vec![],
            _ => tree.children(division).filter(with_node).collect(),
        };
        Self { above, below }
    }

    /// Returns whether a division is one of them.
    pub fn contains(&self, division: DivisionCode) -> bool {
        self.above.contains(&division) || self.below.contains(&division)
    }

    /// Returns how many from below have to countersign a head.
    pub fn from_below(&self) -> usize {
        self.below.len().min(WITNESSES - self.above.len())
    }

    /// Returns how many in all have to countersign a head.
    pub fn enough(&self) -> usize {
        self.above.len() + self.from_below()
    }

    /// Returns who is still missing if these have countersigned: divisions above by name, and how many from below.
    pub fn missing(&self, signed: &[DivisionCode]) -> (Vec<DivisionCode>, usize) {
        let above = self.above.iter().filter(|above| !signed.contains(above));
        let below = self.below.iter().filter(|below| signed.contains(below));
        let below = self.from_below().saturating_sub(below.count());
        (above.copied().collect(), below)
    }
}

/// A head of the author's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidHead {
    /// SHA-256 of the log's name.
    pub log: [u8; 32],
    /// The key of the log, as text. The envelope is signed by the division, so this is its statement of the key.
    pub key: String,
    /// The checkpoint with the log's signature.
    pub note: String,
    /// For each witness that is known to have recorded an earlier head: the proof from there.
    pub since: Vec<Since>,
}

/// A proof that a head goes on from an earlier one, which a witness has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// The witness.
    pub witness: DivisionCode,
    /// Number of leaves of the earlier head, from 1.
    pub size: u64,
    /// Its root, as the log has it.
    pub root: [u8; 32],
    /// The proof of consistency.
    pub proof: Vec<[u8; 32]>,
    /// The witness's own countersignature of the earlier head, if the log has it.
    pub own: Option<TimedSignature>,
}

/// A countersignature: its time, in seconds since 1970, and the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedSignature {
    /// Seconds since 1970, by the witness's clock, from 1.
    pub time: u64,
    /// Ed25519 over time and text of the checkpoint.
    pub signature: [u8; 64],
}

/// What a witness says to a division about a head of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadAnswer {
    /// SHA-256 of the log's name.
    pub log: [u8; 32],
    /// What it says.
    pub verdict: Verdict,
}

/// The verdict of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It recorded the head and countersigns it.
    Cosigned {
        /// The key of the witness, as text. The envelope is signed by the witness, so this is its statement of the key.
        key: String,
        /// Number of leaves, from 1.
        size: u64,
        /// The root.
        root: [u8; 32],
        /// The countersignature.
        signed: TimedSignature,
    },
    /// It has recorded another head than the one from which it was proven.
    Behind {
        /// Number of leaves of the head that it has, from 1.
        size: u64,
    },
    /// The head contradicts the one that it has recorded; it countersigns nothing of this log until a person has
    /// looked into it.
    Contradicts {
        /// Number of the kind of contradiction.
        how: u32,
        /// The checkpoint that it had recorded, as the log signed it.
        earlier: String,
    },
}

topology::vocabulary! {
    /// Which of two heads that contradict each other counts, once a person has looked into them.
    #[derive(utoipa::ToSchema)]
    pub enum Resolution: "head that counts" {
        /// The log is countersigned again when it goes on from there.
        Earlier = 1, "earlier", "先前的", "the one that was recorded first";
        /// The history before is given up.
        Later = 2, "later", "后来的", "the one that contradicts it";
    }
}

/// The evidence that a child's log contradicts itself, for the division above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// The division of the log.
    pub division: DivisionCode,
    /// SHA-256 of the log's name.
    pub log: [u8; 32],
    /// The key of the log, as text.
    pub key: String,
    /// Number of the kind of contradiction.
    pub how: u32,
    /// The checkpoint that was recorded.
    pub earlier: String,
    /// The checkpoint that contradicts it.
    pub later: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> DivisionCode {
        code.parse().unwrap()
    }

    fn short(codes: &[DivisionCode]) -> Vec<String> {
        codes.iter().map(|code| code.short()).collect()
    }

    #[test]
    fn the_two_nearest_divisions_above_countersign_and_those_below_where_fewer_stand_above() {
        let tree = Tree::zhejiang();
        let of = |text: &str| Witnesses::of(code(text), &tree);
        for (division, above) in [
            ("330825002222", ["330825002", "330825"]),
            ("330825", ["3308", "33"]),
        ] {
            let witnesses = of(division);
            assert_eq!(short(&witnesses.above), above);
            assert_eq!((witnesses.below.len(), witnesses.enough()), (0, 2));
        }
        let city = of("3308");
        assert_eq!(short(&city.above), ["33"]);
        assert_eq!((city.from_below(), city.enough()), (1, 2));
        assert!(city.contains(code("330825")) && !city.contains(code("330825002")));
        let province = of("33");
        assert_eq!((province.above.len(), province.below.len()), (0, 11));
        assert_eq!((province.from_below(), province.enough()), (2, 2));
        let without = "code,name,kind,node\n33,浙江省,,\n3308,衢州市,,\n330825,龙游县,,\n330825002,东华街道,,no\n";
        let tree = Tree::load(without).unwrap();
        assert_eq!(Witnesses::of(code("330825"), &tree).enough(), 2);
        assert_eq!(Witnesses::of(code("33"), &tree).enough(), 1, "one city");
    }

    #[test]
    fn any_two_below_the_province_are_enough_but_the_province_is_needed_for_a_city() {
        let tree = Tree::zhejiang();
        let province = Witnesses::of(code("33"), &tree);
        let cities = ["3301", "3308", "3311"].map(code);
        assert_eq!(province.missing(&[]), (vec![], 2));
        assert_eq!(province.missing(&cities[1..2]), (vec![], 1));
        assert_eq!(province.missing(&cities[1..]), (vec![], 0));
        assert_eq!(province.missing(&cities), (vec![], 0));
        let city = Witnesses::of(code("3308"), &tree);
        let counties = ["330825", "330802"].map(code);
        assert_eq!(city.missing(&counties), (vec![code("33")], 0));
        assert_eq!(city.missing(&[code("33"), counties[0]]), (vec![], 0));
        assert_eq!(
            city.missing(&[code("330825002")]).1,
            1,
            "not directly below"
        );
    }

    #[test]
    fn a_head_is_late_only_while_the_division_could_say_one() {
        let now = Timestamp(1_780_000_000_000);
        let before = |ms: i64| Timestamp(now.0 - ms);
        let old = before(HEAD_LATE_MS + 1);
        let long = Some(before(LINKED_LONG_ENOUGH_MS));
        assert!(head_is_late(old, long, now));
        assert!(!head_is_late(before(HEAD_LATE_MS), long, now), "two days");
        assert!(!head_is_late(old, None, now), "it is cut off");
        let short = Some(before(LINKED_LONG_ENOUGH_MS - 1));
        assert!(!head_is_late(old, short, now), "it just came back");
        assert!(
            !head_is_late(Timestamp(now.0 + 1), long, now),
            "clocks differ"
        );
    }
}
