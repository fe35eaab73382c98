//! Heads of public logs, and what is said of them.

use bytes::Bytes;
use domain::heads::{
    HeadAnswer, MOST_KEY_BYTES, MOST_NOTE_BYTES, MOST_PROOF_HASHES, Rewritten, SaidHead, Since,
    TimedSignature, Verdict, WITNESSES,
};
use proto::v1;

use super::{
    Malformed,
    malformed::{array, check_length, division, ordinal},
};

pub(super) fn head_out(head: &SaidHead) -> v1::Head {
    v1::Head {
        log: Bytes::copy_from_slice(&head.log),
        key: head.key.clone(),
        note: head.note.clone(),
        since: head.since.iter().map(since_out).collect(),
    }
}

pub(super) fn head_in(head: v1::Head) -> Result<SaidHead, Malformed> {
    if head.since.len() > WITNESSES {
        return Err(Malformed::TooMany {
            field: "head.since",
            most: WITNESSES,
        });
    }
    Ok(SaidHead {
        log: array(&head.log, "head.log")?,
        key: key_in(head.key, "head.key")?,
        note: note_in(head.note, "head.note")?,
        since: head
            .since
            .into_iter()
            .map(since_in)
            .collect::<Result<_, _>>()?,
    })
}

fn since_out(since: &Since) -> v1::Since {
    v1::Since {
        witness: since.witness.as_u64(),
        size: since.size,
        root: Bytes::copy_from_slice(&since.root),
        proof: since.proof.concat().into(),
        time: since.own.map_or(0, |own| own.time),
        signature: since
            .own
            .map_or_else(Bytes::new, |own| Bytes::copy_from_slice(&own.signature)),
    }
}

fn since_in(since: v1::Since) -> Result<Since, Malformed> {
    let (hashes, rest) = since.proof.as_chunks::<32>();
    if hashes.len() > MOST_PROOF_HASHES {
        return Err(Malformed::TooMany {
            field: "since.proof",
            most: MOST_PROOF_HASHES,
        });
    }
    if !rest.is_empty() {
        return Err(Malformed::Contradiction("since.proof"));
    }
    let own = match (since.time, since.signature.is_empty()) {
        (0, true) => None,
        (0, false) => return Err(Malformed::Contradiction("since.signature")),
        (time, _) => Some(signed_in(time, &since.signature)?),
    };
    Ok(Since {
        witness: division(since.witness, "since.witness")?,
        size: ordinal(since.size, "since.size")?,
        root: array(&since.root, "since.root")?,
        proof: hashes.to_vec(),
        own,
    })
}

fn signed_in(time: u64, signature: &Bytes) -> Result<TimedSignature, Malformed> {
    Ok(TimedSignature {
        time: ordinal(time, "countersignature.time")?,
        signature: array(signature, "countersignature.signature")?,
    })
}

pub(super) fn answer_out(answer: &HeadAnswer) -> v1::HeadAnswer {
    let mut message = v1::HeadAnswer {
        log: Bytes::copy_from_slice(&answer.log),
        ..v1::HeadAnswer::default()
    };
    match &answer.verdict {
        Verdict::Cosigned {
            key,
            size,
            root,
            signed,
        } => {
            message.set_verdict(v1::Verdict::Cosigned);
            message.key.clone_from(key);
            message.size = *size;
            message.root = Bytes::copy_from_slice(root);
            message.time = signed.time;
            message.signature = Bytes::copy_from_slice(&signed.signature);
        }
        Verdict::Behind { size } => {
            message.set_verdict(v1::Verdict::Behind);
            message.size = *size;
        }
        Verdict::Contradicts { how, earlier } => {
            message.set_verdict(v1::Verdict::Contradicts);
            message.how = *how;
            message.earlier.clone_from(earlier);
        }
    }
    message
}

pub(super) fn answer_in(message: v1::HeadAnswer) -> Result<HeadAnswer, Malformed> {
    let field = "countersignature.verdict";
    let number = message.verdict;
    let verdict = match v1::Verdict::try_from(number) {
        Ok(v1::Verdict::Unspecified) => return Err(Malformed::Missing(field)),
        Ok(v1::Verdict::Cosigned) => Verdict::Cosigned {
            key: key_in(message.key, "countersignature.key")?,
            size: ordinal(message.size, "countersignature.size")?,
            root: array(&message.root, "countersignature.root")?,
            signed: signed_in(message.time, &message.signature)?,
        },
        Ok(v1::Verdict::Behind) => Verdict::Behind {
            size: ordinal(message.size, "countersignature.size")?,
        },
        Ok(v1::Verdict::Contradicts) => Verdict::Contradicts {
            how: message.how,
            earlier: note_in(message.earlier, "countersignature.earlier")?,
        },
        Err(_) => return Err(Malformed::Choice { field, number }),
    };
    Ok(HeadAnswer {
        log: array(&message.log, "countersignature.log")?,
        verdict,
    })
}

pub(super) fn rewritten_out(evidence: &Rewritten) -> v1::Rewritten {
    v1::Rewritten {
        division: evidence.division.as_u64(),
        log: Bytes::copy_from_slice(&evidence.log),
        key: evidence.key.clone(),
        how: evidence.how,
        earlier: evidence.earlier.clone(),
        later: evidence.later.clone(),
    }
}

pub(super) fn rewritten_in(message: v1::Rewritten) -> Result<Rewritten, Malformed> {
    Ok(Rewritten {
        division: division(message.division, "rewritten.division")?,
        log: array(&message.log, "rewritten.log")?,
        key: key_in(message.key, "rewritten.key")?,
        how: message.how,
        earlier: note_in(message.earlier, "rewritten.earlier")?,
        later: note_in(message.later, "rewritten.later")?,
    })
}

fn key_in(text: String, field: &'static str) -> Result<String, Malformed> {
    check_length(text.len(), MOST_KEY_BYTES, field)?;
    Ok(text)
}

fn note_in(text: String, field: &'static str) -> Result<String, Malformed> {
    check_length(text.len(), MOST_NOTE_BYTES, field)?;
    Ok(text)
}
