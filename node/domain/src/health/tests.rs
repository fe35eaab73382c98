use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::*;

const NOW: Timestamp = Timestamp(1_790_000_000_000);
const DAY_MS: i64 = 86_400_000;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn own(me: &str) -> Own {
    Own {
        me: code(me),
        version: "0.1.0".into(),
        disk_full: false,
        certificate_ends: Some(Timestamp(NOW.0 + 9 * DAY_MS)),
        alarm_since: None,
        not_joined: 0,
        now: NOW,
    }
}

fn count(report: &HealthReport, what: Health) -> u64 {
    report.counts[what]
}

fn child<'a>(of: &str, silent: Option<i64>, said: Option<&'a HealthReport>) -> Child<'a> {
    Child {
        division: code(of),
        is_up: silent.is_none(),
        contact: silent.map(Timestamp),
        said,
    }
}

#[test]
fn a_node_alone_is_up_and_names_what_is_wrong_with_it() {
    let well = HealthReport::of(&own("330825002222"), &[], None);
    assert_eq!(
        (count(&well, Health::Known), count(&well, Health::Up)),
        (1, 1)
    );
    assert_eq!(well.troubles, []);
    assert_eq!(well.versions, [("0.1.0".into(), 1)]);
    let ill = Own {
        disk_full: true,
        certificate_ends: Some(Timestamp(NOW.0 + DAY_MS)),
        alarm_since: Some(Timestamp(NOW.0 - 7)),
        ..own("330825002222")
    };
    let told = HealthReport::of(&ill, &[], Some(&well));
    let troubles: Vec<_> = told
        .troubles
        .iter()
        .map(|one| (one.what, one.since.0))
        .collect();
    assert_eq!(
        troubles,
        [
            (Trouble::DiskFull, NOW.0),
            (Trouble::CertificateEnds, NOW.0 - DAY_MS),
            (Trouble::Alarms, NOW.0 - 7),
        ]
    );
    assert_eq!(
        count(&told, Health::Troubled),
        1,
        "one node, however much is wrong"
    );
    // An hour later the disk refuses since the same moment.
    let later = Own {
        now: Timestamp(NOW.0 + 3_600_000),
        ..ill
    };
    assert!(HealthReport::of(&later, &[], Some(&told)).says(&told));
    let well_again = HealthReport::of(&own("330825002222"), &[], Some(&told));
    assert!(well_again.says(&well));
}

/// R-N7.
#[test]
fn what_is_below_a_silent_node_is_not_known() {
    let village = HealthReport::of(&own("330825002222"), &[], None);
    let villages = [
        child("330825002222", None, Some(&village)),
        child("330825002223", None, None),
        child("330825002224", Some(5), None),
    ];
    let joining = Own {
        not_joined: 7,
        ..own("330825002")
    };
    let township = HealthReport::of(&joining, &villages, None);
    let numbers = |report: &HealthReport| {
        Health::ALL
            .iter()
            .map(|what| report.counts[*what])
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&township), [4, 3, 1, 0, 0, 7]);
    assert_eq!(
        township.versions,
        [("0.1.0".into(), 2)],
        "a node of before does not say"
    );
    let heard = HealthReport::of(
        &own("330825"),
        &[child("330825002", None, Some(&township))],
        None,
    );
    assert_eq!(numbers(&heard), [5, 4, 1, 0, 0, 7]);
    assert_eq!(heard.troubles[0].division, code("330825002224"));
    let cut = HealthReport::of(
        &own("330825"),
        &[child("330825002", Some(9), Some(&township))],
        None,
    );
    assert_eq!(numbers(&cut), [5, 1, 1, 3, 0, 0]);
    assert_eq!(cut.troubles.len(), 1, "nobody knows how those below are");
    assert_eq!(cut.troubles[0].since, Timestamp(9));
}

/// A child that dials and is refused, or came by courier alone, has another last contact at every look, or none.
#[test]
fn a_silent_child_is_told_once_and_since_when_it_was_seen_first() {
    let at = |hours: i64| Own {
        now: Timestamp(NOW.0 + hours * 3_600_000),
        ..own("330825")
    };
    for contact in [None, Some(NOW.0), Some(NOW.0 + 3_600_000)] {
        let first = HealthReport::of(&at(0), &[unheard(None)], None);
        assert_eq!(first.troubles[0].since, NOW);
        let again = HealthReport::of(&at(1), &[unheard(contact)], Some(&first));
        assert!(again.says(&first), "{again:?}");
    }
    let back = HealthReport::of(&at(2), &[child("330825002", None, None)], None);
    let later = HealthReport::of(&at(3), &[unheard(None)], Some(&back));
    assert_eq!(later.troubles[0].since, at(3).now);
}

fn unheard<'a>(contact: Option<i64>) -> Child<'a> {
    Child {
        division: code("330825002"),
        is_up: false,
        contact: contact.map(Timestamp),
        said: None,
    }
}

#[test]
fn reports_that_cannot_be_are_refused() {
    for bad in [
        vec![(1, 2), (2, 1)],
        vec![(1, 1), (2, 1), (5, 2)],
        vec![(2, 1)],
        vec![(1, u64::MAX), (2, u64::MAX), (3, 1)],
        vec![(0, 1)],
        vec![(16, 1)],
    ] {
        assert!(Counts::<Health>::try_from(bad.clone()).is_err(), "{bad:?}");
    }
    let sound = HealthReport::of(&own("330825"), &[child("330825002", Some(9), None)], None);
    assert_eq!(sound.check(), Ok(()));
    let with = |change: fn(&mut HealthReport)| {
        let mut report = sound.clone();
        change(&mut report);
        report.check()
    };
    let changes: [fn(&mut HealthReport); 7] = [
        |report| report.troubles.push(report.troubles[0]),
        |report| report.troubles[0].what = Trouble::DiskFull,
        |report| {
            report.counts = vec![(1, 2), (2, 1), (3, 1), (5, 1)].try_into().unwrap();
            report.troubles = vec![
                NodeTrouble {
                    what: Trouble::DiskFull,
                    ..report.troubles[0]
                };
                2
            ];
        },
        |report| report.versions[0].1 = 2,
        |report| report.versions[0].1 = 0,
        |report| report.versions[0].0 = "".into(),
        |report| report.versions = vec![("x".repeat(41).into(), 1)],
    ];
    for change in changes {
        assert_eq!(with(change), Err(BadCounts));
    }
    let many = HealthReport {
        counts: vec![(1, 2_001), (2, 2_001)].try_into().unwrap(),
        ..sound
    };
    assert!(many.is_possible_for(Tier::County) && !many.is_possible_for(Tier::Township));
}

proptest! {
    /// Whatever children say, the sum holds together, and so each may be said to the one above.
    #[test]
    fn what_is_summed_may_be_said(
        silent in vec(any::<bool>(), 0..60),
        ill in any::<bool>(),
        rounds in 1..4_usize,
    ) {
        let mut below: Vec<HealthReport> = vec![];
        for round in 0..rounds {
            let children: Vec<_> = silent.iter().enumerate().map(|(n, silent)| Child {
                division: DivisionCode::from_u64(330_825_002_200 + n as u64).unwrap(),
                is_up: !silent,
                contact: (n % 3 > 0).then_some(Timestamp(n as i64)),
                said: below.get(n % below.len().max(1)),
            }).collect();
            let me = Own { disk_full: ill, ..own("330825") };
            let sum = HealthReport::of(&me, &children, below.first());
            // Two children do not say the same of one node.
            let mut names = BTreeSet::new();
            let twice = sum.troubles.iter().any(|one| !names.insert((one.what, one.division)));
            prop_assert!(twice || sum.check() == Ok(()), "round {}: {:?}", round, sum);
            prop_assert!(sum.is_possible_for(Tier::City));
            let counts: Vec<(u8, u64)> = sum.counts.into();
            prop_assert!(Counts::<Health>::try_from(counts).is_ok());
            below.push(sum);
        }
    }
}
