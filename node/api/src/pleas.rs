//! What villagers ask to be made public.

use domain::plea::{Plea, PleaState, Residents};
use serde::{Deserialize, Serialize};

/// What somebody asks to be made public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PleaView {
    /// Its number, from 1.
    pub number: u32,
    /// What is asked for; empty once it was declined.
    pub title: String,
    /// Why; may be empty.
    pub text: String,
    /// The item of the catalogue, if it is one that is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// When it was asked for, in milliseconds since 1970.
    pub at_ms: i64,
    /// Until when support is gathered.
    pub until_ms: i64,
    /// How many support it.
    pub supporters: u32,
    /// What became of it.
    pub state: PleaState,
    /// When enough supported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owed_since_ms: Option<i64>,
    /// The number of residents when enough supported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residents: Option<u32>,
    /// Number of the disclosure that was begun for it; told once it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<String>,
    /// The lawful ground for not publishing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
}

impl PleaView {
    /// Returns a plea as everybody sees it.
    pub fn of(plea: &Plea, state: PleaState) -> Self {
        let owed = plea.owed.as_ref();
        let begun = owed.and_then(|owed| owed.disclosure);
        Self {
            number: plea.id.0,
            title: plea.title.to_string(),
            text: plea.text.to_string(),
            item: plea.about.as_ref().map(|(item, _)| item.to_string()),
            at_ms: plea.at.0,
            until_ms: plea.until().0,
            supporters: plea.supporters,
            state,
            owed_since_ms: owed.map(|owed| owed.since.0),
            residents: owed.map(|owed| owed.residents),
            disclosure: begun
                .filter(|_| state == PleaState::Published)
                .map(|id| id.to_string()),
            declined: plea.declined.as_deref().map(str::to_owned),
        }
    }
}

/// How many residents a division has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResidentsView {
    /// The number.
    pub count: u32,
    /// Where it comes from.
    pub source: String,
    /// How many have to support a plea: one in ten, rounded up.
    pub needed: u32,
    /// When it was said, in milliseconds since 1970.
    pub at_ms: i64,
}

impl From<&Residents> for ResidentsView {
    fn from(residents: &Residents) -> Self {
        Self {
            count: residents.count,
            source: residents.source.to_string(),
            needed: residents.needed(),
            at_ms: residents.at.0,
        }
    }
}

/// All that villagers ask to be made public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Pleas {
    /// The pleas, newest first.
    pub pleas: Vec<PleaView>,
    /// How many residents there are; absent until an official says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residents: Option<ResidentsView>,
    /// When the list was made, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// Something to ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plead {
    /// What should be made public, 1 to 60 characters; left out with an item of the catalogue.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Why, at most 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// An item of the catalogue that is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// The first day that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Number of the household whose slip is sent as `Household-Slip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<u32>,
}

/// Who supports a plea.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupportPlea {
    /// Number of the household whose slip is sent as `Household-Slip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<u32>,
}

/// Why something is not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclinePlea {
    /// The law that forbids it, 1 to 500 characters that everybody reads.
    pub ground: String,
}

/// How many residents there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountResidents {
    /// The number.
    pub count: u32,
    /// Where it comes from, 1 to 100 characters that everybody reads.
    pub source: String,
}
