//! The tables of a node: every kind of record in its store, with its keys. The outbox has its own in
//! [`records::outbox::queue`].
//!
//! A new kind of record is a row here, with bytes in `tables/records.txt`. A prefix is never given to another table.
//! What a record holds is declared by subject in `tables/`, without what is done with it: the subjects know the
//! tables, and the tables know no subject.

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::{Alarm, AlarmKind},
    attachment::{FileNo, Part, UploadId},
    audit::AuditEntry,
    board::{Answer, BoardCode, Post, PostId},
    category::Category,
    custody::Docket,
    disclosure::{Class, ComplianceReport, Disclosure, DisclosureId, Edition, Line},
    envelope::{Destination, Lane},
    feed::Change,
    flow::Seen,
    health::HealthReport,
    hook::{Course, Hook, HookId},
    ids::{Epoch, EpochId, KeyId, MatterId},
    import::Source,
    invitation::Invitation,
    journal::Entry,
    matter::{CustodyVersion, Matter},
    month::Month,
    people::{Account, AccountId, ApiKey, ApiKeyId, ExternalIdentity, Grid, GridId},
    plea::{Plea, PleaId, Residents},
    points::{
        Exchange, ExchangeId, ExchangeSum, Household, HouseholdId, Purse, Rating, RatingId, Reward,
        RewardId, Tally,
    },
    readmission::Readmissions,
    reply_text::ReplyText,
    request::OpenRequest,
    rollup::{CellKey, Counters, EpochSet, Heard},
    service::MaterialCheck,
    suite::Digest,
    template::{AdoptionReport, Proposal, Template, TemplateKey},
    time::{Day, Timestamp},
};
use records::{
    outbox::queue::OUTBOX,
    table::{Description, Plain, Written},
};
use topology::DivisionCode;

pub(crate) mod courier;
pub(crate) mod disclosures;
pub(crate) mod feed;
pub(crate) mod figures;
pub(crate) mod files;
pub(crate) mod inbox;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod matters;
pub(crate) mod people;
pub(crate) mod templates;
pub(crate) mod webhooks;

use templates::AdoptionKey;

/// Key of a flow: author, epoch of the author, destination, lane.
pub(crate) type FlowKey = (DivisionCode, EpochId, Destination, Lane);

records::tables! { pub(crate) OFFICE:
    /// Counts of this epoch.
    Ledger("ledger", b"c"): () => super::Ledger;
    /// The epochs of this store.
    Epochs("epochs of this store", b"V"): () => Vec<Epoch>;
    /// Ranges of issue counts used in this epoch.
    Runs("what was issued between starts", b"e"): () => inbox::Runs;
    /// The time when this node last ran.
    LastTime("when this node last ran", b"e-time"): () => Timestamp;
    /// Mark of a running node, which a process that died leaves behind.
    Running("mark of a running node", b"L"): () => Timestamp;
    /// Envelopes in progress at a crash, by digest.
    Crashes("envelope in hand at a crash", b"X"): Digest => inbox::Crashed;
    /// Dockets.
    Dockets("docket", b"m"): MatterId => Docket;
    /// The journal.
    Journal("journal entry", b"j"): u64 => Entry;
    /// The trace that a matter is part of.
    Traces("trace", b"z"): MatterId => String;
    /// Times at which the clocks of a matter must be checked.
    ClocksDue("due moment of a matter", b"w"): (Timestamp, MatterId) => ();
    /// Index of matters by partition and time of the report.
    Index("line of a list", b"Is"): (matters::Partition, Timestamp, MatterId) => matters::IndexEntry;
    /// Index of open matters by their earliest due time.
    DueIndex("due moment in a list", b"Id"): (Timestamp, MatterId) => ();
    /// Matters with a public answer.
    Answered("matter with a public answer", b"Q"): MatterId => ();
    /// Matters that an official published, by time of the report.
    Published("published matter", b"Op"): (Timestamp, MatterId) => ();
    /// Matters that a program filed, by its API key and time of the report.
    Filed("matter filed by a program", b"Of"): (ApiKeyId, Timestamp, MatterId) => ();
    /// Matters that an account reported, by the account and time of the report.
    OwnMatters("matter of an account", b"Oa"): (AccountId, Timestamp, MatterId) => ();
    /// Matters by the number of another system.
    Imported("imported number", b"Ei"): (Source, String) => matters::Imported;
    /// Copies erased by this node of matters that other divisions hold.
    ErasedHere("copies erased here", b"Se"): MatterId => matters::ErasedHere;
    /// This node's people who worked on a matter.
    Handlers("who worked on a matter", b"Sh"): MatterId => domain::custody::Handlers;
    /// Matters that this node asked about and that never came here.
    AskedToSee("asked to see a matter", b"Sw"): MatterId => ();
    /// The highest custody version of a matter that this node refused from a giver.
    RefusedGives("transfer refused to a giver", b"g"): (DivisionCode, MatterId) => CustodyVersion;
    /// Requests of this node about unknown matters, by epoch and number.
    Requests("request", b"a"): (u32, u64) => OpenRequest;
    /// Signed messages on a matter, by author: the latest, and with `true` the last one before it
    /// was opened again.
    SignedWords("signed word", b"W"): (MatterId, DivisionCode, bool) => matters::Kept;
    /// Sequence numbers seen in a flow.
    Flows("envelopes seen of a flow", b"f"): FlowKey => Seen;
    /// Reasons why envelopes of a flow were refused.
    RefusedEnvelopes("envelope refused", b"x"): (FlowKey, u64) => u32;
    /// The last sequence number that this node used in a flow of its own.
    OwnFlows("last number in an own flow", b"s"): (EpochId, Destination, Lane) => u64;
    /// Memory of neighbours.
    Peers("what is remembered of a neighbour", b"p"): DivisionCode => inbox::PeerMemory;
    /// Times through which other divisions told this node everything.
    Watermarks("how far others told", b"H"): () => Vec<(DivisionCode, Timestamp)>;
    /// Neighbours that this node awaits since its store went back in time.
    Awaited("who is waited for", b"Za"): () => inbox::Awaited;
    /// Matters to continue with when no neighbour is awaited any more.
    Learnt("matter that is gone on with", b"Zl"): MatterId => ();
    /// Matters that arrived after the store went back in time.
    Sure("matter no lost epoch had as it is", b"Zs"): MatterId => ();
    /// The backup that this store was made of.
    Restored("backup this store was made of", b"Zo"): () => inbox::Restored;
    /// Mark that the parent refused this machine because another one has its identity.
    StandsAside("parent refused this machine", b"Zr"): () => ();
    /// Progress of showing a neighbour what this node knows.
    Shows("what a neighbour was shown", b"Zn"): DivisionCode => inbox::Shows;
    /// States of a matter that do not count, because others contradict them.
    SetAside("states set aside", b"Zx"): MatterId => Vec<Matter>;
    /// Sums of figures.
    Sums("sum of figures", b"q"): CellKey => Counters;
    /// Sums as the parent counts them, where it counts more coarsely.
    UpwardSums("sum as the parent counts it", b"u"): CellKey => Counters;
    /// The last report of a child on a cell.
    HeardCells("what a child said of a cell", b"h"): (DivisionCode, CellKey) => Heard;
    /// Reports of a child on a cell in an epoch whose set is not complete yet.
    StagedCells("what is staged of a child", b"n"): (DivisionCode, CellKey) => Heard;
    /// Epochs of a child's store that its cells belong to.
    ChildEpochs("epochs of a child's cells", b"l"): DivisionCode => EpochSet;
    /// State of the figures of a child.
    ChildFigures("figures of a child", b"Gf"): DivisionCode => figures::Account;
    /// Cells of a child that are set apart.
    CellsApart("cell kept apart", b"Ga"): (DivisionCode, CellKey) => figures::SetApart;
    /// Number of cells of a child on a day.
    CellsOnDay("cells of a child on a day", b"Gd"): (DivisionCode, Day) => u32;
    /// Balance of a division for one origin and category over all days, by the reports of a child.
    Balances("balance by a child", b"Gb"): (DivisionCode, DivisionCode, DivisionCode, Category) => Counters;
    /// Acts of a child on matters of one origin, by their steps and by its own reports.
    Dealings("dealings of a child", b"Gt"): (DivisionCode, DivisionCode) => domain::rollup::Dealings;
    /// Categories that a policy in force here listed once.
    KnownCategories("category once listed", b"Gc"): Category => ();
    /// The latest version of a template known to this node.
    Templates("latest version of a template", b"t"): TemplateKey => templates::TemplateRecord;
    /// The latest word on the rollout of a template.
    Rollouts("rollout of a template", b"Yr"): TemplateKey => templates::RolloutRecord;
    /// The version for all before the latest one, of own templates.
    EarlierTemplates("earlier version of a template", b"Ye"): TemplateKey => Template;
    /// Templates that wait for a second person to issue them, and how others ended, by their number.
    Proposals("proposed template", b"Yp"): u32 => Proposal;
    /// Lists of current versions, by their issuer; also this node's own.
    TemplateLists("list of current templates", b"Yl"): DivisionCode => templates::ListRecord;
    /// Templates in force.
    TemplatesInForce("template in force", b"i"): TemplateKey => Template;
    /// The highest version of an own template that others have and this store has lost.
    LostVersions("lost version of a template", b"v"): TemplateKey => u32;
    /// Reports of children on the adoption of a template.
    Adoptions("what a child did with a template", b"y"): AdoptionKey => AdoptionReport;
    /// Since when an item of a template is demanded here, by its name.
    DemandedSince("since when an item is demanded", b"Ds"): String => Timestamp;
    /// Disclosures.
    Disclosures("disclosure", b"Dp"): DisclosureId => Disclosure;
    /// Published editions.
    Editions("edition of a disclosure", b"De"): (DisclosureId, u32) => Edition;
    /// Index of disclosures by the last day that they are about.
    DisclosureLines("line of the disclosures", b"Dl"): (Day, DisclosureId) => Line;
    /// Files of a disclosure, by their number in it.
    DisclosureFiles("file of a disclosure", b"Df"): (DisclosureId, u32, Part) => files::Kept;
    /// What villagers ask to be made public.
    Pleas("plea", b"Dq"): PleaId => Plea;
    /// Marks of those who support a plea.
    PleaSupports("support of a plea", b"Du"): (PleaId, Digest) => ();
    /// How many residents there are.
    ResidentCount("number of residents", b"Dv"): () => Residents;
    /// Which materials of an application are there.
    MaterialChecks("materials of an application", b"Gm"): MatterId => MaterialCheck;
    /// Data of a matter that say nothing of a person. They outlive the erasure of its text.
    MatterData("data of a matter", b"Ge"): MatterId => matters::MatterData;
    /// Matters in which somebody objects to a disclosure.
    Objections("objection to a disclosure", b"Do"): (DisclosureId, MatterId) => Timestamp;
    /// What this division and its children say of their disclosures, by month and class.
    Compliance("how disclosures were made", b"Dc"): (Month, Class, DivisionCode) => ComplianceReport;
    /// When what is said of the disclosures of this division is looked at next.
    ComplianceDue("when disclosures fall due", b"Dn"): () => Timestamp;
    /// What this node and its children say of how the nodes below them are.
    Healths("how nodes are", b"Nh"): DivisionCode => HealthReport;
    /// Posts on boards.
    Posts("post on a board", b"Bp"): PostId => Post;
    /// Posts of a board: the pinned ones first, then the newest, by how far its time lies before the end of all times.
    PostIndex("place of a post on its board", b"Bi"): (BoardCode, bool, u64, PostId) => ();
    /// Answers to a post.
    PostAnswers("answer to a post", b"Ba"): (PostId, u32) => Answer;
    /// Files of a post, by the place of the photo.
    PostFiles("file of a post", b"Bf"): (PostId, u32, Part) => files::Kept;
    /// When something of a post is to be deleted.
    PostsDue("when something of a post is deleted", b"Bd"): (Timestamp, PostId) => ();
    /// Households.
    Households("household", b"Ch"): HouseholdId => Household;
    /// Number of the last household.
    HouseholdCount("number of the last household", b"Cn"): () => u32;
    /// Ratings of households.
    Ratings("rating of a household", b"Cr"): RatingId => Rating;
    /// Ratings of a household: the newest first, by how far its time lies before the end of all times.
    RatingsOf("place of a rating in its household", b"Co"): (HouseholdId, u64, RatingId) => ();
    /// The rating of an item of a household in the days that begin with this one.
    RatingSlots("rating of an item in its days", b"Cs"): (HouseholdId, Day, String) => RatingId;
    /// Sums of ratings, by the first day of the period, household and item.
    Tallies("sum of ratings", b"Ct"): (Day, HouseholdId, String) => Tally;
    /// Files of a rating, by the place of the photo.
    RatingFiles("file of a rating", b"Cf"): (RatingId, u32, Part) => files::Kept;
    /// Matters in which a household objects to a rating.
    RatingObjections("objection to a rating", b"Cj"): (RatingId, MatterId) => Timestamp;
    /// When a rating is deleted.
    RatingsDue("when a rating is deleted", b"Cd"): (Timestamp, RatingId) => ();
    /// Points of households: what they earned, and what they gave.
    Purses("points of a household", b"Cp"): HouseholdId => Purse;
    /// What households give points for.
    Rewards("reward for points", b"Ca"): RewardId => Reward;
    /// Exchanges of points, and what takes one back.
    Exchanges("exchange of points", b"Cx"): ExchangeId => Exchange;
    /// Exchanges of a household: the newest first, by how far its time lies before the end of all times.
    ExchangesOf("place of an exchange in its household", b"Cy"): (HouseholdId, u64, ExchangeId) => ();
    /// What takes an exchange back.
    TakenBack("what takes an exchange back", b"Cb"): ExchangeId => ExchangeId;
    /// Sums of exchanges, by the first day of the period and reward.
    ExchangeSums("sum of exchanges", b"Cz"): (Day, RewardId) => ExchangeSum;
    /// Key statements of other divisions, signed.
    KeyStatements("key statement", b"k"): (DivisionCode, KeyId) => Plain;
    /// Key statements that concern this node, whether they count or not.
    StatedKeys("key statement that concerns this node", b"Js"): (DivisionCode, KeyId) => keys::Stated;
    /// Invitations of children, by the public half of their key.
    Invitations("invitation of a child", b"Ji"): (DivisionCode, Digest) => Invitation;
    /// Grants that were given for invitations, as they were sent.
    Grants("grant of an invitation", b"Jg"): (DivisionCode, Digest) => Bytes;
    /// Children that came back after their certificate ended, or wait for a person.
    Readmitted("readmissions of a child", b"Jr"): DivisionCode => Readmissions;
    /// Files that went to a neighbour and came from it.
    CourierLedgers("courier files of a neighbour", b"Uc"): DivisionCode => courier::CourierLedger;
    /// Outcomes of segments that came in courier files and go back in the next one, by lane and number of the segment.
    CourierAnswers("answer that the courier takes back", b"Ua"): (DivisionCode, Lane, u64) => domain::courier::SegmentAnswer;
    /// Revocations.
    Revocations("revocation", b"R"): (DivisionCode, KeyId) => keys::RevocationRecord;
    /// Logs of this node, by the life of the store.
    LogStates("state of a log", b"Ts"): EpochId => log::LogState;
    /// Entries that are not packed yet, by epoch and position.
    LogEntries("entry of a log", b"Te"): (EpochId, u64) => Plain;
    /// Full bundles of entries.
    LogBundles("bundle of a log", b"Tb"): (EpochId, u64) => Plain;
    /// Tiles of hashes, by level and position; those above the lowest level also while they are not full.
    LogTiles("tile of a log", b"Th"): (EpochId, u32, u64) => Plain;
    /// Heads of this node's logs, as they were said to those who countersign them.
    HeadsSaid("head that was said", b"Tp"): EpochId => log::HeadSaid;
    /// Heads of this node's logs with countersignatures, by their size.
    CountersignedHeads("countersigned head", b"Tr"): (EpochId, u64) => log::Countersigned;
    /// Logs of divisions below that this node countersigns.
    WitnessedLogs("log of a division below", b"Tc"): (DivisionCode, EpochId) => log::WitnessedLog;
    /// Evidence that a log of a division below contradicts itself, by the digest of the log's name.
    LogEvidences("evidence against a log", b"Tv"): (DivisionCode, Digest) => log::LogEvidence;
    /// What opens the leaves about a matter, in the order of the log.
    LeafOpenings("openings of leaves about a matter", b"Tl"): (MatterId, EpochId) => Vec<log::LeafOpening>;
    /// The same, of leaves from before 2026-12, a record each.
    MatterLeaves("leaf about a matter", b"Tm"): (MatterId, EpochId, u64) => log::MatterLeaf;
    /// Leaves about an edition of a disclosure.
    EditionLeaves("leaf about an edition", b"Tn"): (DisclosureId, u32, EpochId, u64) => disclosures::EditionLeaf;
    /// Standing alarms, by the neighbour they are about.
    Alarms("alarm", b"K"): (Option<DivisionCode>, AlarmKind) => Alarm;
    /// Uploads.
    Uploads("upload", b"Fu"): UploadId => files::Upload;
    /// Drafts of reports, by the digest of their key.
    Drafts("draft", b"Dd"): Digest => domain::draft::Draft;
    /// What was typed in a draft, sealed under its key.
    DraftWords("words of a draft", b"Dw"): Digest => domain::seal::SealedForBearer;
    /// What a reporter wrote, sealed under the slip that was given for it.
    OwnWords("words of a reporter", b"Dr"): MatterId => domain::seal::SealedForBearer;
    /// Files that are being fetched.
    Fetches("file being fetched", b"Ff"): Digest => files::Progress;
    /// Files of matters that are kept here.
    Files("file of a matter", b"Fm"): (MatterId, FileNo, Part) => files::Kept;
    /// Total size of uploads and files in bytes.
    FileBytes("bytes of all files", b"Fs"): () => u64;
    /// Owners of a kept file, by the key of their record.
    FileOwners("owner of a file", b"Fo"): (Digest, Bytes) => Plain;
    /// Counters of accounts and grids.
    Census("counts of people", b"Pc"): () => people::Census;
    /// Accounts.
    Accounts("account", b"Pa"): AccountId => Account;
    /// Account of a login.
    Logins("whose a login is", b"Pl"): String => AccountId;
    /// Hashes of passwords.
    Passwords("password", b"Ph"): AccountId => people::PasswordHash;
    /// Wrong passwords for an account from one network.
    Failures("wrong passwords from a network", b"Pf"): (AccountId, Digest) => domain::people::Failures;
    /// Wrong passwords for an account from anywhere.
    Guesses("wrong passwords from anywhere", b"Px"): AccountId => domain::people::Failures;
    /// Account linked to a name at a provider, by the digest of the name.
    ExternalOwners("whose a name at a provider is", b"Pp"): Digest => AccountId;
    /// Name at a provider to which an account is linked.
    ExternalIdentities("name at a provider", b"Pi"): AccountId => ExternalIdentity;
    /// Lists of matters that a person saved.
    SavedLists("saved lists of a person", b"Pv"): AccountId => domain::people::SavedLists;
    /// Texts for frequent replies, by their names.
    ReplyTexts("text for frequent replies", b"Pe"): String => ReplyText;
    /// Until which step an account has seen an open matter.
    SeenMatters("what an account has seen of a matter", b"Pw"): (AccountId, MatterId) => Timestamp;
    /// Sessions, by the digest of their token.
    Sessions("session", b"Ps"): Digest => people::Session;
    /// Sessions of an account, by the digest of their token.
    SessionsOf("session of a person", b"Pb"): (AccountId, Digest) => ();
    /// Last day on which a person signed in.
    LastSignIns("last day of a sign-in", b"Pj"): AccountId => people::LastSignIn;
    /// The setup code of the node.
    Setups("setup code", b"Pn"): () => people::Setup;
    /// API keys, by the digest of their token.
    ApiKeys("API key", b"Pk"): Digest => ApiKey;
    /// Grids.
    Grids("grid", b"Pg"): GridId => Grid;
    /// Account that reported a matter.
    Reporters("who reported a matter", b"Pm"): MatterId => Actor;
    /// Slips of a matter, by their digest.
    ReporterTokens("token of a reporter", b"Pr"): (MatterId, Digest) => Timestamp;
    /// Records of idempotency keys.
    Idempotency("what was done once", b"Po"): Digest => people::Done;
    /// Keys to delete, by time.
    Deletions("what is to be deleted", b"Pd"): (Timestamp, Bytes) => Plain;
    /// The audit trail.
    AuditTrail("audit entry", b"A"): u64 => Written<AuditEntry>;
    /// The end of the audit trail.
    AuditHead("end of the audit trail", b"Pt"): () => domain::audit::AuditHead;
    /// Counters of the feed.
    FeedCounts("counts of changes", b"Ec"): () => feed::Counts;
    /// Changes of one unit, by the number of the last.
    Feed("changes of one unit", b"El"): u64 => Vec<Change>;
    /// Webhooks.
    Webhooks("webhook", b"Eh"): HookId => Hook;
    /// Progress of a webhook.
    WebhookProgress("how far a webhook has come", b"Ep"): HookId => Course;
    /// Secret of a webhook, sealed.
    WebhookSecrets("secret of a webhook", b"Es"): HookId => webhooks::SealedSecret;
}

/// Returns what every table of a node is, those of the outbox among them.
pub fn all() -> impl Iterator<Item = &'static Description> {
    OFFICE.iter().chain(OUTBOX)
}

#[cfg(test)]
mod golden;
