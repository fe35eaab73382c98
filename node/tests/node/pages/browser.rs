//! A browser without scripts: it keeps cookies, follows where it is led, and sends forms.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use testkit::province::{PASSWORD, Province};

/// The host of the pages of the province.
pub(super) const HOST: &str = "330000000000.localhost";

pub(super) struct Browser<'a> {
    province: &'a Province,
    pub(super) cookies: BTreeMap<String, String>,
    /// Headers of every request.
    pub(super) more: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Page {
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first field with this name.
    pub(super) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, after) = self
            .text
            .split_once(&mark)
            .unwrap_or_else(|| panic!("no {name} in {}", self.text));
        let (value, _) = after.split_once('"').unwrap();
        value
            .replace("&quot;", "\"")
            .replace("&#34;", "\"")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&amp;", "&")
            .replace("&#38;", "&")
    }

    /// Every value of an attribute.
    pub(super) fn attributes(&self, name: &str) -> Vec<String> {
        let mark = format!(" {name}=\"");
        let parts = self.text.split(&*mark).skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    }
}

fn plain(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

impl<'a> Browser<'a> {
    pub(super) const fn new(province: &'a Province) -> Self {
        Self {
            province,
            cookies: BTreeMap::new(),
            more: vec![],
        }
    }

    /// Signs in.
    pub(super) async fn signed_in(province: &'a Province, login: &str) -> Self {
        let mut browser = Self::new(province);
        let fields = [
            ("login", login),
            ("password", PASSWORD),
            ("back", "/account"),
        ];
        let led = browser.send("/sign-in", &fields).await.expect(303);
        assert_eq!(led.header("location"), "/account");
        browser
    }

    pub(super) async fn get(&mut self, path: &str) -> Page {
        self.request(Method::GET, path, None, &[]).await
    }

    /// Sends a form as a page of this host does.
    pub(super) async fn send(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let origin = format!("http://{HOST}");
        self.send_from(
            path,
            fields,
            &[("origin", &origin), ("sec-fetch-site", "same-origin")],
        )
        .await
    }

    /// Sends a form with these headers about where it comes from.
    pub(super) async fn send_from(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        from: &[(&str, &str)],
    ) -> Page {
        let pairs = fields
            .iter()
            .map(|(name, value)| format!("{}={}", plain(name), plain(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        self.request(Method::POST, path, Some(body.into_bytes()), from)
            .await
    }

    /// Sends a form with photos as a page of this host does.
    pub(super) async fn send_photos(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        photos: &[Vec<u8>],
    ) -> Page {
        let mut body = vec![];
        for (name, value) in fields {
            let part = format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        for photo in photos {
            body.extend_from_slice(
                b"--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
                  Content-Type: image/jpeg\r\n\r\n",
            );
            body.extend_from_slice(photo);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b--\r\n");
        let origin = format!("http://{HOST}");
        let from = [
            ("origin", &*origin),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "multipart/form-data; boundary=b"),
        ];
        self.request(Method::POST, path, Some(body), &from).await
    }

    /// Sends a form with one file, by its field, as a page of this host does.
    pub(super) async fn send_file(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        (field, file): (&str, &[u8]),
    ) -> Page {
        let mut body = String::new();
        for (name, value) in fields {
            body += &format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body += &format!(
            "--b\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"a.csv\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let body = [body.as_bytes(), file, b"\r\n--b--\r\n"].concat();
        let origin = format!("http://{HOST}");
        let from = [
            ("origin", &*origin),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "multipart/form-data; boundary=b"),
        ];
        self.request(Method::POST, path, Some(body), &from).await
    }

    async fn request(
        &mut self,
        method: Method,
        path: &str,
        form: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Page {
        let mut request = Request::builder().method(method).uri(path);
        let host = headers.iter().any(|(name, _)| *name == "host");
        if !host && !self.more.iter().any(|(name, _)| *name == "host") {
            request = request.header(header::HOST, HOST);
        }
        let own = self
            .more
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        for (name, value) in headers.iter().copied().chain(own) {
            request = request.header(name, value);
        }
        let cookies = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies);
        }
        let is_typed = headers.iter().any(|(name, _)| *name == "content-type");
        if form.is_some() && !is_typed {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = Full::new(Bytes::from(form.unwrap_or_default()));
        let stream = TcpStream::connect(self.province.host.http().unwrap())
            .await
            .unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender
            .send_request(request.body(body).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match line.contains("Max-Age=0") {
                true => _ = self.cookies.remove(name),
                false => _ = self.cookies.insert(name.to_owned(), value.to_owned()),
            }
        }
        Page {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}
