//! What a receipt proves, as the API says it.

use std::collections::BTreeSet;

use domain::{
    matter::{ActName, Outcome},
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
    /// The steps of the matter that a proof on paper holds, oldest first; empty if a check failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepLine>,
}

/// A step of a matter to which a public log commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepLine {
    /// When it was made, by the division's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// The division that made it.
    #[schema(value_type = Code)]
    pub by: DivisionCode,
    /// What was done.
    #[schema(value_type = String)]
    pub act: ActName,
}

/// A proof on paper: what a public log proves, as digits for a QR code. Who has the root certificate and a receipt of the
/// same log, or `log/EPOCH/keys`, checks it without asking the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PrintedProof {
    /// The division whose log it is.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The proof: decimal digits.
    pub digits: String,
    /// Position of the entry, from 0.
    pub index: u64,
    /// Number of entries of the log.
    pub size: u64,
    /// The steps of the matter that it proves, oldest first; as many of its first ones as fit a code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepLine>,
    /// SHA-256 of the document that it proves, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Who countersigned the head of the log.
    #[schema(value_type = Vec<Code>)]
    pub countersigned: Vec<DivisionCode>,
    /// Whether not all who should have countersigned yet; then only the division itself vouches for its log.
    pub pending: bool,
}

/// The document of a disclosure that a receipt is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckedDisclosure {
    /// Number of the disclosure, 16 hexadecimal digits, as the file names it.
    pub number: String,
    /// The edition, from 1, as the file names it.
    pub edition: u32,
    /// SHA-256 of the document, in hexadecimal. Nodes of before leave it out.
    #[serde(default)]
    pub sha256: String,
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
        all.extend(self.steps.iter().map(|step| step.by));
    }
}

impl Mentions for PrintedProof {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.division);
        all.extend(&self.countersigned);
        all.extend(self.steps.iter().map(|step| step.by));
    }
}
