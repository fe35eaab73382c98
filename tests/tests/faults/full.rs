//! Full disks under a node.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use testkit::{
    CLERK, Network, Options, PATH, audit::Promise, code, eventually, known, program::Programs,
    rubbish,
};
use tokio::time::sleep;
use wujitong::{
    api::{LinkState, ReportRequest},
    cli::client::ClientError,
    domain::matter::Act,
    office::{DiskTrouble, Fault},
};

use crate::faults::{
    disk::{balance, report},
    drill::{TOWNSHIP, VILLAGE},
};

/// A small file system of its own, unmounted when dropped.
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts a tmpfs; `None` where mounting is not permitted.
    pub(crate) fn tmpfs(at: &Path, size: &str) -> Option<Self> {
        let mount = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=700"),
                "tmpfs",
            ])
            .arg(at)
            .output();
        mount
            .is_ok_and(|mount| mount.status.success())
            .then(|| Self(at.to_owned()))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn move_all(from: &Path, to: &Path) {
    let moved = Command::new("cp")
        .arg("-a")
        .arg(from.join("."))
        .arg(to)
        .status();
    assert!(moved.unwrap().success());
}

/// Fills all free space; returns the file that takes it.
pub(crate) fn fill(dir: &Path) -> PathBuf {
    let filler = dir.join("filler");
    let full = Command::new("dd")
        .args(["if=/dev/zero", "bs=4k"])
        .arg(format!("of={}", filler.display()))
        .output();
    assert!(!full.unwrap().status.success(), "the disk is not full");
    filler
}

#[tokio::test]
async fn a_full_disk_is_answered_with_an_error_and_survived() {
    let mut chain = Programs::down_to(VILLAGE);
    let data = chain.programs[4].data.clone();
    let aside = data.with_extension("aside");
    fs::rename(&data, &aside).unwrap();
    fs::create_dir(&data).unwrap();
    let Some(_mount) = Mount::tmpfs(&data, "24m") else {
        eprintln!("skipped: mounting a small file system is not permitted here (it takes root)");
        return;
    };
    move_all(&aside, &data);
    chain.start().await;
    let mut promises = vec![];
    report(&chain.programs[4], 6, &mut promises).await;
    let filler = fill(&data);
    let village = &chain.programs[4];
    let client = village.client();
    let big = ReportRequest::new("enforcement/rubbish", &"大".repeat(2_000));
    // A few reports fit into space that was allocated ahead.
    let mut taken = 0;
    let problem = loop {
        match client.report(village.division, &big).await {
            Ok(reported) => {
                promises.push(Promise::Act {
                    matter: reported.id.parse().unwrap(),
                    by: village.division,
                    act: Act::Report,
                });
                taken += 1;
                assert!(taken < 1000, "nothing is ever full");
            }
            Err(ClientError::Problem(problem)) => break problem,
            Err(error) => panic!("{error}\n{}", village.log()),
        }
    };
    assert_eq!(problem.status, 507, "{problem}");
    assert!(problem.detail.contains("disk is full"), "{problem}");
    let again = client.report(village.division, &big).await;
    assert!(
        matches!(&again, Err(ClientError::Problem(problem)) if problem.status == 507),
        "{again:?}"
    );
    // Reading continues, and writing is refused with the reason.
    for promise in &promises {
        if let Promise::Act { matter, .. } = promise {
            let read = client.matter(village.division, &matter.to_string()).await;
            read.unwrap();
        }
    }
    let lists = format!("/v1/nodes/{}/matters", village.division);
    client.get::<serde_json::Value>(&lists).await.unwrap();
    let status = client.status(false).await.unwrap();
    assert!(status.disk.unwrap().contains("full"), "status is silent");
    let pid = village.pid();
    fs::remove_file(filler).unwrap();
    let begun = std::time::Instant::now();
    while let Err(error) = client.report(village.division, &big).await {
        assert!(
            begun.elapsed() < Duration::from_secs(120),
            "{error}\n{}",
            village.log()
        );
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(village.pid(), pid, "it was started anew");
    assert_eq!(client.status(false).await.unwrap().disk, None);
    report(village, 6, &mut promises).await;
    balance(chain, &promises).await;
}

#[tokio::test]
async fn a_node_on_a_full_disk_ends_when_it_is_told_to() {
    let mut chain = Programs::down_to("33");
    let data = chain.programs[0].data.clone();
    let aside = data.with_extension("aside");
    fs::rename(&data, &aside).unwrap();
    fs::create_dir(&data).unwrap();
    let Some(_mount) = Mount::tmpfs(&data, "6m") else {
        eprintln!("skipped: mounting a small file system is not permitted here (it takes root)");
        return;
    };
    move_all(&aside, &data);
    chain.start().await;
    fill(&data);
    let province = &mut chain.programs[0];
    let client = province.client();
    let big = ReportRequest::new("enforcement/rubbish", &"大".repeat(2_000));
    let mut taken = 0;
    while client.report(province.division, &big).await.is_ok() {
        taken += 1;
        assert!(taken < 1000, "nothing is ever full");
    }
    let status = client.status(true).await.unwrap();
    assert!(status.disk.is_some());
    let stopped = tokio::time::timeout(Duration::from_secs(120), province.stop()).await;
    stopped.expect("SIGTERM was not heard");
}

/// Returns the state of one node's link to another.
fn link(network: &Network, at: &str, to: &str) -> LinkState {
    let states = network.node(at).links.states();
    let found = states.into_iter().find(|(of, _)| *of == code(to));
    found.unwrap().1
}

/// Waits until the township's metric shows this state of its disk.
async fn shows_full(network: &Network, full: u8) {
    let host = network.host(TOWNSHIP);
    let line = format!("wujitong_store_full {full}\n");
    let shown = eventually("the metric says so", || async {
        host.metrics().encode().contains(&line)
    });
    tokio::select! {
        () = host.ailing() => panic!("the disk did not fail"),
        () = shown => {}
    }
}

#[tokio::test]
async fn what_neighbours_hand_over_waits_with_them_while_the_disk_is_full() {
    let mut network = Network::founded(&[VILLAGE], Options::default()).await;
    let home = network.home(TOWNSHIP).to_owned();
    let aside = home.with_extension("aside");
    fs::rename(&home, &aside).unwrap();
    fs::create_dir(&home).unwrap();
    let Some(_mount) = Mount::tmpfs(&home, "24m") else {
        eprintln!("skipped: mounting a small file system is not permitted here (it takes root)");
        return;
    };
    move_all(&aside, &home);
    for division in PATH.iter().rev() {
        network.restart(division).await;
    }
    network.linked().await;
    let before = network.report_up(VILLAGE, "at the bridge", TOWNSHIP).await;
    network.held(TOWNSHIP, before).await;
    network.quiet().await;

    let filler = fill(&home);
    let township = network.office(TOWNSHIP);
    let mut taken = 0;
    let refused = loop {
        match township
            .matters()
            .report(rubbish(&"大".repeat(2_000)), CLERK)
            .await
        {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 1000, "nothing is ever full");
    };
    let trouble = refused.fault().and_then(Fault::disk_trouble);
    assert_eq!(trouble, Some(DiskTrouble::Full), "{refused}");
    let (below, above) = (
        link(&network, VILLAGE, TOWNSHIP),
        link(&network, TOWNSHIP, VILLAGE),
    );
    // The second one comes over the session in which the first one waits.
    let mut later = vec![];
    for n in 1..=2 {
        later.push(network.report_up(VILLAGE, "at the school", TOWNSHIP).await);
        eventually("the township was brought it", || async {
            link(&network, TOWNSHIP, VILLAGE).received >= above.received + n
        })
        .await;
    }
    shows_full(&network, 1).await;
    for (at, to, then) in [(VILLAGE, TOWNSHIP, &below), (TOWNSHIP, VILLAGE, &above)] {
        let now = link(&network, at, to);
        assert!(now.up, "{at}: {now:?}");
        assert_eq!(
            (now.since_ms, now.last_end),
            (then.since_ms, then.last_end.clone())
        );
    }
    assert_eq!(link(&network, VILLAGE, TOWNSHIP).settled, below.settled);
    for later in &later {
        assert!(known(&township, *later).await.is_none());
    }
    assert!(known(&township, before).await.is_some(), "it is read");
    assert_eq!(township.alarms().all().await.unwrap(), []);

    fs::remove_file(filler).unwrap();
    for later in later {
        network.held(TOWNSHIP, later).await;
    }
    assert_eq!(link(&network, VILLAGE, TOWNSHIP).since_ms, below.since_ms);
    shows_full(&network, 0).await;
    drop(township);
    network.shut_down().await;
}
