//! What a decision changes that others are told.

use std::collections::BTreeMap;

use domain::{
    feed::{Changed, MatterChange, TemplateChange},
    ids::MatterId,
    matter::{Matter, Version},
    template::{Stance, Template},
};

/// Changes a decision makes, before they have their place.
#[derive(Default)]
pub(crate) struct News {
    matters: BTreeMap<MatterId, MatterChange>,
    templates: BTreeMap<String, TemplateChange>,
}

impl News {
    /// A matter as the decision leaves it.
    pub(crate) fn matter(&mut self, matter: &Matter, before: Option<Version>) {
        if before != Some(matter.version) {
            let change = MatterChange::of(matter, before.is_none());
            self.matters.insert(matter.id, change);
        }
    }

    /// A template as the decision leaves it.
    pub(crate) fn template(&mut self, template: &Template, stance: Option<&Stance>) {
        let change = TemplateChange::of(template, stance);
        self.templates.insert(change.key.clone(), change);
    }

    pub(crate) fn take(&mut self) -> impl Iterator<Item = Changed> + use<> {
        let matters = std::mem::take(&mut self.matters).into_values();
        let templates = std::mem::take(&mut self.templates).into_values();
        let matters = matters.map(Changed::Matter);
        matters.chain(templates.map(Changed::Template))
    }
}
