//! Backups, restores and compaction as an operator meets them.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use serde_json::Value;
use testkit::command::{
    ALONE, Running, exit_code as code, found, founding, json, wait_until, wujitong,
};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that is refused; returns its exit code and what it says.
fn refused(arguments: &[&str]) -> (i32, String) {
    let output = wujitong(arguments);
    (code(&output), text(&output.stderr))
}

fn files(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

/// Returns the metrics of a process.
fn metrics(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_backup_is_made_checked_and_restored_and_says_what_was_wrong_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (d, key, other) = (at("d"), at("backup.key"), at("other.key"));
    found(&d);
    let recipient = json(&["backup", "--new-key", &key])["recipient"].clone();
    let recipient = recipient.as_str().unwrap();
    assert!(recipient.starts_with("age1"));
    json(&["backup", "--new-key", &other]);
    let (exit, told) = refused(&["backup", "--new-key", &key]);
    assert!(
        exit == 2 && told.contains("never overwritten"),
        "{exit} {told}"
    );
    let mode = fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let running = Running::start(Path::new(&d), &[]);
    let report = [
        "--category",
        "enforcement/lighting",
        "--place",
        "30.25,120.15",
    ];
    let id = json(&[&["matter", "report", "--data", &d, "路灯不亮"], &report[..]].concat());
    let id = id["id"].as_str().unwrap();

    let to = at("b.age");
    let backup = ["backup", "--data", &d, "--to", &to];
    let (exit, told) = refused(&backup);
    assert!(
        exit == 2 && told.contains("always encrypted"),
        "{exit} {told}"
    );
    let (exit, told) = refused(&[&backup[..], &["--recipient", "ssh-ed25519 AAAA"]].concat());
    assert!(exit == 2 && told.contains("age1"), "{exit} {told}");
    let inside = at("d/b.age");
    let (exit, told) = refused(&[
        "backup",
        "--data",
        &d,
        "--to",
        &inside,
        "--recipient",
        recipient,
    ]);
    assert!(exit == 2 && told.contains("another disk"), "{exit} {told}");
    let nowhere = at("none/b.age");
    let (exit, _) = refused(&[
        "backup",
        "--data",
        &d,
        "--to",
        &nowhere,
        "--recipient",
        recipient,
    ]);
    assert_eq!(exit, 1);
    assert_eq!(files(dir.path()), ["backup.key", "d", "other.key"]);

    let made = json(&[&backup[..], &["--recipient", recipient]].concat());
    assert_eq!(made["header"]["divisions"][0]["division"], "330000000000");
    assert_eq!(made["header"]["divisions"][0]["life"], 1);
    assert_eq!(
        fs::metadata(&to).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (exit, told) = refused(&[&backup[..], &["--recipient", recipient]].concat());
    assert!(
        exit == 2 && told.contains("never overwritten"),
        "{exit} {told}"
    );
    let whole = fs::read(&to).unwrap();
    for secret in ["路灯不亮", id, "PRIVATE KEY"] {
        let found = whole
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{secret} is readable");
    }
    // In a directory it is named after the division and the time.
    let many = at("many");
    fs::create_dir(&many).unwrap();
    json(&[
        "backup",
        "--data",
        &d,
        "--to",
        &many,
        "--recipient",
        recipient,
    ]);
    let named = files(Path::new(&many));
    assert!(
        named[0].starts_with("330000000000-2") && named[0].ends_with(".age"),
        "{named:?}"
    );
    wait_until("the status says when", || {
        json(&["status", "--data", &d])["backup"]["file"]
            .as_str()
            .is_some_and(|file| file.ends_with(&named[0]))
    });
    assert_eq!(running.stop(), 0);

    let check = ["restore", "--check", "--from", &to, "--identity-file"];
    let read = json(&[&check[..], &[&key]].concat());
    assert_eq!(read["header"], made["header"]);
    let (exit, told) = refused(&[&check[..], &[&other]].concat());
    assert!(
        exit == 2 && told.contains("none of the keys"),
        "{exit} {told}"
    );
    let (exit, told) = refused(&[&check[..], &[&to]].concat());
    assert!(exit == 2, "{exit} {told}");
    let cut = at("cut.age");
    fs::write(&cut, &whole[..whole.len() - 100]).unwrap();
    let mut changed = whole.clone();
    let middle = whole.len() / 2;
    changed[middle] ^= 1;
    let changed_file = at("changed.age");
    fs::write(&changed_file, changed).unwrap();
    let new = at("new");
    for (file, says) in [
        (&cut, "damaged"),
        (&changed_file, "damaged"),
        (&key, "not a backup"),
    ] {
        let (exit, told) = refused(&[
            "restore",
            "--from",
            file,
            "--data",
            &new,
            "--identity-file",
            &key,
        ]);
        assert!(
            [2, 6].contains(&exit) && told.contains(says),
            "{exit} {told}"
        );
        assert!(!Path::new(&new).exists(), "{file} left something");
    }
    let (exit, told) = refused(&[
        "restore",
        "--from",
        &to,
        "--data",
        &d,
        "--identity-file",
        &key,
    ]);
    assert!(exit == 2 && told.contains("not empty"), "{exit} {told}");

    fs::remove_dir_all(&d).unwrap();
    json(&[
        "restore",
        "--from",
        &to,
        "--data",
        &new,
        "--identity-file",
        &key,
    ]);
    let known = [
        "anchors.bin",
        "identity",
        "network.toml",
        "node.toml",
        "restored.json",
        "roots.pem",
        "store",
    ];
    assert_eq!(files(Path::new(&new)), known);
    assert_eq!(
        fs::metadata(at("new/identity/330000000000/sign.key"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );
    // Whoever backs it up before the first start has the same once more, without the mark.
    let again = at("again.age");
    json(&[
        "backup",
        "--data",
        &new,
        "--to",
        &again,
        "--recipient",
        recipient,
    ]);
    let running = Running::start(Path::new(&new), &[]);
    let shown = json(&["matter", "show", "--data", &new, id]);
    assert_eq!(shown["id"], id);
    let status = json(&["status", "--data", &new]);
    assert_eq!(status["nodes"][0]["epoch"]["order"], 2);
    assert_eq!(
        status["nodes"][0]["awaited"].as_array().map(Vec::len),
        Some(0)
    );
    let later = json(&[&["matter", "report", "--data", &new, "又一盏"], &report[..]].concat());
    assert_ne!(later["id"], id);
    assert!(!Path::new(&at("new/restored.json")).exists());
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_passphrase_opens_a_backup_that_was_made_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (d, to, words) = (at("d"), at("b.age"), at("words"));
    found(&d);
    fs::write(&words, "short\n").unwrap();
    let backup = [
        "backup",
        "--data",
        &d,
        "--to",
        &to,
        "--passphrase-file",
        &words,
    ];
    let (exit, told) = refused(&backup);
    assert!(
        exit == 2 && told.contains("shorter than 12"),
        "{exit} {told}"
    );
    fs::write(&words, "five words that nobody guesses\n").unwrap();
    let made = json(&backup);
    assert_eq!(made["opened_again"], true);
    let others = at("others");
    fs::write(&others, "five words of somebody else\n").unwrap();
    let restore = [
        "restore",
        "--from",
        &to,
        "--data",
        &at("new")[..],
        "--passphrase-file",
    ];
    let (exit, told) = refused(&[&restore[..], &[&others]].concat());
    assert!(exit == 2 && told.contains("does not open"), "{exit} {told}");
    json(&[&restore[..], &[&words]].concat());
    assert!(Path::new(&at("new/network.toml")).exists());
}

#[test]
fn the_last_backup_is_a_metric_and_nobody_but_the_owner_has_the_records() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let d = at("d");
    json(
        &[
            &founding(&d)[..],
            &["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"],
        ]
        .concat(),
    );
    let running = Running::start(Path::new(&d), &[]);
    let http = running.facts["http"].as_str().unwrap().to_owned();
    let gauge = "wujitong_last_backup_timestamp_seconds ";
    wait_until("there is none", || {
        metrics(&http).contains(&format!("{gauge}0\n"))
    });
    let key = json(&["backup", "--new-key", &at("backup.key")]);
    let recipient = key["recipient"].as_str().unwrap();
    let to = at("b.age");
    json(&[
        "backup",
        "--data",
        &d,
        "--to",
        &to,
        "--recipient",
        recipient,
    ]);
    wait_until("the metric says when", || {
        let shown = metrics(&http);
        let line = shown.lines().find_map(|line| line.strip_prefix(gauge));
        line.is_some_and(|seconds| seconds.parse::<f64>().unwrap() > 1.7e9)
    });
    let mut stream = TcpStream::connect(&http).unwrap();
    let request = "GET /v1/records HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    // Accounts do not take it from the owner of the socket.
    let open = [
        "account",
        "create",
        "sys",
        "--name",
        "王五",
        "--role",
        "system-administrator",
        "--data",
        &d,
    ];
    let opened = testkit::command::command(&open)
        .stdin(std::process::Stdio::piped())
        .spawn();
    let mut opened = opened.unwrap();
    let mut stdin = opened.stdin.take().unwrap();
    stdin
        .write_all(b"a long enough passphrase\na long enough passphrase\n")
        .unwrap();
    drop(stdin);
    assert!(opened.wait().unwrap().success());
    json(&[
        "backup",
        "--data",
        &d,
        "--to",
        &at("c.age"),
        "--recipient",
        recipient,
    ]);
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_store_is_checked_while_its_node_runs_and_compacted_when_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let d = data.to_str().unwrap();
    found(d);
    let running = Running::start(&data, &[]);
    let report = [
        "--category",
        "enforcement/lighting",
        "--place",
        "30.25,120.15",
    ];
    for _ in 0..3 {
        json(&[&["matter", "report", "--data", d, "路灯不亮"], &report[..]].concat());
    }
    let checked = json(&["store", "check", "--data", d]);
    assert_eq!(
        (&checked["whole"], &checked["running"]),
        (&true.into(), &true.into())
    );
    assert!(checked["records"].as_u64().unwrap() > 10, "{checked}");
    assert_eq!(checked["closed"], Value::Null);
    let printed = text(&wujitong(&["store", "check", "--data", d]).stdout);
    assert!(
        printed.contains("节点在运行") && !printed.contains("as sealed"),
        "{printed}"
    );
    let (exit, told) = refused(&["store", "compact", "--data", d]);
    assert!(
        exit == 6 && told.contains("in use by process"),
        "{exit} {told}"
    );
    let kept = data.join("store/files/330000000000/kept/ab");
    fs::create_dir_all(&kept).unwrap();
    fs::write(kept.join("ab".repeat(32)), "not what it was").unwrap();
    let (exit, _) = refused(&["store", "check", "--data", d]);
    assert_eq!(exit, 6, "an attachment is damaged");
    fs::remove_dir_all(&kept).unwrap();
    assert_eq!(running.stop(), 0);

    let before = json(&["store", "check", "--data", d]);
    let done = json(&["store", "compact", "--data", d]);
    assert_eq!(done["records"], before["records"]);
    let after = json(&["store", "check", "--data", d]);
    assert_eq!(
        (&after["whole"], &after["records"]),
        (&true.into(), &before["records"])
    );
    let none = dir.path().join("none");
    let (exit, _) = refused(&["store", "compact", "--data", none.to_str().unwrap()]);
    assert_eq!(exit, 2);
    let running = Running::start(&data, &ALONE);
    assert_eq!(running.stop(), 0);
}
