//! Round trips, and decoding of hostile bytes.

mod frames;

use bytes::Bytes;
use domain::{
    calendar::Allowance,
    category::{Class, Platform, Priority, Visibility},
    clock::{Bounds, ClockTerms, Clocks, ExtensionReason, MOST_CLOCKS, PauseReason, Stage},
    envelope::{Destination, Envelope, Lane, MOST_BYTES, Order, Payload, Stamp},
    ids::{Epoch, EpochId, KeyId, MatterId, NetworkId},
    matter::{Act, Channel, CustodyVersion, Matter, Sort, Status, Step, Target, Version},
    policy::{Policy, RuleRef, Source},
    request::{RequestId, Voice},
    revocation::{HeldFlow, HeldLife, MOST_FLOWS, MOST_LIVES, MOST_VOUCHED, Reason, Revocation},
    statement::{MerkleTree, Proof, Statement},
    suite::Suite,
    template::{
        AdoptionReport, MOST_CONTENT, MOST_REFUSALS, Scope, Template, TemplateKey, TemplateKind,
        TemplateRefusal,
    },
    time::Timestamp,
};
use proptest::{prelude::*, sample::Index};
use prost::Message;
use proto::v1;

use super::{
    Malformed, arbitrary, decode_envelope, encode_envelope,
    frame::{Batch, Entry, Frame},
    matter::MOST_STEPS_CARRIED,
};

fn division() -> topology::DivisionCode {
    "999999999999".parse().unwrap()
}

/// Makes as many clocks as a matter may have, each with the longest rule.
fn longest_clocks() -> Clocks {
    let policy = Policy::default();
    let calendar = policy.calendar().value;
    let mut clocks = Clocks::default();
    for number in 0..MOST_CLOCKS {
        let now = Timestamp(1_780_000_000_000 + number as i64 * 86_400_000);
        let terms = ClockTerms {
            stage: Stage::Finish,
            rule: RuleRef {
                source: Source::Template {
                    key: TemplateKey {
                        issuer: division(),
                        kind: TemplateKind::Board,
                        name: "a".repeat(48).into(),
                    },
                    version: i32::MAX as u32,
                },
                line: i32::MAX as u32,
            },
            allowance: Allowance::Days(300),
            warn_percent: 90,
        };
        let bounds = Bounds {
            pauses: 3,
            pause_days: 60,
            extension: Some(Allowance::Days(60)),
        };
        clocks.start(terms, calendar, now).unwrap();
        let (by, why) = (Allowance::Days(60), ExtensionReason::Works);
        let stage = Stage::Finish;
        clocks
            .extend(stage, by, why, &bounds, calendar, now)
            .unwrap();
        let reason = PauseReason::Court;
        clocks.pause(stage, reason, &bounds, calendar, now).unwrap();
        clocks
            .resume(stage, calendar, Timestamp(now.0 + 3_600_000))
            .unwrap();
        if number + 1 < MOST_CLOCKS {
            clocks.end(stage, Timestamp(now.0 + 7_200_000)).unwrap();
        }
    }
    clocks
}

/// Makes a matter in which every number has its largest encoding.
fn longest_matter(act: Act, steps: usize) -> Matter {
    let most = i32::MAX as u32;
    let version = Version {
        cv: CustodyVersion {
            term: most,
            n: most,
        },
        rev: most,
    };
    let step = Step {
        version,
        at: Timestamp(253_402_300_799_999),
        by: division(),
        act,
        sort: None,
        note: Some([7; 32]),
        // Only an act that carries out another division's request names it.
        request: act.asked_by().map(|by| RequestId {
            by,
            epoch: u32::MAX,
            number: i64::MAX as u64,
        }),
        voice: act.asked_by().map(|_| Voice::Official(u64::MAX)),
    };
    Matter {
        id: MatterId {
            origin: division(),
            epoch: u32::MAX,
            number: i64::MAX as u64,
        },
        channel: Channel::Paper,
        category: "enforcement/building".parse().unwrap(),
        priority: Priority::Emergency,
        visibility: Visibility::Direct,
        class: Class::Sensitive,
        about: Some(division()),
        responsible: division(),
        suite: Suite::P256Sha256,
        body: [7; 32],
        contact: Some([7; 32]),
        part_of: Some(MatterId {
            origin: division(),
            epoch: u32::MAX,
            number: i64::MAX as u64,
        }),
        status: Status::Handling,
        version,
        holder: division(),
        transit: Some(division()),
        clocks: longest_clocks(),
        steps: vec![step; steps],
    }
}

/// Sets the longest category wherever one is possible: in the report, and in as many changes as
/// allowed.
fn longest_named(mut matter: Matter) -> Matter {
    for (number, step) in matter.steps.iter_mut().take(33).enumerate() {
        step.act = match number {
            0 => Act::Report,
            _ => Act::Recategorise,
        };
        step.sort = Some(Sort {
            category: format!("enforcement/{}", "a".repeat(36)).parse().unwrap(),
            priority: Priority::Emergency,
        });
    }
    matter.category = matter.steps[0].sort.clone().unwrap().category;
    matter
}

/// Makes a report whose refusals each have the longest reason.
fn longest_adoption(refusals: usize) -> AdoptionReport {
    let key = TemplateKey {
        issuer: division(),
        kind: TemplateKind::Board,
        name: "a".repeat(48).into(),
    };
    let refusal = TemplateRefusal::DropsField {
        base: key.clone(),
        item: "𠮷".repeat(100).into(),
        field: "𠮷".repeat(100).into(),
    };
    AdoptionReport {
        key,
        version: i32::MAX as u32,
        applied: 1_000_000,
        refused: 1_000_000,
        superseded: 1_000_000,
        refusals: vec![(division(), refusal); refusals],
        stamp: Stamp::default(),
    }
}

/// Makes a revocation with everything it may name, every number with its largest encoding.
fn longest_revocation() -> Revocation {
    let scope = Scope {
        under: division(),
        tiers: 31,
        kinds: 255,
    };
    let flow = HeldFlow {
        destination: Destination::Scope(scope),
        lane: Lane::Figures,
        through: i64::MAX as u64,
    };
    let life = |flows| HeldLife {
        epoch: EpochId([1; 16]),
        issue: i64::MAX as u64,
        flows,
    };
    let mut lives = vec![life(vec![flow; MOST_FLOWS])];
    lives.resize(MOST_LIVES, life(vec![]));
    Revocation {
        division: division(),
        key: KeyId([2; 16]),
        lives,
        vouched: vec![KeyId([3; 16]); MOST_VOUCHED],
        reason: Reason::Other(u32::MAX),
        at: Timestamp(253_402_300_799_999),
        stamp: Stamp::default(),
    }
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

#[test]
fn an_unknown_kind_is_carried_unopened() {
    for kind in [12, 100, i32::MAX as u32 + 1, u32::MAX] {
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

#[test]
fn the_longest_matter_template_adoption_and_revocation_fit_an_envelope() {
    let longest = Target {
        platform: Platform::Enforcement,
        department: Some("abcdefghijklmnop".parse().unwrap()),
        officer: Some(u64::MAX),
    };
    let [give, supervised] = [Act::Dispatch(longest), Act::Supervise(division())].map(|act| {
        saying(Payload::Give {
            matter: Box::new(longest_named(longest_matter(act, MOST_STEPS_CARRIED))),
            bound_for: division(),
        })
    });
    let template = saying(Payload::Template(Box::new(Template {
        key: TemplateKey {
            issuer: division(),
            kind: TemplateKind::Board,
            name: "a".repeat(48).into(),
        },
        version: i32::MAX as u32,
        scope: Scope {
            under: division(),
            tiers: 31,
            kinds: 255,
        },
        title: "𠮷".repeat(120),
        content: "#".repeat(MOST_CONTENT),
        issued_at: Timestamp(253_402_300_799_999),
        stamp: Stamp::default(),
    })));
    let adoption = saying(Payload::Adoption(longest_adoption(MOST_REFUSALS)));
    let revocation = saying(Payload::Revocation(Box::new(longest_revocation())));
    for envelope in [give, supervised, template, adoption, revocation] {
        let bytes = encode_envelope(&envelope);
        assert!(bytes.len() <= MOST_BYTES, "{} bytes", bytes.len());
        assert_eq!(decode_envelope(&bytes), Ok(envelope));
    }
}

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
