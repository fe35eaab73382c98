//! Records about the figures of children.

use std::collections::BTreeSet;

use domain::{
    category::Category,
    record::{BASE, Record},
    rollup::{CellRefusal, CellReport, CellReportV5},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The state of the figures of one child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Number of cells that count.
    pub(crate) in_all: u32,
    /// Number of cells that are staged for a new life.
    pub(crate) staged: u32,
    /// Number of division, origin and category triples of which more went out than came in.
    pub(crate) uneven: u32,
    /// Number of origins outside the child that count more than the steps of their matters.
    pub(crate) unexplained: u32,
    /// Number of origins whose transfers differ from those over the link. Counted only if nothing
    /// is below the child.
    pub(crate) uncrossed: u32,
    /// When any of these last changed.
    pub(crate) moved_at: Timestamp,
    /// When the first of the three became nonzero; `None` while all are zero.
    pub(crate) uneven_since: Option<Timestamp>,
    /// Whether an alarm was raised over them.
    pub(crate) told: bool,
    /// Number of cells that are set apart.
    pub(crate) apart: u32,
    /// Number of cells that were refused, whether or not they could be kept.
    pub(crate) refused: u64,
    /// Number of cells that a lost life counted higher than the current one.
    pub(crate) lost: u32,
    /// When it last reported something.
    pub(crate) heard_at: Timestamp,
    /// Categories that no policy lists here.
    pub(crate) own: BTreeSet<Category>,
}

domain::records!(Account);

/// A cell that is set apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetApart {
    /// The report of the child.
    pub report: CellReport,
    /// The reason why it does not count.
    pub why: CellRefusal,
    /// When the child last reported it.
    pub at: Timestamp,
}

impl Record for SetApart {
    const VERSION: u8 = BASE + 1;
    type Previous = SetApartV5;

    fn migrate(old: SetApartV5) -> Self {
        Self {
            report: old.report.into(),
            why: old.why,
            at: old.at,
        }
    }
}

/// Version 5 of [`SetApart`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetApartV5 {
    pub(crate) report: CellReportV5,
    pub(crate) why: CellRefusal,
    pub(crate) at: Timestamp,
}

domain::records!(SetApartV5);
