//! Courier files between running nodes: a village that no link reaches hands up its matters and hears the answers.

use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use testkit::{CLERK, COUNTY, Network, TOWNSHIP, VILLAGE, code, eventually, holds, known};
use wujitong::{
    api::{COURIER_FILE, CourierFileMade, CourierFileRead, CourierStatus, MakeCourierFile, Named},
    cli::client::Client,
    domain::{
        ids::MatterId,
        matter::{Outcome, Status},
        revocation::Reason,
    },
    office::Office,
    peer::courier::{Exported, Imported},
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";

async fn export(network: &Network, from: &str, to: &str) -> Exported {
    let node = network.node(from);
    let made = node.courier().export(code(to), false, CLERK).await;
    made.expect("a file is made")
}

async fn try_import(network: &Network, at: &str, file: &Bytes) -> Result<Imported, String> {
    let node = network.node(at);
    let read = node.courier().import(file.clone(), CLERK).await;
    read.map_err(|error| error.to_string())
}

async fn import(network: &Network, at: &str, file: &Exported) -> Imported {
    let read = try_import(network, at, &file.file).await;
    read.expect("the file is read")
}

/// Carries a file up and one down.
async fn round(network: &Network) -> (Imported, Imported) {
    let up = import(network, TOWNSHIP, &export(network, VILLAGE, TOWNSHIP).await).await;
    let down = import(network, VILLAGE, &export(network, TOWNSHIP, VILLAGE).await).await;
    (up, down)
}

fn waits(office: &Office, neighbour: &str) -> usize {
    let queues = office.inbox().queues().into_iter();
    let queues = queues.filter(|queue| queue.neighbour == code(neighbour));
    queues.map(|queue| queue.segments).sum()
}

/// Everything that the two say is answered. What a timer queues meanwhile takes another round.
async fn nothing_waits(network: &Network) {
    let (village, township) = (network.office(VILLAGE), network.office(TOWNSHIP));
    eventually("nothing waits at the village or for it", || async {
        let none = waits(&village, TOWNSHIP) == 0 && waits(&township, VILLAGE) == 0;
        if !none {
            round(network).await;
        }
        none
    })
    .await;
}

async fn is_closed(office: &Arc<Office>, id: MatterId) -> bool {
    let matter = known(office, id).await;
    matter.is_some_and(|matter| matter.status == Status::Closed(Outcome::Solved))
}

/// A village and its neighbour, whose links were up once; the village's is cut.
async fn cut_off() -> Network {
    let network = Network::of(&[VILLAGE, NEIGHBOUR]).await;
    network.linked().await;
    network.quiet().await;
    network.cut(VILLAGE).await;
    network
}

#[tokio::test]
async fn a_report_of_a_village_without_a_link_reaches_the_county_and_its_answer_returns() {
    let network = cut_off().await;
    let village = network.office(VILLAGE);
    let id = network
        .report_up(VILLAGE, "the bridge is broken", COUNTY)
        .await;
    let before = waits(&village, TOWNSHIP);
    assert!(before > 0);

    let made = export(&network, VILLAGE, TOWNSHIP).await;
    assert!(made.envelopes > 0 && made.left == 0);
    assert!(
        waits(&village, TOWNSHIP) >= before,
        "nothing leaves the outbox before the answer is here"
    );
    let text = String::from_utf8_lossy(&made.file);
    assert!(!text.contains("bridge"), "only the neighbour reads it");
    let read = import(&network, TOWNSHIP, &made).await;
    assert_eq!(read.accepted, made.envelopes);
    assert_eq!((read.refused, read.not_taken, read.late), (0, 0, false));
    network.held(COUNTY, id).await;
    assert!(waits(&village, TOWNSHIP) >= before, "still not answered");

    // The county decides; the township has the notice and no way to the village.
    network.close(COUNTY, id).await;
    network.closed(TOWNSHIP, id).await;
    assert!(!is_closed(&village, id).await);
    let back = export(&network, TOWNSHIP, VILLAGE).await;
    assert!(back.answers > 0 && back.envelopes > 0);
    let read = import(&network, VILLAGE, &back).await;
    assert!(read.settled >= before, "every segment is answered");
    nothing_waits(&network).await;
    assert!(
        is_closed(&village, id).await,
        "the answer of the county is here"
    );
    assert!(!holds(&village, id).await);

    // The village's next file carries nothing twice, and the township then keeps no answers for it.
    let (up, _) = round(&network).await;
    assert_eq!(up.refused, 0);
    nothing_waits(&network).await;

    // The link comes back, and nothing happens twice.
    network.mend(VILLAGE);
    network.quiet().await;
    assert!(is_closed(&village, id).await);
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn files_that_come_twice_late_and_in_any_order_do_no_harm() {
    let network = cut_off().await;
    let (village, township) = (network.office(VILLAGE), network.office(TOWNSHIP));
    let first = network.report_up(VILLAGE, "one", TOWNSHIP).await;
    let one = export(&network, VILLAGE, TOWNSHIP).await;
    let second = network.report_up(VILLAGE, "two", TOWNSHIP).await;
    let two = export(&network, VILLAGE, TOWNSHIP).await;
    let third = network.report_up(VILLAGE, "three", TOWNSHIP).await;
    let three = export(&network, VILLAGE, TOWNSHIP).await;
    assert_eq!([one.number, two.number, three.number], [1, 2, 3]);

    let read = import(&network, TOWNSHIP, &two).await;
    assert!(!read.late && holds(&township, first).await && holds(&township, second).await);
    let again = import(&network, TOWNSHIP, &two).await;
    assert!(again.late);
    assert_eq!((again.accepted, again.refused), (read.accepted, 0));
    let late = import(&network, TOWNSHIP, &one).await;
    assert!(late.late && late.refused == 0 && late.accepted > 0);
    assert!(!holds(&township, third).await);

    // The answers go home twice as well, the later file first.
    let earlier = export(&network, TOWNSHIP, VILLAGE).await;
    import(&network, TOWNSHIP, &three).await;
    let later = export(&network, TOWNSHIP, VILLAGE).await;
    let settled = import(&network, VILLAGE, &later).await.settled;
    assert!(settled > 0);
    nothing_waits(&network).await;
    for file in [&earlier, &later] {
        let again = import(&network, VILLAGE, file).await;
        assert!(again.late);
        assert_eq!((again.settled, again.refused), (0, 0));
    }
    for id in [first, second, third] {
        assert!(holds(&township, id).await && !holds(&village, id).await);
    }
    network.mend(VILLAGE);
    network.quiet().await;
    // What was carried by hand comes once more after the link, and changes nothing.
    let read = import(&network, TOWNSHIP, &three).await;
    assert!(read.late && read.refused == 0);
    network.quiet().await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn the_link_and_the_courier_may_bring_the_same() {
    let network = cut_off().await;
    let id = network.report_up(VILLAGE, "one", COUNTY).await;
    let made = export(&network, VILLAGE, TOWNSHIP).await;
    network.mend(VILLAGE);
    network.held(COUNTY, id).await;
    network.quiet().await;
    let read = import(&network, TOWNSHIP, &made).await;
    assert_eq!((read.accepted, read.refused), (made.envelopes, 0));
    let back = export(&network, TOWNSHIP, VILLAGE).await;
    assert_eq!(import(&network, VILLAGE, &back).await.settled, 0);
    network.quiet().await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn files_that_are_cut_changed_forged_or_for_others_change_nothing() {
    let network = cut_off().await;
    let township = network.office(TOWNSHIP);
    let id = network.report_up(VILLAGE, "one", TOWNSHIP).await;
    let made = export(&network, VILLAGE, TOWNSHIP).await;
    let whole = made.file.clone();

    let elsewhere = try_import(&network, NEIGHBOUR, &whole).await.unwrap_err();
    assert!(elsewhere.contains("is for"), "{elsewhere}");
    let other = export(&network, TOWNSHIP, NEIGHBOUR).await;
    let stolen = try_import(&network, VILLAGE, &other.file)
        .await
        .unwrap_err();
    assert!(stolen.contains("is for"), "{stolen}");
    let own = export(&network, TOWNSHIP, VILLAGE).await;
    let own = try_import(&network, TOWNSHIP, &own.file).await.unwrap_err();
    assert!(own.contains("is for"), "{own}");

    let text = try_import(&network, TOWNSHIP, &Bytes::from_static(b"PK\x03\x04")).await;
    assert!(text.unwrap_err().contains("not a courier file"));
    let mut newer = whole.to_vec();
    newer[16] = 2;
    let newer = try_import(&network, TOWNSHIP, &newer.into())
        .await
        .unwrap_err();
    assert!(newer.contains("upgrade"), "{newer}");
    let step = whole.len() / 40;
    for at in (0..whole.len()).step_by(step.max(1)) {
        let cut = try_import(&network, TOWNSHIP, &whole.slice(..at)).await;
        assert!(cut.is_err(), "cut at {at}");
        let mut changed = whole.to_vec();
        changed[at] ^= 0x10;
        let changed = try_import(&network, TOWNSHIP, &changed.into()).await;
        assert!(changed.is_err(), "changed at {at}");
    }
    let mut longer = whole.to_vec();
    longer.resize(5 * 1024 * 1024, 0);
    assert!(
        try_import(&network, TOWNSHIP, &longer.into())
            .await
            .is_err()
    );
    assert!(!holds(&township, id).await);
    let lines = township.courier().lines().await.unwrap();
    assert!(lines.iter().all(|line| line.read == 0), "{lines:?}");
    assert_eq!(import(&network, TOWNSHIP, &made).await.refused, 0);
    assert!(holds(&township, id).await);
    network.shut_down().await;
}

#[tokio::test]
async fn the_file_of_a_revoked_division_is_refused_and_its_neighbour_hears_of_it_by_courier() {
    let network = cut_off().await;
    let id = network.report_up(VILLAGE, "one", TOWNSHIP).await;
    let made = export(&network, VILLAGE, TOWNSHIP).await;
    let node = network.node(TOWNSHIP);
    let revoked = node.revoke((code(VILLAGE), None), Reason::Stolen, CLERK);
    revoked.await.unwrap();
    let refused = try_import(&network, TOWNSHIP, &made.file)
        .await
        .unwrap_err();
    assert!(refused.contains("revoked"), "{refused}");
    assert!(!holds(&network.office(TOWNSHIP), id).await);
    let refused = node.courier().export(code(VILLAGE), false, CLERK).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("no key"), "{refused}");
    network.shut_down().await;
}

#[tokio::test]
async fn no_courier_goes_to_or_comes_from_a_division_that_is_no_neighbour() {
    let network = cut_off().await;
    let node = network.node(VILLAGE);
    for to in [COUNTY, NEIGHBOUR, VILLAGE] {
        let refused = node.courier().export(code(to), false, CLERK).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("name a neighbour"), "{refused}");
    }
    network.shut_down().await;
}

#[tokio::test]
async fn heads_and_their_countersignatures_travel_by_courier_too() {
    let network = cut_off().await;
    let village = network.office(VILLAGE);
    let id = network.report(VILLAGE, "one").await;
    let (up, down) = round(&network).await;
    assert_eq!((up.refused, down.refused), (0, 0));
    // The township's file shows that it has what this process said, so the village may say its head.
    eventually("the village says the head of its log", || async {
        let made = export(&network, VILLAGE, TOWNSHIP).await;
        import(&network, TOWNSHIP, &made).await;
        let seen = network.office(TOWNSHIP).log().witnessed().await.unwrap();
        seen.iter()
            .any(|log| log.division == code(VILLAGE) && log.size > 0)
    })
    .await;
    eventually("the countersignatures return", || async {
        let back = export(&network, TOWNSHIP, VILLAGE).await;
        import(&network, VILLAGE, &back).await;
        let epoch = village.epoch().await.unwrap().id;
        let kept = village.log().countersigned(epoch).await.unwrap();
        kept.iter().any(|head| head.lines.len() == 2)
    })
    .await;
    assert!(holds(&village, id).await);
    network.shut_down().await;
}

#[tokio::test]
async fn more_than_one_file_holds_goes_on_in_the_next() {
    let network = cut_off().await;
    let township = network.office(TOWNSHIP);
    let mut ids = vec![];
    for n in 0..120 {
        let text = format!("{n}: {}", "很长的一段话。".repeat(270));
        ids.push(network.report_up(VILLAGE, &text, TOWNSHIP).await);
    }
    let node = network.node(VILLAGE);
    let mut files = vec![export(&network, VILLAGE, TOWNSHIP).await];
    while files.last().unwrap().left > 0 {
        let next = node.courier().export(code(TOWNSHIP), true, CLERK).await;
        files.push(next.unwrap());
    }
    assert!(files.len() > 1, "{} bytes", files[0].file.len());
    for file in files.iter().rev() {
        let read = import(&network, TOWNSHIP, file).await;
        assert_eq!((read.refused, read.not_taken), (0, 0));
    }
    for id in &ids {
        assert!(holds(&township, *id).await);
    }
    let back = export(&network, TOWNSHIP, VILLAGE).await;
    let read = import(&network, VILLAGE, &back).await;
    assert!(read.settled >= ids.len());
    nothing_waits(&network).await;
    network.mend(VILLAGE);
    network.quiet().await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn the_api_makes_and_reads_files_and_the_audit_trail_has_them() {
    let network = cut_off().await;
    let id = network.report_up(VILLAGE, "one", TOWNSHIP).await;
    let village = Client::new(network.host(VILLAGE).socket());
    let township = Client::new(network.host(TOWNSHIP).socket());
    let path = format!("/v1/nodes/{VILLAGE}/courier/{TOWNSHIP}");
    let asks = MakeCourierFile::default();
    let made: CourierFileMade = village.post(&path, &asks).await.unwrap();
    assert_eq!(made.name, "330825002222-330825002000-0001.courier");
    let file = Bytes::from(BASE64.decode(made.file.as_bytes()).unwrap());
    let path = format!("/v1/nodes/{TOWNSHIP}/courier");
    let put = township.put_file(&path, COURIER_FILE, file.clone());
    let read: Named<CourierFileRead> = put.await.unwrap();
    assert_eq!(read.facts.accepted, made.envelopes);
    assert!(holds(&network.office(TOWNSHIP), id).await);
    let seen: Named<CourierStatus> = township.get(&path).await.unwrap();
    let line = seen
        .facts
        .neighbours
        .iter()
        .find(|line| line.division == code(VILLAGE));
    let line = line.unwrap();
    assert!(!line.linked && line.answers > 0);
    assert_eq!(line.read.as_ref().unwrap().number, 1);
    let elsewhere = format!("/v1/nodes/{VILLAGE}/courier");
    let put = village.put_file(&elsewhere, COURIER_FILE, file);
    let put: Result<Named<CourierFileRead>, _> = put.await;
    let refused = put.unwrap_err().to_string();
    assert!(refused.contains("take it there"), "{refused}");
    for (at, words) in [
        (VILLAGE, "courier file 1 for"),
        (TOWNSHIP, "courier file 1 of"),
    ] {
        let client = Client::new(network.host(at).socket());
        let path = format!("/v1/nodes/{at}/audit");
        let trail: serde_json::Value = client.get(&path).await.unwrap();
        assert!(trail.to_string().contains(words), "{trail}");
    }
    network.shut_down().await;
}

#[tokio::test]
async fn a_file_of_an_earlier_life_of_a_store_is_refused_and_the_present_life_goes_on() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let copy = network.backup(VILLAGE);
    network.restart(VILLAGE).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "one", TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.quiet().await;
    let life = network.office(VILLAGE).epoch().await.unwrap().id;
    let made = export(&network, VILLAGE, TOWNSHIP).await;
    network.stop(VILLAGE).await;
    network.put_back(VILLAGE, &copy);
    network.restart(VILLAGE).await;
    let village = network.office(VILLAGE);
    eventually("the village begins a new life", || async {
        village.epoch().await.unwrap().id != life
    })
    .await;
    network.linked().await;
    let refused = try_import(&network, TOWNSHIP, &made.file)
        .await
        .unwrap_err();
    assert!(refused.contains("earlier life"), "{refused}");
    let later = network.report_up(VILLAGE, "two", TOWNSHIP).await;
    network.held(TOWNSHIP, later).await;
    let made = export(&network, VILLAGE, TOWNSHIP).await;
    let read = import(&network, TOWNSHIP, &made).await;
    assert!(!read.late && read.refused == 0, "{read:?}");
    network.shut_down().await;
}
