//! Round trips, and decoding of hostile bytes.

mod faults;
mod frames;
mod later;
mod longest;
mod round_trip;

use bytes::Bytes;
use domain::{
    envelope::{Destination, Envelope, Lane, Order, Payload},
    ids::{Epoch, EpochId, KeyId, NetworkId},
    matter::Act,
    statement::{Proof, Statement},
    suite::Suite,
};
use prost::Message;
use proto::v1;

use super::{Malformed, decode_envelope, encode_envelope};
use longest::longest_matter;

fn division() -> topology::DivisionCode {
    "999999999999".parse().unwrap()
}

fn saying(payload: Payload) -> Envelope {
    let mut envelope = Envelope {
        author: division(),
        epoch: Epoch {
            order: i32::MAX as u64,
            id: EpochId([1; 16]),
            predecessor: EpochId([2; 16]),
        },
        issue: i64::MAX as u64,
        destination: Destination::Division(division()),
        lane: Lane::Notice,
        order: Order::Replaces {
            key: Bytes::from_static(&[3; 72]),
        },
        payload,
    };
    let stamp = envelope.stamp();
    envelope.payload.date(stamp);
    envelope
}

/// Makes the message of a small valid envelope, to be damaged.
fn message() -> v1::Envelope {
    let bytes = encode_envelope(&saying(Payload::Notice(Box::new(longest_matter(
        Act::Yield(division()),
        2,
    )))));
    v1::Envelope::decode(bytes).unwrap()
}

fn read(message: &v1::Envelope) -> Result<Envelope, Malformed> {
    decode_envelope(&message.encode_to_vec().into())
}

fn proof(root: [u8; 32]) -> Proof {
    Proof {
        statement: Statement {
            suite: Suite::Ed25519Blake3,
            network: NetworkId([1; 16]),
            author: division(),
            key: KeyId([2; 16]),
            epoch: EpochId([3; 16]),
            leaves: 2,
            root,
        },
        signature: Bytes::from_static(&[4; 64]),
        index: 1,
        path: vec![[5; 32]],
    }
}
