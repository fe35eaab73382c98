//! Webhooks.

use std::collections::BTreeSet;

use domain::hook::{Course, Hook};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{ChangeKind, Code};

/// A webhook to name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HookRequest {
    /// What it is for, 1 to 60 characters.
    pub name: String,
    /// Where it listens: `https://…`, or `http://…` where the configuration allows it.
    #[schema(example = "https://city.example/hooks/wujitong")]
    pub url: String,
    /// Of what it is told; of everything if left out.
    #[serde(default)]
    pub kinds: BTreeSet<ChangeKind>,
    /// Only of what comes from this division or below it, or is held there; of everything the node
    /// knows if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub division: Option<DivisionCode>,
}

/// A webhook, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookView {
    /// Its random name; it is not the secret.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// Of what it is told; of everything if empty.
    pub kinds: BTreeSet<ChangeKind>,
    /// Only of what concerns this division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// When it was named.
    pub made_ms: i64,
    /// Everything up to this change was taken or is not for it.
    pub after: String,
    /// Changes it took.
    pub delivered: u64,
    /// When it last took one.
    pub last_success_ms: Option<i64>,
    /// Failures since then.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since_ms: Option<i64>,
    /// What the last of them was.
    pub last_failure: Option<String>,
    /// It is not tried before.
    pub next_try_ms: Option<i64>,
    /// When it was given up, until it is resumed.
    pub given_up_ms: Option<i64>,
    /// How often it was told that changes were lost to it.
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
            last_failure: course.last_failure.clone(),
            next_try_ms: (course.failures > 0).then_some(course.next_try.0),
            given_up_ms: course.given_up.map(|at| at.0),
            gaps: course.gaps,
        }
    }
}

/// All webhooks of a node, by when they were named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hooks {
    /// The webhooks.
    pub hooks: Vec<HookView>,
}

/// A webhook that was named.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewHookView {
    /// Its random name.
    pub id: String,
    /// What events are signed with: `whsec_` and 64 hexadecimal digits. Shown once: a repeated
    /// request is told `shown-once` here.
    pub secret: String,
    /// Which secret it is, as it stands in signatures.
    pub key: String,
}

/// How a test event went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HookTest {
    /// Whether it was taken.
    pub taken: bool,
    /// What came of it.
    pub detail: String,
}
