//! `wujitong clock`

use api::{ClockStatus, Corrected};
use clap::Subcommand;

use super::{Failure, Output, labels::moment, site::Site, tables::pairs};

/// Shows the state of the machine's clock, confirms it, or corrects the effects of a wrong one
///
/// If the clock differs by more than three minutes from the monotonic clock or from the clocks of
/// the neighbours, the node stops trusting it: it continues with the time it had, and raises the
/// alarm `clock-doubted`. It trusts the clock again when the clock is back in step, when the
/// neighbours agree with it, or when you confirm it.
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

/// Shows the time the node uses, and the machine's time
///
/// Examples:
///   wujitong clock show --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show;

/// Confirms that the machine's clock is right; the audit trail records who confirmed it
///
/// Examples:
///   wujitong clock confirm
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Confirm;

/// Counts everything on today again, and lists matters with steps whose time is in the future
///
/// Steps, escalations and figures of a wrong day were signed and sent, and others built on them, so
/// they stay. Recall or return a matter that went up without reason.
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
        Some(_) => format!("no 可疑: it is wrong by {} s", status.ahead_ms / 1_000),
    };
    pairs([
        ("time of this node", moment(status.now_ms)),
        ("time of the machine", moment(status.wall_ms)),
        ("believed", doubt),
        ("last counted on", status.last_day.clone()),
    ])
}
