//! Tests that a payload is denied if its content is not the author's to say.

use super::*;

type Spoil = Box<dyn Fn(&mut Payload)>;

/// Judges the spoilt payload of `author` to `to`, when brought from `side`.
fn spoilt(kind: Kind, author: &str, to: &str, side: &str, spoil: &Spoil) -> Result<(), Denied> {
    let (author, to) = (code(author), code(to));
    let good = payload(kind, author, Some(to));
    let destination = Destination::Division(to);
    assert_eq!(
        asked(&envelope(author, destination, good.clone()), side),
        Ok(())
    );
    let mut said = good;
    spoil(&mut said);
    asked(&envelope(author, destination, said), side)
}

fn in_matter(spoil: impl Fn(&mut Matter) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Give { matter, .. } | Payload::Notice(matter) | Payload::Shown(matter) => {
            spoil(matter);
        }
        other => panic!("{} holds no matter", other.name()),
    })
}

fn in_request(spoil: impl Fn(&mut Request) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Request(request) => spoil(request),
        other => panic!("{} is no request", other.name()),
    })
}

fn in_answer(spoil: impl Fn(&mut Answer) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Answer(answer) => spoil(answer),
        other => panic!("{} is no answer", other.name()),
    })
}

fn in_adoption(spoil: impl Fn(&mut AdoptionReport) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Adoption(report) => spoil(report),
        other => panic!("{} is no adoption", other.name()),
    })
}

fn in_compliance(spoil: impl Fn(&mut ComplianceReport) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Compliance(report) => spoil(report),
        other => panic!("{} says nothing of duties", other.name()),
    })
}

fn in_health(spoil: impl Fn(&mut HealthReport) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Health(report) => spoil(report),
        other => panic!("{} says nothing of nodes", other.name()),
    })
}

fn in_cell(spoil: impl Fn(&mut CellReport) + 'static) -> Spoil {
    Box::new(move |payload| match payload {
        Payload::Cell(report) => spoil(report),
        other => panic!("{} is no cell", other.name()),
    })
}

/// Checks that a child that says what was spoilt so speaks for another.
fn speaks_for_another(cases: &[(&str, Kind, Spoil)]) {
    for (what, kind, spoil) in cases {
        let denied = spoilt(*kind, CHILD, ME, CHILD, spoil);
        assert_eq!(denied, Err(Denied::SpeaksForAnother), "{kind:?}: {what}");
    }
}

#[test]
fn nobody_speaks_for_another_of_matters_and_requests() {
    use Kind::{Answer, Give, Notice, Request};
    let other = || code("330825001");
    speaks_for_another(&[
        ("holder", Give, in_matter(move |m| m.holder = other())),
        (
            "receiver",
            Give,
            in_matter(move |m| m.transit = Some(other())),
        ),
        ("no receiver", Give, in_matter(|m| m.transit = None)),
        (
            "last step",
            Give,
            in_matter(move |m| m.steps[1].by = other()),
        ),
        ("no steps", Give, in_matter(|m| m.steps.clear())),
        ("holder", Notice, in_matter(move |m| m.holder = other())),
        (
            "last step",
            Notice,
            in_matter(move |m| m.steps[1].by = other()),
        ),
        ("version", Notice, in_matter(|m| m.version.rev = 7)),
        ("asker", Request, in_request(move |r| r.id.by = other())),
        (
            "asked by somebody else",
            Answer,
            in_answer(move |a| a.request.by = other()),
        ),
    ]);
}

#[test]
fn nobody_speaks_for_another_in_a_report() {
    let other = || code("330825001");
    let refusal = move |report: &mut AdoptionReport| {
        let reason = TemplateRefusal::Bad(BadTemplate::NewerFormat(2));
        report.refusals.push((other(), reason));
    };
    let too_much = |report: &mut ComplianceReport| {
        let counts = vec![(1, 10_000_001)];
        report.counts = disclosure::Counts::try_from(counts).unwrap();
    };
    speaks_for_another(&[
        ("refusal elsewhere", Kind::Adoption, in_adoption(refusal)),
        (
            "overdue elsewhere",
            Kind::Compliance,
            in_compliance(move |report| report.overdue[0].division = other()),
        ),
        (
            "more than there can be",
            Kind::Compliance,
            in_compliance(too_much),
        ),
        (
            "trouble elsewhere",
            Kind::Health,
            in_health(move |report| report.troubles[0].division = other()),
        ),
        (
            "more nodes than there can be",
            Kind::Health,
            in_health(|report| {
                report.counts = vec![(1, 2_000_001), (2, 2_000_001)].try_into().unwrap()
            }),
        ),
        (
            "acting elsewhere",
            Kind::Cell,
            in_cell(move |report| report.key.acting = other()),
        ),
        (
            "acting nowhere",
            Kind::Cell,
            in_cell(|report| report.key.acting = code(NOBODY)),
        ),
    ]);
}

#[test]
fn a_term_but_0_is_denied_wherever_a_version_stands() {
    let cases: Vec<(Kind, Spoil)> = vec![
        (Kind::Give, in_matter(|m| m.version.cv.term = 1)),
        (Kind::Give, in_matter(|m| m.steps[0].version.cv.term = 1)),
        (Kind::Notice, in_matter(|m| m.version.cv.term = u32::MAX)),
        (Kind::Shown, in_matter(|m| m.version.cv.term = 1)),
        (
            Kind::Notice,
            in_matter(|m| {
                m.version.cv.term = 1;
                m.steps[1].version.cv.term = 1;
            }),
        ),
        (
            Kind::Request,
            Box::new(|payload| {
                if let Payload::Request(request) = payload {
                    request.seen.cv.term = 1;
                }
            }),
        ),
        (
            Kind::Answer,
            Box::new(|payload| {
                if let Payload::Answer(answer) = payload {
                    let mut version = Version::default();
                    version.cv.term = 1;
                    answer.reply = Reply::Moved {
                        holder: code(CHILD),
                        version,
                    };
                }
            }),
        ),
    ];
    for (kind, spoil) in &cases {
        let denied = spoilt(*kind, CHILD, ME, CHILD, spoil);
        assert_eq!(denied, Err(Denied::Unseated), "{kind:?}");
    }
}

#[test]
fn a_template_is_issued_and_addressed_by_its_author_alone() {
    let tree = Tree::zhejiang();
    let (parent, me) = (code(PARENT), code(ME));
    let said = |author: DivisionCode, scope: Scope, spoil: &dyn Fn(&mut Template)| {
        let mut said = payload(Kind::Template, author, None);
        if let Payload::Template(template) = &mut said {
            spoil(template);
        }
        let envelope = envelope(author, Destination::Scope(scope), said);
        may(&envelope, Neighbour::Parent(parent), me, &tree)
    };
    let scope = |under| Scope::new(under, &[], &[]);
    let as_it_is = |_: &mut Template| {};
    let rollout = |spoil: &dyn Fn(&mut Rollout)| {
        let mut said = payload(Kind::Rollout, parent, None);
        if let Payload::Rollout(rollout) = &mut said {
            spoil(rollout);
        }
        let envelope = envelope(parent, Destination::Scope(scope(parent)), said);
        may(&envelope, Neighbour::Parent(parent), me, &tree)
    };
    assert_eq!(rollout(&|_| {}), Ok(()));
    let list = |spoil: &dyn Fn(&mut TemplateList)| {
        let mut said = payload(Kind::TemplateList, parent, None);
        if let Payload::TemplateList(list) = &mut said {
            spoil(list);
        }
        let envelope = envelope(parent, Destination::Scope(scope(parent)), said);
        may(&envelope, Neighbour::Parent(parent), me, &tree)
    };
    assert_eq!(list(&|_| {}), Ok(()));
    for denied in [
        rollout(&|r| r.template.key.issuer = code("33")),
        rollout(&|r| r.template.scope.kinds = 1),
        rollout(&|r| r.reach.divisions = vec![code("330102001")]),
        list(&|l| l.issuer = code("33")),
        list(&|l| l.listed[0].key.issuer = code("33")),
        list(&|l| l.listed[0].scope.under = code("33")),
    ] {
        assert_eq!(denied, Err(Denied::SpeaksForAnother));
    }
    assert_eq!(said(parent, scope(parent), &as_it_is), Ok(()));
    let other_issuer = |t: &mut Template| t.key.issuer = code("33");
    let other_scope = |t: &mut Template| t.scope.kinds = 1;
    let wider = |t: &mut Template| t.scope = Scope::new(code("33"), &[], &[]);
    for denied in [
        said(parent, scope(parent), &other_issuer),
        said(parent, scope(parent), &other_scope),
        said(parent, scope(code("33")), &as_it_is),
        said(parent, scope(code("33")), &wider),
        said(code("33"), scope(parent), &as_it_is),
    ] {
        assert_eq!(denied, Err(Denied::SpeaksForAnother));
    }
}

#[test]
fn every_division_named_must_exist() {
    let nobody = || code(NOBODY);
    let cases: Vec<(&str, Kind, Spoil)> = vec![
        (
            "bound for",
            Kind::Give,
            Box::new(move |p| {
                if let Payload::Give { bound_for, .. } = p {
                    *bound_for = nobody();
                }
            }),
        ),
        (
            "origin",
            Kind::Give,
            in_matter(move |m| m.id.origin = nobody()),
        ),
        (
            "responsible",
            Kind::Give,
            in_matter(move |m| m.responsible = nobody()),
        ),
        (
            "about",
            Kind::Give,
            in_matter(move |m| m.about = Some(nobody())),
        ),
        (
            "step",
            Kind::Give,
            in_matter(move |m| m.steps[0].by = nobody()),
        ),
        (
            "target",
            Kind::Give,
            in_matter(move |m| m.steps[0].act = Act::Escalate(nobody())),
        ),
        (
            "relay target",
            Kind::Notice,
            in_matter(move |m| m.steps[0].act = Act::Relay(nobody())),
        ),
        (
            "transit",
            Kind::Notice,
            in_matter(move |m| m.transit = Some(nobody())),
        ),
        (
            "cell origin",
            Kind::Cell,
            Box::new(move |p| {
                if let Payload::Cell(report) = p {
                    report.key.origin = nobody();
                }
            }),
        ),
    ];
    for (what, kind, spoil) in &cases {
        let denied = spoilt(*kind, CHILD, ME, CHILD, spoil);
        assert_eq!(denied, Err(Denied::UnknownDivision), "{kind:?}: {what}");
    }
}

#[test]
fn a_notice_is_only_for_those_whose_matter_it_is() {
    let stranger = in_matter(|m| {
        m.id.origin = code(CHILD);
        m.steps[0].by = code(CHILD);
    });
    let denied = spoilt(Kind::Notice, CHILD, "330802", CHILD, &stranger);
    assert_eq!(denied, Err(Denied::WrongWay));
    let acted = in_matter(|m| {
        m.id.origin = code(CHILD);
        m.steps[0].by = code("330802");
    });
    assert_eq!(spoilt(Kind::Notice, CHILD, "330802", CHILD, &acted), Ok(()));
}

#[test]
fn a_complaint_is_denied_to_whom_it_is_about_and_to_what_is_below() {
    for about in [ME, PARENT] {
        for kind in [Kind::Give, Kind::Notice] {
            let spoil = in_matter(move |m| m.about = Some(code(about)));
            let denied = spoilt(kind, PARENT, ME, PARENT, &spoil);
            assert_eq!(denied, Err(Denied::Concerned), "{kind:?} about {about}");
        }
    }
    for about in [CHILD, "330802"] {
        let spoil = in_matter(move |m| m.about = Some(code(about)));
        assert_eq!(spoilt(Kind::Give, PARENT, ME, PARENT, &spoil), Ok(()));
    }
}

#[test]
fn adoption_is_reported_of_what_was_issued_here_or_above_only() {
    for (issuer, outcome) in [
        (ME, Ok(())),
        (PARENT, Ok(())),
        (CHILD, Err(Denied::NotAbove)),
        ("330802", Err(Denied::NotAbove)),
        (NOBODY, Err(Denied::NotAbove)),
    ] {
        let spoil: Spoil = Box::new(move |p| {
            if let Payload::Adoption(report) = p {
                report.key.issuer = code(issuer);
            }
        });
        let found = spoilt(Kind::Adoption, CHILD, ME, CHILD, &spoil);
        assert_eq!(found, outcome, "{issuer}");
    }
}

#[test]
fn what_is_counted_is_not_replaced_and_the_other_way_round() {
    let counted = |kind| (kind, Order::Sequence(1), Order::Sequence(0));
    let stray = || Order::Replaces {
        key: vec![1].into(),
    };
    for (kind, good, zero) in [
        counted(Kind::Give),
        counted(Kind::Request),
        counted(Kind::Answer),
        counted(Kind::CellsComplete),
    ] {
        let said = payload(kind, code(CHILD), Some(code(ME)));
        let mut envelope = envelope(code(CHILD), Destination::Division(code(ME)), said);
        for (order, outcome) in [
            (good, Ok(())),
            (zero, Err(Denied::WrongOrder)),
            (stray(), Err(Denied::WrongOrder)),
        ] {
            envelope.order = order;
            assert_eq!(
                asked(&envelope, CHILD),
                outcome,
                "{kind:?} {:?}",
                envelope.order
            );
        }
    }
    for kind in [Kind::Notice, Kind::Adoption, Kind::Cell] {
        let said = payload(kind, code(CHILD), Some(code(ME)));
        let good = envelope(code(CHILD), Destination::Division(code(ME)), said);
        assert_eq!(asked(&good, CHILD), Ok(()));
        for order in [Order::Sequence(1), stray()] {
            let wrong = Envelope {
                order,
                ..good.clone()
            };
            assert_eq!(asked(&wrong, CHILD), Err(Denied::WrongOrder), "{kind:?}");
        }
    }
}

#[test]
fn an_unknown_kind_is_carried_with_either_order_within_limits() {
    let ordered = |order| {
        let to = Destination::Division(code("330825001"));
        let said = envelope(code(CHILD), to, Payload::Unknown(99));
        asked(&Envelope { order, ..said }, CHILD)
    };
    let replaces = |length: usize| Order::Replaces {
        key: vec![7; length].into(),
    };
    assert_eq!(ordered(Order::Sequence(1)), Ok(()));
    assert_eq!(ordered(replaces(64)), Ok(()));
    assert_eq!(ordered(replaces(65)), Err(Denied::WrongOrder));
    assert_eq!(ordered(Order::Sequence(0)), Err(Denied::WrongOrder));
}
