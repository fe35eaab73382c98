//! Open alarms of a node.

use domain::alarm::{Alarm, AlarmKind};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// An alarm. It stays open until somebody closes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlarmView {
    /// What it is about.
    pub kind: AlarmKind,
    /// The meaning of the kind in Chinese.
    pub chinese: String,
    /// The meaning of the kind in English.
    pub english: String,
    /// Remedy for the cause, in English.
    pub remedy: String,
    /// The same in Chinese.
    #[serde(default)]
    pub remedy_chinese: String,
    /// The division it is about, if any.
    #[schema(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
    /// The latest details in English; text of other nodes in them is escaped.
    pub detail: String,
    /// The same in Chinese.
    #[serde(default)]
    pub detail_chinese: String,
    /// When it was first raised, in milliseconds since 1970.
    pub first_ms: i64,
    /// When it was last raised, in milliseconds since 1970.
    pub last_ms: i64,
    /// Number of times it was raised.
    pub times: u64,
    /// When its cause disappeared by itself, in milliseconds since 1970; absent if it did not.
    pub settled_ms: Option<i64>,
}

impl From<Alarm> for AlarmView {
    fn from(alarm: Alarm) -> Self {
        let (remedy, remedy_chinese) = alarm.kind.remedy();
        Self {
            kind: alarm.kind,
            chinese: alarm.kind.chinese().to_owned(),
            english: alarm.kind.english().to_owned(),
            remedy: remedy.to_owned(),
            remedy_chinese: remedy_chinese.to_owned(),
            about: alarm.about,
            detail: alarm.detail.english,
            detail_chinese: alarm.detail.chinese,
            first_ms: alarm.first.0,
            last_ms: alarm.last.0,
            times: alarm.times,
            settled_ms: alarm.settled.map(|at| at.0),
        }
    }
}

/// The open alarms of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alarms {
    /// The alarms, ordered by division.
    pub alarms: Vec<AlarmView>,
}

/// Selects one of the alarms of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlarmQuery {
    /// The division the alarm is about, if any.
    #[param(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
}
