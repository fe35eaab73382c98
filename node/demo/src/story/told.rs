//! What the story tells, as the demo prints it and `--json` writes it.

use domain::{
    measure::Measure,
    rollup::{Counters, Totals},
};
use serde::Serialize;

use ::topology::DivisionCode;

use crate::proven::Proven;

/// Results of the demo, as `--json` prints them.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    pub(crate) nodes: usize,
    pub(crate) links_up: usize,
    pub(crate) formed_ms: u64,
    pub(crate) matters: Vec<Told>,
    pub(crate) receipt: Proven,
    pub(crate) adoption: Adopted,
    pub(crate) cut_off: CutOff,
    pub(crate) rollup: Rollup,
    /// How villages make public what they have to; told after the story of the matters.
    pub(crate) affairs: Option<Affairs>,
    pub(crate) look: Look,
    /// Milliseconds by which the clock of the demo was put forward to let a deadline pass.
    pub(crate) put_forward_ms: i64,
    pub(crate) elapsed_ms: u64,
}

/// One matter and its way.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) trace_id: String,
    pub(crate) path: Vec<Stop>,
}

/// One step on a matter's way.
#[derive(Debug, Serialize)]
pub(crate) struct Stop {
    pub(crate) division: DivisionCode,
    pub(crate) name: String,
    pub(crate) act: String,
    pub(crate) at: String,
    pub(crate) at_ms: i64,
}

/// The adoption of a template.
#[derive(Debug, Serialize)]
pub(crate) struct Adopted {
    pub(crate) template: String,
    pub(crate) applied: u32,
    pub(crate) total: u32,
    pub(crate) elapsed_ms: u64,
}

/// How villages make public what they have to. What a branch is too small for is left out.
#[derive(Debug, Serialize)]
pub(crate) struct Affairs {
    pub(crate) counted: Counted,
    /// The villages that published.
    pub(crate) published: Vec<Place>,
    pub(crate) overdue: Option<Overdue>,
    pub(crate) tightened: Option<Tightened>,
    pub(crate) refused: Option<Refused>,
    pub(crate) rewritten: Option<Rewritten>,
}

/// How a month's duty to publish is met, as the province counts it.
#[derive(Debug, Serialize)]
pub(crate) struct Counted {
    pub(crate) month: String,
    pub(crate) demanded: u64,
    pub(crate) on_time: u64,
}

/// A division.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Place {
    pub(crate) division: DivisionCode,
    pub(crate) name: String,
}

/// What a village did not make public in time, as the county lists it.
#[derive(Debug, Serialize)]
pub(crate) struct Overdue {
    #[serde(flatten)]
    pub(crate) village: Place,
    pub(crate) item: String,
    pub(crate) due: String,
}

/// A village that demands more of itself than the county does.
#[derive(Debug, Serialize)]
pub(crate) struct Tightened {
    #[serde(flatten)]
    pub(crate) village: Place,
    pub(crate) template: String,
    pub(crate) item: String,
    /// What holds there now.
    pub(crate) due: String,
}

/// A template that does not fit everybody it was sent to.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    pub(crate) template: String,
    pub(crate) applied: u32,
    pub(crate) refused: u32,
    /// One that refused it.
    #[serde(flatten)]
    pub(crate) by: Place,
    pub(crate) why: String,
}

/// A village whose log was changed after others had countersigned it.
#[derive(Debug, Serialize)]
pub(crate) struct Rewritten {
    #[serde(flatten)]
    pub(crate) village: Place,
    /// How the two heads contradict each other.
    pub(crate) how: String,
    /// Who raised the alarm.
    pub(crate) noticed_by: Vec<Place>,
}

/// The township that was cut off.
#[derive(Debug, Serialize)]
pub(crate) struct CutOff {
    pub(crate) division: DivisionCode,
    pub(crate) reported: usize,
    pub(crate) arrived_while_cut: usize,
    pub(crate) catch_up_ms: u64,
}

/// The province's figures beside the sum of all journals.
#[derive(Debug, Serialize)]
pub(crate) struct Rollup {
    pub(crate) province: Figures,
    pub(crate) counted_from_journals: Figures,
    pub(crate) quiet_after_ms: u64,
}

/// Figures of the whole network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    pub(crate) reported: u64,
    pub(crate) taken: u64,
    pub(crate) given: u64,
    pub(crate) closed: u64,
    pub(crate) open: i64,
    pub(crate) in_transit: i64,
}

impl From<Counters> for Figures {
    fn from(counters: Counters) -> Self {
        let Totals {
            open, in_transit, ..
        } = counters.into();
        Self {
            reported: counters[Measure::REPORTED],
            taken: counters[Measure::TAKEN],
            given: counters[Measure::GIVEN],
            closed: counters[Measure::CLOSED],
            open,
            in_transit,
        }
    }
}

/// Commands and URLs to continue with.
#[derive(Debug, Serialize)]
pub(crate) struct Look {
    pub(crate) data: String,
    pub(crate) socket: String,
    pub(crate) http: Option<String>,
    /// Address of the front page.
    pub(crate) pages: Option<String>,
    pub(crate) peers: String,
    pub(crate) traces: Option<String>,
}
