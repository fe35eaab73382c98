//! Links of a node and its neighbours.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

topology::vocabulary! {
    /// On which side a neighbour stands.
    #[derive(utoipa::ToSchema)]
    pub enum NeighbourSide: "side of a neighbour" {
        Parent = 1, "parent", "上级", "directly above";
        Child = 2, "child", "下级", "directly below";
    }
}

/// Status of one link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkStatus {
    /// The neighbour.
    #[schema(value_type = Code)]
    pub neighbour: DivisionCode,
    /// Short name of the neighbour.
    pub name: String,
    /// Side of the neighbour.
    pub side: NeighbourSide,
    /// When this node last heard of the neighbour, in milliseconds since 1970: now while the link is up. Known
    /// over restarts, to the hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_contact_ms: Option<i64>,
    /// Templates of which the neighbour has another version; absent in a brief status.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub templates: Vec<TemplateLag>,
    /// State of the link.
    #[serde(flatten)]
    pub state: LinkState,
}

/// State of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkState {
    /// True if a session is running.
    pub up: bool,
    /// When the last session began, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// When the last session ended, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<i64>,
    /// Reason why the last session ended, in English.
    pub last_end: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_end_chinese: Option<String>,
    /// Envelopes received from the neighbour, over all sessions since the start.
    pub received: u64,
    /// Envelopes sent and acknowledged.
    pub settled: u64,
    /// Envelopes of the neighbour that were refused.
    pub refused: u64,
    /// Milliseconds by which the neighbour's clock is ahead.
    pub skew_ms: i64,
    /// Version of the neighbour's program, escaped; absent if it did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Version of the protocol that the neighbour speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// The certificate that the neighbour showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateLine>,
}

/// A certificate, as operators compare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CertificateLine {
    /// The first digits of its serial number: at most 16, hexadecimal.
    pub serial: String,
    /// When it ends, in milliseconds since 1970.
    pub until_ms: i64,
}

/// A template of which a neighbour has another version than this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateLag {
    /// Issuer, kind and name: `330000000000/policy/holiday-calendar`.
    pub key: String,
    /// The version here; 0 if there is none.
    pub here: u32,
    /// The version of the neighbour; 0 if it has not said that it has one.
    pub there: u32,
}

/// A child that was never linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UnseenNeighbour {
    /// The child.
    #[schema(value_type = Code)]
    pub neighbour: DivisionCode,
    /// Its short name.
    pub name: String,
    /// True if a key of it is known, so that somebody set it up.
    pub has_key: bool,
}

/// A child that is known and not linked: what is counted of it is as last received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SilentChild {
    /// The child.
    #[schema(value_type = Code)]
    pub child: DivisionCode,
    /// Its short name.
    pub name: String,
    /// When this node last heard of it, in milliseconds since 1970; absent if that is not known.
    pub last_contact_ms: Option<i64>,
}
