//! Forms with files (`multipart/form-data`, RFC 7578), read while they arrive and within bounds. What
//! becomes of texts and files is for the protocol that takes the form.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    extract::{
        FromRequest, Multipart, Request,
        multipart::{Field, MultipartError},
    },
};
use bytes::Bytes;
use futures::TryStreamExt;
use http::{HeaderMap, header};
use tokio::time::{Instant, timeout_at};

/// The most bytes that may arrive before the header of a part ends.
const MOST_HEADER: usize = 1 << 20;

/// The bounds of a form with files.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The longest form with its files, in bytes. The route limits its body to this many.
    pub form: usize,
    /// The most bytes of all texts and their names.
    pub texts: usize,
    /// The longest pause of the bytes.
    pub grace: Duration,
    /// The slowest line that is waited for, in bytes of files per second.
    pub least_rate: usize,
}

impl Bounds {
    /// Returns how much longer than others a request with such a form may take.
    pub const fn patience(&self) -> Duration {
        let line = Duration::from_secs((self.form / self.least_rate) as u64);
        self.grace.saturating_add(line)
    }
}

/// The reason why a form cannot be read to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It does not say what separates its parts.
    #[error("it is multipart without a boundary; let the program that sends it make one")]
    NoBoundary,
    /// It stopped arriving, or comes slower than the bounds allow.
    #[error("it came too slowly; send it again over a faster line, or with smaller files")]
    Slow,
    /// The header of a part is longer than any is.
    #[error("the header of a field does not end; send it as multipart/form-data")]
    Endless,
    /// It has more than this many bytes.
    #[error("it has more than {0} bytes; send fewer or smaller files, or a shorter text")]
    TooLong(usize),
    /// It breaks off, or is no such form.
    #[error("{0}; send it as multipart/form-data (RFC 7578)")]
    Unreadable(String),
}

/// Returns whether a request has such a form as its body.
pub fn has_parts(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = kind.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("multipart/form-data")
}

/// A form while it is read.
pub struct Form {
    parts: Multipart,
    pace: Pace,
    /// Bytes of all texts so far.
    texts: usize,
}

/// A part of a form.
#[expect(
    clippy::large_enum_variant,
    reason = "it is handed over once and never kept"
)]
pub enum Part<'a> {
    /// A text, whole: name and value.
    Text(String, Vec<u8>),
    /// A file, of which nothing is read yet.
    File(File<'a>),
}

/// A file of a form while it arrives.
pub struct File<'a> {
    field: Field<'a>,
    pace: &'a mut Pace,
}

/// How fast a form arrives.
struct Pace {
    bounds: Bounds,
    begun: Instant,
    /// Bytes of files so far.
    files: usize,
    /// Bytes that arrived since the reader last returned something.
    unread: Arc<AtomicUsize>,
}

impl Form {
    /// Begins to read a form. From here on it has to keep the pace.
    ///
    /// # Errors
    /// [`Broken::NoBoundary`].
    pub async fn begin(request: Request, bounds: Bounds) -> Result<Self, Broken> {
        let unread = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&unread);
        let (head, body) = request.into_parts();
        // The reader gathers a header until it ends, however long it is.
        let bounded = body.into_data_stream().and_then(move |some: Bytes| {
            let now = counted.fetch_add(some.len(), Ordering::Relaxed) + some.len();
            std::future::ready(match now > MOST_HEADER {
                true => Err(axum::Error::new("too much at once")),
                false => Ok(some),
            })
        });
        let request = Request::from_parts(head, Body::from_stream(bounded));
        let parts = Multipart::from_request(request, &()).await;
        Ok(Self {
            parts: parts.map_err(|_| Broken::NoBoundary)?,
            pace: Pace {
                bounds,
                begun: Instant::now(),
                files: 0,
                unread,
            },
            texts: 0,
        })
    }

    /// Returns the next part; `None` at the end.
    ///
    /// # Errors
    /// [`Broken`].
    pub async fn next(&mut self) -> Result<Option<Part<'_>>, Broken> {
        let Some(mut field) = self.pace.wait(self.parts.next_field()).await? else {
            return Ok(None);
        };
        if is_file(&field) {
            let pace = &mut self.pace;
            return Ok(Some(Part::File(File { field, pace })));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let most = self.pace.bounds.texts;
        self.texts += name.len();
        let (mut value, mut next) = (vec![], Some(Bytes::new()));
        while let Some(some) = next {
            self.texts += some.len();
            if self.texts > most {
                return Err(Broken::TooLong(most));
            }
            value.extend_from_slice(&some);
            next = self.pace.wait(field.chunk()).await?;
        }
        Ok(Some(Part::Text(name, value)))
    }
}

impl File<'_> {
    /// Returns the name of its field.
    pub fn field(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// Returns the name of the file; empty if it has none.
    pub fn name(&self) -> &str {
        self.field.file_name().unwrap_or_default()
    }

    /// Returns its media type; empty if it has none.
    pub fn media(&self) -> &str {
        self.field.content_type().unwrap_or_default()
    }

    /// Returns how many bytes of files have arrived in this form.
    pub const fn so_far(&self) -> usize {
        self.pace.files
    }

    /// Returns the next bytes, never none of them; `None` at the end.
    ///
    /// # Errors
    /// [`Broken`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Broken> {
        loop {
            match self.pace.wait(self.field.chunk()).await? {
                Some(some) if some.is_empty() => {}
                Some(some) => {
                    self.pace.files += some.len();
                    return Ok(Some(some));
                }
                None => return Ok(None),
            }
        }
    }
}

impl Pace {
    /// Waits for what comes next: no longer than the longest pause, and no longer than the slowest
    /// line would have taken so far.
    async fn wait<T>(
        &mut self,
        next: impl Future<Output = Result<T, MultipartError>>,
    ) -> Result<T, Broken> {
        let Bounds {
            form,
            grace,
            least_rate,
            ..
        } = self.bounds;
        let line = Duration::from_secs((self.files / least_rate) as u64);
        let due = (self.begun + grace + line).min(Instant::now() + grace);
        let next = timeout_at(due, next).await;
        let endless = self.unread.swap(0, Ordering::Relaxed) > MOST_HEADER;
        let next = next.map_err(|_| Broken::Slow)?;
        next.map_err(|error| match error.status().as_u16() {
            _ if endless => Broken::Endless,
            413 => Broken::TooLong(form),
            _ => Broken::Unreadable(error.body_text()),
        })
    }
}

/// Returns whether a part contains a file.
fn is_file(field: &Field<'_>) -> bool {
    let plain = |kind: &str| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim() == "text/plain")
    };
    field.file_name().is_some() || field.content_type().is_some_and(|kind| !plain(kind))
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    const BOUNDS: Bounds = Bounds {
        form: 4 << 20,
        texts: 64,
        grace: Duration::from_secs(30),
        least_rate: 1024,
    };

    fn request(body: Body) -> Request {
        let kind = "multipart/form-data; boundary=b";
        let request = Request::post("/").header(header::CONTENT_TYPE, kind);
        request.body(body).unwrap()
    }

    async fn begin(body: impl Into<Body>) -> Form {
        Form::begin(request(body.into()), BOUNDS).await.unwrap()
    }

    /// Reads a form to its end: names of texts, and lengths of files.
    async fn read(mut form: Form) -> Result<(Vec<String>, Vec<usize>), Broken> {
        let (mut texts, mut files) = (vec![], vec![]);
        while let Some(part) = form.next().await? {
            match part {
                Part::Text(name, _) => texts.push(name),
                Part::File(mut file) => {
                    let mut bytes = 0;
                    while let Some(some) = file.chunk().await? {
                        bytes += some.len();
                    }
                    files.push(bytes);
                }
            }
        }
        Ok((texts, files))
    }

    fn text(name: &str, value: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    fn file(bytes: usize) -> String {
        let head = "--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
                    Content-Type: image/jpeg\r\n\r\n";
        format!("{head}{}\r\n", "x".repeat(bytes))
    }

    #[tokio::test]
    async fn texts_and_files_are_told_apart_and_texts_are_bounded_together() {
        let whole = format!(
            "{}{}{}--b--\r\n",
            text("a", "1"),
            file(2_000),
            text("b", "")
        );
        let read_whole = read(begin(whole).await).await;
        let names = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(read_whole, Ok((names, vec![2_000])));
        let most = format!(
            "{}{}--b--\r\n",
            text("a", &"x".repeat(40)),
            text("b", &"y".repeat(22))
        );
        assert!(read(begin(most).await).await.is_ok());
        let more = format!(
            "{}{}--b--\r\n",
            text("a", &"x".repeat(40)),
            text("b", &"y".repeat(23))
        );
        assert_eq!(read(begin(more).await).await, Err(Broken::TooLong(64)));
    }

    #[tokio::test]
    async fn a_header_that_does_not_end_and_a_form_that_breaks_off_are_refused() {
        let endless = format!("--b\r\nContent-Disposition: {}", "x".repeat(3 << 20));
        let pieces: Vec<_> = endless
            .as_bytes()
            .chunks(64 << 10)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        let form = begin(Body::from_stream(futures::stream::iter(pieces))).await;
        assert_eq!(read(form).await, Err(Broken::Endless));
        let broken = read(begin(text("a", "1")).await).await;
        assert!(matches!(broken, Err(Broken::Unreadable(_))), "{broken:?}");
        let plain = Request::post("/").body(Body::empty()).unwrap();
        let none = Form::begin(plain, BOUNDS).await.err();
        assert_eq!(none, Some(Broken::NoBoundary));
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_may_take_as_long_as_its_bytes_come_in_and_no_longer() {
        // A thousand bytes a second keep the pace; a pause of more than the grace does not.
        let drip = |pause: Duration, pieces: usize| {
            let head = futures::stream::iter([Ok(Bytes::from(
                file(0).trim_end().to_owned() + "\r\n\r\n",
            ))]);
            let drops = futures::stream::iter(0..pieces).then(move |_| async move {
                tokio::time::sleep(pause).await;
                Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1024 * 20]))
            });
            let end = futures::stream::iter([Ok(Bytes::from_static(b"\r\n--b--\r\n"))]);
            Body::from_stream(head.chain(drops).chain(end))
        };
        let steady = read(begin(drip(Duration::from_secs(20), 20)).await).await;
        assert_eq!(steady.unwrap().1, [20 * 20 * 1024]);
        let paused = read(begin(drip(Duration::from_secs(31), 2)).await).await;
        assert_eq!(paused, Err(Broken::Slow));
        let slow = read(begin(drip(Duration::from_secs(29), 20)).await).await;
        assert_eq!(slow, Err(Broken::Slow));
    }
}
