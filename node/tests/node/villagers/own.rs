//! Villagers with an account: their own list, and their matters without a slip.

use testkit::{asking::Answer, province::Province};

use super::html;

/// A person who is signed in in a browser.
struct Person<'a> {
    province: &'a Province,
    cookie: String,
    csrf: String,
}

impl<'a> Person<'a> {
    async fn of(province: &'a Province, token: &str) -> Self {
        let cookie = format!("__Host-session={token}");
        let session = province.get("session").with("cookie", &cookie).send().await;
        let csrf = session.expect(200).text("csrf");
        Self {
            province,
            cookie,
            csrf,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        let ask = self.province.get(path);
        ask.with("cookie", &self.cookie).send().await
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", &*self.csrf)];
        all.extend(fields);
        let ask = self.province.form(path, &all);
        ask.with("cookie", &self.cookie).send().await
    }
}

#[tokio::test]
async fn a_villager_with_an_account_sees_their_own_matters_and_no_others() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    let wang = province.person(&tokens, "wang", &["resident"]).await;
    let li = province.person(&tokens, "li", &["resident"]).await;
    let ids = [province.report(&wang).await, province.report(&wang).await];
    let other = province.report(&li).await;
    let me = Person::of(&province, &wang).await;
    let list = html(&me.get("/my").await.expect(200));
    for id in &ids {
        assert!(list.contains(&format!("href=\"/my/m/{id}\"")), "{list}");
    }
    assert!(!list.contains(&*other), "{list}");
    let first = province.get("session/matters?limit=1").by(&wang).send();
    let first = first.await.expect(200).json;
    assert_eq!(first["matters"].as_array().unwrap().len(), 1);
    let next = first["next"].as_str().unwrap();
    let path = format!("session/matters?limit=1&after={next}");
    let second = province.get(&path).by(&wang).send().await.expect(200).json;
    assert!(second["next"].is_null(), "{second}");
    let of = |page: &serde_json::Value| page["matters"][0]["id"].as_str().unwrap().to_owned();
    let mut seen = [of(&first), of(&second)];
    seen.sort();
    assert_eq!(seen[..], ids[..]);
    let mine = format!("/my/m/{}", ids[0]);
    let page = html(&me.get(&mine).await.expect(200));
    assert!(
        page.contains("路灯") && !page.contains("name=\"slip\""),
        "{page}"
    );
    let add = [("go", "add"), ("note", "昨晚也没亮"), ("key", "k1")];
    let added = html(&me.send(&mine, &add).await.expect(200));
    assert!(added.contains("昨晚也没亮"), "{added}");
    let proof = html(&me.send(&mine, &[("go", "verify")]).await.expect(200));
    assert!(proof.contains("有效："), "{proof}");
    me.get(&format!("/my/m/{other}")).await.expect(404);
    let out = province.get(&mine).send().await.expect(303);
    assert!(out.header("location").starts_with("/sign-in?"));
    province.get("session/matters").send().await.expect(401);
    let key = province.get("session/matters?limit=0").by(&wang).send();
    key.await.expect(422);
    let forged = province.form(&mine, &[("go", "withdraw"), ("note", "x")]);
    let forged = forged.with("cookie", &me.cookie).send().await;
    assert!(
        html(&forged).contains("role=\"alert\""),
        "no secret, no deed"
    );
    let still = html(&me.get(&mine).await.expect(200));
    assert!(still.contains("value=\"withdraw\""), "{still}");
    province.host.stop().await;
}
