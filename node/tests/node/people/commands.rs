//! The commands, as people type them.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Stdio};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, process::Command};

use testkit::province::{PASSWORD, Province};

struct Shell {
    data: String,
    state: tempfile::TempDir,
}

struct Ended {
    code: i32,
    facts: Value,
    told: String,
}

impl Shell {
    fn at(province: &Province) -> Self {
        Self {
            data: province.dir().to_str().unwrap().to_owned(),
            state: tempfile::tempdir().unwrap(),
        }
    }

    async fn run(&self, line: &str, typed: &str) -> Ended {
        let mut command = Command::new(testkit::program::program());
        command
            .args(line.split_whitespace())
            .args(["--json", "--data", &self.data])
            .env("XDG_STATE_HOME", self.state.path())
            .env_remove("WUJITONG_TOKEN")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that takes no password may be gone before it is typed.
        let _not_read = stdin.write_all(typed.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await.unwrap();
        Ended {
            code: output.status.code().unwrap(),
            facts: serde_json::from_slice(&output.stdout).unwrap_or_default(),
            told: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The facts a command prints.
    async fn does(&self, line: &str, typed: &str) -> Value {
        let ended = self.run(line, typed).await;
        assert_eq!(ended.code, 0, "{line}: {}", ended.told);
        ended.facts
    }

    /// How a command fails, and what it says.
    async fn fails(&self, line: &str, typed: &str) -> (i32, String) {
        let ended = self.run(line, typed).await;
        assert_ne!(ended.code, 0, "{line}");
        (ended.code, ended.told)
    }
}

fn files(dir: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else {
            all.push(path);
        }
    }
}

#[tokio::test]
async fn a_node_gets_its_administrators_its_people_and_its_keys_from_the_command_line() {
    let province = Province::start().await;
    let shell = Shell::at(&province);
    let typed = format!("{PASSWORD}\n");
    let create = "account create zhang.san --name 张三";
    let (code, told) = shell.fails(create, &typed).await;
    assert!(code == 4 && told.contains("system administrator"), "{told}");
    let (code, told) = shell
        .fails(
            "account create sys --name 王五 --role system-administrator",
            "short\n",
        )
        .await;
    assert!(
        code == 2 && told.contains("too short") && !told.contains("\"short\""),
        "{told}"
    );
    for (login, role) in [("sys", "system"), ("sec", "security"), ("aud", "audit")] {
        let line = format!("account create {login} --name 王五 --role {role}-administrator");
        shell.does(&line, &typed).await;
    }
    let (code, told) = shell.fails("matter list", "").await;
    assert!(code == 4 && told.contains("wujitong login"), "{told}");
    let (code, _) = shell.fails("login sys", "wrong password\n").await;
    assert_eq!(code, 4);
    shell.does("login sys", &typed).await;
    let number = shell.does(create, &typed).await["id"].as_u64().unwrap();
    let (code, _) = shell
        .fails("account roles zhang.san --role official", "")
        .await;
    assert_eq!(code, 4);
    shell.does("login sec", &typed).await;
    let line = format!("account roles {number} --role official --role dispatcher");
    shell.does(&line, "").await;
    let key = shell
        .does("api-key create app --permission report --days 30", "")
        .await;
    assert!(key["token"].as_str().unwrap().starts_with("wjk_"));
    // The name that the option had before is still understood.
    shell.does("api-key create older --deed report", "").await;
    shell.does("login zhang.san", &typed).await;
    let mut kept = vec![];
    files(shell.state.path(), &mut kept);
    assert_eq!(kept.len(), 1);
    let mode = std::fs::metadata(&kept[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    shell
        .does("matter report --category enforcement/lighting 路灯不亮", "")
        .await;
    let who = shell.does("logout --who", "").await;
    assert_eq!(who["account"]["login"], "zhang.san");
    let (code, _) = shell.fails("audit verify", "").await;
    assert_eq!(code, 4);
    let both = format!("{typed}又一个新的很长的密码\n");
    shell.does("account password zhang.san", &both).await;
    shell.fails("login zhang.san", &typed).await;
    shell
        .does("login zhang.san", "又一个新的很长的密码\n")
        .await;
    shell.does("logout", "").await;
    shell.fails("matter list", "").await;
    shell.does("login aud", &typed).await;
    let seal = shell.does("audit verify", "").await;
    let listed = shell.does("audit list --limit 1000", "").await;
    assert_eq!(
        seal["entries"],
        listed["entries"].as_array().unwrap().len() as u64
    );
    shell.does("login sec", &typed).await;
    let id = key["key"]["id"].as_str().unwrap().to_owned();
    let revoked = shell.does(&format!("api-key revoke {id}"), "").await;
    assert!(revoked["revoked_ms"].is_i64());
    shell.does("status --owner", "").await;
    province.host.stop().await;
}

#[tokio::test]
async fn grids_are_drawn_changed_listed_and_taken_away_from_the_command_line() {
    let province = Province::start().await;
    let shell = Shell::at(&province);
    let drawn = shell.does("grid add 第一网格 --households 262", "").await;
    assert_eq!((&drawn["id"], &drawn["members"]), (&json!(1), &json!([])));
    shell.fails("grid add 第二网格", "").await;
    let (code, told) = shell.fails("grid add 大 --households 100001", "").await;
    assert!(
        code == 2 && told.contains("100001 households"),
        "{code} {told}"
    );
    let (code, told) = shell
        .fails("grid add 二 --households 1 --member 7", "")
        .await;
    assert!(code == 2 && told.contains("account list"), "{code} {told}");
    shell.does("grid add 第二网格 --households 180", "").await;
    let typed = format!("{PASSWORD}\n");
    let line = "account create sys --name 王五 --role system-administrator";
    let sys = shell.does(line, &typed).await["id"].as_u64().unwrap();
    // From the first account on grids are drawn by who may.
    let (code, _) = shell.fails("grid list", "").await;
    assert_eq!(code, 4);
    let line = "account create sec --name 赵六 --role security-administrator";
    shell.does(line, &typed).await;
    shell.does("login sys", &typed).await;
    let line = "account create li.si --name 李四 --grid 1";
    let worker = shell.does(line, &typed).await["id"].as_u64().unwrap();
    shell.does("account create guan --name 官", &typed).await;
    shell.does("login sec", &typed).await;
    shell.does("account roles guan --role dispatcher", "").await;
    shell.does("login guan", &typed).await;
    let changed = shell
        .does(
            &format!("grid change 1 --households 270 --add-member li.si --add-member {sys}"),
            "",
        )
        .await;
    assert_eq!(changed["members"], json!([sys, worker]));
    assert_eq!(
        (&changed["name"], &changed["households"]),
        (&json!("第一网格"), &json!(270))
    );
    let line = format!("grid change 1 --name 东头网格 --drop-member {sys}");
    let changed = shell.does(&line, "").await;
    assert_eq!(
        (&changed["name"], &changed["members"]),
        (&json!("东头网格"), &json!([worker]))
    );
    assert_eq!(shell.does("grid show 1", "").await, changed);
    let (code, told) = shell.fails(&line, "").await;
    assert!(code == 2 && told.contains("does not look after"), "{told}");
    let (code, told) = shell.fails("grid change 1", "").await;
    assert!(code == 2 && told.contains("nothing to change"), "{told}");
    let (_, told) = shell.fails("grid remove 1", "").await;
    assert!(told.contains("grid of an account"), "{told}");
    shell.does("grid remove 2", "").await;
    let (_, told) = shell.fails("grid show 2", "").await;
    assert!(told.contains("wujitong grid list"), "{told}");
    let listed = shell.does("grid list", "").await;
    assert_eq!(listed["households"], json!(270));
    assert_eq!(listed["grids"], json!([changed]));
    province.host.stop().await;
}

#[tokio::test]
async fn a_table_in_gb18030_is_taken_in_as_it_was_written() {
    let province = Province::start().await;
    let shell = Shell::at(&province);
    let file = shell.state.path().join("matters.csv");
    let table = "编号,类别,内容\n17,路灯照明,路灯不亮\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(table);
    std::fs::write(&file, &bytes).unwrap();
    let import = format!("import {} --source longyou-12345", file.display());
    let (code, told) = shell.fails(&import, "").await;
    assert!(code == 2 && told.contains("--encoding gb18030"), "{told}");
    let told = shell
        .does(&format!("{import} --encoding gb18030"), "")
        .await;
    let id = told["matters"]["17"].as_str().unwrap();
    let shown = shell.does(&format!("matter show {id}"), "").await;
    assert_eq!(shown["body"]["text"], "路灯不亮");
    std::fs::write(&file, table).unwrap();
    let (code, told) = shell
        .fails(&format!("{import} --encoding gb18030"), "")
        .await;
    assert!(code == 2 && told.contains("is UTF-8"), "{told}");
}

#[tokio::test]
async fn accounts_are_linked_to_people_at_a_provider_from_the_command_line() {
    let (settings, _secret) = crate::people::oidc::settings("https://id.example", "");
    let province = Province::start_with(&settings).await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    let shell = Shell::at(&province);
    let typed = format!("{PASSWORD}\n");
    shell.does("login sys", &typed).await;
    let (code, told) = shell.fails("account link zhang.san", "").await;
    assert!(
        code == 3 && told.contains("linked to nobody"),
        "{code} {told}"
    );
    let wrong = "account link zhang.san 248 --issuer https://id.example/";
    let (code, told) = shell.fails(wrong, "").await;
    assert!(
        code == 2 && told.contains("https://id.example only"),
        "{code} {told}"
    );
    let linked = shell.does("account link zhang.san 248", "").await;
    let shown = shell.does("account link zhang.san", "").await;
    assert_eq!(linked, shown);
    assert_eq!(linked["subject"], "248");
    let (code, _) = shell.fails("account link sec 249", "").await;
    assert_eq!(code, 4);
    let unlinked = shell.does("account unlink zhang.san", "").await;
    assert_eq!(unlinked["unlinked"], true);
    shell.fails("account unlink zhang.san", "").await;
    province.host.stop().await;
}

#[tokio::test]
async fn reply_texts_sheets_and_the_export_of_the_trail_from_the_command_line() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "zhang.san", &["official"]).await;
    province.person(&tokens, "li.si", &["official"]).await;
    let shell = Shell::at(&province);
    let typed = format!("{PASSWORD}\n");
    shell.does("login zhang.san", &typed).await;
    let keep = "reply-text keep 已派电工 --text 电工三天内到场。 --department market";
    shell.does(keep, "").await;
    let listed = shell.does("reply-text list", "").await;
    assert_eq!(listed["texts"][0]["department"], "market");
    shell.does("reply-text remove 已派电工", "").await;
    let (code, told) = shell.fails("reply-text remove 已派电工", "").await;
    assert!(code == 3 && told.contains("no reply text"), "{code} {told}");

    let file = shell.state.path().join("people.csv");
    let sheet = "姓名,用户名,部门,停用\n张三,zhang.san,,li.si\n张三,li.si,market,\n";
    std::fs::write(&file, sheet).unwrap();
    let import = format!("account import {}", file.display());
    shell.does("login sys", &typed).await;
    let outcomes = |told: &Value| {
        let rows = told["rows"].as_array().unwrap().iter();
        rows.map(|row| row["outcome"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let told = shell.does(&import, "").await;
    assert_eq!(outcomes(&told), ["closes", "already"]);
    let told = shell
        .does(&format!("{import} --change --close --dry-run"), "")
        .await;
    assert_eq!(outcomes(&told), ["ready", "ready"]);
    assert_eq!(told["rows"][1]["changes"][0]["after"], "market");
    let told = shell.does(&format!("{import} --change --close"), "").await;
    assert_eq!(outcomes(&told), ["closed", "changed"]);

    shell.does("login aud", &typed).await;
    let table = shell.state.path().join("trail.csv");
    let export = format!(
        "audit export --permission manage-accounts --output {}",
        table.display()
    );
    let told = shell.does(&export, "").await;
    let text = std::fs::read_to_string(&table).unwrap();
    assert_eq!(told["entries"], text.lines().count() - 1);
    assert!(text.contains("\"department, from a sheet\""), "{text}");
    let mode = std::fs::metadata(&table).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A file that is there is not written over, and nothing is exported for it.
    let list = "audit list --permission read-audit --limit 1000";
    let before = shell.does(list, "").await["entries"]
        .as_array()
        .unwrap()
        .len();
    shell.fails(&export, "").await;
    let after = shell.does(list, "").await["entries"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!((before, after), (1, 1));
    province.host.stop().await;
}
