//! What is due, and when.

use super::*;

#[test]
fn what_is_due_is_told_period_by_period_from_when_it_was_demanded() {
    let template = "330825/disclosure/finance".parse().unwrap();
    let (finance, event) = (finance(), event());
    let since = day("2026-07-20").start();
    let demand = |item| Demand {
        template: &template,
        version: 1,
        since,
        item,
    };
    let demands = [demand(&finance), demand(&event)];
    let line = |from: &str, to: &str, at: Timestamp| {
        let mut one = begun(right()).line(Some(Latest { at, doubts: vec![] }));
        one.span = span(from, to);
        one.published_at = Some(at);
        one.stage = None;
        one
    };
    let lines = [
        line("2026-07-01", "2026-07-31", day("2026-08-08").start()),
        line("2026-08-01", "2026-08-31", day("2026-09-20").start()),
    ];
    let all = duties(&demands, &lines, &zhejiang(), NOW);
    let told: Vec<_> = all
        .iter()
        .map(|duty| (duty.span.from.to_string(), duty.state))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-10-01".to_owned(), DutyState::Running),
            ("2026-09-01".to_owned(), DutyState::Overdue),
            ("2026-08-01".to_owned(), DutyState::Late),
            ("2026-07-01".to_owned(), DutyState::OnTime),
        ]
    );
    let october = day("2026-10-05").start();
    let due = duties(&demands, &lines, &zhejiang(), october);
    assert_eq!(
        (due[1].span.from, due[1].state),
        (day("2026-09-01"), DutyState::Due)
    );
}
