//! Asking the holder. Only the holder changes a matter; everybody else asks, follows pointers of
//! growing version, and is answered exactly once.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    custody::{Decision, Docket, Refusal, Standing, holder_to_ask, transfer},
    envelope::{Lane, Outgoing, Payload},
    ids::MatterId,
    matter::{Act, Version},
    time::Timestamp,
};

/// The name of a request: who asked, and its count in that node's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AskId {
    /// Who asked.
    pub by: DivisionCode,
    /// Short form of the asker's epoch.
    pub epoch: u32,
    /// Count within it; every attempt has its own.
    pub number: u64,
}

/// A request to hand a matter back to the division that sent it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ask {
    /// Its name.
    pub id: AskId,
    /// Which matter.
    pub matter: MatterId,
    /// The version the asker saw.
    pub seen: Version,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It is on its way back.
    Granted,
    /// Another division holds it, or will say.
    Moved {
        /// Whom to ask.
        holder: DivisionCode,
        /// The version at which that division took it or later.
        version: Version,
    },
    /// It is closed; there is nothing to hand back.
    Closed,
    /// The asker never sent it away.
    NotEntitled,
    /// The division asked knows nothing of it.
    Unknown,
    /// The pointers lead nowhere new, or the asker asked anew.
    Moot,
}

/// The answer to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The request it answers.
    pub ask: AskId,
    /// Which matter.
    pub matter: MatterId,
    /// What became of it.
    pub reply: Reply,
}

/// What hearing a request leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was answered before; say nothing more.
    Repeated,
    /// It waits until the transfer under way is settled.
    Parked(Docket),
    /// An answer, and nothing else changes but that it was given.
    Answered(Option<Docket>, Answer),
    /// The matter goes back.
    Granted(Box<Decision>, Answer),
}

/// Decides on a request that names this division. A repeated one gets no second answer, unless this
/// node never had the matter.
pub fn hear_ask(
    docket: Option<&Docket>,
    ask: Ask,
    me: DivisionCode,
    now: Timestamp,
    tree: &topology::Tree,
) -> Heard {
    let answer = |reply| Answer {
        ask: ask.id,
        matter: ask.matter,
        reply,
    };
    let Some(docket) = docket else {
        return Heard::Answered(None, answer(Reply::Unknown));
    };
    if docket.answered.contains(&ask.id) {
        return Heard::Repeated;
    }
    let mut docket = docket.clone();
    match docket.standing {
        Standing::Giving { .. } => {
            let same_asker = |parked: &&mut Ask| parked.id.by == ask.id.by;
            let older = match docket.parked.iter_mut().find(same_asker) {
                Some(parked) if parked.id == ask.id => return Heard::Parked(docket),
                // Of one asker the latest waits, so that nobody fills this node with requests.
                Some(parked) if parked.id < ask.id => std::mem::replace(parked, ask),
                Some(_) => ask,
                None => {
                    docket.parked.push(ask);
                    return Heard::Parked(docket);
                }
            };
            docket.remember_answered(older.id);
            let answer = Answer {
                ask: older.id,
                matter: older.matter,
                reply: Reply::Moot,
            };
            return Heard::Answered(Some(docket), answer);
        }
        Standing::Elsewhere => {
            docket.remember_answered(ask.id);
            let (holder, version) = holder_to_ask(&docket, me);
            let answer = answer(Reply::Moved { holder, version });
            return Heard::Answered(Some(docket), answer);
        }
        Standing::Holding => docket.remember_answered(ask.id),
    }
    let reply = match () {
        () if docket.matter.is_closed() => Reply::Closed,
        () => match transfer(docket.clone(), Act::Yield(ask.id.by), None, me, now, tree) {
            Ok(decision) => {
                return Heard::Granted(Box::new(decision), answer(Reply::Granted));
            }
            Err(_) => Reply::NotEntitled,
        },
    };
    Heard::Answered(Some(docket), answer(reply))
}

/// What the asker does with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing was outstanding under that name.
    Ignore,
    /// The request is over.
    Done(Reply),
    /// Ask this division, having seen this version.
    Again(DivisionCode, Version),
}

/// Decides what follows from an answer to the outstanding request `asked`.
pub fn hear_answer(asked: Option<&Ask>, answer: &Answer, me: DivisionCode) -> Next {
    let Some(asked) = asked.filter(|asked| asked.id == answer.ask) else {
        return Next::Ignore;
    };
    match answer.reply {
        Reply::Moved { holder, version } if version > asked.seen && holder != me => {
            Next::Again(holder, version)
        }
        Reply::Moved { .. } => Next::Done(Reply::Moot),
        reply => Next::Done(reply),
    }
}

/// Asks the holder to hand back what this node sent away, under the name `id`.
///
/// # Errors
/// A [`Refusal`] if it is here, on its way, closed, was never sent from here, or was asked for already.
pub fn recall(docket: &Docket, id: AskId, me: DivisionCode) -> Result<Decision, Refusal> {
    match docket.standing {
        Standing::Holding => return Err(Refusal::HeldHere),
        Standing::Giving { to, .. } => return Err(Refusal::InTransit(to)),
        Standing::Elsewhere if docket.matter.is_closed() => return Err(Refusal::Closed),
        Standing::Elsewhere if !docket.matter.was_sent_by(me) => return Err(Refusal::NeverSent),
        Standing::Elsewhere if docket.asked.is_some() => return Err(Refusal::AskedAlready),
        Standing::Elsewhere => {}
    }
    let (to, seen) = holder_to_ask(docket, me);
    Ok(ask(docket.clone(), id, to, seen))
}

/// Takes an answer: ends the request, or asks the division it points to under the name `again`.
/// `None` if nothing was outstanding under the name answered.
pub fn take_answer(
    docket: &Docket,
    answer: &Answer,
    again: AskId,
    me: DivisionCode,
) -> Option<(Decision, Next)> {
    let next = hear_answer(docket.asked.as_ref(), answer, me);
    let docket = docket.clone();
    let decision = match next {
        Next::Ignore => return None,
        Next::Done(_) => Decision {
            docket: Docket {
                asked: None,
                ..docket
            },
            sends: vec![],
            facts: vec![],
        },
        Next::Again(to, seen) => ask(docket, again, to, seen),
    };
    Some((decision, next))
}

fn ask(mut docket: Docket, id: AskId, to: DivisionCode, seen: Version) -> Decision {
    let ask = Ask {
        id,
        matter: docket.matter.id,
        seen,
    };
    docket.asked = Some(ask);
    Decision {
        docket,
        sends: vec![Outgoing {
            to,
            lane: Lane::Notice,
            payload: Payload::Ask(ask),
        }],
        facts: vec![],
    }
}
