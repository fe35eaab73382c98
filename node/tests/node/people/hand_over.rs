//! R-N5: an account is closed only when somebody takes its open matters, or when it is said that nobody does.

use serde_json::{Value, json};
use testkit::province::{Province, account};

struct Place {
    province: Province,
    sys: String,
    clerk: String,
}

impl Place {
    /// A dispatcher, and two officers of departments.
    async fn start() -> Self {
        let province = Province::start().await;
        let tokens = province.administrators().await;
        let clerk = province.person(&tokens, "clerk", &["dispatcher"]).await;
        for (login, department) in [
            ("zhang.san", "market"),
            ("li.si", "market"),
            ("wang.wu", "fire"),
        ] {
            let mut new = account(login, &[]);
            new["department"] = json!(department);
            let open = province.post("accounts").by(&tokens["sys"]).body(new);
            open.send().await.expect(201);
            let roles = province.put(&format!("accounts/{login}/roles"));
            let roles = roles.by(&tokens["sec"]);
            let roles = roles.body(json!({ "roles": ["posted-staff"] }));
            roles.send().await.expect(200);
        }
        Self {
            sys: tokens["sys"].clone(),
            province,
            clerk,
        }
    }

    async fn number(&self, login: &str) -> u64 {
        let ask = self.province.get(&format!("accounts/{login}"));
        let found = ask.by(&self.sys).send().await.expect(200);
        found.json["id"].as_u64().unwrap()
    }

    /// Reports a matter and dispatches it to an officer.
    async fn dispatched(&self, login: &str, department: Option<&str>) -> String {
        let id = self.province.report(&self.clerk).await;
        let officer = self.number(login).await;
        let mut act = json!({ "act": "dispatch", "platform": "market", "officer": officer });
        if let Some(department) = department {
            act["department"] = json!(department);
        }
        self.act(&id, act).await;
        id
    }

    async fn act(&self, id: &str, act: Value) {
        let ask = self.province.post(&format!("matters/{id}/acts"));
        ask.by(&self.clerk).body(act).send().await.expect(200);
    }

    /// Returns to whom the last step of a matter dispatched it.
    async fn last_target(&self, id: &str) -> Value {
        let ask = self.province.get(&format!("matters/{id}"));
        let shown = ask.by(&self.clerk).send().await.expect(200);
        let steps = shown.json["steps"].as_array().unwrap();
        let target = steps.last().unwrap()["act"]["dispatch"].clone();
        assert!(target.is_object(), "{steps:?}");
        target
    }

    async fn open(&self, login: &str) -> Value {
        let ask = self.province.get(&format!("accounts/{login}/matters"));
        ask.by(&self.sys).send().await.expect(200).json
    }

    async fn hand_over(&self, login: &str, body: Value, status: u16) -> Value {
        let ask = self.province.post(&format!("accounts/{login}/hand-over"));
        let done = ask.by(&self.sys).body(body).send().await;
        done.expect(status).json
    }

    async fn close(&self, login: &str, body: Value) -> testkit::asking::Answer {
        let ask = self.province.patch(&format!("accounts/{login}"));
        ask.by(&self.sys).body(body).send().await
    }
}

#[tokio::test]
async fn r_n5_an_account_with_open_matters_is_closed_once_each_has_another_handler() {
    let place = Place::start().await;
    let with = place.dispatched("zhang.san", Some("market")).await;
    let without = place.dispatched("zhang.san", None).await;
    let over = place.dispatched("zhang.san", None).await;
    let others = place.dispatched("li.si", None).await;
    place
        .act(&over, json!({ "act": "merge", "into": others }))
        .await;
    let open = place.open("zhang.san").await;
    assert_eq!(open, json!({ "count": 2, "matters": [with, without] }));

    let refused = place.close("zhang.san", json!({ "disabled": true })).await;
    let refused = refused.expect(409);
    assert_eq!(refused.problem(), "refused-by-the-rules");
    assert!(
        refused.text("detail").contains("2 open matters"),
        "{refused:?}"
    );

    // Somebody of another department takes them too, and then no longer for the first one.
    let taken = json!({ "to": "account", "account": "wang.wu" });
    let done = place.hand_over("zhang.san", taken, 200).await;
    assert_eq!(done["handed_over"], 2);
    assert_eq!(place.open("wang.wu").await["count"], 2);
    let back = json!({ "to": "account", "account": "zhang.san" });
    place.hand_over("wang.wu", back, 200).await;

    let taken = json!({ "to": "account", "account": "li.si" });
    let done = place.hand_over("zhang.san", taken, 200).await;
    assert_eq!(done, json!({ "handed_over": 2, "failed": [], "left": 0 }));
    for id in [&with, &without] {
        let target = place.last_target(id).await;
        assert_eq!(target["officer"], place.number("li.si").await, "{target}");
        assert_eq!(target["platform"], "market", "{target}");
    }
    assert_eq!(place.open("li.si").await["count"], 3);
    let closed = place.close("zhang.san", json!({ "disabled": true })).await;
    closed.expect(200);
    place.province.host.stop().await;
}

#[tokio::test]
async fn matters_go_back_to_the_department_or_to_nobody_or_stay_if_that_is_said() {
    let place = Place::start().await;
    let with = place.dispatched("wang.wu", Some("fire")).await;
    let without = place.dispatched("zhang.san", None).await;
    let done = place
        .hand_over("wang.wu", json!({ "to": "department" }), 200)
        .await;
    assert_eq!(done["handed_over"], 1);
    let target = place.last_target(&with).await;
    assert_eq!(
        (&target["department"], &target["officer"]),
        (&json!("fire"), &Value::Null)
    );
    // That of the account, where the matter was given to none.
    place
        .hand_over("zhang.san", json!({ "to": "department" }), 200)
        .await;
    let target = place.last_target(&without).await;
    assert_eq!(
        (&target["department"], &target["officer"]),
        (&json!("market"), &Value::Null)
    );

    let third = place.dispatched("zhang.san", Some("market")).await;
    place
        .hand_over("zhang.san", json!({ "to": "nobody" }), 200)
        .await;
    let target = place.last_target(&third).await;
    assert_eq!(
        (&target["department"], &target["officer"]),
        (&Value::Null, &Value::Null)
    );

    let fourth = place.dispatched("zhang.san", Some("market")).await;
    let leave = json!({ "disabled": true, "leave_matters": true });
    place.close("zhang.san", leave).await.expect(200);
    let target = place.last_target(&fourth).await;
    assert_eq!(target["officer"], place.number("zhang.san").await);
    // A closed account can still be freed of what it was left with.
    let taken = json!({ "to": "account", "account": "li.si" });
    let done = place.hand_over("zhang.san", taken, 200).await;
    assert_eq!(done["handed_over"], 1);
    place.province.host.stop().await;
}

#[tokio::test]
async fn what_cannot_be_handed_over_is_told_for_each_matter_and_keeps_the_account_open() {
    let place = Place::start().await;
    let id = place.dispatched("zhang.san", None).await;
    // An account without a role that handles matters takes none.
    let ask = place.province.post("accounts").by(&place.sys);
    ask.body(account("bare", &[])).send().await.expect(201);
    let done = place
        .hand_over(
            "zhang.san",
            json!({ "to": "account", "account": "bare" }),
            200,
        )
        .await;
    assert_eq!(
        (&done["handed_over"], &done["left"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(done["failed"][0]["id"], json!(id));
    let problem = &done["failed"][0]["problem"];
    assert_eq!(problem["code"], "invalid-request");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("may not handle"),
        "{problem}"
    );
    place
        .close("zhang.san", json!({ "disabled": true }))
        .await
        .expect(409);

    for (body, status) in [
        (json!({ "to": "account", "account": "zhang.san" }), 422),
        (json!({ "to": "account", "account": "nobody" }), 404),
        (json!({ "to": "account" }), 422),
        (json!({ "to": "nobody", "account": "li.si" }), 422),
        (json!({ "to": "somebody" }), 422),
    ] {
        place.hand_over("zhang.san", body, status).await;
    }
    // Only whoever may close the account hands its matters over.
    for (by, whose) in [(&place.clerk, "zhang.san"), (&place.sys, "aud")] {
        let ask = place.province.post(&format!("accounts/{whose}/hand-over"));
        let refused = ask.by(by).body(json!({ "to": "nobody" })).send().await;
        refused.expect(403);
    }
    place.province.host.stop().await;
}
