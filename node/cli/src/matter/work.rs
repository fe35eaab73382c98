//! Actions of the holder on a matter.

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

use super::{Done, one_of};

#[derive(Debug, Subcommand)]
pub(super) enum Work {
    /// Accepts a matter (受理)
    ///
    /// Examples:
    ///   wujitong matter accept 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Accept {
        /// Number of the matter
        id: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Rejects a matter with a reason (不予受理)
    ///
    /// Examples:
    ///   wujitong matter reject 330825002222-1f3a9c04-17 --reason judicial --note "法院已立案"
    #[command(verbatim_doc_comment)]
    Reject {
        /// Number of the matter
        id: MatterId,
        /// The reason
        #[arg(long, value_parser = one_of::<Reason>())]
        reason: Reason,
        /// Explanation for the reporter
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Gives a matter to a platform, a department or a person of this division (派遣)
    ///
    /// Examples:
    ///   wujitong matter dispatch 330825002222-1f3a9c04-17 --platform enforcement --department chengguan
    #[command(verbatim_doc_comment)]
    Dispatch {
        /// Number of the matter
        id: MatterId,
        /// One of the four platforms
        #[arg(long, value_parser = one_of::<Platform>())]
        platform: Platform,
        /// Code of the department posted at that platform
        #[arg(long, value_name = "CODE")]
        department: Option<Department>,
        /// Number of the account of the officer
        #[arg(long, value_name = "NUMBER")]
        officer: Option<u64>,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Records a piece of work (处置)
    ///
    /// Examples:
    ///   wujitong matter handle 330825002222-1f3a9c04-17 --note "已派电工"
    #[command(verbatim_doc_comment)]
    Handle {
        /// Number of the matter
        id: MatterId,
        /// Description of the work
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// Photo or document that belongs to it; may be repeated
        #[arg(long, value_name = "FILE")]
        attach: Vec<PathBuf>,
    },
    /// Reports the result of the work (反馈)
    ///
    /// Examples:
    ///   wujitong matter feedback 330825002222-1f3a9c04-17 --note "灯已修好"
    #[command(verbatim_doc_comment)]
    Feedback {
        /// Number of the matter
        id: MatterId,
        /// Description of the result
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// Photo or document that belongs to it; may be repeated
        #[arg(long, value_name = "FILE")]
        attach: Vec<PathBuf>,
    },
    /// Records a visit to the place, and what was found there (到场)
    ///
    /// Examples:
    ///   wujitong matter visit 330825002222-1f3a9c04-17 --note "三号杆不亮，线头脱落"
    #[command(verbatim_doc_comment)]
    Visit {
        /// Number of the matter
        id: MatterId,
        /// What was found
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// Photo or document that belongs to it; may be repeated
        #[arg(long, value_name = "FILE")]
        attach: Vec<PathBuf>,
    },
    /// Checks whether the work is done (核查)
    ///
    /// If policy says so (`verify_by_another`: everywhere above villages unless a template says
    /// otherwise), whoever handled the matter or gave the feedback may not verify it.
    ///
    /// Examples:
    ///   wujitong matter verify 330825002222-1f3a9c04-17
    ///   wujitong matter verify 330825002222-1f3a9c04-17 --failed --note "仍不亮"
    #[command(verbatim_doc_comment)]
    Verify {
        /// Number of the matter
        id: MatterId,
        /// The work is not done and goes on
        #[arg(long)]
        failed: bool,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Closes a matter (结案)
    ///
    /// Examples:
    ///   wujitong matter close 330825002222-1f3a9c04-17 --note "灯已修好，报送人已看过"
    ///   wujitong matter close 330825002222-1f3a9c04-17 --outcome unfounded --note "现场未发现"
    #[command(verbatim_doc_comment)]
    Close {
        /// Number of the matter
        id: MatterId,
        /// The outcome
        #[arg(long, value_parser = one_of::<Ending>(), default_value = "solved")]
        outcome: Ending,
        /// Explanation for the reporter
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
        /// Number of the matter
        id: MatterId,
        /// The division above; the parent if left out
        #[arg(long, value_name = "CODE")]
        to: Option<DivisionCode>,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Hands a matter to a division below (交办)
    ///
    /// Examples:
    ///   wujitong matter assign 330825002222-1f3a9c04-17 --to 330825001 --node 330825
    #[command(verbatim_doc_comment)]
    Assign {
        /// Number of the matter
        id: MatterId,
        /// The division below
        #[arg(long, value_name = "CODE")]
        to: DivisionCode,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Hands a matter back to where it came from (退回)
    ///
    /// Examples:
    ///   wujitong matter return 330825002222-1f3a9c04-17 --note "不属本级职责"
    #[command(verbatim_doc_comment)]
    Return {
        /// Number of the matter
        id: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Objects that a matter is not for this division (职责异议); the common parent decides
    ///
    /// Examples:
    ///   wujitong matter object 330825002222-1f3a9c04-17 --ground competence --note "属自然资源部门职责"
    #[command(verbatim_doc_comment)]
    Object {
        /// Number of the matter
        id: MatterId,
        /// The ground
        #[arg(long, value_parser = one_of::<Ground>())]
        ground: Ground,
        /// Explanation
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Decides an objection (裁定): the division named must handle the matter and cannot return it
    ///
    /// Examples:
    ///   wujitong matter arbitrate 330825002222-1f3a9c04-17 --to 330825001 --node 330825
    #[command(verbatim_doc_comment)]
    Arbitrate {
        /// Number of the matter
        id: MatterId,
        /// The division below that must handle it
        #[arg(long, value_name = "CODE")]
        to: DivisionCode,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Replies to the reporter (答复)
    ///
    /// A public reply publishes the matter, so that anybody can find it. It is possible only for a
    /// matter that was reported with `--visibility public`.
    ///
    /// Examples:
    ///   wujitong matter reply 330825002222-1f3a9c04-17 --note "下周二前修好"
    ///   wujitong matter reply 330825002222-1f3a9c04-17 --publicity public --note "医保可在村里办理"
    #[command(verbatim_doc_comment)]
    Reply {
        /// Number of the matter
        id: MatterId,
        /// Readers of the reply
        #[arg(long, value_parser = one_of::<Publicity>(), default_value = "private")]
        publicity: Publicity,
        /// Text of the reply
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Moves a matter to another category (改类)
    ///
    /// Examples:
    ///   wujitong matter recategorise 330825002222-1f3a9c04-17 --category enforcement/road
    #[command(verbatim_doc_comment)]
    Recategorise {
        /// Number of the matter
        id: MatterId,
        /// Category: platform/word
        #[arg(long, value_name = "CODE")]
        category: String,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Changes the priority of a matter
    ///
    /// Examples:
    ///   wujitong matter prioritise 330825002222-1f3a9c04-17 --priority urgent
    #[command(verbatim_doc_comment)]
    Prioritise {
        /// Number of the matter
        id: MatterId,
        /// The new priority
        #[arg(long, value_parser = one_of::<Priority>())]
        priority: Priority,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Stops the clocks of the work (暂停计时), within the limits of policy
    ///
    /// Examples:
    ///   wujitong matter pause 330825002222-1f3a9c04-17 --reason expert --note "等待检测报告"
    #[command(verbatim_doc_comment)]
    Pause {
        /// Number of the matter
        id: MatterId,
        /// The reason
        #[arg(long, value_parser = one_of::<PauseReason>())]
        reason: PauseReason,
        /// Explanation
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Restarts stopped clocks (恢复计时)
    ///
    /// Examples:
    ///   wujitong matter resume 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Resume {
        /// Number of the matter
        id: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Extends a clock once (延期), within the limits of policy
    ///
    /// Examples:
    ///   wujitong matter extend 330825002222-1f3a9c04-17 --by 5wd --reason works --note "需更换电缆"
    #[command(verbatim_doc_comment)]
    Extend {
        /// Number of the matter
        id: MatterId,
        /// The clock
        #[arg(long, default_value = "finish")]
        stage: Stage,
        /// Length of the extension: 5wd, 2wh, 30d or 24h
        #[arg(long, value_name = "LENGTH")]
        by: String,
        /// The reason
        #[arg(long, value_parser = one_of::<ExtensionReason>())]
        reason: ExtensionReason,
        /// Explanation
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Closes a matter as a duplicate of another one (并案), where the work continues
    ///
    /// For a matter that another division holds, use `wujitong matter ask-merge`.
    ///
    /// Examples:
    ///   wujitong matter merge 330825002222-1f3a9c04-17 --into 330825002222-1f3a9c04-9
    #[command(verbatim_doc_comment)]
    Merge {
        /// Number of the matter
        id: MatterId,
        /// Number of the other matter
        #[arg(long, value_name = "NUMBER")]
        into: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Makes a matter a part of a bundle (并入一件事); this node must hold both
    ///
    /// It stays a matter of its own, and the bundle can be closed only when it ended, too.
    ///
    /// Examples:
    ///   wujitong matter join 330825002222-1f3a9c04-17 --bundle 330825002222-1f3a9c04-9
    #[command(verbatim_doc_comment)]
    Join {
        /// Number of the matter
        id: MatterId,
        /// Number of the bundle
        #[arg(long, value_name = "NUMBER")]
        bundle: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

impl Work {
    pub(super) fn request(mut self) -> Done {
        let files = self.take_files();
        let (id, action, note) = match self {
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
            Self::Handle { id, note, .. } => (id, MatterAction::Handle, Some(note)),
            Self::Feedback { id, note, .. } => (id, MatterAction::Feedback, Some(note)),
            Self::Visit { id, note, .. } => (id, MatterAction::Visit, Some(note)),
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
            Self::Join { id, bundle, note } => (id, MatterAction::Join { bundle }, note),
        };
        let request = ActRequest {
            action,
            note,
            attachments: vec![],
        };
        Done::Act(id, request, files)
    }
    /// Takes out the files that are handed in with it.
    fn take_files(&mut self) -> Vec<PathBuf> {
        match self {
            Self::Handle { attach, .. }
            | Self::Feedback { attach, .. }
            | Self::Visit { attach, .. } => std::mem::take(attach),
            _ => vec![],
        }
    }
}
