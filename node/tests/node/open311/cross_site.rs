//! Pages of other sites that ask from a visitor's browser.

use http::{HeaderMap, Method, Request, header};
use wujitong::domain::people::Permission;

use crate::open311::town::{Answer, Town};

const APP: &str = "https://app.example";
const OPEN: &str = "origins = ['https://app.example', 'https://other.example:8443']\n";

async fn preflight(town: &Town, site: &str, path: &str) -> Answer {
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(path)
        .header(header::ORIGIN, site)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(
            header::ACCESS_CONTROL_REQUEST_HEADERS,
            "content-type,idempotency-key",
        );
    town.send(request, "").await
}

fn let_in(headers: &HeaderMap) -> Option<&str> {
    assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    let site = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
    Some(site.to_str().unwrap())
}

#[tokio::test]
async fn a_page_of_a_site_that_is_named_reports_and_follows_and_no_other_does() {
    let town = Town::start_with(OPEN).await;
    let key = town.key("app", &[Permission::Report]).await;
    let path = "/open311/v2/requests.json";
    let told = preflight(&town, APP, path).await.expect(200);
    assert_eq!(let_in(&told.headers), Some(APP));
    let list = |name: header::HeaderName| told.headers[name].to_str().unwrap().to_ascii_lowercase();
    assert!(list(header::ACCESS_CONTROL_ALLOW_METHODS).contains("post"));
    let headers = list(header::ACCESS_CONTROL_ALLOW_HEADERS);
    for name in [
        "authorization",
        "content-type",
        "idempotency-key",
        "reporter-token",
    ] {
        assert!(headers.contains(name), "{name}: {headers}");
    }
    assert!(list(header::VARY).contains("origin"));
    let form = format!("api_key={key}&service_code=enforcement-lighting&lat=29.0285&long=119.1722");
    let post = || {
        let kind = "application/x-www-form-urlencoded";
        Request::post(path).header(header::CONTENT_TYPE, kind)
    };
    let filed = town
        .send(post().header(header::ORIGIN, APP), &form)
        .await
        .expect(201);
    assert_eq!(let_in(&filed.headers), Some(APP));
    let exposed = filed.headers[header::ACCESS_CONTROL_EXPOSE_HEADERS]
        .to_str()
        .unwrap();
    assert!(exposed.contains("idempotency-replayed"), "{exposed}");
    // A fault can be read by the page, too.
    let fault = town
        .send(post().header(header::ORIGIN, APP), "")
        .await
        .expect(403);
    assert_eq!(let_in(&fault.headers), Some(APP));
    for stranger in [
        "https://evil.example",
        "https://app.example.evil.example",
        "http://app.example",
        "null",
    ] {
        let told = preflight(&town, stranger, path).await;
        assert_eq!(let_in(&told.headers), None, "{stranger}");
        let asked = Request::get("/open311/v2/services.json").header(header::ORIGIN, stranger);
        assert_eq!(
            let_in(&town.send(asked, "").await.headers),
            None,
            "{stranger}"
        );
    }
    town.stop().await;
}

#[tokio::test]
async fn what_everybody_may_read_is_open_to_named_sites_and_what_needs_a_cookie_to_none() {
    let town = Town::start_with(OPEN).await;
    for (path, open) in [
        ("/open311/v2/discovery.json", true),
        ("/v1/openapi.json", true),
        ("/v1/problems", true),
        ("/v1/nodes", true),
        ("/v1/nodes/33/answers", true),
        ("/v1/status", false),
        ("/v1/session", false),
        ("/v1/nodes/33/matters", false),
        ("/v1/nodes/33/uploads", false),
        ("/v1/nodes/33/x/answers", false),
        ("/metrics", false),
    ] {
        let asked = Request::get(path).header(header::ORIGIN, APP);
        let told = town.send(asked, "").await;
        assert_eq!(let_in(&told.headers), open.then_some(APP), "{path}");
        let told = preflight(&town, APP, path).await;
        assert_eq!(let_in(&told.headers), open.then_some(APP), "{path}");
        assert_eq!(told.status == 200, open, "{path}");
    }
    town.stop().await;
}

#[tokio::test]
async fn without_the_setting_no_site_is_let_in() {
    let town = Town::start().await;
    let told = preflight(&town, APP, "/open311/v2/requests.json").await;
    assert_eq!(let_in(&told.headers), None);
    let asked = Request::get("/open311/v2/services.json").header(header::ORIGIN, APP);
    assert_eq!(
        let_in(&town.send(asked, "").await.expect(200).headers),
        None
    );
    town.stop().await;
}
