//! Attachments, and requests for their bytes.

use bytes::Bytes;
use domain::{
    attachment::{Attachment, ContentKey, FileNo, MOST_BYTES, MOST_LISTED, Pixels, Sealed},
    fetch::{FETCH_BYTES, Fetch, Fetched},
};
use proto::v1;

use super::{
    Malformed, choice,
    malformed::{array, check_length, division, required, suite},
    matter::{id_in, id_out},
};

fn sealed_out(sealed: &Sealed) -> v1::Sealed {
    v1::Sealed {
        digest: Bytes::copy_from_slice(&sealed.digest),
        bytes: sealed.bytes,
    }
}

fn sealed_in(sealed: v1::Sealed) -> Result<Sealed, Malformed> {
    match sealed.bytes {
        0 => Err(Malformed::Missing("sealed.bytes")),
        1..=MOST_BYTES => Ok(Sealed {
            digest: array(&sealed.digest, "sealed.digest")?,
            bytes: sealed.bytes,
        }),
        _ => Err(Malformed::Range("sealed.bytes")),
    }
}

pub(super) fn attachments_out(attachments: &[Attachment]) -> Vec<v1::Attachment> {
    let one = |attachment: &Attachment| v1::Attachment {
        suite: attachment.suite.id(),
        media: attachment.media.number(),
        width: attachment.pixels.map_or(0, |pixels| pixels.width),
        height: attachment.pixels.map_or(0, |pixels| pixels.height),
        whole: Some(sealed_out(&attachment.whole)),
        thumb: attachment.thumb.as_ref().map(sealed_out),
        key: Bytes::copy_from_slice(&attachment.key.0),
        held_by: attachment.held_by.as_u64(),
    };
    attachments.iter().map(one).collect()
}

pub(super) fn attachments_in(
    attachments: Vec<v1::Attachment>,
) -> Result<Vec<Attachment>, Malformed> {
    if attachments.len() > MOST_LISTED {
        return Err(Malformed::TooMany {
            field: "body.attachments",
            most: MOST_LISTED,
        });
    }
    attachments.into_iter().map(attachment_in).collect()
}

fn attachment_in(attachment: v1::Attachment) -> Result<Attachment, Malformed> {
    let pixels = match (attachment.width, attachment.height) {
        (0, 0) => None,
        (0, _) | (_, 0) => return Err(Malformed::Contradiction("attachment.width")),
        (width, height) => Some(Pixels { width, height }),
    };
    Ok(Attachment {
        suite: suite(attachment.suite, "attachment.suite")?,
        media: choice::read(attachment.media, "attachment.media")?,
        pixels,
        whole: sealed_in(required(attachment.whole, "attachment.whole")?)?,
        thumb: attachment.thumb.map(sealed_in).transpose()?,
        key: ContentKey(array(&attachment.key, "attachment.key")?),
        held_by: division(attachment.held_by, "attachment.held_by")?,
    })
}

pub(super) fn fetch_out(id: u64, fetch: &Fetch) -> v1::Fetch {
    v1::Fetch {
        id,
        matter: Some(id_out(fetch.matter)),
        step: fetch.no.step.into(),
        index: fetch.no.index.into(),
        part: fetch.part.number(),
        digest: Bytes::copy_from_slice(&fetch.digest),
        at: fetch.at,
        asker: fetch.asker.as_u64(),
        held_by: fetch.held_by.as_u64(),
    }
}

pub(super) fn fetch_in(fetch: v1::Fetch) -> Result<(u64, Fetch), Malformed> {
    let number = |number: u32, field| u16::try_from(number).map_err(|_| Malformed::Range(field));
    let read = Fetch {
        matter: id_in(fetch.matter, "fetch.matter")?,
        no: FileNo {
            step: number(fetch.step, "fetch.step")?,
            index: number(fetch.index, "fetch.index")?,
        },
        part: choice::read(fetch.part, "fetch.part")?,
        digest: array(&fetch.digest, "fetch.digest")?,
        at: fetch.at,
        asker: division(fetch.asker, "fetch.asker")?,
        held_by: division(fetch.held_by, "fetch.held_by")?,
    };
    Ok((fetch.id, read))
}

pub(super) fn fetched_out(id: u64, fetched: Fetched) -> v1::Fetched {
    let (outcome, bytes, beyond) = match fetched {
        Fetched::Bytes(bytes) => (v1::FetchOutcome::Bytes, bytes, None),
        Fetched::Gone => (v1::FetchOutcome::Gone, Bytes::new(), None),
        Fetched::NotEntitled => (v1::FetchOutcome::NotEntitled, Bytes::new(), None),
        Fetched::Unreached(beyond) => (v1::FetchOutcome::Unreached, Bytes::new(), Some(beyond)),
        Fetched::Busy => (v1::FetchOutcome::Busy, Bytes::new(), None),
    };
    v1::Fetched {
        id,
        outcome: outcome.into(),
        bytes,
        beyond: beyond.map_or(0, |beyond| beyond.as_u64()),
    }
}

pub(super) fn fetched_in(fetched: v1::Fetched) -> Result<(u64, Fetched), Malformed> {
    let field = "fetched.outcome";
    let number = fetched.outcome;
    let unknown = |_| Malformed::Choice { field, number };
    check_length(fetched.bytes.len(), FETCH_BYTES, "fetched.bytes")?;
    let read = match v1::FetchOutcome::try_from(number).map_err(unknown)? {
        v1::FetchOutcome::Unspecified => return Err(Malformed::Missing(field)),
        v1::FetchOutcome::Bytes => Fetched::Bytes(fetched.bytes),
        v1::FetchOutcome::Gone => Fetched::Gone,
        v1::FetchOutcome::NotEntitled => Fetched::NotEntitled,
        v1::FetchOutcome::Unreached => {
            Fetched::Unreached(division(fetched.beyond, "fetched.beyond")?)
        }
        v1::FetchOutcome::Busy => Fetched::Busy,
    };
    Ok((fetched.id, read))
}
