//! The pages of `docs/reference` and `docs/openapi.json`: made from the program, committed, and compared.
//! They show in a change what becomes different for those who use the program.

use std::{fmt::Write, fs, path::Path};

use wujitong::{
    api::problem::ProblemCode,
    domain::people::{Permission, Reach, Role, reach},
};

use crate::people::alone::Alone;

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
    let mut body = String::from("| code | status | meaning |\n|---|---|---|\n");
    for code in ProblemCode::all() {
        let (text, status, meaning) = (code.as_str(), code.status(), code.meaning());
        writeln!(body, "| `{text}` | {status} | {meaning} |").unwrap();
    }
    let about = "What the API answers when a request fails (RFC 9457); programs go by the code.";
    page("problems", "Problem codes", about, &body);
}

#[test]
fn permissions() {
    let mut body = String::from("| |");
    for role in Role::ALL {
        write!(body, " {} `{}` |", role.chinese(), role.name()).unwrap();
    }
    writeln!(body, "\n|---|{}", "---|".repeat(Role::ALL.len())).unwrap();
    for deed in Permission::ALL {
        write!(body, "| `{}` |", deed.name()).unwrap();
        for role in Role::ALL {
            let mark = match reach(role, deed) {
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
fn configuration() {
    let mut body = String::from("| setting | environment | shape | meaning |\n|---|---|---|---|\n");
    for line in config::all_settings() {
        let shape = match line.kind {
            config::Kind::Text => "text",
            config::Kind::Number => "number",
            config::Kind::List => "list",
        };
        let (key, variable, about) = (line.key, line.variable, line.about);
        writeln!(body, "| `{key}` | `{variable}` | {shape} | {about} |").unwrap();
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
    let about = "Every setting of the file, and the environment variable that sets it.";
    page("configuration", "Configuration", about, &body);
}

#[tokio::test]
async fn openapi() {
    let alone = Alone::start().await;
    let document = alone.get("/v1/openapi.json").send().await.expect(200);
    let mut made = serde_json::to_string_pretty(&document.json).unwrap();
    made.push('\n');
    agrees("openapi.json", "UPDATE_OPENAPI", &made);
    alone.host.stop().await;
}
