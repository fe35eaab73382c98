//! What is demanded of this node, and since when.

use std::collections::BTreeMap;

use domain::{
    disclosure::{DisclosureId, Item, Line},
    template::{self, Template, TemplateKey, TemplateKind},
    time::{Day, Timestamp},
};
use records::table::{Table, Tables, View};
use topology::Tree;

use crate::{Fault, tables, unit_of_work::UnitOfWork};

/// An item with the template that demands it and its version.
pub(crate) type Demanded = (TemplateKey, u32, Item);

/// Returns the items that are demanded.
pub(super) async fn demanded<V: View>(
    view: &mut Tables<V>,
    tree: &Tree,
) -> Result<Vec<Demanded>, Fault> {
    let found = view
        .scan(tables::TemplatesInForce::all(), usize::MAX)
        .await?;
    let disclosures = found
        .into_iter()
        .filter(|(key, _)| key.kind == TemplateKind::Disclosure);
    let in_force: BTreeMap<TemplateKey, Template> = disclosures.collect();
    Ok(template::demanded(&in_force, tree))
}

/// Returns what an item is noted by: one whose period changed is demanded anew, so that no period of before is owed.
fn noted_by(item: &Item) -> String {
    format!("{}\n{}", item.name, item.rhythm.code())
}

/// Returns since when each item is demanded; that of an item from before this was noted is its template's.
pub(super) async fn since<V: View>(
    view: &mut Tables<V>,
    (template, _, item): &Demanded,
) -> Result<Timestamp, Fault> {
    // Earlier builds noted the name alone.
    for noted in [noted_by(item), item.name.to_string()] {
        if let Some(since) = view.get::<tables::DemandedSince>(&noted).await? {
            return Ok(since);
        }
    }
    let in_force = view.get::<tables::TemplatesInForce>(template).await?;
    Ok(in_force.map_or(Timestamp::default(), |template| template.issued_at))
}

impl UnitOfWork<'_> {
    pub(super) async fn demanded(&mut self) -> Result<Vec<Demanded>, Fault> {
        let tree = self.office.dependencies.tree.clone();
        demanded(&mut self.view, &tree).await
    }

    pub(super) async fn lines(&mut self) -> Result<Vec<((Day, DisclosureId), Line)>, Fault> {
        Ok(self
            .view
            .scan(tables::DisclosureLines::all(), usize::MAX)
            .await?)
    }

    /// Notes since when items are demanded, after a template came into force. One that is demanded no more begins anew
    /// should it come back.
    pub(crate) async fn note_demands(&mut self) -> Result<(), Fault> {
        self.complies = true;
        let demanded = self.demanded().await?;
        let known = self
            .view
            .scan(tables::DemandedSince::all(), usize::MAX)
            .await?;
        let mut known: BTreeMap<String, Timestamp> = known.into_iter().collect();
        for (.., item) in &demanded {
            let noted = noted_by(item);
            let before = known.remove(&noted);
            let since = before.or_else(|| known.get(&*item.name).copied());
            if before.is_none() {
                let since = since.unwrap_or(self.now);
                self.view.put::<tables::DemandedSince>(&noted, &since);
            }
        }
        for noted in known.keys() {
            self.view.delete::<tables::DemandedSince>(noted);
        }
        Ok(())
    }
}
