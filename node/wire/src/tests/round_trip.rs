//! Envelopes and frames that are read back from their bytes, and bytes that were damaged.

use bytes::Bytes;
use domain::{
    envelope::{Lane, Payload},
    statement::MerkleTree,
    suite::Suite,
};
use proptest::{prelude::*, sample::Index};

use super::proof;
use crate::{
    arbitrary, decode_envelope, encode_envelope,
    frame::{Batch, Entry, Frame},
};

/// Overwrites, cuts or doubles some bytes.
fn mutate(bytes: &Bytes, changes: &[(Index, u8)], cut: Index, double: bool) -> Bytes {
    let mut bytes = bytes.to_vec();
    for (at, byte) in changes {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    let cut = cut.index(bytes.len() + 1);
    if double {
        bytes.extend_from_within(cut..);
    } else {
        bytes.truncate(cut);
    }
    bytes.into()
}

proptest! {
    #[test]
    fn every_envelope_is_read_back_from_its_bytes(envelope in arbitrary::envelope()) {
        let bytes = encode_envelope(&envelope);
        prop_assert_eq!(&bytes, &encode_envelope(&envelope));
        prop_assert_eq!(decode_envelope(&bytes), Ok(envelope));
    }

    #[test]
    fn every_frame_is_read_back_from_its_bytes(frame in arbitrary::frame()) {
        prop_assert_eq!(Frame::decode(frame.clone().encode()), Ok(frame));
    }

    #[test]
    fn an_entry_knows_how_much_of_a_frame_it_takes(entry in arbitrary::entry()) {
        let most = entry.most_bytes();
        let batch = Batch::new(Lane::Emergency, 1, vec![entry], vec![]);
        let frame = Frame::Batch(batch).encode();
        prop_assert!(frame.len() <= most, "{} > {most}", frame.len());
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = Bytes::from(bytes);
        let _ = decode_envelope(&bytes);
        let _ = Frame::decode(bytes);
    }

    #[test]
    fn damaged_envelopes_never_panic(
        envelope in arbitrary::envelope(),
        changes in prop::collection::vec(any::<(Index, u8)>(), 0..4),
        cut: Index,
        double: bool,
    ) {
        let bytes = mutate(&encode_envelope(&envelope), &changes, cut, double);
        // What still decodes must encode again and mean the same.
        if let Ok(read) = decode_envelope(&bytes)
            && !matches!(read.payload, Payload::Unknown(_))
        {
            prop_assert_eq!(decode_envelope(&encode_envelope(&read)), Ok(read));
        }
    }

    #[test]
    fn damaged_frames_never_panic(
        frame in arbitrary::frame(),
        changes in prop::collection::vec(any::<(Index, u8)>(), 0..4),
        cut: Index,
        double: bool,
    ) {
        let bytes = mutate(&frame.encode(), &changes, cut, double);
        let _ = Frame::decode(bytes);
    }

    #[test]
    fn a_field_of_a_later_version_survives_the_hop(envelope in arbitrary::envelope()) {
        let mut later = encode_envelope(&envelope).to_vec();
        prost::encoding::string::encode(999, &"from the future".to_owned(), &mut later);
        let later = Bytes::from(later);
        prop_assert_eq!(decode_envelope(&later), Ok(envelope));

        let tree = MerkleTree::over(Suite::Ed25519Blake3, [&later[..]]);
        let mut proof = proof(tree.root());
        (proof.statement.leaves, proof.index, proof.path) = (1, 0, vec![]);
        let sent = Entry { bytes: later.clone(), proof, bodies: vec![], sealed: vec![], trace: None };
        let frame = Frame::Batch(Batch::new(Lane::Matter, 1, vec![sent], vec![]));
        let Ok(Frame::Batch(batch)) = Frame::decode(frame.encode()) else {
            panic!("not a batch");
        };
        let (position, entry) = batch.into_numbered().next().unwrap();
        let entry = entry.unwrap();
        prop_assert_eq!(position, 1);
        prop_assert_eq!(&entry.bytes, &later);
        prop_assert_eq!(entry.proof.check_path(&entry.bytes), Ok(()));
    }
}
