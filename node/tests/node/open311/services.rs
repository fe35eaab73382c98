//! Services and discovery, in both shapes.

use http::Request;
use serde_json::json;

use crate::open311::town::{CLERK, Town, elements};
use wujitong::{
    domain::{people::Permission, template::TemplateKind},
    office::NewTemplate,
};

#[tokio::test]
async fn services_are_the_categories_of_policy_in_both_shapes() {
    let town = Town::start().await;
    let services = town.get("services.json").await.expect(200).json();
    let lighting = services
        .as_array()
        .unwrap()
        .iter()
        .find(|service| service["service_code"] == "enforcement-lighting")
        .unwrap();
    assert_eq!(
        lighting,
        &json!({
            "service_code": "enforcement-lighting",
            "service_name": "路灯照明",
            "description": "综合执法：路灯照明",
            "metadata": false,
            "type": "realtime",
            "keywords": "路灯照明, 综合执法",
            "group": "综合执法",
        })
    );
    let answer = town
        .get("services.xml?jurisdiction_id=33")
        .await
        .expect(200);
    let xml = answer.xml();
    assert!(
        xml.starts_with("<services><service><service_code>"),
        "{xml}"
    );
    let all = elements(xml, &["services"]);
    assert_eq!(all.len(), services.as_array().unwrap().len());
    assert!(all.iter().all(|name| name == "service"));
    assert_eq!(
        elements(xml, &["services", "service"])[..7],
        [
            "service_code",
            "service_name",
            "description",
            "metadata",
            "type",
            "keywords",
            "group"
        ]
    );
    assert!(xml.contains("<metadata>false</metadata><type>realtime</type>"));
    for code in [
        "enforcement-lighting",
        "enforcement/lighting",
        "enforcement%2Flighting",
    ] {
        let one = town.get(&format!("services/{code}.json")).await.expect(200);
        let expected = json!({ "service_code": "enforcement-lighting", "attributes": [] });
        assert_eq!(one.json(), expected);
    }
    let one = town
        .get("services/enforcement-lighting.xml")
        .await
        .expect(200);
    assert_eq!(
        elements(one.xml(), &["service_definition"]),
        ["service_code", "attributes"]
    );
    town.stop().await;
}

#[tokio::test]
async fn discovery_says_where_and_in_which_formats() {
    let town = Town::start().await;
    let json = town.get("discovery.json").await.expect(200).json();
    let endpoint = &json["endpoints"][0];
    assert_eq!(
        endpoint["specification"],
        "http://wiki.open311.org/GeoReport_v2"
    );
    assert_eq!(endpoint["url"], "http://localhost/open311/v2");
    assert_eq!(endpoint["type"], "production");
    assert_eq!(endpoint["formats"], json!(["text/xml", "application/json"]));
    let answer = town.get("discovery.xml").await.expect(200);
    assert_eq!(
        elements(answer.xml(), &["discovery"]),
        ["changeset", "contact", "key_service", "endpoints"]
    );
    let proxied = Request::get("/open311/v2/discovery.json").header("x-forwarded-proto", "https");
    let json = town.send(proxied, "").await.expect(200).json();
    assert_eq!(json["endpoints"][0]["url"], "https://localhost/open311/v2");
    town.stop().await;
}

const STANDARD: &str = include_str!("../../../../config/templates/county-data.toml");

#[tokio::test]
async fn the_data_of_a_standard_are_attributes_and_their_values_are_checked() {
    let town = Town::start().await;
    let standard = NewTemplate {
        kind: TemplateKind::Standard,
        name: "data".to_owned(),
        title: "数据标准".to_owned(),
        content: STANDARD.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    town.office()
        .templates()
        .publish(standard, CLERK)
        .await
        .unwrap();
    let services = town.get("services.json").await.expect(200).json();
    let mut services = services.as_array().unwrap().iter();
    let water = services
        .find(|one| one["service_code"] == "enforcement-water")
        .unwrap();
    assert_eq!(water["metadata"], json!(true));
    let one = town
        .get("services/enforcement-water.json")
        .await
        .expect(200)
        .json();
    let attributes = one["attributes"].as_array().unwrap();
    let codes: Vec<_> = attributes
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            "urgency-basis",
            "persons-affected",
            "place-kind",
            "noticed-on",
            "pollution-kind"
        ]
    );
    assert_eq!(
        (
            &attributes[4]["datatype"],
            &attributes[4]["required"],
            &attributes[4]["order"]
        ),
        (&json!("singlevaluelist"), &json!(true), &json!(5))
    );
    assert_eq!(
        attributes[4]["values"][0],
        json!({ "key": "water", "name": "水污染" })
    );
    assert_eq!(attributes[1]["datatype"], json!("number"));
    let xml = town.get("services/enforcement-water.xml").await.expect(200);
    let inside = elements(
        xml.xml(),
        &["service_definition", "attributes", "attribute"],
    );
    assert_eq!(inside[..3], ["variable", "code", "datatype"]);
    let values = [
        "service_definition",
        "attributes",
        "attribute",
        "values",
        "value",
    ];
    assert_eq!(elements(xml.xml(), &values)[..2], ["key", "name"]);

    let app = town.key("城市通", &[Permission::Report]).await;
    let file = async |more: &str| {
        let form = format!("api_key={app}&service_code=enforcement-water&address_id=1{more}");
        town.post("requests.json", &form).await
    };
    let missing = file("").await.expect(400).json();
    let said = missing[0]["description"].as_str().unwrap();
    assert!(
        said.starts_with("attribute[pollution-kind]: ") && said.contains("required"),
        "{said}"
    );
    let wrong = "&attribute[pollution-kind]=x&attribute[persons-affected]=-1&attribute[POLE]=17";
    let wrong = file(wrong).await.expect(400).json();
    assert_eq!(wrong.as_array().unwrap().len(), 2, "{wrong}");
    let right =
        "&attribute[pollution-kind]=water&attribute[persons-affected]=%2012&attribute[POLE]=17";
    let filed = file(right).await.expect(201).json();
    let id = filed[0]["service_request_id"].as_str().unwrap();
    let view = town
        .office()
        .matters()
        .matter(id.parse().unwrap())
        .await
        .unwrap();
    let data: Vec<_> = view
        .data
        .iter()
        .map(|one| (&*one.code, &*one.value))
        .collect();
    assert_eq!(
        data,
        [("pollution-kind", "water"), ("persons-affected", "12")]
    );
    assert_eq!(view.details.last().unwrap().text, "17");
    town.stop().await;
}
