//! Requests to the holder. Only the holder changes a matter. Everybody else sends it requests,
//! follows pointers of growing version, and gets exactly one answer to each.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    custody::{
        Context, CustodyLimits, Decision, Docket, Refusal, Standing, act, check_seen,
        holder_to_ask, transfer,
    },
    envelope::{Lane, Outgoing, Payload},
    ids::MatterId,
    matter::{Act, Appeal, Audience, Matter, Outcome, Satisfaction, Version},
    suite::{Digest, Suite},
    time::Timestamp,
};

/// Id of a request: who asked, and a count within that node's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AskId {
    /// The division that asks.
    pub by: DivisionCode,
    /// Number the asker drew at random when its process started or its epoch began.
    pub epoch: u32,
    /// Count within that number; every attempt has its own.
    pub number: u64,
}

/// The act that the holder is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wish {
    /// Hand it back to the division that sent it away.
    Recall,
    /// Open it again: the reporter says that it is not solved.
    Contest,
    /// 复查, 复核: have it decided anew, one tier up.
    Review,
    /// Close it: the reporter takes it back.
    Withdraw,
    /// 督办: note that a division above wants it done.
    Supervise,
    /// 回访: note what the reporter thinks of the outcome.
    Rate(Satisfaction),
    /// Add a comment.
    Remark(Audience),
    /// Close it as a duplicate of another matter, which a division above considers it to be.
    Merge(MatterId),
}

impl Wish {
    /// Returns whether a division above the holder may ask for it without ever having had the
    /// matter.
    pub const fn is_for_those_above(self) -> bool {
        matches!(self, Self::Supervise | Self::Remark(_) | Self::Merge(_))
    }

    /// Returns whether the reporter of a merged matter may ask for it on the matter that absorbed
    /// theirs.
    pub const fn follows_merging(self) -> bool {
        matches!(
            self,
            Self::Contest | Self::Review | Self::Rate(_) | Self::Remark(_)
        )
    }

    /// Returns whether several of one division may wait for an answer.
    const fn may_repeat(self) -> bool {
        matches!(self, Self::Remark(_))
    }
}

/// Who speaks in a request, at the division that asks. Whoever speaks for the reporter is named by the
/// number of their account; names of people do not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    /// The reporter, by their token or the account they reported it with.
    Reporter,
    /// An official of that division, by the number of their account.
    Official(u64),
    /// A program with a key of that division.
    Program,
    /// The owner of a node that has no accounts.
    Owner,
}

/// A request to the holder of a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ask {
    /// Its id.
    pub id: AskId,
    /// The matter it is about.
    pub matter: MatterId,
    /// The version of the matter that the asker saw.
    pub seen: Version,
    /// What is asked.
    pub wish: Wish,
    /// Commitment of the asker's words, a body of class `public` that travels beside the request.
    pub note: Option<Digest>,
    /// Algorithms of that commitment.
    pub suite: Suite,
    /// Who speaks at the division that asks.
    pub voice: Voice,
}

/// A request under way, and the division it was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Asked {
    /// The request.
    pub ask: Ask,
    /// The division that has to answer it.
    pub to: DivisionCode,
}

impl Asked {
    /// Returns whether `from` may give this reply. The division that was asked may give any; a
    /// division on the way to it may only say that it, or the next one, refused the request.
    fn hears(&self, from: DivisionCode, reply: Reply, context: Context<'_>) -> bool {
        let on_the_way = || context.tree.path(context.me, self.to).contains(&from);
        from == self.to || reply == Reply::Refused && on_the_way()
    }
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done, or the matter is on its way back.
    Granted,
    /// Another division holds the matter, or can say who does.
    Moved {
        /// The division to ask.
        holder: DivisionCode,
        /// The version at which that division took it, or a later one.
        version: Version,
    },
    /// The matter is closed, so there is nothing to hand back.
    Closed,
    /// The asker may not ask for this.
    NotEntitled,
    /// The division asked does not know the matter.
    Unknown,
    /// The pointers lead nowhere new, or a newer request of the asker took its place.
    Moot,
    /// The state of the matter does not allow it.
    NotNow,
    /// The time for it is over, or it was asked for too often.
    Late,
    /// A node on the way refused to carry it, or the division asked refused to hear it.
    Refused,
}

/// The answer to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The request it answers.
    pub ask: AskId,
    /// The matter it is about.
    pub matter: MatterId,
    /// The outcome of the request.
    pub reply: Reply,
}

/// The result of hearing a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The request was answered before; no further answer is sent.
    Repeated,
    /// The request waits until the transfer under way is settled.
    Parked(Docket),
    /// The answer is sent; nothing else changes but that the docket, if there is one, remembers it.
    Answered(Option<Docket>, Answer),
    /// The matter changes as was asked, and the answer is sent.
    Granted(Box<Decision>, Answer),
}

/// Decides on a request sent to this division. A repeated request gets no second answer, unless
/// this node never had the matter.
pub fn hear_ask(docket: Option<&Docket>, ask: Ask, context: Context<'_>) -> Heard {
    let Context { me, .. } = context;
    let answer = |reply| Answer {
        ask: ask.id,
        matter: ask.matter,
        reply,
    };
    let Some(docket) = docket else {
        return Heard::Answered(None, answer(Reply::Unknown));
    };
    if docket.answered.contains(&ask.id) || docket.matter.follows(ask.id) {
        return Heard::Repeated;
    }
    let mut docket = docket.clone();
    match docket.standing {
        // Park no merge: the matter that is to absorb this one is held here now, but may not be
        // later.
        Standing::Giving { .. } if matches!(ask.wish, Wish::Merge(_)) => {
            docket.remember_answered(ask.id);
            return Heard::Answered(Some(docket), answer(Reply::NotNow));
        }
        Standing::Giving { .. } => return park(docket, ask),
        Standing::Elsewhere => {
            docket.remember_answered(ask.id);
            let (holder, version) = holder_to_ask(&docket, me);
            let answer = answer(Reply::Moved { holder, version });
            return Heard::Answered(Some(docket), answer);
        }
        Standing::Holding if docket.awaits => return park(docket, ask),
        Standing::Holding => docket.remember_answered(ask.id),
    }
    match grant(docket.clone(), ask, context) {
        Ok(decision) => Heard::Granted(Box::new(decision), answer(Reply::Granted)),
        Err(refusal) => Heard::Answered(Some(docket), answer(Reply::from(refusal))),
    }
}

/// Keeps a request until the transfer under way is settled. Of each asker only the latest request
/// of each kind waits, so that nobody fills this node with requests.
fn park(mut docket: Docket, ask: Ask) -> Heard {
    let same = |parked: &&mut Ask| {
        parked.id.by == ask.id.by
            && parked.wish == ask.wish
            && (!ask.wish.may_repeat() || parked.id == ask.id)
    };
    let full = docket.parked.len() >= MOST_PARKED;
    let older = match docket.parked.iter_mut().find(same) {
        Some(parked) if parked.id == ask.id => return Heard::Parked(docket),
        Some(parked) if parked.id < ask.id => std::mem::replace(parked, ask),
        Some(_) => ask,
        None if full => ask,
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
    Heard::Answered(Some(docket), answer)
}

/// Most requests that wait for one transfer.
const MOST_PARKED: usize = 32;

/// Does what was asked of a matter held here, if the asker is entitled to it.
fn grant(docket: Docket, ask: Ask, context: Context<'_>) -> Result<Decision, Refusal> {
    let Context {
        me,
        now,
        tree,
        terms,
        ..
    } = context;
    let asker = ask.id.by;
    let matter = &docket.matter;
    let is_origins = asker == matter.id.origin;
    let is_reporters = is_origins || matter.reporters().contains(&asker);
    let is_above = tree.contains(asker, me);
    let took_part = matter.steps.iter().any(|step| step.by == asker);
    let entitled = match ask.wish {
        Wish::Recall => true,
        Wish::Contest | Wish::Review | Wish::Rate(_) => is_reporters,
        Wish::Withdraw => is_origins,
        Wish::Supervise | Wish::Merge(_) => is_above,
        Wish::Remark(_) => is_reporters || is_above || took_part,
    };
    if !entitled {
        return Err(Refusal::NotEntitled);
    }
    let by_request = |docket, wished| act(docket, wished, ask.note, Some(&ask), context);
    match ask.wish {
        Wish::Recall if matter.is_closed() => Err(Refusal::Closed),
        Wish::Recall => {
            transfer(docket, Act::Yield(asker), None, context).map_err(|_| Refusal::NotEntitled)
        }
        Wish::Contest => {
            check_contest(matter, now, terms)?;
            by_request(docket, Act::Reopen(Appeal::Contest))
        }
        Wish::Review => {
            if matter.is_in_last_review() {
                return Err(Refusal::Final);
            }
            let above = tree.parent(me).ok_or(Refusal::NobodyToArbitrate)?;
            let opened = by_request(docket, Act::Reopen(Appeal::Review))?;
            let mut given = transfer(opened.docket, Act::Escalate(above), None, context)?;
            given.facts.splice(0..0, opened.facts);
            Ok(given)
        }
        Wish::Withdraw if matter.absorbed().next().is_some() => Err(Refusal::OthersReported),
        Wish::Withdraw => by_request(docket, Act::Close(Outcome::Withdrawn)),
        Wish::Supervise => by_request(docket, Act::Supervise(asker)),
        Wish::Rate(satisfaction) => by_request(docket, Act::Rate(satisfaction)),
        Wish::Remark(audience) => by_request(docket, Act::Remark(audience)),
        Wish::Merge(into) => by_request(docket, Act::Close(Outcome::Merged(into))),
    }
}

fn check_contest(matter: &Matter, now: Timestamp, terms: CustodyLimits) -> Result<(), Refusal> {
    let closed = matter.closed_at().ok_or(Refusal::NotNow)?;
    let window = u64::from(terms.contest_days) * 24 * 3_600_000;
    let contests = matter.appeals(Appeal::Contest);
    match () {
        () if matter.is_in_last_review() => Err(Refusal::Final),
        () if now.since(closed) > window => Err(Refusal::TooLate(terms.contest_days)),
        () if contests >= terms.contests as usize => Err(Refusal::ContestedEnough(terms.contests)),
        () => Ok(()),
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::Closed,
            Refusal::NotEntitled => Self::NotEntitled,
            Refusal::TooLate(_) | Refusal::ContestedEnough(_) | Refusal::Final => Self::Late,
            _ => Self::NotNow,
        }
    }
}

/// The asker's next move after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing; no request was outstanding under that id.
    Ignore,
    /// The request is over, with this reply.
    Done(Reply),
    /// Ask this division, with this version as the one seen.
    Again(DivisionCode, Version),
}

/// Decides what follows from the answer of `from` to the outstanding request `asked`.
pub fn hear_answer(
    asked: Option<&Asked>,
    from: DivisionCode,
    answer: &Answer,
    context: Context<'_>,
) -> Next {
    let outstanding =
        |asked: &&Asked| asked.ask.id == answer.ask && asked.hears(from, answer.reply, context);
    let Some(Asked { ask, .. }) = asked.filter(outstanding) else {
        return Next::Ignore;
    };
    match answer.reply {
        Reply::Moved { holder, version } if version > ask.seen && holder != context.me => {
            Next::Again(holder, version)
        }
        Reply::Moved { .. } => Next::Done(Reply::Moot),
        reply => Next::Done(reply),
    }
}

/// Asks for something under the id `ask.id`. Does it if the matter is held here; else asks the
/// holder, or waits until a transfer under way is settled.
///
/// # Errors
/// A [`Refusal`] if it is already known that it cannot be done.
pub fn wish(docket: &Docket, ask: Ask, context: Context<'_>) -> Result<Decision, Refusal> {
    let Context { me, .. } = context;
    let recall = ask.wish == Wish::Recall;
    match docket.standing {
        Standing::Holding if recall => return Err(Refusal::HeldHere),
        Standing::Holding => return grant(docket.clone(), ask, context),
        Standing::Giving { to, .. } if recall || matches!(ask.wish, Wish::Merge(_)) => {
            return Err(Refusal::InTransit(to));
        }
        Standing::Elsewhere if recall => check_seen(docket, me)?,
        Standing::Giving { .. } | Standing::Elsewhere => {}
    }
    let mut outstanding = docket.outstanding();
    if outstanding.any(|asked| asked.wish == ask.wish && !ask.wish.may_repeat()) {
        return Err(Refusal::AskedAlready);
    }
    let waiting = docket.asked.len() + docket.wishes.len();
    if waiting >= MOST_ASKED {
        return Err(Refusal::TooManyAsked(waiting));
    }
    let mut decision = Decision::of(docket.clone());
    match docket.standing {
        Standing::Elsewhere => ask_holder(&mut decision, ask, me),
        _ => decision.docket.wishes.push(ask),
    }
    Ok(decision)
}

/// Most requests of one division about one matter that may wait for an answer.
const MOST_ASKED: usize = 16;

/// Most replies to its own requests that a division remembers.
const MOST_REPLIES: usize = 16;

/// Sends a request to the holder, as far as the docket knows who holds the matter.
fn ask_holder(decision: &mut Decision, ask: Ask, me: DivisionCode) {
    let (to, seen) = holder_to_ask(&decision.docket, me);
    let ask = Ask { seen, ..ask };
    decision.docket.asked.push(Asked { ask, to });
    decision.sends.push(sent(ask, to));
}

/// Builds the outgoing notice for a request.
pub const fn sent(ask: Ask, to: DivisionCode) -> Outgoing {
    Outgoing {
        to,
        lane: Lane::Notice,
        payload: Payload::Ask(ask),
    }
}

/// Handles this division's own wishes once a transfer is settled: asks whoever took the matter, or
/// does them if the matter stayed.
pub(super) fn wishes_after_transfer(decision: &mut Decision, context: Context<'_>) {
    let Context { me, .. } = context;
    for ask in std::mem::take(&mut decision.docket.wishes) {
        match decision.docket.standing {
            Standing::Giving { .. } => decision.docket.wishes.push(ask),
            Standing::Elsewhere => ask_holder(decision, ask, me),
            Standing::Holding => {
                let reply = match ask.wish {
                    Wish::Recall => Reply::Granted,
                    _ => match grant(decision.docket.clone(), ask, context) {
                        Ok(granted) => {
                            decision.docket = granted.docket;
                            decision.sends.extend(granted.sends);
                            decision.facts.extend(granted.facts);
                            Reply::Granted
                        }
                        Err(refusal) => Reply::from(refusal),
                    },
                };
                remember_reply(&mut decision.docket, ask.wish, reply);
            }
        }
    }
}

fn remember_reply(docket: &mut Docket, wish: Wish, reply: Reply) {
    if docket.replies.len() >= MOST_REPLIES {
        docket.replies.remove(0);
    }
    docket.replies.push((wish, reply));
}

/// Takes an answer: ends the request, or asks the division it points to under the id `again`.
/// Returns `None` if no request was outstanding under the id answered, or `from` was not asked.
pub fn take_answer(
    docket: &Docket,
    from: DivisionCode,
    answer: &Answer,
    again: AskId,
    context: Context<'_>,
) -> Option<(Decision, Next)> {
    let mut asked = docket.asked.iter();
    let at = asked.position(|asked| asked.ask.id == answer.ask)?;
    let next = hear_answer(docket.asked.get(at), from, answer, context);
    let mut decision = Decision::of(docket.clone());
    match next {
        Next::Ignore => return None,
        Next::Done(reply) => {
            let asked = decision.docket.asked.remove(at);
            remember_reply(&mut decision.docket, asked.ask.wish, reply);
        }
        Next::Again(to, seen) => {
            let Asked { ask, .. } = decision.docket.asked[at];
            let id = again;
            let ask = Ask { id, seen, ..ask };
            decision.docket.asked[at] = Asked { ask, to };
            decision.sends.push(sent(ask, to));
        }
    }
    Some((decision, next))
}

/// Builds the answer of a node whose neighbour refused a request that it carried.
pub const fn not_carried(ask: &Ask) -> Answer {
    Answer {
        ask: ask.id,
        matter: ask.matter,
        reply: Reply::Refused,
    }
}
