//! What a browser does with a page: it gets the page and all files that the page names.

use std::{collections::BTreeSet, net::Ipv4Addr, net::SocketAddr, time::Instant};

use bytes::Bytes;
use cli::Failure;
use futures::future::try_join_all;
use http::{Method, Request, Response, header};
use http_body_util::Full;
use serde::Serialize;

use crate::{connection::Connection, web::Figures};

/// Pages of each client before the measurement.
const WARM_UP: u64 = 5;
/// Beginning of the paths of files that belong to pages.
const FILES: &str = "/assets/";
/// The most requests of a first visit (requirement R-A17).
const MOST_REQUESTS: usize = 6;

/// What a first visit of a page weighs.
#[derive(Debug, Serialize)]
pub(super) struct Weight {
    /// The path of the page.
    pub(super) page: String,
    /// Bodies of the page and of all files that it names, in bytes as they are sent.
    pub(super) bytes: usize,
    /// How many bytes there may be.
    pub(super) most_bytes: usize,
    /// The page and the files.
    pub(super) requests: usize,
    /// True if neither bytes nor requests are too many.
    pub(super) fits: bool,
}

/// Asks for a page or file as a browser would, with the cookie of a session if there is one.
pub(super) async fn get(
    connection: &mut Connection,
    path: &str,
    cookie: Option<&str>,
) -> Result<Response<Bytes>, Failure> {
    get_as(connection, path, cookie, "gzip, deflate, br").await
}

/// Does the same with these encodings.
async fn get_as(
    connection: &mut Connection,
    path: &str,
    cookie: Option<&str>,
    encodings: &'static str,
) -> Result<Response<Bytes>, Failure> {
    let mut request = request(Method::GET, path);
    if let Some(headers) = request.headers_mut() {
        let encodings = http::HeaderValue::from_static(encodings);
        headers.insert(header::ACCEPT_ENCODING, encodings);
    }
    if let (Some(cookie), Some(headers)) = (cookie, request.headers_mut()) {
        let value = cookie.parse();
        let value = value.map_err(|_| Failure::Failed("the cookie is no header".to_owned()))?;
        headers.insert(header::COOKIE, value);
    }
    let (answer, _) = connection.send(sent(request, Bytes::new())?).await?;
    Ok(answer)
}

/// Begins a request for the host of the node.
pub(super) fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .header(header::ACCEPT_ENCODING, "gzip, deflate, br")
}

/// Ends a request with its body.
pub(super) fn sent(
    request: http::request::Builder,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, Failure> {
    let request = request.body(Full::new(body));
    request.map_err(|error| Failure::Failed(format!("a request cannot be written: {error}")))
}

/// Weighs the first visit of a page.
pub(super) async fn weigh(
    connection: &mut Connection,
    page: &str,
    cookie: Option<&str>,
    most_bytes: usize,
) -> Result<Weight, Failure> {
    let plain = get_as(connection, page, cookie, "identity").await?;
    let files = files(&String::from_utf8_lossy(plain.body()));
    let sent = get(connection, page, cookie).await?.into_body().len();
    let (mut bytes, requests) = (sent, 1 + files.len());
    for file in files {
        bytes += get(connection, &file, None).await?.body().len();
    }
    Ok(Weight {
        page: page.to_owned(),
        bytes,
        most_bytes,
        requests,
        fits: bytes <= most_bytes && requests <= MOST_REQUESTS,
    })
}

/// Returns the files that a page names, each once; parts of a file are the same file.
fn files(html: &str) -> BTreeSet<String> {
    let values = html.split('"').filter(|value| value.starts_with(FILES));
    let whole = values.filter_map(|value| value.split('#').next());
    whole.map(str::to_owned).collect()
}

/// Has clients ask for a page, each for the next after the answer to the one before, together
/// `visits` times or a few more, so that all ask equally often. Client `n` has the address
/// 127.0.`row`.`n + 2`.
pub(super) async fn ask(
    to: SocketAddr,
    path: &str,
    row: u8,
    (clients, visits): (u8, u64),
) -> Result<Figures, Failure> {
    let mut connections = vec![];
    for client in 0..clients {
        let from = Ipv4Addr::new(127, 0, row, client.saturating_add(2));
        connections.push(Connection::open(to, from).await?);
    }
    let all = |count: u64, connections: Vec<Connection>| {
        try_join_all(
            connections
                .into_iter()
                .map(move |mut connection| async move {
                    let mut took = vec![];
                    for _ in 0..count {
                        let request = sent(request(Method::GET, path), Bytes::new())?;
                        took.push(connection.send(request).await?.1);
                    }
                    Ok::<_, Failure>((connection, took))
                }),
        )
    };
    let warm = all(WARM_UP, connections).await?;
    let connections = warm.into_iter().map(|(connection, _)| connection);
    let connections = connections.collect();
    let start = Instant::now();
    let took = all(visits.div_ceil(u64::from(clients)), connections).await?;
    let elapsed = start.elapsed();
    let took = took.into_iter().flat_map(|(_, took)| took);
    Ok(Figures::of(took.collect(), elapsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_each_file_once() {
        let html = "<link href=\"/assets/a-1.css\"><use href=\"/assets/i-2.svg#up\"/>\
                    <use href=\"/assets/i-2.svg#down\"/><a href=\"/how\">";
        let files: Vec<_> = files(html).into_iter().collect();
        assert_eq!(files, ["/assets/a-1.css", "/assets/i-2.svg"]);
    }
}
