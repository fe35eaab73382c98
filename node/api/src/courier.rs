//! Courier files.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, Mentions};

/// Media type of a courier file.
pub const COURIER_FILE: &str = "application/vnd.wujitong.courier";

/// The courier files between a node and its neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CourierStatus {
    /// One line for each neighbour that was met, or for which something waits; the division above is first.
    pub neighbours: Vec<CourierNeighbour>,
}

impl Mentions for CourierStatus {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.neighbours.iter().map(|one| one.division));
    }
}

/// The courier files between a node and one neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CourierNeighbour {
    /// The neighbour.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Whether it is the division above.
    pub is_above: bool,
    /// Whether a link to it is up.
    pub linked: bool,
    /// Outbox segments that wait for it.
    pub waiting: usize,
    /// Answers to what its files brought, which go back with the next file.
    pub answers: usize,
    /// The last file that was made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<CourierMade>,
    /// The newest file of it that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<CourierRead>,
}

/// The last file that was made for a neighbour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CourierMade {
    /// Count of the files for this neighbour, from 1.
    pub number: u64,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
    /// Segments that were in none of the files up to this one; the next one goes on with them.
    pub left: u64,
}

/// The newest file of a neighbour that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CourierRead {
    /// Its number among the files of the neighbour.
    pub number: u64,
    /// When the neighbour made it, by its clock, in milliseconds since 1970.
    pub made_ms: i64,
    /// When a file was read last, in milliseconds since 1970.
    pub at_ms: i64,
}

/// Asks for a courier file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeCourierFile {
    /// Goes on where the last file for this neighbour ended, instead of from the beginning of what waits.
    #[serde(default)]
    pub go_on: bool,
}

/// A courier file that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CourierFileMade {
    /// The neighbour it is for.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Count of the files for this neighbour, from 1.
    pub number: u64,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: i64,
    /// A name for it.
    #[schema(example = "330825002222-330825002000-0001.courier")]
    pub name: String,
    /// Envelopes in it.
    pub envelopes: usize,
    /// Answers in it, to what files of the neighbour brought.
    pub answers: usize,
    /// Segments that wait and are in none of the files up to this one; if it is not 0, ask for the next one.
    pub left: u64,
    /// The file in base64.
    pub file: String,
}

/// What a courier file brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CourierFileRead {
    /// Who made it.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its number among the files of its maker for this node.
    pub number: u64,
    /// When it was made, by the clock of its maker, in milliseconds since 1970.
    pub made_ms: i64,
    /// Whether later files were read before, or this one was. That does no harm.
    pub late: bool,
    /// Envelopes that took effect, now or before.
    pub accepted: usize,
    /// Envelopes that were refused.
    pub refused: usize,
    /// Envelopes for which there is no room, or whose author's key is not known yet. They come again in a later file.
    pub not_taken: usize,
    /// Outbox segments of this node that left the outbox, because the file answers them.
    pub settled: usize,
    /// Segments that wait at the maker and are in none of its files up to this one.
    pub left: u64,
}

impl Mentions for CourierFileRead {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.division);
    }
}
