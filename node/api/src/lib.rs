//! Requests and answers of the JSON API, version 1; used by the node and by its clients.
//!
//! Times are milliseconds since 1970. Divisions are twelve digits and may be shortened.

mod acts;
mod alarms;
mod audit;
mod backups;
mod boards;
mod changes;
mod clock;
mod compliance;
mod contacts;
mod courier;
mod data;
mod disclosures;
mod drafts;
mod exchanges;
mod figures;
mod files;
mod hand_over;
mod hooks;
mod household_sheets;
mod imports;
mod invitations;
mod key_statements;
mod language;
mod links;
mod log;
mod matter;
mod matters;
mod people;
mod pleas;
mod points;
mod policies;
mod policy_in_force;
pub mod problem;
mod public_figures;
mod questions;
mod readmissions;
mod receipts;
mod reply_texts;
mod revocations;
mod rosters;
mod saved_lists;
mod seen;
mod settings;
mod status;
mod template_proposals;
mod template_values;
mod templates;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Enumeration, Tree};

pub use acts::{
    ActRequest, ActionName, Asking, BadAction, HolderRequest, MatterAction, Offers, Parts,
    PartsRequest, RequestAction,
};
pub use alarms::{AlarmQuery, AlarmView, Alarms};
pub use audit::{AuditExport, AuditLine, AuditPage, AuditQuery, AuditSeal};
pub use backups::{LastBackup, RECORDS_FILE};
pub use boards::{
    BoardLine, BoardView, Boards, PinPost, PostAnswer, PostLine, PostPage, PostView, PostsQuery,
    RemovalView, RemovePost, WriteAnswer, WritePost,
};
pub use changes::{ChangeView, EventsQuery, StreamEnd, StreamStart};
pub use clock::{ClockStatus, Corrected};
pub use compliance::{
    ClassCompliance, Compliance, ComplianceQuery, CompliedCounts, DivisionCompliance, OverdueLine,
};
pub use contacts::{ContactRequest, EraseRequest, Erased, OpenedContact, Reach};
pub use courier::{
    COURIER_FILE, CourierFileMade, CourierFileRead, CourierMade, CourierNeighbour, CourierRead,
    CourierStatus, MakeCourierFile,
};
pub use data::{
    CheckedData, CodeView, DataLine, DataRequest, DataTable, DataTableQuery, DataView, ElementName,
    ElementView,
};
pub use disclosures::{
    AttachFile, AttachedView, BeginDisclosure, BlankFormQuery, ColumnView, ContentView,
    DemandedEvent, DisclosureDocument, DisclosureLine, DisclosureRemark, DisclosureStep,
    DisclosureView, DisclosureWork, Disclosures, DisclosuresQuery, DocumentFile, DoubtView, Duties,
    DutyLine, EditionLog, EditionView, FaultView, FieldValue, FillQuery, FormView, ObjectionView,
    SeenDraftQuery, WriteDisclosure,
};
pub use drafts::{DRAFT_KEY, DraftDocument, DraftMatter, DraftPhoto, DraftRequest, DraftView};
pub use exchanges::{
    AddReward, ChangeReward, ExchangePoints, ExchangeView, PurseView, RewardGivenView, RewardView,
    Rewards, RewardsQuery, TakeBackExchange,
};
pub use figures::{
    CellApart, CellsApart, ChildFiguresView, Figures, JournalCount, RollupBy, RollupLine,
    RollupQuery, RollupTable,
};
pub use files::{
    AttachmentView, FileLine, FileLines, OFFSET_STREAM, UPLOAD_LENGTH, UPLOAD_OFFSET,
    UploadRequest, UploadView,
};
pub use hand_over::{
    ChargedMatters, HandOverReport, HandOverRequest, HandOverTo, MOST_HANDED_OVER, NotHandedOver,
};
pub use hooks::{HookRequest, HookTest, HookView, Hooks, NewHookView};
pub use household_sheets::{
    HouseholdCellChange, HouseholdCellFault, HouseholdSheet, HouseholdSheetLine,
    HouseholdSheetOutcome, HouseholdSheetReport, HouseholdSheetRow,
};
pub use imports::{ImportLine, ImportOutcome, ImportReport, ImportRequest, MOST_ROWS, OutcomeLine};
pub use invitations::{
    AdmitRequest, InvitationLine, Invitations, InviteRequest, JoinerLine, NewInvitationView,
};
pub use key_statements::{CountersignRequest, KeyStatementLine, KeyStatements, VouchedBy};
pub use language::Language;
pub use links::{
    CertificateLine, LinkState, LinkStatus, NeighbourSide, SilentChild, TemplateLag,
    UnseenNeighbour,
};
pub use log::{
    ChildLog, ChildLogs, Countersignature, CountersignedHead, HeldDiffers, HeldLog, LogEvidence,
    LogResolved, PublicLog, PublicLogs, ResolveLog,
};
pub use matter::{
    BodyView, ClockView, Known, MatterView, PartView, Point, RequestView, StandingView, Stands,
    StepView,
};
pub use matters::{
    Charge, MatterFilter, MatterLine, MatterOrder, MatterPage, MattersQuery, OwnMattersQuery,
    ReceiptQuery, ReportRequest, Reported, Urgency,
};
pub use people::{
    AccountPage, AccountPatch, AccountRequest, AccountView, GridRequest, GridView, Grids,
    KeyRequest, KeyView, Keys, LinkRequest, LinkView, LoginAnswer, LoginRequest, NewKeyView,
    OpenSessionView, OpenSessions, PageQuery, PasswordRequest, ReturnQuery, RolesRequest,
    SessionView, SetupCodeRequest, SetupCodeView, SetupRequest, SlipView, StartQuery,
};
pub use pleas::{CountResidents, DeclinePlea, PleaView, Plead, Pleas, ResidentsView, SupportPlea};
pub use points::{
    AddHousehold, AddHouseholds, BlackLineView, ChangeHousehold, CorrectRating, HOUSEHOLD_SLIP,
    HouseholdList, HouseholdPlace, HouseholdRecord, HouseholdSlip, HouseholdView, NamedHousehold,
    ObjectedRating, PastRating, PointRulesView, PointsQuery, PointsView, RateHousehold,
    RatedItemView, RatingView, RedLineView,
};
pub use policies::{
    Alike, AlikeMatters, AlikeRequest, Answers, AnswersQuery, CategoryPromise, CheckMaterials,
    Explanation, InBoth, MaterialView, MaterialsView, NamedPlace, PolicyReason, Promises,
    PublicAnswer, PublicMatter, PublicMatters,
};
pub use policy_in_force::{CategoryPolicy, PolicyInForce, PolicyLine, PolicySubject, PolicyValue};
pub use public_figures::{PublicCount, PublicFigures};
pub use questions::{
    AnswerColumn, AnswerKey, AnswerLine, AnswerValue, Asked, Compare, ComparedDays, FiguresAnswer,
    QuestionQuery, answer_values, rank_lines,
};
pub use readmissions::{ReadmissionLine, ReadmissionList, WaitingChild};
pub use receipts::{
    CheckLine, CheckedDisclosure, DisclosureReceiptQuery, PrintedProof, ReceiptCheck, ReceiptLine,
    StepLine,
};
pub use reply_texts::{ReplyTextView, ReplyTexts};
pub use revocations::{RevocationLine, Revocations, RevokeRequest};
pub use rosters::{
    RosterChange, RosterFault, RosterLine, RosterOutcome, RosterOutcomeLine, RosterReport,
    RosterRequest,
};
pub use saved_lists::{SavedListView, SavedListViews};
pub use seen::{MatterQuery, SeenMatter, SeenRequest, Unread};
pub use settings::{
    Reloaded, SettingChange, SettingFault, SettingOrigin, SettingView, SettingsView,
};
pub use status::{
    CalendarStatus, ChildHealth, EpochStatus, FailingHook, GivenUpLine, MatterCounts,
    NetworkStatus, NodeCounts, NodeLine, NodeStatus, Nodes, QueueLength, Status, StatusQuery,
    SubtreeHealth, TroubleLine, VersionLine, WorkerLine, WorkerState, worker_in_chinese,
};
pub use template_proposals::{
    DeclineProposal, ProposalEndView, ProposalLine, ProposalPerson, TemplateProposal,
    TemplateProposals, people_of,
};
pub use template_values::{
    EffectiveKind, EffectiveQuery, EffectiveTemplates, EffectiveValueView, ItemSample, LooserValue,
    SetBy, TemplateDiff, TemplateFaultView, TierChanges, ValueChange,
};
pub use templates::{
    AdoptionView, ChildRollout, PublishRequest, ReachCount, ReachRequest, RefusalView,
    RolloutRequest, RolloutView, StanceView, TemplateLine, TemplateListLine, TemplateRollout,
    TemplateStatus, Templates,
};

pub use domain::{
    attachment::{FileNo, Media, Pixels, UploadId},
    audit::ContactReason,
    category::{Class, Platform, Priority, Visibility},
    feed::{ActorKind, ChangeKind, TemplateStance},
    import::{Fault, Field},
    matter::{
        Act, Audience, Channel, Contact, Ending, Erasure, Ground, Outcome, Publicity, Reason,
        Satisfaction, Status as MatterStatus,
    },
    policy::PlaceKind,
    template::TemplateKind,
};

/// Returns the enumerations that are declared here.
pub fn enumerations() -> Vec<Enumeration> {
    vec![
        Enumeration::of::<ActionName>(),
        Enumeration::of::<Charge>(),
        Enumeration::of::<Compare>(),
        Enumeration::of::<HandOverTo>(),
        Enumeration::of::<HouseholdSheetOutcome>(),
        Enumeration::of::<ImportOutcome>(),
        Enumeration::of::<MatterFilter>(),
        Enumeration::of::<MatterOrder>(),
        Enumeration::of::<NeighbourSide>(),
        Enumeration::of::<Reach>(),
        Enumeration::of::<RollupBy>(),
        Enumeration::of::<RosterOutcome>(),
        Enumeration::of::<SettingOrigin>(),
        Enumeration::of::<Stands>(),
        Enumeration::of::<Unread>(),
        Enumeration::of::<Urgency>(),
        Enumeration::of::<VouchedBy>(),
        Enumeration::of::<WorkerState>(),
    ]
}

/// A division: its twelve digits; in a path or a request the zeros at its end may be left out.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(value_type = String, example = "330825002222")]
#[expect(dead_code, reason = "it stands for divisions in the document")]
pub struct Code(String);

/// A body, and the names of all divisions it mentions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Named<T> {
    /// The body.
    #[serde(flatten)]
    pub facts: T,
    /// Short names by division code.
    #[schema(value_type = BTreeMap<String, String>)]
    pub names: BTreeMap<DivisionCode, String>,
}

/// A body that mentions divisions.
pub trait Mentions {
    /// Adds every division it mentions to `all`.
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>);
}

impl<T: Mentions> Named<T> {
    /// Looks up the names of the divisions that `facts` mentions.
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
