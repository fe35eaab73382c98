//! `wujitong revoke`

use api::{Named, RevocationLine, Revocations, RevokeRequest};
use domain::revocation::Reason;
use topology::{DivisionCode, Term};

use super::{
    Failure, Output,
    labels::{Names, moment, one_of},
    site::Site,
    tables::table,
};

/// Revokes (吊销) the keys of a division below: its later statements no longer count
///
/// Everything this node has received from the division so far stays valid for ever. The division
/// has no link until it is enrolled again with a new key. This cannot be undone.
///
/// Examples:
///   wujitong revoke 330825002222 --reason stolen
///   wujitong revoke 330825002 --reason replaced --node 330825 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Revoke {
    #[command(flatten)]
    site: Site,
    /// The division of the keys; directly below the node
    division: DivisionCode,
    /// The reason
    #[arg(long, value_parser = one_of::<Reason>())]
    reason: Reason,
    /// Revokes only this key, as `wujitong key list` shows it; all that still count if left out
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

impl Revoke {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let request = RevokeRequest {
            division: self.division,
            reason: self.reason,
            key: self.key,
        };
        let path = asked.path("revocations");
        let revoked: Named<Revocations> = asked.client.post(&path, &request).await?;
        output.facts(&revoked, || {
            lines(&revoked.facts.revocations, Names(&revoked.names))
        })
    }
}

/// Returns a table of revoked keys.
pub(super) fn lines<'a>(
    revoked: impl IntoIterator<Item = &'a RevocationLine>,
    names: Names<'_>,
) -> String {
    let rows = revoked.into_iter().map(|line| {
        [
            names.of(line.division),
            line.key.clone(),
            line.reason.label(),
            moment(line.at_ms),
            names.of(line.by),
        ]
    });
    table(["revoked", "key", "reason", "at", "by"], rows)
}
