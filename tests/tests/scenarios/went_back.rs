//! Custody after a store went back in time.

use std::time::Duration;

use testkit::{CLERK, COUNTY, Network, TOWNSHIP, VILLAGE, code, eventually, holds};
use wujitong::{
    domain::{alarm::AlarmKind, custody::Refusal, ids::MatterId},
    office::{Failed, MatterRefusal, NewReport},
};

async fn reported(network: &Network, at: &str, text: &str) -> MatterId {
    let new = NewReport::new("enforcement/lighting".parse().unwrap(), text.to_owned());
    network
        .office(at)
        .matters()
        .report(new, CLERK)
        .await
        .unwrap()
}

async fn goes_on(network: &Network, at: &str) {
    eventually("nobody is waited for", || async {
        let office = network.office(at);
        office.epoch().await.unwrap().order > 1 && office.inbox().awaited().await.unwrap().is_none()
    })
    .await;
}

async fn only_holder(network: &Network, id: MatterId, of: &[&str], holder: &str) {
    network.held(holder, id).await;
    for other in of.iter().filter(|other| **other != holder) {
        assert!(!holds(&network.office(other), id).await, "{id} at {other}");
    }
}

/// Starts a township with a matter of its own, and copies its store.
async fn a_township_with_a_copy() -> (Network, MatterId, tempfile::TempDir) {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = reported(&network, TOWNSHIP, "held when it was copied").await;
    network.quiet().await;
    network.stop(TOWNSHIP).await;
    let copy = network.backup(TOWNSHIP);
    network.restart(TOWNSHIP).await;
    network.linked().await;
    (network, id, copy)
}

/// Starts a township in its second epoch, after it was shown everything.
pub(crate) async fn a_township_that_went_back() -> Network {
    let (mut network, id, copy) = a_township_with_a_copy().await;
    network.escalate(TOWNSHIP, id, COUNTY).await;
    network.held(COUNTY, id).await;
    network.quiet().await;
    network.stop(TOWNSHIP).await;
    network.put_back(TOWNSHIP, &copy);
    network.restart(TOWNSHIP).await;
    goes_on(&network, TOWNSHIP).await;
    network.linked().await;
    network
}

#[tokio::test]
async fn what_a_lost_stretch_gave_or_took_has_one_holder_and_waits_for_the_neighbours() {
    let (mut network, given, copy) = a_township_with_a_copy().await;
    let kept = reported(
        &network,
        TOWNSHIP,
        "reported in the lost stretch, and told to nobody",
    )
    .await;
    network.escalate(TOWNSHIP, given, COUNTY).await;
    network.held(COUNTY, given).await;
    let taken = network.report_up(VILLAGE, "taken", TOWNSHIP).await;
    network.held(TOWNSHIP, taken).await;
    let down = reported(&network, COUNTY, "taken from above, and handed down").await;
    network.assign(COUNTY, down, TOWNSHIP).await;
    network.held(TOWNSHIP, down).await;
    network.assign(TOWNSHIP, down, VILLAGE).await;
    network.held(VILLAGE, down).await;
    network.quiet().await;

    network.stop(TOWNSHIP).await;
    network.put_back(TOWNSHIP, &copy);
    network.stop(COUNTY).await;
    network.restart(TOWNSHIP).await;
    let township = network.office(TOWNSHIP);
    eventually("the county is waited for", || async {
        township.inbox().awaited().await.unwrap() == Some(vec![code(COUNTY)])
    })
    .await;
    // It still believes that it holds a matter that it gave away.
    let refused = township.matters().accept(given, CLERK).await;
    assert!(
        matches!(
            refused,
            Err(Failed::Refused(MatterRefusal::Rules(Refusal::Awaits)))
        ),
        "{refused:?}"
    );
    // New matters work.
    let new = reported(&network, TOWNSHIP, "in the new life").await;
    township
        .matters()
        .accept(new, CLERK)
        .await
        .expect("nobody else can know of it");
    let fresh = network
        .report_up(VILLAGE, "from below, meanwhile", TOWNSHIP)
        .await;
    network.held(TOWNSHIP, fresh).await;
    township
        .matters()
        .accept(fresh, CLERK)
        .await
        .expect("nor of this");

    network.restart(COUNTY).await;
    goes_on(&network, TOWNSHIP).await;
    let all = [VILLAGE, TOWNSHIP, COUNTY];
    for (id, holder) in [
        (given, COUNTY),
        (taken, TOWNSHIP),
        (down, VILLAGE),
        (new, TOWNSHIP),
        (fresh, TOWNSHIP),
    ] {
        only_holder(&network, id, &all, holder).await;
        network.close(holder, id).await;
    }
    network.closed(VILLAGE, taken).await;
    network.closed(COUNTY, down).await;
    let known = township.matters().docket(kept).await.unwrap();
    assert!(known.is_none(), "nobody else ever heard of it");
    network.quiet().await;
    network.shut_down().await;
}

#[tokio::test]
async fn what_an_old_copy_did_before_it_met_anybody_is_set_aside_and_called_back() {
    let (mut network, id, copy) = a_township_with_a_copy().await;
    network.escalate(TOWNSHIP, id, COUNTY).await;
    network.held(COUNTY, id).await;
    network.quiet().await;

    network.stop(TOWNSHIP).await;
    network.stop(COUNTY).await;
    network.stop(VILLAGE).await;
    network.put_back(TOWNSHIP, &copy);
    network.restart(TOWNSHIP).await;
    network.assign(TOWNSHIP, id, VILLAGE).await;
    network.restart(VILLAGE).await;
    network.held(VILLAGE, id).await;
    network.restart(COUNTY).await;
    goes_on(&network, TOWNSHIP).await;
    eventually("the village is rid of it", || async {
        !holds(&network.office(VILLAGE), id).await
    })
    .await;
    only_holder(&network, id, &[VILLAGE, TOWNSHIP, COUNTY], COUNTY).await;
    let alarms = network.office(TOWNSHIP).alarms().all().await.unwrap();
    let aside = alarms
        .iter()
        .find(|alarm| alarm.kind == AlarmKind::StepsSetAside);
    assert!(
        aside.unwrap().detail.english.contains(&id.to_string()),
        "{aside:?}"
    );
    network.close(COUNTY, id).await;
    network.closed(TOWNSHIP, id).await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_operator_who_closes_the_alarm_goes_on_without_those_that_are_away() {
    let (mut network, id, copy) = a_township_with_a_copy().await;
    let lost = network.report_up(VILLAGE, "taken", TOWNSHIP).await;
    network.held(TOWNSHIP, lost).await;
    network.quiet().await;
    network.stop(TOWNSHIP).await;
    network.put_back(TOWNSHIP, &copy);
    network.stop(COUNTY).await;
    let waited = network
        .report_up(VILLAGE, "while it was away", TOWNSHIP)
        .await;
    network.restart(TOWNSHIP).await;
    let township = network.office(TOWNSHIP);
    eventually("the county is waited for", || async {
        township.inbox().awaited().await.unwrap() == Some(vec![code(COUNTY)])
    })
    .await;
    // A restart does not forget it.
    network.stop(TOWNSHIP).await;
    network.restart(TOWNSHIP).await;
    let township = network.office(TOWNSHIP);
    let awaited = township.inbox().awaited().await.unwrap();
    assert_eq!(awaited, Some(vec![code(COUNTY)]));
    let refused = township.matters().accept(id, CLERK).await;
    assert!(
        matches!(
            refused,
            Err(Failed::Refused(MatterRefusal::Rules(Refusal::Awaits)))
        ),
        "{refused:?}"
    );
    // Matters that a lost epoch may have taken wait, and no neighbour is reported for sending too
    // much.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert!(!holds(&township, waited).await);
    let alarms = township.alarms().all().await.unwrap();
    let flood = alarms
        .iter()
        .find(|alarm| alarm.kind == AlarmKind::RelayFull);
    assert_eq!(flood, None);
    let alarm = alarms
        .iter()
        .find(|alarm| alarm.kind == AlarmKind::StoreWentBack);
    let about = alarm.unwrap().about;
    township
        .alarms()
        .close(AlarmKind::StoreWentBack, about, CLERK)
        .await
        .unwrap();
    goes_on(&network, TOWNSHIP).await;
    township
        .matters()
        .accept(id, CLERK)
        .await
        .expect("work goes on");
    network.held(TOWNSHIP, lost).await;
    network.held(TOWNSHIP, waited).await;
    network.shut_down().await;
}
