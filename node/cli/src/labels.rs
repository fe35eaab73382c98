//! Values in words: code and Chinese of the vocabulary, names beside numbers.

use std::{collections::BTreeMap, time::Duration};

use api::{BodyView, ClockView, Known, RequestView, StandingView};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use domain::{
    matter::{Act, Detail, Outcome, Status},
    receipt,
    request::{Reply, RequestKind, Voice},
    time::Timestamp,
};
use topology::{DivisionCode, Term};

use super::terminal::escape;

/// Returns the parser of an argument that takes any value of an enumeration. Its help shows the Chinese.
pub(super) fn one_of<T: Term>() -> impl TypedValueParser<Value = T> + use<T> {
    some_of(T::ALL)
}

/// Returns the parser of an argument that takes some values of an enumeration, in the order given.
pub(super) fn some_of<T: Term>(terms: &[T]) -> impl TypedValueParser<Value = T> + use<T> {
    let codes: Vec<_> = terms
        .iter()
        .map(|term| PossibleValue::new(term.code()).help(term.chinese()))
        .collect();
    PossibleValuesParser::new(codes)
        .map(|code| T::of_code(&code).expect("the parser lets only codes of terms through"))
}

/// Returns the name of a worker with its Chinese, if it is known here.
pub(super) fn worker(name: &str) -> String {
    match api::worker_in_chinese(name) {
        Some(chinese) => format!("{name} {chinese}"),
        None => name.to_owned(),
    }
}

/// Returns a value in both languages, where its English says it better than its code.
pub fn both(term: impl Term) -> String {
    format!("{} {}", term.english(), term.chinese())
}

pub(super) fn status(status: Status) -> String {
    let label = status.name().label();
    match status {
        Status::Closed(outcome) => format!("{label}: {}", self::outcome(outcome)),
        _ => label,
    }
}

/// Returns how a matter ended.
pub(super) fn outcome(outcome: Outcome) -> String {
    let label = outcome.name().label();
    match outcome {
        Outcome::Rejected(reason) => format!("{label}, {}", reason.label()),
        Outcome::Merged(into) => format!("{label} {into}"),
        Outcome::Solved | Outcome::Unfounded | Outcome::Unsolvable | Outcome::Withdrawn => label,
    }
}

/// Returns the label of a detail, by its name.
pub(super) fn detail(name: &str) -> String {
    match name {
        Detail::ADDRESS => "地点".to_owned(),
        Detail::ADDRESS_ID => "地点编号".to_owned(),
        Detail::MEDIA_URL => "图片链接".to_owned(),
        name => escape(name.strip_prefix(Detail::ATTRIBUTE).unwrap_or(name)),
    }
}

/// A receipt that can be had.
pub(super) fn receipt_line(line: &receipt::Line, names: Names<'_>) -> String {
    let kind = both(line.kind);
    let at = moment(line.at_ms);
    format!("{kind} at {}, {at}", names.of(line.division))
}

/// What was asked of the holder, and what became of it.
pub(super) fn request(request: &RequestView) -> String {
    let label = request.kind.name().label();
    let asked = match request.kind {
        RequestKind::Rate(how) => format!("{label}: {}", how.label()),
        RequestKind::Remark(audience) => format!("{label}: {}", audience.label()),
        RequestKind::Merge(into) => format!("{label} {into}"),
        RequestKind::Recall
        | RequestKind::Contest
        | RequestKind::Review
        | RequestKind::Withdraw
        | RequestKind::Supervise => label,
    };
    let reply = match request.reply {
        None => "not answered yet",
        Some(Reply::Granted) => "done",
        Some(Reply::Closed) => "the matter is closed",
        Some(Reply::NotEntitled) => "not entitled",
        Some(Reply::Unknown) => "the division asked does not know the matter",
        Some(Reply::Moved { .. } | Reply::Moot) => "the matter has moved; send the request again",
        Some(Reply::NotNow) => "the state of the matter does not allow it",
        Some(Reply::Late) => "too late",
        Some(Reply::Refused) => "refused on its way; see the logs of the nodes in between",
    };
    format!("{asked}; {reply}")
}

/// Returns when something is due, for a list.
pub(super) fn due(due_ms: Option<i64>, provisional: bool) -> String {
    match (due_ms, provisional) {
        (None, _) => "-".to_owned(),
        (Some(due), false) => moment(due),
        (Some(due), true) => format!("{} (provisional 暂定)", moment(due)),
    }
}

/// Returns a clock and its state.
pub(super) fn clock(clock: &ClockView) -> String {
    let stage = clock.stage.label();
    let due = moment(clock.due_ms);
    let stands = both(clock.stands);
    let provisional = match clock.provisional {
        true => " (provisional 暂定: holidays are not announced that far)",
        false => "",
    };
    format!(
        "{stage}, {} from {}, due {due}{provisional}: {stands}",
        clock.allowance,
        moment(clock.started_ms)
    )
}

/// Who spoke for the reporter, if somebody did.
pub(super) fn voice(voice: Option<Voice>) -> String {
    let Some(voice) = voice else {
        return String::new();
    };
    let chinese = voice.name().chinese();
    match voice {
        Voice::Reporter => format!(", by the reporter {chinese}"),
        Voice::Official(account) => format!(", said by account {account} {chinese}"),
        Voice::Program => format!(", said by a program {chinese}"),
        Voice::Owner => format!(", said by the node's owner {chinese}"),
    }
}

/// Names of divisions, as the node returned them.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a BTreeMap<DivisionCode, String>);

impl Names<'_> {
    /// Returns code and name: `330825 龙游县`.
    pub(super) fn of(self, division: DivisionCode) -> String {
        match self.0.get(&division) {
            Some(name) => format!("{} {name}", division.short()),
            None => division.short(),
        }
    }

    pub(super) fn act(self, act: Act) -> String {
        let label = act.name().label();
        match act {
            Act::Report
            | Act::Accept
            | Act::Handle
            | Act::Take
            | Act::TakeBack
            | Act::Feedback
            | Act::Visit
            | Act::Recategorise
            | Act::Resume => label,
            Act::Escalate(to)
            | Act::Assign(to)
            | Act::Return(to)
            | Act::Yield(to)
            | Act::Relay(to) => format!("{label} to {}", self.of(to)),
            Act::Close(ended) => format!("{label}: {}", outcome(ended)),
            Act::Dispatch(target) => {
                let mut text = format!("{label} to {}", target.platform.label());
                if let Some(department) = target.department {
                    text += &format!(", {department}");
                }
                if let Some(officer) = target.officer {
                    text += &format!(", account {officer}");
                }
                text
            }
            Act::Verify(true) => format!("{label}: done"),
            Act::Verify(false) => format!("{label}: not done"),
            Act::Object(to, ground) => format!("{label} ({}), to {}", ground.label(), self.of(to)),
            Act::Arbitrate(to) => format!("{label}: {}", self.of(to)),
            Act::Reopen(appeal) => format!("{label}: {}", appeal.label()),
            Act::Supervise(by) => format!("{label} by {}", self.of(by)),
            Act::Rate(how) => format!("{label}: {}", how.label()),
            Act::Remark(audience) => format!("{label}: {}", audience.label()),
            Act::Reply(publicity) => format!("{label}: {}", publicity.label()),
            Act::Prioritise(priority) => format!("{label}: {}", priority.label()),
            Act::Absorb(other) | Act::OpenPart(other) | Act::Join(other) => {
                format!("{label} {other}")
            }
            Act::Pause(reason) => format!("{label}: {}", reason.label()),
            Act::Extend(stage, reason) => {
                format!("{label}: {} ({})", stage.label(), reason.label())
            }
            Act::Warn(stage) | Act::Overdue(stage) => format!("{label}: {}", stage.label()),
            Act::EndPart(part, ended) => format!("{label} {part}: {}", outcome(ended)),
            Act::Erase(erasure) => format!("{label}: {}", erasure.label()),
        }
    }

    pub(super) fn standing(self, standing: &StandingView) -> String {
        match standing {
            StandingView::Holding => "held here 在本级".to_owned(),
            StandingView::Giving { to, bound_for } if to == bound_for => {
                format!("on its way to {}", self.of(*to))
            }
            StandingView::Giving { to, bound_for } => {
                format!(
                    "on its way to {}, bound for {}",
                    self.of(*to),
                    self.of(*bound_for)
                )
            }
            StandingView::Elsewhere => "elsewhere 不在本级".to_owned(),
        }
    }

    /// Returns up to when the data shown is complete.
    pub(super) fn known(self, known: Option<&Known>) -> String {
        let Some(known) = known else {
            return String::new();
        };
        let by = self.of(known.by);
        match (known.through_ms, known.age_ms()) {
            (Some(through), Some(age)) => format!(
                "through {} by {by}, {} before this was shown",
                moment(through),
                span(age.unsigned_abs())
            ),
            _ => format!("not known: {by} has not sent everything yet"),
        }
    }
}

pub(super) fn body(body: &BodyView) -> String {
    match body {
        BodyView::Text(text) => text.clone(),
        BodyView::Masked => "(only the holder sees it)".to_owned(),
        BodyView::Erased => "(erased)".to_owned(),
        BodyView::Absent => "(not here)".to_owned(),
        BodyView::Unreadable => "(sealed, and cannot be decrypted; see the node's log)".to_owned(),
    }
}

/// Wall time in Shanghai.
pub(super) fn moment(ms: i64) -> String {
    Timestamp(ms).to_string()
}

/// Returns a span of time in its two largest units: `3 d 4 h`, `12 s`.
pub fn span(ms: u64) -> String {
    let seconds = Duration::from_millis(ms).as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (ms, text) in [
            (999, "0 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(ms), text);
        }
    }
}
