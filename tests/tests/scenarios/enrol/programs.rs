//! The program as operators type it: one at the parent, one at the new machine.

use std::{fmt::Write as _, fs, process::Command};

use serde_json::Value;
use testkit::command::{ALONE, Running, exit_code, found, json, wait_until, wujitong};

use super::*;

/// A province that runs, and a place for the directories of others.
struct Site {
    dir: TempDir,
    province: Running,
}

impl Site {
    fn founded() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("province");
        found(data.to_str().unwrap());
        let province = Running::start(&data, &[]);
        Self { dir, province }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn invite(&self, more: &[&str]) -> Value {
        let (data, address) = (self.path("province"), self.province.address());
        let words = ["invite", CITY, "--data", &data, "--address", address];
        json(&[&words[..], more].concat())
    }

    fn join(&self, text: &str, name: &str) -> Value {
        let data = self.path(name);
        json(&[&["join", text, "--data", &data][..], &ALONE].concat())
    }

    fn is_linked(&self) -> bool {
        let status = json(&["status", "--data", &self.path("province")]);
        status["nodes"][0]["links_up"] == 1
    }
}

/// R-N6.
#[test]
fn a_city_joins_over_the_wire_runs_and_links_and_later_replaces_its_lost_keys() {
    let site = Site::founded();
    let made = site.invite(&[]);
    let text = made["text"].as_str().unwrap();
    let joined = site.join(text, "city");
    assert_eq!(joined["division"], "330800000000");
    assert_eq!(joined["check_number"], made["invitation"]["check_number"]);
    let city = Running::start(&site.dir.path().join("city"), &[]);
    wait_until("the city is linked", || site.is_linked());

    let again = wujitong(&["join", text, "--data", &site.path("city")]);
    let told = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(exit_code(&again), 4, "{told}");
    assert!(told.contains("wujitong run --data"), "{told}");
    let other = wujitong(&["join", text, "--data", &site.path("other")]);
    let told = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!(exit_code(&other), 4, "{told}");
    assert!(
        told.contains("wujitong revoke 3308 --reason stolen"),
        "{told}"
    );

    drop(city);
    fs::remove_dir_all(site.path("city")).unwrap();
    let made = site.invite(&["--replaces", "lost"]);
    assert_eq!(made["invitation"]["serial"], 2);
    site.join(made["text"].as_str().unwrap(), "city");
    let _city = Running::start(&site.dir.path().join("city"), &[]);
    wait_until("the city is linked with its next key", || site.is_linked());
}

#[test]
fn a_machine_joins_unattended_from_a_file_and_is_told_what_is_wrong() {
    let site = Site::founded();
    let made = site.invite(&["--valid", "36h"]);
    let text = made["text"].as_str().unwrap();
    let file = site.path("invitation.toml");
    let refused = |content: String, code: i32, said: &str| {
        fs::write(&file, content).unwrap();
        let output = wujitong(&[
            "join",
            "--file",
            &file,
            "--data",
            &site.path("city"),
            "--yes",
        ]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(exit_code(&output), code, "{told}");
        assert!(told.contains(said), "{told}");
        assert!(!site.dir.path().join("city/identity/330800000000").exists());
    };
    refused(text.replacen("WJT1", "WJT2", 1), 2, "WJT1");
    refused(text[..text.len() - 2].to_owned(), 2, "mistyped");
    let withdraw = [
        "invite",
        "--withdraw",
        CITY,
        "--data",
        &site.path("province"),
    ];
    json(&withdraw);
    refused(text.to_owned(), 4, "was withdrawn");
    let made = site.invite(&[]);
    let text = made["text"].as_str().unwrap();
    fs::write(&file, format!("invitation = \"{text}\"\n")).unwrap();
    let data = site.path("city");
    json(
        &[
            &["join", "--file", &file, "--data", &data, "--yes"][..],
            &ALONE,
        ]
        .concat(),
    );
    let listed = json(&["invite", "list", "--data", &site.path("province")]);
    let states: Vec<_> = listed["invitations"].as_array().unwrap().iter().collect();
    assert_eq!(states[0]["state"], "used");
    assert_eq!(states[1]["state"], "withdrawn");
}

#[test]
fn a_machine_that_was_killed_on_the_way_goes_on_with_its_keys() {
    let site = Site::founded();
    let made = site.invite(&["--confirm"]);
    let text = made["text"].as_str().unwrap();
    let data = site.path("city");
    let words = ["join", text, "--data", &data, "--wait", "0"];
    let waits = wujitong(&[&words[..], &ALONE].concat());
    assert_eq!(
        exit_code(&waits),
        4,
        "an operator has to compare its number"
    );
    let waiting = site
        .dir
        .path()
        .join("city/identity/.330800000000.joining/sign.key");
    let key = fs::read(&waiting).unwrap();
    let listed = json(&["invite", "list", "--data", &site.path("province")]);
    let number = listed["invitations"][0]["joiner"]["number"]
        .as_str()
        .unwrap();
    let told = String::from_utf8_lossy(&waits.stderr).into_owned();
    assert!(told.contains("did not admit"), "{told}");
    let admit = |number: &str| wujitong(&["admit", CITY, number, "--data", &site.path("province")]);
    assert_eq!(exit_code(&admit("0000 0000 0000 0000 0000")), 4);
    assert_eq!(exit_code(&admit(number)), 0);
    site.join(text, "city");
    let kept = fs::read(site.dir.path().join("city/identity/330800000000/sign.key")).unwrap();
    assert_eq!(kept, key);
    assert!(!waiting.exists());
}

#[test]
fn a_table_of_divisions_is_invited_a_line_each() {
    let site = Site::founded();
    let list = site.path("cities.csv");
    fs::write(&list, "name,code\n衢州市,3308\n温州市,3303\n").unwrap();
    let (data, address) = (site.path("province"), site.province.address());
    let words = [
        "invite",
        "--csv",
        &list,
        "--data",
        &data,
        "--address",
        address,
    ];
    let output = wujitong(&words);
    assert_eq!(
        exit_code(&output),
        0,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let table = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[1].starts_with("330800000000,衢州市,WJT1"),
        "{}",
        lines[1]
    );
    let text = lines[2].split(',').nth(2).unwrap();
    let joined = site.join(text, "wenzhou");
    assert_eq!(joined["name"], "温州市");
    fs::write(&list, "code\n3303\n330825\n").unwrap();
    let refused = wujitong(&words);
    assert_eq!(exit_code(&refused), 4);
    let table = String::from_utf8(refused.stdout).unwrap();
    assert!(
        table.contains("--replaces lost") && table.contains("330825000000"),
        "{table}"
    );
}

/// Draws half blocks as a picture (PBM) with eight dots a module.
fn picture(drawn: &str) -> String {
    const DOTS: usize = 8;
    let lines: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
    let (width, height) = (lines[0].len() * DOTS, lines.len() * 2 * DOTS);
    let mut picture = format!("P1\n{width} {height}\n");
    for row in 0..height {
        for column in 0..width {
            let block = lines[row / DOTS / 2][column / DOTS];
            let upper = (row / DOTS).is_multiple_of(2);
            let light = block == '█' || block == if upper { '▀' } else { '▄' };
            write!(picture, "{} ", u8::from(!light)).unwrap();
        }
        picture.push('\n');
    }
    picture
}

#[test]
fn the_code_in_the_terminal_is_read_by_zbar() {
    let site = Site::founded();
    let (data, address) = (site.path("province"), site.province.address());
    let output = wujitong(&["invite", CITY, "--data", &data, "--address", address]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let is_code = |line: &&str| !line.is_empty() && line.chars().all(|c| "█▀▄ ".contains(c));
    let drawn: Vec<&str> = printed.lines().filter(is_code).collect();
    let file = site.path("code.pbm");
    fs::write(&file, picture(&drawn.join("\n"))).unwrap();
    let read = Command::new("zbarimg")
        .args(["--quiet", "--raw", &file])
        .output();
    let read = read.expect("zbar-tools is installed");
    let text = String::from_utf8(read.stdout).unwrap();
    let grouped = printed
        .lines()
        .find(|line| line.starts_with("WJT1"))
        .unwrap();
    assert_eq!(text.trim(), grouped.replace(' ', ""));
}
