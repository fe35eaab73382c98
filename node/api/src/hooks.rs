//! Webhooks.

use std::collections::BTreeSet;

use domain::hook::{Course, Hook};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{ChangeKind, Code};

/// A webhook to create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookRequest {
    /// Description, 1 to 60 characters.
    pub name: String,
    /// URL of the receiver: `https://…`, or `http://…` where the configuration allows it.
    #[schema(example = "https://city.example/hooks/wujitong")]
    pub url: String,
    /// Kinds of changes to send; all kinds if left out.
    #[serde(default)]
    pub kinds: BTreeSet<ChangeKind>,
    /// Only changes of matters that come from this division or below it, or are held there; all
    /// that the node knows if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub division: Option<DivisionCode>,
}

/// A webhook and the state of its delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookView {
    /// Random id of the webhook; not a secret.
    pub id: String,
    /// Description.
    pub name: String,
    /// URL of the receiver.
    pub url: String,
    /// Kinds of changes to send; all kinds if empty.
    pub kinds: BTreeSet<ChangeKind>,
    /// Only changes that concern this division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// When it was created, in milliseconds since 1970.
    pub made_ms: i64,
    /// Id of a change: every change up to it was delivered or is not for this webhook.
    pub after: String,
    /// Number of changes delivered.
    pub delivered: u64,
    /// When the last change was delivered, in milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// Failures since then.
    pub failures: u32,
    /// When the first of these failures happened, in milliseconds since 1970.
    pub failing_since_ms: Option<i64>,
    /// The last failure, in English.
    pub last_failure: Option<String>,
    /// The same in Chinese.
    #[serde(default)]
    pub last_failure_chinese: Option<String>,
    /// When the next attempt is due, in milliseconds since 1970.
    pub next_try_ms: Option<i64>,
    /// When delivery was given up, in milliseconds since 1970; absent unless it has to be resumed.
    pub given_up_ms: Option<i64>,
    /// Number of times the receiver was told that changes were lost.
    pub gaps: u32,
}

impl From<&(Hook, Course)> for HookView {
    fn from((hook, course): &(Hook, Course)) -> Self {
        Self {
            id: hook.id.to_string(),
            name: hook.name.clone(),
            url: hook.url.clone(),
            kinds: hook.kinds.clone(),
            division: hook.division,
            made_ms: hook.made_at.0,
            after: course.after.to_string(),
            delivered: course.delivered,
            last_success_ms: course.last_success.map(|at| at.0),
            failures: course.failures,
            failing_since_ms: course.failing_since.map(|at| at.0),
            last_failure: course.last_failure.clone().map(|why| why.english),
            last_failure_chinese: course.last_failure.clone().map(|why| why.chinese),
            next_try_ms: (course.failures > 0).then_some(course.next_try.0),
            given_up_ms: course.given_up.map(|at| at.0),
            gaps: course.gaps,
        }
    }
}

/// All webhooks of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hooks {
    /// The webhooks, ordered by when they were created.
    pub hooks: Vec<HookView>,
}

/// A webhook that was created.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewHookView {
    /// Random id of the webhook.
    pub id: String,
    /// Secret that signs events: `whsec_` and 64 hexadecimal digits. Shown once: a repeated request
    /// gets `shown-once` here.
    pub secret: String,
    /// Id of the secret, as it appears in signatures.
    pub key: String,
}

/// Result of a test event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookTest {
    /// True if the receiver accepted it.
    pub taken: bool,
    /// The result in words, in English.
    pub detail: String,
    /// The same in Chinese.
    #[serde(default)]
    pub detail_chinese: String,
}
