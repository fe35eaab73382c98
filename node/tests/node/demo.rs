//! The demo, on a small branch, as a newcomer runs it.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

fn demo(division: &str, data: &std::path::Path) -> Value {
    let output = Command::new(testkit::program::program())
        .args(["demo", "--once", "--json", "--division", division, "--data"])
        .arg(data)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_township_forms_tells_its_story_and_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let story = demo("330825002", dir.path());
    assert_eq!(
        story["nodes"], 32,
        "province, city, county, township and its 28 villages"
    );
    assert_eq!(story["links_up"], 31);
    assert_eq!(story["adoption"]["applied"], story["adoption"]["total"]);
    assert_eq!(
        story["rollup"]["province"],
        story["rollup"]["counted_from_journals"]
    );
    let path = story["matters"][3]["path"].as_array().unwrap();
    let passed: Vec<_> = path
        .iter()
        .map(|stop| stop["division"].as_str().unwrap())
        .collect();
    for division in [
        "330825002222",
        "330825002000",
        "330825000000",
        "330800000000",
        "330000000000",
    ] {
        assert!(passed.contains(&division), "{division} is on the way");
    }
    let acts: Vec<&str> = story["matters"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|matter| matter["path"].as_array().unwrap())
        .map(|stop| stop["act"].as_str().unwrap())
        .collect();
    for act in [
        "reply",
        "rate",
        "open-part",
        "end-part",
        "object",
        "arbitrate",
        "reopen",
        "overdue",
    ] {
        assert!(acts.contains(&act), "{act} is in the story");
    }
    assert!(story["put_forward_ms"].as_i64().unwrap() > 0);
    let affairs = &story["affairs"];
    assert_eq!(affairs["published"].as_array().unwrap().len(), 4);
    assert_eq!(affairs["counted"]["on_time"], 4);
    assert_eq!(affairs["tightened"]["due"], "3d");
    assert_eq!(affairs["refused"]["refused"], 6, "the communities");
    let why = affairs["refused"]["why"].as_str().unwrap();
    assert!(why.contains("service/grain"), "{why}");
    assert_eq!(affairs["overdue"]["item"], "集体重大财务事项");
    let noticed = affairs["rewritten"]["noticed_by"].as_array().unwrap();
    let noticed: Vec<_> = noticed.iter().map(|one| &one["division"]).collect();
    assert_eq!(noticed, ["330825002000", "330825000000"]);

    let receipt = &story["receipt"];
    assert_eq!(receipt["matter"], story["matters"][3]["id"]);
    let signed = receipt["receipts"].as_array().unwrap();
    let last = signed.last().unwrap();
    assert_eq!(
        (&last["division"], &last["kind"]),
        (&json!("330000000000"), &json!("end"))
    );
    assert!(receipt["checked"].as_u64().unwrap() > 5);
    let verify = |root: &Value| {
        let mut command = Command::new(testkit::program::program());
        let file = receipt["file"].as_str().unwrap();
        command.args(["verify", file, "--root", root.as_str().unwrap()]);
        command.output().unwrap().status.code()
    };
    // The log of a village that was told seconds ago may not be countersigned yet.
    let code = verify(&receipt["root"]);
    assert!(
        matches!(code, Some(0 | 8)),
        "as the program says itself: {code:?}"
    );
    assert!(
        path.iter()
            .all(|stop| stop["at"].as_str().unwrap().ends_with("+08:00"))
    );

    let again = demo("330825002", dir.path());
    let reported = |story: &Value| story["rollup"]["province"]["reported"].as_u64().unwrap();
    assert_eq!(
        reported(&again),
        // After the first figures came a dispute with its data, and two reports of the village that changed its log.
        2 * reported(&story) + 3,
        "the network was kept"
    );
    // What villages made public, and the village that was caught, are those of before.
    assert_eq!(again["affairs"]["counted"], story["affairs"]["counted"]);
    assert_eq!(again["affairs"]["rewritten"], story["affairs"]["rewritten"]);
}

#[test]
fn villages_directly_under_a_county_form_a_branch_too() {
    let dir = tempfile::tempdir().unwrap();
    let story = demo("330383198001", dir.path());
    assert_eq!(story["nodes"], 4);
    assert_eq!(story["matters"].as_array().unwrap().len(), 3 + 5);
}

/// Ends before its story is told, under a limit of the shell, and with a directory of its own for what
/// is temporary.
fn cut_short(limit: &str, stop: bool) -> (Option<i32>, String) {
    let temporary = tempfile::tempdir().unwrap();
    let program = testkit::program::program();
    let program = program.display();
    let mut demo = Command::new("sh")
        .args([
            "-c",
            &format!("{limit}; exec {program} demo --once --division 330825"),
        ])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let left = || std::fs::read_dir(temporary.path()).unwrap().count();
    if stop {
        let enrolled = || {
            let mut homes = std::fs::read_dir(temporary.path()).unwrap();
            homes.any(|home| home.unwrap().path().join("identity").exists())
        };
        while !enrolled() {
            assert!(demo.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        let id = demo.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
    }
    let ended = demo.wait_with_output().unwrap();
    assert_eq!(left(), 0, "something was left behind");
    let told = String::from_utf8(ended.stderr).unwrap();
    (ended.status.code(), told)
}

#[test]
fn a_demo_that_is_stopped_or_fails_leaves_nothing_behind() {
    let (code, told) = cut_short("true", true);
    assert!(code.is_some_and(|code| code != 0), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    let (code, told) = cut_short("ulimit -n 300", false);
    assert!(code.is_some_and(|code| code != 0), "{told}");
    assert!(
        told.contains("file descriptors are needed") && told.contains("LimitNOFILE"),
        "{told}"
    );
}
