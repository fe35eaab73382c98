//! `wujitong template check`

use std::path::{Path, PathBuf};

use api::{Language, TemplateFaultView};
use domain::{
    address::Stamp,
    template::{self, Scope, Template, TemplateKey, TemplateKind, is_name, may_issue},
    time::Timestamp,
};
use serde::Serialize;
use topology::{DivisionCode, Tree};

use crate::{
    Failure, Output, faults,
    labels::one_of,
    language,
    site::{self, read},
};

/// Checks a template without a node: each fault with line, column, cause and remedy
///
/// Reports all faults of the syntax; else every unknown key, the first fault before the entries
/// and of each entry, and what is wrong between entries. With `--against`, also every clause
/// that is looser than another template. What other templates are in force is not known here:
/// `wujitong template diff` asks a node.
///
/// Examples:
///   wujitong template check village-affairs.toml
///   wujitong template check dispatch.toml --kind policy --issuer 330825
///   wujitong template check ours.toml --against village-affairs.toml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Check {
    /// TOML file with the content
    file: PathBuf,
    /// Kind of template; found out from the content if left out
    #[arg(long, value_parser = one_of::<TemplateKind>())]
    kind: Option<TemplateKind>,
    /// Division that is to issue it; if left out, the highest one that may
    #[arg(long, value_name = "CODE")]
    issuer: Option<DivisionCode>,
    /// TOML file of the template above that it must not loosen
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Checked {
    kind: TemplateKind,
    faults: Vec<TemplateFaultView>,
}

impl Check {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = site::tree(self.topology.as_deref())?;
        let content = read(&self.file)?;
        let kind = self.kind.or_else(|| template::kind_of(&content));
        let kind = kind.ok_or_else(|| {
            Failure::Usage(
                "nothing in this file tells the kind of template; name it with --kind".to_owned(),
            )
        })?;
        let issuer = match self.issuer {
            Some(issuer) => issuer,
            None => highest(&content, kind, &tree),
        };
        let draft = draft(issuer, kind, &self.file, content);
        let mut faults = template::faults(&draft, &tree);
        if let Some(file) = &self.against {
            let base = draft.check(&tree).ok().and_then(|parsed| parsed.tightens);
            let mut above = self::draft(tree.root(), kind, file, read(file)?);
            if let Some(base) = base {
                above.scope = Scope::new(base.issuer, &[], &[]);
                above.key = base;
            }
            match template::loosened(&draft, &above, &tree) {
                Ok(looser) => faults.extend(looser),
                Err(theirs) => {
                    print(
                        output,
                        kind,
                        &theirs.into_iter().map(Into::into).collect::<Vec<_>>(),
                    )?;
                    return Err(Failure::Template(file.clone(), 1));
                }
            }
        }
        let faults: Vec<TemplateFaultView> = faults.into_iter().map(Into::into).collect();
        print(output, kind, &faults)?;
        match faults.len() {
            0 => Ok(()),
            count => Err(Failure::Template(self.file, count)),
        }
    }
}

fn print(
    output: &mut Output<'_>,
    kind: TemplateKind,
    faults: &[TemplateFaultView],
) -> Result<(), Failure> {
    let language = language::of_terminal();
    let checked = Checked {
        kind,
        faults: faults.to_vec(),
    };
    output.facts(&checked, || for_people(&checked, language))
}

fn for_people(checked: &Checked, language: Language) -> String {
    let kind = checked.kind;
    if checked.faults.is_empty() {
        return match language {
            Language::Chinese => format!("没有发现错误（{}）\n", kind.chinese()),
            Language::English => format!("no faults ({kind})\n"),
        };
    }
    faults::template(&checked.faults, language)
}

/// Returns the highest division that may issue a content: the province, or the first below the issuer of what it
/// tightens.
fn highest(content: &str, kind: TemplateKind, tree: &Tree) -> DivisionCode {
    let table: Option<toml::Table> = content.parse().ok();
    let base = table.as_ref().and_then(|table| table.get("tightens"));
    let base = base.and_then(toml::Value::as_str);
    let base: Option<TemplateKey> = base.and_then(|text| text.parse().ok());
    let below = base.and_then(|base| {
        let mut below = tree.nodes(base.issuer);
        below.find(|below| *below != base.issuer && may_issue(kind, below.tier()))
    });
    below.unwrap_or(tree.root())
}

fn draft(issuer: DivisionCode, kind: TemplateKind, file: &Path, content: String) -> Template {
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let name = stem.filter(|stem| is_name(stem)).unwrap_or("draft");
    Template {
        scope: Scope::new(issuer, &[], &[]),
        key: TemplateKey {
            issuer,
            kind,
            name: name.into(),
        },
        version: 1,
        title: name.to_owned(),
        content,
        issued_at: Timestamp(0),
        stamp: Stamp::default(),
    }
}
