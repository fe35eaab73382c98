//! Tests of outlines: the map that comes with the program, and an operator's own.

use wujitong_topology::{FeatureFault, OutlineErrors, Outlines, Tier, Tree};

use super::{code, tree};

const HERE: (f64, f64) = (29.0285, 119.1722);

#[test]
fn the_sketch_map_outlines_the_province_and_every_city_and_county() {
    let zhejiang = Tree::zhejiang();
    let outlines = Outlines::zhejiang();
    assert_eq!(outlines.len(), 102);
    assert_eq!(
        outlines.memory(),
        0,
        "nothing is read before it is asked for"
    );
    for division in zhejiang
        .iter()
        .filter(|division| division.tier <= Tier::County)
    {
        let (of, outline) = outlines.of(division.code).unwrap();
        assert_eq!(of, division.code);
        assert!(outline.corners() >= 4, "{}", division.name);
    }
    let memory = outlines.memory();
    assert!(memory < 140_000, "all of them take {memory} bytes");
}

#[test]
fn a_village_has_the_outline_of_its_county() {
    let outlines = Outlines::zhejiang();
    let (of, outline) = outlines.of(code("330825002222")).unwrap();
    assert_eq!(of, code("330825"));
    assert!(outline.holds(HERE.0, HERE.1));
    assert!(outlines.memory() < 20_000, "only one is kept");
    assert_eq!(outlines.around(HERE.0, HERE.1), Some(code("330825")));
    let (_, again) = outlines.of(code("330825")).unwrap();
    assert!(std::sync::Arc::ptr_eq(&outline, &again), "and kept once");
    assert!(outlines.of(code("320100")).is_none(), "another province");
    assert!(Outlines::default().of(code("330825")).is_none());
}

#[test]
fn every_county_lies_in_its_city_and_every_city_in_the_province() {
    let zhejiang = Tree::zhejiang();
    let outlines = zhejiang.outlines();
    for division in zhejiang.iter() {
        let Some(above) = zhejiang.parent(division.code) else {
            continue;
        };
        if division.tier > Tier::County {
            continue;
        }
        let (_, inner) = outlines.of(division.code).unwrap();
        let (_, outer) = outlines.of(above).unwrap();
        let out = inner
            .positions()
            .filter(|(north, east)| !outer.holds(*north, *east));
        assert_eq!(out.count(), 0, "{} in {above}", division.name);
    }
}

#[test]
fn places_that_everybody_knows_lie_where_everybody_knows() {
    let zhejiang = Tree::zhejiang();
    let outlines = zhejiang.outlines();
    for (name, north, east, county) in [
        ("county seat of 龙游", HERE.0, HERE.1, "330825"),
        ("三潭印月 in the West Lake", 30.2387, 120.1450, "330106"),
        ("city hall of 衢州", 28.9702, 118.8594, "330802"),
        ("the old town of 乌镇", 30.7420, 120.4870, "330483"),
        ("the temples of 普陀山", 30.0110, 122.3850, "330903"),
    ] {
        assert_eq!(outlines.around(north, east), Some(code(county)), "{name}");
    }
    assert_eq!(outlines.around(31.2304, 121.4737), None, "上海");
    assert_eq!(outlines.around(HERE.1, HERE.0), None);
}

#[test]
fn an_operators_own_map_takes_the_place_of_the_sketch() {
    let tree = tree("code,name\n44,广东省\n4419,东莞市\n441900003,东城街道\n");
    assert!(tree.outlines().is_empty());
    let map = r#"{"type":"FeatureCollection","name":"map","features":[
        {"type":"Feature","properties":{"code":4419},"geometry":{"type":"Polygon","coordinates":
          [[[113.5,22.6,5],[114.3,22.6,5],[114.3,23.2,5],[113.5,23.2,5],[113.5,22.6,5]]]}}]}"#;
    let digest = tree.digest();
    let outlines = Outlines::load(map, &tree).unwrap();
    let tree = tree.with_outlines(outlines);
    assert_eq!(tree.digest(), digest, "the edition is that of the list");
    let (of, outline) = tree.outlines().of(code("441900003")).unwrap();
    assert_eq!(of, code("4419"));
    assert!(outline.holds(23.0, 113.7) && !outline.holds(23.0, 112.0));
    assert!(
        tree.outlines().of(code("44")).is_none(),
        "nothing above is outlined"
    );
}

/// Features with a fault each, but the first.
fn bad_features() -> [String; 16] {
    let square = "[[[113,22],[114,22],[114,23],[113,22]]]";
    let feature = |properties: &str, kind: &str, coordinates: &str| {
        format!(
            r#"{{"type":"Feature","properties":{properties},
                "geometry":{{"type":"{kind}","coordinates":{coordinates}}}}}"#
        )
    };
    [
        feature(r#"{"code":"44"}"#, "Polygon", square),
        feature("{}", "Polygon", square),
        feature("null", "Polygon", square),
        feature(r#"{"code":"441x"}"#, "Polygon", square),
        feature(r#"{"code":"4418"}"#, "Polygon", square),
        feature(r#"{"code":"44"}"#, "Polygon", square),
        feature(r#"{"code":"4419"}"#, "Point", "[113,22]"),
        r#"{"type":"Feature","properties":{"code":"4419"},"geometry":null}"#.to_owned(),
        feature(
            r#"{"code":"4419"}"#,
            "Polygon",
            "[[[113,22],[114,22],[113,22]]]",
        ),
        feature(
            r#"{"code":"4419"}"#,
            "Polygon",
            "[[[113,22],[114,22],[114,23],[113,23]]]",
        ),
        feature(
            r#"{"code":"4419"}"#,
            "MultiPolygon",
            &format!("[{square},[[]]]"),
        ),
        feature(r#"{"code":"4419"}"#, "MultiPolygon", "[]"),
        feature(r#"{"code":"4419"}"#, "MultiPolygon", "[[]]"),
        feature(
            r#"{"code":"4419"}"#,
            "Polygon",
            &square.replace("113", "12634000"),
        ),
        // The numbers are in the wrong order, north before east: 113 degrees north does not exist.
        feature(
            r#"{"code":"4419"}"#,
            "Polygon",
            "[[[22,113],[22,114],[23,114],[22,113]]]",
        ),
        feature(
            r#"{"code":"4419"}"#,
            "Polygon",
            "[[[\"a\",22],[114,22],[114,23],[\"a\",22]]]",
        ),
    ]
}

#[test]
fn every_bad_feature_of_a_map_is_named_and_nothing_is_loaded() {
    let tree = tree("code,name\n44,广东省\n4419,东莞市\n");
    let map = format!(
        r#"{{"features":[{}],"type":"FeatureCollection"}}"#,
        bad_features().join(",")
    );
    let Err(OutlineErrors::Features(faults)) = Outlines::load(&map, &tree) else {
        panic!("loaded");
    };
    let numbers: Vec<usize> = faults.iter().map(|fault| fault.feature).collect();
    assert_eq!(numbers, (2..=16).collect::<Vec<_>>());
    let reasons: Vec<FeatureFault> = faults.into_iter().map(|fault| fault.reason).collect();
    use FeatureFault as F;
    let no_area = |kind: &str| F::NoArea(kind.to_owned());
    assert!(matches!(reasons[2], F::Code(_)));
    let expected = [
        F::NoCode,
        F::NoCode,
        reasons[2].clone(),
        F::NoDivision(code("4418")),
        F::Twice(code("44")),
        no_area("Point"),
        no_area("missing"),
        F::Ring(1),
        F::Ring(1),
        F::Ring(2),
        no_area("empty"),
        F::Ring(1),
        F::Position(1),
        F::Position(1),
        F::Position(1),
    ];
    assert_eq!(reasons, expected);
}

#[test]
fn what_is_no_map_is_refused_with_its_reason() {
    let tree = tree("code,name\n44,广东省\n");
    let refused = |map: &str| Outlines::load(map, &tree).unwrap_err();
    for map in [
        "",
        "code,name",
        "[]",
        "{}",
        r#"{"type":"Topology","features":[]}"#,
        r#"{"features":{}}"#,
    ] {
        assert!(matches!(refused(map), OutlineErrors::Json(_)), "{map}");
    }
    let cut = r#"{"type":"FeatureCollection","features":[{"type":"Feature""#;
    assert!(refused(cut).to_string().contains("EOF"), "{}", refused(cut));
    let empty = r#"{"type":"FeatureCollection","features":[]}"#;
    assert_eq!(refused(empty), OutlineErrors::Empty);
    assert_eq!(
        refused(&" ".repeat((32 << 20) + 1)),
        OutlineErrors::TooLarge
    );
}
