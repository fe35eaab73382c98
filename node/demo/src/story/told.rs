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
    /// What the village made public, as the province counts it; told after the story of the matters.
    pub(crate) disclosed: Option<Disclosed>,
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

/// How a month's duty to publish is met.
#[derive(Debug, Serialize)]
pub(crate) struct Disclosed {
    pub(crate) month: String,
    pub(crate) demanded: u64,
    pub(crate) on_time: u64,
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
