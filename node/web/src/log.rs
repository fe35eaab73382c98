//! The public logs of a node, as static resources that everybody may read (C2SP tlog-tiles).

use api::{PublicLog, PublicLogs, problem::ProblemCode};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::ids::EpochId;
use http::{HeaderName, HeaderValue, header};
use identity::KeyError;
use log::Tile;

use super::{
    ask::NodePath,
    openapi::{LogParams, NodeParams, TileParams},
    problem::Rejection,
};

/// Bytes of a tile or bundle at a width never change.
const FOR_EVER: (HeaderName, HeaderValue) = (
    header::CACHE_CONTROL,
    HeaderValue::from_static("public, max-age=31536000, immutable"),
);
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
/// A checkpoint (C2SP tlog-checkpoint): name of the log, number of entries and root, signed with the log's key. Its entries
/// and hashes are served below `tile/` of the same address.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/{epoch}/checkpoint", tag = "log", params(LogParams),
    responses((status = 200, body = String, content_type = "text/plain; charset=utf-8")))]
pub(super) async fn checkpoint(at: NodePath) -> Result<Response, Rejection> {
    let head = at.node.office.log().head(epoch(&at)?).await?;
    let head = (head.epoch, head.size, head.root);
    let signed = proof::sign_head(&at.node.identity, head).await;
    let signed = signed.map_err(|error| unsigned(&at, &error))?;
    Ok(([SHORTLY], signed.note).into_response())
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

fn epoch(at: &NodePath) -> Result<EpochId, Rejection> {
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
