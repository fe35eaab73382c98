//! Backups of running nodes under load, restored on another machine; full disks and kills on the way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use testkit::{
    audit::{Fault, Promise},
    command::{command, exit_code, json, wujitong},
    program::{Program, Programs, program},
};
use tokio::{process::Command, time::sleep};

use crate::faults::{
    disk::{balance, report},
    drill::VILLAGE,
    full::{Mount, fill},
};

/// What can follow from a lost journal: its facts are written down nowhere. Everything else must be right.
const OF_A_LOST_JOURNAL: Fault = Fault::Unwritten;

/// Makes a key for backups; returns its file and the recipient.
fn key(dir: &Path) -> (PathBuf, String) {
    let file = dir.join("backup.key");
    let made = json(&["backup", "--new-key", file.to_str().unwrap()]);
    (file, made["recipient"].as_str().unwrap().to_owned())
}

fn word(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Backs a data directory up without waiting for it.
fn backing_up(data: &Path, to: &Path, recipient: &str) -> Command {
    let mut backup = Command::new(program());
    backup
        .args(["--json", "backup", "--recipient", recipient])
        .args(["--data", word(data), "--to", word(to)])
        .env("LC_ALL", "C")
        .kill_on_drop(true);
    backup
}

fn restore(from: &Path, data: &Path, key: &Path) -> Output {
    let [from, data, key] = [from, data, key].map(word);
    wujitong(&[
        "restore",
        "--from",
        from,
        "--data",
        data,
        "--identity-file",
        key,
    ])
}

/// Checks that a backup is whole.
fn check(from: &Path, key: &Path) {
    let [from, key] = [from, key].map(word);
    json(&["restore", "--from", from, "--check", "--identity-file", key]);
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Returns the status of a running node.
async fn status(program: &Program) -> Value {
    serde_json::to_value(program.client().status(false).await.unwrap()).unwrap()
}

/// Waits until a node awaits no neighbour any more.
async fn goes_on(program: &Program) -> Value {
    for _ in 0..1200 {
        let now = status(program).await;
        let node = &now["nodes"][0];
        if node["awaited"].as_array().is_none_or(Vec::is_empty) {
            return now;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("it waits for its neighbours: {}", program.log());
}

#[tokio::test]
async fn a_backup_under_load_is_restored_elsewhere_and_nothing_acknowledged_before_it_is_lost() {
    let place = tempfile::tempdir().unwrap();
    let (key, recipient) = key(place.path());
    let file = place.path().join("township.age");
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let mut promises = vec![];
    report(&chain.programs[4], 20, &mut promises).await;
    // The township has matters of its own, too, of which nobody else knows.
    for _ in 0..10 {
        report_at_home(&chain.programs[3], &mut promises).await;
    }

    let township = chain.programs[3].data.clone();
    let backup = backing_up(&township, &file, &recipient).output();
    let under_load = async {
        let mut meanwhile = vec![];
        for _ in 0..6 {
            report(&chain.programs[4], 6, &mut meanwhile).await;
        }
        meanwhile
    };
    let (backup, meanwhile) = tokio::join!(backup, under_load);
    let backup = backup.unwrap();
    assert!(backup.status.success(), "{}", stderr(&backup));
    let made: Value = serde_json::from_slice(&backup.stdout).unwrap();
    assert_eq!(made["header"]["running"], true);
    promises.extend(meanwhile);

    // The neighbours go ahead of the backup; then the machine is lost.
    report(&chain.programs[4], 12, &mut promises).await;
    chain.at_rest().await;
    chain.programs[3].kill().await;
    fs::rename(&township, township.with_extension("lost")).unwrap();
    let elsewhere = place.path().join("machine/data");
    let restored = restore(&file, &elsewhere, &key);
    assert_eq!(exit_code(&restored), 0, "{}", stderr(&restored));
    assert!(elsewhere.join("restored.json").exists() && !elsewhere.join("restoring").exists());
    chain.programs[3].data = elsewhere.clone();
    chain.programs[3].start().await;
    assert!(
        !elsewhere.join("restored.json").exists(),
        "it began its new life"
    );
    let now = goes_on(&chain.programs[3]).await;
    assert_eq!(now["nodes"][0]["epoch"]["order"], 2, "{now}");
    let alarms = now["nodes"][0]["alarms"].to_string();
    assert!(alarms.contains("of the backup of"), "{alarms}");
    // A restart begins no other life.
    chain.programs[3].stop().await;
    chain.programs[3].start().await;
    assert_eq!(
        status(&chain.programs[3]).await["nodes"][0]["epoch"]["order"],
        2
    );

    report(&chain.programs[4], 8, &mut promises).await;
    for _ in 0..8 {
        report_at_home(&chain.programs[3], &mut promises).await;
    }
    let found = chain.audited(&promises).await;
    let found: Vec<_> = found
        .iter()
        .filter(|violation| violation.fault != OF_A_LOST_JOURNAL)
        .map(ToString::to_string)
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn a_backup_of_the_last_moment_is_restored_without_any_loss() {
    let place = tempfile::tempdir().unwrap();
    let (key, recipient) = key(place.path());
    let file = place.path().join("village.age");
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let mut promises = vec![];
    report(&chain.programs[4], 15, &mut promises).await;
    chain.at_rest().await;
    chain.programs[4].stop().await;
    let village = chain.programs[4].data.clone();
    let backup = backing_up(&village, &file, &recipient)
        .output()
        .await
        .unwrap();
    assert!(backup.status.success(), "{}", stderr(&backup));
    let made: Value = serde_json::from_slice(&backup.stdout).unwrap();
    assert_eq!(made["header"]["running"], false);
    fs::rename(&village, village.with_extension("lost")).unwrap();
    let restored = restore(&file, &village, &key);
    assert_eq!(exit_code(&restored), 0, "{}", stderr(&restored));
    chain.programs[4].start().await;
    goes_on(&chain.programs[4]).await;
    report(&chain.programs[4], 7, &mut promises).await;
    balance(chain, &promises).await;
}

#[tokio::test]
async fn a_full_disk_leaves_no_half_backup_and_no_half_directory() {
    let place = tempfile::tempdir().unwrap();
    let (key, recipient) = key(place.path());
    let file = place.path().join("province.age");
    let mut chain = Programs::down_to("33");
    chain.start().await;
    let mut promises = vec![];
    let photo = vec![7; 200_000];
    for _ in 0..3 {
        report_at_home(&chain.programs[0], &mut promises).await;
    }
    let kept = chain.programs[0]
        .data
        .join("store/files/330000000000/kept/ab");
    fs::create_dir_all(&kept).unwrap();
    for n in 0..10 {
        fs::write(kept.join(format!("ab{n:062}")), &photo).unwrap();
    }
    let small = place.path().join("small");
    fs::create_dir(&small).unwrap();
    let Some(_mount) = Mount::tmpfs(&small, "1m") else {
        eprintln!("skipped: mounting a small file system is not permitted here (it takes root)");
        return;
    };
    let data = chain.programs[0].data.clone();
    let refused = backing_up(&data, &small, &recipient)
        .output()
        .await
        .unwrap();
    assert_eq!(exit_code(&refused), 1, "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("make room"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(
        fs::read_dir(&small).unwrap().count(),
        0,
        "something is left"
    );
    assert!(!data.join("last-backup.json").exists());

    let made = backing_up(&data, &file, &recipient).output().await.unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    // The metric says so, too.
    assert!(data.join("last-backup.json").exists());
    let refused = restore(&file, &small.join("data"), &key);
    assert_ne!(exit_code(&refused), 0);
    assert!(
        stderr(&refused).contains("room") || stderr(&refused).contains("full"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(
        fs::read_dir(&small).unwrap().count(),
        0,
        "something is left"
    );
    // A full disk of the node keeps nobody from backing it up.
    chain.programs[0].stop().await;
    let aside = data.with_extension("aside");
    fs::rename(&data, &aside).unwrap();
    fs::create_dir(&data).unwrap();
    let _full = Mount::tmpfs(&data, "24m").unwrap();
    let moved = std::process::Command::new("cp")
        .arg("-a")
        .arg(aside.join("."))
        .arg(&data)
        .status();
    assert!(moved.unwrap().success());
    chain.programs[0].start().await;
    let filler = fill(&data);
    let again = place.path().join("again.age");
    let made = backing_up(&data, &again, &recipient)
        .output()
        .await
        .unwrap();
    let told = stderr(&made);
    assert!(
        made.status.success() || told.contains("last-backup.json"),
        "{told}"
    );
    check(&again, &key);
    fs::remove_file(filler).unwrap();
    chain.programs[0].stop().await;
}

/// Reports a matter that stays where it is.
async fn report_at_home(program: &Program, promises: &mut Vec<Promise>) {
    let report = wujitong::api::ReportRequest::new("enforcement/rubbish", "rubbish at the bridge");
    let reported = program
        .client()
        .report(program.division, &report)
        .await
        .unwrap();
    promises.push(Promise::Act {
        matter: reported.id.parse().unwrap(),
        by: program.division,
        act: wujitong::domain::matter::Act::Report,
    });
}

#[tokio::test]
async fn a_backup_a_restore_and_a_compaction_may_be_killed_at_any_time() {
    let mut chance = StdRng::seed_from_u64(super::seed());
    let place = tempfile::tempdir().unwrap();
    let (key, recipient) = key(place.path());
    let mut chain = Programs::down_to("33");
    chain.start().await;
    let mut promises = vec![];
    for _ in 0..30 {
        report_at_home(&chain.programs[0], &mut promises).await;
    }
    let data = chain.programs[0].data.clone();
    let d = data.to_str().unwrap().to_owned();
    let file = place.path().join("province.age");
    for wait in [5, 40, 120] {
        let mut killed = backing_up(&data, &file, &recipient).spawn().unwrap();
        sleep(Duration::from_millis(chance.random_range(0..=wait))).await;
        drop(killed.start_kill());
        let ended = killed.wait().await.unwrap();
        assert!(file.exists() || !ended.success(), "it is not there");
        // The kill may also come after the backup got its name, which it gets when it is whole.
        if file.exists() {
            check(&file, &key);
            fs::remove_file(&file).unwrap();
        }
    }
    let made = backing_up(&data, &file, &recipient).output().await.unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    let left = fs::read_dir(place.path()).unwrap().count();
    assert_eq!(
        left, 2,
        "the key and the backup: drafts of killed ones are gone"
    );

    let elsewhere = place.path().join("elsewhere");
    for wait in [10, 60, 300, 800] {
        let [from, to, with] = [&*file, &*elsewhere, &*key].map(word);
        let arguments = [
            "restore",
            "--from",
            from,
            "--data",
            to,
            "--identity-file",
            with,
        ];
        let mut killed = command(&arguments).spawn().unwrap();
        sleep(Duration::from_millis(chance.random_range(0..=wait))).await;
        drop(killed.kill());
        drop(killed.wait());
        if elsewhere.join("network.toml").exists() {
            fs::remove_dir_all(&elsewhere).unwrap();
        }
    }
    let restored = restore(&file, &elsewhere, &key);
    assert_eq!(exit_code(&restored), 0, "{}", stderr(&restored));

    chain.programs[0].stop().await;
    let records = json(&["store", "check", "--data", &d])["records"].clone();
    for wait in [5, 30, 80, 150, 300, 600] {
        let mut killed = command(&["store", "compact", "--data", &d])
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(chance.random_range(0..=wait))).await;
        drop(killed.kill());
        drop(killed.wait());
        let found = json(&["store", "check", "--data", &d]);
        assert_eq!(
            (&found["whole"], &found["records"]),
            (&true.into(), &records)
        );
    }
    let done = json(&["store", "compact", "--data", &d]);
    assert_eq!(done["records"], records);
    assert!(!data.join("store.compact").exists());
    chain.start().await;
    balance(chain, &promises).await;
}
