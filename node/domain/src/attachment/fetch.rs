//! Asking a neighbour for a stretch of a file, on behalf of whoever holds the matter. The asking node
//! keeps count of what it has; the asked node remembers nothing.

use std::collections::BTreeSet;

use topology::{DivisionCode, Tree};

use super::{FileNo, Part};
use crate::{
    ids::MatterId,
    matter::{Act, Matter},
    suite::Digest,
};

/// The most sealed bytes in one answer.
pub const FETCH_BYTES: usize = 16 * 1024;

/// A request for a stretch of a sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The matter to which the file belongs.
    pub matter: MatterId,
    /// The place of the attachment in the matter.
    pub no: FileNo,
    /// The file of the attachment.
    pub part: Part,
    /// The digest that the whole sealed file must have. Knowing it is not enough to be given the file.
    pub digest: Digest,
    /// Where the stretch begins, in sealed bytes. It has at most [`FETCH_BYTES`].
    pub at: u64,
    /// The division that wants it: the holder of the matter, or where the file was handed in.
    pub asker: DivisionCode,
    /// The division towards which it is looked for: where the bytes were handed in, or one that may have
    /// a copy.
    pub held_by: DivisionCode,
}

/// The result of a request for a stretch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The stretch; empty at the end of the file.
    Bytes(bytes::Bytes),
    /// No node on the way keeps the file any more.
    Gone,
    /// The asker is not to have it, as far as a node on the way knows.
    NotEntitled,
    /// The next node after this one cannot be reached now.
    Unreached(DivisionCode),
    /// A node on the way has too much to do.
    Busy,
}

/// The reason a neighbour does not get bytes that it asks for on somebody's behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEntitled {
    /// The asker does not hold the matter, nor is it on its way there.
    #[error("the matter is not held by the one who asks")]
    NotHolder,
    /// The matter is a complaint about the asker, or about somebody the bytes would pass.
    #[error("the matter is about a division on the way")]
    Concerned,
    /// The request came over another link than the one that leads to the asker.
    #[error("the request came from the wrong side")]
    WrongWay,
}

/// Returns who handed a file in: the division that made the step to which it belongs. `None` if there is
/// no such step.
pub fn handed_in(matter: &Matter, no: FileNo) -> Option<DivisionCode> {
    let step = matter.steps.get(usize::from(no.step));
    step.map(|step| step.by)
}

/// Lists the divisions towards which a file is looked for, one after the other: where it was handed in,
/// then those that acted on the matter and may have kept a copy. Left out are divisions on the way to
/// another one, which are asked on that way, and those behind a division that the matter is a complaint
/// about.
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

/// Checks whether `me` gives, or carries, bytes of a matter to the neighbour `from`, who asks on behalf
/// of the asker. The asker must hold the matter, or it must be bound for there, as far as is known here;
/// or the file is public to all who ever acted on the matter; or the file was handed in there and is to
/// be made whole. And the way to the asker must begin with `from`.
///
/// # Errors
/// The first [`NotEntitled`] found.
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
    // The notice that it was taken may still be on its way here.
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
