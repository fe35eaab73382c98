//! What the demo's county issues to its villages: the templates that counties can start with.

use cli::Failure;
use domain::template::TemplateKind;
use office::NewTemplate;

use super::{
    network::{Branch, Network},
    story::{clerk, office_failed},
};

use ::topology::{Tier, UnitKind};

/// Publishes a template for the villages at the county of the branch, or at its root if it has none.
pub(super) async fn issue(
    network: &Network,
    branch: &Branch,
    kind: TemplateKind,
    (name, title, content): (&str, &str, &str),
) -> Result<(), Failure> {
    let tree = &branch.tree;
    let county = tree
        .ancestors(branch.home)
        .find(|above| above.tier() == Tier::County);
    let new = NewTemplate {
        kind,
        name: name.to_owned(),
        title: title.to_owned(),
        content: content.to_owned(),
        tiers: vec![Tier::Village],
        kinds: UnitKind::ALL.to_vec(),
    };
    let issuer = network.office(county.unwrap_or(tree.root()));
    let published = issuer.templates().publish(new, clerk()).await;
    published.map(|_| ()).map_err(office_failed)
}
