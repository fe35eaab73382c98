//! A matter on its way through the tiers.

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PATH, PROVINCE, TOWNSHIP, VILLAGE, code, direct,
    emergency, eventually, known, peer::Stand, rubbish,
};
use wujitong::{
    api::{BodyView, MatterView},
    domain::{
        category::Visibility,
        custody::{GiveRefusal, Standing},
        envelope::{Lane, Payload},
        ids::MatterId,
        matter::{Act, Outcome},
        measure::Measure,
        request::{Reply, RequestKind},
    },
    wire::{
        frame::{Ack, Frame, Refused},
        refusal::RefusalCode,
    },
};

/// 童村碓村, in another county of the same city.
const OTHER_VILLAGE: &str = "330802005200";
const OTHER_TOWNSHIP: &str = "330802005";
const OTHER_COUNTY: &str = "330802";

async fn seen(network: &Network, division: &str, id: MatterId) -> MatterView {
    network.office(division).matters().matter(id).await.unwrap()
}

async fn acts(network: &Network, division: &str, id: MatterId) -> Vec<(String, Act)> {
    let steps = seen(network, division, id).await.steps;
    let act = |step: wujitong::api::StepView| (step.by.to_string(), step.act);
    steps.into_iter().map(act).collect()
}

fn by(division: &str, act: Act) -> (String, Act) {
    (code(division).to_string(), act)
}

#[tokio::test]
async fn up_five_tiers_and_closed_there_the_village_sees_every_step() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report(VILLAGE, "rubbish at the bridge").await;
    network
        .office(VILLAGE)
        .matters()
        .accept(id, CLERK)
        .await
        .unwrap();
    network.escalate(VILLAGE, id, PROVINCE).await;
    network.held(PROVINCE, id).await;
    let province = network.office(PROVINCE);
    let note = "two lorries sent".to_owned();
    province
        .matters()
        .handle(id, note.clone(), CLERK)
        .await
        .unwrap();
    network.close(PROVINCE, id).await;
    network.closed(VILLAGE, id).await;
    let up = code(PROVINCE);
    let expected = [
        by(VILLAGE, Act::Report),
        by(VILLAGE, Act::Accept),
        by(VILLAGE, Act::Escalate(up)),
        by(TOWNSHIP, Act::Relay(up)),
        by(COUNTY, Act::Relay(up)),
        by(CITY, Act::Relay(up)),
        by(PROVINCE, Act::Take),
        by(PROVINCE, Act::Handle),
        by(PROVINCE, Act::Close(Outcome::Solved)),
    ];
    for division in PATH {
        network.closed(division, id).await;
        assert_eq!(acts(&network, division, id).await, expected, "{division}");
        let handled = seen(&network, division, id).await.steps.swap_remove(7);
        assert_eq!(
            handled.note,
            Some(BodyView::Text(note.clone())),
            "{division}"
        );
    }
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn only_the_holder_reads_what_the_person_wrote() {
    let network = Network::of(&[VILLAGE]).await;
    let words = "it is behind the house of Zhang San";
    let id = network.report_up(VILLAGE, words, PROVINCE).await;
    network.held(PROVINCE, id).await;
    let masked = [VILLAGE, TOWNSHIP, COUNTY, CITY];
    for division in masked {
        assert_eq!(seen(&network, division, id).await.body, BodyView::Masked);
    }
    let holder = seen(&network, PROVINCE, id).await;
    assert_eq!(holder.body, BodyView::Text(words.to_owned()));
    network.send_back(PROVINCE, id).await;
    network.held(VILLAGE, id).await;
    let holder = seen(&network, VILLAGE, id).await;
    assert_eq!(holder.body, BodyView::Text(words.to_owned()));
    assert_eq!(seen(&network, PROVINCE, id).await.body, BodyView::Masked);
    network.shut_down().await;
}

#[tokio::test]
async fn down_into_another_county_through_the_common_ancestor_and_both_villages_see_it_closed() {
    let network = Network::of(&[VILLAGE, OTHER_VILLAGE]).await;
    let id = network
        .report_up(VILLAGE, "dumped by a lorry from Kecheng", CITY)
        .await;
    network.held(CITY, id).await;
    network.assign(CITY, id, OTHER_VILLAGE).await;
    network.held(OTHER_VILLAGE, id).await;
    network
        .office(OTHER_VILLAGE)
        .matters()
        .accept(id, CLERK)
        .await
        .unwrap();
    network.close(OTHER_VILLAGE, id).await;
    for division in [
        VILLAGE,
        TOWNSHIP,
        COUNTY,
        CITY,
        OTHER_COUNTY,
        OTHER_TOWNSHIP,
    ] {
        network.closed(division, id).await;
    }
    let (up, down) = (code(CITY), code(OTHER_VILLAGE));
    let expected = [
        by(VILLAGE, Act::Report),
        by(VILLAGE, Act::Escalate(up)),
        by(TOWNSHIP, Act::Relay(up)),
        by(COUNTY, Act::Relay(up)),
        by(CITY, Act::Take),
        by(CITY, Act::Assign(down)),
        by(OTHER_COUNTY, Act::Relay(down)),
        by(OTHER_TOWNSHIP, Act::Relay(down)),
        by(OTHER_VILLAGE, Act::Take),
        by(OTHER_VILLAGE, Act::Accept),
        by(OTHER_VILLAGE, Act::Close(Outcome::Solved)),
    ];
    assert_eq!(acts(&network, VILLAGE, id).await, expected);
    network.audited().await;
    let province = known(&network.office(PROVINCE), id).await;
    assert_eq!(province, None, "it never came there");
    network.shut_down().await;
}

#[tokio::test]
async fn what_was_returned_is_back_with_whoever_sent_it() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.assign(COUNTY, id, TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.send_back(TOWNSHIP, id).await;
    network.held(COUNTY, id).await;
    let other = network
        .report_up(VILLAGE, "past the township", COUNTY)
        .await;
    network.held(COUNTY, other).await;
    network.send_back(COUNTY, other).await;
    network.held(VILLAGE, other).await;
    let (up, down) = (code(COUNTY), code(VILLAGE));
    let expected = [
        by(VILLAGE, Act::Report),
        by(VILLAGE, Act::Escalate(up)),
        by(TOWNSHIP, Act::Relay(up)),
        by(COUNTY, Act::Take),
        by(COUNTY, Act::Return(down)),
        by(TOWNSHIP, Act::Relay(down)),
        by(VILLAGE, Act::Take),
    ];
    assert_eq!(acts(&network, VILLAGE, other).await, expected);
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_recalled_matter_comes_back() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", CITY).await;
    network.held(CITY, id).await;
    network.quiet().await;
    network.recall(VILLAGE, id).await;
    network.held(VILLAGE, id).await;
    network.answered(VILLAGE, id).await;
    let last = acts(&network, VILLAGE, id).await;
    assert!(
        last.contains(&by(CITY, Act::Yield(code(VILLAGE)))),
        "{last:?}"
    );
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_recall_waits_while_the_matter_is_on_its_way_and_follows_it() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "rubbish", TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    // The village knows that the matter was taken.
    network.quiet().await;
    network.cut(TOWNSHIP).await;
    network.escalate(TOWNSHIP, id, CITY).await;
    // The village may or may not know that the matter is on its way; it asks the township either
    // way.
    network.recall(VILLAGE, id).await;
    let township = network.office(TOWNSHIP);
    eventually("the request waits at the township", || async {
        let docket = township.matters().docket(id).await.unwrap().unwrap();
        docket.parked.len() == 1
    })
    .await;
    network.mend(TOWNSHIP);
    network.held(VILLAGE, id).await;
    network.answered(VILLAGE, id).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_recall_of_what_was_closed_or_is_coming_back_anyway_is_answered_and_changes_nothing() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let closed = network
        .report_up(VILLAGE, "closed meanwhile", TOWNSHIP)
        .await;
    let coming = network.report_up(VILLAGE, "coming back", TOWNSHIP).await;
    network.held(TOWNSHIP, closed).await;
    network.held(TOWNSHIP, coming).await;
    network.quiet().await;
    network.cut(VILLAGE).await;
    network.close(TOWNSHIP, closed).await;
    network.send_back(TOWNSHIP, coming).await;
    network.recall(VILLAGE, closed).await;
    network.recall(VILLAGE, coming).await;
    network.mend(VILLAGE);
    network.answered(VILLAGE, closed).await;
    network.answered(VILLAGE, coming).await;
    network.closed(VILLAGE, closed).await;
    network.held(VILLAGE, coming).await;
    network.audited().await;
    let back = acts(&network, VILLAGE, coming).await;
    assert_eq!(
        back.last(),
        Some(&by(VILLAGE, Act::Take)),
        "it came back once"
    );
    network.shut_down().await;
}

#[tokio::test]
async fn a_refused_transfer_stays_with_the_giver_who_may_give_it_again() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(TOWNSHIP).await;
    let mut stand = Stand::instead_of(&network, TOWNSHIP).await;
    let mut township = stand.visitor().await;
    township.greet().await;
    let id = network.report_up(VILLAGE, "rubbish", TOWNSHIP).await;
    let (position, given) = township.envelope_in(Lane::Matter).await;
    assert!(matches!(given.payload, Payload::Give { .. }));
    let refused = Refused {
        position,
        code: GiveRefusal::NoWay.into(),
        reason: String::new(),
    };
    let ack = Ack {
        lane: Lane::Matter,
        through: position,
        refused: vec![refused],
    };
    township.say(Frame::Ack(ack)).await;
    network.held(VILLAGE, id).await;
    let taken_back = acts(&network, VILLAGE, id).await;
    assert_eq!(taken_back.last(), Some(&by(VILLAGE, Act::TakeBack)));
    drop(township);
    stand.leave().await;
    network.restart(TOWNSHIP).await;
    network.escalate(VILLAGE, id, TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_emergency_overtakes_three_hundred_that_wait() {
    let options = Options {
        adjust: |config| config.limits.window = 16,
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    network.cut(VILLAGE).await;
    let village = network.office(VILLAGE);
    let mut last = None;
    for n in 0..300 {
        last = Some(
            network
                .report_up(VILLAGE, &format!("rubbish {n}"), PROVINCE)
                .await,
        );
    }
    let fire = village
        .matters()
        .report_and_escalate(emergency("fire"), code(PROVINCE), CLERK)
        .await
        .unwrap();
    network.mend(VILLAGE);
    network.held(PROVINCE, last.unwrap()).await;
    network.audited().await;
    for division in [TOWNSHIP, COUNTY, CITY, PROVINCE] {
        let journal = network.office(division).figures().journal().await.unwrap();
        let facts = journal.iter().flat_map(|entry| &entry.facts);
        let taken: Vec<_> = facts
            .filter(|fact| fact.measure == Measure::TAKEN)
            .collect();
        assert_eq!(taken.len(), 301);
        let overtaken_by = taken.iter().position(|fact| fact.matter == fire).unwrap();
        assert!(
            overtaken_by <= 32,
            "{overtaken_by} went before it at {division}"
        );
    }
    network.shut_down().await;
}

#[tokio::test]
async fn a_complaint_about_the_village_leaves_no_byte_there() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    // Sends something else through the same village, so that its files are not simply empty.
    let other = network
        .report_up(VILLAGE, "an ordinary matter", COUNTY)
        .await;
    network.held(COUNTY, other).await;
    let canary = "the village head kept the relief money 9d1c7f";
    let township = network.office(TOWNSHIP);
    let id = township
        .matters()
        .report(direct(canary, VILLAGE), CLERK)
        .await
        .unwrap();
    let reported = known(&township, id).await.unwrap();
    assert_eq!(reported.visibility, Visibility::Direct);
    township.matters().accept(id, CLERK).await.unwrap();
    network.escalate(TOWNSHIP, id, COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(TOWNSHIP, id).await;
    let to_village = network
        .office(COUNTY)
        .matters()
        .assign(id, code(VILLAGE), None, CLERK, None)
        .await;
    to_village.unwrap_err();
    network.audited().await;
    network.stop(VILLAGE).await;
    network.stop(TOWNSHIP).await;
    let traces = [
        canary.as_bytes(),
        b"service/relief",
        &id.to_bytes()[..],
        id.to_string().as_bytes(),
        &reported.body[..],
    ]
    .map(<[u8]>::to_vec);
    let found = |home: &std::path::Path| {
        let contents = contents(home);
        let holds = |trace: &&Vec<u8>| contents.windows(trace.len()).any(|w| w == &trace[..]);
        traces.iter().filter(holds).count()
    };
    assert_eq!(found(network.home(VILLAGE)), 0);
    assert_eq!(
        found(network.home(TOWNSHIP)),
        3,
        "the scan finds what is there: category, number, commitment; the text is sealed"
    );
    network.shut_down().await;
}

#[tokio::test]
async fn a_complaint_is_not_filed_with_nor_assigned_to_whom_it_is_about() {
    let network = Network::of(&[VILLAGE]).await;
    let village = network.office(VILLAGE);
    let refused = Network::refused(village.matters().report(direct("him", VILLAGE), CLERK)).await;
    assert!(
        refused.contains("330825002"),
        "it says where instead: {refused}"
    );
    let township = network.office(TOWNSHIP);
    let id = township
        .matters()
        .report(direct("him", VILLAGE), CLERK)
        .await
        .unwrap();
    Network::refused(
        township
            .matters()
            .assign(id, code(VILLAGE), None, CLERK, None),
    )
    .await;
    let docket = township.matters().docket(id).await.unwrap().unwrap();
    assert_eq!(docket.standing, Standing::Holding);
    Network::refused(village.matters().accept(id, CLERK)).await;
    Network::refused(village.matters().report(rubbish(" "), CLERK)).await;
    network.audited().await;
    network.shut_down().await;
}

fn contents(dir: &std::path::Path) -> Vec<u8> {
    let mut all = vec![];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.extend(std::fs::read(&path).unwrap_or_default());
            all.extend(b"\n");
        }
    }
    all
}

#[tokio::test]
async fn a_recall_that_somebody_on_its_way_refuses_is_over_and_another_may_be_made() {
    // First the asker's own neighbour refuses it, then one further on.
    for relay in [TOWNSHIP, COUNTY] {
        let mut network = Network::of(&[VILLAGE]).await;
        network.linked().await;
        let id = network.report_up(VILLAGE, "recalled", PROVINCE).await;
        network.held(PROVINCE, id).await;
        network.quiet().await;
        network.stop(relay).await;
        let mut stand = Stand::instead_of(&network, relay).await;
        network.recall(VILLAGE, id).await;
        let mut peer = stand.visitor().await;
        peer.greet().await;
        let (position, said) = peer.envelope_in(Lane::Notice).await;
        assert!(matches!(said.payload, Payload::Request(_)), "{said:?}");
        let refused = Refused {
            position,
            code: RefusalCode::Internal,
            reason: String::new(),
        };
        let ack = Ack {
            lane: Lane::Notice,
            through: position,
            refused: vec![refused],
        };
        peer.say(Frame::Ack(ack)).await;
        network.answered(VILLAGE, id).await;
        let docket = network
            .office(VILLAGE)
            .matters()
            .docket(id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(docket.replies, [(RequestKind::Recall, Reply::Refused)]);
        drop(peer);
        stand.leave().await;
        network.restart(relay).await;
        network.linked().await;
        network.recall(VILLAGE, id).await;
        network.held(VILLAGE, id).await;
        network.audited().await;
        network.shut_down().await;
    }
}
