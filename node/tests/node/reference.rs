//! The pages of `docs/reference` and `docs/openapi.json`: made from the program, committed, and compared.
//! They show in a change what becomes different for those who use the program.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use topology::{Enumeration, vocabulary::Row};
use wujitong::{
    api::problem::ProblemCode,
    domain::{
        measure::{Check, Effect, Measure},
        people::{Permission, Reach, Role, reach},
    },
};

use testkit::province::Province;

/// Compares a document with what the program makes of it today, or writes it if `update` is in the
/// environment.
fn agrees(name: &str, update: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name);
    if std::env::var_os(update).is_some() {
        fs::write(&path, made).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "docs/{name} is not what the program makes; run {update}=1 cargo test -p wujitong --test node \
         reference, look at the difference, and commit it"
    );
}

fn page(name: &str, title: &str, about: &str, body: &str) {
    let made = format!(
        "# {title}\n\n{about} This page is made from the program; `just reference` writes it anew.\n\n{body}"
    );
    agrees(&format!("reference/{name}.md"), "UPDATE_REFERENCE", &made);
}

fn helps(mut command: clap::Command, name: &str, page: &mut String) {
    // As wide on every terminal.
    command = command.term_width(100);
    let help = command.render_long_help().to_string();
    let lines: Vec<_> = help.lines().map(str::trim_end).collect();
    writeln!(page, "## {name}\n\n```text\n{}\n```\n", lines.join("\n")).unwrap();
    for below in command.get_subcommands() {
        if below.get_name() != "help" && !below.is_hide_set() {
            helps(below.clone(), &format!("{name} {}", below.get_name()), page);
        }
    }
}

#[test]
fn commands() {
    let mut body = String::new();
    helps(wujitong::commands::command(), "wujitong", &mut body);
    page("cli", "Commands", "Every command with its help.", &body);
}

#[test]
fn problems() {
    let mut body = String::from("| code | status | meaning | 中文 |\n|---|---|---|---|\n");
    for code in ProblemCode::all() {
        let (text, status, meaning) = (code.as_str(), code.status(), code.meaning());
        let (title, chinese) = (code.chinese_title(), code.chinese());
        writeln!(
            body,
            "| `{text}` | {status} | {meaning} | **{title}** {chinese} |"
        )
        .unwrap();
    }
    let about = "What the API answers when a request fails (RFC 9457); programs go by the code.";
    page("problems", "Problem codes", about, &body);
}

#[test]
fn records() {
    let mut body =
        String::from("| prefix | record | key | type | version |\n|---|---|---|---|---|\n");
    for table in office::tables() {
        let version = match table.version {
            0 => String::new(),
            version => version.to_string(),
        };
        let prefix = table.prefix.escape_ascii();
        let (name, key, record) = (table.name, table.key, table.record);
        writeln!(
            body,
            "| `{prefix}` | {name} | `{key}` | `{record}` | {version} |"
        )
        .unwrap();
    }
    let about = "Every kind of record that a node keeps: the prefix of its keys behind the division, and what makes up the rest of a key. The version \
                 is that of its form of today, the first byte of a record; what has none is bytes of another format, \
                 or none at all. See [Formats](../formats.md#records).";
    page("records", "Records", about, &body);
}

#[test]
fn permissions() {
    let mut body = String::from("| |");
    for role in Role::ALL {
        write!(body, " {} `{}` |", role.chinese(), role.code()).unwrap();
    }
    writeln!(body, "\n|---|{}", "---|".repeat(Role::ALL.len())).unwrap();
    for permission in Permission::ALL {
        write!(body, "| `{}` |", permission.code()).unwrap();
        for role in Role::ALL {
            let mark = match reach(role, permission) {
                Reach::None => "",
                Reach::Own => "own",
                Reach::Charge => "charge",
                Reach::All => "all",
            };
            write!(body, " {mark} |").unwrap();
        }
        body.push('\n');
    }
    let about = "Who may do what: `all` matters of the division, those in one's `charge` (and those one \
                 reported), `own` ones, or none.";
    page("permissions", "Permissions", about, &body);
}

#[test]
fn measures() {
    let mut body = String::from(
        "| number | code | 中文 | open | checked | counts |\n|---|---|---|---|---|---|\n",
    );
    for row in Measure::LIST {
        let number = row.measure.number();
        let open = match row.effect {
            Effect::In => "+1",
            Effect::Out => "−1",
            Effect::None => "",
        };
        let checked = match row.check {
            Check::Steps => "by steps".to_owned(),
            Check::PartOf(whole) => format!("at most `{whole:?}`"),
            Check::Bounds => "by bounds".to_owned(),
        };
        let (code, chinese, english) = (row.code, row.chinese, row.english);
        writeln!(
            body,
            "| {number} | `{code}` | {chinese} | {open} | {checked} | {english} |"
        )
        .unwrap();
    }
    let about = "What is counted in figures: the number on the wire and in stores, the code, what it does to the \
                 number of open matters, and how a parent checks what a child says of it.";
    page("measures", "Measures", about, &body);
}

#[test]
fn vocabulary() {
    let mut body = String::new();
    let mut last = String::new();
    for enumeration in all_enumerations() {
        let heading = format!("## `{}`: {}", enumeration.name, enumeration.what);
        assert!(heading != last, "{heading} stands here twice");
        write!(
            body,
            "{heading}\n\n| code | number | 中文 | English |\n|---|---|---|---|\n"
        )
        .unwrap();
        for row in &enumeration.rows {
            let Row {
                code,
                number,
                chinese,
                english,
            } = row;
            writeln!(body, "| `{code}` | {number} | {chinese} | {english} |").unwrap();
        }
        body.push('\n');
        last = heading;
    }
    let about = "Every enumeration with its values: the code in JSON and commands, the number on the wire and \
                 in binary records, and the word for people in both languages.";
    page("vocabulary", "Vocabulary 词汇", about, body.trim_end());
}

/// All enumerations, by name.
fn all_enumerations() -> Vec<Enumeration> {
    let (topology, domain) = (topology::enumerations(), wujitong::domain::enumerations());
    let (api, log) = (wujitong::api::enumerations(), wujitong::log::enumerations());
    let mut all = [topology, domain, api, log].concat();
    all.sort_by_key(|enumeration| (enumeration.name, enumeration.what));
    all
}

#[test]
fn no_enumeration_is_left_out_and_no_value_is_there_twice() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut declared = vec![];
    for sources in [
        "topology/src",
        "node/log/src",
        "node/primitives/src",
        "node/domain/src",
        "node/api/src",
    ] {
        declarations(&root.join(sources), &mut declared);
    }
    declared.sort();
    let all = all_enumerations();
    // One whose values may hold the number of a later version is written by hand.
    let by_hand = "reason for a revocation";
    let listed = all.iter().filter(|enumeration| enumeration.what != by_hand);
    let listed: Vec<_> = listed.map(|enumeration| enumeration.name).collect();
    assert_eq!(listed, declared);
    for Enumeration { name, rows, .. } in &all {
        let codes: BTreeSet<_> = rows.iter().map(|row| row.code).collect();
        let numbers: BTreeSet<_> = rows.iter().map(|row| row.number).collect();
        assert_eq!(
            (codes.len(), numbers.len()),
            (rows.len(), rows.len()),
            "{name}"
        );
        for row in rows {
            assert!(
                !row.chinese.is_empty() && !row.english.is_empty(),
                "{name} {row:?}"
            );
        }
    }
}

/// Collects the names of the public enumerations that are declared in sources.
fn declarations(sources: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            declarations(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for block in text.split("\ntopology::vocabulary! {\n").skip(1) {
            found.extend(declared_name(block));
        }
        for block in text.split("\ncrate::vocabulary! {\n").skip(1) {
            found.extend(declared_name(block));
        }
    }
}

/// The name after the first `pub enum` of a declaration.
fn declared_name(block: &str) -> Option<String> {
    let (_, rest) = block.split_once("pub enum ")?;
    let end = rest.find(|c: char| !c.is_alphanumeric())?;
    Some(rest[..end].to_owned())
}

#[test]
fn configuration() {
    let mut body = String::from(
        "The environment variable of a setting is `WUJITONG_` and its key in capitals, with `_` for a dot: `WUJITONG_HTTP_LISTEN`. \
         A change of a setting with *reload* counts with `wujitong reload`, of one with *restart* when the process starts the next \
         time. [Configuration: where it comes from](../config.md) says how to check, list and reload it.\n\n\
         | setting | shape | default | range | change | meaning | 说明 |\n|---|---|---|---|---|---|---|\n",
    );
    for row in config::all_settings() {
        let shape = match row.kind {
            config::Kind::Text if row.is_secret() => "secret text",
            config::Kind::Text => "text",
            config::Kind::Number => "number",
            config::Kind::List => "list",
        };
        let default = match row.fallback() {
            config::Fallback::Nothing => "–".to_owned(),
            config::Fallback::Required => "required".to_owned(),
            other => format!("`{}`", other.value().unwrap()),
        };
        let range = row
            .range()
            .map(|(least, most)| format!("{least} to {most} {}", row.unit()));
        let change = match row.effect() {
            config::Effect::Reload => "reload",
            config::Effect::Restart => "restart",
        };
        let (key, range) = (&row.key, range.unwrap_or_default());
        let (range, english, chinese) = (range.trim(), row.english, row.chinese());
        writeln!(
            body,
            "| `{key}` | {shape} | {default} | {range} | {change} | {english} | {chinese} |"
        )
        .unwrap();
    }
    body.push_str("\n## Examples\n");
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples");
    for name in [
        "village",
        "township",
        "county",
        "hosted-county",
        "city",
        "province",
    ] {
        let text = fs::read_to_string(examples.join(format!("{name}.toml"))).unwrap();
        write!(
            body,
            "\n`config/examples/{name}.toml`:\n\n```toml\n{}\n```\n",
            text.trim_end()
        )
        .unwrap();
    }
    let about = "Every setting, from the table that the checks read too.";
    page("configuration", "Settings", about, &body);
}

#[tokio::test]
async fn openapi() {
    let province = Province::start().await;
    let document = province.get("/v1/openapi.json").send().await.expect(200);
    let mut document = document.json;
    document.sort_all_objects();
    let mut made = serde_json::to_string_pretty(&document).unwrap();
    made.push('\n');
    agrees("openapi.json", "UPDATE_OPENAPI", &made);
    province.host.stop().await;
}
