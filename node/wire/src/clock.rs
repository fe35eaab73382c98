//! Clocks of a matter. Clocks that no correct node can have made are malformed.

use domain::{
    calendar::Allowance,
    clock::{Clock, Clocks, Ended, Extension, MOST_CLOCKS, MOST_PAUSES, Pause, Paused, Told},
    policy::{RuleRef, Source},
};
use proto::v1;

use super::{
    Malformed, choice,
    malformed::{COUNTED, FROM_ONE, moment, required, within},
    template::{key_in, key_out},
};

const fn allowance_out(allowance: Allowance) -> v1::Allowance {
    let unit = match allowance {
        Allowance::WorkingDays(_) => v1::Unit::WorkingDays,
        Allowance::WorkingHours(_) => v1::Unit::WorkingHours,
        Allowance::Days(_) => v1::Unit::Days,
        Allowance::Hours(_) => v1::Unit::Hours,
    };
    v1::Allowance {
        unit: unit as i32,
        count: allowance.count() as u32,
    }
}

fn allowance_in(allowance: Option<v1::Allowance>) -> Result<Allowance, Malformed> {
    let allowance = required(allowance, "clock.allowance")?;
    let field = "allowance.unit";
    let number = allowance.unit;
    let count = u16::try_from(allowance.count).map_err(|_| Malformed::Range("allowance.count"))?;
    let unit = v1::Unit::try_from(number).map_err(|_| Malformed::Choice { field, number })?;
    Ok(match unit {
        v1::Unit::Unspecified => return Err(Malformed::Missing(field)),
        v1::Unit::WorkingDays => Allowance::WorkingDays(count),
        v1::Unit::WorkingHours => Allowance::WorkingHours(count),
        v1::Unit::Days => Allowance::Days(count),
        v1::Unit::Hours => Allowance::Hours(count),
    })
}

fn paused_out(paused: &Paused) -> v1::Pause {
    v1::Pause {
        since: paused.since.0,
        until: paused.until.0,
        reason: paused.reason.number(),
        ..v1::Pause::default()
    }
}

fn paused_in(paused: &v1::Pause) -> Result<Paused, Malformed> {
    if paused.due != 0 || paused.warn != 0 {
        return Err(Malformed::Contradiction("clock.paused"));
    }
    Ok(Paused {
        since: moment(paused.since, "pause.since")?,
        until: moment(paused.until, "pause.until")?,
        reason: choice::read(paused.reason, "pause.reason")?,
    })
}

fn pause_out(pause: Pause) -> v1::Pause {
    v1::Pause {
        since: pause.since.0,
        until: pause.until.0,
        reason: pause.reason.number(),
        due: pause.due.0,
        warn: pause.warn.0,
    }
}

fn pause_in(pause: &v1::Pause) -> Result<Pause, Malformed> {
    Ok(Pause {
        since: moment(pause.since, "pause.since")?,
        until: moment(pause.until, "pause.until")?,
        reason: choice::read(pause.reason, "pause.reason")?,
        due: moment(pause.due, "pause.due")?,
        warn: moment(pause.warn, "pause.warn")?,
    })
}

pub(super) fn clock_out(clock: &Clock) -> v1::Clock {
    let (template, version) = match &clock.rule.source {
        Source::Template { key, version } => (Some(key_out(key)), *version),
        Source::Shipped(edition) => (None, *edition),
    };
    let extension = clock.extension;
    v1::Clock {
        stage: clock.stage.number(),
        template,
        version,
        line: clock.rule.line,
        allowance: Some(allowance_out(clock.allowance)),
        budget: clock.budget,
        warn_percent: clock.warn_percent.into(),
        started: clock.started.0,
        due: clock.due.0,
        warn: clock.warn.0,
        pause: clock.pause.map(pause_out),
        paused: clock.paused.iter().map(paused_out).collect(),
        extended_by: extension.map(|extension| allowance_out(extension.by)),
        extended_why: extension.map_or(0, |extension| extension.reason.number()),
        extended_at: extension.map_or(0, |extension| extension.at.0),
        ended_how: clock.ended.map_or(0, |ended| ended.how.number()),
        ended_at: clock.ended.map_or(0, |ended| ended.at.0),
        told: clock.told as u32,
    }
}

fn clock_in(clock: v1::Clock) -> Result<Clock, Malformed> {
    if clock.paused.len() > usize::from(MOST_PAUSES) {
        return Err(Malformed::TooMany {
            field: "clock.paused",
            most: MOST_PAUSES.into(),
        });
    }
    let version = within(clock.version, FROM_ONE, "clock.version")?;
    let source = match clock.template {
        Some(key) => Source::Template {
            key: key_in(Some(key))?,
            version,
        },
        None => Source::Shipped(version),
    };
    let extension = match clock.extended_by {
        Some(by) => Some(Extension {
            by: allowance_in(Some(by))?,
            reason: choice::read(clock.extended_why, "clock.extended_why")?,
            at: moment(clock.extended_at, "clock.extended_at")?,
        }),
        None if clock.extended_why != 0 || clock.extended_at != 0 => {
            return Err(Malformed::Contradiction("clock.extended_by"));
        }
        None => None,
    };
    let ended = match (clock.ended_how, clock.ended_at) {
        (0, 0) => None,
        (how, at) => Some(Ended {
            how: choice::read(how, "clock.ended_how")?,
            at: moment(at, "clock.ended_at")?,
        }),
    };
    let percent = u8::try_from(clock.warn_percent);
    Ok(Clock {
        stage: choice::read(clock.stage, "clock.stage")?,
        rule: RuleRef {
            source,
            line: within(clock.line, COUNTED, "clock.line")?,
        },
        allowance: allowance_in(clock.allowance)?,
        budget: clock.budget,
        warn_percent: percent.map_err(|_| Malformed::Range("clock.warn_percent"))?,
        started: moment(clock.started, "clock.started")?,
        due: moment(clock.due, "clock.due")?,
        warn: moment(clock.warn, "clock.warn")?,
        pause: clock.pause.as_ref().map(pause_in).transpose()?,
        paused: clock
            .paused
            .iter()
            .map(paused_in)
            .collect::<Result<_, _>>()?,
        extension,
        ended,
        told: match clock.told {
            0 => Told::Nothing,
            1 => Told::DueSoon,
            2 => Told::Overdue,
            _ => return Err(Malformed::Range("clock.told")),
        },
    })
}

pub(super) fn clocks_in(clocks: Vec<v1::Clock>) -> Result<Clocks, Malformed> {
    if clocks.len() > MOST_CLOCKS {
        return Err(Malformed::TooMany {
            field: "matter.clocks",
            most: MOST_CLOCKS,
        });
    }
    let clocks: Vec<Clock> = clocks.into_iter().map(clock_in).collect::<Result<_, _>>()?;
    Clocks::try_from(clocks).map_err(|_| Malformed::Contradiction("matter.clocks"))
}
