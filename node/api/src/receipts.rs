//! What a receipt proves, as the API says it.

use std::collections::BTreeSet;

use domain::{
    matter::Outcome,
    receipt::{Finding, Kind, What},
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, DisclosureDocument, Mentions};

/// The result of checking a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReceiptCheck {
    /// Whether no check failed; some may not have been possible.
    pub holds: bool,
    /// Whether it proves something with the head of a public log that not all who should have countersigned.
    #[serde(default)]
    pub pending: bool,
    /// The network's id, in hexadecimal.
    pub network: String,
    /// Number of the matter, if the file is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    /// The document, if the file is about a disclosure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosure: Option<CheckedDisclosure>,
    /// The division that made the file.
    #[schema(value_type = Code)]
    pub exported_by: DivisionCode,
    /// The time up to which it is complete, by that division's clock.
    pub as_of_ms: i64,
    /// SHA-256 of the root certificates it was checked with, in hexadecimal.
    pub root_sha256: Vec<String>,
    /// The checks made, and those that were not possible.
    pub checks: Vec<CheckLine>,
    /// Who took the matter and how it was decided, oldest first; empty if a check failed.
    pub receipts: Vec<ReceiptLine>,
}

/// The document of a disclosure that a receipt is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckedDisclosure {
    /// Number of the disclosure, 16 hexadecimal digits, as the file names it.
    pub number: String,
    /// The edition, from 1, as the file names it.
    pub edition: u32,
    /// What was published; absent if a check failed, or in a form of a later program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DisclosureDocument>,
}

/// One check of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckLine {
    /// The subject of the check.
    pub what: What,
    /// The division whose key or statement was checked, if it was that of one division.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
    /// The result.
    pub finding: Finding,
    /// The result in words, in English.
    pub detail: String,
    /// The same in Chinese.
    #[serde(default)]
    pub detail_chinese: String,
}

/// What one division signed: that it took the matter, or how it decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReceiptLine {
    /// Its kind.
    pub kind: Kind,
    /// The division that signed.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The neighbour from which it was taken; absent where it was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub from: Option<DivisionCode>,
    /// The neighbour to which it was handed afterwards, as far as the statement knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub to: Option<DivisionCode>,
    /// Time of taking or deciding, by that division's clock.
    pub at_ms: i64,
    /// How it was decided; absent for a taking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// Of which edition a receipt or a table is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DisclosureReceiptQuery {
    /// The edition, from 1; the latest if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<u32>,
}

impl Mentions for ReceiptCheck {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.exported_by);
        all.extend(self.checks.iter().filter_map(|check| check.about));
        for receipt in &self.receipts {
            all.insert(receipt.division);
            all.extend(receipt.from.into_iter().chain(receipt.to));
        }
    }
}
