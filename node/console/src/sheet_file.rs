//! Files of forms that send some which are no photos: a sheet, or courier files.

use std::time::Duration;

use api::problem::{Problem, ProblemCode};
use axum::{body::Body, extract::Request};
use http::Extensions;
use sheet::Limits;
use web::{
    parts::{Bounds, Broken, Form, Part},
    problem::Rejection,
};

use crate::{
    network::{COURIER_PATH, MOST_COURIER_BYTES},
    visit::{CSRF_FIELD, Visit},
};

/// Path of the page that takes a sheet of accounts.
pub(crate) const ACCOUNTS: &str = "/admin/accounts/sheet";

/// A form that brings files.
pub(crate) struct Brings {
    /// Whether it is at this path.
    is_at: fn(&str) -> bool,
    /// The field of its files.
    field: &'static str,
    /// Its bounds.
    pub(crate) bounds: Bounds,
}

/// The forms that bring files which are no photos.
static FORMS: [Brings; 3] = [
    Brings {
        is_at: |path| path == ACCOUNTS,
        field: "sheet",
        bounds: bounds(Limits::SENT.bytes),
    },
    Brings {
        is_at: |path| path.starts_with("/desk/disclosures/") && path.ends_with("/sheet"),
        field: "sheet",
        bounds: bounds(Limits::SENT.bytes),
    },
    Brings {
        is_at: |path| path == COURIER_PATH,
        field: "file",
        bounds: bounds(MOST_COURIER_BYTES),
    },
];

/// Bounds of a form with files of this many bytes, and what was chosen beside them.
const fn bounds(form: usize) -> Bounds {
    Bounds {
        form,
        texts: 4 * 1024,
        grace: Duration::from_secs(8),
        least_rate: 64 * 1024,
    }
}

/// Returns the form at this path if it brings files which are no photos.
pub(crate) fn brings(path: &str) -> Option<&'static Brings> {
    FORMS.iter().find(|form| (form.is_at)(path))
}

fn unread(broken: &Broken) -> Problem {
    let code = match broken {
        Broken::TooLong(_) => ProblemCode::PayloadTooLarge,
        _ => ProblemCode::InvalidRequest,
    };
    *Rejection::new(code, broken).0
}

impl Visit {
    /// Reads a form with such files into memory.
    ///
    /// # Errors
    /// A problem if the form cannot be read to its end.
    pub(crate) async fn read_files(
        &mut self,
        brings: &Brings,
        extensions: Extensions,
        body: Body,
    ) -> Result<(), Problem> {
        self.check_own_page()?;
        let mut request = Request::new(body);
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = extensions;
        let broken = |broken| unread(&broken);
        let mut form = Form::begin(request, brings.bounds).await.map_err(broken)?;
        while let Some(part) = form.next().await.map_err(broken)? {
            let mut file = match part {
                Part::File(file) => file,
                Part::Text(name, value) => {
                    let value = String::from_utf8_lossy(&value).into_owned();
                    if name == CSRF_FIELD {
                        self.prove(&value);
                    }
                    self.form.0.push((name, value));
                    continue;
                }
            };
            let is_one = file.field() == brings.field;
            let mut bytes = vec![];
            while let Some(some) = file.chunk().await.map_err(broken)? {
                bytes.extend_from_slice(&some);
            }
            if is_one && !bytes.is_empty() {
                self.sent.push(bytes.into());
            }
        }
        Ok(())
    }
}
