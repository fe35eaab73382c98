//! Requests and answers.

use domain::request::{
    Answer, Reply, Request, RequestId, RequestKind, RequestKindName, Voice, VoiceName,
};
use proto::v1;

use super::{
    Malformed, choice,
    malformed::{array, division, ordinal, required, suite},
    matter::{digest_out, id_in, id_out, version_in, version_out},
};

pub(super) const fn request_id_out(id: RequestId) -> v1::RequestId {
    v1::RequestId {
        by: id.by.as_u64(),
        epoch: id.epoch,
        number: id.number,
    }
}

pub(super) fn request_id_in(id: Option<v1::RequestId>) -> Result<RequestId, Malformed> {
    let id = required(id, "request.id")?;
    Ok(RequestId {
        by: division(id.by, "request.by")?,
        epoch: id.epoch,
        number: ordinal(id.number, "request.number")?,
    })
}

pub(super) fn request_out(request: &Request) -> v1::Request {
    v1::Request {
        id: Some(request_id_out(request.id)),
        matter: Some(id_out(request.matter)),
        seen: Some(version_out(request.seen)),
        kind: request.kind.name().number(),
        choice: match request.kind {
            RequestKind::Rate(satisfaction) => satisfaction.number(),
            RequestKind::Remark(audience) => audience.number(),
            _ => 0,
        },
        other: match request.kind {
            RequestKind::Merge(other) => Some(id_out(other)),
            _ => None,
        },
        note: request.note.as_ref().map(digest_out),
        suite: request.suite.id(),
        voice: Some(voice_out(request.voice)),
    }
}

pub(super) const fn voice_out(voice: Voice) -> v1::Voice {
    let account = match voice {
        Voice::Official(account) => Some(account),
        Voice::Reporter | Voice::Program | Voice::Owner => None,
    };
    v1::Voice {
        speaker: voice.name().number(),
        account,
    }
}

pub(super) fn voice_in(voice: v1::Voice) -> Result<Voice, Malformed> {
    let field = "voice.speaker";
    Ok(match (choice::read(voice.speaker, field)?, voice.account) {
        (VoiceName::Official, Some(account)) => Voice::Official(account),
        (VoiceName::Reporter, None) => Voice::Reporter,
        (VoiceName::Program, None) => Voice::Program,
        (VoiceName::Owner, None) => Voice::Owner,
        _ => return Err(Malformed::Contradiction(field)),
    })
}

fn kind_in(request: &v1::Request) -> Result<RequestKind, Malformed> {
    let field = "request.kind";
    let (number, about) = (request.choice, "request.choice");
    let kind = match choice::read(request.kind, field)? {
        RequestKindName::Recall => RequestKind::Recall,
        RequestKindName::Contest => RequestKind::Contest,
        RequestKindName::Review => RequestKind::Review,
        RequestKindName::Withdraw => RequestKind::Withdraw,
        RequestKindName::Supervise => RequestKind::Supervise,
        RequestKindName::Rate => RequestKind::Rate(choice::read(number, about)?),
        RequestKindName::Remark => RequestKind::Remark(choice::read(number, about)?),
        RequestKindName::Merge => RequestKind::Merge(id_in(request.other, "request.other")?),
    };
    let has_choice = matches!(kind, RequestKind::Rate(_) | RequestKind::Remark(_));
    let has_other = matches!(kind, RequestKind::Merge(_));
    if (number != 0 && !has_choice) || (request.other.is_some() && !has_other) {
        return Err(Malformed::Contradiction(field));
    }
    Ok(kind)
}

pub(super) fn request_in(request: v1::Request) -> Result<Request, Malformed> {
    Ok(Request {
        kind: kind_in(&request)?,
        id: request_id_in(request.id)?,
        matter: id_in(request.matter, "request.matter")?,
        seen: version_in(request.seen, "request.seen")?,
        note: match &request.note {
            Some(note) => Some(array(note, "request.note")?),
            None => None,
        },
        suite: suite(request.suite, "request.suite")?,
        voice: voice_in(required(request.voice, "request.voice")?)?,
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
        request: Some(request_id_out(answer.request)),
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
        request: request_id_in(answer.request)?,
        matter: id_in(answer.matter, "answer.matter")?,
        reply,
    })
}
