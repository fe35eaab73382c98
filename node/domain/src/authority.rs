//! The rules on who may say what: one pure function that denies by default. A peer may speak only
//! for the division in its certificate.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    disclosure::Overdue,
    envelope::{Destination, Envelope, Payload},
    heads::witnesses,
    matter::{CustodyVersion, Matter, Step},
    request::Reply,
    revocation::Revocation,
};

#[cfg(test)]
mod tests;

/// The peer that carries an envelope, as a neighbour of this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Neighbour {
    /// The division directly above.
    Parent(DivisionCode),
    /// A division directly below.
    Child(DivisionCode),
}

impl Neighbour {
    /// Returns the relation of `peer` to `me`; `None` if they are not neighbours.
    pub fn of(me: DivisionCode, peer: DivisionCode, tree: &Tree) -> Option<Self> {
        if tree.parent(me) == Some(peer) {
            Some(Self::Parent(peer))
        } else if tree.parent(peer) == Some(me) {
            Some(Self::Child(peer))
        } else {
            None
        }
    }

    /// Returns the peer's division.
    pub const fn division(self) -> DivisionCode {
        match self {
            Self::Parent(division) | Self::Child(division) => division,
        }
    }
}

/// The reason why an envelope from a peer is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Denied {
    /// The peer may not carry this author: a child carries only its subtree, and a parent only
    /// divisions outside this node's subtree.
    #[error("the peer may not carry this author")]
    AuthorNotCarried,
    /// Only the neighbour itself sends this kind, and only to this node.
    #[error("this kind is said by the neighbour itself, not carried for others")]
    NotTheNeighbour,
    /// This kind does not travel in this direction.
    #[error("this kind does not come from this side")]
    WrongDirection,
    /// The destination is not this node and does not lie beyond it, or this kind does not go there.
    #[error("the destination does not lie here or beyond")]
    WrongWay,
    /// The content names a division for which the author may not speak.
    #[error("the content speaks for a division that is not the author's")]
    SpeaksForAnother,
    /// A division that the envelope or its content names is not in the tree, or has no node.
    #[error("a division it names is not in the tree")]
    UnknownDivision,
    /// The envelope is addressed to this node, which does not know its kind.
    #[error("this node does not know this kind; a newer version may")]
    UnknownKind,
    /// The kind of payload requires another order.
    #[error("the ordering does not belong to this kind")]
    WrongOrder,
    /// The issuer does not stand above this node.
    #[error("the issuer does not stand above this node")]
    NotAbove,
    /// The content names a custody term other than 0, for which no statement exists.
    #[error("a custody term other than 0 needs a seating signed by an ancestor, and there is none")]
    Unseated,
    /// The matter is a direct complaint about this division or one above it.
    #[error("the matter is a direct complaint about this division or one above it")]
    Concerned,
}

/// Checks whether `me` may take this envelope from this neighbour. Does not look at signatures.
///
/// # Errors
/// The first reason found against it.
pub fn may(
    envelope: &Envelope,
    from: Neighbour,
    me: DivisionCode,
    tree: &Tree,
) -> Result<(), Denied> {
    let author = envelope.author;
    if !tree.has_node(author) {
        return Err(Denied::UnknownDivision);
    }
    let carried = match from {
        Neighbour::Child(child) => tree.contains(child, author),
        Neighbour::Parent(_) => !tree.contains(me, author),
    };
    // A node whose store lost its own revocation learns of it again from any neighbour.
    let own_revocation = author == me && matches!(envelope.payload, Payload::Revocation(_));
    if !carried && !own_revocation {
        return Err(Denied::AuthorNotCarried);
    }
    check_order(envelope)?;
    if let Payload::Revocation(revocation) = &envelope.payload {
        return check_revocation(revocation, author, envelope.destination, tree);
    }
    match envelope.destination {
        Destination::Division(to) if to == me => {}
        Destination::Division(to) => match tree.next_hop(me, to) {
            None => return Err(Denied::UnknownDivision),
            Some(next) if next == from.division() => return Err(Denied::WrongWay),
            Some(_) => {}
        },
        Destination::Scope(scope) => {
            if !matches!(envelope.payload, Payload::Template(_) | Payload::Unknown(_)) {
                return Err(Denied::WrongWay);
            }
            if scope.under != author {
                return Err(Denied::SpeaksForAnother);
            }
            if !tree.contains(author, me) || author == me {
                return Err(Denied::NotAbove);
            }
        }
    }
    check_content(envelope, from, me, tree)
}

fn check_order(envelope: &Envelope) -> Result<(), Denied> {
    use super::envelope::Order;
    let fits = match (
        &envelope.payload,
        envelope.payload.replaces(),
        &envelope.order,
    ) {
        (Payload::Unknown(_), _, Order::Replaces { key }) => key.len() <= 64,
        (_, Some(key), Order::Replaces { key: said }) => key == said[..],
        (_, None, Order::Sequence(sequence)) => *sequence > 0,
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Denied::WrongOrder)
    }
}

fn check_content(
    envelope: &Envelope,
    from: Neighbour,
    me: DivisionCode,
    tree: &Tree,
) -> Result<(), Denied> {
    let author = envelope.author;
    let for_me = envelope.destination == Destination::Division(me);
    let own_word = || {
        if author == from.division() && for_me {
            Ok(())
        } else {
            Err(Denied::NotTheNeighbour)
        }
    };
    let upward = || match from {
        Neighbour::Child(child) => Ok(child),
        Neighbour::Parent(_) => Err(Denied::WrongDirection),
    };
    let speaks = |holds: bool| {
        if holds {
            Ok(())
        } else {
            Err(Denied::SpeaksForAnother)
        }
    };
    match &envelope.payload {
        Payload::Give { matter, bound_for } => {
            own_word()?;
            check_matter(matter, author, me, tree)?;
            speaks(matter.transit == Some(me))?;
            if tree.has_node(*bound_for) {
                Ok(())
            } else {
                Err(Denied::UnknownDivision)
            }
        }
        Payload::Shown(matter) => {
            own_word()?;
            check_terms(matter)?;
            check_named(matter, me, tree)
        }
        Payload::Showing(_) => own_word(),
        Payload::Notice(matter) => {
            check_matter(matter, author, me, tree)?;
            let erased = matter.erased().next().is_some();
            let concerned = |division| {
                let named = |step: &Step| {
                    step.by == division
                        || step.act.asked_by() == Some(division)
                        || step.request.is_some_and(|request| request.by == division)
                };
                // A division above may have made a request with a note and in vain; that note must
                // be erased, too.
                matter.reporters().contains(&division)
                    || matter.steps.iter().any(named)
                    || erased && tree.contains(division, author)
            };
            match envelope.destination {
                Destination::Division(to) if concerned(to) => Ok(()),
                _ => Err(Denied::WrongWay),
            }
        }
        Payload::Request(request) => {
            check_term(request.seen.cv)?;
            speaks(request.id.by == author)
        }
        Payload::Answer(answer) => {
            if let Reply::Moved { version, .. } = answer.reply {
                check_term(version.cv)?;
            }
            match envelope.destination {
                Destination::Division(to) => speaks(answer.request.by == to),
                Destination::Scope(_) => Err(Denied::WrongWay),
            }
        }
        Payload::Template(template) => match from {
            Neighbour::Child(_) => Err(Denied::WrongDirection),
            Neighbour::Parent(_) => {
                speaks(template.key.issuer == author)?;
                speaks(envelope.destination == Destination::Scope(template.scope))
            }
        },
        Payload::CellsComplete => {
            upward()?;
            own_word()
        }
        Payload::Adoption(report) => {
            let child = upward()?;
            own_word()?;
            if !tree.contains(report.key.issuer, me) {
                return Err(Denied::NotAbove);
            }
            let below = |division| tree.contains(child, division);
            speaks(report.refusals.iter().all(|(division, _)| below(*division)))
        }
        Payload::Compliance(report) => {
            let child = upward()?;
            own_word()?;
            let below = |overdue: &Overdue| tree.contains(child, overdue.division);
            speaks(report.overdue.iter().all(below))?;
            speaks(report.is_possible_for(child.tier()))
        }
        Payload::Cell(report) => {
            let child = upward()?;
            own_word()?;
            speaks(tree.contains(child, report.key.acting))?;
            if tree.get(report.key.origin).is_some() {
                Ok(())
            } else {
                Err(Denied::UnknownDivision)
            }
        }
        Payload::Head(_) => {
            upward()?;
            // It goes to the farthest one that countersigns, and the others stand on its way.
            let farthest = witnesses(author, tree).last().copied();
            let there = |to| envelope.destination == Destination::Division(to);
            match farthest.is_some_and(there) {
                true => Ok(()),
                false => Err(Denied::WrongWay),
            }
        }
        Payload::Countersignature(_) => match (from, envelope.destination) {
            (Neighbour::Child(_), _) => Err(Denied::WrongDirection),
            (_, Destination::Division(to)) => speaks(witnesses(to, tree).contains(&author)),
            (_, Destination::Scope(_)) => Err(Denied::WrongWay),
        },
        Payload::Rewritten(evidence) => {
            upward()?;
            own_word()?;
            speaks(tree.parent(evidence.division) == Some(author))
        }
        Payload::Unknown(_) if for_me => Err(Denied::UnknownKind),
        // Revocations were checked before, since they are for everybody.
        Payload::Unknown(_) | Payload::Revocation(_) => Ok(()),
    }
}

/// Checks that the division directly above revokes the key. The revocation must be addressed to all
/// nodes.
fn check_revocation(
    revocation: &Revocation,
    author: DivisionCode,
    destination: Destination,
    tree: &Tree,
) -> Result<(), Denied> {
    if destination != Revocation::destination(tree) {
        return Err(Denied::WrongWay);
    }
    let mut named = revocation.named().chain([revocation.division]);
    if !named.all(|division| tree.has_node(division)) {
        return Err(Denied::UnknownDivision);
    }
    if tree.parent(revocation.division) == Some(author) {
        Ok(())
    } else {
        Err(Denied::SpeaksForAnother)
    }
}

/// Denies every term but 0: only an ancestor's signed statement raises a term, and there are none
/// yet.
const fn check_term(cv: CustodyVersion) -> Result<(), Denied> {
    match cv.term {
        0 => Ok(()),
        _ => Err(Denied::Unseated),
    }
}

/// Checks that the author holds the matter and made its latest step. Nobody else may report its
/// state.
fn check_matter(
    matter: &Matter,
    author: DivisionCode,
    me: DivisionCode,
    tree: &Tree,
) -> Result<(), Denied> {
    check_terms(matter)?;
    let own_step = matter
        .steps
        .last()
        .is_some_and(|step| step.by == author && step.version == matter.version);
    if matter.holder != author || !own_step {
        return Err(Denied::SpeaksForAnother);
    }
    check_named(matter, me, tree)
}

fn check_terms(matter: &Matter) -> Result<(), Denied> {
    let steps = matter.steps.iter().map(|step| step.version);
    let mut versions = steps.chain([matter.version]);
    versions.try_for_each(|version| check_term(version.cv))
}

/// Checks that every division the matter names has a node. Also rejects a complaint about `me`.
fn check_named(matter: &Matter, me: DivisionCode, tree: &Tree) -> Result<(), Denied> {
    let named = [matter.id.origin, matter.responsible]
        .into_iter()
        .chain(matter.about)
        .chain(matter.transit)
        .chain(matter.steps.iter().map(|step| step.by))
        .chain(matter.steps.iter().filter_map(|step| step.act.bound_for()))
        .chain(matter.steps.iter().filter_map(|step| step.act.asked_by()));
    if !named.into_iter().all(|division| tree.has_node(division)) {
        return Err(Denied::UnknownDivision);
    }
    if matter.concerns(me, tree) {
        return Err(Denied::Concerned);
    }
    Ok(())
}
