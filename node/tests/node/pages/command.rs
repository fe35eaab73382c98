//! The command screen, and the questions behind it: every number is what the API, the table and the list say.

use serde_json::{Value, json};
use testkit::province::Province;
use wujitong::domain::{actor::Actor, matter::Outcome};

use super::browser::Browser;

async fn with_matters() -> Province {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    for (login, role) in [
        ("leader", "leader"),
        ("zhang.san", "official"),
        ("li.si", "resident"),
    ] {
        province.person(&tokens, login, &[role]).await;
    }
    let official = province.token("zhang.san").await;
    let office = province.office();
    for (at, outcome) in [Outcome::Solved, Outcome::Solved, Outcome::Unfounded]
        .into_iter()
        .enumerate()
    {
        let id = province.report(&official).await.parse().unwrap();
        let note = Some(format!("{at}"));
        let by = Actor::OsUser(u32::MAX);
        office.matters().close(id, outcome, note, by).await.unwrap();
    }
    province.report(&official).await;
    province
}

/// R-C1, R-C3, R-C4, R-C6: what is late, where, how it goes and who is silent, each with its table.
#[tokio::test]
async fn the_command_screen_says_what_the_questions_answer() {
    let province = with_matters().await;
    let leader = province.token("leader").await;
    let ask = async |query: &str| {
        let path = format!("rollup/query?{query}");
        let sent = province.get(&path).by(&leader).send().await;
        sent.expect(200).json
    };
    let all = ask("measure=completion-rate,in-time-rate,solved-rate,closed,open").await;
    let [completion, in_time, solved, closed, open] = [0, 1, 2, 3, 4].map(|at| &all["total"][at]);
    let parts = |value: &Value| (value["count"].clone(), value["whole"].clone());
    assert_eq!(parts(completion), (json!(3), json!(4)));
    assert_eq!(completion["per_mille"], 750);
    assert_eq!(parts(in_time), (json!(3), json!(3)));
    assert_eq!(parts(solved), (json!(2), json!(3)));
    assert_eq!((&closed["count"], &open["count"]), (&json!(3), &json!(1)));
    assert_eq!(all["lines"].as_array().unwrap().len(), 1);

    let mut browser = Browser::signed_in(&province, "leader").await;
    let page = browser.get("/command?days=7").await.expect(200).text;
    for part in [
        "75.0%",
        "100.0%",
        "66.7%",
        "2/3",
        "没有超期的事项",
        "按时办结件数 ÷",
        "<polyline",
        "<title>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Of fewer than five nobody is ranked.
    assert!(page.contains("太少") && !page.contains("第 1<"));
    let english = browser
        .get("/command?days=7&lang=en")
        .await
        .expect(200)
        .text;
    assert!(english.contains("Command screen") && english.contains("75.0%"));
    let sheet = browser.get("/command/table.csv?days=7").await.expect(200);
    assert!(
        sheet
            .text
            .contains("\"completion-rate\",\"completion-rate-of\""),
        "{}",
        sheet.text
    );
    let total: Vec<&str> = sheet.text.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(total[0], "\"330000000000\"");
    assert!(sheet.text.contains("\"3\",\"4\""), "{}", sheet.text);

    let mut resident = Browser::signed_in(&province, "li.si").await;
    resident.get("/command").await.expect(403);
    let home = resident.get("/").await.expect(200).text;
    assert!(!home.contains("/command"));
    let mut guest = Browser::new(&province);
    guest.get("/command").await.expect(303);
    province.host.stop().await;
}

#[tokio::test]
async fn a_question_is_answered_by_marks_compared_and_refused_with_a_reason() {
    let province = with_matters().await;
    let leader = province.token("leader").await;
    let ask = async |query: &str| {
        let path = format!("rollup/query?{query}");
        province.get(&path).by(&leader).send().await
    };
    let by = ask("measure=reported,solved-rate&by=category,month").await;
    let by = by.expect(200).json;
    let line = &by["lines"][0];
    assert_eq!(line["keys"][0]["code"], "enforcement/lighting");
    assert_eq!(line["keys"][0]["name"], "路灯照明");
    assert_eq!(line["values"][0]["count"], 4);
    assert_eq!(by["lines"].as_array().unwrap().len(), 1);
    let other = ask("measure=reported&platform=order")
        .await
        .expect(200)
        .json;
    assert_eq!(other["total"][0]["count"], 0);
    let today = by["lines"][0]["keys"][1]["to"].as_str().unwrap().to_owned();
    let compared = format!("measure=reported&from=2026-01-01&to={today}&compare=last-year");
    let compared = ask(&compared).await.expect(200).json;
    assert_eq!(compared["total"][0]["before"]["count"], 0);
    assert_eq!(compared["compared"]["from"], "2025-01-01");
    for (query, part) in [
        ("by=day,month", "cannot both"),
        ("by=township", "by county"),
        ("by=moon", "moon"),
        ("measure=joy", "no measure and no rate"),
        ("from=2026-02-01&to=2026-01-01", "before the first"),
        ("compare=before", "needs a first and a last day"),
        ("within=11", "not below"),
    ] {
        let refused = ask(query).await.expect(422).json;
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(part), "{query}: {detail}");
    }
    let resident = province.token("li.si").await;
    let refused = province.get("rollup/query").by(&resident).send().await;
    refused.expect(403);
    province.host.stop().await;
}
