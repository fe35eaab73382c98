//! Strategies for every value a peer may send.

use bytes::Bytes;
use domain::{
    calendar::Allowance,
    category::{CATALOGUE, Category, Class, Platform, Priority, Visibility},
    clock::{Bounds, ClockTerms, Clocks, ExtensionReason, PauseReason, Stage},
    disclosure::{self, ComplianceKey, ComplianceReport, Counts, Overdue, Span},
    envelope::{Destination, Envelope, Lane, Order, Payload, Showing, Stamp},
    health::{HealthReport, NodeTrouble, Trouble},
    ids::{Epoch, EpochId, KeyId, MatterId, NetworkId},
    matter::{
        Act, Appeal, Audience, Body, Channel, Contact, CustodyVersion, Detail, Erasure, Ground,
        Matter, Outcome, Place, Publicity, Reason, Satisfaction, Sort, Status, Step, Target,
        Version,
    },
    measure::Measure,
    month::Month,
    policy::{Policy, RuleRef, Source},
    request::{Answer, Reply, Request, RequestId, RequestKind, Voice},
    revocation::{HeldFlow, HeldLife, Revocation},
    rollup::{CellKey, CellReport, Counters},
    seal::{SealSuite, SealedBody},
    statement::{Proof, Statement},
    suite::Suite,
    template::{
        AdoptionReport, BadTemplate, Listed, Need, Reach, Rollout, RolloutAct, Scope, Template,
        TemplateKey, TemplateKind, TemplateList, TemplateRefusal,
    },
    time::{Day, Timestamp},
};
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
        Ack, Batch, Echo, Entry, Frame, Goodbye, GoodbyeCode, Hello, MOST_ABOVE, Probe, Refused,
        TemplateInForce, TemplatesKnown, Watermark,
    },
    refusal::RefusalCode,
};

mod files;
mod frames;
mod heads;
mod matters;

pub(super) use frames::{entry, frame};
use matters::{answer, matter, matter_id, request};

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
    select(CATALOGUE.to_vec()).prop_map(|(code, ..)| code.parse().expect("it is in the catalogue"))
}

fn class() -> impl Strategy<Value = Class> {
    select(vec![Class::Public, Class::Personal, Class::Sensitive])
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
                stamp: Stamp::default(),
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
        (
            select(TemplateKind::ALL.to_vec()),
            select(Tier::ALL.to_vec()),
            template_key(),
            template_version(),
            any::<u32>(),
        )
            .prop_map(
                |(kind, tier, table, version, line)| BadTemplate::NotEntitled {
                    kind,
                    tier,
                    table,
                    version,
                    line,
                }
            ),
        text().prop_map(BadTemplate::Heading),
        any::<u32>().prop_map(BadTemplate::TooLong),
        text().prop_map(BadTemplate::Content),
        any::<i64>().prop_map(BadTemplate::NewerFormat),
        text().prop_map(BadTemplate::Unsupported),
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
        text().prop_map(TemplateRefusal::Loosens),
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

fn rollout() -> impl Strategy<Value = Rollout> {
    (
        template(),
        template_version(),
        select(RolloutAct::ALL.to_vec()),
        0u8..100,
        vec(division(), 0..5),
        moment(),
    )
        .prop_map(|(template, number, act, share, divisions, at)| Rollout {
            template,
            number,
            act,
            reach: Reach::new(share, divisions),
            at,
        })
}

/// Lists of a division that is not yet the author; see [`envelope`].
fn template_list() -> impl Strategy<Value = TemplateList> {
    let listed = (template_key(), template_version(), scope(), any::<u32>());
    let listed = listed.prop_map(|(key, version, scope, act)| Listed {
        key,
        version,
        scope,
        act,
    });
    (
        division(),
        moment(),
        moment(),
        vec(listed, 0..4),
        any::<u32>(),
    )
        .prop_map(|(issuer, made_at, expires_at, listed, more)| TemplateList {
            issuer,
            made_at,
            expires_at,
            listed,
            more,
            stamp: Stamp::default(),
        })
}

fn adoption() -> impl Strategy<Value = AdoptionReport> {
    let count = || 0u32..=1_000_000;
    (
        template_key(),
        template_version(),
        (count(), count(), count()),
        (count(), count(), count()),
        vec((division(), refusal()), 0..=4),
    )
        .prop_map(|(key, version, counts, more, refusals)| AdoptionReport {
            key,
            version,
            applied: counts.0,
            refused: counts.1,
            superseded: counts.2,
            held: more.0,
            paused: more.1,
            stale: more.2,
            refusals,
            stamp: Stamp::default(),
        })
}

/// Reports of any counts that do not contradict each other, those that this build does not know included.
fn compliance() -> impl Strategy<Value = ComplianceReport> {
    let overdue = || {
        let days = (0i32..=2_932_000, 0i32..=366);
        (
            division(),
            "[a-z村务]{0,60}",
            days,
            0i64..=4_102_444_800_000,
        )
            .prop_map(|(division, item, (from, days), due)| Overdue {
                due: Timestamp(due),
                division,
                item: item.into(),
                span: Span {
                    from: Day(from),
                    to: Day(from + days),
                },
            })
    };
    let class = select(&disclosure::Class::ALL[..]);
    (
        any::<u16>(),
        class,
        vec(0u64..=1000, 15),
        vec(overdue(), 0..=4),
    )
        .prop_map(|(month, class, mut counts, overdue)| {
            let named = overdue.len() as u64;
            counts[0] = counts[1] + counts[2] + counts[3] + named;
            counts[3] += named;
            for part in 4..=6 {
                counts[part] = counts[part].min(counts[1] + counts[2]);
            }
            counts[8] = counts[8].min(counts[7]);
            let counts: Vec<(u8, u64)> =
                (1..).zip(counts).filter(|(_, count)| *count > 0).collect();
            ComplianceReport {
                key: ComplianceKey {
                    month: Month(month),
                    class,
                },
                counts: Counts::try_from(counts).unwrap(),
                overdue,
                stamp: Stamp::default(),
            }
        })
}

/// Reports on nodes that hold together, counts that this build does not know included.
fn health() -> impl Strategy<Value = HealthReport> {
    let trouble = (
        select(&Trouble::ALL[..]),
        0i64..=4_102_444_800_000,
        division(),
    );
    let trouble = trouble.prop_map(|(what, since, division)| NodeTrouble {
        what,
        since: Timestamp(since),
        division,
    });
    let versions = vec(("[0-9a-z版.+-]{1,40}", 1u64..=1000), 0..=8);
    (vec(0u64..=1000, 15), vec(trouble, 0..=4), versions).prop_map(
        |(mut counts, troubles, versions)| {
            let told: u64 = versions.iter().map(|(_, nodes)| nodes).sum();
            let mut troubles: Vec<NodeTrouble> = troubles;
            troubles.sort_unstable_by_key(|one| (one.what, one.division));
            troubles.dedup_by_key(|one| (one.what, one.division));
            let named = troubles.len() as u64;
            counts[1] += told + 1 + named;
            counts[2] += named;
            counts[0] = counts[1] + counts[2] + counts[3];
            counts[4] = counts[4].clamp(named, counts[1]);
            let counts: Vec<(u8, u64)> =
                (1..).zip(counts).filter(|(_, count)| *count > 0).collect();
            HealthReport {
                counts: counts.try_into().unwrap(),
                troubles,
                versions: versions
                    .into_iter()
                    .map(|(version, nodes)| (version.into(), nodes))
                    .collect(),
                stamp: Stamp::default(),
            }
        },
    )
}

/// Counters of any measures, those that this build does not know included.
fn counters() -> impl Strategy<Value = Counters> {
    let measure = (1u32..=31).prop_map(|number| Measure::new(number).unwrap());
    let counts = prop::collection::btree_map(measure, 1..=MOST_COUNTED, 0..=31);
    counts.prop_map(|counts| Counters::try_from(Vec::from_iter(counts)).unwrap())
}

fn cell() -> impl Strategy<Value = CellReport> {
    let key = (division(), division(), category(), 0i32..=2_932_896);
    (key, counters()).prop_map(|(key, counters)| CellReport {
        key: CellKey {
            acting: key.0,
            origin: key.1,
            category: key.2,
            day: Day(key.3),
        },
        counters,
        stamp: Stamp::default(),
    })
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
            reason: domain::revocation::Reason::of_wire_number(reason),
            at,
            stamp: Stamp::default(),
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
        request().prop_map(Payload::Request),
        compliance().prop_map(|report| Payload::Compliance(Box::new(report))),
        health().prop_map(|report| Payload::Health(Box::new(report))),
        answer().prop_map(Payload::Answer),
        template().prop_map(|template| Payload::Template(Box::new(template))),
        rollout().prop_map(|rollout| Payload::Rollout(Box::new(rollout))),
        template_list().prop_map(|list| Payload::TemplateList(Box::new(list))),
        adoption().prop_map(Payload::Adoption),
        cell().prop_map(|cell| Payload::Cell(Box::new(cell))),
        Just(Payload::CellsComplete),
        matter().prop_map(|matter| Payload::Shown(Box::new(matter))),
        (
            any::<[u8; 16]>(),
            1..1u64 << 60,
            any::<u64>(),
            any::<bool>()
        )
            .prop_map(|(life, order, issue, all)| Payload::Showing(Showing {
                life: EpochId(life),
                since: Stamp(order, issue),
                all,
            })),
        revocation().prop_map(|revocation| Payload::Revocation(Box::new(revocation))),
        heads::head().prop_map(|head| Payload::Head(Box::new(head))),
        heads::answer().prop_map(|answer| Payload::Countersignature(Box::new(answer))),
        heads::rewritten().prop_map(|evidence| Payload::Rewritten(Box::new(evidence))),
        (1000u32..).prop_map(Payload::Unknown),
    ]
}

fn epoch_id() -> impl Strategy<Value = EpochId> {
    any::<[u8; 16]>().prop_map(EpochId)
}

fn epoch() -> impl Strategy<Value = Epoch> {
    (1..=1u64 << 61, epoch_id(), epoch_id()).prop_map(|(order, id, predecessor)| Epoch {
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
        bytes(0..73).prop_map(|key| Order::Replaces { key }),
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
            |(author, epoch, issue, destination, lane, order, mut payload)| {
                payload.date(Stamp(epoch.order, issue));
                // A list is its author's.
                if let Payload::TemplateList(list) = &mut payload {
                    list.issuer = author;
                    for listed in &mut list.listed {
                        listed.key.issuer = author;
                        listed.scope.under = author;
                    }
                }
                Envelope {
                    author,
                    epoch,
                    issue,
                    destination,
                    lane,
                    order,
                    payload,
                }
            },
        )
}
