//! Supervision and merging from above, and a reporter whose matter was merged.

use super::*;

#[tokio::test]
async fn one_above_supervises_a_matter_it_never_had_and_sees_it_from_then_on() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report(VILLAGE, "rubbish").await;
    assert!(known(&network.office(CITY), id).await.is_none());
    ask(&network, CITY, id, RequestKind::Supervise).await;
    sees(&network, CITY, id, "the city has a copy", |matter| {
        matter
            .steps
            .iter()
            .any(|step| step.act == Act::Supervise(code(CITY)))
    })
    .await;
    network
        .office(VILLAGE)
        .matters()
        .handle(id, "on the way".to_owned(), CLERK)
        .await
        .unwrap();
    sees(&network, CITY, id, "the city sees the work", |matter| {
        matter.status == Status::Handling
    })
    .await;
    // A division that is not above may not.
    let village = network.office(VILLAGE);
    let ask = village.matters().request(
        MatterId {
            origin: code(TOWNSHIP),
            ..id
        },
        RequestKind::Supervise,
        None,
        CLERK,
    );
    assert!(Network::refused(ask).await.contains("no matter"));
    network.shut_down().await;
}

#[tokio::test]
async fn one_above_has_two_matters_of_a_village_merged_and_the_village_closes_the_one() {
    let network = Network::of(&[VILLAGE]).await;
    let [first, second] = [
        network.report(VILLAGE, "rubbish").await,
        network.report(VILLAGE, "the same rubbish").await,
    ];
    ask(&network, COUNTY, second, RequestKind::Merge(first)).await;
    network
        .closed_as(VILLAGE, second, Outcome::Merged(first))
        .await;
    let village = network.office(VILLAGE);
    assert!(!known(&village, first).await.unwrap().is_closed());
    let below = village
        .matters()
        .request(first, RequestKind::Merge(second), None, CLERK);
    let said = Network::refused(below).await;
    assert!(said.contains("with one that was merged"), "{said}");
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_village_whose_matter_was_merged_follows_and_contests_the_one_that_absorbed_it() {
    const OTHER: &str = "330825002001";
    let network = Network::of(&[VILLAGE, OTHER]).await;
    let mine = network
        .report_up(VILLAGE, "rubbish at the border", TOWNSHIP)
        .await;
    let theirs = network
        .report_up(OTHER, "rubbish at our border", TOWNSHIP)
        .await;
    network.held(TOWNSHIP, mine).await;
    network.held(TOWNSHIP, theirs).await;
    work(&network.office(TOWNSHIP), mine, Work::Merge(theirs)).await;
    network.escalate(TOWNSHIP, theirs, COUNTY).await;
    network.held(COUNTY, theirs).await;
    network.close(COUNTY, theirs).await;
    network.closed(VILLAGE, theirs).await;
    // An act on their own matter is done to the one that continues, wherever that is.
    ask(&network, VILLAGE, mine, RequestKind::Contest).await;
    sees(&network, OTHER, theirs, "it was opened again", |matter| {
        matter.appeals(wujitong::domain::matter::Appeal::Contest) == 1
    })
    .await;
    sees(&network, VILLAGE, theirs, "it was opened again", |matter| {
        !matter.is_closed()
    })
    .await;
    network.audited().await;
    network.shut_down().await;
}
