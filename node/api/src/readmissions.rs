//! Children that come back after their certificate ended.

use std::collections::BTreeSet;

use domain::{
    readmission::{Readmissions, Waiting},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, Mentions};

/// A child that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WaitingChild {
    /// Its signing key: 32 hexadecimal digits.
    pub key: String,
    /// When it asked first.
    pub since_ms: i64,
    /// When it asked last.
    pub last_ms: i64,
    /// The address from which it asked last.
    pub from: String,
    /// When its certificate ended.
    pub ended_ms: i64,
    /// Why a person is asked, in English.
    pub english: String,
    /// The same in Chinese.
    pub chinese: String,
}

/// A child that came back or wants to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReadmissionLine {
    /// The child.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// How often it came back within 90 days without a person.
    pub by_itself: u32,
    /// When it came back last, within 90 days.
    pub last_ms: Option<i64>,
    /// It waits for a person.
    pub waiting: Option<WaitingChild>,
    /// Whether a person has let it come back, and it has not asked again yet.
    pub consented: bool,
}

/// Children that came back or want to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReadmissionList {
    /// Ordered by division.
    pub readmissions: Vec<ReadmissionLine>,
}

impl WaitingChild {
    fn of(waiting: &Waiting) -> Self {
        let said = waiting.why.said();
        Self {
            key: waiting.key.to_string(),
            since_ms: waiting.since.0,
            last_ms: waiting.last.0,
            from: waiting.from.to_string(),
            ended_ms: waiting.ended_at.0,
            english: said.english,
            chinese: said.chinese,
        }
    }
}

impl ReadmissionLine {
    /// Returns the API view of what is kept of a child.
    pub fn of(known: &Readmissions, now: Timestamp) -> Self {
        let waiting = known.waiting.as_ref();
        let consented = waiting.is_some_and(|waiting| known.has_consent(waiting.key, now));
        Self {
            division: known.division,
            by_itself: u32::try_from(known.by_itself(now)).unwrap_or(u32::MAX),
            last_ms: known.given.last().map(|given| given.at.0),
            waiting: waiting.map(WaitingChild::of),
            consented,
        }
    }
}

impl Mentions for ReadmissionLine {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.division);
    }
}

impl Mentions for ReadmissionList {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.readmissions.iter().map(|line| line.division));
    }
}
