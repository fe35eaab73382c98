//! The longest of each kind, every number with its largest encoding.

use domain::{
    calendar::Allowance,
    category::{Class, Platform, Priority, Visibility},
    clock::{Bounds, ClockTerms, Clocks, ExtensionReason, MOST_CLOCKS, PauseReason, Stage},
    envelope::{Destination, Lane, MOST_BYTES, Payload, Stamp},
    ids::{EpochId, KeyId, MatterId},
    matter::{Act, Channel, CustodyVersion, Matter, Sort, Status, Step, Target, Version},
    policy::{Policy, RuleRef, Source},
    request::{RequestId, Voice},
    revocation::{HeldFlow, HeldLife, MOST_FLOWS, MOST_LIVES, MOST_VOUCHED, Reason, Revocation},
    suite::Suite,
    template::{
        AdoptionReport, Listed, MOST_CONTENT, MOST_LISTED, MOST_NAMED, MOST_REFUSALS, Reach,
        Rollout, RolloutAct, Scope, Template, TemplateKey, TemplateKind, TemplateList,
        TemplateRefusal,
    },
    time::Timestamp,
};
use topology::DivisionCode;

use super::{division, saying};
use crate::{decode_envelope, encode_envelope, matter::MOST_STEPS_CARRIED};

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
pub(super) fn longest_matter(act: Act, steps: usize) -> Matter {
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
pub(super) fn longest_adoption(refusals: usize) -> AdoptionReport {
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
        held: 1_000_000,
        paused: 1_000_000,
        stale: 1_000_000,
        refusals: vec![(division(), refusal); refusals],
        stamp: Stamp::default(),
    }
}

/// Makes a revocation with everything it may name, every number with its largest encoding.
pub(super) fn longest_revocation() -> Revocation {
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
    let longest = Template {
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
    };
    let listed = Listed {
        key: longest.key.clone(),
        version: longest.version,
        scope: longest.scope,
        act: u32::MAX,
    };
    let now = longest.issued_at;
    let rollout = saying(Payload::Rollout(Box::new(Rollout {
        template: longest.clone(),
        number: i32::MAX as u32,
        act: RolloutAct::RollBack,
        reach: Reach {
            share: 99,
            divisions: (0..MOST_NAMED as u64)
                .map(|n| DivisionCode::from_u64(330_825_002_200 + n).unwrap())
                .collect(),
        },
        at: now,
    })));
    let mut list = TemplateList::of(division(), vec![listed; MOST_LISTED], now, 7);
    list.expires_at = now;
    list.stamp = longest.stamp;
    let list = saying(Payload::TemplateList(Box::new(list)));
    let template = saying(Payload::Template(Box::new(longest)));
    let adoption = saying(Payload::Adoption(longest_adoption(MOST_REFUSALS)));
    let revocation = saying(Payload::Revocation(Box::new(longest_revocation())));
    let others = [rollout, list, adoption, revocation];
    for envelope in [give, supervised, template].into_iter().chain(others) {
        let bytes = encode_envelope(&envelope);
        assert!(bytes.len() <= MOST_BYTES, "{} bytes", bytes.len());
        assert_eq!(decode_envelope(&bytes), Ok(envelope));
    }
}
