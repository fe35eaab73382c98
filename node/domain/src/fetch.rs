//! Fetches a range of a file from a neighbour, for the holder of the matter. The asking node counts
//! what it has; the asked node remembers nothing.

use std::collections::BTreeSet;

use topology::{DivisionCode, Tree};

use crate::{
    attachment::{FileNo, Part},
    ids::MatterId,
    matter::{Act, Matter},
    suite::Digest,
};

/// The most sealed bytes in one answer.
pub const FETCH_BYTES: usize = 16 * 1024;

/// A request for a range of a sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The matter to which the file belongs.
    pub matter: MatterId,
    /// The place of the attachment in the matter.
    pub no: FileNo,
    /// The file of the attachment.
    pub part: Part,
    /// The digest that the whole sealed file must have. Knowing it gives no access to the file.
    pub digest: Digest,
    /// Offset of the range, in sealed bytes. The range has at most [`FETCH_BYTES`].
    pub at: u64,
    /// The division that wants the range: the holder of the matter, or where the file was handed
    /// in.
    pub asker: DivisionCode,
    /// The division towards which the request travels: where the bytes were handed in, or one that
    /// may have a copy.
    pub held_by: DivisionCode,
}

/// The result of a request for a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The range; empty at the end of the file.
    Bytes(bytes::Bytes),
    /// No node on the way has the file any more.
    Gone,
    /// The asker has no access, as far as a node on the way knows.
    NotEntitled,
    /// This node on the way cannot be reached now.
    Unreached(DivisionCode),
    /// A node on the way is too busy.
    Busy,
}

/// The reason why a neighbour does not get bytes that it requests for an asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEntitled {
    /// The asker does not hold the matter, and the matter is not on its way there.
    #[error("the matter is not held by the one who asks")]
    NotHolder,
    /// The matter is a complaint about the asker, or about a division that the bytes would pass.
    #[error("the matter is about a division on the way")]
    Concerned,
    /// The request came over a link that does not lead to the asker.
    #[error("the request came from the wrong side")]
    WrongWay,
}

/// Returns the division that handed in a file, which made the step the file belongs to. `None` if
/// there is no such step.
pub fn handed_in(matter: &Matter, no: FileNo) -> Option<DivisionCode> {
    let step = matter.steps.get(usize::from(no.step));
    step.map(|step| step.by)
}

/// Lists the divisions to ask for a file, in order: where it was handed in, then those that acted
/// on the matter and may have kept a copy. Leaves out divisions on the way to another one, which
/// are asked on that way, and those behind a division that the matter is a complaint about.
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

/// Checks whether `me` gives or forwards bytes of a matter to the neighbour `from`, for the asker.
/// One of these must hold, as far as is known here: the asker holds the matter, or the matter is on
/// its way to the asker; the file is public to all who acted on the matter; or the file was handed
/// in at the asker, which repairs its copy. In addition, the way to the asker must begin with
/// `from`.
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
    // The notice that the matter was taken may still be on its way here.
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

#[cfg(test)]
mod tests;
