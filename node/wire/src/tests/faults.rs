//! Envelopes that are refused, each for its own reason.

use bytes::Bytes;
use domain::{
    envelope::{MOST_BYTES, Payload},
    matter::Act,
    revocation::{MOST_FLOWS, MOST_LIVES, MOST_VOUCHED},
};
use prost::Message;
use proto::v1;

use super::{
    longest::{longest_matter, longest_revocation},
    message, read, saying,
};
use crate::{Malformed, decode_envelope, encode_envelope, matter::MOST_STEPS_CARRIED};

#[test]
fn one_byte_or_one_step_too_many_is_refused() {
    let later = |padding: usize| {
        let mut bytes = message().encode_to_vec();
        prost::encoding::bytes::encode(999, &vec![0; padding], &mut bytes);
        Bytes::from(bytes)
    };
    let padding = MOST_BYTES - later(MOST_BYTES / 2).len() + MOST_BYTES / 2;
    assert_eq!(later(padding).len(), MOST_BYTES);
    assert!(decode_envelope(&later(padding)).is_ok());
    assert!(matches!(
        decode_envelope(&later(padding + 1)),
        Err(Malformed::TooLong { .. })
    ));

    let steps = MOST_STEPS_CARRIED + 1;
    let matter = Box::new(longest_matter(Act::Take, steps));
    let bytes = encode_envelope(&saying(Payload::Notice(matter)));
    assert_eq!(decode_envelope(&bytes), Err(Malformed::TooManySteps(steps)));
}

#[test]
fn a_revocation_with_too_much_or_half_a_key_is_refused() {
    type Break = fn(&mut v1::Revocation);
    let too_many = |field, most| Malformed::TooMany { field, most };
    let cases: [(Break, Malformed); 5] = [
        (
            |r| r.lives.push(v1::HeldLife::default()),
            too_many("revocation.lives", MOST_LIVES),
        ),
        (
            |r| r.lives[1].flows.push(v1::HeldFlow::default()),
            too_many("revocation.flows", MOST_FLOWS),
        ),
        (
            |r| r.vouched = vec![0; 16 * (MOST_VOUCHED + 1)].into(),
            too_many("revocation.vouched", MOST_VOUCHED),
        ),
        (
            |r| r.vouched = vec![0; 17].into(),
            Malformed::Contradiction("revocation.vouched"),
        ),
        (
            |r| r.lives[0].flows[0].destination = None,
            Malformed::Missing("flow.destination"),
        ),
    ];
    let whole = encode_envelope(&saying(Payload::Revocation(Box::new(longest_revocation()))));
    for (fault, reason) in cases {
        let mut broken = v1::Envelope::decode(whole.clone()).unwrap();
        let mut revocation = v1::Revocation::decode(broken.payload).unwrap();
        fault(&mut revocation);
        broken.payload = revocation.encode_to_vec().into();
        assert_eq!(read(&broken), Err(reason));
    }
}

#[test]
fn each_fault_of_an_envelope_has_its_own_reason() {
    type Break = fn(&mut v1::Envelope);
    fn epoch(message: &mut v1::Envelope) -> &mut v1::Epoch {
        message.epoch.as_mut().unwrap()
    }
    let cases: [(Break, Malformed); 12] = [
        (|m| m.author = 0, Malformed::Missing("envelope.author")),
        (
            |m| m.author = 330_825_000_222,
            Malformed::Division {
                field: "envelope.author",
                number: 330_825_000_222,
            },
        ),
        (|m| m.epoch = None, Malformed::Missing("epoch")),
        (
            |m| epoch(m).order = 1 << 62,
            Malformed::Range("epoch.order"),
        ),
        (
            |m| epoch(m).id = Bytes::from_static(b"short"),
            Malformed::Length {
                field: "epoch.id",
                wanted: 16,
                found: 5,
            },
        ),
        (|m| m.issue = 0, Malformed::Missing("envelope.issue")),
        (|m| m.issue = u64::MAX, Malformed::Range("envelope.issue")),
        (
            |m| m.destination = None,
            Malformed::Missing("envelope.destination"),
        ),
        (|m| m.order = None, Malformed::Missing("envelope.order")),
        (|m| m.lane = 0, Malformed::Missing("envelope.lane")),
        (
            |m| m.lane = 5,
            Malformed::Choice {
                field: "envelope.lane",
                number: 5,
            },
        ),
        (|m| m.kind = 0, Malformed::Missing("envelope.kind")),
    ];
    assert!(read(&message()).is_ok());
    for (fault, reason) in cases {
        let mut broken = message();
        fault(&mut broken);
        assert_eq!(read(&broken), Err(reason));
    }
    let mut broken = message();
    broken.payload = broken.payload.slice(..10);
    assert!(matches!(read(&broken), Err(Malformed::Encoding(_))));
}

#[test]
fn each_fault_of_a_matter_has_its_own_reason() {
    type Break = fn(&mut v1::Matter);
    let cases: [(Break, Malformed); 8] = [
        (
            |m| m.category = "police/x".into(),
            Malformed::Spelling("matter.category"),
        ),
        (|m| m.body = Bytes::new(), Malformed::Missing("matter.body")),
        (
            |m| m.outcome = 1,
            Malformed::Contradiction("matter.outcome"),
        ),
        (
            |m| m.status = v1::Status::Closed.into(),
            Malformed::Missing("matter.outcome"),
        ),
        (|m| m.steps[0].at = -1, Malformed::Range("step.at")),
        (|m| m.steps[0].to = 0, Malformed::Missing("step.to")),
        (
            |m| m.steps[0].act = v1::Act::Take.into(),
            Malformed::Contradiction("step"),
        ),
        (
            |m| m.version.as_mut().unwrap().n = u32::MAX,
            Malformed::Range("version.n"),
        ),
    ];
    for (fault, reason) in cases {
        let mut broken = message();
        let mut matter = v1::Matter::decode(broken.payload).unwrap();
        fault(&mut matter);
        broken.payload = matter.encode_to_vec().into();
        assert_eq!(read(&broken), Err(reason));
    }
}
