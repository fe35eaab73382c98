//! Health and metrics over HTTP, for supervisors and Prometheus.

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};

use super::{Health, Metrics};

/// Builds the router for health and metrics. Wrap it in [`hosts::allow`](super::hosts::allow).
///
/// `/healthz` answers 200, or 503 if the process must be restarted. `/readyz` answers 200 if the
/// node takes work, else 503 with the reasons; it lists links that are down, which do not affect
/// readiness. `/metrics` answers OpenMetrics to whoever asks for it, and Prometheus
/// text to others.
pub fn router(metrics: Metrics, health: Health) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .with_state(health)
        .merge(
            Router::new()
                .route("/metrics", get(show))
                .with_state(metrics),
        )
}

async fn healthz(State(health): State<Health>) -> Response {
    if health.live() {
        "live\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, health.report()).into_response()
    }
}

async fn readyz(State(health): State<Health>) -> Response {
    let status = if health.ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, health.report()).into_response()
}

async fn show(State(metrics): State<Metrics>, headers: HeaderMap) -> Response {
    let asked = headers.get_all(header::ACCEPT).iter();
    let mut asked = asked.filter_map(|accept| accept.to_str().ok());
    let (kind, text) = match asked.any(|accept| accept.contains("application/openmetrics-text")) {
        true => (Metrics::CONTENT_TYPE, metrics.encode()),
        false => (Metrics::PLAIN_CONTENT_TYPE, metrics.encode_plain()),
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::body::Body;
    use http_body_util::BodyExt;
    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::hosts;

    async fn serve(metrics: Metrics, health: Health) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(metrics, health).layer(hosts::allow(&["localhost"]));
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    async fn get(address: SocketAddr, host: &str, path: &str) -> (StatusCode, String, String) {
        get_as(address, host, path, "*/*").await
    }

    async fn get_as(
        address: SocketAddr,
        host: &str,
        path: &str,
        accept: &str,
    ) -> (StatusCode, String, String) {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let request = http::Request::get(path)
            .header(header::HOST, host)
            .header(header::ACCEPT, accept)
            .body(Body::empty());
        let response = client.send_request(request.unwrap()).await.unwrap();
        let kind = response.headers()[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .to_owned();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn readiness_follows_store_and_listener() {
        let health = Health::default();
        let address = serve(Metrics::default(), health.clone()).await;
        let (status, _, text) = get(address, "localhost", "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("the store is not open"), "{text}");
        health.store(true);
        health.listener(true);
        assert_eq!(get(address, "localhost", "/readyz").await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn a_node_that_is_not_ready_is_live_until_it_fails() {
        let health = Health::default();
        let address = serve(Metrics::default(), health.clone()).await;
        assert_eq!(
            get(address, "localhost", "/healthz").await.0,
            StatusCode::OK
        );
        health.fail("the disk said no");
        let (status, _, text) = get(address, "localhost", "/healthz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(text.contains("the disk said no"), "{text}");
    }

    #[tokio::test]
    async fn metrics_are_text_with_what_was_counted() {
        let metrics = Metrics::default();
        metrics
            .division("330825".parse().unwrap())
            .matters_reported
            .inc();
        let address = serve(metrics, Health::default()).await;
        let (status, kind, text) = get(address, "localhost", "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(kind.contains("text"), "{kind}");
        let line = "wujitong_matters_reported_total{division=\"330825000000\"} 1";
        assert!(text.lines().any(|l| l == line), "{text}");
        let about = "# TYPE wujitong_matters_reported_total counter";
        assert!(text.lines().any(|l| l == about), "{text}");
        let asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        let (_, kind, text) = get_as(address, "localhost", "/metrics", asked).await;
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        let about = "# TYPE wujitong_matters_reported counter";
        assert!(text.contains(about) && text.ends_with("# EOF\n"), "{text}");
    }

    #[tokio::test]
    async fn another_host_is_told_which_setting_to_change() {
        let address = serve(Metrics::default(), Health::default()).await;
        let (status, kind, text) = get(address, "evil.example:7480", "/metrics").await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
        assert!(kind.starts_with("text/plain"), "{kind}");
        assert!(
            text.contains("`http.hosts`") && text.contains("evil.example"),
            "{text}"
        );
    }
}
