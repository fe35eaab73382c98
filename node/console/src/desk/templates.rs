//! Templates on the desk: which there are, what holds by them, and a draft with what it would change.

mod draft;
mod proposal;
mod rollout;

use std::sync::Arc;

use api::{
    ChildRollout, EffectiveTemplates, EffectiveValueView, InBoth, Named, SetBy, StanceView,
    TemplateKind, TemplateLine, TemplateRollout, TemplateStatus, Templates, problem::Problem,
};
use askama::Template;
use domain::people::Permission;
use web::problem::Rejection;

pub(super) use self::{
    draft::{form, send},
    proposal::{decide, show_proposal},
    rollout::{act, show},
};
use super::{Choice, check_may};
use crate::{answer::Answer, form::odd, frame::Frame, visit::Visit, when::When, words::Words};

/// A template in the list.
struct Row {
    title: String,
    href: String,
    kind: String,
    version: u32,
    issued: When,
    /// How its rollout stands; empty if the version is for all.
    rollout: String,
    stance: String,
}

impl Row {
    fn of(visit: &Visit, line: &TemplateLine) -> Self {
        let TemplateLine {
            issuer, kind, name, ..
        } = line;
        Self {
            title: line.title.clone(),
            href: format!("/desk/templates/{issuer}/{kind}/{name}"),
            kind: visit.w.short(*kind),
            version: line.version,
            issued: visit.when(line.issued_at_ms),
            rollout: match &line.rollout {
                Some(rollout) => visit.w.short(rollout.state),
                None => String::new(),
            },
            stance: stance(visit.w, &line.stance),
        }
    }
}

/// The templates of one issuer.
struct Issuer {
    name: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "desk/templates/list.html")]
struct ListPage {
    frame: Frame,
    w: Words,
    as_of: When,
    kinds: Vec<Choice>,
    issuers: Vec<Issuer>,
    proposals: Vec<proposal::Row>,
    sees_desk: bool,
    may_publish: bool,
    is_done: bool,
    is_proposed: bool,
    is_declined: bool,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "this page is for those who see templates; sign in",
        "这一页供查看模板的人使用；请登录",
    );
    check_may(visit, Permission::ViewTemplates, told)
}

/// Lets only those through who issue templates.
fn issuers_only(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "this page is for those who issue templates; ask for the permission",
        "这一页供制发模板的人使用；请申请权限",
    );
    check_may(visit, Permission::PublishTemplate, told)
}

/// Returns the kinds as choices.
fn kinds(w: Words, chosen: &str) -> Vec<Choice> {
    super::terms(w, &TemplateKind::ALL, chosen)
}

fn stance(w: Words, stance: &StanceView) -> String {
    match stance {
        StanceView::Applied => w.tpl_applied().to_owned(),
        StanceView::Refused { reason } => w.tpl_refused(reason),
        StanceView::Superseded => w.tpl_superseded().to_owned(),
        StanceView::Held => w.tpl_held().to_owned(),
        StanceView::Paused => w.tpl_paused_here().to_owned(),
        StanceView::RolledBack => w.tpl_rolled_back().to_owned(),
        StanceView::NotInScope => w.tpl_not_in_scope().to_owned(),
    }
}

/// Lists the templates that are known here, by issuer.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let w = visit.w;
    let found: Named<Templates> = visit.calls.get(&visit.api("templates")?).await?;
    let mut issuers: Vec<Issuer> = vec![];
    let mut last = None;
    for line in &found.facts.templates {
        if last.replace(line.issuer) != Some(line.issuer) {
            let name = visit.name_of(line.issuer);
            let rows = vec![];
            issuers.push(Issuer { name, rows });
        }
        if let Some(issuer) = issuers.last_mut() {
            issuer.rows.push(Row::of(&visit, line));
        }
    }
    let may_publish = visit.may(Permission::PublishTemplate);
    let proposals = match may_publish {
        true => proposal::rows(&visit).await?,
        false => vec![],
    };
    let told = |what| visit.query.get(what).is_some();
    visit.show(&ListPage {
        frame: Frame::desk(&visit, w.tpl_title()),
        w,
        as_of: visit.when(visit.now_ms()),
        kinds: kinds(w, ""),
        issuers,
        sees_desk: visit.may(Permission::ViewList),
        may_publish,
        proposals,
        is_done: told("done"),
        is_proposed: told("proposed"),
        is_declined: told("declined"),
    })
}

/// Returns a text in the language of the page.
fn told(w: Words, text: &InBoth) -> String {
    w.of(&text.zh, &text.en).to_owned()
}

/// Returns the text that sets a value, with its issuer.
fn by(visit: &Visit, by: &SetBy) -> String {
    match (by.issuer, &by.template) {
        (Some(issuer), Some(template)) => {
            let name = template.rsplit('/').next().unwrap_or_default();
            visit
                .w
                .policy_template(visit.name_of(issuer), name, by.version)
        }
        _ => visit.w.tpl_shipped().to_owned(),
    }
}

/// A value that holds.
struct ValueRow {
    what: String,
    value: String,
    by: String,
    /// What others say there.
    looser: Vec<String>,
}

impl ValueRow {
    fn of(visit: &Visit, one: &EffectiveValueView) -> Self {
        let w = visit.w;
        let looser = one.looser.iter();
        let by_line = |line: u32| format!("{} {}", by(visit, &one.by), w.policy_line_number(line));
        Self {
            what: told(w, &one.setting_name),
            value: told(w, &one.value),
            by: one.line.map_or_else(|| by(visit, &one.by), by_line),
            looser: looser
                .map(|one| w.tpl_looser(by(visit, &one.by), told(w, &one.value)))
                .collect(),
        }
    }
}

/// The values of an entry.
struct Entry {
    name: String,
    rows: Vec<ValueRow>,
}

#[derive(Template)]
#[template(path = "desk/templates/holds.html")]
struct HoldsPage {
    frame: Frame,
    w: Words,
    as_of: When,
    kind: String,
    kinds: Vec<Choice>,
    /// Every entry, by name and address: all values at once would be too much for a phone.
    links: Vec<(String, String)>,
    entries: Vec<Entry>,
}

/// Shows what holds here of one kind: what holds for all, and the entry in the address.
pub(super) async fn holds(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let w = visit.w;
    let kind: TemplateKind = visit
        .param("kind")
        .parse()
        .map_err(|_| *Rejection::no_such_path().0)?;
    let path = format!("{}?kind={kind}", visit.api("templates/effective")?);
    let found: Named<EffectiveTemplates> = visit.calls.get(&path).await?;
    let values = found.facts.kinds.into_iter().flat_map(|kind| kind.values);
    let asked = visit.query.typed("entry");
    let mut links: Vec<(String, String)> = vec![];
    let mut entries: Vec<Entry> = vec![];
    for one in values {
        let name = told(w, &one.entry_name);
        let href = format!("/desk/templates/holds/{kind}?entry={}", odd(&one.entry));
        let is_new = links.last().is_none_or(|(_, last)| *last != href);
        if is_new && !one.entry.is_empty() {
            links.push((name.clone(), href));
        }
        if !one.entry.is_empty() && one.entry != *asked {
            continue;
        }
        if entries.last().is_none_or(|last| last.name != name) {
            entries.push(Entry { name, rows: vec![] });
        }
        if let Some(entry) = entries.last_mut() {
            entry.rows.push(ValueRow::of(&visit, &one));
        }
    }
    // The entry that was asked for stands first.
    entries.reverse();
    visit.show(&HoldsPage {
        frame: Frame::desk(&visit, w.tpl_holds(w.short(kind))),
        w,
        as_of: visit.when(visit.now_ms()),
        kind: w.short(kind),
        kinds: kinds(w, kind.code()),
        links,
        entries,
    })
}

/// A child with its adoption.
struct ChildRow {
    name: String,
    /// Its own page, where what is below it is shown, if this process serves it.
    href: Option<String>,
    counts: [u32; 6],
    stale: u32,
    /// How many are unreached, and since when.
    unreached: u32,
    since: Option<When>,
}

impl ChildRow {
    fn of(visit: &Visit, key: &str, child: &ChildRollout) -> Self {
        let adoption = &child.adoption;
        let path = format!("/desk/templates/{key}");
        Self {
            name: visit.name_of(child.division),
            href: visit
                .state
                .node(child.division)
                .map(|_| visit.site(child.division) + &path),
            counts: [
                adoption.expected,
                adoption.applied,
                adoption.held,
                adoption.paused,
                adoption.refused,
                adoption.superseded,
            ],
            stale: adoption.stale,
            unreached: adoption.unreached,
            since: child.told_through_ms.map(|ms| visit.when(ms)),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/templates/one.html")]
struct OnePage {
    frame: Frame,
    w: Words,
    as_of: When,
    title: String,
    key: String,
    issuer: String,
    line: Row,
    scope: String,
    counts: [(&'static str, u32); 8],
    told: Option<rollout::Told>,
    may_roll: bool,
    is_done: bool,
    children: Vec<ChildRow>,
    refusals: Vec<(String, String)>,
    drift: Vec<String>,
    content: String,
}

/// Shows a template with its adoption at and below this node.
pub(super) async fn one(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let w = visit.w;
    let [issuer, kind, name] = ["issuer", "kind", "name"].map(|part| odd(visit.param(part)));
    let path = visit.api(&format!("templates/{issuer}/{kind}/{name}"))?;
    let found: Named<TemplateStatus> = visit.calls.get(&path).await?;
    let told = rollout::Told::of(&visit, &found.facts);
    let TemplateStatus {
        template,
        content,
        adoption,
        ..
    } = found.facts;
    let rollout: Named<TemplateRollout> = visit.calls.get(&format!("{path}/rollout")).await?;
    let children = rollout.facts.children.iter();
    let children = children.map(|child| ChildRow::of(&visit, &template.key, child));
    let tiers: Vec<_> = template.tiers.iter().map(|tier| w.short(*tier)).collect();
    let refusals = adoption.refusals.iter();
    let refused = refusals.map(|one| (visit.name_of(one.division), one.reason.clone()));
    visit.show(&OnePage {
        frame: Frame::desk(&visit, template.title.clone()),
        w,
        as_of: visit.when(visit.now_ms()),
        title: template.title.clone(),
        key: template.key.clone(),
        issuer: visit.name_of(template.issuer),
        line: Row::of(&visit, &template),
        scope: tiers.join(w.of("、", ", ")),
        counts: [
            (w.tpl_expected(), adoption.expected),
            (w.tpl_applied(), adoption.applied),
            (w.tpl_held_count(), adoption.held),
            (w.tpl_paused_count(), adoption.paused),
            (w.tpl_refused_count(), adoption.refused),
            (w.tpl_superseded(), adoption.superseded),
            (w.tpl_unreached(), adoption.unreached),
            (w.tpl_stale(), adoption.stale),
        ],
        told,
        may_roll: visit.may(Permission::PublishTemplate)
            && visit.division().ok() == Some(template.issuer),
        is_done: visit.query.get("done").is_some(),
        children: children.collect(),
        refusals: refused.collect(),
        drift: adoption
            .drift
            .iter()
            .map(|one| visit.name_of(*one))
            .collect(),
        content,
    })
}
