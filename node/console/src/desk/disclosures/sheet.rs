//! The form of a disclosure as a sheet: handed out, and taken back filled in.

use std::sync::Arc;

use api::DisclosureWork;
use sheet::form::XLSX;
use web::problem::Rejection;

use super::{beside, path, read, show};
use crate::{
    answer::{Answer, lead_to},
    form::odd,
    visit::Visit,
};

/// Hands out the form with what is typed so far.
pub(crate) async fn get(visit: Arc<Visit>) -> Answer {
    visit
        .calls
        .relay(&visit.api(&path(&visit, "/form.xlsx"))?)
        .await
}

/// Hands out the empty form of something that is due, before anything is begun. What is filled in is taken by the draft that is
/// begun for it.
pub(crate) async fn blank(visit: Arc<Visit>) -> Answer {
    let asked = |name| odd(visit.query.get(name).unwrap_or_default());
    let (item, day) = (asked("item"), asked("day"));
    let path = format!("disclosure-form.xlsx?item={item}&day={day}");
    visit.calls.relay(&visit.api(&path)?).await
}

/// Keeps what a sheet says, and tells what is wrong with the cells.
pub(crate) async fn send(visit: Arc<Visit>) -> Answer {
    let Some(file) = visit.sent.last().cloned() else {
        let told = ("no file was chosen; choose one", "没有选择文件；请选择");
        let problem = Rejection::unfit(told).0.in_language(visit.view.language);
        return show(&visit, &read(&visit).await?, Some(problem), None);
    };
    let version = visit.form.get("version");
    let version = version.and_then(|text| text.parse::<u32>().ok());
    let query = version.map(|version| format!("?version={version}"));
    let rest = format!("/form.xlsx{}", query.unwrap_or_default());
    let kept = visit
        .calls
        .put(&visit.api(&path(&visit, &rest))?, XLSX, file.into())
        .await;
    match beside(kept) {
        Ok(reply) => {
            let work: DisclosureWork = reply?.read()?;
            match work.faults.is_empty() {
                true => lead_to(&format!("/desk/disclosures/{}", work.line.number)),
                false => show(&visit, &work, None, None),
            }
        }
        Err(problem) => show(&visit, &read(&visit).await?, Some(problem), None),
    }
}
