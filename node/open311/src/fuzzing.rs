//! Reads bytes as requests, for the fuzz targets.

use axum::body::Body;
use bytes::Bytes;
use domain::{matter::Channel, policy::Policy, time::Timestamp};
use http::{Request, header};
use office::NewReport;
use web::parts::{self, Part};

use super::{Fault, Form, filter::Filter, form, parts::BOUNDS, report};

/// Most bytes of all texts of a form with files.
pub const MOST_BODY: usize = super::MOST_BODY;

/// What was read of a form.
#[derive(Debug)]
pub struct Read {
    /// Every name with its value, in the order they came.
    pub pairs: Vec<(String, String)>,
    /// What a repetition of the request is known by.
    pub said: Vec<u8>,
    /// The report in it, if it is one that the policy takes.
    pub report: Option<NewReport>,
    /// The span of time that it asks for as a list, if it is a filter.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Reads pairs as they stand after a question mark or in the body of a form.
pub fn pairs(text: &str, policy: &Policy, now: Timestamp) -> Option<Read> {
    let mut form = Form::default();
    form.read(text).ok()?;
    Some(read(form, policy, now))
}

/// Undoes the escapes of a path.
pub fn path(text: &str) -> Option<String> {
    form::decode(text, false).ok()
}

/// Reads a form with files, whose parts the boundary separates. Files are read and thrown away; `Read` has the
/// texts.
pub async fn parts(boundary: &str, body: Vec<u8>, policy: &Policy, now: Timestamp) -> Option<Read> {
    let kind = format!("multipart/form-data; boundary={boundary}");
    let request = Request::post("/").header(header::CONTENT_TYPE, kind);
    let (head, ()) = request.body(()).ok()?.into_parts();
    // As a network would, it comes in pieces.
    let pieces: Vec<_> = body.chunks(1024).map(Bytes::copy_from_slice).collect();
    let pieces = futures::stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
    let form = gather(head, Body::from_stream(pieces)).await.ok()?;
    Some(read(form, policy, now))
}

async fn gather(head: http::request::Parts, body: Body) -> Result<Form, Fault> {
    let mut form = Form::default();
    let request = Request::from_parts(head, body);
    let mut all = parts::Form::begin(request, BOUNDS).await?;
    while let Some(part) = all.next().await? {
        match part {
            Part::Text(name, value) => {
                let value = String::from_utf8(value).map_err(|_| Fault::not_utf8())?;
                form.add(name, value)?;
            }
            Part::File(mut file) => while file.chunk().await?.is_some() {},
        }
    }
    Ok(form)
}

fn read(form: Form, policy: &Policy, now: Timestamp) -> Read {
    Read {
        said: form.said(),
        report: report::read(&form, policy, Channel::Snapshot).ok(),
        span: Filter::read(&form, now).ok().map(|filter| filter.span),
        pairs: form.into_pairs(),
    }
}
