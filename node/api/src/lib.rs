//! What the JSON API says and takes, version 1; shared by the node and those who ask it.
//!
//! Moments are milliseconds since 1970; divisions are twelve digits, and may be given short.

mod acts;
mod alarms;
mod changes;
mod clock;
mod contacts;
mod figures;
mod files;
mod hooks;
mod imports;
mod key_statements;
mod matter;
mod matters;
mod people;
mod policies;
pub mod problem;
mod revocations;
mod status;
mod templates;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

pub use acts::{ActRequest, Asking, Ending, MatterAction, Parts, PartsRequest, Plea, WishRequest};
pub use alarms::{AlarmQuery, AlarmView, Alarms};
pub use changes::{ChangeView, EventsQuery, StreamEnd, StreamStart};
pub use clock::{ClockStatus, Corrected};
pub use contacts::{EraseRequest, Erased, OpenedContact, Reach};
pub use figures::{
    CellApart, CellsApart, ChildFiguresView, Figures, JournalCount, RollupBy, RollupLine,
    RollupQuery, RollupTable,
};
pub use files::{
    AttachmentView, FileLine, FileLines, OFFSET_STREAM, UPLOAD_LENGTH, UPLOAD_OFFSET,
    UploadRequest, UploadView,
};
pub use hooks::{HookRequest, HookTest, HookView, Hooks, NewHookView};
pub use imports::{ImportLine, ImportOutcome, ImportReport, ImportRequest, MOST_ROWS, OutcomeLine};
pub use key_statements::{CountersignRequest, KeyStatementLine, KeyStatements, VouchedBy};
pub use matter::{
    BodyView, ClockView, Known, MatterView, PartView, Point, RequestView, StandingView, Stands,
    StepView,
};
pub use matters::{
    MatterFilter, MatterLine, MatterOrder, MatterPage, MattersQuery, ReceiptQuery, ReportRequest,
    Reported, Urgency,
};
pub use people::{
    AccountPage, AccountPatch, AccountRequest, AccountView, AuditLine, AuditPage, AuditSeal,
    GridRequest, GridView, Grids, KeyRequest, KeyView, Keys, LinkRequest, LinkView, LoginAnswer,
    LoginRequest, NewKeyView, PageQuery, PasswordRequest, ReturnQuery, RolesRequest, SessionView,
    SlipView, StartQuery,
};
pub use policies::{
    Alike, AlikeMatters, Answers, AnswersQuery, Explanation, PolicyReason, PublicAnswer,
};
pub use revocations::{RevocationLine, Revocations, RevokeRequest};
pub use status::{
    CalendarStatus, EpochStatus, FailingHook, GivenUpLine, LinkState, LinkStatus, MatterCounts,
    NeighbourSide, NetworkStatus, NodeLine, NodeStatus, Nodes, QueueLength, Status, StatusQuery,
};
pub use templates::{
    AdoptionView, PublishRequest, RefusalView, StanceView, TemplateLine, TemplateStatus, Templates,
};

pub use domain::{
    attachment::{FileNo, Media, Pixels, UploadId},
    category::{Class, Platform, Priority, Visibility},
    feed::{ActorKind, ChangeKind, TemplateStance},
    import::{Fault, Field},
    matter::{
        Act, Audience, Channel, Contact, Erasure, Ground, Outcome, Publicity, Reason, Satisfaction,
        Status as MatterStatus,
    },
    template::TemplateKind,
};

/// A division: its twelve digits; in a path or a request the zeros at its end may be left out.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(value_type = String, example = "330825002222")]
#[expect(dead_code, reason = "it stands for divisions in the document")]
pub struct Code(String);

/// Facts, and beside them the names of all divisions they speak of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Named<T> {
    /// The facts.
    #[serde(flatten)]
    pub facts: T,
    /// Short names by code.
    #[schema(value_type = BTreeMap<String, String>)]
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
