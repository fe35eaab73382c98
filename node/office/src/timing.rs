//! The clocks of matters held here: looked at when the next is due to say something, however late.

use bytes::Bytes;
use domain::{actor::Actor, custody};
use store::Range;

use super::{Office, OfficeError, keys};

/// Matters looked at in one turn.
const AT_ONCE: usize = 16;

impl Office {
    /// Announces what clocks have to say by now, and hands on what policy sends up when it is
    /// overdue. Gives the number of matters that changed. Calling it often, late, or after the wall
    /// clock jumped announces nothing twice.
    pub async fn tick(&self) -> Result<usize, OfficeError> {
        if !self.is_settled_in().await? {
            return Ok(0);
        }
        let (mut changed, mut from) = (0, Bytes::from_static(keys::ALARMS));
        loop {
            let mut unit = self.begin(Actor::Rule("clock".to_owned())).await?;
            let due = Range {
                from: from.clone(),
                to: Some(keys::alarms_until(unit.now)),
            };
            let due = unit.view.scan(due, AT_ONCE, false).await?;
            if due.is_empty() {
                return Ok(changed);
            }
            for (key, _) in due {
                let docket = match keys::alarmed(&key) {
                    Some(id) => unit.docket(id).await?,
                    None => None,
                };
                let Some(docket) = docket.filter(|docket| docket.alarm.is_some()) else {
                    unit.view.delete(key);
                    continue;
                };
                if docket.awaits {
                    from = [&key[..], &[0]].concat().into();
                    continue;
                }
                let id = docket.matter.id;
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
                    // Noted again for when there is something to say.
                    None => unit.put_docket(docket),
                }
            }
            unit.commit().await?;
        }
    }
}
