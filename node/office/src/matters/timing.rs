//! The clocks of matters held here: checked when the next announcement is due, however late.

use domain::{actor::Actor, custody, time::Timestamp};
use records::table::Table;

use crate::{Aborted, services::Matters, tables};

/// The most matters checked in one turn.
const AT_ONCE: usize = 16;

impl Matters<'_> {
    /// Makes the due announcements of clocks, and hands on overdue matters that policy sends up.
    /// Returns the number of matters that changed. Calling it often, late, or after the wall clock
    /// jumped announces nothing twice.
    pub async fn tick(self) -> Result<usize, Aborted> {
        if !self.inbox().is_settled_in().await? {
            return Ok(0);
        }
        let (mut changed, mut after) = (0, None);
        loop {
            let mut unit = self.begin(Actor::Rule("clock".to_owned())).await?;
            let later = Timestamp(unit.now.0.max(0) + 1);
            let due = tables::ClocksDue::all().after(after.as_ref()).until(&later);
            let due = unit.view.scan(due, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(changed);
            }
            for (key, ()) in due {
                let (_, id) = key;
                let docket = unit.docket(id).await?;
                let Some(docket) = docket.filter(|docket| docket.alarm.is_some()) else {
                    unit.view.delete::<tables::ClocksDue>(&key);
                    continue;
                };
                if docket.awaits {
                    after = Some(key);
                    continue;
                }
                let span = tracing::info_span!("matter.clock", division = %self.me, matter = %id);
                let trace = unit.trace_of(id).await?;
                if let Some(trace) = &trace {
                    telemetry::follow(&span, trace);
                }
                unit.trace = telemetry::carry(&span, trace.as_deref());
                match custody::tick(docket.clone(), unit.context()) {
                    Some(decision) => {
                        unit.apply(decision).await?;
                        changed += 1;
                    }
                    // Record the time of the next announcement again.
                    None => unit.put_docket(docket),
                }
            }
            unit.commit().await?;
        }
    }
}
