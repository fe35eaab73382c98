//! Matters that began in another system. They keep their own moments and days.

use serde::{Deserialize, Serialize};

use super::{Context, Decision, Refusal, Report, act::next_step, report, time::keep_time};
use crate::{
    clock::{Clocks, Stage},
    ids::MatterId,
    matter::{Act, Matter, Outcome},
    time::Timestamp,
};

/// The progress of the work in the other system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Progress {
    /// 上报
    #[default]
    Reported,
    /// 受理
    Accepted,
    /// 派遣
    Dispatched,
    /// 处置
    Handling,
    /// 反馈
    Answered,
    /// 结案
    Closed(Outcome),
}

impl Progress {
    /// Returns whether the work has ended.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

/// The moments of a matter in another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct History {
    /// When it was reported there.
    pub reported: Timestamp,
    /// When it was accepted there, if that is known.
    pub accepted: Option<Timestamp>,
    /// When it was closed there, if it was and that is known.
    pub closed: Option<Timestamp>,
}

/// Opens a matter at the stage that it reached in another system. Returns one decision, or two if
/// the matter is closed; the second continues the first, and each is counted on its own day.
///
/// The clocks of an open matter run from its report. Announcements that would have been made by now
/// are not repeated here. A closed matter has no clocks: only the other system can say whether it
/// was in time.
///
/// # Errors
/// Those of [`report`], and [`Refusal::NotNow`] if its steps cannot follow each other.
pub fn take_over(
    id: MatterId,
    new: Report,
    progress: Progress,
    history: History,
    context: Context<'_>,
) -> Result<Vec<Decision>, Refusal> {
    let History {
        reported,
        accepted,
        closed,
    } = history;
    let at = |now: Timestamp| Context { now, ..context };
    let mut opened = report(id, new, at(reported))?;
    opened.day = Some(reported.day());
    let matter = &mut opened.docket.matter;
    let accepted_at = accepted.unwrap_or(reported);
    if progress != Progress::Reported && may_be_accepted(progress) {
        record(matter, Act::Accept, at(accepted_at))?;
        match accepted {
            Some(_) => keep_time(matter, at(accepted_at)),
            // The moment is unknown, so nobody can say whether it was in time.
            None => {
                let _not_running = matter.clocks.cancel(Stage::Respond, reported);
            }
        }
    }
    match progress {
        Progress::Handling => record(matter, Act::Handle, at(accepted_at))?,
        Progress::Answered => record(matter, Act::Feedback, at(accepted_at))?,
        _ => {}
    }
    let Progress::Closed(outcome) = progress else {
        // It was dispatched in the other system to somebody whom this node does not know.
        if progress == Progress::Dispatched {
            let _not_running = matter.clocks.cancel(Stage::Route, accepted_at);
        }
        let _known_there = matter.clocks.tick(context.now);
        return Ok(vec![opened]);
    };
    matter.clocks = Clocks::default();
    let closed_at = closed.unwrap_or(accepted_at);
    let mut docket = opened.docket.clone();
    record(&mut docket.matter, Act::Close(outcome), at(closed_at))?;
    let ended = Decision {
        facts: Act::Close(outcome).facts().to_vec(),
        day: Some(closed_at.day()),
        ..Decision::of(docket)
    };
    Ok(vec![opened, ended])
}

/// Returns whether the matter may have been accepted; a rejected or withdrawn one was not.
const fn may_be_accepted(progress: Progress) -> bool {
    !matches!(
        progress,
        Progress::Closed(Outcome::Rejected(_) | Outcome::Withdrawn)
    )
}

/// Records a step made in the other system. Unlike a step made here, it moves no clocks.
fn record(matter: &mut Matter, act: Act, context: Context<'_>) -> Result<(), Refusal> {
    let made = next_step(matter, act, None, context);
    matter.record(made).map_err(|_| Refusal::NotNow)
}
