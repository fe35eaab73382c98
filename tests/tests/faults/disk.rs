//! Damaged, foreign and full disks under a node.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use testkit::{
    audit::Promise,
    program::{Program, Programs, program},
};
use wujitong::{
    api::ReportRequest,
    domain::matter::Act,
    store::{SledOptions, Store, WriteBatch},
};

use crate::faults::drill::{TOWNSHIP, VILLAGE};

/// Reports matters at the village, and escalates every other one.
pub(crate) async fn report(village: &Program, count: usize, promises: &mut Vec<Promise>) {
    let client = village.client();
    for n in 0..count {
        let mut report = ReportRequest::new("enforcement/rubbish", "rubbish at the bridge");
        let to = TOWNSHIP.parse().unwrap();
        report.escalate_to = n.is_multiple_of(2).then_some(to);
        let reported = client.report(village.division, &report).await.unwrap();
        let matter = reported.id.parse().unwrap();
        let by = village.division;
        let acts = [Act::Report].into_iter();
        for act in acts.chain(report.escalate_to.map(Act::Escalate)) {
            promises.push(Promise::Act { matter, by, act });
        }
    }
}

/// Stops everything and audits all books.
pub(crate) async fn balance(mut chain: Programs, promises: &[Promise]) {
    let found = chain.audited(promises).await;
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Returns the newest file of the log and the end of its content; the file continues with zeros
/// written ahead.
fn log_end(data: &Path) -> (PathBuf, u64) {
    let logs = fs::read_dir(data.join("store/redo")).unwrap();
    let logs = logs.map(|entry| entry.unwrap().path());
    let newest = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let newest = newest.max().unwrap();
    let content = fs::read(&newest).unwrap();
    let end = content.iter().rposition(|byte| *byte != 0);
    (newest, end.map_or(0, |last| last as u64 + 1))
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

/// Returns the program's message when it refuses to start because of its store.
async fn refusal(data: &Path) -> String {
    let run = tokio::process::Command::new(program())
        .args(["run", "--listen", "127.0.0.1:0", "--http", "off", "--data"])
        .arg(data)
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(Duration::from_secs(120), run).await;
    let run = run.expect("it started all the same").unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(
        run.status.code() == Some(6) && !said.contains("panicked"),
        "{said}"
    );
    said
}

#[tokio::test]
async fn a_torn_tail_of_the_log_is_dropped_and_nothing_acknowledged_with_it() {
    let mut chance = StdRng::seed_from_u64(super::seed());
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let mut promises = vec![];
    for torn in [1, 7, 40, 300, 5000] {
        let village = &mut chain.programs[4];
        report(village, 6, &mut promises).await;
        village.kill().await;
        let (log, end) = log_end(&village.data);
        let mut garbage = vec![0; torn];
        chance.fill(&mut garbage[..]);
        // Skips a byte or two that may be zeros of the last group.
        overwrite(&log, end + 8, &garbage);
        village.start().await;
    }
    balance(chain, &promises).await;
}

#[tokio::test]
async fn a_flipped_bit_in_the_log_is_named_and_nothing_is_thrown_away() {
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let mut promises = vec![];
    let village = &mut chain.programs[4];
    let (_, from) = log_end(&village.data);
    report(village, 20, &mut promises).await;
    village.kill().await;
    let (log, end) = log_end(&village.data);
    let at = (from.min(end / 2) + end) / 2;
    let was = fs::read(&log).unwrap()[at as usize];
    overwrite(&log, at, &[was ^ 0x10]);
    let said = refusal(&village.data).await;
    let name = log.file_name().unwrap().to_str().unwrap();
    assert!(said.contains("damaged") && said.contains(name), "{said}");
    overwrite(&log, at, &[was]);
    village.start().await;
    balance(chain, &promises).await;
}

#[tokio::test]
async fn a_newest_segment_that_lost_its_end_or_everything_is_refused_and_left_as_it_is() {
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let mut promises = vec![];
    let village = &mut chain.programs[4];
    report(village, 20, &mut promises).await;
    village.kill().await;
    let (log, end) = log_end(&village.data);
    let sound = fs::read(&log).unwrap();
    let mut zeroed = sound.clone();
    zeroed[end as usize / 2..].fill(0);
    for lost in [&[][..], &sound[..64], &sound[..end as usize / 2], &zeroed] {
        fs::write(&log, lost).unwrap();
        let said = refusal(&village.data).await;
        assert!(said.contains("damaged") && said.contains("redo/"), "{said}");
        assert_eq!(fs::read(&log).unwrap(), lost);
    }
    fs::remove_file(&log).unwrap();
    let said = refusal(&village.data).await;
    assert!(said.contains("is missing"), "{said}");
    fs::write(&log, sound).unwrap();
    village.start().await;
    balance(chain, &promises).await;
}

#[tokio::test]
async fn a_second_process_is_told_who_has_the_store() {
    let mut chain = Programs::down_to(VILLAGE);
    chain.start().await;
    let village = &chain.programs[4];
    let said = refusal(&village.data).await;
    let who = format!("in use by process {}", village.pid().unwrap());
    assert!(said.contains(&who), "{said}");
    // The first store was not damaged.
    report(village, 2, &mut vec![]).await;
}

#[tokio::test]
async fn a_record_of_a_newer_program_is_refused_by_name() {
    let chain = Programs::down_to("33");
    let province = &chain.programs[0];
    let store = Store::open_sled(&province.data.join("store"), SledOptions::default()).unwrap();
    let newer = WriteBatch {
        shard: province.division,
        expect: vec![],
        put: vec![(Bytes::from_static(b"c"), Bytes::from_static(&[9, 1, 2, 3]))],
        delete: vec![],
    };
    store.commit(newer).await.unwrap();
    store.close().await.unwrap();
    let said = refusal(&province.data).await;
    assert!(
        said.contains("version 9") && said.contains("newer"),
        "{said}"
    );
}
