//! Files that were damaged on disk.

use wujitong::domain::alarm::{Alarm, AlarmKind};

use super::*;

/// Flips a bit in every file of a node.
fn damage(network: &Network, at: &str) {
    for path in below(&network.home(at).join("store/files")) {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
}

/// Returns the alarm about damaged files at a node.
async fn alarm(network: &Network, at: &str) -> Alarm {
    let alarms = network.office(at).alarms().all().await.unwrap();
    let mut alarms = alarms.into_iter();
    let found = alarms.find(|alarm| alarm.kind == AlarmKind::FileDamaged);
    found.expect("an alarm stands")
}

#[tokio::test]
async fn what_damaged_a_fetched_file_is_found_alarmed_and_the_file_fetched_anew() {
    let network = Network::of(&[VILLAGE]).await;
    let id = photo_for_the_county(&network).await;
    let whole = file(&network, COUNTY, id, "0").await.unwrap();
    damage(&network, COUNTY);
    assert_eq!(file(&network, COUNTY, id, "0").await.unwrap(), whole);
    // The division that gave the matter away has the bytes, and can no longer open them.
    let village = network.office(VILLAGE);
    let read = village
        .files()
        .attachment(id, FIRST, Part::Whole, Reader::Reporter(None));
    let error = read.await.err().unwrap().to_string();
    assert!(error.contains("its holder sees it"), "{error}");
    // Where the file was uploaded there is no other copy.
    let photo = upload(&network, VILLAGE, Media::Png, &photo(400, 300, 8)).await;
    let new = NewReport {
        attachments: vec![photo],
        ..rubbish("see the other photo")
    };
    let id = report(&network, VILLAGE, new, None).await;
    damage(&network, VILLAGE);
    let read = village
        .files()
        .attachment(id, FIRST, Part::Whole, Reader::Reporter(None))
        .await;
    let error = read.err().unwrap().to_string();
    assert!(error.contains("is damaged on this node's disk"), "{error}");
    assert_eq!(alarm(&network, VILLAGE).await.settled, None);
    assert!(alarm(&network, COUNTY).await.settled.is_some());
    drop(village);
    network.shut_down().await;
}

#[tokio::test]
async fn a_damaged_original_is_brought_back_from_who_has_a_copy() {
    let mut network = Network::of(&[VILLAGE]).await;
    let photo = upload(&network, VILLAGE, Media::Png, &photo(400, 300, 7)).await;
    let new = NewReport {
        attachments: vec![photo],
        ..rubbish("see the photo")
    };
    let id = report(&network, VILLAGE, new, Some(TOWNSHIP)).await;
    network.held(TOWNSHIP, id).await;
    let whole = file(&network, TOWNSHIP, id, "0").await.unwrap();
    network.send_back(TOWNSHIP, id).await;
    network.held(VILLAGE, id).await;
    damage(&network, VILLAGE);
    network.stop(TOWNSHIP).await;
    assert_eq!(status(file(&network, VILLAGE, id, "0").await), 504);
    assert_eq!(alarm(&network, VILLAGE).await.settled, None);

    network.restart(TOWNSHIP).await;
    network.linked().await;
    assert_eq!(file(&network, VILLAGE, id, "0").await.unwrap(), whole);
    assert!(alarm(&network, VILLAGE).await.settled.is_some());
    // From now on it needs no other node for the file.
    network.stop(TOWNSHIP).await;
    assert_eq!(file(&network, VILLAGE, id, "0").await.unwrap(), whole);
    network.shut_down().await;
}

#[tokio::test]
async fn whoever_is_asked_for_a_damaged_original_brings_it_back_first() {
    let network = Network::of(&[VILLAGE]).await;
    let photo = upload(&network, TOWNSHIP, Media::Png, &photo(400, 300, 7)).await;
    let new = NewReport {
        attachments: vec![photo],
        ..rubbish("see the photo")
    };
    let id = report(&network, TOWNSHIP, new, None).await;
    network.assign(TOWNSHIP, id, VILLAGE).await;
    network.held(VILLAGE, id).await;
    let whole = file(&network, VILLAGE, id, "0").await.unwrap();
    network.send_back(VILLAGE, id).await;
    network.held(TOWNSHIP, id).await;
    network.escalate(TOWNSHIP, id, COUNTY).await;
    network.held(COUNTY, id).await;
    damage(&network, TOWNSHIP);
    assert_eq!(file(&network, COUNTY, id, "0").await.unwrap(), whole);
    assert!(alarm(&network, TOWNSHIP).await.settled.is_some());
    network.audited().await;
    network.shut_down().await;
}
