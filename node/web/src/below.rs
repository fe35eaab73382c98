//! How the nodes below are: what a process knows of a node and its links, for the office to tell upwards.

use std::collections::BTreeMap;

use domain::{
    alarm::{Alarm, AlarmKind},
    health::Own,
    time::Timestamp,
};
use office::Aborted;
use topology::{DivisionCode, Tree};

use super::{links, state::Node};

/// Looks at how the nodes of the subtree are, and tells the division above if that changed.
///
/// # Errors
/// The store's.
pub async fn look(node: &Node, tree: &Tree) -> Result<(), Aborted> {
    let (office, me) = (&node.office, node.identity.division());
    let mut states: BTreeMap<_, _> = node.links.states().into_iter().collect();
    let met = office.inbox().met().await?.into_iter();
    let below = met.filter(|met| tree.parent(*met) == Some(me));
    let children: BTreeMap<DivisionCode, (bool, Option<Timestamp>)> = below
        .map(|child| {
            let state = states.remove(&child).unwrap_or_default();
            let contact = node.last_contact(child, &state).map(Timestamp);
            (child, (state.up, contact))
        })
        .collect();
    let expected = tree.children(me).filter(|child| tree.has_node(*child));
    let alarms = office.alarms().all().await?;
    let certificate = links::certificate(&node.identity);
    let own = Own {
        me,
        version: env!("CARGO_PKG_VERSION").into(),
        disk_full: office.store().trouble().is_some(),
        certificate_ends: certificate.map(|shown| Timestamp(shown.until_ms)),
        alarm_since: alarms
            .iter()
            .filter(|alarm| is_own(alarm, me))
            .map(|alarm| alarm.first)
            .min(),
        not_joined: expected
            .filter(|child| !children.contains_key(child))
            .count() as u64,
        now: office.now(),
    };
    office.health().note(&own, &children).await
}

/// Returns whether an alarm that is not over says that something is wrong with this node. The end of the calendar
/// concerns whoever publishes it, and a silent child is told of by itself; a store that went back names the neighbour
/// that noticed it.
fn is_own(alarm: &Alarm, me: DivisionCode) -> bool {
    let is_about_me = alarm.about.is_none_or(|about| about == me);
    alarm.settled.is_none()
        && match alarm.kind {
            AlarmKind::CalendarEnds => false,
            AlarmKind::StoreWentBack => true,
            _ => is_about_me,
        }
}
