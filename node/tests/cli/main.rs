//! The program as an operator uses it: processes, exit codes, standard output.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_wujitong");

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .env_remove("WUJITONG_DATA")
        .env_remove("WUJITONG_CONFIG");
    command
}

fn wujitong(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the program starts")
}

/// What a command prints with `--json`.
fn json(arguments: &[&str]) -> Value {
    let output = wujitong(&[arguments, &["--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).expect("one JSON value")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

/// A running process; killed when dropped.
struct Running {
    child: Child,
    facts: Value,
}

impl Running {
    fn start(data: &Path, more: &[&str]) -> Self {
        let data = data.to_str().expect("a plain path");
        let arguments = [&["run", "--data", data, "--json"], more].concat();
        let mut child = command(&arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it prints where it listens");
        let facts = serde_json::from_str(&line).expect("one JSON value");
        Self { child, facts }
    }

    fn address(&self) -> &str {
        self.facts["listen"].as_str().expect("an address")
    }

    /// Asks it to stop and waits until it has.
    fn stop(mut self) -> i32 {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.expect("kill is there").success());
        let ended = self.child.wait().expect("it ends");
        ended.code().expect("it was not killed")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Asks again until the answer fits.
fn eventually(what: &str, ask: impl Fn() -> bool) {
    let begun = Instant::now();
    while !ask() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "not within 60 s: {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_matter_reported_in_the_city_reaches_the_province_and_is_closed_there() {
    let dir = tempfile::tempdir().unwrap();
    let (province, city) = (dir.path().join("p"), dir.path().join("c"));
    let (p, c) = (province.to_str().unwrap(), city.to_str().unwrap());
    let local = ["--listen", "127.0.0.1:0", "--http", "off"];
    let init = [
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        p,
    ];
    let founded = json(&[&init[..], &local].concat());
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
    let enrolled = json(&[&init[..], &local, &parent].concat());
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
    let listed = |data, state| json(&["matter", "list", "--state", state, "--data", data]);
    assert_eq!(listed(p, "closed")["matters"][0]["id"], id.as_str());
    assert_eq!(listed(p, "open")["matters"], Value::Array(vec![]));
    eventually("the city sees it closed", || {
        listed(c, "closed")["matters"][0]["id"] == id.as_str()
    });
    let (file, root) = (dir.path().join("receipt.json"), city.join("roots.pem"));
    let (file, root) = (file.to_str().unwrap(), root.to_str().unwrap());
    json(&["receipt", &id, "--data", c, "-o", file]);
    let verified = json(&["verify", file, "--root", root]);
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
    let opened = ["verify", file, "--root", root, "--opening", opening];
    let verified = json(&opened);
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
    let table = String::from_utf8(wujitong(&["status", "--data", c]).stdout).unwrap();
    assert!(
        table.contains("衢州市") && table.contains("parent 上级"),
        "{table}"
    );

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
    let init = [
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        d,
        "--with-branch",
    ];
    let topology = ["--topology", csv.to_str().unwrap()];
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
    let init = ["init", "--division", "33", "--zone", "zj.example"];
    let more = ["--data", d, "--with-branch", "--topology"];
    let local = ["--listen", "127.0.0.1:0", "--http", "off"];
    json(&[&init[..], &more, &[csv.to_str().unwrap()], &local].concat());
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
fn a_whole_branch_is_enrolled_with_few_files_open_at_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let (province, city, county) = (at("province"), at("city"), at("county"));
    json(&[
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        &province,
    ]);
    json(&[
        "init",
        "--division",
        "3308",
        "--issuer",
        &province,
        "--data",
        &city,
    ]);
    // The example of the command's help, where a process may open no more than this.
    let init = format!(
        "ulimit -n 128; exec {BINARY} init --division 330825 --with-branch --issuer {city} --data \
         {county} --json"
    );
    let made = Command::new("sh").args(["-c", &init]).output();
    let made = made.expect("a shell");
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
    let facts: Value = serde_json::from_slice(&made.stdout).expect("one JSON value");
    assert_eq!(facts["nodes"], 304);
    // A process that hosts it needs more than that, and says how many before it opens anything.
    let run = format!("ulimit -n 128; exec {BINARY} run --data {county} --listen 127.0.0.1:0");
    let run = Command::new("sh").args(["-c", &run]).output();
    let run = run.expect("a shell");
    let told = String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success());
    assert!(
        told.contains("file descriptors are needed and this process may have 128"),
        "{told}"
    );
    assert!(!dir.path().join("county/store").exists());
}

/// A port of this machine that nobody uses.
fn free_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    address.port().to_string()
}

/// Runs a line as a shell would in a directory, with the program on the path.
fn shell(line: &str, dir: &Path) -> Command {
    let beside = Path::new(BINARY).parent().expect("it lies in a directory");
    let path = format!("{}:/usr/bin:/bin", beside.display());
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .current_dir(dir)
        .env("PATH", path)
        .env_remove("WUJITONG_DATA")
        .env_remove("WUJITONG_CONFIG");
    command
}

fn succeeds(line: &str, dir: &Path) -> String {
    let output = shell(line, dir).output().expect("a shell");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Processes of a test; killed when dropped.
struct Started(Vec<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ended = child.kill();
            let _reaped = child.wait();
        }
    }
}

#[test]
fn the_five_processes_of_the_readme_start_as_written_and_a_report_is_made() {
    let readme = include_str!("../../README.md");
    let section = readme.split("## Run nodes of your own").nth(1).unwrap();
    let mut block = section
        .split("```sh")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap()
        .to_owned();
    // Any ports do; those that are written may be in use where the tests run.
    for port in ["7450", "7451", "7452", "7453", "7454", "7480"] {
        assert!(block.contains(port), "{port}");
        block = block.replace(&format!(":{port}"), &format!(":{}", free_port()));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut started = Started(vec![]);
    for line in block.lines().filter(|line| !line.is_empty()) {
        if let Some(run) = line.strip_suffix(" &") {
            let child = shell(&format!("exec {run}"), dir.path())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            started.0.push(child);
            // Whoever types the next line takes as long.
            let asks = run.replace("wujitong run", "wujitong status --brief");
            let until = Instant::now() + Duration::from_secs(60);
            while !shell(&asks, dir.path()).output().unwrap().status.success() {
                assert!(Instant::now() < until, "{run} does not answer");
                std::thread::sleep(Duration::from_millis(50));
            }
        } else {
            succeeds(line, dir.path());
        }
    }
    assert_eq!(started.0.len(), 5);
    let until = Instant::now() + Duration::from_secs(60);
    for home in ["./city", "./county", "./township", "./village"] {
        let status = format!("wujitong status --data {home} --json");
        let linked = || -> bool {
            let status: Value = serde_json::from_str(&succeeds(&status, dir.path())).unwrap();
            let links = status["nodes"][0]["links"].as_array().unwrap();
            links
                .iter()
                .any(|link| link["side"] == "parent" && link["up"] == true)
        };
        while !linked() {
            assert!(Instant::now() < until, "{home} has no link to its parent");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn the_examples_of_init_run_as_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let help = String::from_utf8(wujitong(&["init", "--help"]).stdout).unwrap();
    let examples: Vec<_> = help
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("wujitong init "))
        .collect();
    assert!(examples.len() >= 6, "{help}");
    for example in examples {
        let here = format!("{}/", dir.path().display());
        succeeds(&example.replace("/srv/", &here), dir.path());
    }
}

/// What a command says that fails, and that it left nothing behind in `data`.
fn refused(arguments: &[&str], data: &Path) -> String {
    let output = wujitong(arguments);
    assert!(!output.status.success(), "{arguments:?}");
    assert!(!data.exists(), "{arguments:?} left {}", data.display());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn init_looks_at_everything_before_it_writes_and_names_the_real_parent() {
    let dir = tempfile::tempdir().unwrap();
    let (province, data) = (dir.path().join("province"), dir.path().join("data"));
    let (p, d) = (province.to_str().unwrap(), data.to_str().unwrap());
    let found = [
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        d,
    ];
    for (option, value, names) in [
        ("--listen", "7450", "listen"),
        ("--listen", "nowhere:port", "listen"),
        ("--http", "7480", "http.listen"),
        ("--zone", "ZJ example", "DNS zone"),
        ("--topology", "/nowhere.csv", "/nowhere.csv"),
    ] {
        let found: Vec<_> = match option {
            "--zone" => ["init", "--division", "33", "--data", d].to_vec(),
            _ => found.to_vec(),
        };
        let why = refused(&[&found[..], &[option, value]].concat(), &data);
        assert!(why.contains(names), "{option} {value}: {why}");
    }
    json(&[
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        p,
    ]);
    let enrol =
        |division: &'static str| ["init", "--division", division, "--issuer", p, "--data", d];
    let why = refused(
        &[&enrol("3308")[..], &["--parent", "nowhere"]].concat(),
        &data,
    );
    assert!(why.contains("parent") && why.contains("nowhere"), "{why}");
    // Not its parent's directory, a division without a parent's word, and one that does not exist.
    let why = refused(&enrol("330825"), &data);
    assert!(
        why.contains("330800000000 衢州市") && why.contains("330000000000 浙江省"),
        "{why}"
    );
    let why = refused(&["init", "--division", "330825002222", "--data", d], &data);
    assert!(why.contains("330825002000 东华街道"), "{why}");
    let why = refused(&["init", "--division", "33", "--data", d], &data);
    assert!(why.contains("--zone"), "{why}");
    let why = refused(&enrol("330899"), &data);
    assert!(why.contains("330899"), "{why}");
    // A branch that cannot be made leaves nothing either, and the same words then work.
    json(&[&enrol("3308")[..], &["--http", "off"]].concat());
    let again = wujitong(&enrol("3308"));
    let told = String::from_utf8_lossy(&again.stderr);
    assert!(told.contains("already exists"), "{told}");
}

#[test]
fn an_error_says_which_listener_which_file_and_what_is_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("province");
    let d = data.to_str().unwrap();
    let init = [
        "init",
        "--division",
        "33",
        "--zone",
        "zj.example",
        "--data",
        d,
    ];
    json(&[&init[..], &["--listen", "127.0.0.1:0", "--http", "off"]].concat());
    let told = |arguments: &[&str]| {
        let output = wujitong(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let why = told(&["run", "--data", d, "--listen", &address]);
    assert!(
        why.contains("for neighbours") && why.contains("`listen`"),
        "{why}"
    );
    let why = told(&["run", "--data", d, "--http", &address]);
    assert!(
        why.contains("for HTTP") && why.contains("`http.listen`"),
        "{why}"
    );

    let config = data.join("node.toml");
    let whole = std::fs::read_to_string(&config).unwrap();
    let lines: Vec<_> = whole.lines().collect();
    for kept in 0..lines.len() {
        std::fs::write(&config, lines[..kept].join("\n")).unwrap();
        let why = told(&["run", "--data", d]);
        let says = why.contains("empty") || why.contains("cut short");
        assert!(says && why.contains("node.toml"), "{kept} lines: {why}");
    }
    std::fs::write(&config, b"\xff\xfe").unwrap();
    let why = told(&["run", "--data", d]);
    assert!(why.contains("UTF-8") && why.contains("node.toml"), "{why}");
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(&config).unwrap();
    let why = told(&["run", "--config", config.to_str().unwrap()]);
    assert!(why.contains("is a directory"), "{why}");
}
