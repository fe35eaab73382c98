//! The file of a form that sends a sheet: accounts, or the form of a disclosure.

use std::time::Duration;

use api::problem::{Problem, ProblemCode};
use axum::{body::Body, extract::Request};
use http::Extensions;
use sheet::Limits;
use web::{
    parts::{Bounds, Broken, Form, Part},
    problem::Rejection,
};

use crate::visit::{CSRF_FIELD, Visit};

/// Path of the page that takes a sheet of accounts.
pub(crate) const ACCOUNTS: &str = "/admin/accounts/sheet";
/// Field of the file.
const FIELD: &str = "sheet";
/// The bounds of the form: one file, and what was chosen beside it.
const BOUNDS: Bounds = Bounds {
    form: Limits::SENT.bytes,
    texts: 4 * 1024,
    grace: Duration::from_secs(8),
    least_rate: 64 * 1024,
};

/// Returns whether a form at this path brings a sheet, not photos.
pub(crate) fn is_sheet(path: &str) -> bool {
    let is_disclosures = || {
        let rest = path.strip_prefix("/desk/disclosures/");
        rest.is_some_and(|rest| rest.ends_with("/sheet"))
    };
    path == ACCOUNTS || is_disclosures()
}

fn unread(broken: &Broken) -> Problem {
    let code = match broken {
        Broken::TooLong(_) => ProblemCode::PayloadTooLarge,
        _ => ProblemCode::InvalidRequest,
    };
    *Rejection::new(code, broken).0
}

impl Visit {
    /// Reads a form with a sheet into memory.
    ///
    /// # Errors
    /// A problem if the form cannot be read to its end.
    pub(crate) async fn read_sheet(
        &mut self,
        extensions: Extensions,
        body: Body,
    ) -> Result<(), Problem> {
        self.check_own_page()?;
        let mut request = Request::new(body);
        *request.headers_mut() = self.headers.clone();
        *request.extensions_mut() = extensions;
        let broken = |broken| unread(&broken);
        let mut form = Form::begin(request, BOUNDS).await.map_err(broken)?;
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
            let is_sheet = file.field() == FIELD;
            let mut bytes = vec![];
            while let Some(some) = file.chunk().await.map_err(broken)? {
                bytes.extend_from_slice(&some);
            }
            if is_sheet && !bytes.is_empty() {
                self.sheet = Some(bytes.into());
            }
        }
        Ok(())
    }
}
