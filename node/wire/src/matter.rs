//! Matters and bodies.

use bytes::Bytes;
use domain::{
    category::Category,
    custody::{MOST_MORE_STEPS, MOST_STEPS},
    ids::MatterId,
    matter::{
        Act, ActName, Body, Contact, CustodyVersion, Detail, Matter, Outcome, OutcomeName, Place,
        Sort, Status, StatusName, Step, Target, Version,
    },
    seal::{SealSuite, SealedBody},
    suite::{Digest, Suite},
};
use prost::Message;
use proto::v1;

use super::{
    Malformed,
    attachment::{attachments_in, attachments_out},
    choice,
    clock::{clock_out, clocks_in},
    malformed::{
        COUNTED, array, check_length, division, division_or_none, moment, ordinal, required, suite,
        within,
    },
    request::{request_id_in, request_id_out, voice_in, voice_out},
};

/// Most steps on the wire: relays, and the division that takes or closes a matter, add their steps
/// even to a full one.
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

/// Encodes the act and its fields as a step without the fields common to all steps.
fn act_out(act: Act) -> v1::Step {
    let ended = match act {
        Act::Close(outcome) | Act::EndPart(_, outcome) => outcome_out(outcome),
        _ => (0, 0, None),
    };
    let to = act.bound_for().or(act.asked_by());
    v1::Step {
        act: act.name().number(),
        to: to.map_or(0, |to| to.as_u64()),
        outcome: ended.0,
        reason: ended.1,
        other: ended.2,
        part: match act {
            Act::OpenPart(part) | Act::EndPart(part, _) | Act::Absorb(part) | Act::Join(part) => {
                Some(id_out(part))
            }
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
        request: step.request.map(request_id_out),
        voice: step.voice.map(voice_out),
        ..act_out(step.act)
    }
}

/// Returns the digest of a matter's number and its first `count` steps, in the matter's suite. A leaf of a public log
/// commits to it.
///
/// Digested are the tag `wujitong/history/1`, the 20 bytes of the number, and each step as it is on the wire after its
/// length as u32, big-endian.
pub fn history_digest(matter: &Matter, count: usize) -> Digest {
    digest_of_history(matter.suite, &matter.id, &encode_steps(matter, count))
}

/// Returns the first `count` steps of a matter as they are on the wire.
pub fn encode_steps(matter: &Matter, count: usize) -> Vec<Bytes> {
    let steps = matter.steps.iter().take(count);
    let bytes = |step| step_out(step).encode_to_vec().into();
    steps.map(bytes).collect()
}

/// Reads a step as it is on the wire.
///
/// # Errors
/// [`Malformed`].
pub fn decode_step(bytes: &[u8]) -> Result<Step, Malformed> {
    step_in(&v1::Step::decode(bytes)?)
}

/// Returns [`history_digest`] of a matter of which only the number and the first steps are known.
pub fn digest_of_history(suite: Suite, id: &MatterId, steps: &[Bytes]) -> Digest {
    let mut digesting = suite.digesting();
    digesting.update(b"wujitong/history/1");
    digesting.update(&id.to_bytes());
    for step in steps {
        let length = u32::try_from(step.len()).expect("a step is short");
        digesting.update(&length.to_be_bytes());
        digesting.update(step);
    }
    digesting.finish()
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
        platform: choice::read(target.platform, "target.platform")?,
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

/// Encodes an outcome as outcome, reason and other matter.
fn outcome_out(outcome: Outcome) -> (i32, i32, Option<v1::MatterId>) {
    let reason = match outcome {
        Outcome::Rejected(reason) => reason.number(),
        _ => 0,
    };
    let other = match outcome {
        Outcome::Merged(other) => Some(id_out(other)),
        _ => None,
    };
    (outcome.name().number(), reason, other)
}

/// Decodes an outcome; `None` if there is none.
fn outcome_in(
    outcome: i32,
    reason: i32,
    other: Option<v1::MatterId>,
) -> Result<Option<Outcome>, Malformed> {
    let field = "outcome";
    let name = match outcome {
        0 => None,
        number => Some(choice::read(number, field)?),
    };
    Ok(match name {
        Some(OutcomeName::Rejected) if other.is_none() => {
            Some(Outcome::Rejected(choice::read(reason, "outcome.reason")?))
        }
        Some(OutcomeName::Merged) if reason == 0 => {
            Some(Outcome::Merged(id_in(other, "outcome.other")?))
        }
        _ if reason != 0 || other.is_some() => return Err(Malformed::Contradiction(field)),
        Some(OutcomeName::Solved) => Some(Outcome::Solved),
        Some(OutcomeName::Unfounded) => Some(Outcome::Unfounded),
        Some(OutcomeName::Unsolvable) => Some(Outcome::Unsolvable),
        Some(OutcomeName::Withdrawn) => Some(Outcome::Withdrawn),
        _ => None,
    })
}

fn act_in(step: &v1::Step) -> Result<Act, Malformed> {
    let to = || division(step.to, "step.to");
    let part = || id_in(step.part, "step.part");
    let outcome = || {
        let outcome = outcome_in(step.outcome, step.reason, step.other)?;
        required(outcome, "step.outcome")
    };
    let (number, about) = (step.choice, "step.choice");
    let read = match choice::read(step.act, "step.act")? {
        ActName::Report => Act::Report,
        ActName::Accept => Act::Accept,
        ActName::Handle => Act::Handle,
        ActName::Escalate => Act::Escalate(to()?),
        ActName::Assign => Act::Assign(to()?),
        ActName::Return => Act::Return(to()?),
        ActName::Yield => Act::Yield(to()?),
        ActName::Relay => Act::Relay(to()?),
        ActName::Take => Act::Take,
        ActName::TakeBack => Act::TakeBack,
        ActName::Close => Act::Close(outcome()?),
        ActName::Dispatch => Act::Dispatch(target_in(step.target.as_ref())?),
        ActName::Feedback => Act::Feedback,
        ActName::Visit => Act::Visit,
        ActName::Verify => match number {
            1 | 2 => Act::Verify(number == 1),
            number => {
                return Err(Malformed::Choice {
                    field: about,
                    number,
                });
            }
        },
        ActName::Object => Act::Object(to()?, choice::read(number, about)?),
        ActName::Arbitrate => Act::Arbitrate(to()?),
        ActName::Reopen => Act::Reopen(choice::read(number, about)?),
        ActName::Supervise => Act::Supervise(to()?),
        ActName::Rate => Act::Rate(choice::read(number, about)?),
        ActName::Remark => Act::Remark(choice::read(number, about)?),
        ActName::Reply => Act::Reply(choice::read(number, about)?),
        ActName::Recategorise => Act::Recategorise,
        ActName::Prioritise => Act::Prioritise(choice::read(number, about)?),
        ActName::Absorb => Act::Absorb(part()?),
        ActName::OpenPart => Act::OpenPart(part()?),
        ActName::Join => Act::Join(part()?),
        ActName::EndPart => Act::EndPart(part()?, outcome()?),
        ActName::Erase => Act::Erase(choice::read(number, about)?),
        ActName::Pause => Act::Pause(choice::read(number, about)?),
        ActName::Resume => Act::Resume,
        ActName::Extend => Act::Extend(
            choice::read(number, about)?,
            choice::read(step.why, "step.why")?,
        ),
        ActName::Warn => Act::Warn(choice::read(number, about)?),
        ActName::Overdue => Act::Overdue(choice::read(number, about)?),
    };
    // A step may only have the fields of its act.
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
                priority: choice::read(sort.priority, "sort.priority")?,
            }),
            None => None,
        },
        note: match &step.note {
            Some(note) => Some(array(note, "step.note")?),
            None => None,
        },
        request: match step.request {
            Some(request) => Some(request_id_in(Some(request))?),
            None => None,
        },
        voice: match step.voice {
            Some(voice) => Some(voice_in(voice)?),
            None => None,
        },
    })
}

fn status_in(status: i32, outcome: Option<Outcome>) -> Result<Status, Malformed> {
    let read = match choice::read(status, "matter.status")? {
        StatusName::Reported => Status::Reported,
        StatusName::Accepted => Status::Accepted,
        StatusName::Dispatched => Status::Dispatched,
        StatusName::Handling => Status::Handling,
        StatusName::Answered => Status::Answered,
        StatusName::Verified => Status::Verified,
        StatusName::Closed => {
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
        status: matter.status.name().number(),
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
        channel: choice::read(matter.channel, "matter.channel")?,
        category: category(&matter.category, "matter.category")?,
        priority: choice::read(matter.priority, "matter.priority")?,
        visibility: choice::read(matter.visibility, "matter.visibility")?,
        class: choice::read(matter.class, "matter.class")?,
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

/// Encodes a body for sealing.
pub fn encode_body(body: Body) -> Vec<u8> {
    body_out(body).encode_to_vec()
}

/// Decodes a body that was sealed.
///
/// # Errors
/// [`Malformed`], with the same checks as for an unsealed one.
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
        class: choice::read(sealed.class, "sealed.class")?,
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
            // Each character has at most four bytes.
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
        class: choice::read(body.class, "body.class")?,
        salt: array(&body.salt, "body.salt")?,
        attachments: attachments_in(body.attachments)?,
        details: details_in(body.details, body.text.len())?,
        text: body.text,
        place,
        contact,
    })
}
