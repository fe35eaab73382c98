//! Services and discovery, in both shapes.

use http::Request;
use serde_json::json;

use crate::open311::town::{Town, elements};

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
