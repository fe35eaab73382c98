//! Matters and bodies.

use bytes::Bytes;
use domain::{
    category::{Category, Class, Platform, Priority, Visibility},
    clock::{ExtensionReason, PauseReason, Stage},
    custody::{MOST_MORE_STEPS, MOST_STEPS},
    ids::MatterId,
    matter::{
        Act, Appeal, Audience, Body, Channel, Contact, CustodyVersion, Detail, Erasure, Ground,
        Matter, Outcome, Place, Publicity, Reason, Satisfaction, Sort, Status, Step, Target,
        Version,
    },
    seal::{SealSuite, SealedBody},
    suite::Digest,
};
use prost::Message;
use proto::v1;

use super::{
    Malformed,
    attachment::{attachments_in, attachments_out},
    choice::Choice,
    clock::{clock_out, clocks_in},
    malformed::{
        COUNTED, array, check_length, division, division_or_none, moment, ordinal, required, suite,
        within,
    },
    request::{ask_id_in, ask_id_out, voice_in, voice_out},
};

/// Relays, and whoever takes or closes it, add their steps to a matter that is full.
pub(super) const MOST_STEPS_CARRIED: usize = MOST_STEPS + MOST_MORE_STEPS;

pub(super) fn digest_out(digest: &Digest) -> Bytes {
    Bytes::copy_from_slice(digest)
}

pub(super) const fn id_out(id: MatterId) -> v1::MatterId {
    v1::MatterId {
        origin: id.origin.as_u64(),
        epoch: id.epoch,
        number: id.number,
    }
}

pub(super) fn id_in(id: Option<v1::MatterId>, field: &'static str) -> Result<MatterId, Malformed> {
    let id = required(id, field)?;
    Ok(MatterId {
        origin: division(id.origin, "matter.origin")?,
        epoch: id.epoch,
        number: ordinal(id.number, "matter.number")?,
    })
}

pub(super) const fn version_out(version: Version) -> v1::Version {
    v1::Version {
        term: version.cv.term,
        n: version.cv.n,
        rev: version.rev,
    }
}

pub(super) fn version_in(
    version: Option<v1::Version>,
    field: &'static str,
) -> Result<Version, Malformed> {
    let version = required(version, field)?;
    Ok(Version {
        cv: CustodyVersion {
            term: within(version.term, COUNTED, "version.term")?,
            n: within(version.n, COUNTED, "version.n")?,
        },
        rev: within(version.rev, COUNTED, "version.rev")?,
    })
}

/// A step without what every step has: the act, and what it says about itself.
fn act_out(act: Act) -> v1::Step {
    let kind = match act {
        Act::Report => v1::Act::Report,
        Act::Accept => v1::Act::Accept,
        Act::Handle => v1::Act::Handle,
        Act::Escalate(_) => v1::Act::Escalate,
        Act::Assign(_) => v1::Act::Assign,
        Act::Return(_) => v1::Act::Return,
        Act::Yield(_) => v1::Act::Yield,
        Act::Relay(_) => v1::Act::Relay,
        Act::Take => v1::Act::Take,
        Act::TakeBack => v1::Act::TakeBack,
        Act::Close(_) => v1::Act::Close,
        Act::Dispatch(_) => v1::Act::Dispatch,
        Act::Feedback => v1::Act::Feedback,
        Act::Verify(_) => v1::Act::Verify,
        Act::Object(..) => v1::Act::Object,
        Act::Arbitrate(_) => v1::Act::Arbitrate,
        Act::Reopen(_) => v1::Act::Reopen,
        Act::Supervise(_) => v1::Act::Supervise,
        Act::Rate(_) => v1::Act::Rate,
        Act::Remark(_) => v1::Act::Remark,
        Act::Reply(_) => v1::Act::Reply,
        Act::Recategorise => v1::Act::Recategorise,
        Act::Prioritise(_) => v1::Act::Prioritise,
        Act::Absorb(_) => v1::Act::Absorb,
        Act::OpenPart(_) => v1::Act::OpenPart,
        Act::EndPart(..) => v1::Act::EndPart,
        Act::Erase(_) => v1::Act::Erase,
        Act::Pause(_) => v1::Act::Pause,
        Act::Resume => v1::Act::Resume,
        Act::Extend(..) => v1::Act::Extend,
        Act::Warn(_) => v1::Act::Warn,
        Act::Overdue(_) => v1::Act::Overdue,
    };
    let ended = match act {
        Act::Close(outcome) | Act::EndPart(_, outcome) => outcome_out(outcome),
        _ => (0, 0, None),
    };
    let to = act.bound_for().or(act.asked_by());
    v1::Step {
        act: kind.into(),
        to: to.map_or(0, |to| to.as_u64()),
        outcome: ended.0,
        reason: ended.1,
        other: ended.2,
        part: match act {
            Act::OpenPart(part) | Act::EndPart(part, _) | Act::Absorb(part) => Some(id_out(part)),
            _ => None,
        },
        target: match act {
            Act::Dispatch(target) => Some(target_out(target)),
            _ => None,
        },
        choice: match act {
            Act::Verify(true) => 1,
            Act::Verify(false) => 2,
            Act::Object(_, ground) => ground.number(),
            Act::Reopen(appeal) => appeal.number(),
            Act::Rate(satisfaction) => satisfaction.number(),
            Act::Remark(audience) => audience.number(),
            Act::Reply(publicity) => publicity.number(),
            Act::Prioritise(priority) => priority.number(),
            Act::Erase(erasure) => erasure.number(),
            Act::Pause(reason) => reason.number(),
            Act::Extend(stage, _) | Act::Warn(stage) | Act::Overdue(stage) => stage.number(),
            _ => 0,
        },
        why: match act {
            Act::Extend(_, reason) => reason.number(),
            _ => 0,
        },
        ..v1::Step::default()
    }
}

fn step_out(step: &Step) -> v1::Step {
    v1::Step {
        version: Some(version_out(step.version)),
        at: step.at.0,
        by: step.by.as_u64(),
        note: step.note.as_ref().map(digest_out),
        sort: step.sort.as_ref().map(|sort| v1::Sort {
            category: sort.category.as_str().to_owned(),
            priority: sort.priority.number(),
        }),
        ask: step.ask.map(ask_id_out),
        voice: step.voice.map(voice_out),
        ..act_out(step.act)
    }
}

fn target_out(target: Target) -> v1::Target {
    v1::Target {
        platform: target.platform.number(),
        department: target.department.map(String::from).unwrap_or_default(),
        officer: target.officer,
    }
}

fn target_in(target: Option<&v1::Target>) -> Result<Target, Malformed> {
    let target = required(target, "step.target")?;
    Ok(Target {
        platform: Platform::read(target.platform, "target.platform")?,
        department: match &*target.department {
            "" => None,
            code => {
                let code = code.parse();
                Some(code.map_err(|_| Malformed::Spelling("target.department"))?)
            }
        },
        officer: target.officer,
    })
}

/// Outcome, reason and the other matter, as they stand on the wire.
fn outcome_out(outcome: Outcome) -> (i32, i32, Option<v1::MatterId>) {
    let kind = match outcome {
        Outcome::Solved => v1::Outcome::Solved,
        Outcome::Unfounded => v1::Outcome::Unfounded,
        Outcome::Unsolvable => v1::Outcome::Unsolvable,
        Outcome::Rejected(_) => v1::Outcome::Rejected,
        Outcome::Withdrawn => v1::Outcome::Withdrawn,
        Outcome::Merged(_) => v1::Outcome::Merged,
    };
    let reason = match outcome {
        Outcome::Rejected(reason) => reason.number(),
        _ => 0,
    };
    let other = match outcome {
        Outcome::Merged(other) => Some(id_out(other)),
        _ => None,
    };
    (kind.into(), reason, other)
}

/// `None` if there is none.
fn outcome_in(
    outcome: i32,
    reason: i32,
    other: Option<v1::MatterId>,
) -> Result<Option<Outcome>, Malformed> {
    let field = "outcome";
    let unknown = |_| Malformed::Choice {
        field,
        number: outcome,
    };
    Ok(match v1::Outcome::try_from(outcome).map_err(unknown)? {
        v1::Outcome::Rejected if other.is_none() => {
            Some(Outcome::Rejected(Reason::read(reason, "outcome.reason")?))
        }
        v1::Outcome::Merged if reason == 0 => Some(Outcome::Merged(id_in(other, "outcome.other")?)),
        _ if reason != 0 || other.is_some() => return Err(Malformed::Contradiction(field)),
        v1::Outcome::Solved => Some(Outcome::Solved),
        v1::Outcome::Unfounded => Some(Outcome::Unfounded),
        v1::Outcome::Unsolvable => Some(Outcome::Unsolvable),
        v1::Outcome::Withdrawn => Some(Outcome::Withdrawn),
        _ => None,
    })
}

fn act_in(step: &v1::Step) -> Result<Act, Malformed> {
    let field = "step.act";
    let act = v1::Act::try_from(step.act).map_err(|_| Malformed::Choice {
        field,
        number: step.act,
    })?;
    let to = || division(step.to, "step.to");
    let part = || id_in(step.part, "step.part");
    let outcome = || {
        let outcome = outcome_in(step.outcome, step.reason, step.other)?;
        required(outcome, "step.outcome")
    };
    let (choice, about) = (step.choice, "step.choice");
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
        v1::Act::Close => Act::Close(outcome()?),
        v1::Act::Dispatch => Act::Dispatch(target_in(step.target.as_ref())?),
        v1::Act::Feedback => Act::Feedback,
        v1::Act::Verify => match choice {
            1 | 2 => Act::Verify(choice == 1),
            number => {
                return Err(Malformed::Choice {
                    field: about,
                    number,
                });
            }
        },
        v1::Act::Object => Act::Object(to()?, Ground::read(choice, about)?),
        v1::Act::Arbitrate => Act::Arbitrate(to()?),
        v1::Act::Reopen => Act::Reopen(Appeal::read(choice, about)?),
        v1::Act::Supervise => Act::Supervise(to()?),
        v1::Act::Rate => Act::Rate(Satisfaction::read(choice, about)?),
        v1::Act::Remark => Act::Remark(Audience::read(choice, about)?),
        v1::Act::Reply => Act::Reply(Publicity::read(choice, about)?),
        v1::Act::Recategorise => Act::Recategorise,
        v1::Act::Prioritise => Act::Prioritise(Priority::read(choice, about)?),
        v1::Act::Absorb => Act::Absorb(part()?),
        v1::Act::OpenPart => Act::OpenPart(part()?),
        v1::Act::EndPart => Act::EndPart(part()?, outcome()?),
        v1::Act::Erase => Act::Erase(Erasure::read(choice, about)?),
        v1::Act::Pause => Act::Pause(PauseReason::read(choice, about)?),
        v1::Act::Resume => Act::Resume,
        v1::Act::Extend => Act::Extend(
            Stage::read(choice, about)?,
            ExtensionReason::read(step.why, "step.why")?,
        ),
        v1::Act::Warn => Act::Warn(Stage::read(choice, about)?),
        v1::Act::Overdue => Act::Overdue(Stage::read(choice, about)?),
    };
    // What an act does not have, its step does not have.
    let says = |step: &v1::Step| {
        let ended = (step.outcome, step.reason, step.other);
        let said = (step.choice, step.why);
        (step.to, ended, step.part, step.target.clone(), said)
    };
    if says(&act_out(read)) == says(step) {
        Ok(read)
    } else {
        Err(Malformed::Contradiction("step"))
    }
}

fn step_in(step: &v1::Step) -> Result<Step, Malformed> {
    Ok(Step {
        version: version_in(step.version, "step.version")?,
        at: moment(step.at, "step.at")?,
        by: division(step.by, "step.by")?,
        act: act_in(step)?,
        sort: match &step.sort {
            Some(sort) => Some(Sort {
                category: category(&sort.category, "sort.category")?,
                priority: Priority::read(sort.priority, "sort.priority")?,
            }),
            None => None,
        },
        note: match &step.note {
            Some(note) => Some(array(note, "step.note")?),
            None => None,
        },
        ask: match step.ask {
            Some(ask) => Some(ask_id_in(Some(ask))?),
            None => None,
        },
        voice: match step.voice {
            Some(voice) => Some(voice_in(voice)?),
            None => None,
        },
    })
}

const fn status_out(status: Status) -> v1::Status {
    match status {
        Status::Reported => v1::Status::Reported,
        Status::Accepted => v1::Status::Accepted,
        Status::Dispatched => v1::Status::Dispatched,
        Status::Handling => v1::Status::Handling,
        Status::Answered => v1::Status::Answered,
        Status::Verified => v1::Status::Verified,
        Status::Closed(_) => v1::Status::Closed,
    }
}

fn status_in(status: i32, outcome: Option<Outcome>) -> Result<Status, Malformed> {
    let field = "matter.status";
    let unknown = |_| Malformed::Choice {
        field,
        number: status,
    };
    let read = match v1::Status::try_from(status).map_err(unknown)? {
        v1::Status::Unspecified => return Err(Malformed::Missing(field)),
        v1::Status::Reported => Status::Reported,
        v1::Status::Accepted => Status::Accepted,
        v1::Status::Dispatched => Status::Dispatched,
        v1::Status::Handling => Status::Handling,
        v1::Status::Answered => Status::Answered,
        v1::Status::Verified => Status::Verified,
        v1::Status::Closed => {
            return Ok(Status::Closed(required(outcome, "matter.outcome")?));
        }
    };
    match outcome {
        None => Ok(read),
        Some(_) => Err(Malformed::Contradiction("matter.outcome")),
    }
}

pub(super) fn matter_out(matter: &Matter) -> v1::Matter {
    let ended = match matter.status {
        Status::Closed(outcome) => outcome_out(outcome),
        _ => (0, 0, None),
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
        status: status_out(matter.status).into(),
        outcome: ended.0,
        reason: ended.1,
        other: ended.2,
        version: Some(version_out(matter.version)),
        holder: matter.holder.as_u64(),
        transit: matter.transit.map_or(0, |transit| transit.as_u64()),
        steps: matter.steps.iter().map(step_out).collect(),
        clocks: matter.clocks.iter().map(clock_out).collect(),
        contact: matter.contact.as_ref().map(digest_out),
        part_of: matter.part_of.map(id_out),
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
        clocks: clocks_in(matter.clocks)?,
        contact: match &matter.contact {
            Some(contact) => Some(array(contact, "matter.contact")?),
            None => None,
        },
        part_of: match matter.part_of {
            Some(bundle) => Some(id_in(Some(bundle), "matter.part_of")?),
            None => None,
        },
        status: status_in(
            matter.status,
            outcome_in(matter.outcome, matter.reason, matter.other)?,
        )?,
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
        attachments: attachments_out(&body.attachments),
        text: body.text,
        details: body
            .details
            .into_iter()
            .map(|Detail { name, text }| v1::Detail { name, text })
            .collect(),
        place: body.place.map(|place| v1::Place {
            latitude: place.latitude,
            longitude: place.longitude,
        }),
        contact: body.contact.map(|contact| v1::Contact {
            name: contact.name,
            phone: contact.phone,
            address: contact.address,
        }),
    }
}

/// A body as it is sealed.
pub fn encode_body(body: Body) -> Vec<u8> {
    body_out(body).encode_to_vec()
}

/// Reads a body that was sealed.
///
/// # Errors
/// [`Malformed`], as for one that travels open.
pub fn decode_body(bytes: &[u8]) -> Result<Body, Malformed> {
    body_in(v1::Body::decode(bytes)?)
}

pub(super) fn sealed_out(sealed: SealedBody) -> v1::SealedBody {
    v1::SealedBody {
        commitment: digest_out(&sealed.commitment),
        class: sealed.class.number(),
        suite: sealed.suite.id(),
        wrap: sealed.wrap,
        ciphertext: sealed.ciphertext,
    }
}

pub(super) fn sealed_in(sealed: v1::SealedBody) -> Result<SealedBody, Malformed> {
    let (wrap, ciphertext) = (sealed.wrap, sealed.ciphertext);
    check_length(wrap.len(), SealedBody::MOST_WRAP_BYTES, "sealed.wrap")?;
    check_length(
        ciphertext.len(),
        SealedBody::MOST_BYTES,
        "sealed.ciphertext",
    )?;
    Ok(SealedBody {
        commitment: array(&sealed.commitment, "sealed.commitment")?,
        class: Class::read(sealed.class, "sealed.class")?,
        suite: match sealed.suite {
            0 => return Err(Malformed::Missing("sealed.suite")),
            id => SealSuite::from_id(id).ok_or(Malformed::Suite(id))?,
        },
        wrap,
        ciphertext,
    })
}

fn details_in(details: Vec<v1::Detail>, text: usize) -> Result<Vec<Detail>, Malformed> {
    check_length(details.len(), Detail::MOST, "body.details")?;
    let details = details.into_iter().map(|v1::Detail { name, text }| {
        check_length(name.len(), Detail::MOST_NAME_BYTES, "detail.name")?;
        Ok(Detail { name, text })
    });
    let details: Vec<Detail> = details.collect::<Result<_, Malformed>>()?;
    let bytes: usize = details.iter().map(Detail::bytes).sum();
    check_length(text + bytes, Body::MOST_BYTES, "body.details")?;
    Ok(details)
}

pub(super) fn body_in(body: v1::Body) -> Result<Body, Malformed> {
    check_length(body.text.len(), Body::MOST_BYTES, "body.text")?;
    let place = body.place.map(|place| Place {
        latitude: place.latitude,
        longitude: place.longitude,
    });
    if place.is_some_and(|place| !place.is_on_earth()) {
        return Err(Malformed::Range("body.place"));
    }
    let contact = match body.contact {
        Some(contact) => {
            // Four bytes a character at most.
            check_length(contact.name.len(), 400, "contact.name")?;
            check_length(contact.phone.len(), 160, "contact.phone")?;
            check_length(contact.address.len(), 800, "contact.address")?;
            Some(Contact {
                name: contact.name,
                phone: contact.phone,
                address: contact.address,
            })
        }
        None => None,
    };
    Ok(Body {
        class: Class::read(body.class, "body.class")?,
        salt: array(&body.salt, "body.salt")?,
        attachments: attachments_in(body.attachments)?,
        details: details_in(body.details, body.text.len())?,
        text: body.text,
        place,
        contact,
    })
}
