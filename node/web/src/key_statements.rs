//! Key statements that concern a node, and countersigning one.

use api::{CountersignRequest, KeyStatementLine, KeyStatements, Named, VouchedBy};
use axum::Json;
use data_encoding::HEXLOWER;
use domain::ids::KeyId;
use identity::Vouched;
use office::{Fault, Stated};
use peer::keys::{self, Standing};

use super::{
    ask::{Given, NodePath, Person},
    openapi::NodeParams,
    problem::Rejection,
};
use crate::state::Node;

/// List the key statements of this division, its children and grandchildren
#[utoipa::path(get, path = "/v1/nodes/{code}/key-statements", tag = "people", params(NodeParams),
    responses((status = 200, body = Named<KeyStatements>)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Named<KeyStatements>>, Rejection> {
    let statements = lines(&at.node).await?;
    Ok(Json(Named::new(
        KeyStatements { statements },
        &at.app_state.tree,
    )))
}

/// Countersign a new key of a division two tiers below
#[utoipa::path(post, path = "/v1/nodes/{code}/key-statements/countersign", tag = "people",
    params(NodeParams), request_body = CountersignRequest,
    responses((status = 200, body = Named<KeyStatements>)))]
pub(super) async fn countersign(
    at: NodePath,
    Person(by): Person,
    Given(CountersignRequest { division, key }): Given<CountersignRequest>,
) -> Result<Json<Named<KeyStatements>>, Rejection> {
    at.app_state.tree.require(division)?;
    let key = key.map(|key| read_key(&key)).transpose()?;
    let stated = at.node.countersign((division, key), by.actor()).await?;
    let line = line_of(&stated, keys::standing(&at.node.keys, &stated));
    let statements = vec![line];
    Ok(Json(Named::new(
        KeyStatements { statements },
        &at.app_state.tree,
    )))
}

/// Parses a key id: 32 hexadecimal digits.
pub(super) fn read_key(text: &str) -> Result<KeyId, Rejection> {
    KeyId::from_hex(text).ok_or_else(|| {
        Rejection::unfit((
            "a key has 32 hexadecimal digits; `wujitong key list` shows them",
            "密钥编号是 32 位十六进制数；请看密钥表",
        ))
    })
}

/// Returns every statement that concerns a node, as the API shows it.
pub(super) async fn lines(node: &Node) -> Result<Vec<KeyStatementLine>, Fault> {
    let all = node.office.keys().statements().await?;
    let line = |stated| line_of(stated, keys::standing(&node.keys, stated));
    Ok(all.iter().map(line).collect())
}

/// Returns a statement as the API shows it.
fn line_of(stated: &Stated, standing: Standing) -> KeyStatementLine {
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
        statement: HEXLOWER.encode(&stated.bytes),
    }
}
