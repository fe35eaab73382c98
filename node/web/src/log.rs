//! The public logs of a node, as static resources that everybody may read (C2SP tlog-tiles).

use api::{
    ChildLog, ChildLogs, Countersignature, CountersignedHead, HeldDiffers, HeldLog, LogEvidence,
    LogResolved, PublicLog, PublicLogs, ResolveLog, problem::ProblemCode,
};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::ids::EpochId;
use http::{HeaderName, HeaderValue, StatusCode, header};
use identity::KeyError;
use log::Tile;
use office::{Log, NotInLog};
use topology::Term;

use super::{
    ask::{Given, NodePath, Person},
    openapi::{ChildLogParams, LogParams, NodeParams, TileParams},
    problem::Rejection,
    state::Node,
};

/// Bytes of a tile or bundle at a width never change.
const FOR_EVER: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=31536000, immutable"),
);
/// The longest reason of a person, in characters.
const MOST_REASON_CHARS: usize = 300;
/// A checkpoint is followed by others.
const SHORTLY: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=5"),
);

/// List the public logs of a node
///
/// A log has an entry for each template that came into force, each step of a matter (as a commitment, which only a
/// receipt opens) and each key that was stated. It is an append-only Merkle tree. A node begins a log with its first
/// entry, and another one when its store begins a new life.
#[utoipa::path(get, path = "/v1/nodes/{code}/log", tag = "log", params(NodeParams),
    responses((status = 200, body = PublicLogs)))]
pub(super) async fn list(at: NodePath) -> Result<Json<PublicLogs>, Rejection> {
    let present = at.node.office.epoch().await?.id;
    let mut logs = vec![];
    for head in at.node.office.log().heads().await? {
        let key = proof::log_key(&at.node.identity, head.epoch);
        let key = key.map_err(|error| unsigned(&at, &error))?;
        logs.push(PublicLog {
            epoch: head.epoch.to_string(),
            present: head.epoch == present,
            origin: key.name().to_owned(),
            key: key.to_string(),
            size: head.size,
            root: HEXLOWER.encode(&head.root),
            countersigned: countersigned(&at.node, head.epoch).await?,
        });
    }
    logs.sort_by_key(|log| !log.present);
    Ok(Json(PublicLogs {
        division: at.division,
        logs,
    }))
}

/// Get the signed head of a public log
///
/// A checkpoint (C2SP tlog-checkpoint): name of the log, number of entries and root, signed with the log's key, with the
/// countersignatures (tlog-cosignature) that this very head has by now. Its entries and hashes are served below `tile/` of
/// the same address.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/{epoch}/checkpoint", tag = "log", params(LogParams),
    responses((status = 200, body = String, content_type = "text/plain; charset=utf-8")))]
pub(super) async fn checkpoint(at: NodePath) -> Result<Response, Rejection> {
    let head = at.node.office.log().head(epoch(&at)?).await?;
    let kept = at.node.office.log().countersigned(head.epoch).await?;
    let same = kept.iter().find(|kept| kept.size == head.size);
    let lines = same.map_or(&[][..], |kept| &kept.lines);
    note(&at, (head.epoch, head.size, head.root), lines).await
}

/// Get the greatest countersigned head of a public log
///
/// A checkpoint like the one at `checkpoint`, of the head with most countersignatures; of those the greatest. It may have
/// fewer entries than the log has now. 404 if no head was countersigned yet.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/{epoch}/countersigned", tag = "log", params(LogParams),
    responses((status = 200, body = String, content_type = "text/plain; charset=utf-8")))]
pub(super) async fn greatest_countersigned(at: NodePath) -> Result<Response, Rejection> {
    let epoch = epoch(&at)?;
    let best = best(at.node.office.log(), epoch).await?;
    let best = best.ok_or(NotInLog::Countersigned)?;
    note(&at, (epoch, best.size, best.root), &best.lines).await
}

/// Signs a head and adds the lines of others.
async fn note(
    at: &NodePath,
    head: (EpochId, u64, log::Hash),
    lines: &[office::CountersignedLine],
) -> Result<Response, Rejection> {
    let signed = proof::sign_head(&at.node.identity, head).await;
    let mut text = signed.map_err(|error| unsigned(at, &error))?.note;
    text.extend(lines.iter().map(|line| line.key.line(&line.cosignature)));
    Ok(([SHORTLY], text).into_response())
}

/// The head with most countersignatures, and of those the greatest.
async fn best(
    log: Log<'_>,
    epoch: EpochId,
) -> Result<Option<office::CountersignedHead>, office::Fault> {
    let kept = log.countersigned(epoch).await?;
    let rank = |head: &office::CountersignedHead| (head.lines.len(), head.size);
    Ok(kept.into_iter().max_by_key(rank))
}

async fn countersigned(
    node: &Node,
    epoch: EpochId,
) -> Result<Option<CountersignedHead>, office::Fault> {
    let log = node.office.log();
    let Some(best) = best(log, epoch).await? else {
        return Ok(None);
    };
    let signed: Vec<_> = best.lines.iter().map(|line| line.by).collect();
    let (missing, missing_below) = log.witnesses().missing(&signed);
    let by = best.lines.iter().map(|line| Countersignature {
        division: line.by,
        at_ms: in_ms(line.cosignature.time),
        key: line.key.to_string(),
        same_process: node.hosted.contains(&line.by),
    });
    Ok(Some(CountersignedHead {
        size: best.size,
        by: by.collect(),
        missing,
        missing_below,
    }))
}

fn in_ms(seconds: u64) -> i64 {
    i64::try_from(seconds).map_or(i64::MAX, |seconds| seconds.saturating_mul(1000))
}

/// Compare a public log with the store of its node
///
/// Reads the whole log, and compares each entry with what the store holds of what it says: steps of matters, documents of
/// disclosures, templates, key statements; and each countersigned head with the tree. Whoever changed the store behind the
/// program's back is found here, and so is a damaged log. One comparison runs at a time.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/{epoch}/held", tag = "log", params(LogParams),
    responses((status = 200, body = HeldLog)))]
pub(super) async fn held(at: NodePath) -> Result<Json<HeldLog>, Rejection> {
    let found = at.node.office.log().held_leaves(epoch(&at)?).await?;
    let differs = found.differs.into_iter().map(|one| HeldDiffers {
        index: one.index,
        about: one.about,
    });
    Ok(Json(HeldLog {
        size: found.size,
        same: found.same,
        set_aside: found.set_aside,
        unheld: found.unheld,
        heads: found.heads,
        differs: differs.collect(),
    }))
}

/// List the public logs of divisions below that this node countersigns
///
/// With the evidence of those that contradicted themselves: two heads that the key of one log signed and that cannot both be
/// true. While it stands, nothing of that log is countersigned.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/children", tag = "log", params(NodeParams),
    responses((status = 200, body = ChildLogs)))]
pub(super) async fn children(at: NodePath) -> Result<Json<ChildLogs>, Rejection> {
    let log = at.node.office.log();
    let seen = |known: office::WitnessedLog| ChildLog {
        division: known.division,
        epoch: known.epoch.to_string(),
        key: known.key,
        size: known.size,
        root: HEXLOWER.encode(&known.root),
        at_ms: in_ms(known.time),
        stopped: known.stopped,
        pages: at.app_state.pages().address(known.division),
    };
    Ok(Json(ChildLogs {
        logs: log.witnessed().await?.into_iter().map(seen).collect(),
        evidence: log.evidence().await?.into_iter().map(evidence).collect(),
    }))
}

fn evidence(found: office::LogEvidence) -> LogEvidence {
    let how = found.how;
    let (unknown, unknown_chinese) = ("a newer program knows", "要用更新的程序查看");
    LogEvidence {
        division: found.division,
        how: how.map_or("unknown", Term::code).to_owned(),
        how_english: how.map_or(unknown, Term::english).to_owned(),
        how_chinese: how.map_or(unknown_chinese, Term::chinese).to_owned(),
        found_by: found.found_by,
        at_ms: found.at.0,
        key: found.key,
        earlier: found.earlier,
        later: found.later,
        resolved: found.resolved.map(|(at, counts, reason)| LogResolved {
            at_ms: at.0,
            counts,
            reason,
        }),
    }
}

/// Say which of two heads of a log counts
///
/// After looking into a log that contradicts itself. The alarm about it is closed, and the log is countersigned again when it
/// goes on from the head that counts. The audit trail records who said so, and why.
#[utoipa::path(post, path = "/v1/nodes/{code}/log/children/{division}/resolve", tag = "log", params(ChildLogParams),
    request_body = ResolveLog, responses((status = 204)))]
pub(super) async fn resolve(
    at: NodePath,
    Person(by): Person,
    Given(ResolveLog { counts, reason }): Given<ResolveLog>,
) -> Result<StatusCode, Rejection> {
    let division = at.param("division")?;
    let reason = reason.trim();
    if !(1..=MOST_REASON_CHARS).contains(&reason.chars().count()) {
        let wrong = (
            "a reason has 1 to 300 characters; say what you found out",
            "理由须有 1 至 300 个字；请写明查到了什么",
        );
        return Err(Rejection::unfit(wrong));
    }
    let log = at.node.office.log();
    log.resolve(division, counts, reason, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get a tile of a public log: hashes of the tree, or entries
///
/// As in C2SP tlog-tiles: `LEVEL/INDEX` for hashes, `entries/INDEX` for entries, with `.p/WIDTH` for part of a tile. Every width
/// up to what the log has is served, also of tiles that are full.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/{epoch}/tile/{*tile}", tag = "log", params(TileParams),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub(super) async fn tile(at: NodePath) -> Result<Response, Rejection> {
    let tile: Tile = at.param("tile")?;
    let bytes = at.node.office.log().tile(epoch(&at)?, tile).await?;
    let kind = HeaderValue::from_static("application/octet-stream");
    Ok(([FOR_EVER, (header::CONTENT_TYPE, kind)], bytes).into_response())
}

pub(super) fn epoch(at: &NodePath) -> Result<EpochId, Rejection> {
    let text: String = at.param("epoch")?;
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    let wrong = (
        "an epoch has 32 hexadecimal digits; `wujitong log show` lists those of a node",
        "期号是 32 位十六进制数字；`wujitong log show` 列出本节点的",
    );
    bytes.map(EpochId).ok_or_else(|| Rejection::unfit(wrong))
}

fn unsigned(at: &NodePath, error: &KeyError) -> Rejection {
    tracing::error!(division = %at.division, %error, "the key of the public log cannot be used");
    let sentence = (
        "the node cannot use the key of its public log; see its log",
        "本节点不能使用公开日志的密钥；请运维人员查看运行日志",
    );
    Rejection::new(ProblemCode::ServiceUnavailable, sentence)
}
