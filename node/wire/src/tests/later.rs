//! What later versions say, which this one does not know.

use bytes::Bytes;
use domain::envelope::Payload;
use prost::Message;
use proto::v1;

use super::{division, longest::longest_adoption, message, read, saying};
use crate::encode_envelope;

#[test]
fn an_unknown_kind_is_carried_unopened() {
    for kind in [15, 100, i32::MAX as u32 + 1, u32::MAX] {
        let later = v1::Envelope {
            kind,
            payload: Bytes::from_static(b"no message this version knows"),
            ..message()
        };
        assert_eq!(read(&later).unwrap().payload, Payload::Unknown(kind));
    }
}

#[test]
fn a_choice_of_a_later_version_is_carried_unopened() {
    let faults: [fn(&mut v1::Matter); 4] = [
        |m| m.suite = 77,
        |m| m.channel = 77,
        |m| m.steps[1].act = 77,
        |m| m.status = 77,
    ];
    for fault in faults {
        let mut later = message();
        let mut matter = v1::Matter::decode(later.payload).unwrap();
        fault(&mut matter);
        later.payload = matter.encode_to_vec().into();
        let read = read(&later).unwrap();
        assert_eq!(read.payload, Payload::Unknown(v1::Kind::Notice as u32));
    }
}

#[test]
fn a_refusal_reason_of_a_later_version_is_left_out_of_the_list_and_stays_in_the_count() {
    let later = v1::TemplateRefusal {
        division: division().as_u64(),
        reason: None,
    };
    let unknown_choice = v1::TemplateRefusal {
        reason: Some(v1::template_refusal::Reason::MissingNeed(
            v1::TemplateNeed {
                kind: 77,
                name: "x".into(),
            },
        )),
        ..later.clone()
    };
    let mut message = message();
    let bytes = encode_envelope(&saying(Payload::Adoption(longest_adoption(1))));
    let whole = v1::Envelope::decode(bytes).unwrap();
    let mut report = v1::AdoptionReport::decode(whole.payload).unwrap();
    report.refusals.extend([later, unknown_choice]);
    message.kind = whole.kind;
    message.payload = report.encode_to_vec().into();
    let Payload::Adoption(read) = read(&message).unwrap().payload else {
        panic!("it is an adoption report");
    };
    assert_eq!(read.refusals, longest_adoption(1).refusals);
}
