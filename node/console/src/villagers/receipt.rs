//! The receipt of a report: its number, the slip once, and what comes next.

use api::{DraftMatter, MatterView, Named, problem::Problem};
use askama::Template;
use domain::clock::Stage;
use http::StatusCode;
use web::credentials::REPORTER_TOKEN;

use super::qr::{Picture, draw};
use crate::{answer::Answer, frame::Frame, visit::Visit, when::When, words::Words};

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage<'a> {
    frame: Frame,
    w: Words,
    id: &'a str,
    /// The slip in groups; `None` some minutes after it was shown first.
    slip: Option<String>,
    picture: Option<Picture>,
    /// The address that the picture has, without the slip.
    address: String,
    due: Vec<(String, When)>,
}

/// Writes a slip in groups of four, without the mark that programs know it by.
pub(crate) fn grouped(slip: &str) -> String {
    let digits: Vec<char> = slip.trim_start_matches("wjr_").chars().collect();
    let groups = digits
        .chunks(4)
        .map(|group| group.iter().collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// Reads a slip as people copy it: with or without groups and mark, in either case.
pub(crate) fn plain(slip: &str) -> String {
    let digits = slip.trim().to_ascii_lowercase();
    let digits = digits.trim_start_matches("wjr_");
    let digits = digits.chars().filter(char::is_ascii_hexdigit);
    format!("wjr_{}", digits.collect::<String>())
}

/// Shows the receipt.
pub(crate) async fn show(visit: &Visit, done: &DraftMatter) -> Answer {
    let w = visit.w;
    // What comes next may be missing, the number and the slip never.
    let due = match &done.token {
        Some(slip) => due(visit, &done.id, slip).await.unwrap_or_default(),
        None => vec![],
    };
    let address = visit.address("/my");
    let slip = done.token.as_deref().map(grouped);
    let coded = slip
        .as_ref()
        .map(|slip| format!("{address}#{}.{}", done.id, slip.replace('-', "")));
    let page = ReceiptPage {
        frame: Frame::of(visit, w.receipt_title()),
        w,
        id: &done.id,
        picture: coded.and_then(|coded| draw(&coded)),
        slip,
        address,
        due,
    };
    visit.page(StatusCode::OK, &page)
}

/// Returns whether a stage is one that reporters wait for, and not one of the offices among each
/// other.
pub(crate) const fn concerns_reporters(stage: Stage) -> bool {
    !matches!(stage, Stage::Route | Stage::Object | Stage::Arbitrate)
}

async fn due(visit: &Visit, id: &str, slip: &str) -> Result<Vec<(String, When)>, Problem> {
    let calls = visit.calls.clone().with(REPORTER_TOKEN, slip);
    let path = visit.api(&format!("matters/{id}"))?;
    let matter: Named<MatterView> = calls.get(&path).await?;
    let clocks = matter.facts.clocks.into_iter();
    let clocks = clocks.filter(|clock| concerns_reporters(clock.stage));
    let line = |clock: api::ClockView| (visit.w.short(clock.stage), visit.when(clock.due_ms));
    Ok(clocks.map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_read_as_people_copy_it() {
        let slip = "wjr_0123456789abcdef0123456789abcdef";
        assert_eq!(grouped(slip), "0123-4567-89ab-cdef-0123-4567-89ab-cdef");
        for copied in [
            slip,
            &grouped(slip),
            "0123 4567 89AB cdef 0123 4567 89ab cdef ",
            "WJR_0123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(plain(copied), slip, "{copied}");
        }
    }
}
