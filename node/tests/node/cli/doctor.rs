//! The doctor: each thing is broken for real, and is told with what to do.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    time::Duration,
};

use serde_json::Value;
use testkit::command::{ALONE, Running, command, exit_code, found, json, wujitong};

/// What the doctor says, and its exit code.
fn doctor(arguments: &[&str]) -> (Value, i32) {
    let output = wujitong(&[&["doctor", "--json"], arguments].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    let code = exit_code(&output);
    assert!([0, 1].contains(&code), "{told}");
    (serde_json::from_slice(&output.stdout).unwrap(), code)
}

/// The checks with this verdict, each as its code and subject.
fn with(report: &Value, verdict: &str) -> Vec<(String, String)> {
    let checks = report["checks"].as_array().unwrap().iter();
    let found = checks.filter(|one| one["verdict"] == verdict).map(|one| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        for language in ["en", "zh"] {
            assert!(
                !one["found"][language].as_str().unwrap().is_empty(),
                "{one}"
            );
            let told = one["remedy"][language].as_str();
            assert_eq!(
                told.is_some_and(|text| !text.is_empty()),
                verdict != "ok",
                "{one}"
            );
        }
        (text("check"), text("subject"))
    });
    found.collect()
}

fn faults(report: &Value) -> Vec<String> {
    with(report, "fault")
        .into_iter()
        .map(|(check, _)| check)
        .collect()
}

#[test]
fn a_node_that_is_well_has_no_fault_stopped_and_running_and_what_is_broken_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("p");
    let p = data.to_str().unwrap();
    found(p);
    let (report, code) = doctor(&["--data", p]);
    assert_eq!((faults(&report), code), (vec![], 0), "{report}");
    assert_eq!(report["running"], false);
    let looked_at: Vec<_> = with(&report, "ok")
        .into_iter()
        .map(|(check, _)| check)
        .collect();
    for check in [
        "configuration",
        "permissions",
        "descriptors",
        "keys",
        "certificate",
        "port",
    ] {
        assert!(
            looked_at.iter().any(|one| one == check),
            "{check}: {report}"
        );
    }
    let left: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().starts_with(".doctor")),
        "{left:?}"
    );

    let running = Running::start(&data, &[]);
    let (report, code) = doctor(&["--data", p]);
    assert_eq!((faults(&report), code), (vec![], 0), "{report}");
    assert_eq!(report["running"], true);
    assert_eq!(running.stop(), 0);

    // A key that others may read.
    let key = data.join("identity/330000000000/sign.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (report, code) = doctor(&["--data", p]);
    let shown = ("permissions".to_owned(), key.to_str().unwrap().to_owned());
    assert_eq!((with(&report, "fault"), code), (vec![shown], 1), "{report}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    // A clock that went back: the store was written in an hour.
    let newest = fs::read_dir(data.join("store"))
        .unwrap()
        .map(|one| one.unwrap().path());
    let newest = newest.filter(|path| path.is_file()).max().unwrap();
    let written = fs::metadata(&newest).unwrap().modified().unwrap();
    let set = |time| {
        File::options()
            .write(true)
            .open(&newest)
            .unwrap()
            .set_modified(time)
            .unwrap()
    };
    set(written + Duration::from_secs(3_600));
    assert_eq!(faults(&doctor(&["--data", p]).0), ["clock"]);
    set(written);

    // A port that somebody else has, and a configuration with a fault in another setting.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let file = dir.path().join("node.toml");
    let address = other.local_addr().unwrap();
    let text = format!("data = '{p}'\nlisten = '{address}'\nhttp.listen = 'off'\n");
    fs::write(&file, format!("{text}zonne = 'x'\n")).unwrap();
    let arguments = ["--config", file.to_str().unwrap()];
    let (report, code) = doctor(&arguments);
    assert_eq!(
        (faults(&report), code),
        (vec!["configuration".to_owned(), "port".to_owned()], 1)
    );
    drop(other);
    fs::write(&file, text).unwrap();
    assert_eq!(faults(&doctor(&arguments).0), Vec::<String>::new());

    // Keys that are gone.
    fs::remove_file(data.join("identity/330000000000/tls.key")).unwrap();
    assert_eq!(faults(&doctor(&["--data", p]).0), ["keys"]);

    let mut chinese = command(&["doctor", "--data", p]);
    let printed = chinese.env("LC_ALL", "zh_CN.UTF-8").output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(
        printed.contains("故障") && printed.contains("密钥"),
        "{printed}"
    );
}

#[test]
fn the_way_to_the_parent_is_walked_without_disturbing_the_link() {
    let dir = tempfile::tempdir().unwrap();
    let [province, city, other] = ["p", "c", "o"].map(|name| dir.path().join(name));
    let [p, c, o] = [&province, &city, &other].map(|path| path.to_str().unwrap());
    found(p);
    found(o);
    let above = Running::start(&province, &[]);
    let parent = ["--parent", above.address()];
    let init = ["init", "--division", "3308", "--issuer", p, "--data", c];
    json(&[&init[..], &ALONE, &parent].concat());

    let (report, code) = doctor(&["--data", c]);
    assert_eq!((faults(&report), code), (vec![], 0), "{report}");
    let fine: Vec<_> = with(&report, "ok")
        .into_iter()
        .map(|(check, _)| check)
        .collect();
    for check in ["parent-name", "parent", "clock"] {
        assert!(fine.iter().any(|one| one == check), "{check}: {report}");
    }

    let below = Running::start(&city, &[]);
    let is_up = || json(&["status", "--data", c])["nodes"][0]["links_up"] == 1;
    testkit::command::wait_until("the link is up", is_up);
    assert_eq!(faults(&doctor(&["--data", c]).0), Vec::<String>::new());
    assert!(is_up(), "the doctor's connection is beside the link");
    assert_eq!(below.stop(), 0);

    // Another network answers at the address.
    let elsewhere = Running::start(&other, &[]);
    let file = city.join("node.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config.replace(above.address(), elsewhere.address())).unwrap();
    let (report, code) = doctor(&["--data", c]);
    let shown = ("parent".to_owned(), elsewhere.address().to_owned());
    assert_eq!((with(&report, "fault"), code), (vec![shown], 1), "{report}");
    let refused = report.to_string();
    assert!(
        refused.contains("a certificate does not count"),
        "{refused}"
    );

    // Nobody answers there.
    let gone = above.address().to_owned();
    assert_eq!(above.stop(), 0);
    fs::write(&file, config).unwrap();
    let (report, code) = doctor(&["--data", c]);
    assert_eq!(
        (with(&report, "fault"), code),
        (vec![("parent".to_owned(), gone)], 1),
        "{report}"
    );
    assert!(report.to_string().contains("nobody answers"), "{report}");
}
