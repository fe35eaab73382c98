//! What is known of the neighbours of a node.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    CertificateLine, KeyStatementLine, LinkState, LinkStatus, NeighbourSide, SilentChild,
    UnseenNeighbour,
};
use identity::Identity;
use office::Fault;
use topology::DivisionCode;

use crate::state::{AppState, Node};

/// Most silent children that one answer names.
const MOST_SILENT: usize = 16;

/// Returns the links of a node: to its parent, and to every child that was ever linked.
pub(super) async fn all(
    division: DivisionCode,
    node: &Node,
    app_state: &AppState,
    brief: bool,
) -> Result<Vec<LinkStatus>, Fault> {
    let Node { office, links, .. } = node;
    let parent = app_state.tree.parent(division);
    let mut states: BTreeMap<DivisionCode, LinkState> = office
        .inbox()
        .met()
        .await?
        .into_iter()
        .chain(parent)
        .map(|neighbour| (neighbour, LinkState::default()))
        .collect();
    states.extend(links.states());
    let mut lags = match brief {
        true => BTreeMap::new(),
        false => office.templates().lags(&links.templates_above()).await?,
    };
    let link = |(neighbour, state): (DivisionCode, LinkState)| LinkStatus {
        neighbour,
        name: name(neighbour, app_state),
        side: match Some(neighbour) == parent {
            true => NeighbourSide::Parent,
            false => NeighbourSide::Child,
        },
        last_contact_ms: node.last_contact(neighbour, &state),
        templates: lags.remove(&neighbour).unwrap_or_default(),
        state,
    };
    Ok(states.into_iter().map(link).collect())
}

/// Returns the children that were never linked.
pub(super) fn unseen(
    division: DivisionCode,
    app_state: &AppState,
    links: &[LinkStatus],
    keys: &[KeyStatementLine],
) -> Vec<UnseenNeighbour> {
    let seen: BTreeSet<_> = links.iter().map(|link| link.neighbour).collect();
    let stated: BTreeSet<_> = keys.iter().map(|line| line.division).collect();
    let tree = &app_state.tree;
    let children = tree
        .children(division)
        .filter(|child| tree.has_node(*child) && !seen.contains(child));
    children
        .map(|neighbour| UnseenNeighbour {
            neighbour,
            name: name(neighbour, app_state),
            has_key: stated.contains(&neighbour),
        })
        .collect()
}

/// Returns the children that are known and not linked, longest silent first.
pub(super) async fn silent(
    division: DivisionCode,
    node: &Node,
    app_state: &AppState,
) -> Result<Vec<SilentChild>, Fault> {
    let states: BTreeMap<_, _> = node.links.states().into_iter().collect();
    let met = node.office.inbox().met().await?.into_iter();
    let mut silent: Vec<_> = met
        .filter(|met| app_state.tree.parent(*met) == Some(division) && !node.links.is_up(*met))
        .map(|child| SilentChild {
            child,
            name: name(child, app_state),
            last_contact_ms: node
                .last_contact(child, &states.get(&child).cloned().unwrap_or_default()),
        })
        .collect();
    silent.sort_by_key(|one| (one.last_contact_ms, one.child));
    silent.truncate(MOST_SILENT);
    Ok(silent)
}

/// Returns the certificate that a node shows.
pub(super) fn certificate(identity: &Identity) -> Option<CertificateLine> {
    let facts = identity.credentials().borrow().facts()?;
    Some(CertificateLine {
        serial: facts.serial,
        until_ms: facts.not_after.saturating_mul(1_000),
    })
}

/// Returns the short name of a division; empty if this build does not know it.
pub(super) fn name(division: DivisionCode, app_state: &AppState) -> String {
    app_state
        .tree
        .get(division)
        .map(|found| found.short_name().into_owned())
        .unwrap_or_default()
}
