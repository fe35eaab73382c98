//! Receipt files, and proofs on paper.

pub(super) mod printed;

use api::{
    CheckLine, CheckedDisclosure, DisclosureDocument, DisclosureReceiptQuery, Named, ReceiptCheck,
    ReceiptLine, ReceiptQuery, problem::ProblemCode,
};
use axum::{
    Json,
    body::Bytes,
    extract::rejection::BytesRejection,
    response::{IntoResponse, Response},
};
use domain::ids::MatterId;
use http::{HeaderValue, header};
use identity::{KeyError, Roots};
use proof::{MEDIA_TYPE, ReceiptFile, Verified};

use super::{
    ask::{Asked, Authenticated, NodePath, Person, unreadable},
    openapi::{DisclosureParams, MatterParams, NodeParams},
    problem::Rejection,
};

/// Get the signed receipts of a matter, as a file for `wujitong verify`
///
/// The receipts state who took the matter when, and how it was decided; each is signed by the
/// division concerned. The file holds nothing personal and gives no access. With `opening`, the
/// reporter also gets the proof of their text, while the matter is held here.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/receipt", tag = "matters",
    params(MatterParams, ReceiptQuery),
    responses((status = 200, body = ReceiptFile, content_type = MEDIA_TYPE)))]
pub(super) async fn receipt(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<ReceiptQuery>,
) -> Result<Response, Rejection> {
    let id: MatterId = at.param("id")?;
    let opening = match query.opening {
        true if !guest.reported() => {
            return Err(Rejection::denied((
                "only the reporter gets the opening; send the slip of the matter",
                "原文凭据只给报送人；请用事项的凭条",
            )));
        }
        true => Some(at.node.office.matters().opening(id).await?),
        false => None,
    };
    let words = at.node.office.matters().words(id, by).await?;
    let file = at.node.receipt(id, words).await;
    let file = file.map_err(|error| unsigned(&at, &error))?;
    let file = match opening {
        Some(opening) => file.opened(opening),
        None => file,
    };
    Ok(sent(file))
}

/// Get the receipt of a disclosure, as a file for `wujitong verify`
///
/// It holds the document of an edition as it was published, signed by the division, and the entry of the public log
/// that commits to it. Whoever keeps it can show later what was published, also if it was corrected or taken down.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/{number}/receipt", tag = "disclosures",
    params(DisclosureParams, DisclosureReceiptQuery),
    responses((status = 200, body = ReceiptFile, content_type = MEDIA_TYPE)))]
pub(super) async fn disclosure(
    at: NodePath,
    Asked(query): Asked<DisclosureReceiptQuery>,
) -> Result<Response, Rejection> {
    let disclosures = at.node.office.disclosures();
    let evidence = disclosures.evidence(at.param("number")?, query.edition);
    let file = at.node.disclosure_receipt(evidence.await?).await;
    Ok(sent(file.map_err(|error| unsigned(&at, &error))?))
}

fn sent(file: ReceiptFile) -> Response {
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    ([(header::CONTENT_TYPE, kind)], Json(file)).into_response()
}

fn unsigned(at: &NodePath, error: &KeyError) -> Rejection {
    tracing::error!(division = %at.division, %error, "signing a receipt failed");
    let told = (
        "the node could not sign the receipt; see its log",
        "节点没能给回执签名；请运维人员看日志",
    );
    Rejection::new(ProblemCode::ServiceUnavailable, told)
}

/// Check a receipt 验证回执
///
/// Does what `wujitong verify` does, with the root certificates that this node trusts. Whoever does
/// not trust the node checks the file with the program and a root certificate from elsewhere. The
/// file is not kept. Instead of a file, the digits of a proof on paper are taken, or the address that ends with them.
#[utoipa::path(post, path = "/v1/nodes/{code}/receipt-checks", tag = "matters", params(NodeParams),
    request_body = ReceiptFile, responses((status = 200, body = Named<ReceiptCheck>)))]
pub(super) async fn check(
    at: NodePath,
    file: Result<Bytes, BytesRejection>,
) -> Result<Json<Named<ReceiptCheck>>, Rejection> {
    let file =
        file.map_err(|error| Rejection::unread(error.status(), unreadable(&error.body_text())))?;
    let verified = match printed_text(&file) {
        Some(text) => printed::check(&at, text).await?,
        None => check_file(&at, file).await?,
    };
    Ok(Json(Named::new(shown(verified), &at.app_state.tree)))
}

/// Returns a text that is no file of JSON.
fn printed_text(file: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(file).ok()?.trim();
    (!text.starts_with(['{', '['])).then_some(text)
}

async fn check_file(at: &NodePath, file: Bytes) -> Result<Verified, Rejection> {
    let (network, tree) = (at.app_state.network.clone(), at.app_state.tree.clone());
    let roots = Roots::of_network(&network);
    let verified = checked(at, move || proof::verify(&file, None, &roots, &tree));
    verified.await?.map_err(|error| Rejection::unfit(&error))
}

/// Checks something beside the threads that answer.
async fn checked<T: Send + 'static>(
    at: &NodePath,
    check: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Rejection> {
    tokio::task::spawn_blocking(check).await.map_err(|error| {
        tracing::error!(division = %at.division, %error, "checking a receipt failed");
        let sentence = (
            "the node could not check the receipt; see its log",
            "本节点没能验证这份回执；请运维人员查看运行日志",
        );
        Rejection::new(ProblemCode::ServiceUnavailable, sentence)
    })
}

fn shown(verified: Verified) -> ReceiptCheck {
    let checks = verified.checks.into_iter().map(|check| CheckLine {
        what: check.what,
        about: check.about,
        finding: check.finding,
        detail: check.detail,
        detail_chinese: check.detail_chinese,
    });
    let receipts = verified.receipts.into_iter().map(|receipt| ReceiptLine {
        kind: receipt.kind,
        division: receipt.division,
        from: receipt.from,
        to: receipt.to,
        at_ms: receipt.at.0,
        outcome: receipt.outcome,
    });
    let disclosure = verified.disclosure;
    ReceiptCheck {
        pending: verified.pending,
        holds: verified.holds,
        network: verified.network,
        matter: verified.matter.map(|matter| matter.to_string()),
        disclosure: disclosure.map(|one| CheckedDisclosure {
            document: one.text.as_deref().and_then(DisclosureDocument::read),
            number: one.number,
            edition: one.edition,
            sha256: one.sha256,
        }),
        exported_by: verified.exported_by,
        as_of_ms: verified.as_of_ms,
        root_sha256: verified.root_sha256,
        checks: checks.collect(),
        receipts: receipts.collect(),
        steps: printed::lines(&verified.steps),
    }
}
