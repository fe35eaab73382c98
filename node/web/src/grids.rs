//! Grids over the API.

use api::{GridRequest, GridView, Grids};
use axum::{Json, http::StatusCode};
use domain::people::{AccountId, GridId};
use office::people::NewGrid;

use super::{
    ask::{At, Given, Person},
    openapi::{GridPath, NodePath},
    problem::Rejection,
};

type Shown = Result<Json<GridView>, Rejection>;

/// Grids of a node
#[utoipa::path(get, path = "/v1/nodes/{code}/grids", tag = "people", params(NodePath),
    responses((status = 200, body = Grids)))]
pub(super) async fn list(at: At) -> Result<Json<Grids>, Rejection> {
    let grids = at.node.office.grids().await?;
    Ok(Json(Grids {
        grids: grids.iter().map(GridView::from).collect(),
        households: grids.iter().map(|grid| u64::from(grid.households)).sum(),
    }))
}

/// One grid
#[utoipa::path(get, path = "/v1/nodes/{code}/grids/{grid}", tag = "people", params(GridPath),
    responses((status = 200, body = GridView)))]
pub(super) async fn show(at: At) -> Shown {
    one(&at, at.param("grid")?).await
}

pub(super) async fn one(at: &At, id: GridId) -> Shown {
    Ok(Json(GridView::from(&at.node.office.grid(id).await?)))
}

/// Draw a grid
#[utoipa::path(post, path = "/v1/nodes/{code}/grids", tag = "people", params(NodePath),
    request_body = GridRequest, responses((status = 201, body = GridView)))]
pub(super) async fn draw(
    at: At,
    Person(by): Person,
    Given(request): Given<GridRequest>,
) -> Result<(StatusCode, Json<GridView>), Rejection> {
    let grid = at.node.office.set_grid(None, new(request), by).await?;
    Ok((StatusCode::CREATED, Json(GridView::from(&grid))))
}

/// Draw a grid anew
#[utoipa::path(put, path = "/v1/nodes/{code}/grids/{grid}", tag = "people", params(GridPath),
    request_body = GridRequest, responses((status = 200, body = GridView)))]
pub(super) async fn redraw(
    at: At,
    Person(by): Person,
    Given(request): Given<GridRequest>,
) -> Shown {
    let id = at.param("grid")?;
    let grid = at.node.office.set_grid(Some(id), new(request), by).await?;
    Ok(Json(GridView::from(&grid)))
}

/// Take a grid away that no account names
#[utoipa::path(delete, path = "/v1/nodes/{code}/grids/{grid}", tag = "people", params(GridPath),
    responses((status = 204)))]
pub(super) async fn remove(at: At, Person(by): Person) -> Result<StatusCode, Rejection> {
    at.node.office.remove_grid(at.param("grid")?, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn new(request: GridRequest) -> NewGrid {
    NewGrid {
        name: request.name,
        members: request.members.into_iter().map(AccountId).collect(),
        households: request.households,
    }
}
