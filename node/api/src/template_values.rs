//! What holds by templates, what is wrong with a draft, and what it would change.

use std::collections::BTreeSet;

use domain::{
    disclosure::{Class, Item},
    rule::Source,
    saying::Saying,
    template::{Change, ChangesAt, EffectiveValue, TemplateFault},
    time::Day,
};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{Code, ColumnView, DisclosureDocument, FieldValue, InBoth, Mentions, TemplateKind};

/// Selects what holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectiveQuery {
    /// Only this kind; all kinds if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TemplateKind>,
    /// A division below, as far as its templates are known here; the node's own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<String>)]
    pub division: Option<DivisionCode>,
}

/// What holds at a division by the templates in force there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EffectiveTemplates {
    /// The division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// False for a division below: templates that were issued further down are not known here.
    pub complete: bool,
    /// The kinds that were asked for, each with its values.
    pub kinds: Vec<EffectiveKind>,
}

/// What holds of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EffectiveKind {
    /// The kind of template.
    pub kind: TemplateKind,
    /// The values: those for all first, then entry by entry.
    pub values: Vec<EffectiveValueView>,
}

/// One value that holds, and who set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EffectiveValueView {
    /// The entry: an item, the code of a board or of a category; empty for what holds for all.
    pub entry: String,
    /// What people call the entry.
    pub entry_name: InBoth,
    /// The setting: `objection`, `keep`, `time/finish`.
    pub setting: String,
    /// What people call the setting.
    pub setting_name: InBoth,
    /// The value, for people.
    pub value: InBoth,
    /// The text that sets it.
    pub by: SetBy,
    /// The line in that text, from 1, if the value stands in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What other texts say there. It does not hold, because it is less strict.
    pub looser: Vec<LooserValue>,
}

/// A value that does not hold, and who set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LooserValue {
    /// The value, for people.
    pub value: InBoth,
    /// The text that says it.
    pub by: SetBy,
}

/// The text that sets a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetBy {
    /// The division that issued it; left out for what comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub issuer: Option<DivisionCode>,
    /// The template, such as `330825000000/disclosure/village-affairs`; left out for what comes with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Its version, or the edition of what comes with the program.
    pub version: u32,
}

impl From<Source> for SetBy {
    fn from(source: Source) -> Self {
        match source {
            Source::Template { key, version } => Self {
                issuer: Some(key.issuer),
                template: Some(key.to_string()),
                version,
            },
            Source::Shipped(version) => Self {
                issuer: None,
                template: None,
                version,
            },
        }
    }
}

impl From<EffectiveValue> for EffectiveValueView {
    fn from(one: EffectiveValue) -> Self {
        let looser = one.looser.into_iter();
        Self {
            entry: one.subject.about.into(),
            entry_name: one.about.into(),
            setting: one.subject.code.into(),
            setting_name: one.what.into(),
            value: one.value.into(),
            by: one.source.into(),
            line: one.line,
            looser: looser
                .map(|(value, by)| LooserValue {
                    value: value.into(),
                    by: by.into(),
                })
                .collect(),
        }
    }
}

impl SetBy {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.issuer);
    }
}

impl Mentions for EffectiveTemplates {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.insert(self.division);
        for one in self.kinds.iter().flat_map(|kind| &kind.values) {
            one.by.mentions(all);
            one.looser.iter().for_each(|looser| looser.by.mentions(all));
        }
    }
}

/// One fault of a template, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateFaultView {
    /// The line, from 1.
    pub line: u32,
    /// The character in that line, from 1.
    pub column: u32,
    /// What is wrong.
    pub cause: InBoth,
    /// What to do.
    pub remedy: InBoth,
}

impl From<TemplateFault> for TemplateFaultView {
    fn from(fault: TemplateFault) -> Self {
        Self {
            line: fault.line,
            column: fault.column,
            cause: fault.cause.into(),
            remedy: fault.remedy.into(),
        }
    }
}

/// What a draft would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplateDiff {
    /// Issuer, kind and name.
    pub key: String,
    /// The version that it would be.
    pub version: u32,
    /// What is wrong with it. It cannot be issued unless this is empty.
    pub faults: Vec<TemplateFaultView>,
    /// What changes at each tier in its scope, the highest first.
    pub tiers: Vec<TierChanges>,
    /// The open matters held here to which changed lines of a policy apply.
    pub open_matters: u32,
    /// The drafts here of disclosures whose item changes.
    pub drafts: u32,
    /// The disclosures due or overdue here whose item changes.
    pub duties: u32,
    /// The forms of its items, filled with made-up values as villagers would see them; empty for kinds other than disclosure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<ItemSample>,
}

/// The form of an item with made-up values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ItemSample {
    /// Name of the item.
    pub item: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Its class.
    pub class: Class,
    /// The article that demands it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The fields with what they might say.
    pub fields: Vec<FieldValue>,
    /// The columns of the table.
    pub columns: Vec<ColumnView>,
    /// Rows of the table.
    pub rows: Vec<Vec<String>>,
}

impl ItemSample {
    /// Fills the form of an item. `day` stands where a day is asked for.
    pub fn of(item: &Item, day: Day) -> Self {
        let content = item.sample(day);
        let texts = |row: &Vec<Box<str>>| row.iter().map(|text| text.to_string()).collect();
        Self {
            item: item.name.to_string(),
            english: item.english.as_deref().map(str::to_owned),
            class: item.class,
            source: item.source.as_deref().map(str::to_owned),
            fields: DisclosureDocument::fields_of(item, &content),
            columns: item.columns.iter().map(ColumnView::from).collect(),
            rows: content.rows.iter().map(texts).collect(),
        }
    }
}

/// What a draft changes at the divisions of a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TierChanges {
    /// The tier.
    #[schema(value_type = String)]
    pub tier: Tier,
    /// How many divisions of it are in scope.
    pub divisions: u32,
    /// The division that was looked at for all of them.
    #[schema(value_type = Code)]
    pub like: DivisionCode,
    /// Why they would refuse it, as far as their templates are known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// What changes.
    pub changes: Vec<ValueChange>,
}

/// A value that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ValueChange {
    /// The entry; empty for what holds for all.
    pub entry: String,
    /// What people call the entry.
    pub entry_name: InBoth,
    /// The setting.
    pub setting: String,
    /// What people call the setting.
    pub setting_name: InBoth,
    /// What holds now; left out if nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LooserValue>,
    /// What would hold; left out if nothing would.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<InBoth>,
}

impl From<Change> for ValueChange {
    fn from(change: Change) -> Self {
        let held = |(value, by): (Saying, Source)| LooserValue {
            value: value.into(),
            by: by.into(),
        };
        Self {
            entry: change.subject.about.into(),
            entry_name: change.about.into(),
            setting: change.subject.code.into(),
            setting_name: change.what.into(),
            from: change.from.map(held),
            to: change.to.map(Into::into),
        }
    }
}

impl From<ChangesAt> for TierChanges {
    fn from(at: ChangesAt) -> Self {
        Self {
            tier: at.tier,
            divisions: at.divisions,
            like: at.like,
            refusal: at.refusal.map(|reason| reason.to_string()),
            changes: at.changes.into_iter().map(Into::into).collect(),
        }
    }
}

impl Mentions for TemplateDiff {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        for at in &self.tiers {
            all.insert(at.like);
            let held = at.changes.iter().filter_map(|change| change.from.as_ref());
            held.for_each(|held| held.by.mentions(all));
        }
    }
}
