//! `wujitong template rollout`

use api::{
    AdoptionView, Language, Named, ReachCount, ReachRequest, RolloutRequest, RolloutView,
    TemplateRollout, TemplateStatus,
};
use clap::Subcommand;
use domain::template::TemplateKey;
use topology::DivisionCode;

use crate::{
    Failure, Output,
    labels::{Names, moment},
    language::{self, told as in_language},
    site::Asked,
    tables::table,
};

/// Shows how far a template has come at each child, and widens, pauses, resumes or rolls back its
/// rollout (分批下发)
///
/// Children that lag come first. What is below a child, its own node shows in the same way. Only the
/// issuer's node widens, pauses, resumes and rolls back.
///
/// Examples:
///   wujitong template rollout 33/disclosure/finance
///   wujitong template rollout widen 330825/policy/dispatch --share 60
///   wujitong template rollout rollback 330825/policy/dispatch
#[derive(Debug, clap::Args)]
#[command(
    verbatim_doc_comment,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(super) struct Rollout {
    /// Issuer, kind and name
    #[arg(required = true)]
    key: Option<TemplateKey>,
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Subcommand)]
enum Act {
    Widen(Widen),
    Pause(Pause),
    Resume(Resume),
    Rollback(Rollback),
}

/// Those who take a version first.
#[derive(Debug, clap::Args)]
pub(super) struct First {
    /// First only for this percentage of the divisions, 1 to 99; the same ones stay in it as it grows
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=99))]
    share: Option<u8>,
    /// First only for this division and everything below it; may be repeated
    #[arg(long = "first", value_name = "CODE")]
    divisions: Vec<DivisionCode>,
}

impl First {
    pub(super) fn request(self) -> Option<ReachRequest> {
        if self.share.is_none() && self.divisions.is_empty() {
            return None;
        }
        Some(ReachRequest {
            share: self.share.unwrap_or_default(),
            divisions: self.divisions,
        })
    }
}

/// Lets more take the version: a greater share, more divisions, or all
///
/// Whoever has it keeps it, so the share and the divisions of before are named again, or all.
///
/// Examples:
///   wujitong template rollout widen 330825/policy/dispatch --share 60
///   wujitong template rollout widen 330825/policy/dispatch --share 30 --first 330825002
///   wujitong template rollout widen 330825/policy/dispatch --all
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Widen {
    /// Issuer, kind and name
    key: TemplateKey,
    #[command(flatten)]
    first: First,
    /// For everybody in scope; the rollout is over then
    #[arg(long, conflicts_with_all = ["share", "divisions"], required_unless_present_any = ["share", "divisions"])]
    all: bool,
}

/// Lets nobody else take the version for now; whoever has it keeps it
///
/// Examples:
///   wujitong template rollout pause 330825/policy/dispatch
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Pause {
    /// Issuer, kind and name
    key: TemplateKey,
}

/// Goes on with a rollout that was paused
///
/// Examples:
///   wujitong template rollout resume 330825/policy/dispatch
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Resume {
    /// Issuer, kind and name
    key: TemplateKey,
}

/// Puts the version before in force again everywhere
///
/// If the version is for all already, the text before it becomes the next version. What divisions
/// below issued and fitted only the version that is taken back is suspended there, with the reason.
///
/// Examples:
///   wujitong template rollout rollback 330825/policy/dispatch
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Rollback {
    /// Issuer, kind and name
    key: TemplateKey,
}

impl Act {
    fn request(self) -> (TemplateKey, RolloutRequest) {
        match self {
            Self::Widen(widen) => {
                let to = widen.first.request();
                (widen.key, RolloutRequest::Widen { to })
            }
            Self::Pause(Pause { key }) => (key, RolloutRequest::Pause),
            Self::Resume(Resume { key }) => (key, RolloutRequest::Resume),
            Self::Rollback(Rollback { key }) => (key, RolloutRequest::Rollback),
        }
    }
}

impl Rollout {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = |key: &TemplateKey| asked.path(&format!("templates/{key}/rollout"));
        if let Some(act) = self.act {
            let (key, request) = act.request();
            let said: Named<TemplateStatus> = asked.client.post(&path(&key), &request).await?;
            return output.facts(&said, || super::status(&said));
        }
        let Some(key) = self.key else {
            return Ok(());
        };
        let found: Named<TemplateRollout> = asked.client.get(&path(&key)).await?;
        output.facts(&found, || lines(&found, language::of_terminal()))
    }
}

/// Returns how a rollout stands, in a word; empty without one.
pub(super) fn state(rollout: Option<&RolloutView>) -> String {
    rollout.map_or_else(String::new, |rollout| {
        format!("{} {}", rollout.state, rollout.state.chinese())
    })
}

/// Returns how a rollout stands, with whom it goes to.
pub(super) fn told(rollout: &RolloutView, reach: Option<ReachCount>, names: &Names<'_>) -> String {
    let mut to = vec![];
    if rollout.share > 0 {
        to.push(format!("{} %", rollout.share));
    }
    to.extend(rollout.divisions.iter().map(|division| names.of(*division)));
    let mut text = format!(
        "version {} {}, act {} {} {}: {}",
        rollout.version,
        state(Some(rollout)),
        rollout.number,
        rollout.act,
        moment(rollout.at_ms),
        to.join(", "),
    );
    if let Some(ReachCount { selected, scope }) = reach {
        text += &format!(" ({selected} of {scope} nodes)");
    }
    match rollout.before {
        Some(before) => text += &format!("; version {before} for all others"),
        None => text += "; nothing for all others",
    }
    text
}

fn counts(adoption: &AdoptionView) -> [String; 8] {
    [
        adoption.expected,
        adoption.applied,
        adoption.held,
        adoption.paused,
        adoption.refused,
        adoption.superseded,
        adoption.stale,
        adoption.unreached,
    ]
    .map(|count| count.to_string())
}

fn lines(found: &Named<TemplateRollout>, language: Language) -> String {
    let names = Names(&found.names);
    let rollout = &found.facts;
    let headings = match language {
        Language::Chinese => [
            "单位",
            "#应执行",
            "#已执行",
            "#未轮到",
            "#暂停",
            "#不执行",
            "#已有新版",
            "#清单过期",
            "#未回报",
            "未回报自",
        ],
        Language::English => [
            "division",
            "#expected",
            "#applied",
            "#held",
            "#paused",
            "#refused",
            "#superseded",
            "#lists out",
            "#unreached",
            "unreached since",
        ],
    };
    let row = |name: String, adoption: &AdoptionView, since: String| {
        let mut cells = vec![name];
        cells.extend(counts(adoption));
        cells.push(since);
        let cells: [String; 10] = cells.try_into().expect("a name, eight counts, a moment");
        cells
    };
    let whole = in_language(language, "all", "合计").to_owned();
    let whole = row(whole, &rollout.adoption, String::new());
    let children = rollout.children.iter().map(|child| {
        let since = match (child.adoption.unreached, child.told_through_ms) {
            (0, _) => String::new(),
            (_, Some(at)) => moment(at),
            (_, None) => in_language(language, "never connected", "从未连接").to_owned(),
        };
        row(names.of(child.division), &child.adoption, since)
    });
    let mut text = format!("{} {}\n", rollout.template.key, rollout.template.version);
    if let Some(rollout) = &rollout.template.rollout {
        text += &told(rollout, None, &names);
        text.push('\n');
    }
    text += &table(headings, [whole].into_iter().chain(children));
    let mut refusals = rollout.adoption.refusals.iter().peekable();
    if refusals.peek().is_some() {
        let headings = match language {
            Language::Chinese => ["不执行的单位", "理由"],
            Language::English => ["refused by", "because"],
        };
        let rows = refusals.map(|one| [names.of(one.division), one.reason.clone()]);
        text += "\n";
        text += &table(headings, rows);
    }
    text
}
