//! Envelopes: the bytes an author signs.

use bytes::Bytes;
use domain::{
    envelope::{Destination, Envelope, MOST_BYTES, Order, Payload, Showing, Stamp},
    ids::{Epoch, EpochId},
    life::GREATEST_ORDER,
};
use prost::Message;
use proto::v1::{
    self, Kind,
    envelope::{Destination as WireDestination, Order as WireOrder},
};
use topology::DivisionCode;

use super::{
    MOST_KEY_BYTES, Malformed,
    adoption::{adoption_in, adoption_out},
    choice,
    compliance::{compliance_in, compliance_out},
    figures::{cell_in, cell_out},
    heads,
    health::{health_in, health_out},
    malformed::{array, check_length, division, ordinal, required},
    matter::{matter_in, matter_out},
    request::{answer_in, answer_out, request_in, request_out},
    revocation::{revocation_in, revocation_out},
    rollout::{list_in, list_out, rollout_in, rollout_out},
    template::{scope_in, scope_out, template_in, template_out},
};

/// Encodes an envelope: the bytes its author signs and every hop forwards. The encoding is
/// deterministic.
///
/// Only a matter within [`MOST_STEPS`](domain::custody::MOST_STEPS) or a template within its limits
/// is sure to stay below [`MOST_BYTES`]. An unknown payload is encoded without content.
pub fn encode_envelope(envelope: &Envelope) -> Bytes {
    let (kind, payload) = payload_out(&envelope.payload);
    let message = v1::Envelope {
        author: envelope.author.as_u64(),
        epoch: Some(epoch_out(&envelope.epoch)),
        issue: envelope.issue,
        destination: Some(match envelope.destination {
            Destination::Division(to) => WireDestination::Division(to.as_u64()),
            Destination::Scope(scope) => WireDestination::Scope(scope_out(scope)),
        }),
        lane: envelope.lane.number(),
        order: Some(match &envelope.order {
            Order::Sequence(number) => WireOrder::Sequence(*number),
            Order::Replaces { key } => WireOrder::Replaces(v1::Replaces { key: key.clone() }),
        }),
        kind,
        payload: payload.into(),
    };
    message.encode_to_vec().into()
}

/// Decodes an envelope. An unknown kind becomes [`Payload::Unknown`], and so does a known kind with
/// a choice or suite of a later version: relays carry both unopened.
pub fn decode_envelope(bytes: &Bytes) -> Result<Envelope, Malformed> {
    check_length(bytes.len(), MOST_BYTES, "envelope")?;
    let message = v1::Envelope::decode(bytes.clone())?;
    let author = division(message.author, "envelope.author")?;
    let mut envelope = Envelope {
        author,
        epoch: epoch_in(message.epoch.as_ref())?,
        issue: ordinal(message.issue, "envelope.issue")?,
        destination: match required(message.destination, "envelope.destination")? {
            WireDestination::Division(to) => {
                Destination::Division(division(to, "envelope.destination")?)
            }
            WireDestination::Scope(scope) => Destination::Scope(scope_in(scope)?),
        },
        lane: choice::read(message.lane, "envelope.lane")?,
        order: match required(message.order, "envelope.order")? {
            WireOrder::Sequence(number) => Order::Sequence(ordinal(number, "envelope.sequence")?),
            WireOrder::Replaces(replaces) => {
                check_length(replaces.key.len(), MOST_KEY_BYTES, "replaces.key")?;
                Order::Replaces { key: replaces.key }
            }
        },
        payload: payload_in(message.kind, message.payload, author)?,
    };
    let stamp = envelope.stamp();
    envelope.payload.date(stamp);
    Ok(envelope)
}

fn payload_out(payload: &Payload) -> (u32, Vec<u8>) {
    let (kind, bytes) = match payload {
        Payload::Give { matter, bound_for } => {
            let give = v1::Give {
                matter: Some(matter_out(matter)),
                bound_for: bound_for.as_u64(),
            };
            (Kind::Give, give.encode_to_vec())
        }
        Payload::Notice(matter) => (Kind::Notice, matter_out(matter).encode_to_vec()),
        Payload::Request(request) => (Kind::Request, request_out(request).encode_to_vec()),
        Payload::Answer(answer) => (Kind::Answer, answer_out(answer).encode_to_vec()),
        Payload::Template(template) => (Kind::Template, template_out(template).encode_to_vec()),
        Payload::Rollout(rollout) => (Kind::Rollout, rollout_out(rollout).encode_to_vec()),
        Payload::TemplateList(list) => (Kind::TemplateList, list_out(list).encode_to_vec()),
        Payload::Adoption(report) => (Kind::Adoption, adoption_out(report).encode_to_vec()),
        Payload::Compliance(report) => (Kind::Compliance, compliance_out(report).encode_to_vec()),
        Payload::Health(report) => (Kind::Health, health_out(report).encode_to_vec()),
        Payload::Cell(report) => (Kind::Cell, cell_out(report).encode_to_vec()),
        Payload::CellsComplete => (Kind::CellsComplete, vec![]),
        Payload::Shown(matter) => (Kind::Shown, matter_out(matter).encode_to_vec()),
        Payload::Showing(showing) => (Kind::Showing, showing_out(showing).encode_to_vec()),
        Payload::Revocation(revocation) => {
            let bytes = revocation_out(revocation).encode_to_vec();
            (Kind::Revocation, bytes)
        }
        Payload::Head(head) => (Kind::Head, heads::head_out(head).encode_to_vec()),
        Payload::Countersignature(answer) => {
            let bytes = heads::answer_out(answer).encode_to_vec();
            (Kind::Countersignature, bytes)
        }
        Payload::Rewritten(evidence) => {
            let bytes = heads::rewritten_out(evidence).encode_to_vec();
            (Kind::Rewritten, bytes)
        }
        Payload::Unknown(kind) => return (*kind, vec![]),
    };
    (kind as u32, bytes)
}

fn payload_in(kind: u32, bytes: Bytes, author: DivisionCode) -> Result<Payload, Malformed> {
    let known = i32::try_from(kind).ok().map(Kind::try_from);
    let Some(Ok(known)) = known else {
        return Ok(Payload::Unknown(kind));
    };
    match known_in(known, bytes, author) {
        Err(Malformed::Choice { .. } | Malformed::Suite(_)) => Ok(Payload::Unknown(kind)),
        read => read,
    }
}

fn known_in(kind: Kind, bytes: Bytes, author: DivisionCode) -> Result<Payload, Malformed> {
    Ok(match kind {
        Kind::Unspecified => return Err(Malformed::Missing("envelope.kind")),
        Kind::Give => {
            let give = v1::Give::decode(bytes)?;
            Payload::Give {
                matter: Box::new(matter_in(give.matter)?),
                bound_for: division(give.bound_for, "give.bound_for")?,
            }
        }
        Kind::Notice => Payload::Notice(Box::new(matter_in(Some(v1::Matter::decode(bytes)?))?)),
        Kind::Request => Payload::Request(request_in(v1::Request::decode(bytes)?)?),
        Kind::Answer => Payload::Answer(answer_in(v1::Answer::decode(bytes)?)?),
        Kind::Template => Payload::Template(Box::new(template_in(v1::Template::decode(bytes)?)?)),
        Kind::Rollout => Payload::Rollout(Box::new(rollout_in(v1::Rollout::decode(bytes)?)?)),
        Kind::TemplateList => {
            let list = list_in(v1::TemplateList::decode(bytes)?, author)?;
            Payload::TemplateList(Box::new(list))
        }
        Kind::Adoption => Payload::Adoption(adoption_in(v1::AdoptionReport::decode(bytes)?)?),
        Kind::Compliance => {
            let report = compliance_in(v1::ComplianceReport::decode(bytes)?)?;
            Payload::Compliance(Box::new(report))
        }
        Kind::Health => {
            let report = health_in(v1::HealthReport::decode(bytes)?)?;
            Payload::Health(Box::new(report))
        }
        Kind::Cell => Payload::Cell(Box::new(cell_in(v1::CellReport::decode(bytes)?)?)),
        Kind::CellsComplete => Payload::CellsComplete,
        Kind::Shown => Payload::Shown(Box::new(matter_in(Some(v1::Matter::decode(bytes)?))?)),
        Kind::Showing => Payload::Showing(showing_in(&v1::Showing::decode(bytes)?)?),
        Kind::Revocation => {
            let revocation = revocation_in(v1::Revocation::decode(bytes)?)?;
            Payload::Revocation(Box::new(revocation))
        }
        Kind::Head => Payload::Head(Box::new(heads::head_in(v1::Head::decode(bytes)?)?)),
        Kind::Countersignature => {
            let answer = heads::answer_in(v1::HeadAnswer::decode(bytes)?)?;
            Payload::Countersignature(Box::new(answer))
        }
        Kind::Rewritten => {
            let evidence = heads::rewritten_in(v1::Rewritten::decode(bytes)?)?;
            Payload::Rewritten(Box::new(evidence))
        }
    })
}

fn showing_out(showing: &Showing) -> v1::Showing {
    let Showing {
        life,
        since: Stamp(order, issue),
        all,
    } = *showing;
    v1::Showing {
        life: Bytes::copy_from_slice(&life.0),
        order,
        issue,
        all,
    }
}

fn showing_in(message: &v1::Showing) -> Result<Showing, Malformed> {
    Ok(Showing {
        life: EpochId(array(&message.life, "showing.life")?),
        since: Stamp(order_in(message.order)?, message.issue),
        all: message.all,
    })
}

pub(super) fn epoch_out(epoch: &Epoch) -> v1::Epoch {
    v1::Epoch {
        order: epoch.order,
        id: Bytes::copy_from_slice(&epoch.id.0),
        predecessor: Bytes::copy_from_slice(&epoch.predecessor.0),
    }
}

fn order_in(order: u64) -> Result<u64, Malformed> {
    match ordinal(order, "epoch.order")? {
        order if order > GREATEST_ORDER => Err(Malformed::Range("epoch.order")),
        order => Ok(order),
    }
}

pub(super) fn epoch_in(epoch: Option<&v1::Epoch>) -> Result<Epoch, Malformed> {
    let epoch = required(epoch, "epoch")?;
    Ok(Epoch {
        order: order_in(epoch.order)?,
        id: EpochId(array(&epoch.id, "epoch.id")?),
        predecessor: EpochId(array(&epoch.predecessor, "epoch.predecessor")?),
    })
}
