//! `wujitong template rollout`

use api::{AdoptionView, Language, Named, TemplateRollout};
use domain::template::TemplateKey;

use crate::{
    Failure, Output,
    labels::{Names, moment},
    language::{self, told},
    site::Asked,
    tables::table,
};

/// Shows how far a template has come at each child: applied, refused, unreached since when
///
/// Children that lag come first. What is below a child, its own node shows in the same way.
///
/// Examples:
///   wujitong template rollout 33/disclosure/finance
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Rollout {
    /// Issuer, kind and name
    key: TemplateKey,
}

impl Rollout {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let path = asked.path(&format!("templates/{}/rollout", self.key));
        let found: Named<TemplateRollout> = asked.client.get(&path).await?;
        output.facts(&found, || lines(&found, language::of_terminal()))
    }
}

fn counts(adoption: &AdoptionView) -> [String; 5] {
    [
        adoption.expected,
        adoption.applied,
        adoption.refused,
        adoption.superseded,
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
            "#不执行",
            "#已有新版",
            "#未回报",
            "未回报自",
        ],
        Language::English => [
            "division",
            "#expected",
            "#applied",
            "#refused",
            "#superseded",
            "#unreached",
            "unreached since",
        ],
    };
    let row = |name: String, adoption: &AdoptionView, since: String| {
        let [expected, applied, refused, superseded, unreached] = counts(adoption);
        [
            name, expected, applied, refused, superseded, unreached, since,
        ]
    };
    let whole = told(language, "all", "合计").to_owned();
    let whole = row(whole, &rollout.adoption, String::new());
    let children = rollout.children.iter().map(|child| {
        let since = match (child.adoption.unreached, child.told_through_ms) {
            (0, _) => String::new(),
            (_, Some(at)) => moment(at),
            (_, None) => told(language, "never connected", "从未连接").to_owned(),
        };
        row(names.of(child.division), &child.adoption, since)
    });
    let mut text = format!("{} {}\n", rollout.template.key, rollout.template.version);
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
