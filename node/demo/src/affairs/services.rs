//! What one applies for at the windows of villages: the county's services come down.

use cli::Failure;
use domain::template::TemplateKind;

use crate::{
    issued::{decided, is_issued, issue_to, issuer},
    network::{Branch, Network},
    story::ensure,
};

use ::topology::{Tier, UnitKind};

/// The services that counties can start with.
const SERVICES: &str = include_str!("../../../../config/templates/village-services.toml");
const NAME: &str = "village-services";

/// Publishes the services at the county and waits until all villages offer them, unless that was done in an earlier start.
pub(super) async fn offer(network: &Network, branch: &Branch) -> Result<(), Failure> {
    let kind = TemplateKind::Service;
    if is_issued(network, issuer(branch), (kind, NAME)).await? {
        return Ok(());
    }
    let template = (NAME, "村级办事事项 services at the window", SERVICES);
    let all = (&[Tier::Village][..], &UnitKind::ALL[..]);
    let key = issue_to(network, branch, kind, all, template).await?;
    let adoption = decided(network, &key).await?;
    ensure(adoption.is_complete(), || {
        format!("all villages offer {key}")
    })
}
