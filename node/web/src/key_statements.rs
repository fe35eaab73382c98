//! Key statements that concern a node, and countersigning one.

use std::fmt::Write;

use api::{CountersignRequest, KeyStatementLine, KeyStatements, Named, VouchedBy};
use axum::Json;
use domain::ids::KeyId;
use identity::Vouched;
use office::{OfficeError, Stated};
use peer::keys::{self, Standing};

use super::{
    ask::{At, Given, Person},
    openapi::NodePath,
    problem::Rejection,
};
use crate::state::Node;

/// Key statements of this division, its children and theirs
#[utoipa::path(get, path = "/v1/nodes/{code}/key-statements", tag = "people", params(NodePath),
    responses((status = 200, body = Named<KeyStatements>)))]
pub(super) async fn list(at: At) -> Result<Json<Named<KeyStatements>>, Rejection> {
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
    Person(by): Person,
    Given(CountersignRequest { division, key }): Given<CountersignRequest>,
) -> Result<Json<Named<KeyStatements>>, Rejection> {
    at.roster.tree.require(division)?;
    let key = key.map(|key| read_key(&key)).transpose()?;
    let stated = at.node.countersign((division, key), by.actor()).await?;
    let line = line_of(&stated, keys::standing(&at.node.keys, &stated));
    let statements = vec![line];
    Ok(Json(Named::new(
        KeyStatements { statements },
        &at.roster.tree,
    )))
}

/// A key as people write it.
pub(super) fn read_key(text: &str) -> Result<KeyId, Rejection> {
    KeyId::from_hex(text).ok_or_else(|| {
        Rejection::unfit(
            "a key is written in 32 hexadecimal digits; `wujitong key list` shows them",
        )
    })
}

/// Every statement that concerns a node, as people see it.
pub(super) async fn lines(node: &Node) -> Result<Vec<KeyStatementLine>, OfficeError> {
    let all = node.office.statements().await?;
    let line = |stated| line_of(stated, keys::standing(&node.keys, stated));
    Ok(all.iter().map(line).collect())
}

/// A statement as people see it.
fn line_of(stated: &Stated, standing: Standing) -> KeyStatementLine {
    let mut statement = String::with_capacity(stated.bytes.len() * 2);
    for byte in &stated.bytes {
        write!(statement, "{byte:02x}").expect("a string takes everything");
    }
    let vouched = standing.vouched.map(|vouched| match vouched {
        Vouched::Anchor => VouchedBy::Anchor,
        Vouched::First => VouchedBy::Parent,
        Vouched::OldKey => VouchedBy::OldKey,
        Vouched::Grandparent(_) => VouchedBy::Grandparent,
        Vouched::ProvinceAlone => VouchedBy::ProvinceAlone,
    });
    KeyStatementLine {
        division: stated.division,
        serial: stated.serial,
        key: stated.key.to_string(),
        refused: stated.refused.clone().filter(|_| vouched.is_none()),
        vouched,
        revoked: standing.revoked,
        shown_by: stated.from,
        heard_ms: stated.heard.0,
        statement,
    }
}
