//! `wujitong log children` and `wujitong log resolve`

use api::{ChildLog, ChildLogs, LogEvidence, ResolveLog};
use domain::heads::Resolution;
use http::Method;
use topology::DivisionCode;

use crate::{
    Failure, Output,
    labels::{both, moment},
    site::Asked,
    tables::{pairs, table},
};

/// Lists the logs of divisions below that this node countersigns, and the evidence against any
///
/// The node countersigns (会签) the heads of the logs of its children and of theirs. If one contradicts what it
/// signed before, both heads are shown, as the key of the log signed them: keep them, they prove it. Nothing of that
/// log is countersigned until somebody says which head counts, with `wujitong log resolve`.
///
/// Examples:
///   wujitong log children
///   wujitong log children --node 330825 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Children {}

/// Says which of two heads of a log counts, after you have looked into it
///
/// Closes the alarm. The log is countersigned again when it goes on from the head that counts. The audit trail
/// records the reason.
///
/// Examples:
///   wujitong log resolve 330825002222 --counts earlier --reason "an old copy was put back"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Resolve {
    /// The division of the log
    #[arg(value_name = "CODE")]
    division: DivisionCode,
    /// Which head counts: `earlier`, which was recorded first, or `later`, which gives up the history before
    #[arg(long, value_name = "WHICH")]
    counts: Resolution,
    /// What you found out, at most 300 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Children {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let found: ChildLogs = asked.client.get(&asked.path("log/children")).await?;
        output.facts(&found, || lines(&found))
    }
}

impl Resolve {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let Self {
            division,
            counts,
            reason,
        } = self;
        let path = asked.path(&format!("log/children/{division}/resolve"));
        let given = ResolveLog { counts, reason };
        asked.client.send_only(Method::POST, &path, &given).await?;
        let told = serde_json::json!({ "division": division, "counts": counts });
        output.facts(&told, || {
            format!("of the log of {division} counts {}\n", both(counts))
        })
    }
}

fn lines(found: &ChildLogs) -> String {
    if found.logs.is_empty() && found.evidence.is_empty() {
        return "no logs of other divisions were seen yet 尚未见到其他单位的日志\n".to_owned();
    }
    let stands = |log: &ChildLog| match log.stopped {
        true => "STOPPED 已停止会签",
        false => "countersigned 已会签",
    };
    let rows = found.logs.iter().map(|log| {
        [
            log.division.short(),
            log.size.to_string(),
            stands(log).to_owned(),
            moment(log.at_ms),
            log.epoch.clone(),
        ]
    });
    let mut text = table(["division", "#entries", "log", "at", "epoch"], rows);
    for evidence in &found.evidence {
        text += "\n";
        text += &told(evidence);
    }
    text
}

fn told(evidence: &LogEvidence) -> String {
    let how = format!("{} {}", evidence.how_chinese, evidence.how_english);
    let mut rows = vec![
        ("log of", evidence.division.to_string()),
        ("contradiction", how),
        (
            "found",
            format!(
                "{} by {}",
                moment(evidence.at_ms),
                evidence.found_by.short()
            ),
        ),
        ("key", evidence.key.clone()),
    ];
    if let Some(resolved) = &evidence.resolved {
        rows.push((
            "resolved",
            format!(
                "{}: {} counts: {}",
                moment(resolved.at_ms),
                both(resolved.counts),
                resolved.reason
            ),
        ));
    }
    let note = |text: &str| {
        let lines = text.lines().map(|line| format!("    {line}\n"));
        lines.collect::<String>()
    };
    format!(
        "{}  earlier 先前:\n{}  later 后来:\n{}",
        pairs(rows),
        note(&evidence.earlier),
        note(&evidence.later)
    )
}
