//! Asking a neighbour for a stretch of a file, on behalf of whoever holds the matter. Whoever asks
//! keeps count of what it has; whoever is asked remembers nothing.

use std::collections::BTreeSet;

use topology::{DivisionCode, Tree};

use super::{FileNo, Part};
use crate::{
    ids::MatterId,
    matter::{Act, Matter},
    suite::Digest,
};

/// Most sealed bytes in one answer.
pub const FETCH_BYTES: usize = 16 * 1024;

/// A request for a stretch of a sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The matter it belongs to.
    pub matter: MatterId,
    /// Its place there.
    pub no: FileNo,
    /// Which of its files.
    pub part: Part,
    /// What all of it must come to. Not enough to be given it.
    pub digest: Digest,
    /// Where the stretch begins. It has at most [`FETCH_BYTES`].
    pub at: u64,
    /// Who wants it: the holder of the matter, or where it was handed in.
    pub asker: DivisionCode,
    /// Towards whom it is looked for: where the bytes were handed in, or who may have a copy.
    pub held_by: DivisionCode,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The stretch; empty at the end of the file.
    Bytes(bytes::Bytes),
    /// It is kept nowhere any more on the way.
    Gone,
    /// The one who asks is not to have it, as far as a node on the way knows.
    NotEntitled,
    /// The next node after this one cannot be reached now.
    Unreached(DivisionCode),
    /// A node on the way has too much to do.
    Busy,
}

/// Why a neighbour does not get bytes it asks for on somebody's behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEntitled {
    /// The matter is not with the one who asks, nor on its way there.
    #[error("the matter is not held by the one who asks")]
    NotHolder,
    /// It is about the one who asks, or about somebody the bytes would pass.
    #[error("the matter is about a division on the way")]
    Concerned,
    /// It came over another link than the one that leads to the one who asks.
    #[error("the request came from the wrong side")]
    WrongWay,
}

/// Who handed a file in: whoever made the step that it belongs to.
pub fn handed_in(matter: &Matter, no: FileNo) -> Option<DivisionCode> {
    let step = matter.steps.get(usize::from(no.step));
    step.map(|step| step.by)
}

/// Towards whom a file is looked for, one after the other: where it was handed in, then whoever acted on
/// the matter and may have kept a copy. Who lies on the way to another one is asked on that way.
pub fn sources(
    matter: &Matter,
    handed_in: DivisionCode,
    me: DivisionCode,
    tree: &Tree,
) -> Vec<DivisionCode> {
    let first = (handed_in != me).then_some(handed_in);
    let mut others = matter.acted();
    let way = |to| tree.path(me, to);
    let apart = |on_the_way: &DivisionCode| matter.concerns(*on_the_way, tree);
    others.retain(|other| *other != me && first != Some(*other) && !way(*other).iter().any(apart));
    let mut passed = BTreeSet::new();
    for to in others.iter().copied().chain(first) {
        let mut way = way(to);
        way.pop();
        passed.extend(way);
    }
    let others = others.difference(&passed).copied();
    first.into_iter().chain(others).collect()
}

/// Whether `me` gives, or carries, bytes of a matter to the neighbour `from`, who asks for somebody:
/// that one holds the matter or it is bound for there, as far as is known here, or what is asked for is
/// public to all who ever acted on it, or it was handed in there and is to be made whole; and the way
/// there begins with `from`.
///
/// # Errors
/// [`NotEntitled`].
pub fn may_fetch(
    matter: &Matter,
    bound_for: Option<DivisionCode>,
    public: bool,
    fetch: &Fetch,
    from: DivisionCode,
    me: DivisionCode,
    tree: &Tree,
) -> Result<(), NotEntitled> {
    let asker = fetch.asker;
    if matter.concerns(asker, tree) || matter.concerns(from, tree) {
        return Err(NotEntitled::Concerned);
    }
    if tree.next_hop(me, asker) != Some(from) {
        return Err(NotEntitled::WrongWay);
    }
    // A notice of who took it may still be on its way here.
    let since_taken = matter.steps.iter().rev();
    let sent = since_taken
        .take_while(|step| !matches!(step.act, Act::Take | Act::TakeBack))
        .find_map(|step| step.act.bound_for());
    let holds = matter.holder == asker
        || matter.transit == Some(asker)
        || bound_for == Some(asker)
        || sent == Some(asker)
        || handed_in(matter, fetch.no) == Some(asker)
        || public && (matter.responsible == asker || matter.acted().contains(&asker));
    if holds {
        Ok(())
    } else {
        Err(NotEntitled::NotHolder)
    }
}
