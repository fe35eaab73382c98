//! Tests that a complaint about a division goes around it (RULES 30).

use std::collections::BTreeMap;

use proptest::prelude::*;
use topology::{DivisionCode, Tree};

use super::{Desk, plain};
use crate::{
    category::Visibility,
    custody::requests::{Heard, hear_request},
    custody::{Decision, Docket, Report, return_to},
    envelope::Payload,
    matter::{Act, Matter, Outcome},
    request::RequestKind,
};

/// Asserts that nothing sent passes the division it is about.
fn goes_round(about: DivisionCode, me: DivisionCode, decision: &Decision, tree: &Tree) {
    for outgoing in &decision.sends {
        for hop in tree.path(me, outgoing.to) {
            assert!(
                !tree.contains(about, hop),
                "{} about {about} passes {hop} on its way from {me} to {}",
                outgoing.payload.name(),
                outgoing.to
            );
        }
    }
    assert!(!tree.contains(about, decision.docket.matter.holder));
}

/// Carries the transfer to its destination, and returns the desk and docket there.
fn carried(
    about: DivisionCode,
    mut sent: Decision,
    known: &mut BTreeMap<DivisionCode, Docket>,
) -> (Desk, Docket) {
    loop {
        let next = sent.docket.matter.transit.expect("a transfer is under way");
        let desk = Desk::at(&next.to_string());
        let taken = desk.take(known.get(&next), &sent);
        goes_round(about, desk.me, &taken, &desk.tree);
        if taken.docket.matter.transit.is_none() {
            return (desk, taken.docket);
        }
        known.insert(next, desk.settled(&taken.docket, false));
        sent = taken;
    }
}

fn random_division(tree: &Tree, choice: usize) -> DivisionCode {
    let nodes = tree.len();
    let divisions = tree.iter().skip(choice % nodes).chain(tree.iter());
    let mut with_node = divisions.filter(|division| division.has_node);
    with_node.next().expect("the root has a node").code
}

fn near(matter: &Matter, tree: &Tree, choice: usize) -> DivisionCode {
    let about = matter.about.expect("direct");
    // Mostly divisions around the one it is about, where it could go wrong.
    let around: Vec<_> = std::iter::once(about)
        .chain(tree.ancestors(about))
        .chain(tree.children(about).take(3))
        .chain(tree.children(tree.parent(about).unwrap_or(about)).take(5))
        .collect();
    match choice % 3 {
        0 => random_division(tree, choice / 3),
        _ => around[choice / 3 % around.len()],
    }
}

proptest! {
    #[test]
    fn a_direct_complaint_never_passes_through_whom_it_is_about(
        about: usize,
        origin: usize,
        acts in prop::collection::vec((0usize..6, any::<usize>()), 0..25),
    ) {
        let tree = Tree::zhejiang();
        let about = random_division(&tree, about);
        let above: Vec<_> = tree.ancestors(about).collect();
        prop_assume!(!above.is_empty());
        let mut desk = Desk::at(&above[origin % above.len()].to_string());
        let report = Report {
            visibility: Visibility::Direct,
            about: Some(about),
            ..plain()
        };
        let mut docket = desk.report(report).unwrap().docket;
        let mut known = BTreeMap::new();
        for (act, choice) in acts {
            let to = near(&docket.matter, &tree, choice);
            let decided = match act {
                0 => desk.act(&docket, Act::Handle),
                1 => desk.transfer(&docket, Act::Escalate(to)),
                2 | 3 => desk.transfer(&docket, Act::Assign(to)),
                4 => return_to(&docket, desk.context())
                    .and_then(|to| desk.transfer(&docket, Act::Return(to))),
                _ => {
                    // A division that acted on it asks for it back.
                    let asker = docket.matter.steps[choice % docket.matter.steps.len()].by;
                    let asker = Desk::at(&asker.to_string());
                    let request = asker.asking(&docket, 1, RequestKind::Recall);
                    match hear_request(Some(&docket), request, desk.context()) {
                        Heard::Granted(decision, _) => Ok(*decision),
                        _ => continue,
                    }
                }
            };
            let Ok(decision) = decided else {
                continue;
            };
            goes_round(about, desk.me, &decision, &tree);
            if decision.docket.matter.transit.is_none() {
                docket = decision.docket;
                continue;
            }
            let gone = desk.settled(&decision.docket, false);
            if let Ok(asking) = desk.make(&gone, 1, RequestKind::Recall) {
                goes_round(about, desk.me, &asking, &tree);
            }
            known.insert(desk.me, gone);
            (desk, docket) = carried(about, decision, &mut known);
        }
        let closed = desk.act(&docket, Act::Close(Outcome::Solved)).unwrap();
        goes_round(about, desk.me, &closed, &tree);
        let told = closed.sends.iter().all(|send| matches!(send.payload, Payload::Notice(_)));
        prop_assert!(told);
    }
}
