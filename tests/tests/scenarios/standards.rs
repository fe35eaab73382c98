//! A data standard on its way down, and data on their way up.

use serde_json::{Value, json};
use testkit::{CLERK, COUNTY, Network, Options, TOWNSHIP, VILLAGE, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use topology::Tier;
use wujitong::{
    domain::{
        ids::MatterId,
        matter::Erasure,
        people::Permission,
        template::{TemplateKey, TemplateKind},
    },
    office::{NewTemplate, people::NewKey},
};

const STANDARD: &str = include_str!("../../../config/templates/county-data.toml");

/// What the village asks for besides: how many people, and fewer kinds of disputes.
const NARROWER: &str = r#"format = 1
[[element]]
code = "persons-affected"
type = "number"
most = 50
required = true
[[list]]
code = "dispute-kind"
codes = [{ code = "neighbours" }, { code = "homestead" }]
"#;

fn standard(name: &str, content: &str, tiers: &[Tier]) -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Standard,
        name: name.to_owned(),
        title: "数据标准".to_owned(),
        content: content.to_owned(),
        tiers: tiers.to_vec(),
        kinds: vec![],
    }
}

async fn publish(network: &Network, at: &str, new: NewTemplate) -> TemplateKey {
    let office = network.office(at);
    office.templates().publish(new, CLERK).await.unwrap().key
}

/// Waits until a division applies this version.
async fn applied(network: &Network, at: &str, key: &TemplateKey, version: u32) {
    eventually(
        &format!("{at} applies {key}, version {version}"),
        || async {
            let known = network.office(at).templates().all().await.unwrap();
            let record = known.iter().find(|record| record.template.key == *key);
            record.is_some_and(|record| {
                record.template.version == version
                    && record.stance == Some(wujitong::domain::template::Stance::Applied)
            })
        },
    )
    .await;
}

/// Sends a form or JSON to the village; returns status and JSON.
async fn ask(network: &Network, path: &str, key: &str, kind: &str, body: &str) -> (u16, Value) {
    let http = network.host(VILLAGE).http().unwrap();
    let mut stream = TcpStream::connect(http).await.unwrap();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {key}\r\n\
         content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

async fn by_api(network: &Network, key: &str, data: Value) -> (u16, Value) {
    let report = json!({ "category": "order/dispute", "text": "宅基地边界", "channel": "snapshot", "data": data,
        "contact": { "name": "王小明", "phone": "13857012345", "address": "" } });
    let path = format!("/v1/nodes/{VILLAGE}/matters");
    ask(network, &path, key, "application/json", &report.to_string()).await
}

async fn by_app(network: &Network, key: &str, more: &str) -> (u16, Value) {
    let form = format!(
        "api_key={key}&jurisdiction_id={VILLAGE}&service_code=order-dispute&address_id=1&phone=13857012345{more}"
    );
    let kind = "application/x-www-form-urlencoded";
    ask(network, "/open311/v2/requests.json", key, kind, &form).await
}

async fn values(network: &Network, at: &str, id: MatterId) -> Vec<(String, String)> {
    let seen = network.office(at).matters().matter(id).await.unwrap();
    let data = seen.data.into_iter();
    data.map(|one| (one.code, one.value)).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    let all = all.iter();
    all.map(|(code, value)| ((*code).to_owned(), (*value).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_village_narrows_the_countys_standard_and_what_is_entered_arrives_above() {
    let options = Options {
        adjust: |config| config.http.listen = Some(([127, 0, 0, 1], 0).into()),
        ..Options::default()
    };
    let network = Network::hosted(&[VILLAGE], options).await;
    let county = publish(&network, COUNTY, standard("data", STANDARD, &[])).await;
    applied(&network, VILLAGE, &county, 1).await;
    let village = network.office(VILLAGE);
    let looser = NARROWER.replace("most = 50", "most = 200000");
    let looser = standard("ours", &looser, &[]);
    let refused = Network::refused(village.templates().publish(looser, CLERK)).await;
    assert!(
        refused.contains("persons-affected") && refused.contains("100000"),
        "{refused}"
    );
    publish(&network, VILLAGE, standard("ours", NARROWER, &[])).await;
    let new = NewKey {
        name: "snapshot".to_owned(),
        permissions: [Permission::Report].into(),
        division: None,
        days: 1,
    };
    let (_, key) = village.people().make_key(new, CLERK).await.unwrap();
    let key = key.to_string();

    // Good for the county, and not here: refused by each way in, and nothing is kept.
    let (status, problem) = by_api(&network, &key, json!({ "dispute-kind": "land" })).await;
    assert_eq!(status, 422, "{problem}");
    let named: Vec<_> = problem["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["field"])
        .collect();
    assert_eq!(named, ["dispute-kind", "persons-affected"], "{problem}");
    let wrong = "&attribute[dispute-kind]=land&attribute[persons-affected]=51";
    let (status, errors) = by_app(&network, &key, wrong).await;
    assert_eq!(
        (status, errors.as_array().unwrap().len()),
        (400, 2),
        "{errors}"
    );
    let said = errors[0]["description"].as_str().unwrap();
    assert!(said.contains("use neighbours, homestead"), "{said}");
    assert_eq!(village.matters().dockets(None, 10).await.unwrap(), []);

    let right = "&attribute[dispute-kind]=homestead&attribute[persons-affected]=12&attribute[other-side-phone]=0570-7012345";
    let (status, filed) = by_app(&network, &key, right).await;
    assert_eq!(status, 201, "{filed}");
    let id: MatterId = filed[0]["service_request_id"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let all = [
        ("dispute-kind", "homestead"),
        ("persons-affected", "12"),
        ("other-side-phone", "05707012345"),
    ];
    assert_eq!(values(&network, VILLAGE, id).await, pairs(&all));

    // The county narrows its own meanwhile. What was entered before is taken as it is.
    let narrower = STANDARD.replace("most = 100000", "most = 5");
    let again = publish(
        &network,
        COUNTY,
        standard("data", &narrower, &[Tier::County]),
    )
    .await;
    applied(&network, COUNTY, &again, 2).await;
    network.escalate(VILLAGE, id, COUNTY).await;
    network.held(COUNTY, id).await;
    assert_eq!(values(&network, COUNTY, id).await, pairs(&all));
    // Who only passed it on knows none of it, and the village what says nothing of a person.
    assert_eq!(values(&network, TOWNSHIP, id).await, []);
    assert_eq!(values(&network, VILLAGE, id).await, pairs(&all[..2]));

    // What says nothing of a person outlives the text.
    let holder = network.office(COUNTY);
    let erased = holder.matters().erase(id, Erasure::Consent, CLERK).await;
    erased.unwrap();
    assert_eq!(values(&network, COUNTY, id).await, pairs(&all[..2]));
    drop((village, holder));
    network.shut_down().await;
}
