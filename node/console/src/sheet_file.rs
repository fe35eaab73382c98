//! Files of forms that send some which are no photos: a sheet, or courier files.

use std::time::Duration;

use api::problem::{Problem, ProblemCode};
use axum::{body::Body, extract::Request, response::IntoResponse};
use domain::rows::SheetColumn;
use http::{Extensions, header};
use serde::de::DeserializeOwned;
use sheet::{
    Limits,
    filled::{BadSheet, Filled},
    form::XLSX,
};
use topology::Term;
use web::{
    parts::{Bounds, Broken, Form, Part},
    problem::Rejection,
};

use crate::{
    answer::Answer,
    network::{COURIER_PATH, MOST_COURIER_BYTES},
    visit::{CSRF_FIELD, Visit},
    words::Words,
};

/// Path of the page that takes a sheet of accounts.
pub(crate) const ACCOUNTS: &str = "/admin/accounts/sheet";

/// Path of the page that takes a sheet of households.
pub(crate) const HOUSEHOLDS: &str = "/desk/households/sheet";

/// Field with the rows of a sheet that was read, as JSON, on the page that asks once more.
pub(crate) const ROWS: &str = "rows";

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
static FORMS: [Brings; 4] = [
    Brings {
        is_at: |path| path == ACCOUNTS,
        field: "sheet",
        bounds: bounds(Limits::SENT.bytes),
    },
    Brings {
        is_at: |path| path == HOUSEHOLDS,
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

/// Reads the sheet that was sent with a form into rows.
///
/// # Errors
/// A problem to show beside the form.
pub(crate) async fn filled<C: SheetColumn>(visit: &Visit) -> Result<Filled<C>, Problem> {
    let Some(bytes) = visit.sent.last().cloned() else {
        let told = ("no file was chosen; choose one", "没有选择文件；请选择");
        return Err(*Rejection::unfit(told).0);
    };
    let read = tokio::task::spawn_blocking(move || Filled::read(&bytes, &Limits::SENT));
    match read.await {
        Ok(read) => read.map_err(|bad| refused(visit, &bad)),
        Err(error) => {
            tracing::error!(%error, "a sheet could not be read");
            let told = (
                "the file cannot be read; save it again as XLSX",
                "文件读不出来；请另存为 XLSX",
            );
            Err(*Rejection::unfit(told).0)
        }
    }
}

/// Hands out an empty sheet under this name.
pub(crate) fn hand_out(visit: &Visit, name: &str, sheet: Vec<u8>) -> Answer {
    visit.division()?;
    let headers = [
        (header::CONTENT_TYPE, XLSX.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, sheet).into_response())
}

/// Reads the rows that were looked at, as the page sends them back.
///
/// # Errors
/// A problem if they are not whole.
pub(crate) fn looked_at<T: DeserializeOwned>(rows: &str) -> Result<Vec<T>, Problem> {
    serde_json::from_str(rows).map_err(|_| {
        let told = (
            "the rows of the sheet are not whole; send the file again",
            "表的内容不完整；请重新上传",
        );
        *Rejection::unfit(told).0
    })
}

/// Returns the heading of a column.
pub(crate) fn heading(w: Words, column: impl Term) -> &'static str {
    w.of(column.chinese(), column.code())
}

/// Tells why a file is no such sheet.
pub(crate) fn refused(visit: &Visit, bad: &BadSheet) -> Problem {
    let problem = Problem::new(ProblemCode::InvalidRequest, &bad.to_string());
    problem
        .or_in_chinese(&bad.chinese())
        .in_language(visit.view.language)
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
