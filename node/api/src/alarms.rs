//! Alarms that stand at a node.

use domain::alarm::{Alarm, AlarmKind};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// An alarm that stands until somebody closes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlarmView {
    /// What it is about.
    #[schema(value_type = String, example = "store-went-back")]
    pub kind: AlarmKind,
    /// That in Chinese.
    pub chinese: String,
    /// That in English.
    pub english: String,
    /// What to do about it.
    pub remedy: String,
    /// Which division, if it is about one.
    #[schema(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
    /// What was seen last; foreign text in it is escaped.
    pub detail: String,
    /// When it was raised, in milliseconds since 1970.
    pub first_ms: i64,
    /// When it was raised last.
    pub last_ms: i64,
    /// How often it was raised.
    pub times: u64,
    /// When its cause went away by itself, if it did.
    pub settled_ms: Option<i64>,
}

impl From<Alarm> for AlarmView {
    fn from(alarm: Alarm) -> Self {
        Self {
            kind: alarm.kind,
            chinese: alarm.kind.chinese().to_owned(),
            english: alarm.kind.english().to_owned(),
            remedy: alarm.kind.remedy().to_owned(),
            about: alarm.about,
            detail: alarm.detail,
            first_ms: alarm.first.0,
            last_ms: alarm.last.0,
            times: alarm.times,
            settled_ms: alarm.settled.map(|at| at.0),
        }
    }
}

/// The alarms of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alarms {
    /// Those that stand, by division.
    pub alarms: Vec<AlarmView>,
}

/// Which of the alarms of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlarmQuery {
    /// The division it is about, if it is about one.
    #[param(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
}
