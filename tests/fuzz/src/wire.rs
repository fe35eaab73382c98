//! What neighbours send.

use bytes::Bytes;
use domain::{
    courier::{MOST_ANSWERS, MOST_FILE_BYTES, MOST_SEGMENTS},
    envelope::{Destination, Envelope, MOST_BYTES, Payload},
    ids::NetworkId,
    matter::Matter,
    receipt::{Claim, Finding, Word, custodies, judge, lines},
    suite::Suite,
    time::Timestamp,
};
use prost::Message;
use proto::v1;
use topology::Tree;
use wire::courier::{CourierFile, decode_body, decode_head, encode_body, encode_head};
use wire::frame::{Frame, MOST_ABOVE, MOST_ENTRIES, MOST_KEYS_SHOWN, MOST_REASON_BYTES};

use crate::seeds;

/// A frame of a link, which is read again as the same one.
pub(crate) fn frame(bytes: &[u8]) {
    let Ok(frame) = Frame::decode(Bytes::copy_from_slice(bytes)) else {
        return;
    };
    match &frame {
        Frame::Batch(batch) => {
            assert!(batch.entries.len() <= MOST_ENTRIES);
            let whole = batch.entries.iter().flatten();
            let carried: usize = whole.map(|entry| entry.bytes.len()).sum();
            assert!(carried <= bytes.len(), "{carried} bytes of envelopes");
            if batch.entries.iter().any(Result::is_err) {
                // Nobody sends on what could not be read.
                return;
            }
        }
        Frame::Ack(ack) => {
            let refused = ack.refused.iter();
            let mut sound = refused.map(|refused| {
                (1..=ack.through).contains(&refused.position)
                    && refused.reason.len() <= MOST_REASON_BYTES
            });
            assert!(sound.all(|sound| sound));
        }
        Frame::Goodbye(goodbye) => assert!(goodbye.reason.len() <= MOST_REASON_BYTES),
        Frame::Watermark(watermark) => assert!(watermark.above.len() <= MOST_ABOVE),
        Frame::Keys(keys) => assert!(keys.len() <= MOST_KEYS_SHOWN),
        _ => {}
    }
    let again = Frame::decode(frame.clone().encode());
    assert_eq!(again, Ok(frame));
}

/// The parts of a courier file, its head, or its body, which are read again as the same ones.
pub(crate) fn courier_file(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(file) = CourierFile::decode(bytes.clone()) {
        assert!(bytes.len() <= MOST_FILE_BYTES);
        let again = CourierFile::decode(file.clone().encode().into());
        assert_eq!(again, Ok(file));
    }
    if let Ok(head) = decode_head(bytes.clone()) {
        assert_eq!(decode_head(encode_head(&head)), Ok(head));
    }
    if let Ok(body) = decode_body(bytes) {
        assert!(body.segments.len() <= MOST_SEGMENTS && body.answers.len() <= MOST_ANSWERS);
        let unread = |frame: &Frame| match frame {
            Frame::Batch(batch) => batch.entries.iter().any(Result::is_err),
            _ => false,
        };
        // Nobody sends on what could not be read.
        if !body.frames.iter().any(unread) {
            let again = decode_body(encode_body(body.clone()).into());
            assert_eq!(again, Ok(body));
        }
    }
}

/// An envelope, which is read again as the same one.
pub(crate) fn envelope(bytes: &[u8]) {
    read_envelope(bytes);
}

/// The number of a kind, and a payload of it in an envelope that is sound.
pub(crate) fn payload(bytes: &[u8]) {
    let Some((kind, payload)) = bytes.split_first() else {
        return;
    };
    read_envelope(&within(u32::from(*kind), payload));
}

fn read_envelope(bytes: &[u8]) -> Option<Envelope> {
    let read = wire::decode_envelope(&Bytes::copy_from_slice(bytes)).ok()?;
    assert!(bytes.len() <= MOST_BYTES);
    if !matches!(read.payload, Payload::Unknown(_)) {
        let again = wire::encode_envelope(&read);
        assert_eq!(wire::decode_envelope(&again), Ok(read.clone()));
        assert_eq!(wire::encode_envelope(&read), again);
    }
    Some(read)
}

/// A sound envelope around this payload.
fn within(kind: u32, payload: &[u8]) -> Vec<u8> {
    let envelope = v1::Envelope {
        kind,
        payload: Bytes::copy_from_slice(payload),
        ..seeds::any_envelope()
    };
    envelope.encode_to_vec()
}

/// A body that was sealed, or travels open.
pub(crate) fn body(bytes: &[u8]) {
    let Ok(body) = wire::decode_body(bytes) else {
        return;
    };
    let commitment = body.commitment(Suite::Ed25519Blake3);
    let again = wire::encode_body(body.clone());
    let again = wire::decode_body(&again).expect("it was encoded here");
    assert_eq!(again.commitment(Suite::Ed25519Blake3), commitment);
    assert_eq!(again, body);
}

/// The matter in a notice, as the words of a receipt: what is judged to be broken gives no receipt.
pub(crate) fn words(bytes: &[u8]) {
    let Some((_, payload)) = bytes.split_first() else {
        return;
    };
    let read = read_envelope(&within(v1::Kind::Notice as u32, payload));
    let Some(Payload::Notice(matter)) = read.map(|read| read.payload) else {
        return;
    };
    let tree = Tree::zhejiang();
    if let Ok(held) = custodies(&matter, &tree) {
        let mut steps = 0;
        for custody in &held {
            assert_eq!(custody.steps.start, steps, "{held:?}");
            assert!(!custody.steps.is_empty());
            steps = custody.steps.end;
        }
        assert_eq!(steps, matter.steps.len());
    }
    let authors = [matter.responsible, matter.holder];
    let signed = authors.map(|author| (author, matter.version));
    let shown = lines(&matter, &signed, &tree);
    assert!(shown.len() <= 2 * matter.steps.len());
    let claim = Claim {
        network: NetworkId([7; 16]),
        matter: matter.id,
        exported_by: matter.responsible,
        exported_at: Timestamp(1_780_000_000_000),
    };
    let words = authors.map(|author| word(author, &matter));
    let judged = judge(words.to_vec(), claim, &tree);
    let broken = judged
        .checks
        .iter()
        .any(|check| check.finding == Finding::Failed);
    assert!(!broken || judged.receipts.is_empty());
    for receipt in &judged.receipts {
        assert_eq!(receipt.matter, matter.id);
        assert!(authors.contains(&receipt.division));
    }
}

fn word(author: topology::DivisionCode, matter: &Matter) -> Word {
    Word {
        author,
        network: NetworkId([7; 16]),
        destination: Destination::Division(matter.responsible),
        leaf: [9; 32],
        matter: matter.clone(),
    }
}
