//! The rule of whoever countersigns heads of another's log: one pure function.

use super::{
    checkpoint::Checkpoint,
    note::NoteKey,
    tree::{Hash, check_consistency},
};

/// The same head gets a cosignature with a new time when the last one is older, in seconds: it says that the log is still
/// the one that was seen. Earlier it gets the same bytes again.
pub const HEARTBEAT_SECONDS: u64 = 20 * 60 * 60;

/// What a witness has recorded of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The key of the log.
    pub key: NoteKey,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Time of the cosignature, in seconds since 1970.
    pub time: u64,
}

/// From which earlier head a log proves a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenFrom<'a> {
    /// Number of leaves then.
    pub size: u64,
    /// Root then, as the log says now.
    pub root: &'a Hash,
    /// The proof of consistency.
    pub proof: &'a [Hash],
    /// Time of the witness's own cosignature of that head, if the log shows one that verifies.
    pub own_time: Option<u64>,
}

topology::vocabulary! {
    /// How a head contradicts the one that was recorded before.
    pub enum Contradiction: "contradiction of two heads" {
        /// Two keys of one log are as bad as two heads.
        Key = 1, "other-key", "密钥不同", "it is signed with another key than before";
        /// A log only grows.
        Shrunk = 2, "shrunk", "条数变少", "it has fewer entries than before";
        /// The plainest proof: two roots of one size.
        Root = 3, "other-root", "同样条数而根不同", "it has another root at the same number of entries";
        /// The log says of an earlier head what it did not say then.
        Past = 4, "other-past", "以前的根变了", "it says now that it had another root then";
        /// It cannot show that it begins with what was recorded.
        Unproven = 5, "unproven", "无法证明接续", "its proof does not lead from what was recorded to the new head";
    }
}

/// What a witness does with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Record it and cosign it with this time. The same head asked again soon has the same time.
    Cosign {
        /// Seconds since 1970.
        time: u64,
    },
    /// The proof has to begin at what was recorded: this number of leaves.
    Behind {
        /// Number of leaves.
        size: u64,
    },
    /// It contradicts what was recorded. Nothing of this log is cosigned until a person has looked into it.
    Contradicts(Contradiction),
}

/// Decides on a head of a log, which its key signed. `now` is in seconds since 1970.
///
/// What follows from [`Ruling::Cosign`] must become durable in one step with a check that `recorded` is still what
/// is recorded; only then may the cosignature leave.
pub fn rule(
    recorded: Option<&Recorded>,
    head: &Checkpoint,
    key: &NoteKey,
    from: Option<&ProvenFrom<'_>>,
    now: u64,
) -> Ruling {
    let fresh = |last: u64| Ruling::Cosign {
        time: now.max(last).max(1),
    };
    let taken_over = taken_over(recorded, key, from);
    let Some(known) = taken_over.as_ref().or(recorded) else {
        return fresh(0);
    };
    let contradicts = match () {
        () if known.key != *key => Some(Contradiction::Key),
        () if head.size() < known.size => Some(Contradiction::Shrunk),
        () if head.size() == known.size && head.root() != &known.root => Some(Contradiction::Root),
        () => None,
    };
    if let Some(contradiction) = contradicts {
        return Ruling::Contradicts(contradiction);
    }
    if head.size() == known.size {
        return match now.saturating_sub(known.time) {
            HEARTBEAT_SECONDS.. => fresh(known.time),
            _ => Ruling::Cosign { time: known.time },
        };
    }
    let Some(from) = from.filter(|from| from.size == known.size) else {
        return Ruling::Behind { size: known.size };
    };
    if *from.root != known.root {
        return Ruling::Contradicts(Contradiction::Past);
    }
    let (old, new) = ((known.size, &known.root), (head.size(), head.root()));
    match check_consistency(old, new, from.proof) {
        Ok(()) => fresh(known.time),
        Err(_) => Ruling::Contradicts(Contradiction::Unproven),
    }
}

/// Returns up to how many leaves a log shows a cosignature of this witness that it does not remember, because its store was
/// put back from an older copy; `None` if it remembers all that is shown.
pub fn forgotten(
    recorded: Option<&Recorded>,
    key: &NoteKey,
    from: Option<&ProvenFrom<'_>>,
) -> Option<u64> {
    taken_over(recorded, key, from).map(|taken| taken.size)
}

/// Returns the head that a witness takes over from the log, because it carries a cosignature of its own of which the
/// witness's store, restored from an older copy, knows nothing.
fn taken_over(
    recorded: Option<&Recorded>,
    key: &NoteKey,
    from: Option<&ProvenFrom<'_>>,
) -> Option<Recorded> {
    let from = from?;
    let time = from.own_time?;
    let newer = recorded.is_none_or(|known| known.key == *key && from.size > known.size);
    newer.then_some(Recorded {
        key: *key,
        size: from.size,
        root: *from.root,
        time,
    })
}
