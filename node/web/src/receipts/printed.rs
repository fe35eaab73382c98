//! Proofs on paper: their digits, the keys to check them with, and the check.

use api::{DisclosureReceiptQuery, Named, PrintedProof, StepLine};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::ids::{EpochId, MatterId};
use http::{HeaderValue, header};
use identity::Roots;
use office::NoReceipt;
use proof::{MEDIA_TYPE, PrintedProof as Proof, ProvenStep, ReceiptFile, Verified};

use super::unsigned;
use crate::{
    ask::{Asked, NodePath, Person},
    openapi::{DisclosureParams, LogParams, MatterParams},
    problem::Rejection,
    state::Node,
};

/// Get a proof of a matter for paper: digits for a QR code
///
/// It proves the steps of the matter that the public log of this node commits to, as many as fit, and when others
/// countersigned the log. It holds nothing personal and gives no access. The keys to check it with are in
/// `log/EPOCH/keys` and in every receipt of the same log.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/receipt/printed", tag = "matters", params(MatterParams),
    responses((status = 200, body = Named<PrintedProof>)))]
pub(crate) async fn of_matter(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<Named<PrintedProof>>, Rejection> {
    let id: MatterId = at.param("id")?;
    let evidence = at.node.office.matters().words(id, by).await?;
    let proof = proof::print_matter(&at.node.identity, &evidence).await;
    let proof = proof.map_err(|error| unsigned(&at, &error))?;
    shown(
        &at,
        proof.ok_or_else(|| {
            Rejection::missing((
                "nothing of this matter in the public log of this node fits a code: its text was erased, it is older than \
                 the log, or it came here after very many steps; keep the receipt file instead",
                "本节点的公开日志里没有能打印的记录：原文已删除，事项比日志早，或者来时步骤太多；请保存回执文件",
            ))
        })?,
    )
}

/// Get a proof of a disclosure for paper: digits for a QR code
///
/// It proves the SHA-256 of the document of an edition, to which the public log of this node commits.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/{number}/receipt/printed", tag = "disclosures",
    params(DisclosureParams, DisclosureReceiptQuery), responses((status = 200, body = Named<PrintedProof>)))]
pub(crate) async fn of_disclosure(
    at: NodePath,
    Asked(query): Asked<DisclosureReceiptQuery>,
) -> Result<Json<Named<PrintedProof>>, Rejection> {
    let disclosures = at.node.office.disclosures();
    let evidence = disclosures.evidence(at.param("number")?, query.edition);
    let evidence = evidence.await?;
    let proof = proof::print_disclosure(&at.node.identity, &evidence).await;
    let proof = proof.map_err(|error| unsigned(&at, &error))?;
    shown(&at, proof.ok_or(NoReceipt::NotInLog(evidence.edition))?)
}

/// Get the keys of a public log, as a file for `wujitong verify --keys`
///
/// A receipt file about nothing but the log: its key, the keys of those who countersigned its head with most countersignatures, and the
/// statements that lead from them up to the province.
#[utoipa::path(get, path = "/v1/nodes/{code}/log/{epoch}/keys", tag = "log", params(LogParams),
    responses((status = 200, body = ReceiptFile, content_type = MEDIA_TYPE)))]
pub(crate) async fn keys(at: NodePath) -> Result<Response, Rejection> {
    let epoch = crate::log::epoch(&at)?;
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    let file = of_log(&at, &at.node, epoch).await?;
    Ok(([(header::CONTENT_TYPE, kind)], Json(file)).into_response())
}

/// Makes the file with the keys of a log of a node.
async fn of_log(at: &NodePath, node: &Node, epoch: EpochId) -> Result<ReceiptFile, Rejection> {
    let head = node.office.log().proven_head(epoch).await?;
    let present = node.office.epoch().await?.id;
    let file = node.log_keys((node.office.now(), present), &head).await;
    file.map_err(|error| unsigned(at, &error))
}

fn shown(at: &NodePath, proof: Proof) -> Result<Json<Named<PrintedProof>>, Rejection> {
    let countersigned: Vec<_> = proof.countersigned().collect();
    let (above, below) = at.node.office.log().witnesses().missing(&countersigned);
    let (index, size) = proof.position();
    let printed = PrintedProof {
        division: proof.division(),
        digits: proof.digits(),
        index,
        size,
        steps: lines(&proof.steps()),
        sha256: proof.document(),
        countersigned,
        pending: !above.is_empty() || below > 0,
    };
    Ok(Json(Named::new(printed, &at.app_state.tree)))
}

pub(super) fn lines(steps: &[ProvenStep]) -> Vec<StepLine> {
    let line = |step: &ProvenStep| StepLine {
        at_ms: step.at.0,
        by: step.by,
        act: step.act,
    };
    steps.iter().map(line).collect()
}

/// Checks digits with the keys of the log that signed them, which has to be one of a node of this process.
pub(super) async fn check(at: &NodePath, text: &str) -> Result<Verified, Rejection> {
    let proof = Proof::read(text).map_err(|error| Rejection::unfit(&error))?;
    let division = proof.division();
    let node = at.app_state.node(division).ok_or_else(|| {
        Rejection::unfit((
            format!(
                "this is a proof of the log of {division}, whose node is elsewhere; check it on the pages of that \
                 division, or with `wujitong verify`"
            ),
            format!(
                "这是 {division} 的公开日志的凭证，那个节点不在这里；请在那个单位的网址核验，或用 wujitong verify"
            ),
        ))
    })?;
    for head in node.office.log().heads().await? {
        let key = proof::log_key(&node.identity, head.epoch);
        if key.map_err(|error| unsigned(at, &error))?.id() != proof.key() {
            continue;
        }
        let keys = of_log(at, node, head.epoch).await?;
        let keys = serde_json::to_vec(&keys).expect("a receipt is plain JSON");
        let roots = Roots::of_network(&at.app_state.network);
        let (text, tree) = (text.to_owned(), at.app_state.tree.clone());
        let verified = super::checked(at, move || {
            proof::verify_printed(&text, &[&keys], &roots, &tree)
        });
        let mut verified = verified.await?.map_err(|error| Rejection::unfit(&error))?;
        with_document(node, &mut verified).await?;
        return Ok(verified);
    }
    Err(Rejection::unfit((
        format!(
            "no log of {division} signed these digits: they are not what was printed there, or its key was lost and \
             another one made since; do not trust them, and telephone the division above"
        ),
        format!(
            "{division} 的公开日志都没有签过这串数字：它不是那里打印的，或者日志密钥丢失后换过；不要相信，请打电话给上一级"
        ),
    )))
}

/// Adds the document of a disclosure, if the node still has the very one that was proven.
async fn with_document(node: &Node, verified: &mut Verified) -> Result<(), Rejection> {
    let Some(proven) = verified.disclosure.as_mut().filter(|_| verified.holds) else {
        return Ok(());
    };
    let Ok(number) = proven.number.parse() else {
        return Ok(());
    };
    let kept = node.office.disclosures().document(number, proven.edition);
    let kept = kept.await?.filter(|text| proven.is(text));
    proven.text = kept.map(String::from);
    Ok(())
}
