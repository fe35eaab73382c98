//! How the nodes of the subtree are: looked at from time to time, told to the division above when it changed.

use std::collections::BTreeMap;

use domain::{
    actor::Actor,
    authority::Neighbour,
    envelope::{Destination, Lane, Payload, Stamp},
    health::{Child, HealthReport, Own},
    time::Timestamp,
};
use records::table::Table;
use topology::DivisionCode;

use crate::{Aborted, Fault, services::Healths, tables, unit_of_work::UnitOfWork};

impl UnitOfWork<'_> {
    /// Keeps what a child says of its subtree.
    pub(crate) async fn hear_health(
        &mut self,
        from: Neighbour,
        report: &HealthReport,
    ) -> Result<(), Fault> {
        let child = from.division();
        let known = self.view.get::<tables::Healths>(&child).await?;
        if known.is_none_or(|known| known.stamp < report.stamp) {
            self.view.put::<tables::Healths>(&child, report);
        }
        Ok(())
    }

    async fn tell_health(&mut self, report: HealthReport) -> Result<(), Fault> {
        let Some(parent) = self.office.parent else {
            return Ok(());
        };
        let to = Destination::Division(parent);
        let payload = Payload::Health(Box::new(HealthReport {
            stamp: Stamp::default(),
            ..report
        }));
        self.author(parent, to, Lane::Figures, payload).await
    }

    /// Tells what was said last again, when the link upwards begins or a new life began here: a parent may have refused it,
    /// because it was of an earlier build, or may have lost it.
    pub(crate) async fn resend_health(&mut self) -> Result<(), Fault> {
        match self.view.get::<tables::Healths>(&self.office.me).await? {
            Some(said) => self.tell_health(said).await,
            None => Ok(()),
        }
    }
}

impl Healths<'_> {
    /// Looks at the subtree: `own` is what the process knows of the node, `children` those that were ever linked, with
    /// whether they are now and when they were last heard of. Tells the division above if it says anything else than before.
    ///
    /// # Errors
    /// The store's.
    pub async fn note(
        self,
        own: &Own,
        children: &BTreeMap<DivisionCode, (bool, Option<Timestamp>)>,
    ) -> Result<(), Aborted> {
        let said = self.said().await?;
        let children: Vec<_> = children
            .iter()
            .map(|(child, (is_up, contact))| Child {
                division: *child,
                is_up: *is_up,
                contact: *contact,
                said: said.get(child),
            })
            .collect();
        let before = said.get(&self.me);
        let now = HealthReport::of(own, &children, before);
        if before.is_some_and(|before| before.says(&now)) {
            return Ok(());
        }
        let mut unit = self.begin(Actor::Rule("health".to_owned())).await?;
        // It takes hardly any room, and those above must learn of it on a full disk, too.
        unit.view.is_outcome();
        unit.view.put::<tables::Healths>(&self.me, &now);
        unit.tell_health(now).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Returns what this node and each child said last.
    ///
    /// # Errors
    /// The store's.
    pub async fn said(self) -> Result<BTreeMap<DivisionCode, HealthReport>, Fault> {
        let rows = self.list(tables::Healths::all(), usize::MAX).await?;
        Ok(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use domain::{
        authority::Neighbour,
        envelope::Stamp,
        health::{Health, HealthReport, Own, Trouble},
        time::Timestamp,
    };
    use store::MemoryDisk;

    use crate::fixture;

    fn own(me: &str, version: &str) -> Own {
        Own {
            me: me.parse().unwrap(),
            version: version.into(),
            disk_full: false,
            certificate_ends: None,
            alarm_since: None,
            not_joined: 0,
            now: Timestamp(1_790_000_000_000),
        }
    }

    #[tokio::test]
    async fn only_what_changed_is_told_and_what_a_child_says_is_added() {
        let clock = Arc::new(fixture::Stopped::default());
        let office = fixture::office("330825", &MemoryDisk::default(), clock as _, 1).await;
        let waiting = || {
            let queues = office.inbox().queues();
            queues.iter().map(|queue| queue.segments).sum::<usize>()
        };
        let before = waiting();
        let children = BTreeMap::new();
        let me = own("330825", "0.1.0");
        office.health().note(&me, &children).await.unwrap();
        let told = waiting();
        assert!(told > before, "the city is told");
        office.health().note(&me, &children).await.unwrap();
        assert_eq!(waiting(), told, "nothing changed");

        let child = "330825002".parse().unwrap();
        let heard = HealthReport {
            stamp: Stamp(1, 7),
            ..HealthReport::of(&own("330825002", "0.2.0"), &[], None)
        };
        let earlier = HealthReport {
            stamp: Stamp(1, 6),
            ..HealthReport::of(&own("330825002", "0.1.9"), &[], None)
        };
        for report in [&heard, &earlier] {
            let mut unit = office.begin(domain::actor::Actor::OsUser(1)).await.unwrap();
            unit.hear_health(Neighbour::Child(child), report)
                .await
                .unwrap();
            unit.commit().await.unwrap();
        }
        let children = BTreeMap::from([(child, (true, None))]);
        office.health().note(&me, &children).await.unwrap();
        let said = office.health().said().await.unwrap();
        let sum = &said[&me.me];
        assert_eq!((sum.counts[Health::Known], sum.counts[Health::Up]), (2, 2));
        let versions = [("0.1.0".into(), 1), ("0.2.0".into(), 1)];
        assert_eq!(sum.versions, versions, "the later word counts");
        let silent = BTreeMap::from([(child, (false, Some(Timestamp(5))))]);
        office.health().note(&me, &silent).await.unwrap();
        let said = office.health().said().await.unwrap();
        assert_eq!(said[&me.me].troubles[0].what, Trouble::Silent);
        assert_eq!(said[&me.me].troubles[0].since, Timestamp(5));
    }
}
