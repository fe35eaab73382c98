//! `init`, and what is started with what it made.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use testkit::{
    command::{found, founding, json, wujitong},
    port,
    program::program,
};

#[test]
fn a_whole_branch_is_enrolled_with_few_files_open_at_a_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    let (province, city, county) = (at("province"), at("city"), at("county"));
    json(&founding(&province));
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
    let program = program();
    let program = program.display();
    let init = format!(
        "ulimit -n 128; exec {program} init --division 330825 --with-branch --issuer {city} --data \
         {county} --json"
    );
    let made = Command::new("sh").args(["-c", &init]).output();
    let made = made.expect("a shell");
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
    let facts: Value = serde_json::from_slice(&made.stdout).expect("one JSON value");
    assert_eq!(facts["nodes"], 304);
    // A process that hosts it needs more than that, and says how many before it opens anything.
    let run = format!("ulimit -n 128; exec {program} run --data {county} --listen 127.0.0.1:0");
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

/// Runs a line as a shell would in a directory, with the program on the path.
fn shell(line: &str, dir: &Path) -> Command {
    let program = program();
    let beside = program.parent().expect("it lies in a directory");
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
    let readme = include_str!("../../../../README.md");
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
        block = block.replace(&format!(":{port}"), &format!(":{}", port::free()));
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
    let words = founding(d);
    for (option, value, names) in [
        ("--listen", "7450", "listen"),
        ("--listen", "nowhere:port", "listen"),
        ("--http", "7480", "http.listen"),
        ("--zone", "ZJ example", "DNS zone"),
        ("--topology", "/nowhere.csv", "/nowhere.csv"),
    ] {
        let words: Vec<_> = match option {
            "--zone" => ["init", "--division", "33", "--data", d].to_vec(),
            _ => words.to_vec(),
        };
        let why = refused(&[&words[..], &[option, value]].concat(), &data);
        assert!(why.contains(names), "{option} {value}: {why}");
    }
    json(&founding(p));
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
    found(d);
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
