//! A template on its way down, and the reports to its issuer.

use testkit::{
    CITY, CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, peer::Stand,
};
use topology::Tier;
use wujitong::{
    domain::{
        envelope::{Destination, Lane, Order, Payload, Stamp},
        template::{
            Adoption, BadTemplate, Need, Scope, Stance, Template, TemplateKey, TemplateKind,
            TemplateRefusal,
        },
        time::Timestamp,
    },
    office::NewTemplate,
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";
/// 龙洲街道, in the same county.
const OTHER_TOWNSHIP: &str = "330825001";
/// 清廉社区, there.
const OTHER_VILLAGE: &str = "330825001001";
/// Another county of the same city, a township of it, and 童村碓村 there.
const OTHER_COUNTY: &str = "330802";
const OTHER_COUNTYS_TOWNSHIP: &str = "330802005";
const OTHER_COUNTYS_VILLAGE: &str = "330802005200";

fn policy(name: &str, content: &str) -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Policy,
        name: name.to_owned(),
        title: "三务公开".to_owned(),
        content: format!("format = 1\n{content}"),
        tiers: vec![],
        kinds: vec![],
    }
}

async fn publish(network: &Network, at: &str, new: NewTemplate) -> (TemplateKey, u32) {
    let template = network
        .office(at)
        .templates()
        .publish(new, CLERK)
        .await
        .unwrap();
    (template.key, template.version)
}

async fn adoption(network: &Network, at: &str, key: &TemplateKey) -> Adoption {
    network.office(at).templates().adoption(key).await.unwrap()
}

/// Waits until the issuer knows of this many applications and refusals.
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
    let new = only(policy("notices", ""), &[Tier::Province, Tier::City]);
    let (key, version) = publish(&network, PROVINCE, new).await;
    assert_eq!(version, 1);
    // One of the eleven cities is here; the others are expected, and unreached.
    adopted(&network, PROVINCE, &key, 2, 0).await;
    let known = adoption(&network, PROVINCE, &key).await;
    assert_eq!((known.expected, known.unreached), (12, 10));
    assert!(!known.is_complete());
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
    let network = Network::start(tree, groups, testkit::Options::default()).await;
    network.linked().await;
    let all = u32::try_from(leaves.len()).unwrap() + 1;
    let (key, _) = publish(&network, COUNTY, policy("ours", "")).await;
    adopted(&network, COUNTY, &key, all + 1, 0).await;
    let (key, _) = publish(&network, PROVINCE, policy("theirs", "")).await;
    adopted(&network, PROVINCE, &key, all + 3, 0).await;
    adopted(&network, COUNTY, &key, all + 1, 0).await;
    let (_, version) = publish(&network, PROVINCE, policy("theirs", "# red")).await;
    assert_eq!(version, 2);
    adopted(&network, PROVINCE, &key, all + 3, 0).await;
    for leaf in leaves {
        let templates = network.office(&leaf).templates().all().await.unwrap();
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
    let needed_policy = |name: &str| only(policy(name, ""), &tiers);
    network.stop(OTHER_TOWNSHIP).await;
    let (needed, _) = publish(&network, COUNTY, needed_policy("village-finance")).await;
    adopted(&network, COUNTY, &needed, 1, 0).await;
    let needs = "needs = ['policy/village-finance', 'policy/land-register']";
    let (key, _) = publish(
        &network,
        COUNTY,
        only(policy("finance-board", needs), &tiers),
    )
    .await;
    adopted(&network, COUNTY, &key, 0, 1).await;
    let known = adoption(&network, COUNTY, &key).await;
    let reason = TemplateRefusal::MissingNeed(Need {
        kind: TemplateKind::Policy,
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
    let (_, version) = publish(&network, COUNTY, needed_policy("land-register")).await;
    assert_eq!(version, 1);
    adopted(&network, COUNTY, &key, 2, 0).await;
    assert_eq!(adoption(&network, COUNTY, &key).await.refusals, []);
    network.shut_down().await;
}

#[tokio::test]
async fn what_one_township_alone_refuses_the_province_sees_by_name() {
    let network = Network::of(&[VILLAGE, OTHER_COUNTYS_VILLAGE]).await;
    network.linked().await;
    let hall = || only(policy("hall", ""), &[Tier::Township]);
    let (of_county, _) = publish(&network, COUNTY, hall()).await;
    adopted(&network, COUNTY, &of_county, 1, 0).await;
    let needs = only(
        policy("screen", "needs = ['policy/hall']"),
        &[Tier::Township],
    );
    let (screen, _) = publish(&network, PROVINCE, needs).await;
    adopted(&network, PROVINCE, &screen, 1, 1).await;
    let known = adoption(&network, PROVINCE, &screen).await;
    let [(who, why)] = &known.refusals[..] else {
        panic!("{known:?}")
    };
    assert_eq!(*who, code(OTHER_COUNTYS_TOWNSHIP));
    assert!(why.to_string().contains("policy/hall"), "{why}");
    publish(&network, OTHER_COUNTY, hall()).await;
    adopted(&network, PROVINCE, &screen, 2, 0).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_key_that_no_node_acts_on_is_refused_by_name_where_it_is_written_and_where_it_arrives() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let unread = NewTemplate {
        kind: TemplateKind::Disclosure,
        ..policy(
            "finance",
            "approval = 'two'\n[[item]]\nname = '收支'\nperiod_days = 30\nfields = ['who']\n",
        )
    };
    let office = network.office(PROVINCE);
    let refused = Network::refused(office.templates().publish(unread, CLERK)).await;
    assert!(refused.contains("approval"), "{refused}");
    assert_eq!(office.templates().all().await.unwrap(), []);
    drop(office);

    // An issuer of another version publishes it nevertheless.
    network.stop(COUNTY).await;
    let mut stand = Stand::instead_of(&network, COUNTY).await;
    let mut peer = stand.visitor().await;
    peer.greet().await;
    let template = Template {
        key: "330825/standard/hall".parse().unwrap(),
        version: 1,
        scope: Scope::new(code(COUNTY), &[], &[]),
        title: "公告".to_owned(),
        content: "format = 1\ncolour = 'red'\n".to_owned(),
        issued_at: Timestamp(1_780_000_000_000),
        stamp: Stamp::default(),
    };
    peer.issue = 1 << 50;
    let (scope, key) = (Destination::Scope(template.scope), template.key.clone());
    let payload = Payload::Template(Box::new(template));
    let order = Order::Replaces {
        key: payload.replaces().unwrap().into(),
    };
    let envelope = peer.envelope(scope, Lane::Notice, order, payload);
    assert_eq!(
        peer.try_out(envelope, vec![]).await,
        None,
        "it is carried on"
    );
    for at in [TOWNSHIP, VILLAGE] {
        eventually(&format!("{at} does not say that it applies it"), || async {
            let known = network.office(at).templates().all().await.unwrap();
            let record = known.iter().find(|record| record.template.key == key);
            record.is_some_and(|record| {
                let unsupported = BadTemplate::Unsupported("key `colour`".into());
                record.stance == Some(Stance::Refused(TemplateRefusal::Bad(unsupported)))
            })
        })
        .await;
    }
    drop(peer);
    stand.leave().await;
    network.shut_down().await;
}

#[tokio::test]
async fn who_never_connected_is_unreached_and_gets_all_versions_that_count_on_first_contact() {
    let mut network = Network::founded(&[VILLAGE], testkit::Options::default()).await;
    for division in [PROVINCE, CITY, COUNTY] {
        network.restart(division).await;
    }
    network.linked().await;
    let (key, _) = publish(&network, COUNTY, policy("notices", "")).await;
    let (_, version) = publish(&network, COUNTY, policy("notices", "# blue")).await;
    assert_eq!(version, 2);
    adopted(&network, COUNTY, &key, 1, 0).await;
    let known = adoption(&network, COUNTY, &key).await;
    assert_eq!(known.unreached, known.expected - 1);
    network.quiet().await;
    network.restart(TOWNSHIP).await;
    network.restart(VILLAGE).await;
    adopted(&network, COUNTY, &key, 3, 0).await;
    let at_village = network.office(VILLAGE).templates().all().await.unwrap();
    assert_eq!(at_village.len(), 1);
    assert_eq!(at_village[0].template.version, 2);
    network.shut_down().await;
}

#[tokio::test]
async fn a_version_published_while_half_the_way_is_down_arrives_when_it_is_up() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let (key, _) = publish(&network, PROVINCE, policy("notices", "")).await;
    adopted(&network, PROVINCE, &key, 5, 0).await;
    network.stop(COUNTY).await;
    for colour in ["red", "green", "blue"] {
        let content = format!("# {colour}");
        publish(&network, PROVINCE, policy("notices", &content)).await;
    }
    adopted(&network, PROVINCE, &key, 2, 0).await;
    network.restart(COUNTY).await;
    adopted(&network, PROVINCE, &key, 5, 0).await;
    let at_village = network.office(VILLAGE).templates().all().await.unwrap();
    assert_eq!(at_village[0].template.version, 4);
    network.audited().await;
    network.shut_down().await;
}

/// A county issues services, a township tightens them, and a city that would loosen them is refused where it writes.
#[tokio::test]
async fn services_come_from_above_and_are_tightened_on_the_way_and_each_part_names_its_text() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let services = |content: &str| NewTemplate {
        kind: TemplateKind::Service,
        name: "window".to_owned(),
        title: "办事事项".to_owned(),
        content: format!("format = 1\n[[service]]\ncategory = 'service/land'\n{content}"),
        tiers: vec![],
        kinds: vec![],
    };
    let materials =
        "[[service.materials]]\ncode = 'id'\nname = { zh = '身份证', en = 'identity card' }\n";
    let of_county = services(&format!("promise = '15wd'\n{materials}"));
    let (key, _) = publish(&network, COUNTY, of_county).await;
    adopted(&network, COUNTY, &key, 3, 0).await;
    let of_township = services("promise = '8wd'\nwindow = { zh = '2号窗口', en = 'window 2' }\n");
    let (tightened, _) = publish(&network, TOWNSHIP, of_township).await;
    adopted(&network, TOWNSHIP, &tightened, 2, 0).await;
    // What would loosen is refused where it is written: another text of the township, and the next version of its own.
    for name in ["ours", "window"] {
        let longer = NewTemplate {
            name: name.to_owned(),
            ..services("promise = '16wd'\n")
        };
        let office = network.office(TOWNSHIP);
        let refused = Network::refused(office.templates().publish(longer, CLERK)).await;
        assert!(
            refused.contains("service/land") && refused.contains("16wd"),
            "{name}: {refused}"
        );
    }

    // A villager of the village reads the promise of the township and the materials of the county.
    let village = network.office(VILLAGE);
    let promises = village.templates().promises().await.unwrap();
    let land = promises
        .categories
        .iter()
        .find(|one| one.code == "service/land")
        .unwrap();
    assert_eq!(land.promised.as_ref().unwrap().en, "8 working days");
    assert_eq!(land.materials[0].code, "id");
    assert_eq!(land.window.as_ref().unwrap().en, "window 2");
    // The county, asked about the village, does not know what the township issued, and says so.
    let here = network.office(COUNTY);
    let kind = Some(TemplateKind::Service);
    let seen = here
        .templates()
        .effective(Some(code(VILLAGE)), kind)
        .await
        .unwrap();
    assert!(!seen.complete);
    let promise = &seen.kinds[0].values[0];
    assert_eq!(promise.value.en, "15 working days");
    let own = village.templates().effective(None, kind).await.unwrap();
    assert!(own.complete);
    let promise = &own.kinds[0].values[0];
    assert_eq!(promise.by.issuer, Some(code(TOWNSHIP)));
    assert_eq!(promise.looser[0].by.issuer, Some(code(COUNTY)));

    // Child by child: the township told everything, and all of it applies.
    let children = here.templates().rollout(&key).await.unwrap();
    let of = |division| {
        let mut children = children.iter();
        children
            .find(|(child, ..)| *child == code(division))
            .unwrap()
    };
    let (_, adoption, told) = of(TOWNSHIP);
    assert_eq!(adoption.applied, 2);
    assert!(told.is_some());
    let (_, adoption, told) = of(OTHER_TOWNSHIP);
    assert_eq!((adoption.applied, *told), (0, None));
    drop((village, here));
    network.shut_down().await;
}
