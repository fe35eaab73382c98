//! Tests of paths between random divisions of the real tree.

use std::sync::Arc;

use proptest::prelude::*;
use wujitong_topology::{DivisionCode, Tree};

use super::{code, short};

fn any_node() -> impl Strategy<Value = DivisionCode> {
    let nodes: Arc<[DivisionCode]> = {
        let zhejiang = Tree::zhejiang();
        zhejiang.nodes(zhejiang.root()).collect()
    };
    any::<prop::sample::Index>().prop_map(move |index| *index.get(&nodes))
}

/// Generates two nodes. Half of the time both are from one county, where paths turn at a lower
/// tier.
fn two_nodes() -> impl Strategy<Value = (DivisionCode, DivisionCode)> {
    let near = (any_node(), any::<prop::sample::Index>()).prop_map(|(a, index)| {
        let zhejiang = Tree::zhejiang();
        let county = zhejiang.ancestors(a).nth(1).unwrap_or(a);
        let nodes: Vec<_> = zhejiang.nodes(county).collect();
        (a, *index.get(&nodes))
    });
    prop_oneof![(any_node(), any_node()), near]
}

fn chain(tree: &Tree, code: DivisionCode) -> Vec<DivisionCode> {
    std::iter::once(code).chain(tree.ancestors(code)).collect()
}

#[test]
fn a_way_goes_up_to_the_common_ancestor_and_down_again() {
    let zhejiang = Tree::zhejiang();
    assert_eq!(
        short(zhejiang.path(code("330825002222"), code("330802005"))),
        [
            "330825002222",
            "330825002",
            "330825",
            "3308",
            "330802",
            "330802005"
        ]
    );
    let hop = |from, to| {
        zhejiang
            .next_hop(code(from), code(to))
            .map(|hop| hop.short())
    };
    assert_eq!(
        hop("330825002222", "330802005").as_deref(),
        Some("330825002")
    );
    assert_eq!(hop("3308", "330802005").as_deref(), Some("330802"));
    assert_eq!(hop("33", "330825002222").as_deref(), Some("3308"));
    assert_eq!(
        hop("330383", "330383198001").as_deref(),
        Some("330383198001")
    );
    assert_eq!(hop("330825", "330825"), None);
}

proptest! {
    #[test]
    fn walking_hop_by_hop_arrives((from, to) in two_nodes()) {
        let zhejiang = Tree::zhejiang();
        let mut walked = vec![from];
        let mut here = from;
        while let Some(next) = zhejiang.next_hop(here, to) {
            let adjacent =
                zhejiang.parent(here) == Some(next) || zhejiang.parent(next) == Some(here);
            prop_assert!(adjacent, "{} and {} are no neighbours", here, next);
            prop_assert!(zhejiang.has_node(next));
            walked.push(next);
            here = next;
            prop_assert!(walked.len() <= 9, "{:?}", walked);
        }
        prop_assert_eq!(here, to);
        let mut back = zhejiang.path(to, from);
        back.reverse();
        prop_assert_eq!(&back, &walked, "the way back is the same way");
        prop_assert_eq!(zhejiang.path(from, to), walked);
    }

    #[test]
    fn the_common_ancestor_is_the_lowest_of_both_chains((a, b) in two_nodes()) {
        let zhejiang = Tree::zhejiang();
        let (above_a, above_b) = (chain(&zhejiang, a), chain(&zhejiang, b));
        let expected = above_a.iter().copied().find(|code| above_b.contains(code));
        let found = zhejiang.lowest_common_ancestor(a, b);
        prop_assert_eq!(found, expected);
        prop_assert_eq!(zhejiang.lowest_common_ancestor(b, a), expected);
        let found = found.expect("both are below the province");
        prop_assert!(zhejiang.contains(found, a) && zhejiang.contains(found, b));
        prop_assert!(zhejiang.path(a, b).contains(&found));
        prop_assert!(
            !zhejiang.children(found).any(|child| {
                zhejiang.contains(child, a) && zhejiang.contains(child, b)
            }),
            "nothing lower contains both"
        );
    }

    #[test]
    fn containment_agrees_with_the_chain_and_the_subtree((a, b) in two_nodes()) {
        let zhejiang = Tree::zhejiang();
        let contains = zhejiang.contains(a, b);
        prop_assert_eq!(contains, chain(&zhejiang, b).contains(&a));
        prop_assert_eq!(contains, zhejiang.subtree(a).any(|code| code == b));
    }
}
