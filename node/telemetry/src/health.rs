//! Health of a node: whether it must be restarted, and whether it takes work.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use config::DivisionCode;

/// Most links that a report lists by name; the others are only counted.
const LISTED: usize = 20;

/// The health of one process, reported by its parts and read by supervisors. Clones share the
/// state.
///
/// A link that is down makes a node neither dead nor unready: the node is cut off and continues to
/// work.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    store_open: bool,
    listening: bool,
    failure: Option<String>,
    disk: Option<String>,
    links: BTreeMap<(DivisionCode, DivisionCode), bool>,
}

impl Health {
    /// Notes whether the store is open.
    pub fn store(&self, open: bool) {
        self.state().store_open = open;
    }

    /// Notes whether the listener for neighbours is bound.
    pub fn listener(&self, bound: bool) {
        self.state().listening = bound;
    }

    /// Notes why the disk takes no new work, if so; durable data can still be read then.
    pub fn disk(&self, trouble: Option<String>) {
        self.state().disk = trouble;
    }

    /// Notes a failure that only a restart repairs, such as the engine after a failed sync. Later
    /// causes are ignored.
    pub fn fail(&self, cause: &str) {
        self.state().failure.get_or_insert_with(|| cause.to_owned());
    }

    /// Notes whether the link of a hosted division to a neighbour is up.
    pub fn link(&self, division: DivisionCode, neighbour: DivisionCode, up: bool) {
        self.state().links.insert((division, neighbour), up);
    }

    /// Returns whether the process can continue without a restart.
    pub fn live(&self) -> bool {
        self.state().failure.is_none()
    }

    /// Returns whether the node takes work: no failure, store open, disk usable, listener bound.
    pub fn ready(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Returns why the node is not ready; empty if it is.
    pub fn reasons(&self) -> Vec<String> {
        let state = self.state();
        let mut reasons = Vec::new();
        if let Some(cause) = &state.failure {
            reasons.push(format!("failed: {cause}; restart the node"));
        }
        if !state.store_open {
            reasons.push("the store is not open".to_owned());
        }
        if let Some(trouble) = &state.disk {
            reasons.push(format!("no new work is taken: {trouble}"));
        }
        if !state.listening {
            reasons.push("the listener for neighbours is not bound".to_owned());
        }
        reasons
    }

    /// Returns how many links are up, and how many are known.
    pub fn links(&self) -> (usize, usize) {
        let state = self.state();
        (
            state.links.values().filter(|up| **up).count(),
            state.links.len(),
        )
    }

    /// Formats readiness, its reasons and the links that are down, as a few lines of text.
    pub fn report(&self) -> String {
        let reasons = self.reasons();
        let mut text = String::from(if reasons.is_empty() {
            "ready\n"
        } else {
            "not ready\n"
        });
        reasons
            .iter()
            .for_each(|reason| _ = writeln!(text, "{reason}"));
        let (up, all) = self.links();
        _ = writeln!(text, "links up: {up} of {all}");
        let state = self.state();
        let mut down = state
            .links
            .iter()
            .filter(|(_, up)| !**up)
            .map(|(link, _)| link);
        for (division, neighbour) in down.by_ref().take(LISTED) {
            _ = writeln!(text, "cut off, working on: {division} from {neighbour}");
        }
        let more = down.count();
        if more > 0 {
            _ = writeln!(text, "and {more} more");
        }
        text
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is a single assignment, so the state is valid even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_ready_once_store_and_listener_are_up_and_not_before() {
        let health = Health::default();
        assert_eq!(health.reasons().len(), 2);
        health.store(true);
        assert!(!health.ready());
        health.listener(true);
        assert!(health.ready());
        health.store(false);
        assert_eq!(health.reasons(), ["the store is not open"]);
    }

    #[test]
    fn a_node_whose_disk_is_full_is_alive_not_ready_and_says_so() {
        let health = Health::default();
        health.store(true);
        health.listener(true);
        health.disk(Some("the disk is full".to_owned()));
        assert!(health.live() && !health.ready());
        let reasons = health.reasons();
        assert_eq!(reasons, ["no new work is taken: the disk is full"]);
        health.disk(None);
        assert!(health.ready());
    }

    #[test]
    fn a_missing_parent_leaves_a_node_ready_and_is_named() {
        let health = Health::default();
        health.store(true);
        health.listener(true);
        health.link("330825".parse().unwrap(), "3308".parse().unwrap(), false);
        assert!(health.ready() && health.live());
        let report = health.report();
        assert!(report.starts_with("ready\nlinks up: 0 of 1\n"), "{report}");
        assert!(
            report.contains("330825000000 from 330800000000"),
            "{report}"
        );
    }

    #[test]
    fn a_failure_makes_a_node_neither_live_nor_ready_and_the_first_cause_stays() {
        let health = Health::default();
        health.store(true);
        health.listener(true);
        health.fail("the disk said no");
        health.fail("something later");
        assert!(!health.live() && !health.ready());
        assert!(health.report().contains("the disk said no"));
    }

    #[test]
    fn a_report_of_many_cut_links_stays_short() {
        let health = Health::default();
        for n in 1..=50 {
            let child = DivisionCode::from_u64(330_825_002_000 + n).unwrap();
            health.link(child, "330825002".parse().unwrap(), false);
        }
        let report = health.report();
        assert!(
            report.contains("and 30 more") && report.lines().count() < 30,
            "{report}"
        );
    }
}
