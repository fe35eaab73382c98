//! Checks with a trace of system calls that the store is synced before anything is acknowledged.

use std::{fs, path::Path, time::Duration};

use testkit::{eventually, program::Programs};
use tokio::time::sleep;
use wujitong::{
    api::{ReportRequest, StandingView},
    app::SystemClock,
    office::Clock,
};

use crate::faults::drill::{TOWNSHIP, VILLAGE};

/// Calls that write, and calls that sync.
const WRITES: [&str; 8] = [
    "write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg",
];
const SYNCS: [&str; 2] = ["fdatasync", "fsync"];

/// The category of the report, which nothing else here has: it is in the report's record in plain
/// text. The text of a report is sealed before it is written, so a trace of the writes does not
/// show it.
const MARK: &str = "market/licence";

/// One system call: its first and last line in the trace, and its arguments as far as shown.
struct Call {
    name: String,
    shown: String,
    began: usize,
    ended: Option<usize>,
    /// When it ended, in milliseconds since 1970, if the trace has it.
    ended_ms: i64,
}

impl Call {
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// Returns the file of the call, if it is in a store.
    fn stored_in<'a>(&'a self, data: &Path) -> Option<&'a str> {
        let (_, rest) = self.shown.split_once('<')?;
        let (path, _) = rest.split_once('>')?;
        Path::new(path)
            .starts_with(data.join("store"))
            .then_some(path)
    }
}

/// Parses the output of `strace -f -ttt -T`. A call that others interrupt has two lines.
fn read(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = vec![];
    for (at, line) in trace.lines().enumerate() {
        // Short thread numbers are padded.
        let Some((thread, rest)) = line.split_once(' ') else {
            continue;
        };
        let Some((time, rest)) = rest.trim_start().split_once(' ') else {
            continue;
        };
        let now = time.parse::<f64>().unwrap_or_default() * 1000.0;
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let name = resumed.split_whitespace().next().unwrap_or_default();
            let by = format!("{thread} ");
            let open = calls.iter_mut().rev().find(|call| {
                call.ended.is_none() && call.name == name && call.shown.starts_with(&by)
            });
            if let Some(call) = open {
                call.ended = Some(at);
                call.ended_ms = now as i64;
                call.shown.push_str(resumed);
            }
            continue;
        }
        let Some((name, _)) = rest.split_once('(') else {
            continue;
        };
        // `<0.3>` at the end of a line is the duration of the call.
        let took = rest
            .rsplit_once('<')
            .and_then(|(_, took)| took.strip_suffix('>'));
        let took: f64 = took.and_then(|took| took.parse().ok()).unwrap_or_default();
        calls.push(Call {
            name: name.to_owned(),
            shown: format!("{thread} {rest}"),
            began: at,
            ended: (!rest.ends_with("<unfinished ...>")).then_some(at),
            ended_ms: (now + took * 1000.0) as i64,
        });
    }
    calls
}

fn marked() -> ReportRequest {
    ReportRequest::new(MARK, "没有执照")
}

/// Returns options of a tracer that keeps the traced process a child of this one.
fn tracer(out: &Path, more: &[&str]) -> Vec<String> {
    let calls = format!("trace={},{}", WRITES.join(","), SYNCS.join(","));
    let out = out.display().to_string();
    let words = ["strace", "-D", "-f", "-ttt", "-T", "-yy", "-s", "2000000"];
    let words = words.into_iter().chain(["-o", &out, "-e", &calls]);
    words
        .chain(more.iter().copied())
        .map(str::to_owned)
        .collect()
}

/// Returns the whole trace of a process that has ended. Its tracer may still be writing; the last
/// line is the end of the process.
async fn whole(out: &Path, pid: u32) -> Vec<Call> {
    let last = |line: &str| {
        line.contains("+++ exited with") && line.split(' ').next() == Some(&pid.to_string())
    };
    let ended = || async { fs::read_to_string(out).unwrap().lines().any(last) };
    eventually("the trace ends", ended).await;
    read(&fs::read_to_string(out).unwrap())
}

/// Returns the call that wrote the mark into a file of the store, and the sync of that file after
/// it.
fn kept_and_synced<'a>(calls: &'a [Call], data: &Path) -> (&'a Call, Option<&'a Call>) {
    let marked = |call: &&Call| call.is_one_of(&WRITES) && call.shown.contains(MARK);
    let kept = calls
        .iter()
        .filter(|call| call.stored_in(data).is_some())
        .find(marked)
        .expect("the report is written to a file of the store");
    let file = kept.stored_in(data);
    let after = kept.ended.expect("the write is over");
    let synced = calls.iter().find(|call| {
        call.is_one_of(&SYNCS)
            && call.stored_in(data) == file
            && call.began > after
            && call.ended.is_some()
            && call.shown.contains("= 0")
    });
    (kept, synced)
}

#[tokio::test]
async fn a_report_is_on_the_disk_before_it_is_answered() {
    let mut chain = Programs::down_to(VILLAGE);
    let out = chain.programs[0].data.with_extension("trace");
    chain.programs[4].under = tracer(&out, &[]);
    chain.start().await;
    chain.at_rest().await;
    let village = &mut chain.programs[4];
    let report = marked();
    village
        .client()
        .report(village.division, &report)
        .await
        .unwrap();
    let pid = village.pid().unwrap();
    village.stop().await;
    let calls = whole(&out, pid).await;
    let (kept, synced) = kept_and_synced(&calls, &village.data);
    let answered = calls
        .iter()
        .find(|call| {
            call.is_one_of(&WRITES)
                && call.stored_in(&village.data).is_none()
                && call.shown.contains("HTTP/1.1 201")
        })
        .expect("the report is answered");
    assert!(
        kept.began < answered.began,
        "answered before it was written"
    );
    let synced = synced.and_then(|synced| synced.ended);
    assert!(
        synced.is_some_and(|synced| synced < answered.began),
        "line {} writes the report, line {} answers it, and no sync of the same file ends between",
        kept.began + 1,
        answered.began + 1,
    );
}

/// The bytes of an acknowledgement to a neighbour are encrypted, so syncs are slowed down instead:
/// the giver must not learn of an acknowledgement before the receiver's sync has ended.
#[tokio::test]
async fn a_transfer_is_on_the_disk_before_it_is_acknowledged() {
    const SLOW: Duration = Duration::from_millis(700);
    let mut chain = Programs::down_to(VILLAGE);
    let out = chain.programs[0].data.with_extension("trace");
    let slow = format!("inject={}:delay_exit={}", SYNCS.join(","), SLOW.as_micros());
    chain.programs[3].under = tracer(&out, &["-e", &slow]);
    chain.start().await;
    chain.at_rest().await;
    let village = &chain.programs[4];
    let client = village.client();
    let mut report = marked();
    report.escalate_to = Some(TOWNSHIP.parse().unwrap());
    let reported = client.report(village.division, &report).await.unwrap();
    let acknowledged = loop {
        let view = client.matter(village.division, &reported.id).await.unwrap();
        let now = SystemClock.now().0;
        if view.facts.standing == StandingView::Elsewhere {
            break now;
        }
        sleep(Duration::from_millis(5)).await;
    };
    let township = &mut chain.programs[3];
    let pid = township.pid().unwrap();
    township.stop().await;
    let calls = whole(&out, pid).await;
    let (_, synced) = kept_and_synced(&calls, &township.data);
    // The syncing thread is held after that, which the trace does not count.
    let synced = synced.expect("the transfer is synced").ended_ms + SLOW.as_millis() as i64;
    assert!(
        acknowledged >= synced,
        "the village knew {} ms before the township had synced",
        synced - acknowledged
    );
}
