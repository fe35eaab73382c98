//! What a node tells of its neighbours: what each said of itself, and when it was last heard of.

use testkit::{CLERK, COUNTY, Network, TOWNSHIP, VILLAGE, code, eventually};
use wujitong::{
    api::{LinkStatus, NodeStatus, RollupTable, TemplateLag},
    cli::client::Client,
    domain::template::TemplateKind,
    office::NewTemplate,
    peer::PROTOCOL,
};

/// What the township tells of itself.
async fn status(network: &Network) -> NodeStatus {
    let client = Client::new(network.host(TOWNSHIP).socket());
    let status = client.status(false).await.unwrap();
    status.nodes.into_iter().next().unwrap()
}

fn link<'a>(status: &'a NodeStatus, to: &str) -> &'a LinkStatus {
    let links = status.links.iter();
    links
        .into_iter()
        .find(|link| link.neighbour == code(to))
        .unwrap()
}

/// R-N1, R-N3: last contact, version, certificate, templates; a silent child with its age.
#[tokio::test]
async fn a_node_tells_what_its_neighbours_said_of_themselves_and_since_when_they_are_silent() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let told = status(&network).await;
    assert_eq!(told.protocol, PROTOCOL);
    let own = network.identity(TOWNSHIP).credentials().borrow().facts();
    let (own, shown) = (own.unwrap(), told.certificate.clone().unwrap());
    assert_eq!(
        (shown.serial, shown.until_ms),
        (own.serial, own.not_after * 1_000)
    );
    for neighbour in [COUNTY, VILLAGE] {
        let link = link(&told, neighbour);
        assert!(link.state.up && link.last_contact_ms.is_some());
        assert_eq!(link.state.protocol, Some(PROTOCOL));
        assert_eq!(
            link.state.program.as_deref(),
            Some(env!("CARGO_PKG_VERSION"))
        );
        let theirs = network.identity(neighbour).credentials().borrow().facts();
        let (theirs, shown) = (theirs.unwrap(), link.state.certificate.clone().unwrap());
        assert_eq!(
            (shown.serial, shown.until_ms),
            (theirs.serial, theirs.not_after * 1_000)
        );
    }
    // The parent, the village, and those that were never linked are all there are.
    assert_eq!(told.links.len() + told.unseen.len(), told.links_expected);
    assert!(told.unseen.iter().all(|one| one.neighbour != code(VILLAGE)));

    network.stop(VILLAGE).await;
    eventually("the township notices", || async {
        !link(&status(&network).await, VILLAGE).state.up
    })
    .await;
    let policy = NewTemplate {
        kind: TemplateKind::Policy,
        name: "words".to_owned(),
        title: "字数".to_owned(),
        content: "format = 1\n[texts]\nreport = 3000\n".to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let county = network.office(COUNTY);
    let issued = county.templates().publish(policy, CLERK).await.unwrap();
    let lag = TemplateLag {
        key: issued.key.to_string(),
        here: 1,
        there: 0,
    };
    eventually("the township knows that the village lags", || async {
        link(&status(&network).await, VILLAGE).templates == [lag.clone()]
    })
    .await;
    let told = status(&network).await;
    assert!(link(&told, COUNTY).templates.is_empty());
    let silent = link(&told, VILLAGE);
    assert!(silent.last_contact_ms >= silent.state.ended_ms && silent.state.ended_ms.is_some());
    let chinese = silent.state.last_end_chinese.as_deref().unwrap();
    assert!(chinese.starts_with("对方"), "{chinese}");
    let client = Client::new(network.host(TOWNSHIP).socket());
    let path = format!("/v1/nodes/{}/rollup", code(TOWNSHIP));
    let figures: RollupTable = client.get(&path).await.unwrap();
    let silent: Vec<_> = figures.silent.iter().map(|one| one.child).collect();
    assert_eq!(silent, [code(VILLAGE)]);

    // A child that was known is not forgotten because nobody heard of it since the start.
    network.stop(TOWNSHIP).await;
    network.restart(TOWNSHIP).await;
    let told = status(&network).await;
    let silent = link(&told, VILLAGE);
    assert!(!silent.state.up && silent.state.since_ms.is_none());

    network.restart(VILLAGE).await;
    network.linked().await;
    eventually("the village has caught up", || async {
        link(&status(&network).await, VILLAGE).templates.is_empty()
    })
    .await;
    let figures: RollupTable = client.get(&path).await.unwrap();
    assert_eq!(figures.silent, []);
    network.shut_down().await;
}
