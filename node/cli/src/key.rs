//! `wujitong key`

use api::{CountersignRequest, KeyStatementLine, KeyStatements, Named, VouchedBy};
use clap::Subcommand;
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::{Names, moment},
    site::Site,
    tables::table,
};

/// Shows the key statements of divisions here and below, and countersigns one (密钥)
///
/// The first key of a division counts by its parent's signature. A later key also needs the
/// signature of the key before it; if that key is lost or revoked, the division above the parent
/// countersigns.
///
/// Examples:
///   wujitong key list
///   wujitong key list 330825002222 --node 330825
///   wujitong key countersign 330825002222 --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Key {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Countersign(Countersign),
}

/// Lists every key statement about this division, its children and grandchildren
///
/// Examples:
///   wujitong key list
///   wujitong key list 330825002222 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List {
    /// Lists only those of this division
    division: Option<DivisionCode>,
}

/// Countersigns (会签) a new key of a division two tiers below that its old key did not sign
///
/// First ask the division by telephone for the key that it shows itself: after this, whoever has
/// that key speaks for the division.
///
/// Examples:
///   wujitong key countersign 330825002222 --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Countersign {
    /// The division of the key
    division: DivisionCode,
    /// The key, if several are waiting: 32 hexadecimal digits
    #[arg(long)]
    key: Option<String>,
}

impl Key {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let path = asked.path("key-statements");
        let found: Named<KeyStatements> = match self.what {
            What::List(List { division }) => {
                let mut found: Named<KeyStatements> = asked.client.get(&path).await?;
                let of_it = |line: &KeyStatementLine| division.is_none_or(|of| of == line.division);
                found.facts.statements.retain(of_it);
                found
            }
            What::Countersign(Countersign { division, key }) => {
                let request = CountersignRequest { division, key };
                let path = format!("{path}/countersign");
                asked.client.post(&path, &request).await?
            }
        };
        output.facts(&found, || {
            lines(&found.facts.statements, Names(&found.names))
        })
    }
}

/// Returns a table of key statements.
pub(super) fn lines<'a>(
    statements: impl IntoIterator<Item = &'a KeyStatementLine>,
    names: Names<'_>,
) -> String {
    let rows = statements.into_iter().map(|line| {
        [
            names.of(line.division),
            line.serial.to_string(),
            line.key.clone(),
            standing(line),
            moment(line.heard_ms),
            line.shown_by
                .map_or_else(|| "own files".to_owned(), |by| by.short()),
        ]
    });
    table(["keys of", "#no.", "key", "stands", "seen", "from"], rows)
}

fn standing(line: &KeyStatementLine) -> String {
    let counts = match line.vouched {
        Some(VouchedBy::Anchor) => "counts 有效, known to all",
        Some(VouchedBy::Parent) => "counts 有效, by its parent",
        Some(VouchedBy::OldKey) => "counts 有效, by parent and old key",
        Some(VouchedBy::Grandparent) => "counts 有效, countersigned 会签, not by the old key",
        Some(VouchedBy::ProvinceAlone) => "counts 有效, by the province alone, not by the old key",
        None => "does not count 无效",
    };
    match (&line.refused, line.revoked) {
        (_, true) => "revoked 已吊销".to_owned(),
        (Some(why), false) => format!("{counts}: {why}"),
        (None, false) => counts.to_owned(),
    }
}
