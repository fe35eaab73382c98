//! Names of actors and subjects as people type them, and which entries a reader of the trail wants.

use core::fmt;
use std::str::FromStr;

use topology::DivisionCode;

use super::{AuditEntry, Ending, Subject, Whence};
use crate::{actor::Actor, people::Permission, scope::TemplateKey, time::Day};

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket => f.write_str("socket"),
            Self::Address(address) => address.fmt(f),
            Self::Within => f.write_str("within"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matter(id) => write!(f, "matter {id}"),
            Self::Account(id) => write!(f, "account {id}"),
            Self::Grid(id) => write!(f, "grid {id}"),
            Self::Key(id) => write!(f, "key {id}"),
            Self::Template(key) => write!(f, "template {key}"),
            Self::Hook(id) => write!(f, "webhook {id}"),
            Self::Alarm(kind) => write!(f, "alarm {kind}"),
            Self::Disclosure(id) => write!(f, "disclosure {id}"),
            Self::Post(board, id) => write!(f, "post {board}/{id}"),
            Self::Household(id) => write!(f, "household {id}"),
            Self::Rating(household, id) => write!(f, "rating {household}/{id}"),
        }
    }
}

/// The error for a text that names no actor or no subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAuditName {
    /// It names no actor.
    #[error(
        "`{0}` names nobody; write `account 12345000001` or its number, `key` or `os-user` with an id, \
         `reporter`, or `draft`"
    )]
    Actor(String),
    /// It names no subject.
    #[error(
        "`{0}` names no subject; write `matter` with its number, or `account`, `grid`, `key`, `template`, \
         `webhook`, `alarm`, `disclosure`, `post`, `household` or `rating` with its id"
    )]
    Subject(String),
}

/// Who acted, as an entry of the trail names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorText(String);

impl FromStr for ActorText {
    type Err = BadAuditName;

    fn from_str(text: &str) -> Result<Self, BadAuditName> {
        let text = text.trim();
        let (kind, id) = text.split_once(' ').unwrap_or((text, ""));
        let id = id.trim();
        let actor = match (kind, id) {
            ("account", id) => id.parse().ok().map(Actor::Account),
            ("key", id) => id.parse().ok().map(Actor::ApiKey),
            ("os-user", id) => id.parse().ok().map(Actor::OsUser),
            ("reporter", "") => Some(Actor::Reporter),
            ("stranger", "") => Some(Actor::Stranger),
            // All drafts have one name, because the key of a draft is a secret.
            ("draft", "") => return Ok(Self(text.to_owned())),
            (number, "") => number.parse().ok().map(Actor::Account),
            _ => None,
        };
        let bad = || BadAuditName::Actor(text.chars().take(40).collect());
        actor.map(|actor| Self(actor.to_string())).ok_or_else(bad)
    }
}

impl FromStr for Subject {
    type Err = BadAuditName;

    fn from_str(text: &str) -> Result<Self, BadAuditName> {
        let text = text.trim();
        let (kind, id) = text.split_once(' ').unwrap_or(("matter", text));
        let id = id.trim();
        let subject = match kind {
            "matter" => id.parse().ok().map(Self::Matter),
            "account" => id.parse().ok().map(Self::Account),
            "grid" => id.parse().ok().map(Self::Grid),
            "key" => id.parse().ok().map(Self::Key),
            // An export names what it selects in the trail, where no free text may stand.
            "template" => id
                .parse()
                .ok()
                .map(|key: TemplateKey| Self::Template(key.to_string())),
            "webhook" => id.parse().ok().map(Self::Hook),
            "alarm" => id.parse().ok().map(Self::Alarm),
            "disclosure" => id.parse().ok().map(Self::Disclosure),
            "post" => id
                .split_once('/')
                .and_then(|(board, id)| Some(Self::Post(board.parse().ok()?, id.parse().ok()?))),
            "household" => id.parse().ok().map(Self::Household),
            "rating" => id
                .split_once('/')
                .and_then(|(of, id)| Some(Self::Rating(of.parse().ok()?, id.parse().ok()?))),
            _ => None,
        };
        subject.ok_or_else(|| BadAuditName::Subject(text.chars().take(60).collect()))
    }
}

/// Which entries a reader of the trail wants. What is left out filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who acted.
    pub actor: Option<ActorText>,
    /// The permission that was used.
    pub permission: Option<Permission>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// What it was about.
    pub subject: Option<Subject>,
    /// It was about a matter that was reported in this division or below it.
    pub origin: Option<DivisionCode>,
    /// It was on this day or later, in Asia/Shanghai.
    pub from: Option<Day>,
    /// It was on this day or earlier.
    pub to: Option<Day>,
}

impl AuditFilter {
    /// Returns whether an entry is one of those.
    pub fn takes(&self, entry: &AuditEntry) -> bool {
        let day = entry.at.day();
        let origin = match &entry.subject {
            Some(Subject::Matter(id)) => Some(id.origin),
            _ => None,
        };
        let is = |wanted: &Option<_>, found: Option<Permission>| {
            wanted.is_none_or(|wanted| found == Some(wanted))
        };
        is(&self.permission, entry.permission)
            && self.ending.is_none_or(|ending| entry.ending == ending)
            && self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
            && self
                .origin
                .is_none_or(|wanted| origin.is_some_and(|found| found.cut(wanted.tier()) == wanted))
            && (self.subject.as_ref()).is_none_or(|wanted| entry.subject.as_ref() == Some(wanted))
            && (self.actor.as_ref()).is_none_or(|wanted| entry.actor.to_string() == wanted.0)
    }
}

/// Writes what it selects, for the entry of an export; empty if that is everything.
impl fmt::Display for AuditFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = [
            ("actor", self.actor.as_ref().map(|actor| actor.0.clone())),
            (
                "permission",
                self.permission.map(|permission| permission.to_string()),
            ),
            ("ending", self.ending.map(|ending| ending.to_string())),
            ("subject", self.subject.as_ref().map(Subject::to_string)),
            ("origin", self.origin.map(|origin| origin.to_string())),
            ("from", self.from.map(|day| day.to_string())),
            ("to", self.to.map(|day| day.to_string())),
        ];
        let said = said.into_iter();
        let said = said.filter_map(|(name, value)| Some(format!("{name} {}", value?)));
        f.write_str(&said.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::MatterId, people::AccountId, suite::Suite, time::Timestamp};

    fn entry() -> AuditEntry {
        AuditEntry {
            n: 7,
            at: Timestamp(1_772_294_400_000),
            actor: Actor::Account(AccountId(12_345_000_001)),
            whence: Whence::Socket,
            permission: Some(Permission::OpenContact),
            subject: Some(Subject::Matter(matter())),
            ending: Ending::Done,
            detail: None,
            suite: Suite::Ed25519Blake3,
            previous: [0; 32],
        }
    }

    fn matter() -> MatterId {
        "330825002222-1f3a9c04-17".parse().unwrap()
    }

    #[test]
    fn each_part_of_a_filter_takes_what_it_names_and_nothing_else() {
        let day: Day = "2026-03-01".parse().unwrap();
        assert!(AuditFilter::default().takes(&entry()));
        let takes = |filter: AuditFilter| filter.takes(&entry());
        let usual = AuditFilter::default;
        for (actor, expected) in [
            ("12345000001", true),
            (" account 12345000001 ", true),
            ("account 12345000002", false),
            ("reporter", false),
            ("draft", false),
        ] {
            let actor = Some(actor.parse().unwrap());
            assert_eq!(takes(AuditFilter { actor, ..usual() }), expected);
        }
        for (permission, expected) in [(Permission::OpenContact, true), (Permission::Close, false)]
        {
            let permission = Some(permission);
            assert_eq!(
                takes(AuditFilter {
                    permission,
                    ..usual()
                }),
                expected
            );
        }
        for (origin, expected) in [
            ("330825002222", true),
            ("330825", true),
            ("330825003", false),
        ] {
            let origin = Some(origin.parse().unwrap());
            assert_eq!(takes(AuditFilter { origin, ..usual() }), expected);
        }
        for (from, to, expected) in [(0, 0, true), (1, 1, false), (-1, -1, false), (-1, 1, true)] {
            let (from, to) = (Some(Day(day.0 + from)), Some(Day(day.0 + to)));
            assert_eq!(
                takes(AuditFilter {
                    from,
                    to,
                    ..usual()
                }),
                expected
            );
        }
        for (subject, expected) in [
            (matter().to_string(), true),
            (format!("matter {}", matter()), true),
            ("account 12345000001".to_owned(), false),
        ] {
            let subject = Some(subject.parse().unwrap());
            assert_eq!(takes(AuditFilter { subject, ..usual() }), expected);
        }
        let ending = Some(Ending::Denied);
        assert!(!takes(AuditFilter { ending, ..usual() }));
    }

    #[test]
    fn a_name_is_read_as_it_is_written_and_a_wrong_one_is_refused() {
        for name in [
            "account 12345000001",
            "os-user 0",
            "key 00ff00ff00ff00ff",
            "reporter",
        ] {
            assert_eq!(name.parse(), Ok(ActorText(name.to_owned())));
        }
        for subject in [
            "matter 330825002222-1f3a9c04-17",
            "grid 4",
            "household 7",
            "webhook 00ff00ff00ff00ff",
            "alarm store-went-back",
            "template 330825000000/policy/lights",
        ] {
            assert_eq!(subject.parse::<Subject>().unwrap().to_string(), subject);
        }
        for wrong in [
            "",
            "zhang.san",
            "account",
            "account x",
            "rule x",
            "reporter 7",
        ] {
            assert!(wrong.parse::<ActorText>().is_err(), "{wrong}");
        }
        for wrong in ["", "matter 7", "people 7", "alarm fire", "template 张三"] {
            assert!(wrong.parse::<Subject>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_filter_says_what_it_selects() {
        let filter = AuditFilter {
            permission: Some(Permission::OpenContact),
            from: "2026-03-01".parse().ok(),
            ..AuditFilter::default()
        };
        assert_eq!(
            filter.to_string(),
            "permission open-contact, from 2026-03-01"
        );
        assert_eq!(AuditFilter::default().to_string(), "");
    }
}
