//! Checks that the text of a report is in no file of any process: no store and no log, at any log
//! level.

use std::{fs, path::Path};

use serde_json::json;
use testkit::program::Programs;
use wujitong::api::{
    Contact, Erased, MatterView, Named, OpenedContact, Reach, ReportRequest, StandingView,
};

use crate::faults::drill::VILLAGE;

const COUNTY: usize = 2;
const TEXT: &str = "the canary text behind the house of Zhang San";
const NAME: &str = "张金丝雀";
const PHONE: &str = "13857099999";

/// Returns every file below a directory that contains one of these texts, and adds the bytes read
/// to `read`.
fn found_in(dir: &Path, needles: &[&str], read: &mut u64) -> Vec<String> {
    let mut found = vec![];
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path, needles, read));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap();
            *read += bytes.len() as u64;
            for needle in needles.iter().map(|needle| needle.as_bytes()) {
                if bytes.windows(needle.len()).any(|some| some == needle) {
                    let needle = String::from_utf8_lossy(needle);
                    found.push(format!("{}: {needle}", path.display()));
                }
            }
        }
    }
    found
}

#[tokio::test]
async fn no_log_and_no_store_of_any_process_has_what_a_person_wrote_before_or_after_it_is_erased() {
    let mut chain = Programs::down_to(VILLAGE);
    for program in &mut chain.programs {
        program.options = ["--set", "telemetry.log=trace"].map(str::to_owned).into();
    }
    chain.start().await;
    let (village, county) = (chain.programs.last().unwrap(), &chain.programs[COUNTY]);
    let mut report = ReportRequest::new("enforcement/rubbish", TEXT);
    report.contact = Some(Contact {
        name: NAME.to_owned(),
        phone: PHONE.to_owned(),
        address: String::new(),
    });
    report.escalate_to = Some(county.division);
    let client = village.client();
    let reported = client.report(village.division, &report).await.unwrap();
    chain.at_rest().await;
    let client = county.client();
    let path = format!("/v1/nodes/{}/matters/{}", county.division, reported.id);
    let shown: Named<MatterView> = client.get(&path).await.unwrap();
    assert_eq!(shown.facts.standing, StandingView::Holding);
    let open = format!("{path}/contact");
    let opened: OpenedContact = client
        .post(&open, &json!({"reason": "visit"}))
        .await
        .unwrap();
    assert_eq!(Some(opened.contact), report.contact);
    let dir = county.data.parent().unwrap().to_owned();
    let mut read = 0;
    let canaries = [TEXT, NAME, PHONE];
    assert_eq!(found_in(&dir, &canaries, &mut read), [""; 0]);
    let erase = format!("{path}/erasure");
    let reason = json!({"reason": "consent"});
    let erased: Erased = client.post(&erase, &reason).await.unwrap();
    assert_eq!(erased.reach, Reach::Everywhere);
    chain.at_rest().await;
    for program in chain.programs.iter_mut().rev() {
        program.stop().await;
        assert!(program.log().contains("TRACE"), "it was listened to");
    }
    assert_eq!(found_in(&dir, &canaries, &mut read), [""; 0]);
    let control = ["enforcement/rubbish"];
    assert!(!found_in(&dir, &control, &mut read).is_empty());
    assert!(read > 1 << 20, "{read} bytes");
}
