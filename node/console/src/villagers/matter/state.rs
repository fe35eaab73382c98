//! How a matter stands and what happened to it, in plain words: whose word it is, and why it ended.

use api::{Act, MatterStatus, MatterView, Outcome, Satisfaction};
use domain::matter::Appeal;

use crate::{desk::steps, words::Words};

/// What the steps of a matter say beside its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Replied,
    Contested,
    Confirmed,
}

/// Returns what the last step says that its reporter or an answer was about.
pub(super) fn turn(matter: &MatterView) -> Option<Turn> {
    let steps = matter.steps.iter().rev();
    steps.map(|step| step.act).find_map(|act| match act {
        Act::Rate(Satisfaction::Satisfied | Satisfaction::Fair) => Some(Turn::Confirmed),
        Act::Reopen(Appeal::Contest | Appeal::Review) => Some(Turn::Contested),
        Act::Reply(_) => Some(Turn::Replied),
        _ => None,
    })
}

/// Returns the state of a matter in a list, where no steps are known.
pub(in crate::villagers) fn state_of(w: Words, status: MatterStatus) -> String {
    state(w, status, None)
}

/// Returns the state in plain words. Nothing is called solved that only the office says is.
pub(super) fn state(w: Words, status: MatterStatus, turn: Option<Turn>) -> String {
    match (status, turn) {
        (MatterStatus::Closed(Outcome::Rejected(reason)), _) => w.state_rejected(w.term(reason)),
        (MatterStatus::Closed(Outcome::Withdrawn), _) => w.state_withdrawn().to_owned(),
        (MatterStatus::Closed(Outcome::Merged(_)), _) => w.state_merged().to_owned(),
        (MatterStatus::Closed(_), Some(Turn::Confirmed)) => w.state_confirmed().to_owned(),
        (MatterStatus::Closed(outcome), _) => w.state_closed(w.short(outcome.name())),
        (_, Some(Turn::Contested)) => w.state_contested().to_owned(),
        (_, Some(Turn::Replied)) => w.state_replied().to_owned(),
        (MatterStatus::Reported, _) => w.state_reported().to_owned(),
        (MatterStatus::Accepted, _) => w.state_accepted().to_owned(),
        (MatterStatus::Dispatched, _) => w.state_dispatched().to_owned(),
        (MatterStatus::Handling, _) => w.state_handling().to_owned(),
        (MatterStatus::Answered, _) => w.state_answered().to_owned(),
        (MatterStatus::Verified, _) => w.state_verified().to_owned(),
    }
}

/// Tells a step in words: of an end how it ended and why, never who of the staff did it.
pub(super) fn told(w: Words, act: Act) -> String {
    let more = match act {
        Act::Close(outcome) => steps::ended(w, outcome),
        Act::Reopen(appeal) => w.short(appeal),
        Act::Verify(true) => w.desk_verified().to_owned(),
        Act::Verify(false) => w.desk_not_verified().to_owned(),
        Act::Rate(satisfaction) => w.short(satisfaction),
        Act::Pause(reason) => w.short(reason),
        Act::Warn(stage) | Act::Overdue(stage) => w.short(stage),
        _ => return w.short(act.name()),
    };
    w.desk_act_with(w.short(act.name()), more)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::matter::Reason;

    use super::*;
    use crate::words::Language;

    const OPEN: [MatterStatus; 6] = [
        MatterStatus::Reported,
        MatterStatus::Accepted,
        MatterStatus::Dispatched,
        MatterStatus::Handling,
        MatterStatus::Answered,
        MatterStatus::Verified,
    ];

    /// R-P14: answered, done, confirmed and contested are told apart, and whoever says that something is
    /// solved is named.
    #[test]
    fn answered_done_confirmed_and_contested_are_four_things() {
        let solved = MatterStatus::Closed(Outcome::Solved);
        for language in [Language::Chinese, Language::English] {
            let w = Words(language);
            let four = [
                state(w, MatterStatus::Verified, Some(Turn::Replied)),
                state(w, solved, None),
                state(w, solved, Some(Turn::Confirmed)),
                state(w, MatterStatus::Accepted, Some(Turn::Contested)),
            ];
            assert_eq!(four.iter().collect::<BTreeSet<_>>().len(), 4, "{four:?}");
            let names_solved =
                |text: &str| text.contains("解决") || text.to_lowercase().contains("solved");
            let by_office =
                |text: &str| text.contains("承办单位认定") || text.contains("says the office");
            for status in OPEN.into_iter().chain([solved]) {
                for turn in [
                    None,
                    Some(Turn::Replied),
                    Some(Turn::Contested),
                    Some(Turn::Confirmed),
                ] {
                    let says = state(w, status, turn);
                    assert!(!names_solved(&says) || by_office(&says), "{says}");
                }
            }
            // What the office does not call done is not done either.
            for outcome in [Outcome::Unfounded, Outcome::Unsolvable] {
                let says = state(w, MatterStatus::Closed(outcome), None);
                assert!(by_office(&says), "{says}");
            }
        }
    }

    /// R-P16: of what was not taken on the ground is told.
    #[test]
    fn what_was_not_taken_on_says_why() {
        for reason in Reason::ALL {
            let status = MatterStatus::Closed(Outcome::Rejected(reason));
            let says = state(Words(Language::Chinese), status, None);
            assert_eq!(
                says,
                format!("不予受理：{}", Words(Language::Chinese).term(reason))
            );
        }
    }
}
