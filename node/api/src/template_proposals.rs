//! Templates that one person proposes and another one issues.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Actor,
    people::AccountId,
    template::{Proposal, ProposalOutcome, Reach},
};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, UnitKind};

use super::{Mentions, ReachRequest, TemplateDiff, TemplateKind};

/// A person as far as a proposal names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProposalPerson {
    /// Number of the account; absent for whoever runs the machine and for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// Name, as it is now, if the account is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl ProposalPerson {
    fn of(actor: &Actor, names: &BTreeMap<AccountId, String>) -> Self {
        let Actor::Account(account) = actor else {
            return Self::default();
        };
        Self {
            account: Some(account.0),
            name: names.get(account).cloned(),
        }
    }
}

/// How a proposal ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProposalEndView {
    /// Who issued or declined it.
    pub by: ProposalPerson,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The version as which it was issued; absent if it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Why it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A proposed template in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProposalLine {
    /// Its number at this node.
    pub number: u32,
    /// Kind of template.
    pub kind: TemplateKind,
    /// Name, the last part of the key.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Tiers in scope; all from the issuer's down if empty.
    #[schema(value_type = Vec<String>)]
    pub tiers: Vec<Tier>,
    /// Kinds of village-tier units in scope; all if empty.
    #[schema(value_type = Vec<String>)]
    pub kinds: Vec<UnitKind>,
    /// Those who take it first; absent if everybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<ReachRequest>,
    /// Who wrote it.
    pub author: ProposalPerson,
    /// When it was proposed, in milliseconds since 1970.
    pub at_ms: i64,
    /// Whether whoever asks wrote it, and so does not issue it.
    pub own: bool,
    /// How it ended; absent while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<ProposalEndView>,
}

/// The accounts that a proposal names.
pub fn people_of(proposal: &Proposal) -> impl Iterator<Item = AccountId> {
    let ended = proposal.end.as_ref().map(|end| &end.by);
    let all = [Some(&proposal.author), ended].into_iter().flatten();
    all.filter_map(|actor| match actor {
        Actor::Account(account) => Some(*account),
        _ => None,
    })
}

impl ProposalLine {
    /// Builds the line for whoever asks.
    pub fn of(proposal: &Proposal, asks: &Actor, names: &BTreeMap<AccountId, String>) -> Self {
        let new = &proposal.new;
        let first = proposal.first.clone();
        let end = proposal.end.as_ref().map(|end| ProposalEndView {
            by: ProposalPerson::of(&end.by, names),
            at_ms: end.at.0,
            version: match &end.outcome {
                ProposalOutcome::Issued(version) => Some(*version),
                ProposalOutcome::Declined(_) => None,
            },
            reason: match &end.outcome {
                ProposalOutcome::Issued(_) => None,
                ProposalOutcome::Declined(reason) => Some(reason.to_string()),
            },
        });
        Self {
            number: proposal.number,
            kind: new.kind,
            name: new.name.clone(),
            title: new.title.clone(),
            tiers: new.tiers.clone(),
            kinds: new.kinds.clone(),
            first: first.map(|Reach { share, divisions }| ReachRequest { share, divisions }),
            author: ProposalPerson::of(&proposal.author, names),
            at_ms: proposal.at.0,
            own: proposal.is_own(asks),
            end,
        }
    }
}

impl Mentions for ProposalLine {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.first.iter().flat_map(|first| &first.divisions));
    }
}

/// All proposals of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateProposals {
    /// The proposals, the latest first.
    pub proposals: Vec<ProposalLine>,
}

impl Mentions for TemplateProposals {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        for line in &self.proposals {
            line.mentions(all);
        }
    }
}

/// A proposed template with its content, and what it would change now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateProposal {
    /// The proposal.
    pub proposal: ProposalLine,
    /// Content in TOML; empty if it ended.
    pub content: String,
    /// What would change; absent if it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<TemplateDiff>,
}

impl Mentions for TemplateProposal {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        self.proposal.mentions(all);
        if let Some(changes) = &self.changes {
            changes.mentions(all);
        }
    }
}

/// Why a proposal is declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineProposal {
    /// 1 to 400 characters, for its author.
    pub reason: String,
}
