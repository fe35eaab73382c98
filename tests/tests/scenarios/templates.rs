//! A template on its way down, and what its issuer learns.

use topology::Tier;
use wujitong::{
    domain::template::{Adoption, Need, TemplateKey, TemplateKind, TemplateRefusal},
    office::NewTemplate,
};
use wujitong_tests::{CITY, CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, eventually};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";
/// 龙洲街道, in the same county.
const OTHER_TOWNSHIP: &str = "330825001";
/// 清廉社区, there.
const OTHER_VILLAGE: &str = "330825001001";

fn board(name: &str, content: &str) -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Board,
        name: name.to_owned(),
        title: "三务公开".to_owned(),
        content: format!("format = 1\n{content}"),
        tiers: vec![],
        kinds: vec![],
    }
}

async fn publish(network: &Network, at: &str, new: NewTemplate) -> (TemplateKey, u32) {
    let template = network.office(at).publish(new, CLERK).await.unwrap();
    (template.key, template.version)
}

async fn adoption(network: &Network, at: &str, key: &TemplateKey) -> Adoption {
    network.office(at).adoption(key).await.unwrap()
}

/// Waits until the issuer knows that so many applied it, and so many refused.
async fn adopted(network: &Network, at: &str, key: &TemplateKey, applied: u32, refused: u32) {
    eventually(
        &format!("{applied} applied {key}, {refused} refused it"),
        || async {
            let adoption = adoption(network, at, key).await;
            (adoption.applied, adoption.refused) == (applied, refused)
        },
    )
    .await;
}

fn only(new: NewTemplate, tiers: &[Tier]) -> NewTemplate {
    NewTemplate {
        tiers: tiers.to_vec(),
        ..new
    }
}

#[tokio::test]
async fn from_the_province_to_every_node_and_the_province_knows() {
    let network = Network::of(&[VILLAGE, NEIGHBOUR]).await;
    network.linked().await;
    let new = only(board("notices", ""), &[Tier::Province, Tier::City]);
    let (key, version) = publish(&network, PROVINCE, new).await;
    assert_eq!(version, 1);
    // Of the eleven cities one is here; the others are expected, and unreached.
    adopted(&network, PROVINCE, &key, 2, 0).await;
    let known = adoption(&network, PROVINCE, &key).await;
    assert_eq!((known.expected, known.unreached), (12, 10));
    assert!(!known.is_complete());
    for village in [VILLAGE, NEIGHBOUR] {
        let (key, _) = publish(&network, village, board("for-us-alone", "")).await;
        assert!(
            adoption(&network, village, &key).await.is_complete(),
            "all of one"
        );
    }
    network.shut_down().await;
}

#[tokio::test]
async fn adoption_of_a_whole_township_reaches_all_of_it_whoever_issued() {
    let tree = topology::Tree::zhejiang();
    let township = code(TOWNSHIP);
    let mut leaves: Vec<_> = tree.nodes(township).map(|code| code.to_string()).collect();
    leaves.retain(|leaf| leaf != &township.to_string());
    let mut divisions: Vec<_> = tree.ancestors(township).collect();
    divisions.sort_unstable();
    let mut below = vec![township];
    below.extend(leaves.iter().map(|leaf| code(leaf)));
    let groups = divisions
        .into_iter()
        .map(|one| vec![one])
        .chain([below])
        .collect();
    let network = Network::start(tree, groups, wujitong_tests::Options::default()).await;
    network.linked().await;
    let all = u32::try_from(leaves.len()).unwrap() + 1;
    let (key, _) = publish(&network, TOWNSHIP, board("ours", "")).await;
    adopted(&network, TOWNSHIP, &key, all, 0).await;
    assert!(adoption(&network, TOWNSHIP, &key).await.is_complete());
    let (key, _) = publish(&network, PROVINCE, board("theirs", "")).await;
    adopted(&network, PROVINCE, &key, all + 3, 0).await;
    adopted(&network, COUNTY, &key, all + 1, 0).await;
    let (_, version) = publish(&network, PROVINCE, board("theirs", "colour = 'red'")).await;
    assert_eq!(version, 2);
    adopted(&network, PROVINCE, &key, all + 3, 0).await;
    for leaf in leaves {
        let templates = network.office(&leaf).templates().await.unwrap();
        let of_province = templates.iter().find(|record| record.template.key == key);
        assert_eq!(of_province.unwrap().template.version, 2);
    }
    network.shut_down().await;
}

#[tokio::test]
async fn refused_by_the_node_that_lacks_what_it_needs_and_applied_when_that_arrives() {
    let mut network = Network::of(&[VILLAGE, OTHER_VILLAGE]).await;
    network.linked().await;
    let tiers = [Tier::Township];
    let standard = |name: &str| NewTemplate {
        kind: TemplateKind::Standard,
        ..only(board(name, ""), &tiers)
    };
    network.stop(OTHER_TOWNSHIP).await;
    let (needed, _) = publish(&network, COUNTY, standard("village-finance")).await;
    adopted(&network, COUNTY, &needed, 1, 0).await;
    let needs = "needs = ['standard/village-finance', 'standard/land-register']";
    let (key, _) = publish(
        &network,
        COUNTY,
        only(board("finance-board", needs), &tiers),
    )
    .await;
    adopted(&network, COUNTY, &key, 0, 1).await;
    let known = adoption(&network, COUNTY, &key).await;
    let reason = TemplateRefusal::MissingNeed(Need {
        kind: TemplateKind::Standard,
        name: "land-register".into(),
    });
    assert_eq!(known.refusals, [(code(TOWNSHIP), reason)], "who, and why");
    assert_eq!(
        known.unreached,
        known.expected - 1,
        "the other was never told"
    );
    network.restart(OTHER_TOWNSHIP).await;
    adopted(&network, COUNTY, &key, 0, 2).await;
    let (_, version) = publish(&network, COUNTY, standard("land-register")).await;
    assert_eq!(version, 1);
    adopted(&network, COUNTY, &key, 2, 0).await;
    assert_eq!(adoption(&network, COUNTY, &key).await.refusals, []);
    network.shut_down().await;
}

#[tokio::test]
async fn what_one_township_alone_refuses_the_province_sees_by_name() {
    let network = Network::of(&[VILLAGE, OTHER_VILLAGE]).await;
    network.linked().await;
    let mine = only(board("hall", ""), &[Tier::Township]);
    let (hall, _) = publish(&network, TOWNSHIP, mine).await;
    adopted(&network, TOWNSHIP, &hall, 1, 0).await;
    let needs = only(board("screen", "needs = ['board/hall']"), &[Tier::Township]);
    let (screen, _) = publish(&network, PROVINCE, needs).await;
    adopted(&network, PROVINCE, &screen, 1, 1).await;
    let known = adoption(&network, PROVINCE, &screen).await;
    let [(who, why)] = &known.refusals[..] else {
        panic!("{known:?}")
    };
    assert_eq!(*who, code(OTHER_TOWNSHIP));
    assert!(why.to_string().contains("board/hall"), "{why}");
    let theirs = only(board("hall", ""), &[Tier::Township]);
    publish(&network, OTHER_TOWNSHIP, theirs).await;
    adopted(&network, PROVINCE, &screen, 2, 0).await;
    network.shut_down().await;
}

#[tokio::test]
async fn who_never_connected_is_unreached_and_gets_all_versions_that_count_on_first_contact() {
    let mut network = Network::founded(&[VILLAGE], wujitong_tests::Options::default()).await;
    for division in [PROVINCE, CITY, COUNTY] {
        network.restart(division).await;
    }
    network.linked().await;
    let (key, _) = publish(&network, COUNTY, board("notices", "")).await;
    let (_, version) = publish(&network, COUNTY, board("notices", "colour = 'blue'")).await;
    assert_eq!(version, 2);
    adopted(&network, COUNTY, &key, 1, 0).await;
    let known = adoption(&network, COUNTY, &key).await;
    assert_eq!(known.unreached, known.expected - 1);
    network.quiet().await;
    network.restart(TOWNSHIP).await;
    network.restart(VILLAGE).await;
    adopted(&network, COUNTY, &key, 3, 0).await;
    let at_village = network.office(VILLAGE).templates().await.unwrap();
    assert_eq!(at_village.len(), 1);
    assert_eq!(at_village[0].template.version, 2);
    network.shut_down().await;
}

#[tokio::test]
async fn a_version_published_while_half_the_way_is_down_arrives_when_it_is_up() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let (key, _) = publish(&network, PROVINCE, board("notices", "")).await;
    adopted(&network, PROVINCE, &key, 5, 0).await;
    network.stop(COUNTY).await;
    for colour in ["red", "green", "blue"] {
        let content = format!("colour = '{colour}'");
        publish(&network, PROVINCE, board("notices", &content)).await;
    }
    adopted(&network, PROVINCE, &key, 2, 0).await;
    network.restart(COUNTY).await;
    adopted(&network, PROVINCE, &key, 5, 0).await;
    let at_village = network.office(VILLAGE).templates().await.unwrap();
    assert_eq!(at_village[0].template.version, 4);
    network.audited().await;
    network.shut_down().await;
}
