//! How far a version has come, child by child.

use std::collections::BTreeMap;

use super::code;
use crate::{
    envelope::Stamp,
    template::{AdoptionReport, Expected, TemplateKey, adoption_by_child},
};

/// R-T3.
#[test]
fn children_that_lag_come_first_and_who_said_nothing_is_unreached() {
    let key: TemplateKey = "33/disclosure/finance".parse().unwrap();
    let [complete, behind, silent] = ["3301", "3302", "3308"].map(code);
    let report = |version: u32, applied: u32, refused: u32| AdoptionReport {
        key: key.clone(),
        version,
        applied,
        refused,
        superseded: 0,
        held: 0,
        paused: 0,
        stale: 0,
        refusals: vec![],
        stamp: Stamp(1, 1),
    };
    let (first, second) = (report(2, 3, 0), report(2, 1, 1));
    let expected = Expected {
        own: true,
        children: BTreeMap::from([(complete, 3), (behind, 4), (silent, 5)]),
    };
    let heard = [(complete, &first), (behind, &second)];
    let children = adoption_by_child(&key, 2, &expected, &heard);
    let told: Vec<_> = children
        .iter()
        .map(|(child, said)| (*child, said.applied, said.refused, said.unreached))
        .collect();
    assert_eq!(
        told,
        [(behind, 1, 1, 2), (silent, 0, 0, 5), (complete, 3, 0, 0),]
    );
    // A report on an earlier version says nothing of this one.
    let old = report(1, 3, 0);
    let children = adoption_by_child(&key, 2, &expected, &[(complete, &old)]);
    assert!(
        children.iter().all(|(_, said)| said.applied == 0),
        "{children:?}"
    );
}
