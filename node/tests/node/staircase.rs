//! The staircase of crates in ARCHITECTURE.md, compared with what cargo says of the workspace.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Words that have no place in the pure crate.
const IMPURE: [&str; 8] = [
    "tokio::",
    "std::fs",
    "std::net",
    "std::time",
    "std::env",
    "std::thread",
    "async fn",
    "rand::",
];

/// Foreign crates that only some of ours may depend on.
const OWNERS: [(&str, &[&str]); 9] = [
    ("sled", &["store"]),
    ("rcgen", &["identity", "bench"]),
    ("hickory-resolver", &["peer"]),
    ("tonic", &["proto", "peer"]),
    ("wujitong-proto", &["wire", "peer"]),
    ("image", &["media"]),
    ("jsonwebtoken", &["outbound"]),
    ("argon2", &["office"]),
    ("clap", &["cli", "demo", "bench", "wujitong"]),
];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Each crate of the workspace with what it depends on outside of tests, by the packages' names.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(top())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap().iter();
    let named = packages.map(|package| {
        let used = package["dependencies"].as_array().unwrap().iter();
        let used = used.filter(|used| used["kind"].is_null());
        let used = used.map(|used| used["name"].as_str().unwrap().to_owned());
        (package["name"].as_str().unwrap().to_owned(), used.collect())
    });
    named.collect()
}

/// The table of ARCHITECTURE.md: floor and what a crate may depend on, by the crate's short name.
fn table() -> BTreeMap<String, (u32, BTreeSet<String>)> {
    let text = fs::read_to_string(top().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, floor, name, _, may, _] = cells[..] else {
            return None;
        };
        let floor = floor.parse().ok()?;
        let may = may.split(',').map(str::trim).filter(|name| *name != "—");
        Some((
            name.trim_matches('`').to_owned(),
            (floor, may.map(str::to_owned).collect()),
        ))
    });
    rows.collect()
}

fn short(package: &str) -> String {
    package
        .strip_prefix("wujitong-")
        .unwrap_or(package)
        .to_owned()
}

#[test]
fn the_table_of_the_architecture_says_what_the_manifests_say() {
    let table = table();
    let found = dependencies();
    let ours: BTreeSet<_> = found.keys().map(|name| short(name)).collect();
    let listed: BTreeSet<_> = table.keys().cloned().collect();
    let tests: BTreeSet<_> = ["tests".to_owned()].into();
    assert_eq!(listed, ours.difference(&tests).cloned().collect());
    for (package, used) in &found {
        let Some((floor, may)) = table.get(&short(package)) else {
            continue;
        };
        let used = used.iter().filter(|used| found.contains_key(*used));
        let used: BTreeSet<_> = used.map(|used| short(used)).collect();
        assert_eq!(
            &used, may,
            "{package}: ARCHITECTURE.md should list what its manifest lists"
        );
        for used in used {
            let below = table[&used].0;
            assert!(
                below < *floor,
                "{package} on floor {floor} uses {used} on floor {below}"
            );
        }
    }
}

#[test]
fn only_one_crate_knows_each_foreign_thing() {
    for (package, used) in dependencies() {
        let name = short(&package);
        for (foreign, owners) in OWNERS {
            let may = name == "tests" || owners.contains(&name.as_str());
            assert!(
                may || !used.contains(foreign),
                "{package} depends on {foreign}"
            );
        }
    }
}

fn files(folder: PathBuf) -> Vec<PathBuf> {
    let (mut found, mut folders) = (vec![], vec![folder]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                None => folders.push(path),
                Some(extension) if extension == "rs" => found.push(path),
                Some(_) => {}
            }
        }
    }
    found
}

/// Source without comments, and without what follows the tests' module.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines
        .take_while(|line| line.trim() != "mod tests {")
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_test(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn the_domain_is_pure() {
    let all = files(top().join("node/domain/src"));
    assert!(all.len() > 50, "{}", all.len());
    for path in all.iter().filter(|path| !is_test(path)) {
        let code = code(path);
        for word in IMPURE {
            assert!(!code.contains(word), "{} has `{word}`", path.display());
        }
    }
}

/// Where work is started that goes on by itself, and why there. `spawn_blocking`, scoped threads and other
/// programs are ended by whoever waits for them.
const SPAWNERS: [(&str, &str); 12] = [
    (
        "app/src/host.rs",
        "everything that lasts as long as the process",
    ),
    (
        "app/src/host/node_builder.rs",
        "everything that lasts as long as a node",
    ),
    (
        "peer/src/listen.rs",
        "connections, in the tracker of the host",
    ),
    ("peer/src/grpc.rs", "sessions, in the tracker of the host"),
    (
        "web/src/serve.rs",
        "connections, in a tracker that `serve` waits for",
    ),
    (
        "outbound/src/webhooks.rs",
        "couriers, in a set that `run` waits for",
    ),
    (
        "open311/src/parts.rs",
        "a form that is broken off throws its files away",
    ),
    (
        "telemetry/src/collector.rs",
        "watches the collector of traces, before there is any node",
    ),
    (
        "store/src/committer.rs",
        "the writer of the store and its checkpoints, joined when it closes",
    ),
    ("cli/src/client.rs", "drives one connection of a command"),
    (
        "cli/src/run.rs",
        "ends the process when it does not stop in time",
    ),
    ("bench/", "measures"),
];

#[test]
fn what_goes_on_by_itself_is_started_in_few_places() {
    let node = top().join("node");
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(&node).unwrap() {
        let src = entry.unwrap().path().join("src");
        if !src.is_dir() {
            continue;
        }
        for path in files(src).iter().filter(|path| !is_test(path)) {
            let code = code(path);
            if !["spawn(", "spawn_on(", "spawn_local("].iter().any(|call| {
                let mut calls = code.match_indices(call);
                calls.any(|(at, _)| !code[..at].ends_with("scope."))
            }) {
                continue;
            }
            let name = path.strip_prefix(&node).unwrap().display().to_string();
            let known = SPAWNERS.iter().find(|(place, _)| name.starts_with(place));
            let (place, _) =
                known.unwrap_or_else(|| panic!("{name} starts work; let the host do it"));
            found.insert(*place);
        }
    }
    assert_eq!(
        found.len(),
        SPAWNERS.len(),
        "some do not start anything any more: {found:?}"
    );
}
