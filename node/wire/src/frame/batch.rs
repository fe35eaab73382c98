//! Batches: envelopes of one lane with their proofs; each statement is sent once.

use std::collections::{HashMap, hash_map::Entry as Slot};

use bytes::{BufMut, Bytes, BytesMut};
use domain::{
    envelope::Lane,
    ids::{EpochId, KeyId, NetworkId},
    matter::Body,
    seal::SealedBody,
    statement::{MOST_LEAVES, Proof, Statement},
    suite::Digest,
};
use proto::v1;

use super::{MOST_ENTRIES, MOST_ENVELOPE_BYTES, check_key_statements};
use crate::{
    Malformed, choice,
    malformed::{array, check_length, division, ordinal, suite},
    matter::{body_in, body_out, sealed_in, sealed_out},
};

const DIGEST: usize = size_of::<Digest>();

/// Most digests in a path: the depth of a tree of [`MOST_LEAVES`] leaves.
const MOST_PATH: usize = MOST_LEAVES.ilog2() as usize;

/// Exceeds any signature of a future suite.
const MOST_SIGNATURE_BYTES: usize = 512;

/// Longest trace context in bytes. A traceparent has 55 characters; a later version of it may have
/// more.
const MOST_TRACE_BYTES: usize = 128;

/// Envelopes of one lane, in the order of their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Their lane.
    pub lane: Lane,
    /// Position of the first entry in this session and lane, from 1; the others follow without
    /// gaps.
    pub first: u64,
    /// The entries. One that cannot be decoded keeps its position and is refused with the reason.
    pub entries: Vec<Result<Entry, Malformed>>,
    /// Signed key statements of authors not yet carried in this session, opaque here.
    pub key_statements: Vec<Bytes>,
}

/// One envelope with its proof and what travels beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The exact bytes of the envelope. Forward these, never a new encoding of the decoded
    /// envelope.
    pub bytes: Bytes,
    /// The proof of the envelope.
    pub proof: Proof,
    /// Bodies of class `public` whose commitments the envelope names.
    pub bodies: Vec<Body>,
    /// All other bodies whose commitments the envelope names, for the receiver to unwrap.
    pub sealed: Vec<SealedBody>,
    /// W3C traceparent, not signed. One that is too long or not printable is dropped.
    pub trace: Option<String>,
}

impl Batch {
    /// Builds a batch to send: 1 to [`MOST_ENTRIES`] entries, in all at most
    /// [`MOST_BYTES`](super::MOST_BYTES) by [`Entry::most_bytes`].
    pub fn new(lane: Lane, first: u64, entries: Vec<Entry>, key_statements: Vec<Bytes>) -> Self {
        Self {
            lane,
            first,
            entries: entries.into_iter().map(Ok).collect(),
            key_statements,
        }
    }

    /// Iterates over the entries with their positions.
    pub fn into_numbered(self) -> impl Iterator<Item = (u64, Result<Entry, Malformed>)> {
        (self.first..).zip(self.entries)
    }
}

impl Entry {
    /// Returns an upper bound, in bytes, on what this entry with its own statement adds to a frame.
    pub fn most_bytes(&self) -> usize {
        const STATEMENT: usize = 160;
        const FIELDS: usize = 64;
        let open = self.bodies.iter().map(|body| body.bytes() + FIELDS);
        let sealed = self.sealed.iter().map(|sealed| sealed.bytes() + FIELDS);
        let bodies = open.sum::<usize>() + sealed.sum::<usize>();
        self.bytes.len()
            + self.proof.path.len() * DIGEST
            + self.proof.signature.len()
            + self.trace.as_ref().map_or(0, String::len)
            + bodies
            + STATEMENT
            + FIELDS
    }
}

/// Collects statements without duplicates.
#[derive(Default)]
struct Statements {
    shared: Vec<v1::SharedStatement>,
    known: Vec<(Statement, Bytes)>,
    by_root: HashMap<Digest, usize>,
}

impl Statements {
    fn index(&mut self, statement: Statement, signature: Bytes) -> u32 {
        let same = |known: &(Statement, Bytes)| known.0 == statement && known.1 == signature;
        let next = self.known.len();
        // Adjacent entries of a batch mostly share a root.
        let found = match self.known.last() {
            Some(last) if same(last) => next - 1,
            _ => match self.by_root.entry(statement.root) {
                Slot::Occupied(slot) if same(&self.known[*slot.get()]) => *slot.get(),
                Slot::Occupied(_) => next,
                Slot::Vacant(slot) => *slot.insert(next),
            },
        };
        if found == next {
            self.shared
                .push(statement_out(&statement, signature.clone()));
            self.known.push((statement, signature));
        }
        u32::try_from(found).expect("a batch has few statements")
    }
}

pub(super) fn batch_out(batch: Batch) -> v1::Batch {
    let mut statements = Statements::default();
    let entries = batch
        .entries
        .into_iter()
        .map(|entry| match entry {
            Ok(entry) => v1::Entry {
                envelope: entry.bytes,
                statement: statements.index(entry.proof.statement, entry.proof.signature),
                leaf: entry.proof.index,
                path: path_out(&entry.proof.path),
                trace: entry.trace.unwrap_or_default(),
                bodies: entry.bodies.into_iter().map(body_out).collect(),
                sealed: entry.sealed.into_iter().map(sealed_out).collect(),
            },
            // Only decoded batches have unreadable entries, and those are not sent; if one is, it
            // stays unreadable.
            Err(_) => v1::Entry {
                statement: u32::MAX,
                ..v1::Entry::default()
            },
        })
        .collect();
    v1::Batch {
        lane: batch.lane.number(),
        first: batch.first,
        entries,
        statements: statements.shared,
        key_statements: batch.key_statements,
    }
}

pub(super) fn batch_in(batch: v1::Batch) -> Result<Batch, Malformed> {
    let (count, field) = (batch.entries.len(), "batch.entries");
    if count > MOST_ENTRIES || batch.statements.len() > MOST_ENTRIES {
        let most = MOST_ENTRIES;
        return Err(Malformed::TooMany { field, most });
    }
    if count == 0 {
        return Err(Malformed::Missing(field));
    }
    check_key_statements(&batch.key_statements)?;
    let first = ordinal(batch.first, "batch.first")?;
    ordinal(first + count as u64, "batch.first")?;
    let statements: Vec<_> = batch.statements.into_iter().map(statement_in).collect();
    let entries = batch.entries.into_iter();
    Ok(Batch {
        lane: choice::read(batch.lane, "batch.lane")?,
        first,
        entries: entries.map(|entry| entry_in(entry, &statements)).collect(),
        key_statements: batch.key_statements,
    })
}

fn entry_in(
    entry: v1::Entry,
    statements: &[Result<(Statement, Bytes), Malformed>],
) -> Result<Entry, Malformed> {
    if entry.envelope.is_empty() {
        return Err(Malformed::Missing("entry.envelope"));
    }
    check_length(entry.envelope.len(), MOST_ENVELOPE_BYTES, "entry.envelope")?;
    let (statement, signature) = usize::try_from(entry.statement)
        .ok()
        .and_then(|index| statements.get(index))
        .ok_or(Malformed::Range("entry.statement"))?
        .clone()?;
    Ok(Entry {
        bytes: entry.envelope,
        proof: Proof {
            statement,
            signature,
            index: entry.leaf,
            path: path_in(&entry.path)?,
        },
        bodies: entry
            .bodies
            .into_iter()
            .map(body_in)
            .collect::<Result<_, _>>()?,
        sealed: entry
            .sealed
            .into_iter()
            .map(sealed_in)
            .collect::<Result<_, _>>()?,
        trace: Some(entry.trace).filter(|trace| is_trace(trace)),
    })
}

fn is_trace(text: &str) -> bool {
    (1..=MOST_TRACE_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

pub(super) fn signed_out(envelope: Bytes, proof: Proof) -> v1::SignedEnvelope {
    v1::SignedEnvelope {
        envelope,
        statement: Some(statement_out(&proof.statement, proof.signature)),
        leaf: proof.index,
        path: path_out(&proof.path),
    }
}

pub(super) fn proof_in(
    statement: v1::SharedStatement,
    leaf: u32,
    path: &Bytes,
) -> Result<Proof, Malformed> {
    let (statement, signature) = statement_in(statement)?;
    Ok(Proof {
        statement,
        signature,
        index: leaf,
        path: path_in(path)?,
    })
}

fn statement_out(statement: &Statement, signature: Bytes) -> v1::SharedStatement {
    // One allocation for four slices.
    let mut bytes = BytesMut::with_capacity(3 * 16 + DIGEST);
    bytes.put_slice(&statement.network.0);
    bytes.put_slice(&statement.key.0);
    bytes.put_slice(&statement.epoch.0);
    bytes.put_slice(&statement.root);
    let mut bytes = bytes.freeze();
    v1::SharedStatement {
        suite: statement.suite.id(),
        network: bytes.split_to(16),
        author: statement.author.as_u64(),
        key: bytes.split_to(16),
        epoch: bytes.split_to(16),
        leaves: statement.leaves,
        root: bytes,
        signature,
    }
}

fn statement_in(statement: v1::SharedStatement) -> Result<(Statement, Bytes), Malformed> {
    let signature = statement.signature;
    check_length(signature.len(), MOST_SIGNATURE_BYTES, "statement.signature")?;
    let statement = Statement {
        suite: suite(statement.suite, "statement.suite")?,
        network: NetworkId(array(&statement.network, "statement.network")?),
        author: division(statement.author, "statement.author")?,
        key: KeyId(array(&statement.key, "statement.key")?),
        epoch: EpochId(array(&statement.epoch, "statement.epoch")?),
        leaves: statement.leaves,
        root: array(&statement.root, "statement.root")?,
    };
    Ok((statement, signature))
}

fn path_out(path: &[Digest]) -> Bytes {
    Bytes::from(path.concat())
}

fn path_in(path: &Bytes) -> Result<Vec<Digest>, Malformed> {
    let field = "entry.path";
    check_length(path.len(), MOST_PATH * DIGEST, field)?;
    let (digests, rest) = path.as_chunks::<DIGEST>();
    match rest.len() {
        0 => Ok(digests.to_vec()),
        extra => Err(Malformed::Length {
            field,
            wanted: path.len() - extra,
            found: path.len(),
        }),
    }
}
