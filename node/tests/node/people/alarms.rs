//! Alarms stand until somebody with the right to it closes them.

use wujitong::domain::{alarm::AlarmKind, saying::Saying};

use testkit::province::Province;

#[tokio::test]
async fn an_alarm_stands_in_status_metrics_and_the_api_until_an_administrator_closes_it() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let office = province.office();
    let kind = AlarmKind::KeyRevoked;
    let about = Some("330825002222".parse().unwrap());
    let raised = office
        .alarms()
        .raise(kind, about, &Saying::foreign("stolen\u{1b}[2J"))
        .await;
    raised.unwrap();

    let listed = province.get("alarms").by(&tokens["sys"]).send().await;
    let listed = listed.expect(200).json;
    let all = listed["alarms"].as_array().unwrap();
    let alarm = all
        .iter()
        .find(|alarm| alarm["kind"] == "key-revoked")
        .unwrap();
    assert_eq!(alarm["kind"], "key-revoked");
    assert_eq!(alarm["about"], "330825002222");
    assert_eq!(alarm["detail"], "stolen\\u{1b}[2J");
    assert_eq!(alarm["detail_chinese"], alarm["detail"]);
    assert_eq!(alarm["remedy_chinese"], "确认该单位已从上级得到新密钥");
    let status = province
        .get("/v1/status?node=33")
        .by(&tokens["sys"])
        .send()
        .await;
    let shown = status.expect(200).json["nodes"][0]["alarms"].clone();
    assert!(shown.as_array().unwrap().contains(alarm), "{shown}");
    let standing = || office.metrics().alarms.of(kind.code()).get();
    assert_eq!(standing(), 1);

    let path = "alarms/key-revoked?about=330825002222";
    let denied = province.delete(path).by(&official).send().await;
    denied.expect(403);
    let other = province.delete("alarms/key-revoked").by(&tokens["sys"]);
    other.send().await.expect(404);
    let closed = province.delete(path).by(&tokens["sys"]).send().await;
    closed.expect(204);
    assert_eq!(standing(), 0);
    let again = province.delete(path).by(&tokens["sys"]).send().await;
    again.expect(404);

    let page = province.get("audit?limit=1000").by(&tokens["aud"]).send();
    let page = page.await.expect(200).json;
    let entries = page["entries"].as_array().unwrap();
    let closing = entries
        .iter()
        .find(|entry| entry["permission"] == "close-alarm" && entry["ending"] == "done");
    let closing = closing.expect("the audit trail has the closing");
    assert_eq!(closing["subject"], "alarm key-revoked");
    assert_eq!(closing["detail"], "about 330825002222");
    drop(office);
    province.host.stop().await;
}
