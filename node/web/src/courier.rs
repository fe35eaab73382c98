//! Courier files: made for neighbours without a link, and read.

use api::{
    COURIER_FILE, CourierFileMade, CourierFileRead, CourierMade, CourierNeighbour, CourierRead,
    CourierStatus, MakeCourierFile, Named,
};
use axum::{Json, body::Bytes, extract::rejection::BytesRejection};
use data_encoding::BASE64;
use office::CourierLine;
use topology::DivisionCode;

use super::{
    ask::{Given, NodePath, Person, unreadable},
    openapi::{CourierParams, NodeParams},
    problem::Rejection,
};

/// List the courier files between this node and its neighbours
#[utoipa::path(get, path = "/v1/nodes/{code}/courier", tag = "courier", params(NodeParams),
    responses((status = 200, body = Named<CourierStatus>)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Named<CourierStatus>>, Rejection> {
    let lines = at.node.office.courier().lines().await?;
    let mut neighbours: Vec<_> = lines
        .into_iter()
        .map(|line| neighbour(&at, &line))
        .collect();
    neighbours.sort_by_key(|line| (!line.is_above, line.division));
    let status = CourierStatus { neighbours };
    Ok(Json(Named::new(status, &at.app_state.tree)))
}

fn neighbour(at: &NodePath, line: &CourierLine) -> CourierNeighbour {
    let division = line.neighbour;
    CourierNeighbour {
        division,
        is_above: at.app_state.tree.parent(at.division) == Some(division),
        linked: at.node.links.is_up(division),
        waiting: line.waiting,
        answers: line.answers,
        made: (line.made > 0).then_some(CourierMade {
            number: line.made,
            at_ms: line.made_at.0,
            left: line.left,
        }),
        read: (line.read > 0).then_some(CourierRead {
            number: line.read,
            made_ms: line.read_made.0,
            at_ms: line.read_at.0,
        }),
    }
}

/// Make a courier file for a neighbour
///
/// The file is signed by this node and sealed for the neighbour. It holds what waits for it, the most urgent first, and the
/// answers to what its files brought. Nothing leaves the outbox before the answer of the neighbour is here, over a link or in
/// a file; so a file that is lost does no harm. If `left` is not 0, ask again with `go_on` for the next file.
#[utoipa::path(post, path = "/v1/nodes/{code}/courier/{division}", tag = "courier", params(CourierParams),
    request_body = MakeCourierFile, responses((status = 200, body = CourierFileMade)))]
pub(super) async fn make(
    at: NodePath,
    Person(by): Person,
    Given(MakeCourierFile { go_on }): Given<MakeCourierFile>,
) -> Result<Json<CourierFileMade>, Rejection> {
    let to: DivisionCode = at.param("division")?;
    at.app_state.tree.require(to)?;
    let made = at.node.courier().export(to, go_on, by).await?;
    Ok(Json(CourierFileMade {
        division: to,
        number: made.number,
        made_ms: made.made.0,
        name: format!("{}-{to}-{:04}.courier", at.division, made.number),
        envelopes: made.envelopes,
        answers: made.answers,
        left: made.left,
        file: BASE64.encode(&made.file),
    }))
}

/// Read a courier file of a neighbour
///
/// Everything in it passes the checks of a link. The same file may be read again, and files in any order; therefore this is a
/// PUT and needs no Idempotency-Key. The answers go back with the next file for that neighbour, and over the link if there is
/// one.
#[utoipa::path(put, path = "/v1/nodes/{code}/courier", tag = "courier", params(NodeParams),
    request_body(content = Vec<u8>, content_type = COURIER_FILE),
    responses((status = 200, body = Named<CourierFileRead>)))]
pub(super) async fn read(
    at: NodePath,
    Person(by): Person,
    file: Result<Bytes, BytesRejection>,
) -> Result<Json<Named<CourierFileRead>>, Rejection> {
    let file =
        file.map_err(|error| Rejection::unread(error.status(), unreadable(&error.body_text())))?;
    let read = at.node.courier().import(file, by).await?;
    let read = CourierFileRead {
        division: read.from,
        number: read.number,
        made_ms: read.made.0,
        late: read.late,
        accepted: read.accepted,
        refused: read.refused,
        not_taken: read.not_taken,
        settled: read.settled,
        left: read.left,
    };
    Ok(Json(Named::new(read, &at.app_state.tree)))
}
