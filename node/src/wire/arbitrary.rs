//! Any value a peer may send: strategies over everything that has a form on the wire.

use bytes::Bytes;
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
};
use topology::{DivisionCode, Tier};

use super::{
    figures::MOST_COUNTED,
    frame::{
        Abreast, Ack, Batch, Echo, Entry, Frame, Goodbye, GoodbyeCode, Hello, MOST_ABOVE, Refused,
        TemplateInForce,
    },
    refusal::RefusalCode,
};
use crate::domain::{
    calendar::Allowance,
    category::{CATALOGUE, Category, Class, Platform, Priority, Visibility},
    clock::{Bounds, Clocks, ExtensionReason, PauseReason, Stage, Terms},
    envelope::{Destination, Envelope, Lane, Order, Payload, Stamp},
    ids::{Epoch, EpochId, KeyId, MatterId, NetworkId},
    matter::{
        Act, Appeal, Audience, Body, Channel, Contact, CustodyVersion, Erasure, Ground, Matter,
        Outcome, Place, Publicity, Reason, Satisfaction, Status, Step, Target, Version,
    },
    policy::{Policy, RuleRef, Source},
    request::{Answer, Ask, AskId, Reply, Wish},
    revocation::{HeldFlow, HeldLife, Revocation},
    rollup::{CellKey, CellReport, Counters},
    seal::{SealSuite, SealedBody},
    statement::{Proof, Statement},
    suite::Suite,
    template::{
        AdoptionReport, BadTemplate, Need, Scope, Template, TemplateKey, TemplateKind,
        TemplateRefusal,
    },
    time::{Day, Timestamp},
};

mod files;

const COUNTED: std::ops::RangeInclusive<u32> = 0..=i32::MAX as u32;

fn division() -> impl Strategy<Value = DivisionCode> {
    (11u64..100, 0u64..100, 0u64..100, 1u64..1000, 0u64..1000).prop_map(
        |(province, city, county, township, village)| {
            let number = (((province * 100 + city) * 100 + county) * 1000 + township) * 1000;
            DivisionCode::from_u64(number + village).expect("a township part is never zero")
        },
    )
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0i64..=253_402_300_799_999).prop_map(Timestamp)
}

fn ordinal() -> impl Strategy<Value = u64> {
    prop_oneof![1u64..1000, 1..=i64::MAX as u64]
}

fn suite() -> impl Strategy<Value = Suite> {
    select(vec![Suite::Ed25519Blake3, Suite::P256Sha256])
}

fn category() -> impl Strategy<Value = Category> {
    select(CATALOGUE.to_vec()).prop_map(|(code, _)| code.parse().expect("it is in the catalogue"))
}

fn class() -> impl Strategy<Value = Class> {
    select(vec![Class::Public, Class::Personal, Class::Sensitive])
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        select(vec![
            Outcome::Solved,
            Outcome::Unfounded,
            Outcome::Unsolvable,
            Outcome::Withdrawn,
            Outcome::Rejected(Reason::Private),
            Outcome::Rejected(Reason::Judicial),
            Outcome::Rejected(Reason::Unclear),
            Outcome::Rejected(Reason::Decided),
            Outcome::Rejected(Reason::Nonsense),
        ]),
        matter_id().prop_map(Outcome::Merged),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    (
        select(Platform::ALL.to_vec()),
        option::of("[a-z0-9-]{1,16}"),
        option::of(any::<u64>()),
    )
        .prop_map(|(platform, department, officer)| Target {
            platform,
            department: department.map(|code| code.parse().expect("it is spelt right")),
            officer,
        })
}

fn priority() -> impl Strategy<Value = Priority> {
    select(vec![
        Priority::Normal,
        Priority::Urgent,
        Priority::Emergency,
    ])
}

fn satisfaction() -> impl Strategy<Value = Satisfaction> {
    select(vec![
        Satisfaction::Dissatisfied,
        Satisfaction::Fair,
        Satisfaction::Satisfied,
    ])
}

fn audience() -> impl Strategy<Value = Audience> {
    select(vec![Audience::Offices, Audience::Reporter])
}

fn ground() -> impl Strategy<Value = Ground> {
    select(vec![
        Ground::Place,
        Ground::Competence,
        Ground::Power,
        Ground::Elsewhere,
    ])
}

fn version() -> impl Strategy<Value = Version> {
    (COUNTED, COUNTED, COUNTED).prop_map(|(term, n, rev)| Version {
        cv: CustodyVersion { term, n },
        rev,
    })
}

fn matter_id() -> impl Strategy<Value = MatterId> {
    (division(), any::<u32>(), ordinal()).prop_map(|(origin, epoch, number)| MatterId {
        origin,
        epoch,
        number,
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        select(vec![
            Act::Report,
            Act::Accept,
            Act::Handle,
            Act::Take,
            Act::TakeBack,
            Act::Feedback,
            Act::Verify(true),
            Act::Verify(false),
            Act::Recategorise,
            Act::Reopen(Appeal::Contest),
            Act::Reopen(Appeal::Review),
            Act::Reply(Publicity::Private),
            Act::Reply(Publicity::Public),
        ]),
        division().prop_map(Act::Escalate),
        division().prop_map(Act::Assign),
        division().prop_map(Act::Return),
        division().prop_map(Act::Yield),
        division().prop_map(Act::Relay),
        outcome().prop_map(Act::Close),
        target().prop_map(Act::Dispatch),
        (division(), ground()).prop_map(|(to, ground)| Act::Object(to, ground)),
        division().prop_map(Act::Arbitrate),
        division().prop_map(Act::Supervise),
        satisfaction().prop_map(Act::Rate),
        audience().prop_map(Act::Remark),
        priority().prop_map(Act::Prioritise),
        select(PauseReason::ALL.to_vec()).prop_map(Act::Pause),
        Just(Act::Resume),
        (
            select(Stage::ALL.to_vec()),
            select(ExtensionReason::ALL.to_vec())
        )
            .prop_map(|(stage, reason)| Act::Extend(stage, reason)),
        select(Stage::ALL.to_vec()).prop_map(Act::Warn),
        select(Stage::ALL.to_vec()).prop_map(Act::Overdue),
        matter_id().prop_map(Act::OpenPart),
        (matter_id(), outcome()).prop_map(|(part, outcome)| Act::EndPart(part, outcome)),
        select(vec![
            Act::Erase(Erasure::Needless),
            Act::Erase(Erasure::Expired),
            Act::Erase(Erasure::Consent),
            Act::Erase(Erasure::Unlawful),
        ]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    (
        version(),
        moment(),
        division(),
        act(),
        option::of(any::<[u8; 32]>()),
        option::of(ask_id()),
    )
        .prop_map(|(version, at, by, act, note, ask)| Step {
            version,
            at,
            by,
            act,
            note,
            ask,
        })
}

/// Clocks as a node makes them: started, paused, stretched, ended.
fn clocks() -> impl Strategy<Value = Clocks> {
    let allowance = (0u8..4, 1u16..200).prop_map(|(unit, count)| match unit {
        0 => Allowance::WorkingDays(count),
        1 => Allowance::WorkingHours(count),
        2 => Allowance::Days(count),
        _ => Allowance::Hours(count),
    });
    let rule = (option::of((template_key(), template_version())), 1u32..400).prop_map(
        |(template, line)| RuleRef {
            source: match template {
                Some((key, version)) => Source::Template { key, version },
                None => Source::Shipped(1),
            },
            line,
        },
    );
    let one = (
        select(Stage::ALL.to_vec()),
        rule,
        allowance,
        1u8..=90,
        vec(0u8..6, 0..6),
    );
    (vec(one, 0..5), 1_735_700_000_000i64..1_780_000_000_000).prop_map(|(all, begun)| {
        let calendar = Policy::default();
        let calendar = calendar.calendar().value;
        let mut clocks = Clocks::default();
        let mut now = Timestamp(begun);
        let bounds = Bounds {
            pauses: 16,
            pause_days: 60,
            extension: Some(Allowance::Days(60)),
        };
        for (stage, rule, allowance, warn_percent, acts) in all {
            let terms = Terms {
                stage,
                rule,
                allowance,
                warn_percent,
            };
            // What cannot be done to a clock leaves it as it is.
            let _ = clocks.start(terms, calendar, now);
            for act in acts {
                now.0 += 3_600_000;
                let reason = PauseReason::Expert;
                let _ = match act {
                    0 | 1 => clocks.pause(stage, reason, &bounds, calendar, now),
                    2 => clocks.resume(stage, calendar, now),
                    3 => {
                        let (by, why) = (Allowance::Days(3), ExtensionReason::Works);
                        clocks.extend(stage, by, why, &bounds, calendar, now)
                    }
                    4 => clocks.end(stage, now).map(|_| ()),
                    _ => {
                        clocks.tick(now);
                        Ok(())
                    }
                };
            }
        }
        clocks
    })
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        select(vec![
            Status::Reported,
            Status::Accepted,
            Status::Dispatched,
            Status::Handling,
            Status::Answered,
            Status::Verified,
        ]),
        outcome().prop_map(Status::Closed),
    ]
}

pub(super) fn matter() -> impl Strategy<Value = Matter> {
    let channels = vec![
        Channel::Snapshot,
        Channel::Mailbox,
        Channel::Service,
        Channel::Grid,
        Channel::Hotline,
        Channel::Sensor,
        Channel::Paper,
    ];
    let kind = (
        select(channels),
        category(),
        priority(),
        select(vec![
            Visibility::Public,
            Visibility::Path,
            Visibility::Direct,
        ]),
        class(),
    );
    let divisions = (
        option::of(division()),
        division(),
        division(),
        option::of(division()),
    );
    let state = (status(), version(), clocks(), vec(step(), 0..12));
    (
        matter_id(),
        kind,
        divisions,
        suite(),
        (
            any::<[u8; 32]>(),
            option::of(any::<[u8; 32]>()),
            option::of(matter_id()),
        ),
        state,
    )
        .prop_map(|(id, kind, divisions, suite, papers, state)| Matter {
            id,
            channel: kind.0,
            category: kind.1,
            priority: kind.2,
            visibility: kind.3,
            class: kind.4,
            about: divisions.0,
            responsible: divisions.1,
            suite,
            body: papers.0,
            contact: papers.1,
            part_of: papers.2,
            status: state.0,
            version: state.1,
            holder: divisions.2,
            transit: divisions.3,
            clocks: state.2,
            steps: state.3,
        })
}

fn ask_id() -> impl Strategy<Value = AskId> {
    (division(), any::<u32>(), ordinal()).prop_map(|(by, epoch, number)| AskId {
        by,
        epoch,
        number,
    })
}

fn ask() -> impl Strategy<Value = Ask> {
    let wish = prop_oneof![
        select(vec![
            Wish::Recall,
            Wish::Contest,
            Wish::Review,
            Wish::Withdraw,
            Wish::Supervise,
        ]),
        satisfaction().prop_map(Wish::Rate),
        audience().prop_map(Wish::Remark),
        matter_id().prop_map(Wish::Merge),
    ];
    let note = option::of(any::<[u8; 32]>());
    (ask_id(), matter_id(), version(), wish, note, suite()).prop_map(
        |(id, matter, seen, wish, note, suite)| Ask {
            id,
            matter,
            seen,
            wish,
            note,
            suite,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    let reply = prop_oneof![
        select(vec![
            Reply::Granted,
            Reply::Closed,
            Reply::NotEntitled,
            Reply::Unknown,
            Reply::Moot,
            Reply::NotNow,
            Reply::Late,
            Reply::Refused,
        ]),
        (division(), version()).prop_map(|(holder, version)| Reply::Moved { holder, version }),
    ];
    (ask_id(), matter_id(), reply).prop_map(|(ask, matter, reply)| Answer { ask, matter, reply })
}

fn template_key() -> impl Strategy<Value = TemplateKey> {
    let kinds = TemplateKind::ALL.to_vec();
    (
        division(),
        select(kinds),
        "[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?",
    )
        .prop_map(|(issuer, kind, name)| TemplateKey {
            issuer,
            kind,
            name: name.into(),
        })
}

fn template_version() -> impl Strategy<Value = u32> {
    1..=i32::MAX as u32
}

fn scope() -> impl Strategy<Value = Scope> {
    (division(), 0u8..32, any::<u8>()).prop_map(|(under, tiers, kinds)| Scope {
        under,
        tiers,
        kinds,
    })
}

fn stamp() -> impl Strategy<Value = Stamp> {
    any::<(u64, u64)>().prop_map(|(major, minor)| Stamp(major, minor))
}

fn template() -> impl Strategy<Value = Template> {
    (
        template_key(),
        template_version(),
        scope(),
        ".{0,40}",
        ".{0,200}",
        moment(),
    )
        .prop_map(
            |(key, version, scope, title, content, issued_at)| Template {
                key,
                version,
                scope,
                title,
                content,
                issued_at,
            },
        )
}

fn refusal() -> impl Strategy<Value = TemplateRefusal> {
    let text = || ".{0,40}".prop_map(String::into_boxed_str);
    let bad = prop_oneof![
        division().prop_map(BadTemplate::NoIssuer),
        (
            select(TemplateKind::ALL.to_vec()),
            select(Tier::ALL.to_vec())
        )
            .prop_map(|(kind, tier)| BadTemplate::MayNotIssue(kind, tier)),
        text().prop_map(BadTemplate::Heading),
        any::<u32>().prop_map(BadTemplate::TooLong),
        text().prop_map(BadTemplate::Content),
        any::<i64>().prop_map(BadTemplate::NewerFormat),
    ];
    prop_oneof![
        bad.prop_map(TemplateRefusal::Bad),
        template_key().prop_map(|key| {
            TemplateRefusal::MissingNeed(Need {
                kind: key.kind,
                name: key.name,
            })
        }),
        template_key().prop_map(TemplateRefusal::MissingBase),
        (template_key(), text()).prop_map(|(base, item)| TemplateRefusal::Drops { base, item }),
        (template_key(), text(), text())
            .prop_map(|(base, item, field)| TemplateRefusal::DropsField { base, item, field }),
        (template_key(), text(), any::<(u16, u16)>()).prop_map(|(base, item, (from, to))| {
            TemplateRefusal::Lengthens {
                base,
                item,
                from,
                to,
            }
        }),
    ]
}

fn adoption() -> impl Strategy<Value = AdoptionReport> {
    let count = || 0u32..=1_000_000;
    (
        template_key(),
        template_version(),
        (count(), count(), count()),
        vec((division(), refusal()), 0..=4),
        stamp(),
    )
        .prop_map(|(key, version, counts, refusals, stamp)| AdoptionReport {
            key,
            version,
            applied: counts.0,
            refused: counts.1,
            superseded: counts.2,
            refusals,
            stamp,
        })
}

fn cell() -> impl Strategy<Value = CellReport> {
    let key = (division(), division(), category(), 0i32..=2_932_896);
    let count = || 0..=MOST_COUNTED;
    let later = (count(), count(), count(), count(), count());
    (key, count(), count(), count(), count(), later, stamp()).prop_map(
        |(key, reported, taken, given, closed, later, stamp)| CellReport {
            key: CellKey {
                acting: key.0,
                origin: key.1,
                category: key.2,
                day: Day(key.3),
            },
            counters: Counters {
                reported,
                taken,
                given,
                closed,
                reopened: later.0,
                withdrawn: later.1,
                merged: later.2,
                recategorised_out: later.3,
                recategorised_in: later.4,
            },
            stamp,
        },
    )
}

fn destination() -> impl Strategy<Value = Destination> {
    prop_oneof![
        division().prop_map(Destination::Division),
        scope().prop_map(Destination::Scope),
    ]
}

fn revocation() -> impl Strategy<Value = Revocation> {
    let flow =
        (destination(), lane(), ordinal()).prop_map(|(destination, lane, through)| HeldFlow {
            destination,
            lane,
            through,
        });
    let life =
        (epoch_id(), 0..=i64::MAX as u64, vec(flow, 0..4)).prop_map(|(epoch, issue, flows)| {
            HeldLife {
                epoch,
                issue,
                flows,
            }
        });
    let key = || any::<[u8; 16]>().prop_map(KeyId);
    let names = (division(), key());
    let vouched = vec(key(), 0..4);
    (names, vec(life, 0..4), vouched, any::<u32>(), moment()).prop_map(
        |(names, lives, vouched, reason, at)| Revocation {
            division: names.0,
            key: names.1,
            lives,
            vouched,
            reason: crate::domain::revocation::Reason::from_code(reason),
            at,
        },
    )
}

fn payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        (matter(), division()).prop_map(|(matter, bound_for)| Payload::Give {
            matter: Box::new(matter),
            bound_for,
        }),
        matter().prop_map(|matter| Payload::Notice(Box::new(matter))),
        ask().prop_map(Payload::Ask),
        answer().prop_map(Payload::Answer),
        template().prop_map(|template| Payload::Template(Box::new(template))),
        adoption().prop_map(Payload::Adoption),
        cell().prop_map(Payload::Cell),
        Just(Payload::CellsComplete),
        revocation().prop_map(|revocation| Payload::Revocation(Box::new(revocation))),
        (1000u32..).prop_map(Payload::Unknown),
    ]
}

fn epoch_id() -> impl Strategy<Value = EpochId> {
    any::<[u8; 16]>().prop_map(EpochId)
}

fn epoch() -> impl Strategy<Value = Epoch> {
    (1..=i32::MAX as u32, epoch_id(), epoch_id()).prop_map(|(order, id, predecessor)| Epoch {
        order,
        id,
        predecessor,
    })
}

fn lane() -> impl Strategy<Value = Lane> {
    select(Lane::ALL.to_vec())
}

fn bytes(lengths: std::ops::Range<usize>) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), lengths).prop_map(Bytes::from)
}

pub(super) fn envelope() -> impl Strategy<Value = Envelope> {
    let order = prop_oneof![
        ordinal().prop_map(Order::Sequence),
        (bytes(0..73), stamp()).prop_map(|(key, stamp)| Order::Replaces { key, stamp }),
    ];
    (
        division(),
        epoch(),
        ordinal(),
        destination(),
        lane(),
        order,
        payload(),
    )
        .prop_map(
            |(author, epoch, issue, destination, lane, order, payload)| Envelope {
                author,
                epoch,
                issue,
                destination,
                lane,
                order,
                payload,
            },
        )
}

fn signed() -> impl Strategy<Value = (Statement, Bytes)> {
    let names = any::<([u8; 16], [u8; 16], [u8; 16], [u8; 32])>();
    (suite(), names, division(), any::<u32>(), bytes(0..80)).prop_map(
        |(suite, names, author, leaves, signature)| {
            let statement = Statement {
                suite,
                network: NetworkId(names.0),
                author,
                key: KeyId(names.1),
                epoch: EpochId(names.2),
                leaves,
                root: names.3,
            };
            (statement, signature)
        },
    )
}

fn path() -> impl Strategy<Value = Vec<[u8; 32]>> {
    vec(any::<[u8; 32]>(), 0..11)
}

pub(super) fn entry() -> impl Strategy<Value = Entry> {
    let place = (-90_000_000..=90_000_000, -180_000_000..=180_000_000).prop_map(|degrees| Place {
        latitude: degrees.0,
        longitude: degrees.1,
    });
    let contact =
        (".{0,20}", "[0-9]{0,12}", ".{0,40}").prop_map(|(name, phone, address)| Contact {
            name,
            phone,
            address,
        });
    let told = (
        option::of(place),
        option::of(contact),
        vec(files::attachment(), 0..3),
    );
    let body = (class(), any::<[u8; 16]>(), ".{0,80}", told).prop_map(
        |(class, salt, text, (place, contact, attachments))| Body {
            class,
            salt,
            text,
            place,
            contact,
            attachments,
        },
    );
    (
        bytes(1..200),
        signed(),
        any::<u32>(),
        path(),
        (vec(body, 0..3), vec(sealed(), 0..3)),
        option::of("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"),
    )
        .prop_map(
            |(bytes, (statement, signature), index, path, (bodies, sealed), trace)| Entry {
                bytes,
                proof: Proof {
                    statement,
                    signature,
                    index,
                    path,
                },
                bodies,
                sealed,
                trace,
            },
        )
}

fn sealed() -> impl Strategy<Value = SealedBody> {
    (any::<[u8; 32]>(), class(), bytes(0..80), bytes(0..80)).prop_map(
        |(commitment, class, wrap, ciphertext)| SealedBody {
            commitment,
            class,
            suite: SealSuite::X25519ChaCha20Poly1305,
            wrap,
            ciphertext,
        },
    )
}

/// Entries of which some share a statement.
fn batch() -> impl Strategy<Value = Frame> {
    let shared = vec(signed(), 1..4);
    let entries = vec((entry(), any::<Index>()), 1..12);
    (
        lane(),
        1..=i64::MAX as u64 / 2,
        shared,
        entries,
        vec(bytes(0..60), 0..3),
    )
        .prop_map(|(lane, first, shared, entries, key_statements)| {
            let entries = entries
                .into_iter()
                .map(|(mut entry, pick)| {
                    (entry.proof.statement, entry.proof.signature) = pick.get(&shared).clone();
                    entry
                })
                .collect();
            Frame::Batch(Batch::new(lane, first, entries, key_statements))
        })
}

fn hello() -> impl Strategy<Value = Frame> {
    let echo = (epoch_id(), ordinal(), entry()).prop_map(|(epoch, issue, entry)| Echo {
        epoch,
        issue,
        bytes: entry.bytes,
        proof: entry.proof,
    });
    let template = (template_key(), template_version())
        .prop_map(|(key, version)| TemplateInForce { key, version });
    let who = (
        any::<u32>(),
        any::<[u8; 16]>(),
        division(),
        epoch(),
        any::<[u8; 32]>(),
    );
    let windows = any::<(u32, u32, u32)>();
    (
        who,
        option::of(echo),
        vec(template, 0..4),
        vec(bytes(0..60), 0..3),
        moment(),
        (windows, option::of(any::<[u8; 32]>()), any::<bool>()),
    )
        .prop_map(|(who, echo, templates, key_statements, now, last)| {
            Frame::Hello(Box::new(Hello {
                protocol: who.0,
                network: NetworkId(who.1),
                division: who.2,
                epoch: who.3,
                topology: who.4,
                echo,
                templates,
                key_statements,
                now,
                window_envelopes: last.0.0,
                window_bytes: last.0.1,
                revocations: last.1,
                hears_abreast: last.2,
                window_fetches: last.0.2,
            }))
        })
}

fn ack() -> impl Strategy<Value = Frame> {
    let refused = (any::<Index>(), any::<u32>(), "\\PC{0,40}");
    (lane(), 1..=u64::MAX, vec(refused, 0..5)).prop_map(|(lane, through, refused)| {
        let refused = refused.into_iter().map(|(pick, code, reason)| Refused {
            position: through - pick.index(usize::try_from(through).expect("64 bits")) as u64,
            code: RefusalCode::from_code(code),
            reason,
        });
        Frame::Ack(Ack {
            lane,
            through,
            refused: refused.collect(),
        })
    })
}

fn abreast() -> impl Strategy<Value = Frame> {
    let above = vec((division(), moment()), 0..=MOST_ABOVE);
    (moment(), above).prop_map(|(at, above)| Frame::Abreast(Abreast { at, above }))
}

pub(super) fn frame() -> impl Strategy<Value = Frame> {
    let goodbye = (any::<u8>(), "\\PC{0,40}").prop_map(|(code, reason)| {
        Frame::Goodbye(Goodbye {
            code: GoodbyeCode::from_code(code.into()),
            reason,
        })
    });
    prop_oneof![
        hello(),
        batch(),
        ack(),
        goodbye,
        files::fetch(),
        files::fetched(),
        abreast()
    ]
}
