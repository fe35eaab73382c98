//! Tests of places that do not have all five tiers.

use wujitong_topology::{Tier, UnitKind};

use super::{code, short, tree};

/// A city with townships directly below it, like 东莞市; a county directly below the province; a
/// township directly below the province, with a village; a village directly below a county; a city
/// whose districts are below a filler.
const IRREGULAR: &str = "code,name,kind,node
44,广东省,,
4419,东莞市,,
441900003,东城街道,,
441900003001,岗贝社区,,
440001,直管县,,
440001100,直管镇,,
440001100201,直管镇一村,,
440000101,直管乡,,
440000101201,直管乡一村,,
4490,省直辖县级行政区划,,
449001,直辖市,,
449001100,直辖镇,,
4405,汕头市,,
440507,龙湖区,,
440507001201,孤村,,
";

#[test]
fn a_division_hangs_on_the_nearest_ancestor_that_exists() {
    let guangdong = tree(IRREGULAR);
    let parent = |text| guangdong.parent(code(text)).map(|parent| parent.short());
    for (child, expected) in [
        ("4419", "44"),
        ("441900003", "4419"),
        ("441900003001", "441900003"),
        ("440001", "44"),
        ("440001100", "440001"),
        ("440000101", "44"),
        ("440000101201", "440000101"),
        ("440507001201", "440507"),
        ("449001", "44"),
        ("449001100", "449001"),
    ] {
        assert_eq!(parent(child).as_deref(), Some(expected), "{child}");
    }
    assert_eq!(
        short(guangdong.children(code("44"))),
        ["440000101", "440001", "4405", "4419", "449001"]
    );
}

#[test]
fn ways_through_irregular_places_pass_over_what_is_missing() {
    let guangdong = tree(IRREGULAR);
    let path = |a, b| short(guangdong.path(code(a), code(b)));
    assert_eq!(
        path("441900003001", "440507001201"),
        [
            "441900003001",
            "441900003",
            "4419",
            "44",
            "4405",
            "440507",
            "440507001201"
        ]
    );
    assert_eq!(
        path("440000101201", "449001100"),
        ["440000101201", "440000101", "44", "449001", "449001100"]
    );
    assert_eq!(
        guangdong.next_hop(code("4419"), code("441900003001")),
        Some(code("441900003"))
    );
    assert_eq!(
        guangdong.lowest_common_ancestor(code("440001100201"), code("440000101201")),
        Some(code("44")),
        "codes that begin alike are not related by that"
    );
    assert_eq!(
        guangdong.lowest_common_ancestor(code("4490"), code("449001")),
        Some(code("44")),
        "a filler is nobody's common ancestor"
    );
}

#[test]
fn containment_follows_existing_ancestors() {
    let guangdong = tree(IRREGULAR);
    let contains = |a, b| guangdong.contains(code(a), code(b));
    assert!(contains("44", "440000101201") && contains("4419", "441900003001"));
    assert!(contains("440507", "440507"));
    assert!(!contains("440001", "440000101"));
    assert!(!contains("440507001201", "440507"));
    assert!(!contains("4401", "4401"), "no such city");
    assert!(
        contains("4400", "440001"),
        "the province, padded to four digits"
    );
    assert_eq!(guangdong.expected_nodes(code("4490")), 2);
    assert_eq!(
        guangdong.expected_nodes(guangdong.root()),
        guangdong.len() - 1
    );
}

#[test]
fn names_that_only_fill_a_tier_have_no_node_unless_the_column_says_so() {
    let beijing = tree(
        "code,name,node\n11,北京市,\n1101,市辖区,\n110101,东城区,\n110102,县,yes\n\
         110101001,甲街道,no\n110101001001,市辖区,\n110101001002,乙社区,no\n",
    );
    let nodes = |text| beijing.has_node(code(text));
    assert!(nodes("11") && nodes("110101") && nodes("110102") && nodes("110101001001"));
    assert!(!nodes("1101") && !nodes("110101001") && !nodes("110101001002"));
    assert_eq!(beijing.parent(code("110101001001")), Some(code("110101")));
    assert_eq!(beijing.parent(code("110101")), Some(code("11")));
    assert_eq!(short(beijing.children(code("110101"))), ["110101001001"]);
}

#[test]
fn the_kind_column_overrides_the_name() {
    let zhejiang = tree(
        "code,name,kind\n33,浙江省,\n330101,区,\n330101001001,甲社区,park\n330101001002,乙园区,\n\
         330101001003,丙社区,\n330101001004,丁,\n",
    );
    let kind = |text| zhejiang.get(code(text)).and_then(|division| division.kind);
    assert_eq!(kind("330101001001"), Some(UnitKind::Park));
    assert_eq!(kind("330101001002"), Some(UnitKind::Park));
    assert_eq!(kind("330101001003"), Some(UnitKind::Community));
    assert_eq!(kind("330101001004"), Some(UnitKind::Village));
    assert_eq!(kind("330101"), None);
    assert_eq!(zhejiang.tier(code("330101")), Some(Tier::County));
}

#[test]
fn a_province_may_stand_alone() {
    let alone = tree("code,name\n33,浙江省\n");
    assert_eq!((alone.len(), alone.expected_nodes(alone.root())), (1, 1));
    assert_eq!(alone.children(alone.root()).len(), 0);
    assert_eq!(alone.path(alone.root(), alone.root()), [alone.root()]);
}
