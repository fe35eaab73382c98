//! Frames: the messages on a link. An error here means that the peer broke the protocol, and ends
//! the link. An error in one entry concerns that entry only, which is refused.

use bytes::Bytes;
use domain::{
    envelope::{Lane, MOST_BYTES as MOST_ENVELOPE_BYTES, Stamp},
    fetch::{Fetch, Fetched},
    ids::{Epoch, EpochId, NetworkId},
    life::MOST_LIVES,
    statement::Proof,
    suite::Digest,
    template::TemplateKey,
    time::Timestamp,
};
use prost::Message;
use proto::v1::{self, frame::Body as WireBody};
use topology::DivisionCode;

use super::{
    Malformed,
    attachment::{fetch_in, fetch_out, fetched_in, fetched_out},
    choice,
    envelope::{epoch_in, epoch_out},
    figures::{stamp_in, stamp_out},
    malformed::{array, check_length, division, moment, ordinal, required},
    refusal::RefusalCode,
    template::{key_in, key_out, version_in},
};

mod batch;

pub use batch::{Batch, Entry};
use batch::{batch_in, batch_out, proof_in, signed_out};

/// The version of the protocol this binary speaks.
pub const PROTOCOL: u32 = 1;

/// Longest encoded frame in bytes.
pub const MOST_BYTES: usize = 1024 * 1024;

/// Most entries in one batch.
pub const MOST_ENTRIES: usize = 1024;

/// Longest signed key statement in bytes.
pub const MOST_KEY_STATEMENT_BYTES: usize = 8 * 1024;

/// Longest sentence of a refusal or goodbye in bytes; longer ones are truncated.
pub const MOST_REASON_BYTES: usize = 512;

/// Longest name of a program's version in a greeting in bytes; longer ones are truncated.
pub const MOST_PROGRAM_BYTES: usize = 32;

/// Most divisions above the sender of a frame; there are four tiers above the lowest.
pub const MOST_ABOVE: usize = 8;

/// Most key statements in one [`Frame::Keys`].
pub const MOST_KEYS_SHOWN: usize = 256;

/// One message on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// The first frame of each side.
    Hello(Box<Hello>),
    /// Envelopes of one lane.
    Batch(Batch),
    /// Outcomes of one lane.
    Ack(Ack),
    /// The last frame of a side.
    Goodbye(Goodbye),
    /// A request for a range of a file, with an id that the answer repeats.
    Fetch(u64, Fetch),
    /// The answer to a fetch with this id.
    Fetched(u64, Fetched),
    /// Tells the other side that it has everything.
    Watermark(Watermark),
    /// Asks whether the other side is there, because another machine greets with its identity.
    Probe(Probe),
    /// The answer to the probe with this nonce.
    Alive(u64),
    /// Signed key statements of the lower side and of divisions directly below it, opaque here; at
    /// most [`MOST_KEYS_SHOWN`].
    Keys(Vec<Bytes>),
}

/// The sender's identity and state, and what it knows of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The sender's [`PROTOCOL`].
    pub protocol: u32,
    /// The sender's network.
    pub network: NetworkId,
    /// The sender.
    pub division: DivisionCode,
    /// The current epoch of the sender's store.
    pub epoch: Epoch,
    /// Digest of its edition of the tree.
    pub topology: Digest,
    /// The latest of the other's envelopes that it holds.
    pub echo: Option<Echo>,
    /// Templates that the sender knows.
    pub templates: TemplatesKnown,
    /// The sender's own signed key statements, opaque here.
    pub key_statements: Vec<Bytes>,
    /// The sender's clock.
    pub now: Timestamp,
    /// Envelopes the sender accepts unacknowledged, in each lane.
    pub window_envelopes: u32,
    /// Bytes of entries the sender accepts unacknowledged, in each lane.
    pub window_bytes: u32,
    /// Fetches the sender answers at a time; 0 if it answers none.
    pub window_fetches: u32,
    /// Digest over the revocations it knows; `None` from a version without revocations.
    pub revocations: Option<Digest>,
    /// Whether the sender understands [`Frame::Watermark`].
    pub hears_watermarks: bool,
    /// The epochs of its store before `epoch`, oldest first.
    pub earlier: Vec<Epoch>,
    /// Random number drawn when the sender's process started.
    pub instance: [u8; 16],
    /// Digest over the key statements it knows that concern both sides; `None` if it does not
    /// understand [`Frame::Keys`].
    pub keys: Option<Digest>,
    /// Version of its program, for people; empty if it does not say. At most [`MOST_PROGRAM_BYTES`].
    pub program: String,
}

/// The envelope with the highest issue count that the sender holds of the other, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The other's epoch it belongs to.
    pub epoch: EpochId,
    /// Its issue count. Trust it only if the envelope has the same one and its proof holds.
    pub issue: u64,
    /// The exact bytes of the envelope.
    pub bytes: Bytes,
    /// The proof of the envelope.
    pub proof: Proof,
}

/// What a node knows of templates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplatesKnown {
    /// The latest versions for all.
    pub latest: Vec<TemplateInForce>,
    /// Versions that are rolled out, with the stamp of the latest word on that.
    pub rollouts: Vec<TemplateInForce>,
    /// Issuers of lists of current versions, with the stamp of each list.
    pub lists: Vec<(DivisionCode, Stamp)>,
}

/// A template and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateInForce {
    /// Its name.
    pub key: TemplateKey,
    /// The version, from 1.
    pub version: u32,
    /// The stamp of the envelope that brought it.
    pub stamp: Stamp,
}

/// States that everything in a lane up to a position has a recorded outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The lane.
    pub lane: Lane,
    /// The position, cumulative; 0 acknowledges nothing.
    pub through: u64,
    /// The envelopes refused since the last acknowledgement; the others were accepted.
    pub refused: Vec<Refused>,
}

/// One envelope that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its position in the session and lane, at most the acknowledged one.
    pub position: u64,
    /// The reason.
    pub code: RefusalCode,
    /// The reason as the receiver's text; at most [`MOST_REASON_BYTES`]. Not safe to print to a
    /// terminal.
    pub reason: String,
}

/// States that the other side has everything the sender had for it at a moment, except figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watermark {
    /// The moment, by the sender's clock.
    pub at: Timestamp,
    /// The moment up to which each division above the sender has told it everything. By the
    /// sender's clock; at most [`MOST_ABOVE`].
    pub above: Vec<(DivisionCode, Timestamp)>,
    /// The sender's clock when it sends this, so that the other side measures it repeatedly.
    pub now: Timestamp,
}

/// Asks whether the other side is there, because another machine greets with its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Random number that the answer repeats.
    pub nonce: u64,
    /// Address of the other side's stream; not safe to print to a terminal.
    pub yours: String,
    /// Address of the other machine; not safe to print to a terminal.
    pub other: String,
}

/// Announces that a side closes the link, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goodbye {
    /// The reason as a stable number.
    pub code: GoodbyeCode,
    /// The reason as the sender's text; at most [`MOST_REASON_BYTES`]. Not safe to print to a
    /// terminal.
    pub reason: String,
}

/// The reason a side closes the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GoodbyeCode {
    /// The side is being stopped.
    Stopping,
    /// The side does not speak this protocol version.
    Protocol,
    /// The side belongs to another network.
    Network,
    /// The side is not the neighbour the other expects.
    Division,
    /// A later epoch followed the other's epoch.
    Superseded,
    /// The other's frames are malformed.
    Malformed,
    /// The other exceeded a limit.
    Limit,
    /// A newer link replaced this one.
    Replaced,
    /// The other's certificate or key was revoked.
    Revoked,
    /// The side had an internal error.
    Internal,
    /// Another machine with the other's identity is linked and answers.
    SecondMachine,
    /// No division that may vouch for the other's key has done so.
    Key,
    /// A reason of a later version.
    Other(u32),
}

impl GoodbyeCode {
    const KNOWN: [Self; 12] = [
        Self::Stopping,
        Self::Protocol,
        Self::Network,
        Self::Division,
        Self::Superseded,
        Self::Malformed,
        Self::Limit,
        Self::Replaced,
        Self::Revoked,
        Self::Internal,
        Self::SecondMachine,
        Self::Key,
    ];

    /// Returns the number on the wire.
    pub const fn code(self) -> u32 {
        match self {
            Self::Stopping => 1,
            Self::Protocol => 2,
            Self::Network => 3,
            Self::Division => 4,
            Self::Superseded => 5,
            Self::Malformed => 6,
            Self::Limit => 7,
            Self::Replaced => 8,
            Self::Revoked => 9,
            Self::Internal => 10,
            Self::SecondMachine => 11,
            Self::Key => 12,
            Self::Other(code) => code,
        }
    }

    /// Returns the reason with this number.
    pub fn from_code(code: u32) -> Self {
        let mut known = Self::KNOWN.into_iter();
        known
            .find(|known| known.code() == code)
            .unwrap_or(Self::Other(code))
    }
}

impl Frame {
    /// Converts the frame to the message of the service stubs. Envelope bytes and signatures are
    /// moved, not copied.
    pub fn into_proto(self) -> v1::Frame {
        let body = match self {
            Self::Hello(hello) => WireBody::Hello(Box::new(hello_out(*hello))),
            Self::Batch(batch) => WireBody::Batch(batch_out(batch)),
            Self::Ack(ack) => WireBody::Ack(ack_out(ack)),
            Self::Goodbye(goodbye) => WireBody::Goodbye(v1::Goodbye {
                code: goodbye.code.code(),
                reason: cut(goodbye.reason),
            }),
            Self::Fetch(id, fetch) => WireBody::Fetch(fetch_out(id, &fetch)),
            Self::Fetched(id, fetched) => WireBody::Fetched(fetched_out(id, fetched)),
            Self::Watermark(watermark) => WireBody::Watermark(watermark_out(watermark)),
            Self::Probe(probe) => WireBody::Probe(v1::Probe {
                nonce: probe.nonce,
                yours: cut(probe.yours),
                other: cut(probe.other),
            }),
            Self::Alive(nonce) => WireBody::Alive(v1::Alive { nonce }),
            Self::Keys(statements) => WireBody::Keys(v1::KeysShown { statements }),
        };
        v1::Frame { body: Some(body) }
    }

    /// Encodes the frame as bytes, for links that are not gRPC streams.
    pub fn encode(self) -> Bytes {
        self.into_proto().encode_to_vec().into()
    }

    /// Decodes a frame from bytes, with the same limits as a gRPC stream. Envelopes are slices of
    /// `bytes` and keep all of it in memory.
    pub fn decode(bytes: Bytes) -> Result<Self, Malformed> {
        check_length(bytes.len(), MOST_BYTES, "frame")?;
        proto::check_parts(&bytes).map_err(|proto::TooManyParts| Malformed::TooMany {
            field: "frame",
            most: proto::MOST_PARTS,
        })?;
        v1::Frame::decode(bytes)?.try_into()
    }
}

impl TryFrom<v1::Frame> for Frame {
    type Error = Malformed;

    fn try_from(frame: v1::Frame) -> Result<Self, Malformed> {
        Ok(match required(frame.body, "frame.body")? {
            WireBody::Hello(hello) => Self::Hello(Box::new(hello_in(*hello)?)),
            WireBody::Batch(batch) => Self::Batch(batch_in(batch)?),
            WireBody::Ack(ack) => Self::Ack(ack_in(ack)?),
            WireBody::Goodbye(goodbye) => Self::Goodbye(Goodbye {
                code: GoodbyeCode::from_code(goodbye.code),
                reason: cut(goodbye.reason),
            }),
            WireBody::Fetch(fetch) => {
                let (id, fetch) = fetch_in(fetch)?;
                Self::Fetch(id, fetch)
            }
            WireBody::Fetched(fetched) => {
                let (id, fetched) = fetched_in(fetched)?;
                Self::Fetched(id, fetched)
            }
            WireBody::Watermark(watermark) => Self::Watermark(watermark_in(watermark)?),
            WireBody::Probe(probe) => Self::Probe(Probe {
                nonce: probe.nonce,
                yours: cut(probe.yours),
                other: cut(probe.other),
            }),
            WireBody::Alive(alive) => Self::Alive(alive.nonce),
            WireBody::Keys(v1::KeysShown { statements }) => {
                if statements.len() > MOST_KEYS_SHOWN {
                    return Err(Malformed::TooMany {
                        field: "keys.statements",
                        most: MOST_KEYS_SHOWN,
                    });
                }
                check_key_statements(&statements)?;
                Self::Keys(statements)
            }
        })
    }
}

fn hello_out(hello: Hello) -> v1::Hello {
    let template_out = |template: TemplateInForce| v1::TemplateInForce {
        key: Some(key_out(&template.key)),
        version: template.version,
        stamp: Some(stamp_out(template.stamp)),
    };
    let list_out = |(issuer, stamp): (DivisionCode, Stamp)| v1::ListHeld {
        issuer: issuer.as_u64(),
        stamp: Some(stamp_out(stamp)),
    };
    let TemplatesKnown {
        latest,
        rollouts,
        lists,
    } = hello.templates;
    v1::Hello {
        protocol: hello.protocol,
        network: Bytes::copy_from_slice(&hello.network.0),
        division: hello.division.as_u64(),
        epoch: Some(epoch_out(&hello.epoch)),
        topology_digest: Bytes::copy_from_slice(&hello.topology),
        echo: hello.echo.map(|echo| v1::EchoOfYours {
            epoch: Bytes::copy_from_slice(&echo.epoch.0),
            issue: echo.issue,
            proof: Some(signed_out(echo.bytes, echo.proof)),
        }),
        templates: latest.into_iter().map(template_out).collect(),
        rollouts: rollouts.into_iter().map(template_out).collect(),
        lists: lists.into_iter().map(list_out).collect(),
        key_statements: hello.key_statements,
        now_ms: hello.now.0,
        window_envelopes: hello.window_envelopes,
        window_bytes: hello.window_bytes,
        window_fetches: hello.window_fetches,
        revocations: hello
            .revocations
            .map_or_else(Bytes::new, |digest| Bytes::copy_from_slice(&digest)),
        hears_watermarks: hello.hears_watermarks,
        earlier: hello.earlier.iter().map(epoch_out).collect(),
        instance: Bytes::copy_from_slice(&hello.instance),
        keys: hello
            .keys
            .map_or_else(Bytes::new, |digest| Bytes::copy_from_slice(&digest)),
        program: cut_to(hello.program, MOST_PROGRAM_BYTES),
    }
}

fn hello_in(hello: v1::Hello) -> Result<Hello, Malformed> {
    let template_in = |template: v1::TemplateInForce| {
        Ok(TemplateInForce {
            key: key_in(template.key)?,
            version: version_in(template.version)?,
            stamp: stamp_in(template.stamp)?,
        })
    };
    let list_in = |held: v1::ListHeld| {
        let issuer = division(held.issuer, "hello.lists")?;
        Ok((issuer, stamp_in(held.stamp)?))
    };
    check_key_statements(&hello.key_statements)?;
    if hello.earlier.len() >= MOST_LIVES {
        return Err(Malformed::TooMany {
            field: "hello.earlier",
            most: MOST_LIVES - 1,
        });
    }
    Ok(Hello {
        protocol: hello.protocol,
        network: NetworkId(array(&hello.network, "hello.network")?),
        division: division(hello.division, "hello.division")?,
        epoch: epoch_in(hello.epoch.as_ref())?,
        topology: array(&hello.topology_digest, "hello.topology_digest")?,
        echo: hello.echo.map(echo_in).transpose()?,
        templates: TemplatesKnown {
            latest: hello
                .templates
                .into_iter()
                .map(template_in)
                .collect::<Result<_, Malformed>>()?,
            rollouts: hello
                .rollouts
                .into_iter()
                .map(template_in)
                .collect::<Result<_, Malformed>>()?,
            lists: hello
                .lists
                .into_iter()
                .map(list_in)
                .collect::<Result<_, Malformed>>()?,
        },
        key_statements: hello.key_statements,
        now: moment(hello.now_ms, "hello.now_ms")?,
        window_envelopes: hello.window_envelopes,
        window_bytes: hello.window_bytes,
        window_fetches: hello.window_fetches,
        revocations: (!hello.revocations.is_empty())
            .then(|| array(&hello.revocations, "hello.revocations"))
            .transpose()?,
        hears_watermarks: hello.hears_watermarks,
        earlier: hello
            .earlier
            .iter()
            .map(|life| epoch_in(Some(life)))
            .collect::<Result<_, Malformed>>()?,
        instance: array(&hello.instance, "hello.instance")?,
        keys: (!hello.keys.is_empty())
            .then(|| array(&hello.keys, "hello.keys"))
            .transpose()?,
        program: cut_to(hello.program, MOST_PROGRAM_BYTES),
    })
}

fn watermark_out(watermark: Watermark) -> v1::Watermark {
    let told_out = |(division, through): (DivisionCode, Timestamp)| v1::Told {
        division: division.as_u64(),
        through_ms: through.0,
    };
    v1::Watermark {
        at_ms: watermark.at.0,
        above: watermark.above.into_iter().map(told_out).collect(),
        now_ms: watermark.now.0,
    }
}

fn watermark_in(watermark: v1::Watermark) -> Result<Watermark, Malformed> {
    if watermark.above.len() > MOST_ABOVE {
        return Err(Malformed::TooMany {
            field: "watermark.above",
            most: MOST_ABOVE,
        });
    }
    let told_in = |told: v1::Told| {
        let through = moment(told.through_ms, "told.through_ms")?;
        Ok((division(told.division, "told.division")?, through))
    };
    Ok(Watermark {
        at: moment(watermark.at_ms, "watermark.at_ms")?,
        above: watermark
            .above
            .into_iter()
            .map(told_in)
            .collect::<Result<_, Malformed>>()?,
        now: moment(watermark.now_ms, "watermark.now_ms")?,
    })
}

fn echo_in(echo: v1::EchoOfYours) -> Result<Echo, Malformed> {
    let signed = required(echo.proof, "echo.proof")?;
    check_length(signed.envelope.len(), MOST_ENVELOPE_BYTES, "echo.envelope")?;
    Ok(Echo {
        epoch: EpochId(array(&echo.epoch, "echo.epoch")?),
        issue: ordinal(echo.issue, "echo.issue")?,
        proof: proof_in(
            required(signed.statement, "echo.statement")?,
            signed.leaf,
            &signed.path,
        )?,
        bytes: signed.envelope,
    })
}

fn ack_out(ack: Ack) -> v1::Ack {
    let refusal_out = |refused: Refused| v1::Refusal {
        position: refused.position,
        code: refused.code.code(),
        reason: cut(refused.reason),
    };
    v1::Ack {
        lane: ack.lane.number(),
        through: ack.through,
        refused: ack.refused.into_iter().map(refusal_out).collect(),
    }
}

fn ack_in(ack: v1::Ack) -> Result<Ack, Malformed> {
    let through = ack.through;
    let refusal_in = |refusal: v1::Refusal| {
        if refusal.position == 0 || refusal.position > through {
            return Err(Malformed::Contradiction("refusal.position"));
        }
        Ok(Refused {
            position: refusal.position,
            code: RefusalCode::from_code(refusal.code),
            reason: cut(refusal.reason),
        })
    };
    Ok(Ack {
        lane: choice::read(ack.lane, "ack.lane")?,
        through,
        refused: ack
            .refused
            .into_iter()
            .map(refusal_in)
            .collect::<Result<_, _>>()?,
    })
}

fn check_key_statements(statements: &[Bytes]) -> Result<(), Malformed> {
    statements.iter().try_for_each(|statement| {
        check_length(statement.len(), MOST_KEY_STATEMENT_BYTES, "key_statements")
    })
}

fn cut(reason: String) -> String {
    cut_to(reason, MOST_REASON_BYTES)
}

fn cut_to(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most));
    text
}
