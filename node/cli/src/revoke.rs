//! `wujitong revoke`

use api::{Named, RevocationLine, Revocations, RevokeRequest};
use domain::revocation::Reason;
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::{self, Names, moment, one_of},
    site::Site,
    tables::table,
};

/// Revokes (吊销) the keys of a division below: nothing it says later counts anywhere, and its links end
///
/// What this node holds of it by now stays valid for ever. Its certificates open no link any more
/// until it is enrolled anew with a new key. It cannot be undone.
///
/// Examples:
///   wujitong revoke 330825002222 --reason stolen
///   wujitong revoke 330825002 --reason replaced --node 330825 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Revoke {
    #[command(flatten)]
    site: Site,
    /// Whose keys; it stands directly below the node that is asked
    division: DivisionCode,
    /// Why
    #[arg(long, value_parser = one_of::<Reason>(&labels::REASONS))]
    reason: Reason,
    /// Only this key, of those that `wujitong key list` shows; all that still count if left out
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

/// A table of revoked keys.
pub(super) fn lines<'a>(
    revoked: impl IntoIterator<Item = &'a RevocationLine>,
    names: Names<'_>,
) -> String {
    let rows = revoked.into_iter().map(|line| {
        [
            names.of(line.division),
            line.key.clone(),
            labels::revoked(line.reason),
            moment(line.at_ms),
            names.of(line.by),
        ]
    });
    table(["revoked", "key", "reason", "at", "by"], rows)
}
