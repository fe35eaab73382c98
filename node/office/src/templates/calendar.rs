//! The end of the announced holidays, and the warning before it.

use api::CalendarStatus;
use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    policy::Source,
    template::TemplateKind,
};

use crate::{Aborted, Fault, services::Templates};

/// Days before the end of the calendar from which the next years should be published: two months.
const WARN_DAYS: u32 = 62;

impl Templates<'_> {
    /// Returns how far the holidays of the calendar in force are announced.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn calendar_end(self) -> Result<CalendarStatus, Fault> {
        let policy = self.templates().policy_in_force().await?;
        let calendar = policy.calendar();
        let days_left = calendar.value.days_left(self.now());
        self.dependencies
            .metrics
            .calendar_left_seconds
            .set(i64::from(days_left) * domain::certificate::DAY_S);
        Ok(CalendarStatus {
            announced_through: calendar.value.covered().1.to_string(),
            days_left,
            ends_soon: days_left < WARN_DAYS,
            source: calendar.rule.source.to_string(),
        })
    }

    /// Warns the divisions that can publish the next years: the issuer of the calendar, or every
    /// division that may issue a policy while the shipped calendar is in force. Repeated calls
    /// raise nothing twice.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    pub async fn watch_calendar(self) -> Result<CalendarStatus, Aborted> {
        let end = self.calendar_end().await?;
        let policy = self.templates().policy_in_force().await?;
        let mine = match policy.calendar().rule.source {
            Source::Template { key, .. } => key.issuer == self.me,
            Source::Shipped(_) => {
                let (kind, tier) = (TemplateKind::Policy, self.me.tier());
                policy.denies(kind, tier, self.now().day()).is_none()
            }
        };
        let kind = AlarmKind::CalendarEnds;
        let mut unit = self.begin(Actor::Rule("calendar".to_owned())).await?;
        let stands = unit.alarm_stands(kind, None).await?;
        let changed = if end.ends_soon && mine {
            if !stands {
                let detail = details::calendar_ends(
                    policy.calendar().rule.source.said(),
                    &end.announced_through,
                    end.days_left,
                );
                unit.raise(kind, None, &detail).await?;
            }
            !stands
        } else {
            unit.settle_alarm(kind, None).await?
        };
        if changed {
            unit.commit().await?;
        }
        Ok(end)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Office;
    use crate::{NewReport, NewTemplate, fixture};
    use store::MemoryDisk;

    const DAY: i64 = 86_400_000;

    /// Builds the office of a division in the middle of November 2026.
    async fn in_november(division: &str, clock: &Arc<fixture::Stopped>) -> Office {
        clock.put_forward(170 * DAY);
        let told = Arc::clone(clock) as _;
        fixture::office(division, &MemoryDisk::default(), told, 1).await
    }

    #[tokio::test]
    async fn two_months_before_the_announced_days_end_the_author_is_warned_once() {
        let clock = Arc::new(fixture::Stopped::default());
        let told = Arc::clone(&clock) as _;
        let county = fixture::office("330825", &MemoryDisk::default(), told, 1).await;
        assert!(!county.templates().watch_calendar().await.unwrap().ends_soon);
        assert_eq!(county.alarms().all().await.unwrap(), []);
        clock.put_forward(170 * DAY);
        for _ in 0..2 {
            let end = county.templates().watch_calendar().await.unwrap();
            assert!(end.ends_soon && end.days_left < WARN_DAYS, "{end:?}");
            assert_eq!(end.announced_through, "2026-12-31");
        }
        let alarms = county.alarms().all().await.unwrap();
        assert_eq!(
            (alarms[0].kind, alarms[0].times),
            (AlarmKind::CalendarEnds, 1)
        );
        assert_eq!(alarms.len(), 1);
        let left = county.dependencies.metrics.calendar_left_seconds.get();
        let days = left / domain::certificate::DAY_S;
        assert!((1..i64::from(WARN_DAYS)).contains(&days), "{left}");
        // A village cannot publish a calendar, but its status shows the end all the same.
        let clock = Arc::new(fixture::Stopped::default());
        let village = in_november("330825002222", &clock).await;
        assert!(
            village
                .templates()
                .watch_calendar()
                .await
                .unwrap()
                .ends_soon
        );
        assert_eq!(village.alarms().all().await.unwrap(), []);
        // IdempotencyKey the next year is published, there is nothing to warn of.
        let next = NewTemplate {
            kind: TemplateKind::Policy,
            name: "calendar".to_owned(),
            title: "节假日安排".to_owned(),
            content: "format = 1\n[calendar]\nyears = [2026, 2027]\n\
                      hours = { weekdays = [\"08:30-12:00\", \"13:30-17:30\"] }\n"
                .to_owned(),
            tiers: vec![],
            kinds: vec![],
        };
        county
            .templates()
            .publish(next, Actor::OsUser(1))
            .await
            .unwrap();
        assert!(!county.templates().watch_calendar().await.unwrap().ends_soon);
        assert!(county.alarms().all().await.unwrap()[0].settled.is_some());
    }

    #[tokio::test]
    async fn a_due_date_beyond_the_announced_days_says_that_it_is_provisional() {
        let clock = Arc::new(fixture::Stopped::default());
        let office = in_november("330825002222", &clock).await;
        clock.put_forward(30 * DAY);
        let new = NewReport::new("service/land".parse().unwrap(), "宅基地".to_owned());
        let id = office
            .matters()
            .report(new, Actor::OsUser(1))
            .await
            .unwrap();
        let shown = office.matters().matter(id).await.unwrap().clocks;
        for clock in &shown {
            let beyond = clock.due_ms >= 1_798_732_800_000; // 2027-01-01 in Shanghai
            assert_eq!(clock.provisional, beyond, "{clock:?}");
        }
        assert!(shown.iter().any(|clock| clock.provisional));
        let explained = office.templates().explain(id).await.unwrap();
        let finish = explained
            .iter()
            .find(|reason| reason.what == "clock finish");
        assert!(finish.unwrap().value.contains("provisional"), "{finish:?}");
        let announced = explained
            .iter()
            .find(|reason| reason.what == "holidays announced");
        assert_eq!(announced.unwrap().value, "2025-01-01 to 2026-12-31");
    }
}
