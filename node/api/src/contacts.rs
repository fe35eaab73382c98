//! The contact of a reporter, and erasing the text of a matter.

use domain::{audit::ContactReason, matter::Erasure};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Contact;

/// A request to open the contact of the reporter of a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// What the contact is needed for. The audit trail names it.
    pub reason: ContactReason,
}

/// The contact of the reporter of a matter. Each opening is recorded in the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenedContact {
    /// All known contact data.
    pub contact: Contact,
}

/// A request to erase all text of a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseRequest {
    /// The reason.
    pub reason: Erasure,
}

/// The text was erased at this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erased {
    /// Other nodes that erase it too.
    pub reach: Reach,
}

topology::vocabulary! {
    /// How far an erasure reaches.
    #[derive(utoipa::ToSchema)]
    pub enum Reach: "reach of an erasure" {
        Everywhere = 1, "everywhere", "各级", "every division that had the matter, or words about it, is told";
        Here = 2, "here", "仅本节点", "only this node, which does not hold the matter";
    }
}
