//! Who a reporter is, and erasing what was written.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Contact;
use crate::{domain::matter::Erasure, office::Reach};

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
