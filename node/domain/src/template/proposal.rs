//! Proposals: what one person wrote is issued by another one.
//!
//! A template binds everybody below, so no account issues one alone. One person proposes it; another reads exactly that text and
//! issues it, or declines it with a reason. Whoever runs the machine has its keys and could be any of its users, so the rule does
//! not bind them; the audit trail names them.

use serde::{Deserialize, Serialize};
use topology::{Tier, UnitKind};

use super::{Reach, TemplateKind};
use crate::{actor::Actor, foreign::plain_line, time::Timestamp};

/// The most proposals that wait at a node.
pub const MOST_WAITING: usize = 32;

/// The longest reason for declining, in characters.
pub const MOST_REASON: usize = 400;

/// A template that is to be issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTemplate {
    /// Its kind.
    pub kind: TemplateKind,
    /// Its name, the last part of the key.
    pub name: String,
    /// Its title for people.
    pub title: String,
    /// Its content in TOML.
    pub content: String,
    /// The tiers in scope; empty for all.
    pub tiers: Vec<Tier>,
    /// The kinds of village-tier units in scope; empty for all.
    pub kinds: Vec<UnitKind>,
}

/// A template that waits for a second person, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its number at this node, from 1.
    pub number: u32,
    /// What is to be issued. It is never changed: whoever wants other words makes another proposal. Of one that ended, the content is
    /// empty; what was issued is in the template.
    pub new: NewTemplate,
    /// Those who take it first; `None` for all.
    pub first: Option<Reach>,
    /// Who wrote it.
    pub author: Actor,
    /// When it was proposed.
    pub at: Timestamp,
    /// How it ended; `None` while it waits.
    pub end: Option<ProposalEnd>,
}

/// How a proposal ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalEnd {
    /// Who issued or declined it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub outcome: ProposalOutcome,
}

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalOutcome {
    /// It was issued as this version.
    Issued(u32),
    /// It was declined, or taken back by its author, for this reason.
    Declined(Box<str>),
}

crate::records!(Proposal);

/// The reason why a template is not proposed or issued by this person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalRefusal {
    /// An account would issue it alone.
    #[error(
        "a template is issued by two people: propose it with `wujitong template propose`, and another person issues it with \
         `wujitong template approve`"
    )]
    Alone,
    /// The author would issue it.
    #[error("you wrote proposal {0}; another person reads and issues it")]
    Own(u32),
    /// A program would propose or issue it.
    #[error("a program neither proposes nor issues a template; two people do")]
    Program,
    /// It ended before.
    #[error(
        "proposal {0} was issued or declined before; `wujitong template proposals` shows by whom"
    )]
    Ended(u32),
    /// This node has no such proposal.
    #[error("no proposal {0} here; `wujitong template proposals` lists them")]
    Unknown(u32),
    /// Too many wait.
    #[error("{MOST_WAITING} proposals wait already; issue or decline some first")]
    TooMany,
    /// The reason for declining is missing or too long.
    #[error("say why in 1 to {MOST_REASON} characters; the author reads it")]
    Reason,
}

/// Checks that somebody issues a template without a proposal.
///
/// # Errors
/// [`ProposalRefusal::Alone`] for everybody but whoever runs the machine, and what the program does by itself.
pub const fn check_alone(by: &Actor) -> Result<(), ProposalRefusal> {
    match by {
        Actor::OsUser(_) | Actor::Rule(_) => Ok(()),
        _ => Err(ProposalRefusal::Alone),
    }
}

/// Checks that somebody proposes a template. Whoever holds the key of a program would be a second author.
///
/// # Errors
/// [`ProposalRefusal::Program`].
pub const fn check_author(by: &Actor) -> Result<(), ProposalRefusal> {
    match by {
        Actor::Account(_) | Actor::OsUser(_) | Actor::Rule(_) => Ok(()),
        _ => Err(ProposalRefusal::Program),
    }
}

impl Proposal {
    /// Returns whether it waits for a second person.
    pub const fn waits(&self) -> bool {
        self.end.is_none()
    }

    /// Returns whether this person wrote it, and so does not issue it.
    pub fn is_own(&self, by: &Actor) -> bool {
        self.author.may_be(by)
    }

    /// Checks that this person may issue it.
    ///
    /// # Errors
    /// [`ProposalRefusal`] if it ended, or its author or a program would issue it.
    pub fn check_approval(&self, by: &Actor) -> Result<(), ProposalRefusal> {
        match by {
            _ if !self.waits() => Err(ProposalRefusal::Ended(self.number)),
            Actor::Account(_) | Actor::OsUser(_) if self.is_own(by) => {
                Err(ProposalRefusal::Own(self.number))
            }
            Actor::Account(_) | Actor::OsUser(_) => Ok(()),
            _ => Err(ProposalRefusal::Program),
        }
    }

    /// Ends it as issued.
    #[must_use]
    pub fn issued(self, version: u32, by: Actor, at: Timestamp) -> Self {
        self.ended(ProposalOutcome::Issued(version), by, at)
    }

    /// Ends it without being issued. The author may do so, too: they take it back.
    ///
    /// # Errors
    /// [`ProposalRefusal`] if it ended, or without a reason.
    pub fn declined(self, reason: &str, by: Actor, at: Timestamp) -> Result<Self, ProposalRefusal> {
        if !self.waits() {
            return Err(ProposalRefusal::Ended(self.number));
        }
        let reason = plain_line(reason);
        if !(1..=MOST_REASON).contains(&reason.chars().count()) {
            return Err(ProposalRefusal::Reason);
        }
        Ok(self.ended(ProposalOutcome::Declined(reason.into()), by, at))
    }

    fn ended(mut self, outcome: ProposalOutcome, by: Actor, at: Timestamp) -> Self {
        self.new.content.clear();
        self.end = Some(ProposalEnd { by, at, outcome });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{AccountId, ApiKeyId};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn who(number: u64) -> Actor {
        Actor::Account(AccountId(number))
    }

    fn by(author: Actor) -> Proposal {
        Proposal {
            number: 3,
            new: NewTemplate {
                kind: TemplateKind::Policy,
                name: "days".to_owned(),
                title: "时限".to_owned(),
                content: "format = 1".to_owned(),
                tiers: vec![],
                kinds: vec![],
            },
            first: None,
            author,
            at: NOW,
            end: None,
        }
    }

    /// R-T1
    #[test]
    fn only_whoever_runs_the_machine_issues_alone() {
        assert_eq!(check_alone(&Actor::OsUser(0)), Ok(()));
        let others = [
            who(1),
            Actor::ApiKey(ApiKeyId([1; 8])),
            Actor::Reporter,
            Actor::Stranger,
            Actor::Peer("330825002222".parse().unwrap()),
        ];
        for other in others {
            assert_eq!(check_alone(&other), Err(ProposalRefusal::Alone), "{other}");
        }
    }

    /// R-T1
    #[test]
    fn another_person_issues_what_one_wrote_and_no_program_does() {
        let own = Err(ProposalRefusal::Own(3));
        let program = Actor::ApiKey(ApiKeyId([1; 8]));
        assert_eq!(by(who(1)).check_approval(&who(2)), Ok(()));
        assert_eq!(by(who(1)).check_approval(&who(1)), own);
        assert_eq!(by(who(1)).check_approval(&Actor::OsUser(1)), Ok(()));
        // Whoever runs the machine can be any of its users.
        assert_eq!(by(Actor::OsUser(1)).check_approval(&Actor::OsUser(2)), own);
        assert_eq!(by(Actor::OsUser(1)).check_approval(&who(1)), Ok(()));
        assert_eq!(check_author(&program), Err(ProposalRefusal::Program));
        assert_eq!(check_author(&who(1)), Ok(()));
        for no_person in [program, Actor::Reporter, Actor::Rule("sweep".to_owned())] {
            let refused = by(who(1)).check_approval(&no_person);
            assert_eq!(refused, Err(ProposalRefusal::Program), "{no_person}");
        }
    }

    #[test]
    fn it_ends_once_and_a_reason_is_needed_to_decline_it() {
        let issued = by(who(1)).issued(2, who(2), NOW);
        assert!(!issued.waits() && issued.new.content.is_empty());
        assert_eq!(
            issued.check_approval(&who(3)),
            Err(ProposalRefusal::Ended(3))
        );
        let again = issued.declined("too late", who(3), NOW);
        assert_eq!(again, Err(ProposalRefusal::Ended(3)));
        for reason in [
            String::new(),
            " \n".to_owned(),
            "长".repeat(MOST_REASON + 1),
        ] {
            let refused = by(who(1)).declined(&reason, who(1), NOW);
            assert_eq!(refused, Err(ProposalRefusal::Reason));
        }
        let back = by(who(1)).declined(&"长".repeat(MOST_REASON), who(1), NOW);
        assert!(!back.unwrap().waits(), "its author may take it back");
    }
}
