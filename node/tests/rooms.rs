//! The table of rooms in ARCHITECTURE.md, as a test: who may name whom.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each room, and the rooms it may name. `cli` and `app` stand on top and may name all.
const ROOMS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("outbox", &["domain", "store"]),
    ("wire", &["domain"]),
    ("papers", &["domain"]),
    ("identity", &["domain"]),
    ("telemetry", &["domain"]),
    (
        "office",
        &["domain", "store", "outbox", "wire", "papers", "telemetry"],
    ),
    ("link", &["domain", "wire", "identity", "telemetry"]),
    (
        "edge",
        &[
            "domain",
            "office",
            "outbox",
            "wire",
            "identity",
            "link",
            "telemetry",
        ],
    ),
    ("app", &ALL),
    ("cli", &ALL),
];

const ALL: [&str; 12] = [
    "domain",
    "store",
    "outbox",
    "wire",
    "papers",
    "identity",
    "telemetry",
    "office",
    "link",
    "edge",
    "app",
    "cli",
];

/// Words that have no place in the pure room.
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

fn files(room: &str) -> Vec<PathBuf> {
    let node = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A room of the library, or a crate of its own.
    let (mut found, mut folders) = match node.join(room).is_dir() {
        true => (vec![], vec![node.join(room).join("src")]),
        false => {
            let src = node.join("src");
            (vec![src.join(format!("{room}.rs"))], vec![src.join(room)])
        }
    };
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
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

/// Rooms a text names through `crate::`, one at a time or in braces.
fn named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = code[at + "crate::".len()..].trim_start();
        let Some(inside) = rest.strip_prefix('{') else {
            named.insert(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && depth == 0 && !c.is_whitespace() => {
                    named.insert(word(&inside[at..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    named.retain(|name| ALL.contains(&name.as_str()));
    named
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn every_room_names_only_those_it_may() {
    let mut wrong = vec![];
    for (room, allowed) in ROOMS {
        for path in files(room).iter().filter(|path| !is_test(path)) {
            for name in named(&code(path)) {
                if name != room && !allowed.contains(&name.as_str()) {
                    wrong.push(format!("{} names {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_domain_is_pure() {
    for path in files("domain") {
        let code = code(&path);
        for word in IMPURE {
            assert!(!code.contains(word), "{} has `{word}`", path.display());
        }
    }
}

#[test]
fn only_one_room_knows_each_foreign_thing() {
    let owners = [
        ("sled::", "store"),
        ("rcgen::", "identity"),
        ("hickory_resolver", "link"),
        ("TcpStream::connect", "link"),
        ("proto::v1", "wire"),
        ("tokio::spawn", "app"),
        ("image::", "papers"),
        ("jsonwebtoken::", "edge"),
    ];
    // The generated service stubs are named where streams begin; commands talk to peers they start; the
    // collector of traces is watched before there is any node; a form that is broken off throws its files away.
    let besides = [
        ("proto::v1", "link"),
        ("proto::v1", "edge"),
        ("TcpStream::connect", "cli"),
        ("tokio::spawn", "telemetry"),
        ("tokio::spawn", "edge"),
    ];
    for (room, _) in ROOMS {
        for path in files(room).iter().filter(|path| !is_test(path)) {
            let code = code(path);
            for (word, owner) in owners {
                let may = room == owner || room == "cli" || besides.contains(&(word, room));
                assert!(
                    may || !code.contains(word),
                    "{} has `{word}`",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn the_table_in_the_architecture_is_this_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    for (room, allowed) in ROOMS {
        let all = allowed.len() == ALL.len();
        let names = if all {
            "all".to_owned()
        } else {
            allowed.join(", ")
        };
        let names = if names.is_empty() {
            "—".to_owned()
        } else {
            names
        };
        let ends = format!("| {names} |");
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{room}` |")));
        let row = row.unwrap_or_else(|| panic!("ARCHITECTURE.md has no row for `{room}`"));
        assert!(
            row.ends_with(&ends),
            "ARCHITECTURE.md: the row of `{room}` should end `{ends}`"
        );
    }
}

#[test]
fn braces_and_single_names_are_both_seen() {
    let code = "use crate::{\n    domain::{a, b},\n    store::x,\n};\nuse crate::wire::y;";
    let found: Vec<_> = named(code).into_iter().collect();
    assert_eq!(found, ["domain", "store", "wire"]);
}
