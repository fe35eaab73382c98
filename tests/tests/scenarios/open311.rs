//! A civic app reports to a village over Open311 and follows its report to the province.

use serde_json::Value;
use testkit::{CLERK, INSPECTOR, Network, Options, PROVINCE, VILLAGE, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wujitong::{
    domain::{matter::Outcome, people::Permission},
    office::people::NewKey,
};

/// Sends one request; returns status and JSON.
async fn ask(network: &Network, method: &str, path: &str, form: &str) -> (u16, Value) {
    let http = network.host(VILLAGE).http().unwrap();
    let mut stream = TcpStream::connect(http).await.unwrap();
    let request = format!(
        "{method} /open311/v2/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn an_app_follows_its_report_from_the_village_to_the_province_and_back() {
    let options = Options {
        adjust: |config| config.http.listen = Some(([127, 0, 0, 1], 0).into()),
        ..Options::default()
    };
    let network = Network::hosted(&[VILLAGE], options).await;
    let village = network.office(VILLAGE);
    let new = NewKey {
        name: "snapshot".to_owned(),
        permissions: [Permission::Report].into(),
        division: None,
        days: 1,
    };
    let (_, key) = village.people().make_key(new, CLERK).await.unwrap();
    let (status, errors) = ask(&network, "GET", "services.json", "").await;
    assert_eq!(status, 400);
    let said = errors[0]["description"].as_str().unwrap();
    assert!(said.contains("jurisdiction_id was not provided"), "{said}");
    for jurisdiction in [VILLAGE, "222.002.25.08.33.zj.example", "33"] {
        let path = format!("services.json?jurisdiction_id={jurisdiction}");
        assert_eq!(
            ask(&network, "GET", &path, "").await.0,
            200,
            "{jurisdiction}"
        );
    }
    let form = format!(
        "api_key={key}&jurisdiction_id={VILLAGE}&service_code=enforcement-rubbish\
         &lat=29.0285&long=119.1722&description=rubbish+at+the+bridge&phone=13857012345"
    );
    let (status, filed) = ask(&network, "POST", "requests.json", &form).await;
    assert_eq!(status, 201, "{filed}");
    let id = filed[0]["service_request_id"].as_str().unwrap().to_owned();
    let number = id.parse().unwrap();
    let path = format!("requests/{id}.json?jurisdiction_id={VILLAGE}&api_key={key}");
    let seen = async || {
        let (status, mut seen) = ask(&network, "GET", &path, "").await;
        assert_eq!(status, 200);
        seen[0].take()
    };
    let first = seen().await;
    assert_eq!(first["description"], "rubbish at the bridge");
    let responsible = first["agency_responsible"].as_str().unwrap().to_owned();
    assert!(
        responsible.starts_with("浙江省") && responsible.contains("张王村"),
        "{responsible}"
    );
    network.escalate(VILLAGE, number, PROVINCE).await;
    network.held(PROVINCE, number).await;
    eventually("the village's app sees the province", async || {
        seen().await["agency_responsible"] == "浙江省"
    })
    .await;
    let away = seen().await;
    assert_eq!(away["status"], "open");
    // Only the holder sees the reporter's text.
    assert_eq!(
        (&away["description"], &away["lat"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(away["expected_datetime"], first["expected_datetime"]);
    let note = Some("two lorries sent".to_owned());
    let province = network.office(PROVINCE);
    province
        .matters()
        .close(number, Outcome::Solved, note, INSPECTOR)
        .await
        .unwrap();
    network.closed(VILLAGE, number).await;
    eventually(
        "the village's app reads what the province said",
        async || seen().await["status_notes"] == "已办结：已解决。two lorries sent",
    )
    .await;
    assert_eq!(seen().await["status"], "closed");
    // A key of the village gives no access at another node.
    let above = path.replace(VILLAGE, PROVINCE);
    assert_eq!(ask(&network, "GET", &above, "").await.0, 403);
    drop((village, province));
    network.shut_down().await;
}
