//! Who a reporter is, and erasing what was written.

use domain::matter::Erasure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Contact;

/// Who reported a matter. That it was opened is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenedContact {
    /// Everything that is known.
    pub contact: Contact,
}

/// That every word of a matter is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// Why.
    pub reason: Erasure,
}

/// It was erased here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erased {
    /// Who else is told to.
    pub reach: Reach,
}

/// How far an erasure reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Every division that had the matter, or words about it, is told to erase them.
    Everywhere,
    /// Only the copies of this node, which does not hold the matter.
    Here,
}
