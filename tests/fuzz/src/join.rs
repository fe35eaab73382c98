//! What somebody types who joins a network, and what both sides then say.

use domain::{
    ids::NetworkId,
    invitation::{BadInvitation, InvitationText, MOST_ADDRESS_BYTES, MOST_ADDRESSES},
    suite::Suite,
    time::Timestamp,
};
use prost::Message;
use proto::v1;

use crate::seeds::{self, NETWORK};

/// The text of an invitation: what is read is written to the same text, however it was typed.
pub(crate) fn text(bytes: &[u8]) {
    let Ok(typed) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(read) = InvitationText::read(typed) else {
        return;
    };
    let plain: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    assert_eq!(read.written(), plain.to_ascii_uppercase());
    assert_eq!(InvitationText::read(&read.in_groups()).as_ref(), Ok(&read));
    assert!((1..=MOST_ADDRESSES).contains(&read.addresses.len()));
    assert!(
        read.addresses
            .iter()
            .all(|it| it.len() <= MOST_ADDRESS_BYTES)
    );
    let cut = &plain[..plain.len() - 1];
    assert_eq!(InvitationText::read(cut), Err(BadInvitation::Mistyped));
}

pub(crate) fn texts() -> Vec<Vec<u8>> {
    let tree = &NETWORK.tree;
    let division = "330825002".parse().expect("a code");
    let one = |addresses: &[&str]| InvitationText {
        network: NetworkId([7; 16]),
        division,
        parent: tree.parent(division).expect("it has one"),
        suite: Suite::Ed25519Blake3,
        serial: 1,
        pin: [3; 16],
        secret: [4; 16],
        expires_at: Timestamp(1_780_000_020_000),
        addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
    };
    let some = [
        one(&["10.8.25.1:7450"]),
        one(&["gw.longyou.example:7450", "[2001:db8::1]:7450"]),
    ];
    let written = some.iter().flat_map(|it| [it.written(), it.in_groups()]);
    written.map(String::into_bytes).collect()
}

/// A call and an answer. Whatever they say, both sides read it without panic and within their bounds.
pub(crate) fn message(bytes: &[u8]) {
    peer::join::fuzzing::call(bytes);
    peer::join::fuzzing::answer(bytes);
}

pub(crate) fn messages() -> Vec<Vec<u8>> {
    let statements = seeds::key_statements();
    let certificates = seeds::certificates();
    let request = v1::JoinRequest {
        network: vec![7; 16].into(),
        division: 330_825_002_000,
        parent: 330_825_000_000,
        invitation: vec![9; 32].into(),
        statement: statements[0].clone().into(),
        possession: vec![1; 64].into(),
        tls: certificates[0].clone().into(),
        issuing: certificates[0].clone().into(),
        protocol: 1,
        edition: vec![2; 32].into(),
    };
    let call = v1::JoinCall {
        request: request.encode_to_vec().into(),
        signature: vec![3; 64].into(),
        readmit: Default::default(),
    };
    let back = v1::ReadmitRequest {
        network: vec![7; 16].into(),
        division: 330_825_002_000,
        parent: 330_825_000_000,
        key_id: vec![4; 16].into(),
        shown: vec![certificates[0].clone().into()],
        node: certificates[0].clone().into(),
        issuing: vec![].into(),
        protocol: 1,
        edition: vec![2; 32].into(),
    };
    let back = v1::JoinCall {
        request: Default::default(),
        signature: vec![3; 64].into(),
        readmit: back.encode_to_vec().into(),
    };
    let readmitted = v1::JoinReadmitted {
        node: vec![certificates[0].clone().into()],
        issuing: vec![certificates[0].clone().into()],
    };
    let grant = v1::JoinGrant {
        demo: true,
        root: certificates[0].clone().into(),
        node: vec![certificates[0].clone().into()],
        issuing: vec![],
        key_statements: statements[0].clone().into(),
        anchors: statements[0].clone().into(),
    };
    let answer = |what| v1::JoinAnswer {
        now_ms: 1_780_000_000_000,
        edition: vec![2; 32].into(),
        what: Some(what),
    };
    use v1::join_answer::What;
    let refused = v1::JoinRefused {
        number: 6,
        english: "the invitation was used".to_owned(),
        chinese: "邀请码已被使用".to_owned(),
    };
    vec![
        call.encode_to_vec(),
        back.encode_to_vec(),
        answer(What::Readmitted(readmitted)).encode_to_vec(),
        answer(What::Grant(grant.encode_to_vec().into())).encode_to_vec(),
        answer(What::Pending(v1::JoinPending::default())).encode_to_vec(),
        answer(What::Refused(refused)).encode_to_vec(),
    ]
}
