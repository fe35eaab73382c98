//! The rules on who may say what: one pure function that denies by default. A peer may speak only
//! for the division in its certificate.

mod content;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    envelope::{Destination, Envelope, Payload},
    revocation::Revocation,
};
use content::check_content;

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
            let is_for_scopes = matches!(
                envelope.payload,
                Payload::Template(_)
                    | Payload::Rollout(_)
                    | Payload::TemplateList(_)
                    | Payload::Unknown(_)
            );
            if !is_for_scopes {
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
