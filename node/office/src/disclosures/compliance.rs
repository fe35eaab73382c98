//! How this division and those below it comply: counted anew whenever something of it changes or falls due, told to the
//! division above, and summed up.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    authority::Neighbour,
    category::Category,
    disclosure::{self, ComplianceKey, ComplianceReport, Demand, DisclosureId, Line, Own},
    envelope::{Destination, Lane, Payload, Stamp},
    month::Month,
    template::TemplateKind,
    time::Timestamp,
};
use records::table::Table;
use topology::DivisionCode;

use super::demands;
use crate::{
    Aborted, Fault,
    services::Disclosures,
    tables,
    unit_of_work::{DocketChange, UnitOfWork},
};

/// The category of objections.
const OBJECTION: &str = "service/disclosure";

/// Noted where time alone changes nothing, so that such a node is not counted anew whenever it is looked at.
const NEVER: Timestamp = Timestamp(i64::MAX);

fn moment(at: Timestamp) -> Option<Timestamp> {
    (at < NEVER).then_some(at)
}

fn key_of(key: ComplianceKey, division: DivisionCode) -> (Month, disclosure::Class, DivisionCode) {
    (key.month, key.class, division)
}

impl UnitOfWork<'_> {
    /// An objection that changed may be answered now.
    pub(crate) fn project_compliance(&mut self, change: DocketChange<'_>) {
        let was_open = change.old.is_none_or(|docket| !docket.matter.is_closed());
        let matter = &change.new.matter;
        let is_objection = |category: &Category| category.as_str() == OBJECTION;
        self.complies |= is_objection(&matter.category) && was_open == matter.is_closed();
    }

    /// Counts anew what this division made public and what it owes, if this decision changed anything of it, and tells
    /// the division above.
    pub(crate) async fn note_compliance(&mut self) -> Result<(), Fault> {
        if !std::mem::take(&mut self.complies) {
            return Ok(());
        }
        let demanded = self.demanded().await?;
        let mut list = vec![];
        for one in &demanded {
            let since = demands::since(&mut self.view, one).await?;
            let (template, version, item) = one;
            list.push(Demand {
                template,
                version: *version,
                since,
                item,
            });
        }
        let lines: Vec<Line> = self
            .lines()
            .await?
            .into_iter()
            .map(|(_, line)| line)
            .collect();
        let objections = self.objections_to(&lines).await?;
        let policy = self.policy.clone();
        let own = Own {
            me: self.office.me,
            demands: &list,
            lines: &lines,
            objections: &objections,
            calendar: policy.calendar().value,
            now: self.now,
        };
        let at = own.changes_at();
        self.view
            .put::<tables::ComplianceDue>(&(), &at.unwrap_or(NEVER));
        if let Some(at) = at {
            self.due_by(at);
        }
        let now = own.compliance();
        for key in self.own_months(own.first(), &now).await? {
            let said = now.get(&key).cloned();
            let said = said.unwrap_or_else(|| ComplianceReport::empty(key));
            let row = key_of(key, self.office.me);
            let known = self.view.get::<tables::Compliance>(&row).await?;
            if known.is_none_or(|known| !known.says(&said)) {
                self.view.put::<tables::Compliance>(&row, &said);
                self.tell_compliance(key).await?;
            }
        }
        Ok(())
    }

    /// Returns what this division said of itself since a month, or says now.
    async fn own_months(
        &mut self,
        first: Month,
        now: &BTreeMap<ComplianceKey, ComplianceReport>,
    ) -> Result<Vec<ComplianceKey>, Fault> {
        let me = self.office.me;
        let known = self
            .view
            .scan(tables::Compliance::all(), usize::MAX)
            .await?;
        let said = known.into_iter().filter_map(|((month, class, by), _)| {
            (by == me && month >= first).then_some(ComplianceKey { month, class })
        });
        let mut keys: Vec<_> = now.keys().copied().chain(said).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    async fn objections_to(
        &mut self,
        lines: &[Line],
    ) -> Result<BTreeMap<DisclosureId, (u64, u64)>, Fault> {
        let mut counted = BTreeMap::new();
        for line in lines.iter().filter(|line| line.editions > 0) {
            let rows = tables::Objections::under(&line.id);
            for ((_, matter), _) in self.view.scan(rows, usize::MAX).await? {
                let docket = self.view.get::<tables::Dockets>(&matter).await?;
                let is_closed = docket.is_some_and(|docket| docket.matter.is_closed());
                let (all, closed) = counted.entry(line.id).or_insert((0, 0));
                *all += 1;
                *closed += u64::from(is_closed);
            }
        }
        Ok(counted)
    }

    /// Applies what a child says of its subtree.
    pub(crate) async fn hear_compliance(
        &mut self,
        from: Neighbour,
        report: &ComplianceReport,
    ) -> Result<(), Fault> {
        // What is far from today is of no use to anybody, and would be kept for ever.
        if !report.key.is_near(self.now.day()) {
            return Ok(());
        }
        let row = key_of(report.key, from.division());
        let known = self.view.get::<tables::Compliance>(&row).await?;
        if known.is_some_and(|known| known.stamp >= report.stamp) {
            return Ok(());
        }
        self.view.put::<tables::Compliance>(&row, report);
        self.tell_compliance(report.key).await
    }

    /// Tells the division above what the subtree says of a month and class.
    async fn tell_compliance(&mut self, key: ComplianceKey) -> Result<(), Fault> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        let rows = tables::Compliance::under(&(key.month, key.class));
        let said = self.view.scan(rows, usize::MAX).await?;
        let sum = disclosure::summed(key, said.iter().map(|(_, report)| report));
        let to = Destination::Division(parent);
        let payload = Payload::Compliance(Box::new(ComplianceReport {
            stamp: Stamp::default(),
            ..sum
        }));
        self.author(parent, to, Lane::Figures, payload).await
    }

    /// Tells everything again, after a new life began here or above.
    pub(crate) async fn resend_compliance(&mut self) -> Result<(), Fault> {
        let today = self.now.day();
        let known = self
            .view
            .scan(tables::Compliance::all(), usize::MAX)
            .await?;
        let keys = known
            .into_iter()
            .map(|((month, class, _), _)| ComplianceKey { month, class });
        let mut keys: Vec<_> = keys.filter(|key| key.is_near(today)).collect();
        keys.dedup();
        for key in keys {
            self.tell_compliance(key).await?;
        }
        Ok(())
    }
}

impl Disclosures<'_> {
    /// Counts anew if something fell due since, and returns when to look again; `None` if nothing is demanded.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn tend(self) -> Result<Option<Timestamp>, Aborted> {
        let now = self.now();
        let at = match self.one::<tables::ComplianceDue>(&()).await? {
            Some(at) => at,
            None if self.is_demanded_any().await? => Timestamp::default(),
            None => return Ok(None),
        };
        if now < at {
            return Ok(moment(at));
        }
        let mut unit = self.begin(Actor::Rule("disclosures".to_owned())).await?;
        // It takes hardly any room, and those above must learn of it on a full disk, too.
        unit.view.is_outcome();
        unit.complies = true;
        unit.commit().await?;
        let next = self.one::<tables::ComplianceDue>(&()).await?;
        Ok(next.and_then(moment))
    }

    /// Whether anything is demanded, in a store of before compliance was counted.
    async fn is_demanded_any(self) -> Result<bool, Fault> {
        let in_force = self
            .list(tables::TemplatesInForce::all(), usize::MAX)
            .await?;
        Ok(in_force
            .iter()
            .any(|(key, _)| key.kind == TemplateKind::Disclosure))
    }

    /// Returns what this division and each child say of what was due in a month, by division.
    ///
    /// # Errors
    /// The store's.
    pub async fn complying(
        self,
        month: Month,
    ) -> Result<BTreeMap<DivisionCode, Vec<ComplianceReport>>, Fault> {
        let rows = self
            .list(tables::Compliance::under(&month), usize::MAX)
            .await?;
        let mut all = BTreeMap::<_, Vec<_>>::new();
        for ((_, _, division), report) in rows {
            all.entry(division).or_default().push(report);
        }
        Ok(all)
    }
}
