use std::{collections::BTreeSet, fs, path::PathBuf};

use wujitong_config::Raw;

fn examples() -> Vec<(String, String)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn there_is_an_example_for_every_tier_and_for_hosting() {
    let names: Vec<_> = examples().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "city.toml",
            "county.toml",
            "hosted-county.toml",
            "province.toml",
            "township.toml",
            "village.toml"
        ]
    );
}

#[test]
fn every_example_loads_and_is_of_the_tier_it_says() {
    for (name, text) in examples() {
        let checked = Raw::from_toml(&text).and_then(|raw| raw.check("/etc/wujitong".as_ref()));
        let config = checked.unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let first = *config.telemetry.divisions.first().unwrap();
        let tier = name.trim_end_matches(".toml").trim_start_matches("hosted-");
        assert_eq!(first.tier().code(), tier, "{name}");
        assert_eq!(
            config.hosting.subtree.is_some(),
            name.starts_with("hosted-"),
            "{name}"
        );
    }
}

#[test]
fn no_example_serves_people_without_tls_beyond_its_own_machine() {
    for (name, text) in examples() {
        let config = Raw::from_toml(&text).unwrap().check("/".as_ref()).unwrap();
        let listen = config.http.listen;
        assert!(
            listen.is_none_or(|address| address.ip().is_loopback()),
            "{name}: {listen:?}"
        );
    }
}

#[test]
fn the_province_example_shows_every_setting() {
    let (_, text) = examples()
        .into_iter()
        .find(|(name, _)| name == "province.toml")
        .unwrap();
    let mut group = String::new();
    let mut shown = BTreeSet::new();
    for line in text.lines() {
        let line = line.trim_start_matches("# ");
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            group = format!("{name}.");
        } else if let Some((key, _)) = line.split_once(" = ") {
            shown.insert(format!("{group}{key}"));
        }
    }
    let missing: Vec<_> = Raw::keys()
        .into_iter()
        .filter(|key| !shown.contains(key))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn what_the_province_example_calls_a_default_is_one() {
    let (_, text) = examples()
        .into_iter()
        .find(|(name, _)| name == "province.toml")
        .unwrap();
    let least = "data = 'd'\nzone = 'zj.example'\nnodes = ['33']\n";
    let mut defaults = least.to_owned();
    // A group that is commented out as a whole is off by default.
    let used = text.lines().take_while(|line| !line.starts_with("# ["));
    for line in used {
        let plain = line.trim_start_matches("# ");
        let is_default = line.starts_with("# ")
            && plain.split_once(" = ").is_some_and(|(key, _)| {
                Raw::keys()
                    .iter()
                    .any(|known| known.ends_with(&format!(".{key}")))
            });
        if line.starts_with('[') || is_default {
            defaults.push_str(&format!("{plain}\n"));
        }
    }
    assert!(defaults.contains("keep_alive_s"), "{defaults}");
    let check = |text: &str| Raw::from_toml(text).unwrap().check("/".as_ref()).unwrap();
    assert_eq!(check(&defaults), check(least));
}

#[test]
fn the_sign_in_of_the_province_example_is_right_when_it_is_no_comment_any_more() {
    let (_, text) = examples()
        .into_iter()
        .find(|(name, _)| name == "province.toml")
        .unwrap();
    let (before, group) = text.split_once("# [oidc]\n").unwrap();
    let group: String = group
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line)))
        .collect();
    let whole = format!("{before}[oidc]\n{group}");
    let config = Raw::from_toml(&whole)
        .unwrap()
        .check("/etc/wujitong".as_ref());
    let oidc = config.unwrap().oidc.unwrap();
    assert_eq!(oidc.claim, "sub");
    assert_eq!(oidc.scopes, ["openid"]);
    assert!(oidc.roots.is_some());
}
