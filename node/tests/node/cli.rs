//! The program as an operator uses it: processes, exit codes, standard output.

mod backups;
mod config;
mod doctor;
mod init;

use std::process::Stdio;

use serde_json::Value;
use testkit::command::{
    ALONE, Running, command, exit_code as code, found, founding, json, wait_until as eventually,
    wujitong,
};

#[test]
fn a_matter_reported_in_the_city_reaches_the_province_and_is_closed_there() {
    let dir = tempfile::tempdir().unwrap();
    let (province, city) = (dir.path().join("p"), dir.path().join("c"));
    let (p, c) = (province.to_str().unwrap(), city.to_str().unwrap());
    let init = founding(p);
    let founded = found(p);
    assert_eq!(founded["name"], "浙江省");
    let other = wujitong(&["run", "--data", p, "--set", "zone=other.example"]);
    assert_eq!(code(&other), 2, "the zone is another than the network's");
    assert_eq!(
        code(&wujitong(&init)),
        1,
        "a second network in the same directory"
    );

    let above = Running::start(&province, &[]);
    let init = ["init", "--division", "3308", "--issuer", p, "--data", c];
    let parent = ["--parent", above.address()];
    let enrolled = json(&[&init[..], &ALONE, &parent].concat());
    assert_eq!(enrolled["network"], founded["network"]);
    let below = Running::start(&city, &[]);

    let locked = wujitong(&["run", "--data", c]);
    assert_eq!(
        code(&locked),
        6,
        "{}",
        String::from_utf8_lossy(&locked.stderr)
    );

    let category = ["--category", "enforcement/lighting"];
    let opening = dir.path().join("opening.json");
    let opening = opening.to_str().unwrap();
    let report = [
        &["matter", "report", "--data", c, "路灯不亮"],
        &category[..],
        &["--place", "28.9702,118.8594", "--opening", opening],
    ]
    .concat();
    let elsewhere = [&report[..5], &category[..], &["--place", "30.25,120.15"]].concat();
    let refused = wujitong(&elsewhere);
    assert_eq!(code(&refused), 2, "a place in another city");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        told.contains("outside 衢州市") && told.contains("西湖区"),
        "{told}"
    );
    let reported = json(&report);
    assert_eq!(reported.get("opening"), None, "it is in its file only");
    let id = reported["id"].as_str().unwrap().to_owned();
    let shown = json(&["matter", "show", &id, "--data", c]);
    assert_eq!(shown["body"]["text"], "路灯不亮");
    assert_eq!(shown["names"]["330800000000"], "衢州市");
    assert_eq!(code(&wujitong(&["matter", "show", &id, "--data", p])), 3);

    json(&[
        "matter",
        "escalate",
        &id,
        "--data",
        c,
        "--note",
        "请省里协调",
    ]);
    eventually("the province holds it", || {
        json(&["status", "--data", p])["nodes"][0]["matters"]["holding"] == 1
    });
    eventually("the city knows that it does", || {
        let seen = json(&["matter", "show", &id, "--data", c]);
        seen["standing"]["is"] == "elsewhere" && seen["holder"] == "330000000000"
    });
    let refused = wujitong(&["matter", "accept", &id, "--data", c, "--json"]);
    assert_eq!(code(&refused), 4, "the city does not hold it any more");
    let told: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!(told["error"]["exit"], 4);

    json(&["matter", "accept", &id, "--data", p]);
    json(&[
        "matter",
        "close",
        &id,
        "--data",
        p,
        "--outcome",
        "solved",
        "--note",
        "done",
    ]);
    // The reporter lost their slip; each further one is another.
    let [slip, other] = [(); 2].map(|()| json(&["slip", &id, "--data", p])["token"].clone());
    assert!(slip.as_str().unwrap().starts_with("wj"), "{slip}");
    assert_ne!(slip, other);
    let unknown = wujitong(&["slip", "330000000000-00000000-1", "--data", p]);
    assert!(!unknown.status.success());
    let listed = |data, state| json(&["matter", "list", "--state", state, "--data", data]);
    assert_eq!(listed(p, "closed")["matters"][0]["id"], id.as_str());
    assert_eq!(listed(p, "open")["matters"], Value::Array(vec![]));
    eventually("the city sees it closed", || {
        listed(c, "closed")["matters"][0]["id"] == id.as_str()
    });
    let (file, root) = (dir.path().join("receipt.json"), city.join("roots.pem"));
    let (file, root) = (file.to_str().unwrap(), root.to_str().unwrap());
    json(&["receipt", &id, "--data", c, "-o", file]);
    // The province may not have countersigned the city's log yet, which is not false.
    let checked = |words: &[&str]| -> Value {
        let told = wujitong(&[words, &["--json"]].concat());
        let pending = serde_json::from_slice::<Value>(&told.stdout).unwrap();
        let expected = if pending["pending"] == true { 8 } else { 0 };
        assert_eq!(code(&told), expected, "{pending}");
        pending
    };
    let verified = checked(&["verify", file, "--root", root]);
    assert_eq!(verified["holds"], true);
    let kinds = verified["receipts"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["hop", "hop", "end"]);
    let printed = String::from_utf8(wujitong(&["verify", file, "--root", root]).stdout).unwrap();
    for told in [
        "holds 有效",
        "decided 办结",
        "solved 已解决",
        "not checked 未核",
    ] {
        assert!(printed.contains(told), "{told}: {printed}");
    }
    // The same on paper: digits, with the keys of the log, or with a receipt of it.
    let [proof, keys] = ["proof.txt", "keys.json"].map(|name| dir.path().join(name));
    let (proof, keys) = (proof.to_str().unwrap(), keys.to_str().unwrap());
    json(&["receipt", &id, "--data", c, "--printed", "-o", proof]);
    json(&["log", "--data", c, "keys", "-o", keys]);
    for with in [keys, file] {
        let verified = checked(&["verify", proof, "--keys", with, "--root", root]);
        assert_eq!(
            (&verified["holds"], &verified["matter"]),
            (&true.into(), &id.as_str().into())
        );
        assert_eq!(verified["steps"][0]["act"], "report");
    }
    checked(&["verify", keys, "--root", root]);
    let without = wujitong(&["verify", proof, "--root", root]);
    assert_eq!(code(&without), 2);
    let told = String::from_utf8(without.stderr).unwrap();
    assert!(told.contains("--keys"), "{told}");
    let digits = std::fs::read_to_string(proof).unwrap();
    std::fs::write(proof, &digits[..100]).unwrap();
    let cut = wujitong(&["verify", proof, "--keys", keys, "--root", root]);
    assert_eq!(code(&cut), 2);
    let opened = ["verify", file, "--root", root, "--opening", opening];
    let verified = checked(&opened);
    let proven = |check: &Value| check["what"] == "text" && check["finding"] == "ok";
    assert!(verified["checks"].as_array().unwrap().iter().any(proven));
    let text = std::fs::read_to_string(opening).unwrap();
    std::fs::write(opening, text.replace("路灯", "水管")).unwrap();
    assert_eq!(code(&wujitong(&opened)), 7, "another text");
    std::fs::write(opening, "{}").unwrap();
    assert_eq!(code(&wujitong(&opened)), 2, "no opening");
    let text = std::fs::read_to_string(file).unwrap();
    let spoilt = text.replacen("exported_at_ms\\\":", "exported_at_ms\\\":1", 1);
    assert_ne!(spoilt, text);
    std::fs::write(file, spoilt).unwrap();
    let refused = wujitong(&["verify", file, "--root", root, "--json"]);
    assert_eq!(code(&refused), 7, "a changed time");
    let verified: Value = serde_json::from_slice(&refused.stdout).unwrap();
    assert_eq!(verified["holds"], false);
    std::fs::write(file, "no receipt").unwrap();
    assert_eq!(code(&wujitong(&["verify", file, "--root", root])), 2);
    assert_eq!(code(&wujitong(&["verify", file, "--root", file])), 1);
    let missing = dir.path().join("none.json");
    let missing = missing.to_str().unwrap();
    assert_eq!(code(&wujitong(&["verify", missing, "--root", root])), 1);

    eventually("the province's figures are those of both journals", || {
        let total = json(&["rollup", "show", "--data", p, "--by", "division"])["total"].clone();
        let counts = [p, c].map(|data| json(&["rollup", "journal", "--data", data]));
        ["reported", "taken", "given", "closed"].iter().all(|what| {
            let sum: i64 = counts
                .iter()
                .map(|count| count[what].as_i64().unwrap())
                .sum();
            total[what] == sum
        }) && total["reported"] == 1
            && total["closed"] == 1
    });

    let status = json(&["status", "--data", c]);
    assert_eq!(status["network"]["id"], founded["network"]);
    assert_eq!(status["nodes"][0]["full_name"], "浙江省衢州市");
    assert_eq!(status["nodes"][0]["links"][0]["up"], true);
    let name = |worker: &Value| worker["name"].as_str().unwrap().to_owned();
    let names = |of: &Value| -> Vec<_> { of.as_array().unwrap().iter().map(name).collect() };
    assert_eq!(
        names(&status["workers"]),
        [
            "disk",
            "due-timer",
            "sweep",
            "certificates",
            "subtree-health",
            "backups",
            "checkpoints",
            "renewal"
        ]
    );
    let of_node = &status["nodes"][0]["workers"];
    assert_eq!(names(of_node), ["clocks", "webhooks", "link"]);
    assert_eq!(of_node[2]["state"], "working");
    let table = String::from_utf8(wujitong(&["status", "--data", c]).stdout).unwrap();
    assert!(
        table.contains("衢州市") && table.contains("parent 上级"),
        "{table}"
    );
    for line in [
        "workers 后台任务",
        "disk 磁盘检查",
        "clocks 时限处理",
        "working 运行 for",
    ] {
        assert!(table.contains(line), "{line} in {table}");
    }

    assert_eq!(below.stop(), 0);
    assert_eq!(code(&wujitong(&["status", "--data", c])), 5);
    assert_eq!(above.stop(), 0);
}

#[test]
fn a_template_is_published_and_its_adoption_shown() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let d = data.to_str().unwrap();
    let csv = dir.path().join("list.csv");
    std::fs::write(&csv, "code,name\n33,浙江省\n3308,衢州市\n").unwrap();
    let init = founding(d);
    let topology = ["--with-branch", "--topology", csv.to_str().unwrap()];
    let local = ["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    assert_eq!(json(&[&init[..], &topology, &local].concat())["nodes"], 2);
    let running = Running::start(&data, &[]);
    assert_eq!(running.facts["nodes"].as_array().unwrap().len(), 2);

    let unnamed = wujitong(&["template", "list", "--data", d]);
    assert_eq!(code(&unnamed), 2, "two nodes, and none was named");
    let file = dir.path().join("hall.toml");
    std::fs::write(&file, "format = 1\n").unwrap();
    let at = ["--data", d, "--node", "33"];
    let publish = [
        "template",
        "publish",
        file.to_str().unwrap(),
        "--kind",
        "policy",
    ];
    let named = ["--name", "hall", "--title", "公告"];
    json(&[&publish[..], &named, &at].concat());
    eventually("both apply it", || {
        let status = json(&[&["template", "status", "33/policy/hall"], &at[..]].concat());
        status["adoption"]["applied"] == 2 && status["adoption"]["expected"] == 2
    });
    let listed = json(&["template", "list", "--data", d, "--node", "3308"]);
    assert_eq!(listed["templates"][0]["stance"]["is"], "applied");
    let none = wujitong(&[&["template", "status", "33/policy/none"], &at[..]].concat());
    assert_eq!(code(&none), 3);
    assert_eq!(running.stop(), 0);
}

#[test]
fn the_keys_of_a_child_are_revoked_once_and_the_status_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let d = data.to_str().unwrap();
    let csv = dir.path().join("list.csv");
    std::fs::write(&csv, "code,name\n33,浙江省\n3308,衢州市\n").unwrap();
    let topology = ["--with-branch", "--topology", csv.to_str().unwrap()];
    json(&[&founding(d)[..], &topology, &ALONE].concat());
    let running = Running::start(&data, &[]);
    let link = || json(&["status", "--data", d, "--node", "33"])["nodes"][0].clone();
    eventually("the link is up", || link()["links_up"] == 1);

    let at = ["--data", d, "--node", "33"];
    let revoke = |division| [&["revoke", division, "--reason", "stolen"], &at[..]].concat();
    assert_eq!(code(&wujitong(&revoke("33"))), 4, "it is not its own child");
    assert_eq!(
        code(&wujitong(&revoke("3399"))),
        3,
        "there is no such division"
    );
    let revoked = json(&revoke("3308"))["revocations"][0].clone();
    assert_eq!(revoked["division"], "330800000000");
    assert_eq!(revoked["reason"], "stolen");
    eventually("the link is down", || link()["links_up"] == 0);
    assert_eq!(link()["revoked"][0], revoked);
    let table = String::from_utf8(wujitong(&["status", "--data", d]).stdout).unwrap();
    assert!(table.contains("stolen 被盗"), "{table}");
    assert_eq!(code(&wujitong(&revoke("3308"))), 4, "no key is left");
    assert_eq!(running.stop(), 0);
    let running = Running::start(&data, &[]);
    assert_eq!(link()["revoked"][0], revoked);
    assert_eq!(running.stop(), 0);
}

#[test]
fn the_output_of_a_command_may_be_cut_short() {
    let mut child = command(&["topology", "show", "33", "--depth", "4"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        code(&output),
        0,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn store_check_says_what_is_whole_and_what_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("d");
    let d = data.to_str().unwrap();
    let none = wujitong(&["store", "check", "--data", d]);
    assert_eq!(code(&none), 2, "there is no store");
    found(d);
    let running = Running::start(&data, &[]);
    let place = [
        "--place",
        "30.25,120.15",
        "--category",
        "enforcement/lighting",
    ];
    json(&[&["matter", "report", "--data", d, "路灯不亮"], &place[..]].concat());
    let check = ["store", "check", "--data", d];
    assert_eq!(json(&check)["running"], true);
    assert_eq!(running.stop(), 0);

    let found = json(&check);
    assert_eq!(
        (&found["whole"], &found["closed"]),
        (&true.into(), &true.into())
    );
    assert!(found["records"].as_u64().unwrap() > 10, "{found}");
    let kept = data.join("store/files/330000000000/kept/ab");
    std::fs::create_dir_all(&kept).unwrap();
    let spoilt = kept.join("ab".repeat(32));
    std::fs::write(&spoilt, "not what it was").unwrap();
    let output = wujitong(&check);
    assert_eq!(code(&output), 6);
    let printed = String::from_utf8(output.stdout).unwrap();
    let says = printed.contains("1 of 1 damaged 损坏");
    assert!(
        says && printed.contains(spoilt.to_str().unwrap()),
        "{printed}"
    );
    assert!(printed.contains("as sealed 完好"), "{printed}");

    let seal = data.join("store/seal");
    std::fs::write(&seal, "no seal").unwrap();
    let output = wujitong(&[&check[..], &["--json"]].concat());
    assert_eq!(code(&output), 6);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        found["damage"].as_str().unwrap().contains("the file seal"),
        "{found}"
    );
    assert_eq!(std::fs::read(&seal).unwrap(), b"no seal");
}
