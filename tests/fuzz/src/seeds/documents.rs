//! Documents that people write: policies, templates, configurations, lists of divisions, maps.

use config::Raw;
use serde_json::{Value, json};

use super::{file, folder};

pub(crate) fn policies() -> Vec<Vec<u8>> {
    let shipped = domain::policy::SHIPPED;
    let mut policies = vec![shipped.as_bytes().to_vec()];
    // Parts of it, from one table to the next but two.
    let tables: Vec<usize> = shipped.match_indices("\n[").map(|(at, _)| at + 1).collect();
    let parts = tables
        .windows(3)
        .step_by(5)
        .map(|part| &shipped[part[0]..part[2]]);
    policies.extend(parts.map(|part| part.as_bytes().to_vec()));
    policies
}

/// Templates after the place of their kind.
pub(crate) fn templates() -> Vec<Vec<u8>> {
    let affairs = file("config/templates/village-affairs.toml");
    let policies = policies().into_iter().skip(1);
    let policies = policies.map(|policy| [b"\0format = 1\n", &policy[..]].concat());
    let boards = file("config/templates/village-boards.toml");
    let affairs = (0..5).map(|kind| [&[kind], &affairs[..]].concat());
    let points = file("config/templates/village-points.toml");
    let boards = [[&[4], &boards[..]].concat(), [&[5], &points[..]].concat()];
    let standard = file("config/templates/county-data.toml");
    let standard = [[&[3], &standard[..]].concat()];
    let all = affairs.chain(boards).chain(standard);
    all.chain(policies).collect()
}

pub(crate) fn configs() -> Vec<Vec<u8>> {
    let mut configs = folder("config/examples", ".toml");
    let keys = Raw::keys().into_iter().map(|key| format!("{key}=1\n"));
    configs.push(keys.collect::<String>().into_bytes());
    configs
}

/// A province's first rows, and a branch with every kind of unit.
pub(crate) fn divisions() -> Vec<Vec<u8>> {
    let all = String::from_utf8(file("topology/data/zhejiang-divisions.csv")).expect("UTF-8");
    let first: Vec<&str> = all.lines().take(40).collect();
    let branch = "code,name,kind,node\n33,浙江省,,\n3308,衢州市,,\n330825,龙游县,,yes\n330825002,东华街道,,\n\
                  330825002222,张王村村民委员会,village,\n330825002001,\"某某\"\"社区\",community,yes\n\
                  330825400,开发区,,no\n330825400498,园区,park,\n";
    vec![
        (first.join("\n") + "\n").into_bytes(),
        branch.as_bytes().to_vec(),
    ]
}

pub(crate) fn outlines() -> Vec<Vec<u8>> {
    let square = |code: &str, kind: &str, ring: Value| {
        json!({"type": "Feature", "properties": {"code": code},
               "geometry": {"type": kind, "coordinates": ring}})
    };
    let ring = json!([
        [119.1, 29.0],
        [119.3, 29.0],
        [119.3, 29.2],
        [119.1, 29.2],
        [119.1, 29.0]
    ]);
    let village = square("330825002222", "Polygon", json!([ring]));
    let county = square("330825", "MultiPolygon", json!([[ring], [ring, ring]]));
    let collection = json!({"type": "FeatureCollection", "features": [village, county]});
    vec![collection.to_string().into_bytes()]
}
