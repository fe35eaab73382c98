//! What is asked of the holder of a matter, whoever that is.

use api::{Plea, WishRequest};
use clap::Subcommand;
use domain::{
    ids::MatterId,
    matter::{Audience, Satisfaction},
};

use super::{Done, labels, one_of};

#[derive(Debug, Subcommand)]
pub(super) enum Wish {
    /// Asks the holder to hand back a matter sent from here (召回); the answer comes later
    ///
    /// Examples:
    ///   wujitong matter recall 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Recall {
        /// Its number
        id: MatterId,
    },
    /// Says for the reporter that a closed matter is not solved; it is opened again
    ///
    /// Examples:
    ///   wujitong matter contest 330825002222-1f3a9c04-17 --note "灯又不亮了"
    #[command(verbatim_doc_comment)]
    Contest {
        /// Its number
        id: MatterId,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Asks for the reporter that the tier above decides a closed matter anew (复查, 复核)
    ///
    /// Examples:
    ///   wujitong matter review 330825002222-1f3a9c04-17 --note "对处理意见不服"
    #[command(verbatim_doc_comment)]
    Review {
        /// Its number
        id: MatterId,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Takes a matter back for its reporter (撤回)
    ///
    /// Examples:
    ///   wujitong matter withdraw 330825002222-1f3a9c04-17
    #[command(verbatim_doc_comment)]
    Withdraw {
        /// Its number
        id: MatterId,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Notes that a division above wants a matter done (督办)
    ///
    /// Examples:
    ///   wujitong matter supervise 330825002222-1f3a9c04-17 --node 330825 --note "请三日内办结"
    #[command(verbatim_doc_comment)]
    Supervise {
        /// Its number
        id: MatterId,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Records how satisfied the reporter is (回访)
    ///
    /// Examples:
    ///   wujitong matter rate 330825002222-1f3a9c04-17 --satisfaction satisfied
    #[command(verbatim_doc_comment)]
    Rate {
        /// Its number
        id: MatterId,
        /// How satisfied
        #[arg(long, value_parser = one_of::<Satisfaction>(&labels::SATISFACTIONS))]
        satisfaction: Satisfaction,
        /// A remark
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Asks the holder, as a division above, to close a matter as the same as another (并案)
    ///
    /// A matter that is held here is merged at once with `wujitong matter merge`.
    ///
    /// Examples:
    ///   wujitong matter ask-merge 330825002222-1f3a9c04-17 --into 330825002222-1f3a9c04-9 --node 330825
    #[command(verbatim_doc_comment)]
    AskMerge {
        /// Its number
        id: MatterId,
        /// The other's number
        #[arg(long, value_name = "NUMBER")]
        into: MatterId,
        /// A remark
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
        /// Its number
        id: MatterId,
        /// For whom
        #[arg(long, value_parser = one_of::<Audience>(&labels::AUDIENCES), default_value = "offices")]
        audience: Audience,
        /// What is to be said
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
}

impl Wish {
    pub(super) fn request(self) -> Done {
        let (id, plea, note) = match self {
            Self::Recall { id } => (id, Plea::Recall, None),
            Self::Contest { id, note } => (id, Plea::Contest, Some(note)),
            Self::Review { id, note } => (id, Plea::Review, Some(note)),
            Self::Withdraw { id, note } => (id, Plea::Withdraw, note),
            Self::Supervise { id, note } => (id, Plea::Supervise, Some(note)),
            Self::Rate {
                id,
                satisfaction,
                note,
            } => (id, Plea::Rate { satisfaction }, note),
            Self::AskMerge { id, into, note } => (id, Plea::Merge { into }, note),
            Self::Remark { id, audience, note } => (id, Plea::Remark { audience }, Some(note)),
        };
        Done::Wish(id, WishRequest { plea, note })
    }
}
