//! Stores that went back in time, and copies of one store.

use testkit::{
    CITY, CLERK, COUNTY, Network, PATH, PROVINCE, TOWNSHIP, VILLAGE,
    audit::{Fault, audit},
    code, eventually, holds,
};
use wujitong::{
    api::BodyView,
    domain::{
        alarm::AlarmKind, ids::MatterId, measure::Measure, rollup::Counters,
        template::TemplateKind, time::Day,
    },
    office::NewTemplate,
};

async fn order(network: &Network, at: &str) -> u64 {
    network.office(at).epoch().await.unwrap().order
}

async fn lives(network: &Network, at: &str, expected: u64) {
    eventually(&format!("{at} is in life {expected}"), || async {
        order(network, at).await == expected
    })
    .await;
}

/// Checks the figures. A store that went back is not complete again, but the figures equal those of
/// the remaining journals plus what the lost epochs had counted, and nothing waits for ever.
async fn figures_are_right(network: &Network) {
    network.quiet().await;
    let found = audit(&network.tree, &network.books().await, &[]);
    let wrong: Vec<_> = found
        .iter()
        .filter(|violation| matches!(violation.fault, Fault::Miscounted | Fault::Waiting))
        .map(ToString::to_string)
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn reported(network: &Network, at: &str) -> u64 {
    let cells = network
        .office(at)
        .figures()
        .cells(Day(i32::MIN), Day(i32::MAX))
        .await
        .unwrap();
    let sum = cells
        .iter()
        .fold(Counters::default(), |sum, (_, cell)| sum.plus(*cell));
    sum[Measure::REPORTED]
}

#[tokio::test]
async fn a_directory_copied_back_opens_a_new_life_and_what_waited_in_it_still_arrives() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let first = network
        .report_up(VILLAGE, "before the copy", PROVINCE)
        .await;
    network.held(PROVINCE, first).await;
    network.quiet().await;
    network.cut(VILLAGE).await;
    let waiting = network
        .report_up(VILLAGE, "waits while it is copied", PROVINCE)
        .await;
    network.stop(VILLAGE).await;
    let copy = network.backup(VILLAGE);
    network.restart(VILLAGE).await;
    let lost = network.report_up(VILLAGE, "after the copy", PROVINCE).await;
    network.held(PROVINCE, waiting).await;
    network.held(PROVINCE, lost).await;
    network.quiet().await;
    assert_eq!(order(&network, VILLAGE).await, 1);
    assert_eq!(reported(&network, PROVINCE).await, 3);

    network.stop(VILLAGE).await;
    network.put_back(VILLAGE, &copy);
    network.restart(VILLAGE).await;
    lives(&network, VILLAGE, 2).await;
    network.linked().await;
    let after = network
        .report_up(VILLAGE, "in the new life", PROVINCE)
        .await;
    network.held(PROVINCE, after).await;
    assert_ne!(
        after.epoch, first.epoch,
        "numbers tell the lives apart: {after}"
    );
    assert_eq!(after.number, 1);
    figures_are_right(&network).await;
    assert_eq!(
        reported(&network, PROVINCE).await,
        3,
        "one report is in no journal any more"
    );
    for id in [first, waiting, lost, after] {
        assert!(
            holds(&network.office(PROVINCE), id).await,
            "{id} is held once"
        );
        assert!(!holds(&network.office(VILLAGE), id).await);
        network.close(PROVINCE, id).await;
        network.closed(VILLAGE, id).await;
    }
    figures_are_right(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_old_copy_that_works_cut_off_gives_no_number_twice_and_loses_nothing() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let settled = network.report_up(VILLAGE, "settled", COUNTY).await;
    network.held(COUNTY, settled).await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let copy = network.backup(VILLAGE);
    network.restart(VILLAGE).await;
    network.linked().await;
    let mut before: Vec<MatterId> = vec![];
    for n in 0..5 {
        let id = network
            .report_up(VILLAGE, &format!("beyond the copy {n}"), COUNTY)
            .await;
        network.held(COUNTY, id).await;
        before.push(id);
    }
    network.quiet().await;
    network.stop(VILLAGE).await;
    // It is started without a link, so that it works before it learns that it is old.
    network.put_back(VILLAGE, &copy);
    network.stop(TOWNSHIP).await;
    network.restart(VILLAGE).await;
    let mut new: Vec<MatterId> = vec![];
    for n in 0..5 {
        new.push(
            network
                .report_up(VILLAGE, &format!("not knowing {n}"), COUNTY)
                .await,
        );
    }
    network.restart(TOWNSHIP).await;
    lives(&network, VILLAGE, 2).await;
    network.linked().await;
    network.quiet().await;
    figures_are_right(&network).await;
    // As many numbers were given in the lost stretch, and none of these is among them.
    for (n, id) in new.into_iter().enumerate() {
        assert!(!before.contains(&id), "{id} was given before");
        network.held(COUNTY, id).await;
        let seen = network.office(COUNTY).matters().matter(id).await.unwrap();
        assert_eq!(seen.body, BodyView::Text(format!("not knowing {n}")));
        assert!(!holds(&network.office(VILLAGE), id).await, "{id} twice");
    }
    network.shut_down().await;
}

#[tokio::test]
async fn the_same_old_copy_put_back_twice_still_finds_its_way() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(VILLAGE).await;
    let copy = network.backup(VILLAGE);
    network.restart(VILLAGE).await;
    for life in 2..5 {
        let id = network.report_up(VILLAGE, "rubbish", CITY).await;
        network.held(CITY, id).await;
        network.quiet().await;
        network.stop(VILLAGE).await;
        network.put_back(VILLAGE, &copy);
        network.restart(VILLAGE).await;
        lives(&network, VILLAGE, life).await;
        network.linked().await;
    }
    figures_are_right(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_county_that_went_back_gets_its_figures_from_below_again() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let kept = network.report(VILLAGE, "before the copy").await;
    network.quiet().await;
    network.stop(COUNTY).await;
    let copy = network.backup(COUNTY);
    network.restart(COUNTY).await;
    network.linked().await;
    for n in 0..4 {
        let id = network
            .report(VILLAGE, &format!("counted after the copy {n}"))
            .await;
        network.close(VILLAGE, id).await;
    }
    // It has a matter of its own, so that others hold notices of it that it lost.
    let own = network.report_up(COUNTY, "its own", CITY).await;
    network.held(CITY, own).await;
    network.quiet().await;
    assert_eq!(reported(&network, PROVINCE).await, 6);
    network.stop(COUNTY).await;
    network.put_back(COUNTY, &copy);
    network.restart(COUNTY).await;
    lives(&network, COUNTY, 2).await;
    network.linked().await;
    assert!(holds(&network.office(VILLAGE), kept).await);
    figures_are_right(&network).await;
    assert_eq!(
        reported(&network, PROVINCE).await,
        6,
        "what it lost stays counted"
    );
    let city = network.office(CITY);
    let lost = city.alarms().all().await.unwrap();
    let lost = lost
        .iter()
        .find(|alarm| alarm.kind == AlarmKind::FiguresLost);
    assert_eq!(
        lost.unwrap().about,
        Some(code(COUNTY)),
        "and somebody is told"
    );
    drop(city);
    network.shut_down().await;
}

#[tokio::test]
async fn a_county_that_went_back_gets_adoption_from_below_again() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(COUNTY).await;
    let copy = network.backup(COUNTY);
    network.restart(COUNTY).await;
    network.linked().await;
    let new = |name: &str| NewTemplate {
        kind: TemplateKind::Policy,
        name: name.to_owned(),
        title: "公告".to_owned(),
        content: "format = 1".to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let province = network.office(PROVINCE);
    let key = province
        .templates()
        .publish(new("notices"), CLERK)
        .await
        .unwrap()
        .key;
    let applied = || async { province.templates().adoption(&key).await.unwrap().applied };
    eventually("all applied it", || async { applied().await == 5 }).await;
    network.quiet().await;
    network.stop(COUNTY).await;
    network.put_back(COUNTY, &copy);
    network.restart(COUNTY).await;
    lives(&network, COUNTY, 2).await;
    network.linked().await;
    network.quiet().await;
    assert_eq!(applied().await, 5);
    let county = network.office(COUNTY);
    let below = county.templates().adoption(&key).await.unwrap();
    assert_eq!(below.applied, 3, "{below:?}");
    network.shut_down().await;
}

#[tokio::test]
async fn a_large_template_published_in_a_lost_stretch_is_not_confused_with_the_next() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(PROVINCE).await;
    let copy = network.backup(PROVINCE);
    network.restart(PROVINCE).await;
    network.linked().await;
    let new = |filler: &str| NewTemplate {
        kind: TemplateKind::Policy,
        name: "notices".to_owned(),
        title: "公告".to_owned(),
        content: format!("format = 1\n# {}", filler.repeat(20 * 1024)),
        tiers: vec![],
        kinds: vec![],
    };
    network
        .office(PROVINCE)
        .templates()
        .publish(new("a"), CLERK)
        .await
        .unwrap();
    network.quiet().await;
    network.stop(PROVINCE).await;
    network.put_back(PROVINCE, &copy);
    network.restart(PROVINCE).await;
    lives(&network, PROVINCE, 2).await;
    network.linked().await;
    network
        .office(PROVINCE)
        .templates()
        .publish(new("b"), CLERK)
        .await
        .unwrap();
    network.quiet().await;
    let village = network.office(VILLAGE).templates().all().await.unwrap();
    let text = &village[0].template.content;
    assert!(text.contains("bbb"), "the village has the one in force");
    network.shut_down().await;
}

#[tokio::test]
async fn what_others_took_from_a_relay_before_its_directory_was_copied_back_is_not_lost() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.quiet().await;
    network.stop(COUNTY).await;
    let copy = network.backup(COUNTY);
    network.restart(COUNTY).await;
    network.linked().await;
    let mut taken = vec![];
    for n in 0..12 {
        let to = [PROVINCE, CITY][n % 2];
        let id = network.report_up(VILLAGE, &format!("up {n}"), to).await;
        taken.push((to, id));
    }
    for (to, id) in &taken {
        network.held(to, *id).await;
    }
    network.quiet().await;
    network.stop(COUNTY).await;
    network.put_back(COUNTY, &copy);
    // The others work while it is away, and while it finds out.
    let meanwhile = network.report_up(VILLAGE, "meanwhile", PROVINCE).await;
    network.restart(COUNTY).await;
    lives(&network, COUNTY, 2).await;
    network.linked().await;
    taken.push((PROVINCE, meanwhile));
    for (to, id) in taken {
        network.held(to, id).await;
        for other in PATH.into_iter().filter(|other| *other != to) {
            assert!(!holds(&network.office(other), id).await, "{id} twice");
        }
        network.close(to, id).await;
        network.closed(VILLAGE, id).await;
    }
    figures_are_right(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn every_node_of_the_path_may_go_back_in_turn() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    for division in PATH {
        network.stop(division).await;
        let copy = network.backup(division);
        network.restart(division).await;
        network.linked().await;
        let id = network.report_up(VILLAGE, "up", PROVINCE).await;
        network.held(PROVINCE, id).await;
        network.assign(PROVINCE, id, VILLAGE).await;
        network.held(VILLAGE, id).await;
        network.quiet().await;
        network.stop(division).await;
        network.put_back(division, &copy);
        network.restart(division).await;
        lives(&network, division, 2).await;
        network.linked().await;
        let id = network.report_up(VILLAGE, "and again", PROVINCE).await;
        network.held(PROVINCE, id).await;
        network.close(PROVINCE, id).await;
        network.closed(VILLAGE, id).await;
        figures_are_right(&network).await;
    }
    network.shut_down().await;
}
