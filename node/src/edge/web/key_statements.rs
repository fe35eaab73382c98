//! Key statements that concern a node, and countersigning one.

use axum::Json;

use super::{
    api::{CountersignRequest, KeyStatementLine, KeyStatements, Named},
    ask::{At, Given, Person},
    openapi::NodePath,
    problem::Problem,
};
use crate::{
    domain::ids::KeyId,
    edge::{keys, roster::Node},
    office::OfficeError,
};

/// Key statements of this division, its children and theirs
#[utoipa::path(get, path = "/v1/nodes/{code}/key-statements", tag = "people", params(NodePath),
    responses((status = 200, body = Named<KeyStatements>)))]
pub(super) async fn list(at: At) -> Result<Json<Named<KeyStatements>>, Problem> {
    let statements = lines(&at.node).await?;
    Ok(Json(Named::new(
        KeyStatements { statements },
        &at.roster.tree,
    )))
}

/// Countersign a later key of a division two tiers below
#[utoipa::path(post, path = "/v1/nodes/{code}/key-statements/countersign", tag = "people",
    params(NodePath), request_body = CountersignRequest,
    responses((status = 200, body = Named<KeyStatements>)))]
pub(super) async fn countersign(
    at: At,
    Person(actor): Person,
    Given(CountersignRequest { division, key }): Given<CountersignRequest>,
) -> Result<Json<Named<KeyStatements>>, Problem> {
    at.roster.tree.require(division)?;
    let key = key.map(|key| read_key(&key)).transpose()?;
    let stated = keys::countersign(&at.node, division, key, &actor).await?;
    let line = KeyStatementLine::of(&stated, keys::standing(&at.node.keys, &stated));
    let statements = vec![line];
    Ok(Json(Named::new(
        KeyStatements { statements },
        &at.roster.tree,
    )))
}

/// A key as people write it.
pub(super) fn read_key(text: &str) -> Result<KeyId, Problem> {
    KeyId::from_hex(text).ok_or_else(|| {
        Problem::unfit("a key is written in 32 hexadecimal digits; `wujitong key list` shows them")
    })
}

/// Every statement that concerns a node, as people see it.
pub(super) async fn lines(node: &Node) -> Result<Vec<KeyStatementLine>, OfficeError> {
    let all = node.office.statements().await?;
    let line = |stated| KeyStatementLine::of(stated, keys::standing(&node.keys, stated));
    Ok(all.iter().map(line).collect())
}
