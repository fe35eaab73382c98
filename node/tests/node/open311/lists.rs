//! What everybody sees.

use wujitong::{
    domain::{
        category::Visibility,
        matter::{Act, Publicity},
        people::Permission,
    },
    office::{NewReport, Work},
};

use crate::open311::town::{Answer, CLERK, Town};

#[tokio::test]
async fn everybody_sees_what_was_published_and_nothing_of_what_was_not() {
    let town = Town::start().await;
    let open = town.published("桥头路面塌陷\u{1}<&>").await;
    let key = town.key("app", &[Permission::Report]).await;
    let (filed, _) = town.file(&key, "&description=x").await;
    let office = town.office();
    let unpublished = NewReport {
        visibility: Visibility::Public,
        ..NewReport::new("enforcement/road".parse().unwrap(), "未公开".to_owned())
    };
    office.matters().report(unpublished, CLERK).await.unwrap();
    let ids = |answer: Answer| -> Vec<String> {
        let all = answer.expect(200).json();
        let ids = all.as_array().unwrap().iter();
        ids.map(|one| one["service_request_id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(town.get("requests.json").await), [&*open]);
    let found = office.matters().answers("", None, None, 10).await.unwrap();
    let found: Vec<_> = found.iter().map(|answer| &answer.matter).collect();
    assert_eq!(
        found,
        [&open],
        "the search of answers follows the same rule"
    );
    let number = filed.parse().unwrap();
    let reply = Work::Do(Act::Reply(Publicity::Public));
    let refused = office
        .matters()
        .work(number, reply, Some("x".to_owned()), CLERK, None);
    let refused = refused.await.unwrap_err().to_string();
    assert!(refused.contains("reply privately"), "{refused}");
    let own = ids(town.get(&format!("requests.json?api_key={key}")).await);
    assert_eq!(own, [filed.clone(), open.clone()]);
    let with = |more: &str| format!("requests.json?api_key={key}&{more}");
    for (filter, expected) in [
        ("service_code=enforcement-road", vec![&open]),
        (
            "service_code=enforcement-road,enforcement-lighting",
            vec![&filed, &open],
        ),
        ("service_code=001", vec![]),
        ("status=closed", vec![]),
        ("status=open", vec![&filed, &open]),
        ("status=open,closed", vec![&filed, &open]),
        ("start_date=2020-01-01T00:00:00Z", vec![]),
        ("end_date=2020-01-01T00:00:00Z", vec![]),
        ("start_date=2099-01-01T00:00:00Z", vec![]),
        ("page_size=1", vec![&filed]),
        ("page_size=1&page=2", vec![&open]),
        ("page=2", vec![]),
        ("updated_after=2020-01-01T00:00:00Z", vec![&filed, &open]),
        ("updated_after=2099-01-01T00:00:00Z", vec![]),
    ] {
        let found = ids(town.get(&with(filter)).await);
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter}");
    }
    let named = format!("service_request_id={open},{filed},17,{open}&status=closed");
    assert_eq!(
        ids(town.get(&with(&named)).await),
        [open.clone(), filed.clone(), open.clone()]
    );
    let named = format!("requests.json?service_request_id={filed}");
    assert_eq!(ids(town.get(&named).await), [""; 0]);
    let one = town
        .get(&format!("requests/{open}.json"))
        .await
        .expect(200)
        .json();
    assert_eq!(one[0]["description"], "桥头路面塌陷\u{1}<&>");
    assert_eq!(one[0]["status_notes"], "已反馈。下周修补");
    let xml = town.get(&format!("requests/{open}.xml")).await.expect(200);
    assert!(
        xml.xml().contains("桥头路面塌陷\u{fffd}&lt;&amp;&gt;"),
        "{}",
        xml.body
    );
    drop(office);
    town.stop().await;
}
