//! Circles between the top-level modules of a crate: two modules that use each other.
//!
//! A module is used by a path that leads into it, also through a name that the crate's root exports. Tests are
//! left out. What is declared in the root itself belongs to no module.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use crate::staircase::{code, files, is_test, top};

/// The crates that are looked at.
const CRATES: [&str; 5] = ["domain", "office", "web", "open311", "peer"];

/// Splits the content of braces at its own commas.
fn parts(group: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut begin) = (vec![], 0_usize, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&group[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[begin..]);
    parts
}

/// The paths of a `use`, each as its segments.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let (before, group) = match tree.split_once('{') {
        Some((before, rest)) => (before, rest.trim_end().strip_suffix('}')),
        None => (tree.split(" as ").next().unwrap_or_default(), None),
    };
    let prefix: Vec<_> = before
        .split("::")
        .map(|segment| segment.trim().to_owned())
        .filter(|segment| !segment.is_empty())
        .collect();
    let Some(group) = group else {
        return vec![prefix];
    };
    let inner = parts(group).into_iter();
    let inner = inner
        .filter(|part| !part.trim().is_empty())
        .flat_map(expand);
    inner
        .map(|rest| prefix.iter().cloned().chain(rest).collect())
        .collect()
}

/// The paths that code names: those it uses, and those in the code that begin at the crate or above.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = vec![];
    let mut rest = String::new();
    let mut left = code;
    while let Some(at) = left.find("use ") {
        let line = left[..at].rsplit('\n').next().unwrap_or_default().trim();
        let begins = line.is_empty() || line.starts_with("pub");
        let (before, after) = left.split_at(at + 4);
        rest.push_str(before);
        left = match after.split_once(';') {
            Some((tree, after)) if begins => {
                found.extend(expand(tree));
                after
            }
            _ => after,
        };
    }
    rest.push_str(left);
    let words = rest.split(|letter: char| !(letter.is_alphanumeric() || "_:".contains(letter)));
    let inline = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    found.extend(inline.map(|word| word.split("::").map(str::to_owned).collect()));
    found
}

/// A path from the root of the crate. `None` if it leads into another crate.
fn absolute(path: &[String], file: &[String]) -> Option<Vec<String>> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([file, rest].concat()),
        "super" => {
            let ups = path
                .iter()
                .take_while(|segment| *segment == "super")
                .count();
            let stays = file.len().checked_sub(ups)?;
            Some([&file[..stays], &path[ups..]].concat())
        }
        _ => None,
    }
}

/// Which top-level module of a crate uses which.
fn uses(src: &Path) -> BTreeSet<(String, String)> {
    let all = files(src.to_owned());
    let segments = |path: &PathBuf| -> Vec<String> {
        let inside = path.strip_prefix(src).unwrap().with_extension("");
        inside
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect()
    };
    let modules: BTreeSet<_> = all.iter().map(|path| segments(path)[0].clone()).collect();
    let mut exported = BTreeMap::new();
    for path in paths(&code(&src.join("lib.rs"))) {
        let own: Vec<_> = path
            .into_iter()
            .skip_while(|segment| segment == "self" || segment == "crate")
            .collect();
        if let [module, .., name] = &own[..]
            && modules.contains(module)
        {
            exported.insert(name.clone(), module.clone());
        }
    }
    let mut found = BTreeSet::new();
    for path in all.iter().filter(|path| !is_test(path)) {
        let file = segments(path);
        if file == ["lib"] {
            continue;
        }
        for named in paths(&code(path)) {
            let Some(named) = absolute(&named, &file) else {
                continue;
            };
            let used = named.first().and_then(|first| match modules.get(first) {
                Some(module) => Some(module),
                None => exported.get(first),
            });
            if let Some(used) = used.filter(|used| **used != file[0]) {
                found.insert((file[0].clone(), used.clone()));
            }
        }
    }
    found
}

#[test]
fn no_two_modules_of_a_crate_use_each_other() {
    let mut circles = vec![];
    for name in CRATES {
        let uses = uses(&top().join("node").join(name).join("src"));
        assert!(uses.len() > 5, "{name}: {uses:?}");
        for (one, other) in &uses {
            if one < other && uses.contains(&(other.clone(), one.clone())) {
                circles.push(format!("{name}: {one} and {other}"));
            }
        }
    }
    assert!(
        circles.is_empty(),
        "these modules use each other; what both need belongs into a third: {circles:?}"
    );
}

#[test]
fn paths_are_read_as_the_compiler_reads_them() {
    let text = "use super::{a::{B, c::D}, e};\nuse crate::f as g;\nfn h() { crate::i::j(); }";
    let found: Vec<_> = paths(text).iter().map(|path| path.join("::")).collect();
    let expected = [
        "super::a::B",
        "super::a::c::D",
        "super::e",
        "crate::f",
        "crate::i::j",
    ];
    assert_eq!(found, expected);
    let file = ["x".to_owned(), "y".to_owned()];
    let at = |path: &str| {
        let path: Vec<_> = path.split("::").map(str::to_owned).collect();
        absolute(&path, &file).map(|path| path.join("::"))
    };
    assert_eq!(at("super::z").as_deref(), Some("x::z"));
    assert_eq!(at("super::super::z").as_deref(), Some("z"));
    assert_eq!(at("self::z").as_deref(), Some("x::y::z"));
    assert_eq!(at("std::fmt"), None);
}
