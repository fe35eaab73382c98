//! Requests to the holder of a matter, whichever division that is.

use api::{HolderRequest, RequestAction};
use clap::Subcommand;
use domain::{
    ids::MatterId,
    matter::{Audience, Satisfaction},
};

use super::{Done, one_of, some_of};

const BEST_FIRST: [Satisfaction; 3] = [
    Satisfaction::Satisfied,
    Satisfaction::Fair,
    Satisfaction::Dissatisfied,
];

#[derive(Debug, Subcommand)]
pub(super) enum RequestCommand {
    /// Asks the holder to hand back a matter sent from here (召回); the answer comes later
    ///
    /// Examples:
    ///   wujitong matter recall 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Recall {
        /// Number of the matter
        id: MatterId,
    },
    /// Contests the closing of a matter on behalf of the reporter; the matter is reopened
    ///
    /// Examples:
    ///   wujitong matter contest 330825002222-1f3a9c04-17 --note "灯又不亮了"
    #[command(verbatim_doc_comment)]
    Contest {
        /// Number of the matter
        id: MatterId,
        /// Text of the request
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Asks the tier above to decide a closed matter again, on behalf of the reporter (复查, 复核)
    ///
    /// Examples:
    ///   wujitong matter review 330825002222-1f3a9c04-17 --note "对处理意见不服"
    #[command(verbatim_doc_comment)]
    Review {
        /// Number of the matter
        id: MatterId,
        /// Text of the request
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Withdraws a matter on behalf of its reporter (撤回)
    ///
    /// Examples:
    ///   wujitong matter withdraw 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Withdraw {
        /// Number of the matter
        id: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Supervises a matter as a division above (督办)
    ///
    /// Examples:
    ///   wujitong matter supervise 330825002222-1f3a9c04-17 --node 330825 --note "请三日内办结"
    #[command(verbatim_doc_comment)]
    Supervise {
        /// Number of the matter
        id: MatterId,
        /// Text of the request
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Records how satisfied the reporter is (回访)
    ///
    /// Examples:
    ///   wujitong matter rate 330825002222-1f3a9c04-17 --satisfaction satisfied
    #[command(verbatim_doc_comment)]
    Rate {
        /// Number of the matter
        id: MatterId,
        /// Satisfaction of the reporter
        #[arg(long, value_parser = some_of(&BEST_FIRST))]
        satisfaction: Satisfaction,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Asks the holder, as a division above, to close a matter as a duplicate (并案)
    ///
    /// To merge a matter that is held here, use `wujitong matter merge`.
    ///
    /// Examples:
    ///   wujitong matter ask-merge 330825002222-1f3a9c04-17 --into 330825002222-1f3a9c04-9 --node 330825
    #[command(verbatim_doc_comment)]
    AskMerge {
        /// Number of the matter
        id: MatterId,
        /// Number of the other matter
        #[arg(long, value_name = "NUMBER")]
        into: MatterId,
        /// Remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Adds a comment, wherever the matter is
    ///
    /// Examples:
    ///   wujitong matter remark 330825002222-1f3a9c04-17 --note "已电话联系当事人"
    ///   wujitong matter remark 330825002222-1f3a9c04-17 --audience reporter --note "请补充照片"
    #[command(verbatim_doc_comment)]
    Remark {
        /// Number of the matter
        id: MatterId,
        /// Audience of the comment
        #[arg(long, value_parser = one_of::<Audience>(), default_value = "offices")]
        audience: Audience,
        /// Text of the comment
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

impl RequestCommand {
    pub(super) fn request(self) -> Done {
        let (id, action, note) = match self {
            Self::Recall { id } => (id, RequestAction::Recall, None),
            Self::Contest { id, note } => (id, RequestAction::Contest, Some(note)),
            Self::Review { id, note } => (id, RequestAction::Review, Some(note)),
            Self::Withdraw { id, note } => (id, RequestAction::Withdraw, note),
            Self::Supervise { id, note } => (id, RequestAction::Supervise, Some(note)),
            Self::Rate {
                id,
                satisfaction,
                note,
            } => (id, RequestAction::Rate { satisfaction }, note),
            Self::AskMerge { id, into, note } => (id, RequestAction::Merge { into }, note),
            Self::Remark { id, audience, note } => {
                (id, RequestAction::Remark { audience }, Some(note))
            }
        };
        Done::Request(id, HolderRequest { action, note })
    }
}
