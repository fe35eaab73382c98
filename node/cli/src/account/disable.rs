//! `wujitong account disable`

use api::{
    AccountPatch, AccountView, ChargedMatters, HandOverReport, HandOverRequest, HandOverTo,
    NotHandedOver,
};
use http::Method;
use serde::Serialize;

use crate::{
    Failure, Output,
    client::encoded,
    site::Asked,
    tables::{pairs, table},
};

/// The most matters that are shown by number.
const MOST_SHOWN: usize = 20;

/// Closes an account: ends its sessions and refuses new logins
///
/// An account to which open matters are dispatched by name is closed only when they have another handler, or with
/// --leave-matters. Each matter is dispatched anew, so its steps say so; what fails is listed, and the account
/// stays open then.
///
/// Examples:
///   wujitong account disable zhang.san --preview
///   wujitong account disable zhang.san --hand-over-to li.si
///   wujitong account disable zhang.san --to-department
///   wujitong account disable zhang.san --to-nobody
///   wujitong account disable zhang.san --leave-matters
///   wujitong account disable zhang.san --undo
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Disable {
    /// Login name or number of the account
    account: String,
    /// Only shows the open matters of the account
    #[arg(long, conflicts_with_all = ["way", "undo"])]
    preview: bool,
    /// Account that takes its open matters: login name or number
    #[arg(long, value_name = "ACCOUNT", group = "way")]
    hand_over_to: Option<String>,
    /// The department of each matter, or else that of the account, takes them
    #[arg(long, group = "way")]
    to_department: bool,
    /// Nobody takes them by name: the command room (指挥室) dispatches them
    #[arg(long, group = "way")]
    to_nobody: bool,
    /// Closes the account although its open matters then have no handler
    #[arg(long, group = "way")]
    leave_matters: bool,
    /// Opens the account again
    #[arg(long, conflicts_with = "way")]
    undo: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Told {
    handed_over: usize,
    failed: Vec<NotHandedOver>,
    account: Option<AccountView>,
}

impl Disable {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("accounts/{}", encoded(&self.account)));
        if self.preview {
            return preview(asked, &path, output).await;
        }
        let mut told = Told {
            handed_over: 0,
            failed: vec![],
            account: None,
        };
        if let Some(request) = self.taker() {
            hand_over(asked, &path, &request, &mut told).await?;
        }
        if told.failed.is_empty() {
            let patch = AccountPatch {
                disabled: Some(!self.undo),
                leave_matters: self.leave_matters,
                ..AccountPatch::default()
            };
            told.account = Some(asked.client.send(Method::PATCH, &path, &patch).await?);
        }
        output.facts(&told, || show(&told))?;
        match told.failed.len() {
            0 => Ok(()),
            failed => Err(Failure::Usage(format!(
                "{failed} matters still have the old handler, so the account stays open; hand them over another \
                 way, or leave them with --leave-matters"
            ))),
        }
    }

    fn taker(&self) -> Option<HandOverRequest> {
        let to = match (&self.hand_over_to, self.to_department, self.to_nobody) {
            (Some(_), ..) => HandOverTo::Account,
            (None, true, _) => HandOverTo::Department,
            (None, false, true) => HandOverTo::Nobody,
            (None, false, false) => return None,
        };
        let account = self.hand_over_to.clone();
        Some(HandOverRequest { to, account })
    }
}

/// Hands over until nothing is left but what fails.
async fn hand_over(
    asked: &Asked,
    account: &str,
    request: &HandOverRequest,
    told: &mut Told,
) -> Result<(), Failure> {
    let path = format!("{account}/hand-over");
    loop {
        let report: HandOverReport = asked.client.post(&path, request).await?;
        told.handed_over += report.handed_over;
        let goes_on = report.handed_over > 0 && report.left > 0;
        told.failed = report.failed;
        if !goes_on {
            return Ok(());
        }
    }
}

async fn preview(asked: &Asked, account: &str, output: &mut Output<'_>) -> Result<(), Failure> {
    let found: ChargedMatters = asked.client.get(&format!("{account}/matters")).await?;
    output.facts(&found, || {
        let mut text = pairs([("open matters", found.count.to_string())]);
        for id in found.matters.iter().take(MOST_SHOWN) {
            text += &format!("{id}\n");
        }
        if found.count > MOST_SHOWN {
            text += &format!("… {} more\n", found.count - MOST_SHOWN);
        }
        text
    })
}

fn show(told: &Told) -> String {
    let mut text = String::new();
    if !told.failed.is_empty() {
        let line = |one: &NotHandedOver| {
            let hint = one.problem.hint.clone().unwrap_or_default();
            [one.id.clone(), one.problem.detail.to_string(), hint]
        };
        text += &table(["matter", "fault", "remedy"], told.failed.iter().map(line));
        text += "\n";
    }
    if told.handed_over > 0 {
        text += &pairs([("matters handed over", told.handed_over.to_string())]);
    }
    if let Some(account) = &told.account {
        text += &super::facts(account);
    }
    text
}
