//! Rollouts over real nodes: first for some, then for more, paused, taken back; and a feed of templates that stands still.

use std::sync::Arc;

use testkit::{
    CLERK, COUNTY, Network, Options, TOWNSHIP, VILLAGE, clock::ShiftedClock, code, eventually,
};
use wujitong::{
    cli::client::Client,
    domain::{
        alarm::AlarmKind,
        template::{
            Adoption, ListFaultName, Reach, RolloutAsk, TemplateKey, TemplateKind, share_of,
        },
    },
    office::{Clock, NewTemplate},
};

/// 龙洲街道, in the same county.
const OTHER_TOWNSHIP: &str = "330825001";
/// 清廉社区, there.
const OTHER_VILLAGE: &str = "330825001001";

/// The nodes of the county.
const NODES: [&str; 5] = [COUNTY, OTHER_TOWNSHIP, OTHER_VILLAGE, TOWNSHIP, VILLAGE];

fn key() -> TemplateKey {
    "330825/policy/limits".parse().unwrap()
}

/// A policy with so many days to contest, by which it is seen what is in force.
fn limits(days: u16) -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Policy,
        name: "limits".to_owned(),
        title: "时限".to_owned(),
        content: format!("format = 1\n[limits]\ncontest_days = {days}\n"),
        tiers: vec![],
        kinds: vec![],
    }
}

fn named(divisions: &[&str]) -> Reach {
    Reach::new(0, divisions.iter().map(|one| code(one)).collect())
}

/// Waits until these days are in force at these nodes.
async fn in_force(network: &Network, expected: [u16; 5]) {
    for (at, days) in NODES.into_iter().zip(expected) {
        eventually(&format!("{days} days at {at}"), || async {
            let policy = network.office(at).templates().policy_in_force().await;
            policy.unwrap().limits().contest_days.value == days
        })
        .await;
    }
}

async fn adopted(network: &Network, wanted: impl Fn(&Adoption) -> bool) {
    eventually("the county knows", || async {
        let county = network.office(COUNTY);
        wanted(&county.templates().adoption(&key()).await.unwrap())
    })
    .await;
}

async fn roll(network: &Network, ask: RolloutAsk) {
    let county = network.office(COUNTY);
    county.templates().roll(&key(), ask, CLERK).await.unwrap();
}

/// The version before stays in force where a rollout has not come, whoever was away takes what holds on the day it comes back, and
/// nothing flaps when words come late.
#[tokio::test]
async fn a_named_township_goes_first_the_rollout_grows_pauses_and_is_taken_back_while_nodes_fall() {
    let mut network = Network::of(&[VILLAGE, OTHER_VILLAGE]).await;
    network.linked().await;
    let county = network.office(COUNTY);
    county.templates().publish(limits(30), CLERK).await.unwrap();
    in_force(&network, [30; 5]).await;
    // The village is away while its township goes first, and comes back while that is paused.
    network.stop(VILLAGE).await;
    let first = named(&[TOWNSHIP]);
    let begun = county.templates().publish_first(limits(40), first, CLERK);
    assert_eq!(begun.await.unwrap().version, 2);
    drop(county);
    adopted(&network, |told| (told.applied, told.held) == (1, 3)).await;
    roll(&network, RolloutAsk::Pause).await;
    network.restart(VILLAGE).await;
    adopted(&network, |told| {
        (told.version, told.applied, told.held, told.paused) == (2, 1, 3, 1)
    })
    .await;
    in_force(&network, [30, 30, 30, 40, 30]).await;
    network.stop(COUNTY).await;
    network.restart(COUNTY).await;
    roll(&network, RolloutAsk::Resume).await;
    in_force(&network, [30, 30, 30, 40, 40]).await;

    // The other township is cut off while the rollout reaches it, is paused again and goes on.
    network.cut(OTHER_TOWNSHIP).await;
    let more = named(&[TOWNSHIP, OTHER_VILLAGE]);
    roll(&network, RolloutAsk::Widen(Some(more))).await;
    roll(&network, RolloutAsk::Pause).await;
    roll(&network, RolloutAsk::Resume).await;
    network.stop(TOWNSHIP).await;
    network.mend(OTHER_TOWNSHIP);
    in_one(&network, OTHER_VILLAGE, 40).await;
    network.restart(TOWNSHIP).await;
    network.linked().await;
    in_force(&network, [30, 30, 40, 40, 40]).await;
    adopted(&network, |told| (told.applied, told.held) == (3, 2)).await;

    // It is taken back while one half is cut off and a node is down.
    network.cut(OTHER_TOWNSHIP).await;
    network.stop(VILLAGE).await;
    roll(&network, RolloutAsk::RollBack).await;
    in_one(&network, TOWNSHIP, 30).await;
    in_one(&network, OTHER_VILLAGE, 40).await;
    network.restart(VILLAGE).await;
    network.mend(OTHER_TOWNSHIP);
    in_force(&network, [30; 5]).await;
    adopted(&network, |told| (told.version, told.applied) == (1, 5)).await;
    network.audited().await;
    network.shut_down().await;
}

async fn in_one(network: &Network, at: &str, days: u16) {
    eventually(&format!("{days} days at {at}"), || async {
        let policy = network.office(at).templates().policy_in_force().await;
        policy.unwrap().limits().contest_days.value == days
    })
    .await;
}

#[tokio::test]
async fn a_share_of_the_divisions_goes_first_and_everybody_knows_who_they_are() {
    let mut network = Network::of(&[VILLAGE, OTHER_VILLAGE]).await;
    network.linked().await;
    let county = network.office(COUNTY);
    county.templates().publish(limits(30), CLERK).await.unwrap();
    in_force(&network, [30; 5]).await;
    let expected = |share: u8| {
        NODES.map(|at| match share_of(&key(), code(at)) < share {
            true => 40,
            false => 30,
        })
    };
    let reach = Reach::new(30, vec![]);
    let first = county.templates().publish_first(limits(40), reach, CLERK);
    first.await.unwrap();
    drop(county);
    in_force(&network, expected(30)).await;
    network.stop(OTHER_TOWNSHIP).await;
    let more = RolloutAsk::Widen(Some(Reach::new(80, vec![])));
    roll(&network, more).await;
    network.restart(OTHER_TOWNSHIP).await;
    in_force(&network, expected(80)).await;
    let chosen = expected(80).into_iter().filter(|days| *days == 40).count();
    adopted(&network, |told| told.applied as usize == chosen).await;
    assert!(
        (1..5).contains(&chosen),
        "the test divides them: {:?}",
        expected(80)
    );
    roll(&network, RolloutAsk::Widen(None)).await;
    in_force(&network, [40; 5]).await;
    adopted(&network, |told| {
        (told.version, told.applied, told.held) == (2, 5, 0)
    })
    .await;
    // A version that is for all is taken back by the text before it, as the next version.
    roll(&network, RolloutAsk::RollBack).await;
    in_force(&network, [30; 5]).await;
    adopted(&network, |told| (told.version, told.applied) == (3, 5)).await;
    network.audited().await;
    network.shut_down().await;
}

/// The issuer's list runs out at the village, whose link is up: the feed stands still somewhere above.
#[tokio::test]
async fn a_feed_that_stands_still_is_noticed_told_upward_and_over_when_it_goes_on() {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    let mut network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    let county = network.office(COUNTY);
    county.templates().publish(limits(30), CLERK).await.unwrap();
    drop(county);
    eventually("the list is at the village", || async {
        let lists = network.office(VILLAGE).templates().lists().await.unwrap();
        lists.len() == 1 && lists[0].versions == 1
    })
    .await;
    network.stop(COUNTY).await;
    clock.shift_hours(8 * 24);
    let stands = async |network: &Network| {
        let office = network.office(VILLAGE);
        office.attend().await.unwrap();
        let alarms = office.alarms().all().await.unwrap();
        let mut alarms = alarms
            .into_iter()
            .filter(|alarm| alarm.settled.is_none() && alarm.about == Some(code(COUNTY)));
        alarms.any(|alarm| alarm.kind == AlarmKind::TemplateListExpired)
    };
    eventually("the village notices", || stands(&network)).await;
    let client = Client::new(network.host(VILLAGE).socket());
    let status = client.status(false).await.unwrap();
    let list = &status.nodes[0].template_lists[0];
    assert_eq!(list.fault, Some(ListFaultName::Expired));
    let policy = network.office(VILLAGE).templates().policy_in_force().await;
    let days = policy.unwrap().limits().contest_days.value;
    assert_eq!(days, 30, "nothing is blocked");
    network.restart(COUNTY).await;
    network.linked().await;
    eventually("a new list comes", || async { !stands(&network).await }).await;
    adopted(&network, |told| (told.applied, told.stale) == (3, 0)).await;
    network.shut_down().await;
}
