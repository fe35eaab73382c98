//! Tests of the embedded province.

use std::sync::Arc;

use wujitong_topology::{Tier, Tree, UnitKind, UnknownDivision};

use super::{ZHEJIANG, code, short, tree};

/// The edition of the embedded data. Nodes of different editions state the difference at hello, so
/// a change here is a new edition that belongs in the changelog.
const EDITION: &str = "64ed882e64605c882f24f1eb1d06cd57a769201006481e0ea92cbb211c13de42";

#[test]
fn every_tier_has_its_count() {
    let zhejiang = Tree::zhejiang();
    let count = |tier| {
        zhejiang
            .iter()
            .filter(|division| division.tier == tier)
            .count()
    };
    assert_eq!(Tier::ALL.map(count), [1, 11, 90, 1_387, 25_547]);
    assert_eq!(zhejiang.len(), 27_036);
    let kind = |kind| {
        zhejiang
            .iter()
            .filter(|division| division.kind == Some(kind))
            .count()
    };
    assert_eq!(UnitKind::ALL.map(kind), [19_763, 5_784, 0]);
    assert!(
        zhejiang
            .iter()
            .all(|division| division.kind.is_some() == (division.tier == Tier::Village))
    );
}

#[test]
fn the_province_is_parsed_once_and_stays_small() {
    assert!(Arc::ptr_eq(&Tree::zhejiang(), &Tree::zhejiang()));
    let memory = Tree::zhejiang().memory();
    assert!(memory < 1_300_000, "{memory} bytes");
}

#[test]
fn longyou_has_15_townships_and_288_village_tier_units() {
    let zhejiang = Tree::zhejiang();
    let longyou = code("330825");
    assert_eq!(zhejiang.children(longyou).len(), 15);
    let units = zhejiang
        .subtree(longyou)
        .filter(|code| code.tier() == Tier::Village);
    assert_eq!(units.count(), 288);
    assert_eq!(zhejiang.subtree(longyou).len(), 1 + 15 + 288);
    assert_eq!(zhejiang.expected_nodes(longyou), 1 + 15 + 288);
}

#[test]
fn a_village_has_its_parents_up_to_the_province() {
    let zhejiang = Tree::zhejiang();
    let village = code("330825002222");
    assert_eq!(
        short(zhejiang.ancestors(village)),
        ["330825002", "330825", "3308", "33"],
        "nearest first"
    );
    assert_eq!(zhejiang.parent(zhejiang.root()), None);
    let division = zhejiang.get(village).expect("张王村");
    assert_eq!(division.name, "张王村村民委员会");
    assert_eq!(division.short_name(), "张王村");
    assert_eq!(division.kind.map(UnitKind::system), Some("村情通"));
}

#[test]
fn a_whole_name_goes_from_the_province_to_the_place() {
    let zhejiang = Tree::zhejiang();
    for (text, name) in [
        ("33", "浙江省"),
        ("330825", "浙江省衢州市龙游县"),
        ("330825002222", "浙江省衢州市龙游县东华街道张王村"),
        ("330825002001", "浙江省衢州市龙游县东华街道东华街社区"),
        ("330383198001", "浙江省温州市龙港市金钗河社区"),
        ("331121219221", "浙江省丽水市青田县阜山乡周垟村"),
    ] {
        assert_eq!(zhejiang.full_name(code(text)).as_deref(), Some(name));
    }
}

#[test]
fn a_unit_of_statistics_has_no_node_and_its_units_hang_on_the_county() {
    let zhejiang = Tree::zhejiang();
    let (longgang, filler, village) = (code("330383"), code("330383198"), code("330383198001"));
    assert_eq!(
        short(zhejiang.iter().filter(|d| !d.has_node).map(|d| d.code)),
        ["330383198"]
    );
    assert_eq!(zhejiang.parent(village), Some(longgang));
    assert_eq!(zhejiang.parent(filler), Some(longgang));
    assert_eq!(zhejiang.children(longgang).len(), 103);
    assert!(
        zhejiang
            .children(longgang)
            .all(|child| child.tier() == Tier::Village)
    );
    assert_eq!(zhejiang.children(filler).len(), 0);
    assert_eq!(zhejiang.subtree(longgang).len(), 105);
    assert_eq!(zhejiang.expected_nodes(longgang), 104);
    assert_eq!(zhejiang.nodes(longgang).count(), 104);
    assert_eq!(zhejiang.expected_nodes(zhejiang.root()), 27_035);
    assert!(zhejiang.contains(longgang, filler) && zhejiang.contains(filler, village));
    assert_eq!(zhejiang.path(village, filler), []);
    assert_eq!(zhejiang.next_hop(village, filler), None);
}

#[test]
fn children_are_what_a_search_over_all_parents_finds() {
    let zhejiang = Tree::zhejiang();
    let mut found = std::collections::BTreeMap::<_, Vec<_>>::new();
    for division in zhejiang.iter().filter(|division| division.has_node) {
        if let Some(parent) = zhejiang.parent(division.code) {
            found.entry(parent).or_default().push(division.code);
        }
    }
    for division in zhejiang.iter() {
        let children: Vec<_> = zhejiang.children(division.code).collect();
        assert_eq!(children, found.remove(&division.code).unwrap_or_default());
    }
    assert!(found.is_empty());
}

#[test]
fn subtrees_of_siblings_share_nothing_and_fill_their_parent() {
    let zhejiang = Tree::zhejiang();
    for division in zhejiang.iter().filter(|division| division.has_node) {
        let below: usize = zhejiang
            .children(division.code)
            .map(|child| zhejiang.expected_nodes(child))
            .sum();
        assert_eq!(
            zhejiang.expected_nodes(division.code),
            1 + below,
            "{division:?}"
        );
    }
}

#[test]
fn an_unknown_division_is_an_answer_and_no_panic() {
    let zhejiang = Tree::zhejiang();
    let unknown = code("440300");
    let known = code("330825");
    assert_eq!(zhejiang.get(unknown), None);
    assert_eq!(
        zhejiang.require(unknown),
        Err(UnknownDivision {
            code: unknown,
            nearest: None
        })
    );
    assert_eq!(zhejiang.tier(unknown), None);
    assert!(!zhejiang.has_node(unknown));
    assert_eq!(zhejiang.parent(unknown), None);
    assert_eq!(zhejiang.ancestors(unknown).count(), 0);
    assert_eq!(zhejiang.children(unknown).len(), 0);
    assert_eq!(zhejiang.subtree(unknown).len(), 0);
    assert_eq!(zhejiang.nodes(unknown).count(), 0);
    assert_eq!(zhejiang.expected_nodes(unknown), 0);
    assert_eq!(zhejiang.full_name(unknown), None);
    assert!(!zhejiang.contains(unknown, unknown));
    for (a, b) in [(known, unknown), (unknown, known), (unknown, unknown)] {
        assert!(!zhejiang.contains(a, b));
        assert_eq!(zhejiang.lowest_common_ancestor(a, b), None);
        assert_eq!(zhejiang.next_hop(a, b), None);
        assert!(zhejiang.path(a, b).is_empty());
    }
}

#[test]
fn an_unknown_division_names_what_exists_above_it() {
    let zhejiang = Tree::zhejiang();
    let error = zhejiang
        .require(code("330802001"))
        .expect_err("柯城区 has no 330802001");
    assert_eq!(error.nearest, Some(code("330802")));
    assert_eq!(
        error.to_string(),
        "no division 330802001000 in this tree; `wujitong topology show 330802` lists what is below \
         the nearest that exists"
    );
    let foreign = zhejiang
        .require(code("440300"))
        .expect_err("深圳市 is in another province");
    assert_eq!(foreign.nearest, None);
}

#[test]
fn the_edition_is_the_known_one() {
    let digest: String = Tree::zhejiang()
        .digest()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(digest, EDITION);
    assert_eq!(tree(ZHEJIANG).digest(), Tree::zhejiang().digest());
}
