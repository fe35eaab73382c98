//! The page about the protocol: every example on it works.

use http::Request;
use wujitong::domain::people::Permission;

use crate::open311::{
    photos::{Form, photo},
    town::Town,
};

/// The words of a line of shell, as far as the page uses it: blanks, double quotes, `$NAME`.
fn words(line: &str, known: &[(&str, &str)]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    for word in &mut words {
        for (name, value) in known {
            *word = word.replace(name, value);
        }
        assert!(!word.contains('$'), "{word}");
    }
    words
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn every_example_of_the_page_works() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/open311.md");
    let page = std::fs::read_to_string(page).unwrap();
    let town = Town::start().await;
    let key = town.key("app", &[Permission::Report]).await;
    let (mut id, mut token, mut run) = (String::new(), String::new(), 0);
    for line in page.lines().filter(|line| line.starts_with("curl ")) {
        let known = [
            ("$NODE", ""),
            ("$DIVISION", "33"),
            ("$KEY", &key),
            ("$ID", &id),
            ("$TOKEN", &token),
        ];
        let words = words(line, &known);
        let path = words[1].strip_prefix("/open311/v2/").unwrap();
        let (mut form, mut headers) = (vec![], vec![]);
        let mut parts: Option<Form> = None;
        for option in words[2..].chunks(2) {
            let [option, value] = option else {
                panic!("{line}")
            };
            match (&**option, value.split_once('=')) {
                ("-d", Some(_)) => form.push(value.clone()),
                ("--data-urlencode", Some((name, value))) => {
                    form.push(format!("{name}={}", escaped(value)));
                }
                ("-F", Some((name, value))) => {
                    let form = parts.take().unwrap_or_else(|| Form::new("x"));
                    parts = Some(match value.strip_prefix('@') {
                        Some(file) => form.file(name, file, "image/jpeg", &photo(7)),
                        None => form.text(name, value),
                    });
                }
                ("-H", _) => headers.push(value.split_once(": ").unwrap()),
                _ => panic!("{line}"),
            }
        }
        let answer = if let Some(parts) = parts {
            let filed = parts.send(&town, None).await.expect(201);
            id = filed.json()[0]["service_request_id"]
                .as_str()
                .unwrap()
                .to_owned();
            filed
        } else if form.is_empty() {
            let mut request = Request::get(format!("/open311/v2/{path}"));
            for (name, value) in headers {
                request = request.header(name, value);
            }
            town.send(request, "").await.expect(200)
        } else {
            let kind = "application/x-www-form-urlencoded";
            let mut request = Request::post(format!("/open311/v2/{path}"));
            for (name, value) in [&[("content-type", kind)], &headers[..]].concat() {
                request = request.header(name, value);
            }
            let filed = town.send(request, &form.join("&")).await.expect(201);
            let json = filed.json();
            id = json[0]["service_request_id"].as_str().unwrap().to_owned();
            token = json[0]["reporter_token"].as_str().unwrap().to_owned();
            filed
        };
        let about = path.contains("requests") || path.contains("tokens");
        assert_eq!(answer.body.contains(&id) && !id.is_empty(), about, "{line}");
        run += 1;
    }
    assert_eq!(run, 10);
    town.stop().await;
}
