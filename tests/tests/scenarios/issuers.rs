//! The province takes a right from the counties and gives it back, while nodes are away.

use std::sync::Arc;

use testkit::{
    CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, clock::ShiftedClock, eventually,
};
use wujitong::{
    domain::{
        template::{BadTemplate, Stance, TemplateKey, TemplateKind, TemplateRefusal},
        time::Day,
    },
    office::{Clock, Failed, NewTemplate},
};

const NODES: [&str; 3] = [COUNTY, TOWNSHIP, VILLAGE];

fn board(name: &str) -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Board,
        name: name.to_owned(),
        title: "村情动态".to_owned(),
        content: format!(
            "format = 1\n[[board]]\ncode = \"{name}\"\nname = \"{name}\"\nkeep_days = 30\n"
        ),
        tiers: vec![],
        kinds: vec![],
    }
}

fn key(name: &str) -> TemplateKey {
    format!("330825/board/{name}").parse().unwrap()
}

/// The province lets these tiers put up boards, from a day on.
async fn state(network: &Network, tiers: &[&str], from: Day) {
    let tiers: Vec<_> = tiers.iter().map(|tier| format!("\"{tier}\"")).collect();
    let table = NewTemplate {
        kind: TemplateKind::Policy,
        name: "issuers".to_owned(),
        title: "谁制发什么".to_owned(),
        content: format!(
            "format = 1\n[[issuers]]\nkind = \"board\"\ntiers = [{}]\nfrom = {from}\n",
            tiers.join(", ")
        ),
        tiers: vec![],
        kinds: vec![],
    };
    let province = network.office(PROVINCE);
    province.templates().publish(table, CLERK).await.unwrap();
}

/// Waits until boards of these names, and no others, are at the nodes of the county.
async fn boards(network: &Network, expected: &[&str]) {
    for at in NODES {
        eventually(&format!("{expected:?} at {at}"), || async {
            let boards = network.office(at).boards().all(true).await.unwrap();
            let mut found: Vec<_> = boards
                .iter()
                .map(|seen| seen.board.code.to_string())
                .collect();
            found.sort();
            found == expected
        })
        .await;
    }
}

/// Waits until the county refuses a board of its own by that line, or does not.
async fn refused(network: &Network, name: &str, expected: bool) {
    eventually(
        &format!("{name} refused at the county: {expected}"),
        || async {
            let known = network.office(COUNTY).templates().known(&key(name)).await;
            let stance = known.unwrap().base.unwrap().stance;
            let denied = |stance: &Stance| {
                let Stance::Refused(TemplateRefusal::Bad(bad)) = stance else {
                    return false;
                };
                matches!(bad, BadTemplate::NotEntitled { line: 2, .. })
            };
            stance.as_ref().is_some_and(denied) == expected
        },
    )
    .await;
}

#[tokio::test]
async fn the_province_takes_a_right_from_the_counties_and_gives_it_back() {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    let mut network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    let county = network.office(COUNTY);
    county
        .templates()
        .publish(board("before"), CLERK)
        .await
        .unwrap();
    drop(county);
    boards(&network, &["before"]).await;

    // Two days later the county is cut off while the province takes the right away, and does not know.
    clock.shift_hours(48);
    network.linked().await;
    let from = clock.now().day();
    network.cut(COUNTY).await;
    state(&network, &["province", "village"], from).await;
    let county = network.office(COUNTY);
    county
        .templates()
        .publish(board("unaware"), CLERK)
        .await
        .unwrap();
    drop(county);
    boards(&network, &["before", "unaware"]).await;
    // The village is away while the word comes, and hears the table before or after the board.
    network.stop(VILLAGE).await;
    network.mend(COUNTY);
    refused(&network, "unaware", true).await;
    network.restart(VILLAGE).await;
    boards(&network, &["before"]).await;
    let county = network.office(COUNTY);
    let told = county.templates().adoption(&key("unaware")).await;
    let told = told.unwrap();
    assert!(
        told.refusals
            .iter()
            .all(|(_, why)| why.to_string().contains("line 2")),
        "{told:?}"
    );

    // Nothing new is issued: the refusal names the line.
    let after = county.templates().publish(board("after"), CLERK).await;
    let Err(Failed::Refused(bad)) = after else {
        panic!("it has not the right: {after:?}");
    };
    assert!(
        bad.to_string()
            .contains("330000000000/policy/issuers version 1, line 2"),
        "{bad}"
    );
    assert!(
        county.templates().known(&key("after")).await.is_err(),
        "nothing changed"
    );
    let lines = county.templates().every_line().await.unwrap().limits;
    let mut lines = lines
        .iter()
        .filter(|line| line.kind == Some(TemplateKind::Board));
    let line = lines.next().unwrap();
    assert_eq!((line.line, line.version), (2, 1));
    assert_eq!(line.from.as_deref(), Some(from.to_string().as_str()));
    drop(county);

    // It is given back, and what waited comes into force everywhere.
    state(
        &network,
        &["province", "city", "county", "township", "village"],
        from,
    )
    .await;
    refused(&network, "unaware", false).await;
    boards(&network, &["before", "unaware"]).await;
    let county = network.office(COUNTY);
    county
        .templates()
        .publish(board("after"), CLERK)
        .await
        .unwrap();
    drop(county);
    boards(&network, &["after", "before", "unaware"]).await;
    network.audited().await;
    network.shut_down().await;
}
