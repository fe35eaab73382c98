//! Figures against journals.

use std::collections::BTreeMap;

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, crowd::Crowd, eventually,
};
use wujitong::{
    domain::{
        ids::MatterId,
        import::{Cells, Field, Outcomes},
        measure::Measure,
        rollup::Counters,
        time::Day,
    },
    office::imports::Manner,
};

/// 童村碓村, in another county of the same city.
const OTHER_VILLAGE: &str = "330802005200";

async fn figures(network: &Network, at: &str) -> Counters {
    let cells = network
        .office(at)
        .figures()
        .cells(Day(i32::MIN), Day(i32::MAX))
        .await
        .unwrap();
    cells
        .iter()
        .fold(Counters::default(), |sum, (_, counters)| {
            sum.plus(*counters)
        })
}

async fn counted(network: &Network) -> Counters {
    let mut sum = Counters::default();
    for office in network.offices() {
        for entry in office.figures().journal().await.unwrap() {
            entry.facts.iter().for_each(|fact| sum.count(fact.measure));
        }
    }
    sum
}

#[tokio::test]
async fn the_provinces_figures_are_the_sum_of_all_journals_whatever_broke_meanwhile() {
    let mut network = Network::of(&[VILLAGE, OTHER_VILLAGE]).await;
    network.linked().await;
    let mut crowd = Crowd::new(7);
    crowd.work(&network, 60).await;
    network.cut(COUNTY).await;
    crowd.work(&network, 60).await;
    network.mend(COUNTY);
    network.stop(TOWNSHIP).await;
    crowd.work(&network, 60).await;
    network.restart(TOWNSHIP).await;
    network.stop(CITY).await;
    network.stop(PROVINCE).await;
    crowd.work(&network, 60).await;
    network.restart(PROVINCE).await;
    network.restart(CITY).await;
    crowd.work(&network, 60).await;
    network.audited().await;
    let province = figures(&network, PROVINCE).await;
    assert_eq!(province, counted(&network).await);
    assert!(
        province[Measure::REPORTED] > 20,
        "something happened: {province:?}"
    );
    assert_eq!(province.in_transit(), 0);
    network.shut_down().await;
}

#[tokio::test]
async fn figures_arrive_while_work_goes_on() {
    let network = Network::of(&[VILLAGE]).await;
    for n in 1..=5 {
        network.report(VILLAGE, "rubbish").await;
        eventually("the province counts it", || async {
            figures(&network, PROVINCE).await[Measure::REPORTED] == n
        })
        .await;
    }
    network.shut_down().await;
}

#[tokio::test]
async fn what_was_imported_is_counted_on_its_own_days_at_every_tier_above() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let cells = |id: &str, reported: &str, status: &str| -> Cells {
        let cells = [
            (Field::Id, id),
            (Field::Category, "路灯照明"),
            (Field::Text, "路灯不亮"),
            (Field::ReportedAt, reported),
            (Field::Status, status),
        ];
        cells.map(|(field, text)| (field, text.to_owned())).into()
    };
    let rows = [
        cells("A1", "2024-08-01 09:00", "未结"),
        cells("A2", "2024-08-02 09:00", "已办结"),
    ];
    let source = "longyou-12345".parse().unwrap();
    let village = network.office(VILLAGE);
    let told = village
        .matters()
        .import(&source, &rows, Manner::default(), CLERK)
        .await
        .unwrap();
    assert!(
        told.iter()
            .all(|outcome| matches!(outcome, Outcomes::Taken(..)))
    );
    let of_day = async |at: &str, day: &str| {
        let day = day.parse().unwrap();
        let cells = network.office(at).figures().cells(day, day).await.unwrap();
        let counts = cells.iter().map(|(_, counters)| *counters);
        counts.fold(Counters::default(), Counters::plus)
    };
    for at in [TOWNSHIP, COUNTY, CITY, PROVINCE] {
        eventually("it is counted on its own days", || async {
            let (first, second) = (
                of_day(at, "2024-08-01").await,
                of_day(at, "2024-08-02").await,
            );
            (first[Measure::REPORTED], first[Measure::CLOSED]) == (1, 0)
                && (second[Measure::REPORTED], second[Measure::CLOSED]) == (1, 1)
        })
        .await;
    }
    network.audited().await;
    let all = figures(&network, PROVINCE).await;
    assert_eq!(
        all,
        Counters::from([
            (Measure::REPORTED, 2),
            (Measure::CLOSED, 1),
            (Measure::SOLVED, 1)
        ]),
        "nothing on another day, nothing sent up"
    );
    network.shut_down().await;
}

/// One fact, with its matter by position in the order of reports.
type Told = (Measure, usize, String, String);

/// Runs the same events, one after another.
async fn lives(network: &Network) -> BTreeMap<String, Vec<Told>> {
    network.linked().await;
    let mut matters: Vec<MatterId> = vec![];
    let first = network.report_up(VILLAGE, "one", PROVINCE).await;
    matters.push(first);
    network.held(PROVINCE, first).await;
    network.quiet().await;
    network.assign(PROVINCE, first, OTHER_VILLAGE).await;
    network.held(OTHER_VILLAGE, first).await;
    network.quiet().await;
    let second = network.report(OTHER_VILLAGE, "two").await;
    matters.push(second);
    network.escalate(OTHER_VILLAGE, second, CITY).await;
    network.held(CITY, second).await;
    network.quiet().await;
    network.recall(OTHER_VILLAGE, second).await;
    network.held(OTHER_VILLAGE, second).await;
    network.close(OTHER_VILLAGE, second).await;
    network.quiet().await;
    network.send_back(OTHER_VILLAGE, first).await;
    network.held(PROVINCE, first).await;
    network.close(PROVINCE, first).await;
    let third = network.report(VILLAGE, "three").await;
    matters.push(third);
    network.audited().await;
    let mut told = BTreeMap::new();
    for office in network.offices() {
        let entries = office.figures().journal().await.unwrap();
        let facts = entries.into_iter().flat_map(|entry| entry.facts);
        let facts = facts.map(|fact| {
            let matter = matters.iter().position(|id| *id == fact.matter).unwrap();
            let version = format!("{:?}", fact.version);
            (fact.measure, matter, fact.category.to_string(), version)
        });
        told.insert(office.me().to_string(), facts.collect());
    }
    told
}

#[tokio::test]
async fn in_one_process_and_in_eight_the_same_life_gives_the_same_journals() {
    let leaves = [VILLAGE, OTHER_VILLAGE];
    let separate = Network::of(&leaves).await;
    let hosted = Network::hosted(&leaves, Options::default()).await;
    let told = lives(&separate).await;
    assert_eq!(told.len(), 8);
    assert_eq!(told, lives(&hosted).await);
    let province = figures(&separate, PROVINCE).await;
    assert_eq!(province, figures(&hosted, PROVINCE).await);
    assert_eq!(province[Measure::RETURNED], 1, "one was sent back");
    separate.shut_down().await;
    hosted.shut_down().await;
}
