//! The command line: consistent, with examples that parse, and documents that name only what exists.

use clap::Parser;
use cli::{Cli, Exit, Failure, client};
use topology::{DivisionCode, Tree};
use wujitong::commands::{Commands, command};

#[test]
fn the_command_line_is_consistent() {
    command().debug_assert();
}

/// Every command line that a text documents: its lines that begin with `wujitong `.
fn documented(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().map(str::trim);
    let lines = lines.map(|line| line.strip_prefix("$ ").unwrap_or(line));
    lines
        .filter(|line| line.starts_with("wujitong "))
        // What runs in the background is the same command.
        .map(|line| line.strip_suffix(" &").unwrap_or(line))
        .map(words)
        .collect()
}

/// A line as a shell splits it, as far as examples go: blanks, double quotes, a comment at the end.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (vec![], String::new(), false);
    for c in line.split(" #").next().unwrap_or_default().chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            c => word.push(c),
        }
    }
    assert!(!quoted, "a quotation mark is not closed: {line}");
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn helps(mut command: clap::Command, all: &mut Vec<(String, String)>) {
    let text = command.render_long_help().to_string();
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help" && !below.is_hide_set())
    {
        helps(below.clone(), all);
    }
    all.push((command.get_name().to_owned(), text));
}

fn parses(arguments: &[String]) -> Result<(), String> {
    match Cli::<Commands>::try_parse_from(arguments) {
        Ok(_) => Ok(()),
        Err(error) if !error.use_stderr() => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn every_command_has_examples_and_each_of_them_parses() {
    let mut all = vec![];
    helps(command(), &mut all);
    assert!(all.len() > 20, "{}", all.len());
    for (name, text) in all.iter().filter(|(name, _)| name != "wujitong") {
        let examples = documented(text);
        assert!(!examples.is_empty(), "{name} has no examples:\n{text}");
        for example in examples {
            parses(&example).unwrap_or_else(|error| panic!("{name}: {example:?}: {error}"));
        }
    }
}

#[test]
fn every_command_of_the_documents_parses() {
    let top = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut files = vec![
        format!("{top}/README.md"),
        format!("{top}/deploy/README.md"),
    ];
    let docs = std::fs::read_dir(format!("{top}/docs"))
        .into_iter()
        .flatten();
    files.extend(docs.filter_map(|file| Some(file.ok()?.path().to_str()?.to_owned())));
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for example in documented(&text) {
            parses(&example).unwrap_or_else(|error| panic!("{file}: {example:?}: {error}"));
        }
    }
}

#[test]
fn an_example_that_does_not_parse_is_found() {
    let [example] = &documented("$ wujitong matter report --categroy x \"a b\"  # so")[..] else {
        panic!("one line is documented")
    };
    assert_eq!(example[4..], ["x", "a b"]);
    assert!(parses(example).unwrap_err().contains("--categroy"));
}

#[test]
fn the_help_on_exit_codes_lists_every_one() {
    let mut all = vec![];
    helps(command(), &mut all);
    let (_, help) = all.iter().find(|(name, _)| name == "exit-codes").unwrap();
    for (exit, meaning) in Exit::ALL {
        assert!(
            help.contains(&format!("{}  {meaning}", exit as u8)),
            "{meaning}\n{help}"
        );
    }
}

/// What a command prints, and how it ends.
fn run(line: &str) -> (String, Result<(), Failure>) {
    let cli =
        Cli::<Commands>::try_parse_from(words(line)).unwrap_or_else(|error| panic!("{error}"));
    let mut printed = vec![];
    let ended = cli.run(Box::new(&mut printed), false);
    (String::from_utf8(printed).unwrap(), ended)
}

fn json(line: &str) -> serde_json::Value {
    let (printed, ended) = run(line);
    ended.unwrap();
    serde_json::from_str(&printed).unwrap()
}

#[test]
fn a_county_is_shown_with_its_townships() {
    let shown = json("wujitong topology show 330825 --depth 1 --json");
    assert_eq!(shown["full_name"], "浙江省衢州市龙游县");
    assert_eq!(shown["parent"], "330800000000");
    assert_eq!(shown["nodes"], 304);
    assert_eq!(shown["children"].as_array().unwrap().len(), 15);
    assert_eq!(shown, json("wujitong topology show 330825000000 --json"));
    let (printed, ended) = run("wujitong topology show 330825 --depth 1");
    ended.unwrap();
    assert!(
        printed
            .lines()
            .any(|line| line.starts_with("330825 ") && line.contains("龙游县"))
    );
    assert!(
        printed
            .lines()
            .any(|line| line.starts_with("  330825002 ") && line.contains("东华街道"))
    );
    assert_eq!(
        json("wujitong topology show 33 --depth 0 --json").get("children"),
        None
    );
}

#[test]
fn a_way_goes_up_to_what_both_have_in_common_and_down_again() {
    let way = json("wujitong topology route 330825002222 330802005 --json");
    assert_eq!(way["turn"], "330800000000");
    let hops: Vec<_> = way["hops"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = hops
        .iter()
        .map(|hop| hop["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "330825002222",
            "330825002000",
            "330825000000",
            "330800000000",
            "330802000000",
            "330802005000"
        ]
    );
    let moves: Vec<_> = hops
        .iter()
        .map(|hop| hop["move"].as_str().unwrap())
        .collect();
    assert_eq!(moves, ["start", "up", "up", "up", "down", "down"]);
}

#[test]
fn an_unknown_division_is_told_with_the_nearest_that_exists() {
    let (_, ended) = run("wujitong topology show 330825999");
    let failure = ended.unwrap_err();
    assert_eq!(failure.exit(), Exit::NotFound);
    assert!(failure.to_string().contains("330825000000"), "{failure}");
    let (_, ended) = run("wujitong topology route 330825 4401");
    assert!(ended.unwrap_err().to_string().contains("another province"));
}

#[test]
fn every_bad_row_of_a_list_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("list.csv");
    let rows: String = (0..30).map(|row| format!("33x{row},name\n")).collect();
    std::fs::write(&file, format!("code,name\n33,浙江省\n{rows}")).unwrap();
    let (printed, ended) = run(&format!(
        "wujitong topology check {} --json",
        file.display()
    ));
    assert_eq!(ended.unwrap_err().exit(), Exit::Failed);
    let shown: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let lines: Vec<_> = shown["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["line"])
        .collect();
    assert_eq!(lines, (3..33).collect::<Vec<_>>());

    std::fs::write(&file, "code,name\n33,浙江省\n3308,衢州市\n").unwrap();
    let checked = json(&format!(
        "wujitong topology check {} --json",
        file.display()
    ));
    assert_eq!(
        (&checked["divisions"], &checked["nodes"]),
        (&2.into(), &2.into())
    );
}

#[test]
fn a_second_province_or_a_child_without_issuer_is_refused_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let line = format!(
        "wujitong init --division 3308 --zone zj.example --data {}",
        data.display()
    );
    assert_eq!(run(&line).1.unwrap_err().exit(), Exit::Usage);
    let line = format!("wujitong init --division 33 --data {}", data.display());
    assert_eq!(run(&line).1.unwrap_err().exit(), Exit::Usage);
    assert!(!data.join("network.toml").exists());
}

#[test]
fn a_failure_is_told_in_a_sentence_and_a_hint_or_as_json() {
    let failure = Failure::Usage("it is wrong\u{202e}; mend it".to_owned());
    assert_eq!(
        failure.tell(false),
        "wujitong: it is wrong\\u{202e}\n  hint: mend it"
    );
    let json: serde_json::Value = serde_json::from_str(&failure.tell(true)).unwrap();
    assert_eq!(json["error"]["exit"], 2);
    assert_eq!(json["error"]["hint"], "mend it");
}

#[tokio::test]
async fn nobody_at_the_socket_is_its_own_failure() {
    let dir = tempfile::tempdir().unwrap();
    let client = client::Client::new(dir.path().join("wujitong.sock"));
    let failure = Failure::from(client.status(true).await.unwrap_err());
    assert_eq!(failure.exit(), Exit::Unreachable);
}

#[test]
fn a_place_is_found_in_its_county_and_one_at_sea_nowhere() {
    let found = json("wujitong topology locate 29.0285,119.1722 --json");
    assert_eq!(found["full_name"], "浙江省衢州市龙游县");
    for nowhere in ["0,0", "-29.0285,119.1722", "119.1722,29.0285"] {
        let (_, ended) = run(&format!("wujitong topology locate {nowhere}"));
        let said = ended.unwrap_err().to_string();
        assert!(said.ends_with("north, then east"), "{nowhere}: {said}");
    }
}

#[test]
fn a_map_of_ones_own_is_checked_with_its_list() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let list = file("list.csv", "code,name\n44,广东省\n4419,东莞市\n");
    let map = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":
        {"code":"4419"},"geometry":{"type":"Polygon","coordinates":
        [[[113.5,22.6],[114.3,22.6],[114.3,23.2],[113.5,22.6]]]}}]}"#;
    let good = file("good.geojson", map);
    let bad = file("bad.geojson", &map.replace("4419", "4418"));
    let check = format!("wujitong topology check {list} --outlines");
    assert_eq!(json(&format!("{check} {good} --json"))["outlines"], 1);
    let said = run(&format!("{check} {bad}")).1.unwrap_err().to_string();
    assert!(
        said.contains("feature 1: the list of divisions has no 441800000000"),
        "{said}"
    );
    let there = format!("wujitong topology locate 22.7,114.1 --topology {list}");
    assert_eq!(
        json(&format!("{there} --outlines {good} --json"))["code"],
        "441900000000"
    );
    let said = run(&there).1.unwrap_err().to_string();
    assert!(said.contains("without a map"), "{said}");
}

#[test]
fn every_division_of_an_example_exists() {
    let mut all = vec![];
    helps(command(), &mut all);
    all.push((
        "README".to_owned(),
        include_str!("../../../README.md").to_owned(),
    ));
    let tree = Tree::zhejiang();
    let mut seen = 0;
    for (name, text) in &all {
        for line in documented(text) {
            let after = |at: usize| at.checked_sub(1).and_then(|before| line.get(before));
            // Names that other systems give are no divisions.
            if line.get(1).is_some_and(|command| command == "account") {
                continue;
            }
            for (at, word) in line.iter().enumerate() {
                let option = after(at).filter(|before| before.starts_with("--"));
                let named = option.is_some_and(|option| {
                    matches!(option.as_str(), "--division" | "--node" | "--subtree")
                });
                let other = option.is_some_and(|option| !named && option != "--to");
                let long = matches!(word.len(), 6 | 9 | 12);
                let digits = word.bytes().all(|byte| byte.is_ascii_digit());
                if !digits || other || !(named || long) {
                    continue;
                }
                let code: DivisionCode = word.parse().unwrap();
                assert!(
                    tree.has_node(code),
                    "{name}: {word} of {line:?} has no node"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}
