//! Alarms stand until somebody with the right to it closes them.

use wujitong::domain::alarm::AlarmKind;

use crate::people::alone::Alone;

#[tokio::test]
async fn an_alarm_stands_in_status_metrics_and_the_api_until_an_administrator_closes_it() {
    let alone = Alone::start().await;
    let tokens = alone.administrators().await;
    let official = alone.person(&tokens, "zhang.san", &["official"]).await;
    let office = alone.office();
    let kind = AlarmKind::KeyRevoked;
    let about = Some("330825002222".parse().unwrap());
    let raised = office.raise_alarm(kind, about, "stolen\u{1b}[2J").await;
    raised.unwrap();

    let listed = alone.get("alarms").by(&tokens["sys"]).send().await;
    let listed = listed.expect(200).json;
    let all = listed["alarms"].as_array().unwrap();
    let alarm = all
        .iter()
        .find(|alarm| alarm["kind"] == "key-revoked")
        .unwrap();
    assert_eq!(alarm["kind"], "key-revoked");
    assert_eq!(alarm["about"], "330825002222");
    assert_eq!(alarm["detail"], "stolen\\u{1b}[2J");
    let status = alone
        .get("/v1/status?node=33")
        .by(&tokens["sys"])
        .send()
        .await;
    let shown = status.expect(200).json["nodes"][0]["alarms"].clone();
    assert!(shown.as_array().unwrap().contains(alarm), "{shown}");
    let standing = || office.metrics().alarms.of(kind.code()).get();
    assert_eq!(standing(), 1);

    let path = "alarms/key-revoked?about=330825002222";
    let denied = alone.delete(path).by(&official).send().await;
    denied.expect(403);
    let other = alone.delete("alarms/key-revoked").by(&tokens["sys"]);
    other.send().await.expect(404);
    let closed = alone.delete(path).by(&tokens["sys"]).send().await;
    closed.expect(204);
    assert_eq!(standing(), 0);
    let again = alone.delete(path).by(&tokens["sys"]).send().await;
    again.expect(404);

    let page = alone.get("audit?limit=1000").by(&tokens["aud"]).send();
    let page = page.await.expect(200).json;
    let entries = page["entries"].as_array().unwrap();
    let closing = entries
        .iter()
        .find(|entry| entry["deed"] == "close-alarm" && entry["ending"] == "done");
    let closing = closing.expect("the audit trail has the closing");
    assert_eq!(closing["subject"], "alarm key-revoked");
    assert_eq!(closing["detail"], "about 330825002222");
    drop(office);
    alone.host.stop().await;
}
