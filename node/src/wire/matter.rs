//! Matters, bodies, requests and answers.

use bytes::Bytes;
use proto::v1;

use super::{
    Malformed,
    choice::Choice,
    malformed::{
        COUNTED, array, check_length, division, division_or_none, moment, ordinal, required, suite,
        within,
    },
};
use crate::domain::{
    category::{Category, Class, Priority, Visibility},
    custody::{MOST_MORE_STEPS, MOST_STEPS},
    ids::MatterId,
    matter::{Act, Body, Channel, CustodyVersion, Matter, Outcome, Status, Step, Version},
    request::{Answer, Ask, AskId, Reply},
    suite::Digest,
};

/// Relays, and whoever takes or closes it, add their steps to a matter that is full.
pub(super) const MOST_STEPS_CARRIED: usize = MOST_STEPS + MOST_MORE_STEPS;

fn digest_out(digest: &Digest) -> Bytes {
    Bytes::copy_from_slice(digest)
}

const fn id_out(id: MatterId) -> v1::MatterId {
    v1::MatterId {
        origin: id.origin.as_u64(),
        epoch: id.epoch,
        number: id.number,
    }
}

fn id_in(id: Option<v1::MatterId>, field: &'static str) -> Result<MatterId, Malformed> {
    let id = required(id, field)?;
    Ok(MatterId {
        origin: division(id.origin, "matter.origin")?,
        epoch: id.epoch,
        number: ordinal(id.number, "matter.number")?,
    })
}

const fn version_out(version: Version) -> v1::Version {
    v1::Version {
        term: version.cv.term,
        n: version.cv.n,
        rev: version.rev,
    }
}

fn version_in(version: Option<v1::Version>, field: &'static str) -> Result<Version, Malformed> {
    let version = required(version, field)?;
    Ok(Version {
        cv: CustodyVersion {
            term: within(version.term, COUNTED, "version.term")?,
            n: within(version.n, COUNTED, "version.n")?,
        },
        rev: within(version.rev, COUNTED, "version.rev")?,
    })
}

fn step_out(step: &Step) -> v1::Step {
    let (act, to, outcome) = match step.act {
        Act::Report => (v1::Act::Report, None, None),
        Act::Accept => (v1::Act::Accept, None, None),
        Act::Handle => (v1::Act::Handle, None, None),
        Act::Escalate(to) => (v1::Act::Escalate, Some(to), None),
        Act::Assign(to) => (v1::Act::Assign, Some(to), None),
        Act::Return(to) => (v1::Act::Return, Some(to), None),
        Act::Yield(to) => (v1::Act::Yield, Some(to), None),
        Act::Relay(to) => (v1::Act::Relay, Some(to), None),
        Act::Take => (v1::Act::Take, None, None),
        Act::TakeBack => (v1::Act::TakeBack, None, None),
        Act::Close(outcome) => (v1::Act::Close, None, Some(outcome)),
    };
    v1::Step {
        version: Some(version_out(step.version)),
        at: step.at.0,
        by: step.by.as_u64(),
        act: act.into(),
        to: to.map_or(0, |to| to.as_u64()),
        outcome: outcome.map_or(0, Choice::number),
        note: step.note.as_ref().map(digest_out),
    }
}

fn act_in(step: &v1::Step) -> Result<Act, Malformed> {
    let field = "step.act";
    let act = v1::Act::try_from(step.act).map_err(|_| Malformed::Choice {
        field,
        number: step.act,
    })?;
    let to = || division(step.to, "step.to");
    let read = match act {
        v1::Act::Unspecified => return Err(Malformed::Missing(field)),
        v1::Act::Report => Act::Report,
        v1::Act::Accept => Act::Accept,
        v1::Act::Handle => Act::Handle,
        v1::Act::Escalate => Act::Escalate(to()?),
        v1::Act::Assign => Act::Assign(to()?),
        v1::Act::Return => Act::Return(to()?),
        v1::Act::Yield => Act::Yield(to()?),
        v1::Act::Relay => Act::Relay(to()?),
        v1::Act::Take => Act::Take,
        v1::Act::TakeBack => Act::TakeBack,
        v1::Act::Close => Act::Close(Outcome::read(step.outcome, "step.outcome")?),
    };
    let sends = read.sent_to().is_some() || matches!(read, Act::Relay(_));
    if step.to != 0 && !sends {
        return Err(Malformed::Contradiction("step.to"));
    }
    if step.outcome != 0 && !matches!(read, Act::Close(_)) {
        return Err(Malformed::Contradiction("step.outcome"));
    }
    Ok(read)
}

fn step_in(step: &v1::Step) -> Result<Step, Malformed> {
    Ok(Step {
        version: version_in(step.version, "step.version")?,
        at: moment(step.at, "step.at")?,
        by: division(step.by, "step.by")?,
        act: act_in(step)?,
        note: match &step.note {
            Some(note) => Some(array(note, "step.note")?),
            None => None,
        },
    })
}

fn status_in(status: i32, outcome: i32) -> Result<Status, Malformed> {
    let field = "matter.status";
    let unknown = |_| Malformed::Choice {
        field,
        number: status,
    };
    let read = match v1::Status::try_from(status).map_err(unknown)? {
        v1::Status::Unspecified => return Err(Malformed::Missing(field)),
        v1::Status::Reported => Status::Reported,
        v1::Status::Accepted => Status::Accepted,
        v1::Status::Handling => Status::Handling,
        v1::Status::Closed => {
            return Ok(Status::Closed(Outcome::read(outcome, "matter.outcome")?));
        }
    };
    match outcome {
        0 => Ok(read),
        _ => Err(Malformed::Contradiction("matter.outcome")),
    }
}

pub(super) fn matter_out(matter: &Matter) -> v1::Matter {
    let (status, outcome) = match matter.status {
        Status::Reported => (v1::Status::Reported, 0),
        Status::Accepted => (v1::Status::Accepted, 0),
        Status::Handling => (v1::Status::Handling, 0),
        Status::Closed(outcome) => (v1::Status::Closed, outcome.number()),
    };
    v1::Matter {
        id: Some(id_out(matter.id)),
        channel: matter.channel.number(),
        category: matter.category.as_str().to_owned(),
        priority: matter.priority.number(),
        visibility: matter.visibility.number(),
        class: matter.class.number(),
        about: matter.about.map_or(0, |about| about.as_u64()),
        responsible: matter.responsible.as_u64(),
        suite: matter.suite.id(),
        body: digest_out(&matter.body),
        status: status.into(),
        outcome,
        version: Some(version_out(matter.version)),
        holder: matter.holder.as_u64(),
        transit: matter.transit.map_or(0, |transit| transit.as_u64()),
        steps: matter.steps.iter().map(step_out).collect(),
    }
}

pub(super) fn matter_in(matter: Option<v1::Matter>) -> Result<Matter, Malformed> {
    let matter = required(matter, "matter")?;
    if matter.steps.len() > MOST_STEPS_CARRIED {
        return Err(Malformed::TooManySteps(matter.steps.len()));
    }
    Ok(Matter {
        id: id_in(matter.id, "matter.id")?,
        channel: Channel::read(matter.channel, "matter.channel")?,
        category: category(&matter.category, "matter.category")?,
        priority: Priority::read(matter.priority, "matter.priority")?,
        visibility: Visibility::read(matter.visibility, "matter.visibility")?,
        class: Class::read(matter.class, "matter.class")?,
        about: division_or_none(matter.about, "matter.about")?,
        responsible: division(matter.responsible, "matter.responsible")?,
        suite: suite(matter.suite, "matter.suite")?,
        body: array(&matter.body, "matter.body")?,
        status: status_in(matter.status, matter.outcome)?,
        version: version_in(matter.version, "matter.version")?,
        holder: division(matter.holder, "matter.holder")?,
        transit: division_or_none(matter.transit, "matter.transit")?,
        steps: matter.steps.iter().map(step_in).collect::<Result<_, _>>()?,
    })
}

pub(super) fn category(text: &str, field: &'static str) -> Result<Category, Malformed> {
    text.parse().map_err(|_| Malformed::Spelling(field))
}

pub(super) fn body_out(body: Body) -> v1::Body {
    v1::Body {
        class: body.class.number(),
        salt: Bytes::copy_from_slice(&body.salt),
        text: body.text,
    }
}

pub(super) fn body_in(body: v1::Body) -> Result<Body, Malformed> {
    check_length(body.text.len(), Body::MOST_BYTES, "body.text")?;
    Ok(Body {
        class: Class::read(body.class, "body.class")?,
        salt: array(&body.salt, "body.salt")?,
        text: body.text,
    })
}

const fn ask_id_out(id: AskId) -> v1::AskId {
    v1::AskId {
        by: id.by.as_u64(),
        epoch: id.epoch,
        number: id.number,
    }
}

fn ask_id_in(id: Option<v1::AskId>) -> Result<AskId, Malformed> {
    let id = required(id, "ask.id")?;
    Ok(AskId {
        by: division(id.by, "ask.by")?,
        epoch: id.epoch,
        number: ordinal(id.number, "ask.number")?,
    })
}

pub(super) const fn ask_out(ask: &Ask) -> v1::Ask {
    v1::Ask {
        id: Some(ask_id_out(ask.id)),
        matter: Some(id_out(ask.matter)),
        seen: Some(version_out(ask.seen)),
    }
}

pub(super) fn ask_in(ask: v1::Ask) -> Result<Ask, Malformed> {
    Ok(Ask {
        id: ask_id_in(ask.id)?,
        matter: id_in(ask.matter, "ask.matter")?,
        seen: version_in(ask.seen, "ask.seen")?,
    })
}

pub(super) fn answer_out(answer: &Answer) -> v1::Answer {
    let (reply, moved) = match answer.reply {
        Reply::Granted => (v1::Reply::Granted, None),
        Reply::Moved { holder, version } => {
            let moved = v1::Moved {
                holder: holder.as_u64(),
                version: Some(version_out(version)),
            };
            (v1::Reply::Moved, Some(moved))
        }
        Reply::Closed => (v1::Reply::Closed, None),
        Reply::NotEntitled => (v1::Reply::NotEntitled, None),
        Reply::Unknown => (v1::Reply::Unknown, None),
        Reply::Moot => (v1::Reply::Moot, None),
    };
    v1::Answer {
        ask: Some(ask_id_out(answer.ask)),
        matter: Some(id_out(answer.matter)),
        reply: reply.into(),
        moved,
    }
}

pub(super) fn answer_in(answer: v1::Answer) -> Result<Answer, Malformed> {
    let field = "answer.reply";
    let unknown = |_| Malformed::Choice {
        field,
        number: answer.reply,
    };
    let reply = match (
        v1::Reply::try_from(answer.reply).map_err(unknown)?,
        answer.moved,
    ) {
        (v1::Reply::Unspecified, _) => return Err(Malformed::Missing(field)),
        (v1::Reply::Moved, moved) => {
            let moved = required(moved, "answer.moved")?;
            Reply::Moved {
                holder: division(moved.holder, "moved.holder")?,
                version: version_in(moved.version, "moved.version")?,
            }
        }
        (_, Some(_)) => return Err(Malformed::Contradiction("answer.moved")),
        (v1::Reply::Granted, None) => Reply::Granted,
        (v1::Reply::Closed, None) => Reply::Closed,
        (v1::Reply::NotEntitled, None) => Reply::NotEntitled,
        (v1::Reply::Unknown, None) => Reply::Unknown,
        (v1::Reply::Moot, None) => Reply::Moot,
    };
    Ok(Answer {
        ask: ask_id_in(answer.ask)?,
        matter: id_in(answer.matter, "answer.matter")?,
        reply,
    })
}
