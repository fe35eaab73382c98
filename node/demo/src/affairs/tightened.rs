//! A village that demands more of itself than the county does.

use cli::Failure;
use domain::template::TemplateKind;
use office::NewTemplate;

use super::{
    disclosed::{VILLAGE_ITEM, VILLAGES},
    place,
};
use crate::{
    issued::{decided, is_issued, issuer},
    network::{Branch, Network},
    story::{Tightened, clerk, ensure, office_failed},
};

use ::topology::{DivisionCode, UnitKind};

const NAME: &str = "village-affairs";
/// The time after the event in the county's catalogue, and what the village makes of it.
const DUE: [&str; 2] = ["due = \"5d\"", "due = \"3d\""];

/// Lets a village publish the county's catalogue with a shorter time for one item, unless it did in an earlier start.
pub(super) async fn tighten(
    network: &Network,
    branch: &Branch,
    village: DivisionCode,
) -> Result<Tightened, Failure> {
    let kind = TemplateKind::Disclosure;
    let office = network.office(village);
    if !is_issued(network, village, (kind, NAME)).await? {
        let base = format!("tightens = \"{}/{kind}/{NAME}\"\n", issuer(branch));
        let (before, item) = VILLAGES
            .split_once(&format!("name = \"{VILLAGE_ITEM}\""))
            .expect("the catalogue has the item");
        let before = before.replacen("format = 1\n", &format!("format = 1\n{base}"), 1);
        let item = item.replacen(DUE[0], DUE[1], 1);
        let new = NewTemplate {
            kind,
            name: NAME.to_owned(),
            title: "本村公开目录 the village's own catalogue".to_owned(),
            content: format!("{before}name = \"{VILLAGE_ITEM}\"{item}"),
            tiers: vec![],
            kinds: vec![UnitKind::Village],
        };
        let published = office.templates().publish(new, clerk()).await;
        let key = published.map_err(office_failed)?.key;
        let adoption = decided(network, &key).await?;
        ensure(adoption.is_complete(), || {
            format!("{village} may tighten the county's catalogue")
        })?;
    }
    let due = office.disclosures().duties(|demanded, _| {
        let mut demanded = demanded.iter();
        let own =
            demanded.find(|(key, _, item)| key.issuer == village && *item.name == *VILLAGE_ITEM);
        own.map(|(key, _, item)| (key.to_string(), item.due.to_string()))
    });
    let own = due.await.map_err(office_failed)?;
    let (template, due) =
        own.ok_or_else(|| Failure::Failed(format!("{village} does not have its own catalogue")))?;
    Ok(Tightened {
        village: place(branch, village),
        template,
        item: VILLAGE_ITEM.to_owned(),
        due,
    })
}
