//! What holds by the templates in force, value by value, each with the text that set it and those that are looser.

use std::collections::BTreeMap;

use topology::{DivisionCode, Term, Tree};

use super::{Template, TemplateKey, TemplateKind, Verdict, issuers, reconsider};
use crate::{rule::Source, saying::Saying};

mod changes;
mod layered;
mod points;
mod policy;
mod services;
mod standards;

pub use changes::{Change, ChangesAt, changes, changes_of};

topology::vocabulary! {
    /// What a template other than a policy sets.
    #[derive(utoipa::ToSchema)]
    pub enum Setting: "setting of a template" {
        Class = 1, "class", "公开类别", "class of disclosure";
        Period = 2, "period", "周期", "period";
        Due = 3, "due", "公开期限", "time to publish";
        Objection = 4, "objection", "异议期", "time to object";
        Article = 5, "article", "依据", "article that demands it";
        Fields = 6, "fields", "栏目", "fields";
        Columns = 7, "columns", "表列", "columns of the table";
        Sums = 8, "sums", "须相符的合计", "sums that must agree";
        Name = 9, "name", "名称", "name";
        Writers = 10, "writers", "谁能发帖", "who writes";
        SignedOut = 11, "signed-out", "不登录可看", "read signed out";
        Keep = 12, "keep", "保留多久", "how long it is kept";
        Answers = 13, "answers", "收回帖", "takes answers";
        Photos = 14, "photos", "每帖照片", "photos of a post";
        RedFrom = 15, "red-from", "上红榜的分数", "points for the red list";
        RedPublic = 16, "red-public", "公开红榜", "red list is public";
        BlackNames = 17, "black-names", "公开黑榜姓名", "names on the black side";
        Scale = 18, "scale", "好、中、差的分数", "points of good, fair and poor";
        Promise = 20, "promise", "承诺办结时限", "time promised";
        Fee = 21, "fee", "收费", "fee";
        Window = 22, "window", "办理窗口", "window";
        Hours = 23, "hours", "办理时间", "when the window is open";
        Departments = 24, "departments", "联办部门", "departments that work on it together";
        Materials = 25, "materials", "材料", "materials";
        Kind = 26, "kind", "类型", "type";
        Asked = 27, "asked", "在哪里填", "where it is asked for";
        Required = 28, "required", "必填", "required";
        PersonalData = 29, "personal", "个人信息", "personal";
        Range = 30, "limits", "取值", "values allowed";
        Codes = 31, "codes", "代码", "codes";
        Every = 19, "every", "多久评一次", "time between ratings";
    }
}

/// The subject of a value: a setting or a subject of policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The entry that it belongs to: an item, a board or a category; empty for what holds for all.
    pub about: Box<str>,
    /// Its code, such as `objection` or `time/finish`.
    pub code: Box<str>,
}

/// A value that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectiveValue {
    /// What it is a value of.
    pub subject: Subject,
    /// What people call the entry; empty for what holds for all.
    pub about: Saying,
    /// What people call the setting.
    pub what: Saying,
    /// The value.
    pub value: Saying,
    /// The text that sets it.
    pub source: Source,
    /// The line in that text, if it has one.
    pub line: Option<u32>,
    /// What other texts say and does not hold, with those texts.
    pub looser: Vec<(Saying, Source)>,
}

impl EffectiveValue {
    /// Returns a value of a setting, without anything looser.
    fn of(about: (&str, Saying), setting: Setting, value: Saying, source: Source) -> Self {
        Self {
            subject: Subject {
                about: about.0.into(),
                code: setting.code().into(),
            },
            about: about.1,
            what: Saying::term(setting),
            value,
            source,
            line: None,
            looser: vec![],
        }
    }
}

/// Returns every value of a kind that holds at a division where these templates are in force, in the order of the
/// texts.
pub fn effective_values(
    kind: TemplateKind,
    in_force: &BTreeMap<TemplateKey, Template>,
    division: DivisionCode,
    tree: &Tree,
) -> Vec<EffectiveValue> {
    match kind {
        TemplateKind::Policy => policy::values(in_force, division, tree),
        TemplateKind::Disclosure | TemplateKind::Board => layered::values(kind, in_force, tree),
        TemplateKind::Points => points::values(in_force, tree),
        TemplateKind::Service => services::values(in_force, tree),
        TemplateKind::Standard => standards::values(in_force, tree),
    }
}

/// Returns the templates that come into force at a division of all that are known, if it knows no others.
pub fn in_force_at<'a>(
    division: DivisionCode,
    known: impl IntoIterator<Item = &'a Template>,
    tree: &Tree,
) -> BTreeMap<TemplateKey, Template> {
    let covering = known.into_iter();
    let covering: Vec<Template> = covering
        .filter(|template| template.scope.covers(division, tree))
        .cloned()
        .collect();
    // Who issues what is known before anything that was issued.
    let mut covering = covering;
    covering.sort_by_key(|template| !issuers::has_table(template, tree));
    let verdicts = reconsider(&covering, &BTreeMap::new(), tree);
    let applied = covering.into_iter().zip(verdicts);
    applied
        .filter(|(_, verdict)| *verdict == Verdict::Applied)
        .map(|(template, _)| (template.key.clone(), template))
        .collect()
}

/// Returns the version of a template as the source of a value.
fn source(template: &Template) -> Source {
    Source::Template {
        key: template.key.clone(),
        version: template.version,
    }
}

/// Returns names in a row.
fn row<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Saying {
    Saying {
        english: names.clone().collect::<Vec<_>>().join(", "),
        chinese: names.collect::<Vec<_>>().join("、"),
    }
}

/// Returns terms in a row.
fn terms<T: Term>(all: &[T]) -> Saying {
    let all = all.iter();
    Saying {
        english: all
            .clone()
            .map(|term| term.english())
            .collect::<Vec<_>>()
            .join(", "),
        chinese: all
            .map(|term| term.chinese())
            .collect::<Vec<_>>()
            .join("、"),
    }
}

crate::sayings! {
    fn yes_it_is(): "是", "yes";
    fn no_it_is_not(): "否", "no";
    fn none(): "无", "none";
    fn days(count): "{count} 天", "{count} days";
    fn for_ever(): "一直", "for ever";
}

fn yes(yes: bool) -> Saying {
    if yes { yes_it_is() } else { no_it_is_not() }
}
