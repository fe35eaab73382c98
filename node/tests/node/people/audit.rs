//! The audit trail: what stands in it, who reads it, and that nobody changes it unseen.

use serde_json::{Value, json};
use wujitong::{
    domain::{audit::AuditEntry, people::Permission},
    office::{Aborted, Fault},
    store::{Range, WriteBatch, record},
};

use testkit::province::Province;

async fn lines(province: &Province, token: &str) -> Vec<Value> {
    let page = province
        .get("audit?limit=1000")
        .by(token)
        .send()
        .await
        .expect(200);
    page.json["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_act_and_every_denial_stands_in_it_with_who_from_where_and_without_names() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let id = province.report(&official).await;
    province
        .post(&format!("matters/{id}/acts"))
        .by(&official)
        .body(json!({ "act": "accept" }))
        .send()
        .await
        .expect(200);
    province
        .put("accounts/sys/roles")
        .by(&official)
        .body(json!({ "roles": [] }))
        .send()
        .await
        .expect(403);
    province
        .login("zhang.san", "wrong password")
        .send()
        .await
        .expect(401);
    let lines = lines(&province, &tokens["aud"]).await;
    let found = |deed: &str, ending: &str| -> &Value {
        let mut found = lines
            .iter()
            .filter(|line| line["permission"] == deed && line["ending"] == ending);
        found
            .next_back()
            .unwrap_or_else(|| panic!("no {deed} {ending}"))
    };
    let accept = found("accept", "done");
    assert_eq!(accept["subject"], format!("matter {id}"));
    assert_eq!(accept["whence"], "127.0.0.1");
    assert!(accept["actor"].as_str().unwrap().starts_with("account "));
    assert_eq!(found("grant-roles", "denied")["actor"], accept["actor"]);
    assert_eq!(found("enter", "wrong-password")["actor"], accept["actor"]);
    assert_eq!(found("grant-roles", "done")["detail"], "roles: official");
    let first = &lines[0];
    assert_eq!(
        (&first["whence"], &first["permission"]),
        (&json!("socket"), &json!("manage-accounts"))
    );
    let numbers: Vec<u64> = lines
        .iter()
        .map(|line| line["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=lines.len() as u64).collect::<Vec<_>>());
    let text = json!(lines).to_string();
    for personal in ["zhang.san", "张三", "路灯不亮"] {
        assert!(!text.contains(personal), "{personal}");
    }
    let seal = province
        .get("audit/seal")
        .by(&tokens["aud"])
        .send()
        .await
        .expect(200);
    assert_eq!(seal.json["entries"], lines.len() as u64);
    province.host.stop().await;
}

#[tokio::test]
async fn an_entry_that_is_changed_or_taken_out_behind_the_nodes_back_is_found_and_named() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    province.report(&official).await;
    let office = province.office();
    let sealed = office.people().verify_audit().await.unwrap();
    assert!(sealed.entries >= 9);
    let store = office.store();
    let range = Range::prefix(b"A");
    let entries = store
        .scan(office.me(), range, usize::MAX, false)
        .await
        .unwrap()
        .value;
    let write = |put: Vec<_>, delete: Vec<_>| async {
        let unit = WriteBatch {
            shard: office.me(),
            expect: vec![],
            put,
            delete,
        };
        store.commit(unit).await.unwrap();
    };
    let (key, value) = entries[3].clone();
    let mut entry: AuditEntry = record::read(&value).unwrap();
    assert_eq!(entry.n, 4);
    entry.permission = Some(Permission::ViewList);
    let forged = record::write(&entry);
    write(vec![(key.clone(), forged)], vec![]).await;
    let broken = || async { office.people().verify_audit().await.unwrap_err() };
    let error = broken().await;
    assert!(matches!(error, Aborted::Fault(Fault::Trail(_))), "{error}");
    assert!(error.to_string().contains("entry 4 of"), "{error}");
    let shown = province
        .get("audit/seal")
        .by(&tokens["aud"])
        .send()
        .await
        .expect(409);
    assert_eq!(shown.problem(), "audit-trail-broken");
    write(vec![], vec![key.clone()]).await;
    assert!(broken().await.to_string().contains("entry 4 of"));
    write(vec![(key, value)], vec![]).await;
    assert_eq!(
        office.people().verify_audit().await.unwrap().entries,
        sealed.entries
    );
    let (last, _) = entries.last().unwrap().clone();
    write(vec![], vec![last]).await;
    assert!(broken().await.to_string().contains("missing"));
    drop(office);
    province.host.stop().await;
}

/// R-N4: each filter takes what it names, a page with a filter goes on where it ended, and an export is an entry
/// of the trail itself.
#[tokio::test]
async fn r_n4_the_trail_is_filtered_and_an_export_stands_in_it() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let official = province.person(&tokens, "zhang.san", &["official"]).await;
    let first = province.report(&official).await;
    let second = province.report(&official).await;
    let accept = json!({ "act": "accept" });
    let accept = province.post(&format!("matters/{first}/acts")).body(accept);
    accept.by(&official).send().await.expect(200);
    let all = lines(&province, &tokens["aud"]).await;
    let actor = |line: &Value| line["actor"].as_str().unwrap().to_owned();
    let who = actor(
        all.iter()
            .find(|line| line["permission"] == "accept")
            .unwrap(),
    );
    let number = who.strip_prefix("account ").unwrap();
    let found = async |query: &str| {
        let ask = province.get(&format!("audit?{query}"));
        let page = ask.by(&tokens["aud"]).send().await.expect(200);
        page.json["entries"].as_array().unwrap().clone()
    };
    let of = |wanted: &dyn Fn(&Value) -> bool| all.iter().filter(|line| wanted(line)).count();
    let today = wujitong::domain::time::Timestamp(all[0]["at_ms"].as_i64().unwrap()).day();
    let division = &first[..12];
    for (query, expected) in [
        (format!("actor={number}"), of(&|line| actor(line) == who)),
        (
            format!("actor={}", actor(&all[0]).replace(' ', "%20")),
            of(&|line| actor(line) == actor(&all[0])),
        ),
        ("permission=report".to_owned(), 2),
        ("permission=accept&ending=denied".to_owned(), 0),
        (format!("subject={first}"), 2),
        (format!("subject=matter%20{second}"), 1),
        (format!("origin={division}"), 3),
        ("origin=35".to_owned(), 0),
        (format!("from={today}&to={today}"), all.len()),
        ("to=2020-01-01".to_owned(), 0),
        (format!("permission=report&actor={number}&limit=1"), 1),
    ] {
        assert_eq!(found(&query).await.len(), expected, "{query}");
    }
    let ask = province
        .get("audit?permission=report&limit=1")
        .by(&tokens["aud"]);
    let page = ask.send().await.expect(200).json;
    let next = page["next"].as_str().unwrap();
    let rest = found(&format!("permission=report&limit=1&after={next}")).await;
    assert_eq!(rest[0]["subject"], format!("matter {second}"));
    for bad in [
        "actor=zhang.san",
        "subject=x",
        "from=yesterday",
        "permission=fly",
        "x=1",
    ] {
        let ask = province.get(&format!("audit?{bad}")).by(&tokens["aud"]);
        let code = ask.send().await.code();
        assert!([400, 422].contains(&code), "{bad}: {code}");
    }

    let export = async |token: &str, wanted: Value| {
        let ask = province.post("audit/export").by(token).body(wanted);
        ask.send().await
    };
    export(&official, json!({})).await.expect(403);
    let wanted = json!({ "permission": "report", "actor": number });
    let answer = export(&tokens["aud"], wanted).await.expect(200);
    let table = String::from_utf8(answer.body.to_vec()).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.starts_with("\u{feff}\"序号 n\","), "{table}");
    assert!(table.contains(&format!("\"{who}\"")) && table.contains(&second));
    let entry = found("permission=read-audit").await.pop().unwrap();
    let said = format!("audit trail exported: 2 entries, actor {who}, permission report");
    assert_eq!(entry["detail"], said);
    assert_eq!(entry["ending"], "done");
    assert!(actor(&entry).starts_with("account ") && actor(&entry) != who);
    // Reading is no entry, and the trail is whole.
    let count = lines(&province, &tokens["aud"]).await.len();
    assert_eq!(lines(&province, &tokens["aud"]).await.len(), count);
    let seal = province.get("audit/seal").by(&tokens["aud"]);
    seal.send().await.expect(200);
    province.host.stop().await;
}
