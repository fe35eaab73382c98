//! Actors: who or what caused a commit. Every commit has an actor.

use core::fmt;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    draft::DraftId,
    people::{AccountId, ApiKeyId},
};

/// The one who caused a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A user of the node's own machine, by the peer credentials of the socket.
    OsUser(u32),
    /// The node itself, following this rule.
    Rule(String),
    /// A neighbour. This is evidence and gives no permission.
    Peer(DivisionCode),
    /// A person who logged in.
    Account(AccountId),
    /// A program with a key.
    ApiKey(ApiKeyId),
    /// The reporter without an account: by the slip of the matter, or by reporting it.
    Reporter,
    /// A person whom a sign-in provider sent and who has no account here. They are refused and
    /// change nothing.
    Stranger,
    /// Whoever has the key of a draft. Uploads belong to them until the draft is handed in; they decide
    /// nothing.
    Draft(DraftId),
}

impl Actor {
    /// Returns whether the actor came in through an interface for people. The audit trail records
    /// such actors.
    pub const fn is_person(&self) -> bool {
        !matches!(self, Self::Rule(_) | Self::Peer(_))
    }

    /// Returns whether two may be one person where two people are needed: whoever runs the machine can be any of its users.
    pub fn may_be(&self, other: &Self) -> bool {
        let owner = |actor: &Self| matches!(actor, Self::OsUser(_));
        self == other || (owner(self) && owner(other))
    }
}

/// Writes the actor as the audit trail shows it. A draft is not named, because its key is a secret.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OsUser(uid) => write!(f, "os-user {uid}"),
            Self::Rule(rule) => write!(f, "rule {rule}"),
            Self::Peer(division) => write!(f, "peer {division}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::ApiKey(id) => write!(f, "key {id}"),
            Self::Reporter => f.write_str("reporter"),
            Self::Stranger => f.write_str("stranger"),
            Self::Draft(_) => f.write_str("draft"),
        }
    }
}

/// The speaker of a request at the asking division. A person who speaks for the reporter is named
/// by account number; names of people do not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    /// The reporter, by their slip or by the account with which they reported.
    Reporter,
    /// An official of that division, by the number of their account.
    Official(u64),
    /// A program with a key of that division.
    Program,
    /// The owner of a node that has no accounts.
    Owner,
}

topology::vocabulary! {
    /// Who speaks, without the number of an account.
    pub enum VoiceName names Voice: "speaker" {
        Reporter = 1, "reporter", "本人", "the reporter";
        Official = 2, "official", "干部代述", "an official for the reporter";
        Program = 3, "program", "程序代述", "a program for the reporter";
        Owner = 4, "owner", "节点所有者代述", "the node's owner for the reporter";
    }
}
