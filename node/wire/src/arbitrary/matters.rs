//! Strategies for matters, requests and answers.

use super::*;

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

pub(super) fn matter_id() -> impl Strategy<Value = MatterId> {
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
            Act::Visit,
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
        matter_id().prop_map(Act::Absorb),
        matter_id().prop_map(Act::OpenPart),
        matter_id().prop_map(Act::Join),
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
        option::of((category(), priority())),
        option::of(any::<[u8; 32]>()),
        option::of(request_id()),
        option::of(voice()),
    )
        .prop_map(|(version, at, by, act, sort, note, request, voice)| Step {
            version,
            at,
            by,
            act,
            sort: sort.map(|(category, priority)| Sort { category, priority }),
            note,
            request,
            voice,
        })
}

pub(super) fn voice() -> impl Strategy<Value = Voice> {
    prop_oneof![
        select(vec![Voice::Reporter, Voice::Program, Voice::Owner]),
        any::<u64>().prop_map(Voice::Official),
    ]
}

/// Generates clocks as a node makes them: started, paused, stretched, ended.
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
            let terms = ClockTerms {
                stage,
                rule,
                allowance,
                warn_percent,
            };
            // An act that is not possible leaves the clock unchanged.
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

fn request_id() -> impl Strategy<Value = RequestId> {
    (division(), any::<u32>(), ordinal()).prop_map(|(by, epoch, number)| RequestId {
        by,
        epoch,
        number,
    })
}

pub(super) fn request() -> impl Strategy<Value = Request> {
    let kind = prop_oneof![
        select(vec![
            RequestKind::Recall,
            RequestKind::Contest,
            RequestKind::Review,
            RequestKind::Withdraw,
            RequestKind::Supervise,
        ]),
        satisfaction().prop_map(RequestKind::Rate),
        audience().prop_map(RequestKind::Remark),
        matter_id().prop_map(RequestKind::Merge),
    ];
    let note = option::of(any::<[u8; 32]>());
    (
        request_id(),
        matter_id(),
        version(),
        kind,
        note,
        suite(),
        voice(),
    )
        .prop_map(|(id, matter, seen, kind, note, suite, voice)| Request {
            id,
            matter,
            seen,
            kind,
            note,
            suite,
            voice,
        })
}

pub(super) fn answer() -> impl Strategy<Value = Answer> {
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
    (request_id(), matter_id(), reply).prop_map(|(request, matter, reply)| Answer {
        request,
        matter,
        reply,
    })
}
