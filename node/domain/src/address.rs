//! Where an envelope goes, in which lane, and where it stands among others of its author.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{category::Priority, scope::Scope};

topology::vocabulary! {
    /// Priority class on a link. Lanes do not block each other.
    #[derive(utoipa::ToSchema)]
    pub enum Lane: "lane" {
        Emergency = 1, "emergency", "突发", "overtakes everything";
        Matter = 2, "matter", "事项", "transfers of custody";
        Notice = 3, "notice", "通知", "notices, requests, answers, templates";
        Figures = 4, "figures", "统计", "figures and adoption";
    }
}

impl Lane {
    /// Returns the lane in which a transfer of this priority travels.
    pub const fn of(priority: Priority) -> Self {
        match priority {
            Priority::Emergency => Self::Emergency,
            Priority::Normal | Priority::Urgent => Self::Matter,
        }
    }

    /// Returns the index of the lane; 0 is the most urgent.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the lane with this index; `None` from 4 on.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }
}

/// The addressee of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Destination {
    /// One division.
    Division(DivisionCode),
    /// Every division in a scope below a division.
    Scope(Scope),
}

/// The position of an envelope among those of its author: the order of its epoch, then its issue
/// count. A later envelope has the greater stamp. It is taken from the envelope and never from its
/// payload, so that no payload can claim the greatest stamp.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64, pub u64);

/// The order of an envelope among others of its author.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// A number without gaps, from 1, within (author, epoch, destination, lane).
    Sequence(u64),
    /// The envelope replaces an older one with the same key. It has no number.
    Replaces {
        /// The key of its subject, at most 64 bytes.
        key: Bytes,
    },
}
