//! What the holder does with a matter.

use std::path::PathBuf;

use api::{ActRequest, Ending, MatterAction};
use clap::Subcommand;
use domain::{
    category::{Platform, Priority},
    clock::{ExtensionReason, PauseReason, Stage},
    ids::MatterId,
    matter::{Department, Ground, Publicity, Reason},
};
use topology::DivisionCode;

use super::{Done, labels, one_of};

#[derive(Debug, Subcommand)]
pub(super) enum Work {
    /// Takes a matter on (受理)
    ///
    /// Examples:
    ///   wujitong matter accept 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Accept {
        /// Its number
        id: MatterId,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Does not take a matter on (不予受理), and says why
    ///
    /// Examples:
    ///   wujitong matter reject 330825002222-1f3a9c04-17 --reason judicial --note "法院已立案"
    #[command(verbatim_doc_comment)]
    Reject {
        /// Its number
        id: MatterId,
        /// Why
        #[arg(long, value_parser = one_of::<Reason>(&labels::REJECTIONS))]
        reason: Reason,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Gives a matter to a platform, an office or a person of this division (派遣)
    ///
    /// Examples:
    ///   wujitong matter dispatch 330825002222-1f3a9c04-17 --platform enforcement --department chengguan
    #[command(verbatim_doc_comment)]
    Dispatch {
        /// Its number
        id: MatterId,
        /// One of the four platforms
        #[arg(long, value_parser = one_of::<Platform>(&labels::PLATFORMS))]
        platform: Platform,
        /// The code of an office posted there
        #[arg(long, value_name = "CODE")]
        department: Option<Department>,
        /// The number of a person's account
        #[arg(long, value_name = "NUMBER")]
        officer: Option<u64>,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Records a piece of work (处置)
    ///
    /// Examples:
    ///   wujitong matter handle 330825002222-1f3a9c04-17 --note "已派电工"
    #[command(verbatim_doc_comment)]
    Handle {
        /// Its number
        id: MatterId,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// A photo or document that belongs to it; may be given several times
        #[arg(long, value_name = "FILE")]
        attach: Vec<PathBuf>,
    },
    /// Says what came of the work (反馈)
    ///
    /// Examples:
    ///   wujitong matter feedback 330825002222-1f3a9c04-17 --note "灯已修好"
    #[command(verbatim_doc_comment)]
    Feedback {
        /// Its number
        id: MatterId,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// A photo or document that belongs to it; may be given several times
        #[arg(long, value_name = "FILE")]
        attach: Vec<PathBuf>,
    },
    /// Looks whether it is done (核查)
    ///
    /// Where policy says so (`verify_by_another`: everywhere above villages unless a template says
    /// otherwise), whoever handled the matter or reported back on it does not verify it too.
    ///
    /// Examples:
    ///   wujitong matter verify 330825002222-1f3a9c04-17
    ///   wujitong matter verify 330825002222-1f3a9c04-17 --failed --note "仍不亮"
    #[command(verbatim_doc_comment)]
    Verify {
        /// Its number
        id: MatterId,
        /// It is not done; the work goes on
        #[arg(long)]
        failed: bool,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Ends the work on a matter (结案)
    ///
    /// Examples:
    ///   wujitong matter close 330825002222-1f3a9c04-17 --note "灯已修好，报送人已看过"
    ///   wujitong matter close 330825002222-1f3a9c04-17 --outcome unfounded --note "现场未发现"
    #[command(verbatim_doc_comment)]
    Close {
        /// Its number
        id: MatterId,
        /// How it ended
        #[arg(long, value_parser = one_of::<Ending>(&labels::OUTCOMES), default_value = "solved")]
        outcome: Ending,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Hands a matter to a tier above (上报)
    ///
    /// Examples:
    ///   wujitong matter escalate 330825002222-1f3a9c04-17
    ///   wujitong matter escalate 330825002222-1f3a9c04-17 --to 330825 --note "需县里协调"
    #[command(verbatim_doc_comment)]
    Escalate {
        /// Its number
        id: MatterId,
        /// Which division above; the parent if left out
        #[arg(long, value_name = "CODE")]
        to: Option<DivisionCode>,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Hands a matter to a division below (交办)
    ///
    /// Examples:
    ///   wujitong matter assign 330825002222-1f3a9c04-17 --to 330825001 --node 330825
    #[command(verbatim_doc_comment)]
    Assign {
        /// Its number
        id: MatterId,
        /// Which division below
        #[arg(long, value_name = "CODE")]
        to: DivisionCode,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Hands a matter back to whoever sent it here (退回)
    ///
    /// Examples:
    ///   wujitong matter return 330825002222-1f3a9c04-17 --note "不属本级职责"
    #[command(verbatim_doc_comment)]
    Return {
        /// Its number
        id: MatterId,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Says that a matter is not for this division (职责异议); the division above both decides
    ///
    /// Examples:
    ///   wujitong matter object 330825002222-1f3a9c04-17 --ground competence --note "属自然资源部门职责"
    #[command(verbatim_doc_comment)]
    Object {
        /// Its number
        id: MatterId,
        /// Why not
        #[arg(long, value_parser = one_of::<Ground>(&labels::GROUNDS))]
        ground: Ground,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Decides whose a matter is that was objected to (裁定); it cannot be handed back
    ///
    /// Examples:
    ///   wujitong matter arbitrate 330825002222-1f3a9c04-17 --to 330825001 --node 330825
    #[command(verbatim_doc_comment)]
    Arbitrate {
        /// Its number
        id: MatterId,
        /// The division below that must handle it
        #[arg(long, value_name = "CODE")]
        to: DivisionCode,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Answers a question (答复)
    ///
    /// A public answer publishes the matter: anybody finds it. Only one that was reported with
    /// `--visibility public` is answered so.
    ///
    /// Examples:
    ///   wujitong matter reply 330825002222-1f3a9c04-17 --note "下周二前修好"
    ///   wujitong matter reply 330825002222-1f3a9c04-17 --publicity public --note "医保可在村里办理"
    #[command(verbatim_doc_comment)]
    Reply {
        /// Its number
        id: MatterId,
        /// Who may read the answer
        #[arg(long, value_parser = one_of::<Publicity>(&labels::PUBLICITIES), default_value = "private")]
        publicity: Publicity,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Puts a matter into another category (改类)
    ///
    /// Examples:
    ///   wujitong matter recategorise 330825002222-1f3a9c04-17 --category enforcement/road
    #[command(verbatim_doc_comment)]
    Recategorise {
        /// Its number
        id: MatterId,
        /// Category: platform/word
        #[arg(long, value_name = "CODE")]
        category: String,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Changes how urgent a matter is
    ///
    /// Examples:
    ///   wujitong matter prioritise 330825002222-1f3a9c04-17 --priority urgent
    #[command(verbatim_doc_comment)]
    Prioritise {
        /// Its number
        id: MatterId,
        /// How urgent
        #[arg(long, value_parser = one_of::<Priority>(&labels::PRIORITIES))]
        priority: Priority,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Stops the clocks of the work (暂停计时), within what policy allows
    ///
    /// Examples:
    ///   wujitong matter pause 330825002222-1f3a9c04-17 --reason expert --note "等待检测报告"
    #[command(verbatim_doc_comment)]
    Pause {
        /// Its number
        id: MatterId,
        /// Why
        #[arg(long, value_parser = one_of::<PauseReason>(&labels::PAUSES))]
        reason: PauseReason,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Lets stopped clocks run again (恢复计时)
    ///
    /// Examples:
    ///   wujitong matter resume 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Resume {
        /// Its number
        id: MatterId,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Stretches a clock once (延期), within what policy allows
    ///
    /// Examples:
    ///   wujitong matter extend 330825002222-1f3a9c04-17 --by 5wd --reason works --note "需更换电缆"
    #[command(verbatim_doc_comment)]
    Extend {
        /// Its number
        id: MatterId,
        /// Which clock
        #[arg(long, default_value = "finish")]
        stage: Stage,
        /// By how much: 5wd, 2wh, 30d or 24h
        #[arg(long, value_name = "LENGTH")]
        by: String,
        /// Why
        #[arg(long, value_parser = one_of::<ExtensionReason>(&labels::EXTENSIONS))]
        reason: ExtensionReason,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Closes a matter as the same as another (并案), where the work goes on
    ///
    /// For one that another division holds: `wujitong matter ask-merge`.
    ///
    /// Examples:
    ///   wujitong matter merge 330825002222-1f3a9c04-17 --into 330825002222-1f3a9c04-9
    #[command(verbatim_doc_comment)]
    Merge {
        /// Its number
        id: MatterId,
        /// The other's number
        #[arg(long, value_name = "NUMBER")]
        into: MatterId,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

impl Work {
    pub(super) fn request(self) -> Done {
        let mut files = vec![];
        let (id, deed, note) = match self {
            Self::Accept { id, note } => (id, MatterAction::Accept, note),
            Self::Reject { id, reason, note } => (id, MatterAction::Reject { reason }, Some(note)),
            Self::Dispatch {
                id,
                platform,
                department,
                officer,
                note,
            } => (
                id,
                MatterAction::Dispatch {
                    platform,
                    department,
                    officer,
                },
                note,
            ),
            Self::Handle { id, note, attach } => {
                files = attach;
                (id, MatterAction::Handle, Some(note))
            }
            Self::Feedback { id, note, attach } => {
                files = attach;
                (id, MatterAction::Feedback, Some(note))
            }
            Self::Verify { id, failed, note } => {
                (id, MatterAction::Verify { passed: !failed }, note)
            }
            Self::Close { id, outcome, note } => (id, MatterAction::Close { outcome }, Some(note)),
            Self::Escalate { id, to, note } => (id, MatterAction::Escalate { to }, note),
            Self::Assign { id, to, note } => (id, MatterAction::Assign { to }, note),
            Self::Return { id, note } => (id, MatterAction::Return, note),
            Self::Object { id, ground, note } => (id, MatterAction::Object { ground }, Some(note)),
            Self::Arbitrate { id, to, note } => (id, MatterAction::Arbitrate { to }, note),
            Self::Reply {
                id,
                publicity,
                note,
            } => (id, MatterAction::Reply { publicity }, Some(note)),
            Self::Recategorise { id, category, note } => {
                (id, MatterAction::Recategorise { category }, note)
            }
            Self::Prioritise { id, priority, note } => {
                (id, MatterAction::Prioritise { priority }, note)
            }
            Self::Pause { id, reason, note } => (id, MatterAction::Pause { reason }, Some(note)),
            Self::Resume { id, note } => (id, MatterAction::Resume, note),
            Self::Extend {
                id,
                stage,
                by,
                reason,
                note,
            } => (id, MatterAction::Extend { stage, by, reason }, Some(note)),
            Self::Merge { id, into, note } => (id, MatterAction::Merge { into }, note),
        };
        let request = ActRequest {
            deed,
            note,
            attachments: vec![],
        };
        Done::Act(id, request, files)
    }
}
