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

/// Packages for tests alone; no crate of the product may depend on them.
const TESTS: [&str; 4] = ["tests", "testkit", "fuzz", "interleavings"];

/// Foreign crates that only some of ours may depend on.
const OWNERS: [(&str, &[&str]); 11] = [
    ("age", &["backup"]),
    ("ct-merkle", &["log"]),
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

pub(crate) fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What cargo says of each package of the workspace.
fn packages() -> Vec<serde_json::Value> {
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
    told["packages"].as_array().unwrap().clone()
}

/// Each crate of the workspace with what it depends on outside of tests, by the packages' names.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let named = packages().into_iter().map(|package| {
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
    let tests: BTreeSet<_> = TESTS.map(str::to_owned).into();
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

/// Whether a comment of a file has an example that rustdoc would run: a fence that opens without a word, or
/// with one of rustdoc's.
fn has_doc_test(text: &str) -> bool {
    let comments = text.lines().map(str::trim_start);
    let comments = comments.filter_map(|line| line.strip_prefix("//"));
    let fences =
        comments.filter_map(|line| line.trim_start_matches(['/', '!', ' ']).strip_prefix("```"));
    fences.step_by(2).any(|word| {
        let rust = ["rust", "should_panic", "no_run", "compile_fail", "edition"];
        word.is_empty() || rust.iter().any(|rust| word.contains(rust))
    })
}

/// A test target or an example that cargo was told to leave out would never run, and nobody would see it.
#[test]
fn no_target_without_tests_or_examples_has_one() {
    let (mut left_out, mut seen) = (0, 0);
    for package in packages() {
        for target in package["targets"].as_array().unwrap() {
            let kind = target["kind"][0].as_str().unwrap();
            let source = PathBuf::from(target["src_path"].as_str().unwrap());
            if !["lib", "bin"].contains(&kind) {
                continue;
            }
            for path in files(source.parent().unwrap().to_owned()) {
                let text = fs::read_to_string(&path).unwrap();
                let test = text.contains("#[test]") || text.contains("#[tokio::test");
                let example = has_doc_test(&text);
                seen += usize::from(example);
                if target["test"] == false {
                    assert!(!test, "{} has a test that never runs", path.display());
                }
                if kind == "lib" && target["doctest"] == false {
                    assert!(
                        !example,
                        "{} has an example that never runs",
                        path.display()
                    );
                }
            }
            left_out += usize::from(target["test"] == false);
        }
    }
    assert!(left_out > 3 && seen > 1, "{left_out} {seen}");
}

#[test]
fn only_one_crate_knows_each_foreign_thing() {
    for (package, used) in dependencies() {
        let name = short(&package);
        for (foreign, owners) in OWNERS {
            let may = TESTS.contains(&name.as_str()) || owners.contains(&name.as_str());
            assert!(
                may || !used.contains(foreign),
                "{package} depends on {foreign}"
            );
        }
    }
}

pub(crate) fn files(folder: PathBuf) -> Vec<PathBuf> {
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
pub(crate) fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines
        .take_while(|line| line.trim() != "mod tests {")
        .collect::<Vec<_>>()
        .join("\n")
}

pub(crate) fn is_test(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn the_domain_and_what_it_is_made_of_and_the_log_are_pure() {
    let mut all = files(top().join("node/domain/src"));
    all.extend(files(top().join("node/primitives/src")));
    all.extend(files(top().join("node/log/src")));
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
        "workers/src/runner.rs",
        "everything that goes on by itself, in the tracker of the host",
    ),
    ("app/src/host.rs", "the listener for neighbours"),
    (
        "app/src/host/node_builder.rs",
        "listeners of HTTP and the socket, and the server of each node",
    ),
    (
        "peer/src/listen.rs",
        "connections, in the tracker of the host",
    ),
    (
        "peer/src/join/service.rs",
        "what is decided of a request is finished if its connection ends, in the tracker of the host",
    ),
    ("peer/src/grpc.rs", "sessions, in the tracker of the host"),
    (
        "web/src/serve.rs",
        "connections, in a tracker that `serve` waits for",
    ),
    (
        "open311/src/parts.rs",
        "a form that is broken off throws its files away",
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
        let entry = entry.unwrap();
        let src = entry.path().join("src");
        let for_tests = TESTS.iter().any(|name| entry.file_name() == *name);
        if !src.is_dir() || for_tests {
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
