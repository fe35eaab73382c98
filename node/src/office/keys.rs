//! Keys of a node's records. The first byte names the kind; `outbox::queue` has those of the outbox.

use bytes::Bytes;
use topology::DivisionCode;

use crate::{
    domain::{
        envelope::{Destination, Lane},
        ids::{EpochId, KeyId, MatterId},
        rollup::CellKey,
        template::TemplateKey,
    },
    outbox::queue::destination_bytes,
};

/// Counts of this life.
pub(super) const LEDGER: &[u8] = b"c";
/// What was issued in this life between starts.
pub(super) const RUNS: &[u8] = b"e";
/// What dockets begin with.
pub(super) const DOCKETS: &[u8] = b"m";
/// What journal entries begin with.
pub(super) const JOURNAL: &[u8] = b"j";
/// What sums of figures begin with.
pub(super) const SUMS: &[u8] = b"q";
/// What sums as the parent counts them begin with, where the parent counts more coarsely.
pub(super) const UPWARD: &[u8] = b"u";
/// What the latest versions of templates begin with.
pub(super) const TEMPLATES: &[u8] = b"t";
/// What templates in force begin with.
pub(super) const IN_FORCE: &[u8] = b"i";
/// What key statements of other divisions begin with.
pub(super) const KEYS: &[u8] = b"k";

fn key(kind: &[u8], parts: &[&[u8]]) -> Bytes {
    [kind, &parts.concat()].concat().into()
}

fn code(division: DivisionCode) -> [u8; 8] {
    division.as_u64().to_be_bytes()
}

/// A docket.
pub(super) fn docket(id: MatterId) -> Bytes {
    key(DOCKETS, &[&id.to_bytes()])
}

/// The highest custody version of a matter this node refused to take from a giver.
pub(super) fn refused_give(giver: DivisionCode, id: MatterId) -> Bytes {
    key(b"g", &[&code(giver), &id.to_bytes()])
}

/// The trace a matter is part of.
pub(super) fn trace(id: MatterId) -> Bytes {
    key(b"z", &[&id.to_bytes()])
}

/// A journal entry.
pub(super) fn journal(n: u64) -> Bytes {
    key(JOURNAL, &[&n.to_be_bytes()])
}

/// Which envelopes of a flow were seen.
pub(super) fn flow(author: DivisionCode, epoch: EpochId, to: Destination, lane: Lane) -> Bytes {
    key(
        b"f",
        &[
            &code(author),
            &epoch.0,
            &destination_bytes(to),
            &[lane.index() as u8],
        ],
    )
}

/// Why one envelope of a flow was refused.
pub(super) fn refused_envelope(flow: &[u8], sequence: u64) -> Bytes {
    key(b"x", &[&flow[1..], &sequence.to_be_bytes()])
}

/// The last sequence number this node used in a flow of its own.
pub(super) fn own_flow(epoch: EpochId, to: Destination, lane: Lane) -> Bytes {
    key(
        b"s",
        &[&epoch.0, &destination_bytes(to), &[lane.index() as u8]],
    )
}

/// What is remembered of a neighbour.
pub(super) fn peer(neighbour: DivisionCode) -> Bytes {
    key(b"p", &[&code(neighbour)])
}

/// A sum of figures.
pub(super) fn sum(cell: &CellKey) -> Bytes {
    key(SUMS, &[&cell.to_bytes()])
}

/// A sum as the parent counts it.
pub(super) fn upward(cell: &CellKey) -> Bytes {
    key(UPWARD, &[&cell.to_bytes()])
}

/// What a child last said of a cell.
pub(super) fn heard(child: DivisionCode, cell: &CellKey) -> Bytes {
    key(b"h", &[&code(child), &cell.to_bytes()])
}

/// What everything a child said of cells begins with.
pub(super) fn heard_prefix(child: DivisionCode) -> Bytes {
    key(b"h", &[&code(child)])
}

/// What a child said of a cell in an epoch whose set is not complete yet.
pub(super) fn staged(child: DivisionCode, cell: &CellKey) -> Bytes {
    key(b"n", &[&code(child), &cell.to_bytes()])
}

/// What everything staged for a child begins with.
pub(super) fn staged_prefix(child: DivisionCode) -> Bytes {
    key(b"n", &[&code(child)])
}

/// The latest version of a template this node heard of.
pub(super) fn template(template: &TemplateKey) -> Bytes {
    key(TEMPLATES, &[&template.to_bytes()])
}

/// The highest version that others have of a template of this node's own, which its store has lost.
pub(super) fn lost_version(template: &TemplateKey) -> Bytes {
    key(b"v", &[&template.to_bytes()])
}

/// Which lives of a child's store its cells are of.
pub(super) fn lives(child: DivisionCode) -> Bytes {
    key(b"l", &[&code(child)])
}

/// A template in force.
pub(super) fn in_force(template: &TemplateKey) -> Bytes {
    key(IN_FORCE, &[&template.to_bytes()])
}

/// What a child said became of a template.
pub(super) fn adoption(template: &TemplateKey, child: DivisionCode) -> Bytes {
    key(b"y", &[&template.to_bytes(), &[0], &code(child)])
}

/// What everything children said of a template begins with.
pub(super) fn adoption_prefix(template: &TemplateKey) -> Bytes {
    key(b"y", &[&template.to_bytes(), &[0]])
}

/// A key statement.
pub(super) fn key_statement(division: DivisionCode, id: KeyId) -> Bytes {
    key(KEYS, &[&code(division), &id.0])
}
