//! Grids: list, draw, change, remove.

use api::{GridRequest, GridView, Grids};
use axum::{Json, http::StatusCode};
use domain::people::{AccountId, GridId};
use office::people::NewGrid;

use super::{
    ask::{Given, NodePath, Person},
    openapi::{GridParams, NodeParams},
    problem::Rejection,
};

type Shown = Result<Json<GridView>, Rejection>;

/// List the grids of a node
#[utoipa::path(get, path = "/v1/nodes/{code}/grids", tag = "people", params(NodeParams),
    responses((status = 200, body = Grids)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Grids>, Rejection> {
    let grids = at.node.office.people().grids().await?;
    Ok(Json(Grids {
        grids: grids.iter().map(GridView::from).collect(),
        households: grids.iter().map(|grid| u64::from(grid.households)).sum(),
    }))
}

/// Get one grid
#[utoipa::path(get, path = "/v1/nodes/{code}/grids/{grid}", tag = "people", params(GridParams),
    responses((status = 200, body = GridView)))]
pub(super) async fn show(at: NodePath) -> Shown {
    one(&at, at.param("grid")?).await
}

pub(super) async fn one(at: &NodePath, id: GridId) -> Shown {
    Ok(Json(GridView::from(
        &at.node.office.people().grid(id).await?,
    )))
}

/// Draw a grid
#[utoipa::path(post, path = "/v1/nodes/{code}/grids", tag = "people", params(NodeParams),
    request_body = GridRequest, responses((status = 201, body = GridView)))]
pub(super) async fn draw(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<GridRequest>,
) -> Result<(StatusCode, Json<GridView>), Rejection> {
    let grid = at
        .node
        .office
        .people()
        .set_grid(None, new(request), by)
        .await?;
    Ok((StatusCode::CREATED, Json(GridView::from(&grid))))
}

/// Change a grid
#[utoipa::path(put, path = "/v1/nodes/{code}/grids/{grid}", tag = "people", params(GridParams),
    request_body = GridRequest, responses((status = 200, body = GridView)))]
pub(super) async fn redraw(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<GridRequest>,
) -> Shown {
    let id = at.param("grid")?;
    let grid = at
        .node
        .office
        .people()
        .set_grid(Some(id), new(request), by)
        .await?;
    Ok(Json(GridView::from(&grid)))
}

/// Remove a grid that no account names
#[utoipa::path(delete, path = "/v1/nodes/{code}/grids/{grid}", tag = "people", params(GridParams),
    responses((status = 204)))]
pub(super) async fn remove(at: NodePath, Person(by): Person) -> Result<StatusCode, Rejection> {
    at.node
        .office
        .people()
        .remove_grid(at.param("grid")?, by)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new(request: GridRequest) -> NewGrid {
    NewGrid {
        name: request.name,
        members: request.members.into_iter().map(AccountId).collect(),
        households: request.households,
    }
}
