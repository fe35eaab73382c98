//! Alarms of this node: raised in the unit that found their cause, closed by a person.

use domain::{
    actor::Actor,
    alarm::{Alarm, AlarmKind},
    audit::Subject,
};
use store::{Range, record};
use topology::DivisionCode;

use super::{Office, OfficeError, keys, unit_of_work::UnitOfWork};
use crate::RequestContext;

impl Office {
    /// Raises an alarm outside of any other decision. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn raise_alarm(
        &self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        detail: &str,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(Actor::Rule("alarm".to_owned())).await?;
        unit.view.is_outcome();
        unit.raise(kind, about, detail).await?;
        unit.commit().await?;
        Ok(())
    }

    /// Notes that the cause of an alarm went away by itself, if it stands. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle_alarm(
        &self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(Actor::Rule("alarm".to_owned())).await?;
        if !unit.settle_alarm(kind, about).await? {
            return Ok(());
        }
        unit.commit().await?;
        Ok(())
    }

    /// Closes an alarm that was looked into; the audit trail says who did. Durable when it returns.
    ///
    /// # Errors
    /// [`OfficeError::NoSuchAlarm`], or the store's.
    pub async fn close_alarm(
        &self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        by: impl Into<RequestContext>,
    ) -> Result<Alarm, OfficeError> {
        let mut unit = self.begin(by).await?;
        let key = keys::standing_alarm(kind, about);
        let alarm: Option<Alarm> = unit.read(&key).await?;
        let alarm = alarm.ok_or(OfficeError::NoSuchAlarm(kind))?;
        unit.view.delete(key);
        unit.alarms.push((kind, -1));
        if matches!(kind, AlarmKind::StoreWentBack | AlarmKind::SecondMachine) {
            unit.await_nobody().await?;
        }
        unit.subject = Some(Subject::Alarm(kind));
        unit.detail = about.map(|about| format!("about {about}"));
        unit.commit().await?;
        self.go_on().await?;
        Ok(alarm)
    }

    /// Every alarm that stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn alarms(&self) -> Result<Vec<Alarm>, OfficeError> {
        let range = Range::prefix(keys::STANDING_ALARMS);
        let records = self.read_all(range, usize::MAX).await?;
        Ok(records.into_iter().map(|(_, alarm)| alarm).collect())
    }

    /// Shows the alarms of earlier runs in the metrics of this one.
    pub(super) async fn recall_alarms(&self) -> Result<(), OfficeError> {
        for alarm in self.alarms().await? {
            self.dependencies.metrics.alarms.of(alarm.kind.code()).inc();
        }
        Ok(())
    }
}

impl UnitOfWork<'_> {
    /// Raises an alarm as part of this decision. The same kind about the same division counts up.
    pub(super) async fn raise(
        &mut self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        detail: &str,
    ) -> Result<(), OfficeError> {
        let key = keys::standing_alarm(kind, about);
        let before: Option<Alarm> = self.read(&key).await?;
        if before.is_none() {
            self.alarms.push((kind, 1));
        }
        let alarm = Alarm::raised(before, kind, about, detail, self.now);
        tracing::error!(alarm = %kind, division = %self.office.me, about = about.map(tracing::field::display),
            times = alarm.times, detail = %alarm.detail);
        self.view.put(key, record::write(&alarm));
        Ok(())
    }

    /// Whether an alarm stands whose cause did not go away.
    pub(super) async fn alarm_stands(
        &mut self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
    ) -> Result<bool, OfficeError> {
        let alarm: Option<Alarm> = self.read(&keys::standing_alarm(kind, about)).await?;
        Ok(alarm.is_some_and(|alarm| alarm.settled.is_none()))
    }

    /// Notes that the cause of an alarm went away by itself. `false` if there was nothing to note.
    pub(super) async fn settle_alarm(
        &mut self,
        kind: AlarmKind,
        about: Option<DivisionCode>,
    ) -> Result<bool, OfficeError> {
        let key = keys::standing_alarm(kind, about);
        let alarm: Option<Alarm> = self.read(&key).await?;
        let Some(mut alarm) = alarm.filter(|alarm| alarm.settled.is_none()) else {
            return Ok(false);
        };
        alarm.settled = Some(self.now);
        self.view.put(key, record::write(&alarm));
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::{Dependencies, fixture};
    use store::MemoryDisk;
    use telemetry::Metrics;

    async fn township() -> Office {
        let clock = Arc::new(fixture::Ticking::default());
        fixture::office("330825002", &MemoryDisk::default(), clock, 0).await
    }

    #[tokio::test]
    async fn an_alarm_counts_up_outlives_its_cause_and_ends_when_a_person_closes_it() {
        let office = township().await;
        let kind = AlarmKind::KeyRevoked;
        let about: Option<DivisionCode> = Some("330825002222".parse().unwrap());
        let standing = || office.dependencies.metrics.alarms.of(kind.code()).get();
        office.raise_alarm(kind, about, "one").await.unwrap();
        office.raise_alarm(kind, about, "two").await.unwrap();
        office.raise_alarm(kind, None, "other").await.unwrap();
        assert_eq!(standing(), 2);
        office.settle_alarm(kind, about).await.unwrap();
        let alarms = office.alarms().await.unwrap();
        let alarm = alarms.iter().find(|alarm| alarm.about == about).unwrap();
        assert_eq!((alarm.times, alarm.detail.as_str()), (2, "two"));
        assert!(alarm.settled.is_some());

        let owner = Actor::OsUser(0);
        let closed = office.close_alarm(kind, about, owner.clone());
        closed.await.unwrap();
        assert_eq!(standing(), 1);
        let again = office.close_alarm(kind, about, owner).await;
        assert!(matches!(again, Err(OfficeError::NoSuchAlarm(_))));
    }

    #[tokio::test]
    async fn alarms_stand_after_a_restart() {
        let office = township().await;
        let kind = AlarmKind::KeyRevoked;
        office.raise_alarm(kind, None, "one").await.unwrap();
        let dependencies = Dependencies {
            metrics: Metrics::default().division(office.me),
            ..office.dependencies.clone()
        };
        let reopened = Office::open(office.me, dependencies).await.unwrap();
        assert_eq!(reopened.alarms().await.unwrap().len(), 1);
        let standing = reopened.dependencies.metrics.alarms.of(kind.code());
        assert_eq!(standing.get(), 1);
    }
}
