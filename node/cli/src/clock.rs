//! `wujitong clock`

use api::{ClockStatus, Corrected};
use clap::Subcommand;

use super::{Failure, Output, labels::moment, site::Site, tables::pairs};

/// Shows whether the machine's clock is believed, confirms it, corrects what it left behind
///
/// A clock that leaves the monotonic one, or that of the neighbours, by more than three minutes is not
/// believed: the node goes on with the time it had, and raises the alarm `clock-doubted`. It is believed
/// again when it came back, when the neighbours agree with it, or when you confirm it.
///
/// Examples:
///   wujitong clock show
///   wujitong clock confirm
///   wujitong clock correct
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Clock {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Confirm(Confirm),
    Correct(Correct),
}

/// Shows the time the node goes by, and the machine's
///
/// Examples:
///   wujitong clock show --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show;

/// Says that the machine's clock is right; the audit trail keeps who did
///
/// Examples:
///   wujitong clock confirm
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Confirm;

/// Counts everything on today again, and names the matters with steps of a time that has not come yet
///
/// What went out is signed, and others built on it: steps, escalations and figures of a wrong day stay.
/// Recall or return a matter that went up without reason.
///
/// Examples:
///   wujitong clock correct
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Correct;

impl Clock {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Show(Show) => {
                let status: ClockStatus = asked.client.get(&asked.path("clock")).await?;
                output.facts(&status, || shown(&status))
            }
            What::Confirm(Confirm) => {
                let path = asked.path("clock/confirmation");
                let status: ClockStatus = asked.client.post(&path, &()).await?;
                output.facts(&status, || shown(&status))
            }
            What::Correct(Correct) => {
                let path = asked.path("clock/correction");
                let corrected: Corrected = asked.client.post(&path, &()).await?;
                output.facts(&corrected, || {
                    let mut text = pairs([
                        ("counted on", corrected.counted_on.clone()),
                        ("from now on", corrected.counts_on.clone()),
                        ("matters to look at", corrected.matters.len().to_string()),
                    ]);
                    for matter in &corrected.matters {
                        text += &format!("  {matter}\n");
                    }
                    text
                })
            }
        }
    }
}

fn shown(status: &ClockStatus) -> String {
    let doubt = match status.doubt {
        None => "yes".to_owned(),
        Some(_) => format!("no 可疑: it is off by {} s", status.ahead_ms / 1_000),
    };
    pairs([
        ("this node goes by", moment(status.now_ms)),
        ("the machine says", moment(status.wall_ms)),
        ("believed", doubt),
        ("last counted on", status.last_day.clone()),
    ])
}
