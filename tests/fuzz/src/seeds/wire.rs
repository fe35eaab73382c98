//! What neighbours say to each other: envelopes, frames, courier files.

use std::sync::LazyLock;

use bytes::Bytes;
use domain::{
    courier::{CarriedSegment, CourierHead, SegmentAnswer},
    custody::Docket,
    envelope::{Envelope, Lane, Payload, Showing, Stamp},
    heads::{HeadAnswer, SaidHead, Verdict},
    ids::{Epoch, EpochId, KeyId, NetworkId},
    request::{Answer, OpenRequest, Reply},
    seal::SealSuite,
    suite::Suite,
    template::{AdoptionReport, Listed, Template, TemplateList},
    time::Timestamp,
};
use office::{RevocationRecord, RolloutRecord};
use prost::Message;
use proto::v1;
use records::outbox::queue::Queued;
use wire::{
    courier::{CourierBody, CourierFile, encode_body, encode_head},
    frame::{Ack, Batch, Entry, Frame, Goodbye, GoodbyeCode, Refused},
};

use super::{NOW, golden, identity::key_statements, recorded};

/// What waited for neighbours.
fn queued() -> Vec<Queued> {
    let outbox = golden()
        .into_iter()
        .filter(|(key, _)| key.starts_with(b"o"));
    let segments = outbox.filter_map(|(_, value)| store::record::read::<Vec<Queued>>(&value).ok());
    segments.flatten().collect()
}

/// What neighbours say to each other: of each kind one, made of records.
fn payloads_of_records() -> Vec<Payload> {
    let mut said = vec![
        Payload::CellsComplete,
        Payload::Showing(Showing {
            life: EpochId([6; 16]),
            since: Stamp(3, 4),
            all: true,
        }),
        Payload::Head(Box::new(SaidHead {
            log: [1; 32],
            key: "log+01020304+AQ".to_owned(),
            note: "log\n3\nroot\n\n\u{2014} log AAAA\n".to_owned(),
            since: vec![],
        })),
        Payload::Countersignature(Box::new(HeadAnswer {
            log: [1; 32],
            verdict: Verdict::Behind { size: 7 },
        })),
    ];
    for docket in recorded::<Docket>(b"m").into_iter().take(6) {
        let matter = Box::new(docket.matter);
        said.push(Payload::Give {
            matter: matter.clone(),
            bound_for: matter.holder,
        });
        said.push(Payload::Shown(matter.clone()));
        said.push(Payload::Notice(matter));
    }
    for asked in recorded::<OpenRequest>(b"a") {
        said.push(Payload::Answer(Answer {
            request: asked.request.id,
            matter: asked.request.matter,
            reply: Reply::Refused,
        }));
        said.push(Payload::Request(asked.request));
    }
    let templates = recorded::<Template>(b"i").into_iter();
    said.extend(templates.map(|template| Payload::Template(Box::new(template))));
    let rollouts = recorded::<RolloutRecord>(b"Yr").into_iter();
    for RolloutRecord { rollout, .. } in rollouts {
        let Template {
            key,
            version,
            scope,
            ..
        } = rollout.template.clone();
        let listed = Listed {
            key,
            version,
            scope,
            act: rollout.number,
        };
        let list = TemplateList::of(scope.under, vec![listed], NOW, 7);
        said.push(Payload::Rollout(Box::new(rollout)));
        said.push(Payload::TemplateList(Box::new(list)));
    }
    let adoptions = recorded::<AdoptionReport>(b"y").into_iter();
    said.extend(adoptions.map(Payload::Adoption));
    let revocations = recorded::<RevocationRecord>(b"R").into_iter();
    said.extend(revocations.map(|record| Payload::Revocation(Box::new(record.revocation))));
    said
}

pub(crate) fn envelopes() -> Vec<Vec<u8>> {
    let mut envelopes: Vec<Bytes> = queued().into_iter().map(|queued| queued.bytes).collect();
    let first = wire::decode_envelope(&envelopes[0]).expect("an envelope");
    let said = payloads_of_records().into_iter().map(|payload| {
        let envelope = Envelope {
            payload,
            ..first.clone()
        };
        wire::encode_envelope(&envelope)
    });
    envelopes.extend(said);
    envelopes.iter().map(|bytes| bytes.to_vec()).collect()
}

/// A sound envelope, to put another payload into.
pub(crate) fn any_envelope() -> v1::Envelope {
    static ANY: LazyLock<v1::Envelope> = LazyLock::new(|| {
        let first = envelopes().into_iter().next().expect("an envelope");
        v1::Envelope::decode(&first[..]).expect("an envelope")
    });
    ANY.clone()
}

/// Each payload after the number of its kind.
pub(crate) fn payloads() -> Vec<Vec<u8>> {
    let read = |bytes: &Vec<u8>| v1::Envelope::decode(&bytes[..]).ok();
    let envelopes = envelopes();
    let read = envelopes.iter().filter_map(read);
    let kinds = read.map(|envelope| {
        let kind = u8::try_from(envelope.kind).expect("kinds are few");
        [&[kind], &envelope.payload[..]].concat()
    });
    kinds.chain([vec![8], vec![10], vec![200, 1]]).collect()
}

pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let body = v1::Body {
        class: 1,
        salt: Bytes::from_static(&[3; 16]),
        text: "村口路灯不亮".to_owned(),
        ..v1::Body::default()
    };
    vec![body.encode_to_vec()]
}

/// Whole courier files, heads and bodies of some.
pub(crate) fn courier_files() -> Vec<Vec<u8>> {
    let from: topology::DivisionCode = "330825002222".parse().expect("it is a code");
    let to = "330825002000".parse().expect("it is a code");
    let head = encode_head(&CourierHead {
        network: NetworkId([7; 16]),
        from,
        to,
        key: KeyId([8; 16]),
        suite: Suite::Ed25519Blake3,
        epoch: Epoch {
            order: 1,
            id: EpochId([9; 16]),
            predecessor: EpochId([0; 16]),
        },
        number: 3,
        made: Timestamp(1_780_000_000_000),
        seal_suite: SealSuite::X25519ChaCha20Poly1305,
        wrap: vec![1; 96].into(),
        key_statements: key_statements().into_iter().map(Bytes::from).collect(),
    });
    let frames = frames()
        .into_iter()
        .filter_map(|bytes| Frame::decode(bytes.into()).ok());
    let answer = SegmentAnswer {
        digest: [4; 32],
        refused: vec![(0, 3), (2, 5)],
    };
    let body = encode_body(CourierBody {
        frames: frames.collect(),
        segments: vec![CarriedSegment {
            lane: Lane::Matter,
            number: 12,
            envelopes: 2,
            digest: [5; 32],
        }],
        answers: [((Lane::Notice, 7), answer)].into(),
        settled_below: [1, u64::MAX, 3, 0],
        waiting: 4,
    });
    let file = CourierFile {
        head: head.clone(),
        sealed: vec![2; 400].into(),
        signature: vec![3; 64].into(),
    };
    vec![file.encode(), head.to_vec(), body]
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let entries: Vec<Entry> = queued().into_iter().take(6).filter_map(entry).collect();
    let keys: Vec<Bytes> = key_statements().into_iter().map(Bytes::from).collect();
    let refused = Refused {
        position: 2,
        code: wire::refusal::RefusalCode::from_code(3),
        reason: "this matter is not known here".to_owned(),
    };
    let frames = vec![
        Frame::Batch(Batch::new(Lane::Matter, 1, entries, keys.clone())),
        Frame::Ack(Ack {
            lane: Lane::Notice,
            through: 4,
            refused: vec![refused],
        }),
        Frame::Goodbye(Goodbye {
            code: GoodbyeCode::Stopping,
            reason: "the node is being stopped".to_owned(),
        }),
        Frame::Alive(7),
        Frame::Keys(keys),
    ];
    frames
        .into_iter()
        .map(|frame| frame.encode().to_vec())
        .collect()
}

/// An envelope with a proof that leads nowhere, which nobody checks here.
fn entry(queued: Queued) -> Option<Entry> {
    let statement = domain::statement::Statement {
        suite: Suite::Ed25519Blake3,
        network: domain::ids::NetworkId([1; 16]),
        author: "330825002".parse().ok()?,
        key: domain::ids::KeyId([2; 16]),
        epoch: queued.epoch,
        leaves: 2,
        root: [3; 32],
    };
    let proof = domain::statement::Proof {
        statement,
        signature: Bytes::from_static(&[4; 64]),
        index: 1,
        path: vec![[5; 32]],
    };
    Some(Entry {
        bytes: queued.bytes,
        proof: queued.proof.unwrap_or(proof),
        bodies: vec![],
        sealed: vec![],
        trace: queued.trace,
    })
}
