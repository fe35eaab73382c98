//! The configuration as an operator meets it: checked, listed, and read anew by a real process.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::{fs::PermissionsExt, net::UnixDatagram},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use testkit::command::{ALONE, Running, command, exit_code, found, json, wait_until, wujitong};

/// Runs a command that must fail with this code; returns what it printed as JSON.
fn refused(arguments: &[&str], code: i32) -> Value {
    let output = wujitong(&[arguments, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(exit_code(&output), code, "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Asks for a path under a host name; returns the status.
fn status(address: &str, host: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Founds a province and writes a configuration for it; returns its directory and the file.
fn founded(dir: &Path, more: &str) -> (String, String) {
    let data = dir.join("p").to_str().unwrap().to_owned();
    found(&data);
    let file = dir.join("node.toml").to_str().unwrap().to_owned();
    write(&file, &data, more);
    (data, file)
}

fn write(file: &str, data: &str, more: &str) {
    let text = format!("data = '{data}'\nnodes = ['33']\nlisten = '127.0.0.1:0'\n{more}");
    fs::write(file, text).unwrap();
}

#[test]
fn every_fault_is_told_with_its_line_and_nothing_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let more = "zonne = 'x'\nzone = 'other.example'\n[limits]\nwindow = 0\nmemory_mib = '1 GiB'\n\
                [webhooks]\nroots = 'none.pem'\n[telemetry]\nlog = 'wujitong=loud'\n";
    let (data, file) = founded(dir.path(), more);
    let found = refused(&["config", "check", &file], 2);
    let faults = found["faults"].as_array().unwrap();
    let told: Vec<_> = faults
        .iter()
        .map(|one| (one["line"].as_u64(), one["key"].as_str().unwrap()))
        .collect();
    let all = [
        (Some(4), "zonne"),
        (Some(7), "limits.window"),
        (Some(8), "limits.memory_mib"),
        (Some(10), "webhooks.roots"),
    ];
    assert_eq!(told, all, "{found}");
    let remedies: Vec<_> = faults
        .iter()
        .map(|one| one["remedy"]["en"].as_str().unwrap())
        .collect();
    assert!(
        remedies[0].contains("`zone`") && remedies[2].ends_with(": 1"),
        "{remedies:?}"
    );
    assert!(
        faults
            .iter()
            .all(|one| one["cause"]["zh"].as_str().is_some_and(|zh| !zh.is_empty()))
    );

    // What only a configuration can have that can be read is told next.
    write(
        &file,
        &data,
        "zone = 'other.example'\n[telemetry]\nlog = 'wujitong=loud'\n",
    );
    let found = refused(&["config", "check", &file], 2);
    let keys: Vec<_> = found["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["key"])
        .collect();
    assert_eq!(keys, ["zone", "telemetry.log"], "{found}");

    write(&file, &data, "");
    assert_eq!(
        json(&["config", "check", &file])["faults"],
        Value::Array(vec![])
    );
    let printed = wujitong(&["config", "check", &file]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), "no faults\n");
    let chinese = command(&["config", "check", &file])
        .env("LC_ALL", "zh_CN.UTF-8")
        .output();
    assert_eq!(
        String::from_utf8_lossy(&chinese.unwrap().stdout),
        "没有发现错误\n"
    );
    let absent = wujitong(&["config", "check", "/nowhere/node.toml"]);
    assert_eq!(exit_code(&absent), 1);
    // The example that the program prints has no fault but the directory and division that it names.
    let example = wujitong(&["config", "example"]);
    fs::write(&file, &example.stdout).unwrap();
    json(&["config", "check", &file, "--data", &data]);
}

#[test]
fn a_secret_that_others_may_read_is_a_fault_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    fs::write(&secret, "hush\n").unwrap();
    let close = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let oidc = |secret: &str| {
        format!(
            "http.hosts = ['node.example']\n[oidc]\nissuer = 'https://id.example'\nclient_id = 'node'\n\
             public_url = 'https://node.example'\n{secret}\n"
        )
    };
    let (data, file) = founded(dir.path(), &oidc("client_secret_file = 'secret'"));
    close(&secret, 0o644);
    let told = refused(&["config", "check", &file], 2);
    assert_eq!(
        told["faults"][0]["key"], "oidc.client_secret_file",
        "{told}"
    );
    close(&secret, 0o600);
    json(&["config", "check", &file]);

    write(&file, &data, &oidc("client_secret = 'hush'"));
    close(Path::new(&file), 0o644);
    let told = refused(&["config", "check", &file], 2);
    assert_eq!(told["faults"][0]["key"], "oidc.client_secret", "{told}");
    assert_eq!(told["faults"][0]["line"], 9, "{told}");
    close(Path::new(&file), 0o600);
    json(&["config", "check", &file]);

    // In the environment it is in no file; nowhere is it shown.
    write(&file, &data, &oidc(""));
    let mut listing = command(&["config", "list", "--config", &file, "--json"]);
    let listed = listing
        .env("WUJITONG_OIDC_CLIENT_SECRET", "hush")
        .output()
        .unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(
        text.contains("\"(secret)\"") && !text.contains("hush"),
        "{text}"
    );
}

#[test]
fn where_each_setting_came_from_is_listed_by_a_process_and_without_one() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = founded(dir.path(), "[store]\ncache_mib = 16\n");
    let of = |listed: &Value, key: &str| {
        let settings = listed["settings"].as_array().unwrap().clone();
        let line = settings.into_iter().find(|one| one["key"] == key).unwrap();
        (
            line["value"].as_str().unwrap_or_default().to_owned(),
            line["origin"].as_str().unwrap().to_owned(),
            line["line"].as_u64(),
        )
    };
    let told = |value: &str, origin: &str, line| (value.to_owned(), origin.to_owned(), line);
    let next = json(&["config", "list", "--config", &file]);
    assert_eq!(of(&next, "store.cache_mib"), told("16", "file", Some(5)));
    assert_eq!(of(&next, "zone"), told("\"zj.example\"", "enrolment", None));
    assert_eq!(of(&next, "limits.window"), told("8192", "default", None));
    let more = [
        "--config",
        &file,
        "--set",
        "limits.window=99",
        "--http",
        "off",
    ];
    let running = Running::start(Path::new(&data), &more);
    let listed = json(&["config", "list", "--data", &data]);
    assert_eq!(listed["file"], file);
    assert_eq!(of(&listed, "limits.window"), told("99", "argument", None));
    assert_eq!(
        of(&listed, "http.listen"),
        told("\"off\"", "argument", None)
    );
    let set = json(&["config", "list", "--data", &data, "--set-only"]);
    assert!(set["settings"].as_array().unwrap().len() < 10, "{set}");
    let printed = wujitong(&["config", "list", "--data", &data]);
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.starts_with("in force\n") && printed.contains(&format!("{file}:5")),
        "{printed}"
    );
    assert_eq!(running.stop(), 0);
}

#[test]
fn a_configuration_is_read_anew_and_what_can_change_counts_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let http = "http.listen = '127.0.0.1:0'\n";
    let (data, file) = founded(dir.path(), http);
    let running = Running::start(Path::new(&data), &["--config", &file]);
    let address = running.facts["http"].as_str().unwrap().to_owned();
    let reload = ["reload", "--data", &data];
    let keys = |answer: &Value, list: &str| -> Vec<String> {
        let changes = answer[list].as_array().unwrap().iter();
        changes
            .map(|one| one["key"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys(&json(&reload), "changed"), Vec::<String>::new());
    assert_eq!(status(&address, "new.example", "/healthz"), 421);

    // A fault changes nothing, not even the settings beside it.
    write(
        &file,
        &data,
        &format!("{http}http.hosts = ['new.example']\n[limits]\nwindow = 0\n"),
    );
    let told = refused(&reload, 2);
    assert_eq!(told[0]["field"], "limits.window", "{told}");
    assert!(
        told[0]["says"]["en"]
            .as_str()
            .unwrap()
            .starts_with("line 7: "),
        "{told}"
    );
    assert_eq!(status(&address, "new.example", "/healthz"), 421);

    // What can change does, and what cannot is told and listed as waiting.
    let better = "http.hosts = ['new.example', 'localhost']\n[limits]\nwindow = 7\n\
                  requests_per_address_s = 1\n[telemetry]\nlog = 'debug'\n";
    write(&file, &data, &format!("{http}{better}"));
    let answer = json(&reload);
    assert_eq!(
        keys(&answer, "changed"),
        [
            "http.hosts",
            "telemetry.log",
            "limits.requests_per_address_s"
        ]
    );
    assert_eq!(keys(&answer, "restart"), ["limits.window"]);
    assert_eq!(answer["restart"][0]["from"], "8192");
    assert_eq!(status(&address, "new.example", "/healthz"), 200);
    assert_eq!(
        status(&address, "127.0.0.1", "/healthz"),
        421,
        "the list was replaced"
    );
    let asked: Vec<u16> = (0..40)
        .map(|_| status(&address, "localhost", "/v1/nodes"))
        .collect();
    assert!(asked.contains(&200) && asked.contains(&429), "{asked:?}");
    let window = || {
        let listed = json(&["config", "list", "--data", &data]);
        let settings = listed["settings"].as_array().unwrap().clone();
        settings
            .into_iter()
            .find(|one| one["key"] == "limits.window")
            .unwrap()
    };
    let line = window();
    assert_eq!(
        (&line["value"], &line["waits_for_restart"]),
        (&"8192".into(), &true.into())
    );

    // A hangup does the same.
    write(
        &file,
        &data,
        &format!("{http}http.hosts = ['newer.example']\n"),
    );
    let pid = running.facts["pid"].to_string();
    let sent = Command::new("kill").args(["-HUP", &pid]).status();
    assert!(sent.unwrap().success());
    wait_until("the name of the new file is answered", || {
        status(&address, "newer.example", "/healthz") == 200
    });
    assert_eq!(status(&address, "new.example", "/healthz"), 421);
    assert_eq!(
        window()["waits_for_restart"],
        false,
        "it was taken out again"
    );
    assert_eq!(running.stop(), 0);
    assert_eq!(exit_code(&wujitong(&reload)), 5, "nobody answers any more");
}

#[test]
fn a_node_dials_the_parent_at_its_new_address_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let [province, city] = ["p", "c"].map(|name| dir.path().join(name));
    let [p, c] = [&province, &city].map(|path| path.to_str().unwrap());
    found(p);
    let above = Running::start(&province, &[]);
    let init = [
        "init",
        "--division",
        "3308",
        "--issuer",
        p,
        "--data",
        c,
        "--parent",
    ];
    // Nobody answers at port 1.
    json(&[&init[..], &["127.0.0.1:1"], &ALONE].concat());
    let below = Running::start(&city, &[]);
    let is_up = || json(&["status", "--brief", "--data", c])["nodes"][0]["links_up"] == 1;
    assert!(!is_up());
    let file = city.join("node.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("127.0.0.1:1\"", &format!("{}\"", above.address())),
    )
    .unwrap();
    let answer = json(&["reload", "--data", c]);
    assert_eq!(answer["changed"][0]["key"], "parent", "{answer}");
    wait_until("the link is up", is_up);
    assert_eq!((below.stop(), above.stop()), (0, 0));
}

#[test]
fn the_service_manager_is_told_when_a_reload_begins_and_when_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let (data, file) = founded(dir.path(), "http.listen = 'off'\n");
    let path = dir.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let told = |wanted: &str| {
        let mut buffer = [0; 4_096];
        loop {
            let length = manager.recv(&mut buffer).expect(wanted);
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.lines().any(|line| line.starts_with(wanted)) {
                return text;
            }
        }
    };
    let mut run = command(&["run", "--config", &file]);
    let run = run.env("NOTIFY_SOCKET", &path).stdout(Stdio::null());
    let mut child = run.spawn().unwrap();
    told("READY=1");
    let signal = |name: &str| {
        let sent = Command::new("kill")
            .args([name, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    };
    // Also one with a fault ends, or systemd would wait for it.
    write(&file, &data, "zonne = 'x'\n");
    signal("-HUP");
    assert!(told("RELOADING=1").contains("MONOTONIC_USEC="));
    told("READY=1");
    signal("-TERM");
    told("STOPPING=1");
    assert!(child.wait().unwrap().success());
}
