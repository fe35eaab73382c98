//! `wujitong template`

mod check;
mod proposals;
mod rollout;
mod values;

use std::path::PathBuf;

use api::{
    AdoptionView, Named, PublishRequest, StanceView, TemplateLine, TemplateStatus, Templates,
};
use clap::Subcommand;
use domain::template::{TemplateKey, TemplateKind};
use topology::{Tier, UnitKind};

use super::{
    Failure, Output,
    labels::{Names, moment, one_of},
    site::{Site, read},
    tables::{pairs, table},
};

/// Checks templates (模板), publishes them for a subtree, shows what holds and their adoption
///
/// Examples:
///   wujitong template check finance.toml
///   wujitong template propose finance.toml --kind disclosure --name finance --title "财务公开"
///   wujitong template status 33/disclosure/finance
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Template {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Check(check::Check),
    Explain(values::Explain),
    Diff(values::Diff),
    Propose(proposals::Propose),
    Proposals(proposals::Proposals),
    Approve(proposals::Approve),
    Decline(proposals::Decline),
    Publish(Publish),
    List(List),
    Status(Status),
    Rollout(rollout::Rollout),
}

/// Publishes a template, or its next version, for every node in scope below
///
/// Only before the node has accounts. After that one person proposes it, and another issues it.
/// With --share or --first it goes to a part of them, and the version before stays in force for all
/// others until `wujitong template rollout widen`.
///
/// Examples:
///   wujitong template publish finance.toml --kind disclosure --name finance --title "财务公开"
///   wujitong template publish dispatch.toml --kind policy --name dispatch --title "派遣" --tier township
///   wujitong template publish days.toml --kind policy --name days --title "时限" --first 330825002
///   wujitong template publish days.toml --kind policy --name days --title "时限" --share 30
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Publish {
    /// TOML file with the content; it begins with `format = 1`
    file: PathBuf,
    /// Kind of template
    #[arg(long, value_parser = one_of::<TemplateKind>())]
    kind: TemplateKind,
    /// Name: lower-case letters, digits and dashes
    #[arg(long)]
    name: String,
    /// Title for people
    #[arg(long)]
    title: String,
    /// Only for this tier; may be repeated; all tiers if left out
    #[arg(long = "tier", value_name = "TIER", value_parser = one_of::<Tier>())]
    tiers: Vec<Tier>,
    /// At the village tier only for this kind of unit; may be repeated; all kinds if left out
    #[arg(long = "unit", value_name = "UNIT", value_parser = one_of::<UnitKind>())]
    kinds: Vec<UnitKind>,
    #[command(flatten)]
    first: rollout::First,
}

/// Lists the templates a node knows, and what it did with them
///
/// Examples:
///   wujitong template list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Shows a template and its adoption: how many nodes apply it, which refuse it, and why
///
/// Examples:
///   wujitong template status 33/disclosure/finance
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Status {
    /// Issuer, kind and name
    key: TemplateKey,
}

impl Publish {
    fn request(self) -> Result<PublishRequest, Failure> {
        Ok(PublishRequest {
            content: read(&self.file)?,
            kind: self.kind,
            name: self.name,
            title: self.title,
            tiers: self.tiers,
            kinds: self.kinds,
            first: self.first.request(),
        })
    }
}

impl Template {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        // Needs no node.
        if let What::Check(check) = self.what {
            return check.run(output);
        }
        let asked = self.site.ask().await?;
        match self.what {
            What::Check(_) => Ok(()),
            What::Explain(explain) => explain.run(&asked, output).await,
            What::Diff(diff) => diff.run(&asked, output).await,
            What::Publish(publish) => {
                let request = publish.request()?;
                let path = asked.path("templates");
                let published: Named<TemplateStatus> = asked.client.post(&path, &request).await?;
                output.facts(&published, || status(&published))
            }
            What::Propose(propose) => propose.run(&asked, output).await,
            What::Proposals(proposals) => proposals.run(&asked, output).await,
            What::Approve(approve) => approve.run(&asked, output).await,
            What::Decline(decline) => decline.run(&asked, output).await,
            What::List(List) => {
                let list: Named<Templates> = asked.client.get(&asked.path("templates")).await?;
                output.facts(&list, || lines(&list))
            }
            What::Rollout(rollout) => rollout.run(&asked, output).await,
            What::Status(Status { key }) => {
                // A key has only digits, letters, dashes and slashes, so it needs no encoding.
                let path = asked.path(&format!("templates/{key}"));
                let shown: Named<TemplateStatus> = asked.client.get(&path).await?;
                output.facts(&shown, || status(&shown))
            }
        }
    }
}

fn lines(list: &Named<Templates>) -> String {
    let names = Names(&list.names);
    if list.facts.templates.is_empty() {
        return "no templates\n".to_owned();
    }
    let headings = [
        "template",
        "issuer",
        "title",
        "#version",
        "published",
        "rollout",
        "here",
    ];
    let rows = list.facts.templates.iter().map(|line| {
        [
            line.key.clone(),
            names.of(line.issuer),
            line.title.clone(),
            line.version.to_string(),
            moment(line.issued_at_ms),
            rollout::state(line.rollout.as_ref()),
            stance(&line.stance),
        ]
    });
    table(headings, rows)
}

fn stance(stance: &StanceView) -> String {
    match stance {
        StanceView::Applied => "applied 已执行".to_owned(),
        StanceView::Refused { reason } => format!("refused 拒绝: {reason}"),
        StanceView::Superseded => "superseded 已被新版取代".to_owned(),
        StanceView::Held => "not reached yet 未轮到，执行上一版".to_owned(),
        StanceView::Paused => "paused before it was taken 暂停中，执行上一版".to_owned(),
        StanceView::RolledBack => "rolled back 已撤回".to_owned(),
        StanceView::NotInScope => "not for this node".to_owned(),
    }
}

fn status(shown: &Named<TemplateStatus>) -> String {
    let names = Names(&shown.names);
    let TemplateStatus {
        template,
        adoption,
        reach,
        ..
    } = &shown.facts;
    let TemplateLine {
        key,
        kind,
        title,
        version,
        tiers,
        kinds,
        ..
    } = template;
    let tiers: Vec<_> = tiers.iter().map(|tier| tier.label()).collect();
    let kinds: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
    let mut text = pairs([
        ("template", format!("{key} {title}")),
        ("kind", format!("{kind} {}", kind.chinese())),
        (
            "version",
            format!("{version}, published {}", moment(template.issued_at_ms)),
        ),
        (
            "for",
            format!("{}; units: {}", tiers.join(", "), kinds.join(", ")),
        ),
        ("here", stance(&template.stance)),
    ]);
    if let Some(rollout) = &template.rollout {
        text += &pairs([("rollout", rollout::told(rollout, *reach, &names))]);
    }
    text += "\n";
    text += &told_adoption(adoption, &names);
    text
}

fn told_adoption(adoption: &AdoptionView, names: &Names<'_>) -> String {
    let counts = [
        adoption.expected,
        adoption.applied,
        adoption.held,
        adoption.paused,
        adoption.refused,
        adoption.superseded,
        adoption.unreached,
        adoption.stale,
    ];
    let headings = [
        "#expected",
        "#applied",
        "#held",
        "#paused",
        "#refused",
        "#superseded",
        "#unreached",
        "#lists out",
    ];
    let mut text = table(headings, [counts.map(|count| count.to_string())]);
    if !adoption.refusals.is_empty() {
        let rows = adoption.refusals.iter();
        let rows = rows.map(|refusal| [names.of(refusal.division), refusal.reason.clone()]);
        text += "\n";
        text += &table(["refused by", "because"], rows);
    }
    for child in &adoption.drift {
        text += &format!(
            "{} reports more nodes than the list of divisions has\n",
            names.of(*child)
        );
    }
    text
}
