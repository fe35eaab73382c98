//! `wujitong slip`

use api::SlipView;
use domain::ids::MatterId;

use super::{Failure, Output, site::Site};

/// Makes a further slip for the reporter of a matter, who has lost theirs
///
/// Whoever has it can read, contest and rate this one matter, and add to it. It is shown once; earlier
/// slips stay valid. Make sure that you give it to the reporter.
///
/// Examples:
///   wujitong slip 330825002222-1f3a9c04-17
///   wujitong slip 330825002222-1f3a9c04-17 --node 330825002 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Slip {
    #[command(flatten)]
    site: Site,
    /// Number of the matter
    #[arg(value_name = "MATTER")]
    id: MatterId,
}

impl Slip {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let path = asked.path(&format!("matters/{}/slips", self.id));
        let slip: SlipView = asked.client.post(&path, &()).await?;
        output.facts(&slip, || format!("{}\n", slip.token))
    }
}
