//! `wujitong template explain` and `wujitong template diff`

use std::fmt::Write;

use api::{
    EffectiveQuery, EffectiveTemplates, InBoth, Language, LooserValue, Named, SetBy, TemplateDiff,
    TierChanges,
};
use domain::template::TemplateKind;
use topology::DivisionCode;

use super::Publish;
use crate::{
    Failure, Output,
    labels::{Names, one_of},
    language::{self, told},
    site::Asked,
    tables::table,
};

/// Shows every value that holds at a division, and which tier's template set it
///
/// Names what other templates say there too: it does not hold, because it is less strict.
///
/// Examples:
///   wujitong template explain
///   wujitong template explain --kind disclosure
///   wujitong template explain --kind policy --entry enforcement/rubbish --division 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Explain {
    /// Only this kind
    #[arg(long, value_parser = one_of::<TemplateKind>())]
    kind: Option<TemplateKind>,
    /// Only this entry: an item, or the code of a board or a category
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
    /// A division below the node, as far as its templates are known to the node
    #[arg(long, value_name = "CODE")]
    division: Option<DivisionCode>,
}

impl Explain {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = EffectiveQuery {
            kind: self.kind,
            division: self.division,
        };
        let path = asked.path("templates/effective");
        let mut found: Named<EffectiveTemplates> = asked.client.find(&path, &query).await?;
        if let Some(entry) = &self.entry {
            for kind in &mut found.facts.kinds {
                kind.values.retain(|value| value.entry == *entry);
            }
        }
        output.facts(&found, || explained(&found, language::of_terminal()))
    }
}

fn in_words(language: Language, text: &InBoth) -> String {
    told(language, &text.en, &text.zh).to_owned()
}

fn by(language: Language, by: &SetBy, names: &Names<'_>) -> String {
    match (by.issuer, &by.template) {
        (Some(issuer), Some(template)) => {
            let name = template.rsplit('/').next().unwrap_or_default();
            let division = names.of(issuer);
            match language {
                Language::Chinese => format!("{division}，{name} 第 {} 版", by.version),
                Language::English => format!("{division}, {name} version {}", by.version),
            }
        }
        _ => told(language, "shipped with the program", "程序自带").to_owned(),
    }
}

fn looser(language: Language, all: &[LooserValue], names: &Names<'_>) -> String {
    let told = all.iter().map(|one| {
        let value = in_words(language, &one.value);
        format!("{value} ({})", by(language, &one.by, names))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn explained(found: &Named<EffectiveTemplates>, language: Language) -> String {
    let names = Names(&found.names);
    let headings = match language {
        Language::Chinese => ["对象", "事项", "规定", "来自", "#行", "其他较松的规定"],
        Language::English => ["entry", "setting", "value", "set by", "#line", "looser"],
    };
    let mut text = String::new();
    for kind in &found.facts.kinds {
        if kind.values.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{} {}", kind.kind, kind.kind.chinese());
        let rows = kind.values.iter().map(|one| {
            [
                in_words(language, &one.entry_name),
                in_words(language, &one.setting_name),
                in_words(language, &one.value),
                by(language, &one.by, &names),
                one.line.map(|line| line.to_string()).unwrap_or_default(),
                looser(language, &one.looser, &names),
            ]
        });
        text += &table(headings, rows);
        text += "\n";
    }
    if text.is_empty() {
        text = told(
            language,
            "nothing holds by templates\n",
            "没有模板规定这些\n",
        )
        .to_owned();
    }
    if !found.facts.complete {
        text += told(
            language,
            "templates issued below this node are not known here\n",
            "本节点以下制发的模板，这里看不到\n",
        );
    }
    text
}

/// Shows what a draft would change, for which divisions, and for how much that is under way
///
/// Nothing is issued. What templates from below say is not known to the node.
///
/// Examples:
///   wujitong template diff finance.toml --kind disclosure --name finance --title "财务公开"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Diff {
    #[command(flatten)]
    draft: Publish,
}

impl Diff {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let file = self.draft.file.clone();
        let request = self.draft.request()?;
        let path = asked.path("templates/diff");
        let diff: Named<TemplateDiff> = asked.client.post(&path, &request).await?;
        let names = Names(&diff.names);
        let language = language::of_terminal();
        output.facts(&diff, || differs(&diff.facts, language, &names))?;
        match diff.facts.faults.len() {
            0 => Ok(()),
            count => Err(Failure::Template(file, count)),
        }
    }
}

/// Says what a draft would change.
pub(super) fn differs(diff: &TemplateDiff, language: Language, names: &Names<'_>) -> String {
    let mut text = format!("{} version {}\n", diff.key, diff.version);
    for fault in &diff.faults {
        let (line, column) = (fault.line, fault.column);
        let cause = in_words(language, &fault.cause);
        let remedy = in_words(language, &fault.remedy);
        let _ = writeln!(text, "{line}:{column}: {cause}; {remedy}");
    }
    for at in &diff.tiers {
        text += &at_tier(at, language, names);
    }
    let counts = [
        (diff.open_matters, "open matters here", "件未结事项在本级"),
        (
            diff.drafts,
            "drafts of disclosures here",
            "份公开草稿在本级",
        ),
        (diff.duties, "disclosures due here", "项应公开事项在本级"),
    ];
    for (count, english, chinese) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        let _ = writeln!(text, "{count} {}", told(language, english, chinese));
    }
    text
}

fn at_tier(at: &TierChanges, language: Language, names: &Names<'_>) -> String {
    let count = at.divisions;
    let tier = at.tier;
    let mut text = match language {
        Language::Chinese => format!(
            "\n{} {count} 个（以{}为例）\n",
            tier.chinese(),
            names.of(at.like)
        ),
        Language::English => format!("\n{count} of tier {tier}, like {}\n", names.of(at.like)),
    };
    if let Some(refusal) = &at.refusal {
        let _ = writeln!(
            text,
            "{} {refusal}",
            told(language, "refused:", "将被拒绝：")
        );
        return text;
    }
    if at.changes.is_empty() {
        text += told(language, "nothing changes\n", "没有变化\n");
        return text;
    }
    let headings = match language {
        Language::Chinese => ["对象", "事项", "现在", "来自", "改为"],
        Language::English => ["entry", "setting", "now", "set by", "then"],
    };
    let rows = at.changes.iter().map(|change| {
        let held = change.from.as_ref();
        [
            in_words(language, &change.entry_name),
            in_words(language, &change.setting_name),
            held.map(|held| in_words(language, &held.value))
                .unwrap_or_default(),
            held.map(|held| by(language, &held.by, names))
                .unwrap_or_default(),
            change.to.as_ref().map_or_else(
                || told(language, "no longer", "不再有").to_owned(),
                |to| in_words(language, to),
            ),
        ]
    });
    text += &table(headings, rows);
    text
}
