//! Requests and answers.

use domain::{
    matter::{Audience, Satisfaction},
    request::{Answer, Ask, AskId, Reply, Voice, Wish},
};
use proto::v1;

use super::{
    Malformed,
    choice::Choice,
    malformed::{array, division, ordinal, required, suite},
    matter::{digest_out, id_in, id_out, version_in, version_out},
};

pub(super) const fn ask_id_out(id: AskId) -> v1::AskId {
    v1::AskId {
        by: id.by.as_u64(),
        epoch: id.epoch,
        number: id.number,
    }
}

pub(super) fn ask_id_in(id: Option<v1::AskId>) -> Result<AskId, Malformed> {
    let id = required(id, "ask.id")?;
    Ok(AskId {
        by: division(id.by, "ask.by")?,
        epoch: id.epoch,
        number: ordinal(id.number, "ask.number")?,
    })
}

pub(super) fn ask_out(ask: &Ask) -> v1::Ask {
    let wish = match ask.wish {
        Wish::Recall => v1::Wish::Unspecified,
        Wish::Contest => v1::Wish::Contest,
        Wish::Review => v1::Wish::Review,
        Wish::Withdraw => v1::Wish::Withdraw,
        Wish::Supervise => v1::Wish::Supervise,
        Wish::Rate(_) => v1::Wish::Rate,
        Wish::Remark(_) => v1::Wish::Remark,
        Wish::Merge(_) => v1::Wish::Merge,
    };
    v1::Ask {
        id: Some(ask_id_out(ask.id)),
        matter: Some(id_out(ask.matter)),
        seen: Some(version_out(ask.seen)),
        wish: wish.into(),
        choice: match ask.wish {
            Wish::Rate(satisfaction) => satisfaction.number(),
            Wish::Remark(audience) => audience.number(),
            _ => 0,
        },
        other: match ask.wish {
            Wish::Merge(other) => Some(id_out(other)),
            _ => None,
        },
        note: ask.note.as_ref().map(digest_out),
        suite: ask.suite.id(),
        voice: Some(voice_out(ask.voice)),
    }
}

pub(super) const fn voice_out(voice: Voice) -> v1::Voice {
    let (speaker, account) = match voice {
        Voice::Reporter => (v1::Speaker::Reporter, None),
        Voice::Official(account) => (v1::Speaker::Official, Some(account)),
        Voice::Program => (v1::Speaker::Program, None),
        Voice::Owner => (v1::Speaker::Owner, None),
    };
    v1::Voice {
        speaker: speaker as i32,
        account,
    }
}

pub(super) fn voice_in(voice: v1::Voice) -> Result<Voice, Malformed> {
    let field = "voice.speaker";
    let unknown = |_| Malformed::Choice {
        field,
        number: voice.speaker,
    };
    let speaker = v1::Speaker::try_from(voice.speaker).map_err(unknown)?;
    Ok(match (speaker, voice.account) {
        (v1::Speaker::Unspecified, _) => return Err(Malformed::Missing(field)),
        (v1::Speaker::Official, Some(account)) => Voice::Official(account),
        (v1::Speaker::Reporter, None) => Voice::Reporter,
        (v1::Speaker::Program, None) => Voice::Program,
        (v1::Speaker::Owner, None) => Voice::Owner,
        _ => return Err(Malformed::Contradiction(field)),
    })
}

fn wish_in(ask: &v1::Ask) -> Result<Wish, Malformed> {
    let field = "ask.wish";
    let unknown = |_| Malformed::Choice {
        field,
        number: ask.wish,
    };
    let (choice, about) = (ask.choice, "ask.choice");
    let wish = match v1::Wish::try_from(ask.wish).map_err(unknown)? {
        v1::Wish::Unspecified => Wish::Recall,
        v1::Wish::Contest => Wish::Contest,
        v1::Wish::Review => Wish::Review,
        v1::Wish::Withdraw => Wish::Withdraw,
        v1::Wish::Supervise => Wish::Supervise,
        v1::Wish::Rate => Wish::Rate(Satisfaction::read(choice, about)?),
        v1::Wish::Remark => Wish::Remark(Audience::read(choice, about)?),
        v1::Wish::Merge => Wish::Merge(id_in(ask.other, "ask.other")?),
    };
    let has_choice = matches!(wish, Wish::Rate(_) | Wish::Remark(_));
    let has_other = matches!(wish, Wish::Merge(_));
    if (choice != 0 && !has_choice) || (ask.other.is_some() && !has_other) {
        return Err(Malformed::Contradiction(field));
    }
    Ok(wish)
}

pub(super) fn ask_in(ask: v1::Ask) -> Result<Ask, Malformed> {
    Ok(Ask {
        wish: wish_in(&ask)?,
        id: ask_id_in(ask.id)?,
        matter: id_in(ask.matter, "ask.matter")?,
        seen: version_in(ask.seen, "ask.seen")?,
        note: match &ask.note {
            Some(note) => Some(array(note, "ask.note")?),
            None => None,
        },
        suite: suite(ask.suite, "ask.suite")?,
        voice: voice_in(required(ask.voice, "ask.voice")?)?,
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
        Reply::NotNow => (v1::Reply::NotNow, None),
        Reply::Late => (v1::Reply::Late, None),
        Reply::Refused => (v1::Reply::Refused, None),
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
        (v1::Reply::NotNow, None) => Reply::NotNow,
        (v1::Reply::Late, None) => Reply::Late,
        (v1::Reply::Refused, None) => Reply::Refused,
    };
    Ok(Answer {
        ask: ask_id_in(answer.ask)?,
        matter: id_in(answer.matter, "answer.matter")?,
        reply,
    })
}
