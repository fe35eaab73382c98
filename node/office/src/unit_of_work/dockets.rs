//! The dockets of one decision, before and after it.

use std::collections::BTreeMap;

use domain::{custody::Docket, ids::MatterId, matter::Matter};

/// A docket before and after a decision.
#[derive(Clone, Copy)]
pub(crate) struct DocketChange<'d> {
    /// As it was; `None` if the decision made it.
    pub(crate) old: Option<&'d Docket>,
    /// As it is now.
    pub(crate) new: &'d Docket,
}

impl<'d> DocketChange<'d> {
    /// Returns the matter if the decision published it.
    pub(crate) fn newly_published(self) -> Option<&'d Matter> {
        let before = self.old.is_some_and(|docket| docket.matter.published());
        let matter = &self.new.matter;
        (matter.published() && !before).then_some(matter)
    }
}

/// The dockets that a decision read or wrote.
#[derive(Default)]
pub(crate) struct Dockets(BTreeMap<MatterId, Touched>);

#[derive(Default)]
struct Touched {
    /// As it was when it was read first.
    before: Option<Docket>,
    /// As it was written last; `None` if it was only read.
    after: Option<Docket>,
}

impl Dockets {
    /// Notes a docket that was read. Only the first time counts: what comes later may be the decision's own.
    pub(crate) fn was(&mut self, id: MatterId, docket: Option<&Docket>) {
        self.0.entry(id).or_insert_with(|| Touched {
            before: docket.cloned(),
            after: None,
        });
    }

    /// Returns each docket that was written, as it was and as it is.
    pub(crate) fn changes(&self) -> impl Iterator<Item = DocketChange<'_>> {
        self.0.values().filter_map(|touched| {
            let old = touched.before.as_ref();
            let new = touched.after.as_ref()?;
            Some(DocketChange { old, new })
        })
    }

    /// Notes a docket as it is written. It was read before, or it is new.
    pub(crate) fn is(&mut self, docket: &Docket) {
        let touched = self.0.entry(docket.matter.id).or_default();
        touched.after = Some(docket.clone());
    }
}
