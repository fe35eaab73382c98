//! What the demo's county issues to its villages: the templates that counties can start with.

use std::time::{Duration, Instant};

use cli::Failure;
use domain::template::{Adoption, TemplateKey, TemplateKind};
use office::NewTemplate;

use super::{
    network::{Branch, Network, PATIENCE},
    story::{clerk, ensure, office_failed},
};

use ::topology::{DivisionCode, Tier, UnitKind};

/// Publishes a template for all village-tier units at the county of the branch, or at its root if it has none.
pub(super) async fn issue(
    network: &Network,
    branch: &Branch,
    kind: TemplateKind,
    template: (&str, &str, &str),
) -> Result<(), Failure> {
    let all = (&[Tier::Village][..], &UnitKind::ALL[..]);
    issue_to(network, branch, kind, all, template)
        .await
        .map(|_| ())
}

/// Publishes a template for some tiers, or all if none is named, and some kinds of village-tier units.
pub(super) async fn issue_to(
    network: &Network,
    branch: &Branch,
    kind: TemplateKind,
    (tiers, kinds): (&[Tier], &[UnitKind]),
    (name, title, content): (&str, &str, &str),
) -> Result<TemplateKey, Failure> {
    let new = NewTemplate {
        kind,
        name: name.to_owned(),
        title: title.to_owned(),
        content: content.to_owned(),
        tiers: tiers.to_vec(),
        kinds: kinds.to_vec(),
    };
    let issuer = network.office(issuer(branch));
    let published = issuer.templates().publish(new, clerk()).await;
    published
        .map(|template| template.key)
        .map_err(office_failed)
}

/// Waits until all in scope of a template have told its issuer what they made of it.
pub(super) async fn decided(network: &Network, key: &TemplateKey) -> Result<Adoption, Failure> {
    let issuer = network.office(key.issuer);
    let started = Instant::now();
    loop {
        let adoption = issuer.templates().adoption(key).await;
        let adoption = adoption.map_err(office_failed)?;
        if adoption.unreached == 0 {
            return Ok(adoption);
        }
        ensure(started.elapsed() < PATIENCE, || {
            format!(
                "all have decided on {key} ({} have not)",
                adoption.unreached
            )
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns whether a template was issued already, in an earlier start.
pub(super) async fn is_issued(
    network: &Network,
    by: DivisionCode,
    (kind, name): (TemplateKind, &str),
) -> Result<bool, Failure> {
    let known = network.office(by).templates().all().await;
    let known = known.map_err(office_failed)?;
    let mut keys = known.iter().map(|record| &record.template.key);
    Ok(keys.any(|key| (key.issuer, key.kind, &*key.name) == (by, kind, name)))
}

/// Returns who issues to the villages: the county of the branch, or its root if it has none.
pub(super) fn issuer(branch: &Branch) -> DivisionCode {
    let mut above = branch.tree.ancestors(branch.home);
    let county = above.find(|above| above.tier() == Tier::County);
    county.unwrap_or(branch.tree.root())
}
