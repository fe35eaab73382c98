//! `docs/reference/requirements.md`: what people need from pages, and the tests that show it. The table names
//! no test that does not exist, every test that it names says which requirement it shows, and no requirement
//! is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Where the repository begins.
fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The requirements that have to be there: a letter, the greatest number, and those that other parts bring.
const NEEDED: [(&str, u32, &[u32]); 4] = [
    ("A", 24, &[]),
    ("P", 25, &[21, 22]),
    ("D", 17, &[]),
    ("N", 6, &[2, 4, 6]),
];

/// A row of the table.
struct Row {
    id: String,
    /// How it is to be shown: `H` over HTTP, `B` in a browser, `U` by a test of a part, `C` by the compiler,
    /// `M` by a person who looks.
    kinds: Vec<String>,
    tests: Vec<String>,
    /// What a person found who looked, and when.
    judged: String,
}

/// The rows of a table: id, words, kinds, what shows it.
fn rows(table: &str) -> Vec<Row> {
    let lines = table.lines().filter(|line| line.starts_with("| R-"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, words, kinds, shown] = cells[..] else {
            panic!("four cells: {line}");
        };
        assert!(words.len() > 20, "{line}");
        Row {
            id: id.to_owned(),
            kinds: kinds.split(", ").map(str::to_owned).collect(),
            tests: shown
                .split('`')
                .skip(1)
                .step_by(2)
                .map(str::to_owned)
                .collect(),
            judged: shown.split('`').step_by(2).collect(),
        }
    };
    lines.map(row).collect()
}

/// Whether a source names a requirement: `R-A1`, and not only `R-A11`.
fn names(source: &str, id: &str) -> bool {
    let mut after = source.split(id).skip(1);
    after.any(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The requirements that a source names.
fn named(source: &str) -> BTreeSet<String> {
    let ids = source.split("R-").skip(1).filter_map(|rest| {
        let letter = rest.chars().next().filter(|c| "APDN".contains(*c))?;
        let digits: String = rest[1..].chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then(|| format!("R-{letter}{digits}"))
    });
    ids.collect()
}

/// The names of the tests in a source.
fn tests_in(source: &str) -> Vec<String> {
    let mut found = vec![];
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((before, rest)) = line.split_once("fn ")
            && is_test
            && matches!(before, "" | "async ")
        {
            found.push(rest.split('(').next().unwrap().to_owned());
            is_test = false;
        }
    }
    found
}

/// Every source with tests, by path.
fn sources(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path.to_string_lossy().into_owned(), text);
        }
    }
}

/// What is wrong with a table, by the sources.
fn wrong(table: &str, sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = vec![];
    let rows = rows(table);
    // The sources that hold a test of a name.
    let mut holding: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for source in sources.values() {
        for test in tests_in(source) {
            holding.entry(test).or_default().push(source);
        }
    }
    for row in &rows {
        let id = &row.id;
        let is_judged = row.kinds.iter().any(|kind| kind == "M");
        if is_judged && !row.judged.contains("judged 20") {
            wrong.push(format!("{id} does not say how it was judged, and when"));
        }
        if row.tests.is_empty() && row.kinds != ["M"] {
            wrong.push(format!("{id} has no test"));
        }
        for test in &row.tests {
            let Some(holding) = holding.get(test) else {
                wrong.push(format!("{id}: there is no test {test}"));
                continue;
            };
            if !holding.iter().any(|source| names(source, id)) {
                wrong.push(format!("{id}: the source of {test} does not name it"));
            }
        }
    }
    let listed: Vec<_> = rows.iter().map(|row| row.id.clone()).collect();
    let once: BTreeSet<_> = listed.iter().cloned().collect();
    if once.len() != listed.len() {
        wrong.push("a requirement has two rows".to_owned());
    }
    for id in sources.values().flat_map(|source| named(source)) {
        if !once.contains(&id) {
            wrong.push(format!("{id} is named by a source and has no row"));
        }
    }
    wrong
}

#[test]
fn every_requirement_of_the_pages_has_tests_that_name_it() {
    let table = fs::read_to_string(top().join("docs/reference/requirements.md")).unwrap();
    let mut found = BTreeMap::new();
    for folder in ["node", "tests", "config", "topology"] {
        sources(&top().join(folder), &mut found);
    }
    // This source names some that are none.
    found.retain(|path, _| !path.ends_with("node/requirements.rs"));
    let mut wrong = wrong(&table, &found);
    let listed: BTreeSet<_> = rows(&table).into_iter().map(|row| row.id).collect();
    for (letter, last, but) in NEEDED {
        let needed = (1..=last).filter(|number| !but.contains(number));
        let missing = needed
            .map(|number| format!("R-{letter}{number}"))
            .filter(|id| !listed.contains(id));
        wrong.extend(missing.map(|id| format!("{id} has no row")));
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "docs/reference/requirements.md:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn a_requirement_without_a_test_and_a_test_that_is_not_there_are_found() {
    let source = "/// R-A11: colours.\n#[test]\nfn colours() {}\n/// R-A3\nfn helper() {}\n";
    let sources = BTreeMap::from([("a.rs".to_owned(), source.to_owned())]);
    let long = "words of a requirement";
    let table = format!(
        "| R-A1 | {long} | B | `colours` |\n| R-A2 | {long} | H | later |\n| R-A11 | {long} | U | `colours` |\n\
         | R-A3 | {long} | H | `helper` |\n| R-A4 | {long} | M | seen |\n| R-A5 | {long} | M | judged 2026-11-30: good |\n"
    );
    assert_eq!(
        wrong(&table, &sources),
        [
            "R-A1: the source of colours does not name it",
            "R-A2 has no test",
            "R-A3: there is no test helper",
            "R-A4 does not say how it was judged, and when",
        ]
    );
    let short = format!("| R-A11 | {long} | U | `colours` |\n");
    assert_eq!(
        wrong(&short, &sources),
        ["R-A3 is named by a source and has no row"]
    );
}
