//! `wujitong template propose`, `proposals`, `approve` and `decline`

use api::{
    DeclineProposal, Language, Named, ProposalLine, ProposalPerson, TemplateProposal,
    TemplateProposals, TemplateStatus,
};

use super::{Publish, status, values::differs};
use crate::{
    Failure, Output,
    labels::{Names, moment},
    language::{self, told},
    site::Asked,
    tables::{pairs, table},
};

/// Proposes a template, or its next version; another person issues it
///
/// A template binds everybody below, so nobody with an account issues one alone. It is checked as
/// if it were issued now.
///
/// Examples:
///   wujitong template propose finance.toml --kind disclosure --name finance --title "财务公开"
///   wujitong template propose days.toml --kind policy --name days --title "时限" --share 30
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Propose {
    #[command(flatten)]
    draft: Publish,
}

/// Lists proposed templates: those that wait for a second person, and those that ended
///
/// With a number it shows one: its content, and what it would change.
///
/// Examples:
///   wujitong template proposals
///   wujitong template proposals 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Proposals {
    /// Number of a proposal
    number: Option<u32>,
}

/// Issues a template that somebody else proposed
///
/// Read it first: `wujitong template proposals NUMBER`.
///
/// Examples:
///   wujitong template approve 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Approve {
    /// Number of the proposal
    number: u32,
}

/// Declines a proposed template, or takes back an own one
///
/// Examples:
///   wujitong template decline 3 --reason "villages have no such category"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Decline {
    /// Number of the proposal
    number: u32,
    /// Why, for its author
    #[arg(long)]
    reason: String,
}

impl Propose {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = self.draft.request()?;
        let path = asked.path("template-proposals");
        let made: Named<TemplateProposal> = asked.client.post(&path, &request).await?;
        output.facts(&made, || one(&made, language::of_terminal()))
    }
}

impl Proposals {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        if let Some(number) = self.number {
            let path = asked.path(&format!("template-proposals/{number}"));
            let shown: Named<TemplateProposal> = asked.client.get(&path).await?;
            return output.facts(&shown, || one(&shown, language::of_terminal()));
        }
        let path = asked.path("template-proposals");
        let all: Named<TemplateProposals> = asked.client.get(&path).await?;
        output.facts(&all, || {
            lines(&all.facts.proposals, language::of_terminal())
        })
    }
}

impl Approve {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("template-proposals/{}/approve", self.number));
        let issued: Named<TemplateStatus> = asked.client.post(&path, &()).await?;
        output.facts(&issued, || status(&issued))
    }
}

impl Decline {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("template-proposals/{}/decline", self.number));
        let reason = DeclineProposal {
            reason: self.reason,
        };
        let ended: Named<TemplateProposal> = asked.client.post(&path, &reason).await?;
        output.facts(&ended, || {
            lines(
                std::slice::from_ref(&ended.facts.proposal),
                language::of_terminal(),
            )
        })
    }
}

fn person(language: Language, person: &ProposalPerson) -> String {
    match (&person.name, person.account) {
        (Some(name), Some(account)) => format!("{name} ({account})"),
        (None, Some(account)) => format!("account {account}"),
        _ => told(language, "operator or program", "运维人员或程序").to_owned(),
    }
}

fn state(language: Language, line: &ProposalLine) -> String {
    let Some(end) = &line.end else {
        return match line.own {
            true => told(language, "waits for another person", "等另一个人审定").to_owned(),
            false => told(language, "waits for you", "等您审定").to_owned(),
        };
    };
    let by = person(language, &end.by);
    let at = moment(end.at_ms);
    match (end.version, &end.reason, language) {
        (Some(version), _, Language::Chinese) => format!("{at} {by} 下达为第 {version} 版"),
        (Some(version), _, Language::English) => format!("issued as version {version}, {at}, {by}"),
        (None, reason, Language::Chinese) => {
            format!("{at} {by} 退回：{}", reason.as_deref().unwrap_or_default())
        }
        (None, reason, Language::English) => {
            let reason = reason.as_deref().unwrap_or_default();
            format!("declined {at}, {by}: {reason}")
        }
    }
}

fn lines(all: &[ProposalLine], language: Language) -> String {
    if all.is_empty() {
        return told(language, "no proposals\n", "没有送审稿\n").to_owned();
    }
    let headings = match language {
        Language::Chinese => ["#号", "类别", "名称", "标题", "起草", "送审时间", "状态"],
        Language::English => [
            "#number", "kind", "name", "title", "author", "proposed", "state",
        ],
    };
    let rows = all.iter().map(|line| {
        [
            line.number.to_string(),
            line.kind.to_string(),
            line.name.clone(),
            line.title.clone(),
            person(language, &line.author),
            moment(line.at_ms),
            state(language, line),
        ]
    });
    table(headings, rows)
}

fn one(shown: &Named<TemplateProposal>, language: Language) -> String {
    let names = Names(&shown.names);
    let TemplateProposal {
        proposal,
        content,
        changes,
    } = &shown.facts;
    let mut text = lines(std::slice::from_ref(proposal), language);
    if let Some(first) = &proposal.first {
        let divisions: Vec<_> = first.divisions.iter().map(|code| names.of(*code)).collect();
        let share = match first.share {
            0 => vec![],
            share => vec![format!("{share} %")],
        };
        let first = [divisions, share].concat().join(", ");
        text += &pairs([(told(language, "first for", "先给"), first)]);
    }
    if let Some(changes) = changes {
        text += &format!("\n{content}\n");
        text += &differs(changes, language, &names);
    }
    text
}
