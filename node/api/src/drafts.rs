//! Drafts: reports that somebody is still writing on pages of a node.

use std::collections::BTreeMap;

use domain::attachment::{Media, UploadId};
use serde::{Deserialize, Serialize};

/// Header with the key of a draft: `wjd_` and 32 hexadecimal digits, drawn at random by the page.
pub const DRAFT_KEY: &str = "draft-key";

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftRequest {
    /// Values by the names of the fields; at most 48 fields and 64 KiB.
    pub fields: BTreeMap<String, String>,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftView {
    /// Values by the names of the fields.
    pub fields: BTreeMap<String, String>,
    /// Photos that are kept for it, in order.
    #[schema(value_type = Vec<String>)]
    pub photos: Vec<UploadId>,
    /// Documents that are kept for it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DraftDocument>,
    /// The matter that it became, if it was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<DraftMatter>,
}

/// A document of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftDocument {
    /// Its id in the draft.
    #[schema(value_type = String)]
    pub id: UploadId,
    /// Media type.
    pub media: Media,
    /// Length in bytes.
    pub bytes: u64,
}

/// The matter that a draft became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftMatter {
    /// Number of the matter.
    pub id: String,
    /// The slip: send it as `Reporter-Token`. Left out ten minutes after the draft was handed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A photo that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftPhoto {
    /// Its id in the draft.
    #[schema(value_type = String)]
    pub id: UploadId,
}
