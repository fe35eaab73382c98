//! What needs a person: alarms, background work and webhooks that fail, revoked keys, refused envelopes.

use api::{NodeStatus, Status, WorkerLine, WorkerState, worker_in_chinese};

use crate::{
    visit::Visit,
    when::{When, count},
};

/// An open alarm.
pub(super) struct Alarm {
    pub(super) kind: String,
    /// The division it is about, as a field of the form.
    pub(super) about: String,
    /// The same by name.
    pub(super) division: String,
    pub(super) title: String,
    pub(super) detail: String,
    pub(super) remedy: String,
    pub(super) first: When,
    pub(super) last: When,
    pub(super) times: String,
    pub(super) is_over: bool,
}

/// Background work that fails.
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) state: String,
    pub(super) error: String,
    pub(super) since: When,
}

/// A webhook that fails.
pub(super) struct Hook {
    pub(super) name: String,
    pub(super) failures: String,
    pub(super) since: Option<When>,
    pub(super) error: String,
    pub(super) is_given_up: bool,
}

/// A revoked key.
pub(super) struct Revoked {
    pub(super) division: String,
    /// The first digits of the key.
    pub(super) key: String,
    pub(super) reason: String,
    pub(super) at: When,
    pub(super) by: String,
}

/// An envelope that is refused.
pub(super) struct Refused {
    pub(super) author: String,
    pub(super) kind: String,
    pub(super) issue: u64,
    pub(super) times: u8,
    pub(super) at: When,
}

/// Returns the open alarms.
pub(super) fn alarms(visit: &Visit, node: &NodeStatus) -> Vec<Alarm> {
    let w = visit.w;
    let alarm = |alarm: &api::AlarmView| Alarm {
        kind: alarm.kind.to_string(),
        about: alarm.about.map(|at| at.to_string()).unwrap_or_default(),
        division: alarm.about.map(|at| visit.name_of(at)).unwrap_or_default(),
        title: w.of(&alarm.chinese, &alarm.english).to_owned(),
        detail: w.of(&alarm.detail_chinese, &alarm.detail).to_owned(),
        remedy: w.of(&alarm.remedy_chinese, &alarm.remedy).to_owned(),
        first: visit.when(alarm.first_ms),
        last: visit.when(alarm.last_ms),
        times: count(alarm.times),
        is_over: alarm.settled_ms.is_some(),
    };
    node.alarms.iter().map(alarm).collect()
}

/// Returns what the process does by itself and what does not go well.
pub(super) fn workers(visit: &Visit, status: &Status, node: &NodeStatus) -> Vec<Worker> {
    let w = visit.w;
    let all = status.workers.iter().chain(&node.workers);
    let bad =
        all.filter(|worker| matches!(worker.state, WorkerState::Failing | WorkerState::Stopped));
    let worker = |worker: &WorkerLine| Worker {
        name: w
            .of(
                worker_in_chinese(&worker.name).unwrap_or(&worker.name),
                &worker.name,
            )
            .to_owned(),
        subject: worker.subject.clone().unwrap_or_default(),
        state: w.short(worker.state),
        error: w.either(
            worker.last_error_chinese.as_deref(),
            worker.last_error.as_deref(),
        ),
        since: visit.when(worker.since_ms),
    };
    bad.map(worker).collect()
}

/// Returns the webhooks that fail.
pub(super) fn hooks(visit: &Visit, node: &NodeStatus) -> Vec<Hook> {
    let hook = |hook: &api::FailingHook| Hook {
        name: hook.name.clone(),
        failures: count(hook.failures),
        since: hook.since_ms.map(|ms| visit.when(ms)),
        error: visit.w.either(
            hook.last_failure_chinese.as_deref(),
            hook.last_failure.as_deref(),
        ),
        is_given_up: hook.given_up,
    };
    node.failing_hooks.iter().map(hook).collect()
}

/// Returns the keys that no longer count.
pub(super) fn revoked(visit: &Visit, node: &NodeStatus) -> Vec<Revoked> {
    let line = |line: &api::RevocationLine| Revoked {
        division: visit.name_of(line.division),
        key: line.key.chars().take(16).collect(),
        reason: visit.w.term(line.reason).to_owned(),
        at: visit.when(line.at_ms),
        by: visit.name_of(line.by),
    };
    node.revoked.iter().map(line).collect()
}

/// A list of current templates.
pub(super) struct TemplateList {
    pub(super) issuer: String,
    pub(super) versions: u32,
    pub(super) made: When,
    pub(super) ends: When,
    /// What is wrong with it; empty if nothing is.
    pub(super) fault: String,
    /// Templates that did not come.
    pub(super) missing: String,
}

/// Returns the lists of current templates, those with a fault first.
pub(super) fn lists(visit: &Visit, node: &NodeStatus) -> Vec<TemplateList> {
    let line = |line: &api::TemplateListLine| TemplateList {
        issuer: visit.name_of(line.issuer),
        versions: line.versions,
        made: visit.when(line.made_at_ms),
        ends: visit.when(line.ends_at_ms),
        fault: line
            .fault
            .map_or_else(String::new, |fault| visit.w.short(fault)),
        missing: line.missing.join(visit.w.of("、", ", ")),
    };
    let mut lists: Vec<_> = node.template_lists.iter().collect();
    lists.sort_by_key(|list| (list.fault.is_none(), list.issuer));
    lists.into_iter().map(line).collect()
}

/// Returns the envelopes that are refused because the node crashed on them.
pub(super) fn refused(visit: &Visit, node: &NodeStatus) -> Vec<Refused> {
    let line = |line: &api::GivenUpLine| Refused {
        author: visit.name_of(line.author),
        kind: line.kind.clone(),
        issue: line.issue,
        times: line.times,
        at: visit.when(line.at_ms),
    };
    node.given_up.iter().map(line).collect()
}
