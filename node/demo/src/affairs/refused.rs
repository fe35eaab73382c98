//! A template that does not fit everybody it was sent to: they refuse it and say why, and what was in force stays.

use cli::Failure;
use domain::template::{TemplateKey, TemplateKind};

use super::place;
use crate::{
    issued::{decided, is_issued, issue_to, issuer},
    network::{Branch, Network},
    story::{Refused, ensure},
};

use ::topology::{Tier, UnitKind};

/// A category that only villages have, since communities have no fields.
const CATEGORY: &str = "format = 1\n\n[[category]]\ncode = \"service/grain\"\nname = \"种粮补贴\"\nname_en = \"grain subsidy\"\n";
/// A service in it.
const SERVICE: &str = "format = 1\n\n[[service]]\ncategory = \"service/grain\"\npromise = \"20wd\"\nfee = { zh = \"不收费\", en = \"free\" }\n\
    materials = [{ code = \"identity-card\", name = { zh = \"身份证\", en = \"identity card\" }, form = \"shown\" }]\n";
const NAME: &str = "grain-subsidy";

/// Publishes a category for all but communities, and a service in it for all: communities refuse the service, because no policy in
/// force there lists the category. `None` in a branch without communities.
pub(super) async fn refuse(network: &Network, branch: &Branch) -> Result<Option<Refused>, Failure> {
    let title = "种粮补贴 grain subsidy";
    let issuer = issuer(branch);
    if !is_issued(network, issuer, (TemplateKind::Service, NAME)).await? {
        let (policy, villages) = (
            TemplateKind::Policy,
            (&[][..], &[UnitKind::Village, UnitKind::Park][..]),
        );
        let key = issue_to(network, branch, policy, villages, (NAME, title, CATEGORY)).await?;
        let adoption = decided(network, &key).await?;
        ensure(adoption.is_complete(), || {
            format!("all but communities have {key}")
        })?;
        let all = (&[Tier::Village][..], &UnitKind::ALL[..]);
        issue_to(
            network,
            branch,
            TemplateKind::Service,
            all,
            (NAME, title, SERVICE),
        )
        .await?;
    }
    let key = TemplateKey {
        issuer,
        kind: TemplateKind::Service,
        name: NAME.into(),
    };
    let adoption = decided(network, &key).await?;
    let Some((division, why)) = adoption.refusals.first() else {
        return Ok(None);
    };
    Ok(Some(Refused {
        template: key.to_string(),
        applied: adoption.applied,
        refused: adoption.refused,
        by: place(branch, *division),
        why: why.to_string(),
    }))
}
