//! What the JSON API says and takes, version 1; shared by the node and those who ask it.
//!
//! Moments are milliseconds since 1970; divisions are twelve digits, and may be given short.

mod figures;
mod matters;
mod status;
mod templates;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

pub use figures::{Figures, JournalCount, RollupBy, RollupLine, RollupQuery, RollupTable};
pub use matters::{
    AssignRequest, CloseRequest, EscalateRequest, HandleRequest, MatterFilter, MatterLine,
    MatterPage, MattersQuery, ReportRequest, Reported, ReturnRequest,
};
pub use status::{
    EpochStatus, LinkStatus, MatterCounts, NeighbourSide, NetworkStatus, NodeLine, NodeStatus,
    Nodes, Status, StatusQuery,
};
pub use templates::{
    AdoptionView, PublishRequest, RefusalView, StanceView, TemplateLine, TemplateStatus, Templates,
};

pub use crate::{
    domain::{
        category::{Class, Platform, Priority, Visibility},
        matter::{Act, Channel, Outcome, Status as MatterStatus},
        template::TemplateKind,
    },
    edge::session::LinkState,
    office::{BodyView, MatterView, QueueLength, StandingView},
};

/// Facts, and beside them the names of all divisions they speak of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named<T> {
    /// The facts.
    #[serde(flatten)]
    pub facts: T,
    /// Short names by code.
    pub names: BTreeMap<DivisionCode, String>,
}

/// Facts that speak of divisions.
pub trait Mentions {
    /// Adds every division spoken of.
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>);
}

impl<T: Mentions> Named<T> {
    /// Puts the names beside the facts.
    pub fn new(facts: T, tree: &Tree) -> Self {
        let mut all = BTreeSet::new();
        facts.mentions(&mut all);
        let named = |code| Some((code, tree.get(code)?.short_name().into_owned()));
        Self {
            facts,
            names: all.into_iter().filter_map(named).collect(),
        }
    }
}
