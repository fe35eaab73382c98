//! The front page, on a host that belongs to no division: the nodes of this process, and in a
//! demonstration the people whom it lets in.

use api::Nodes;
use askama::Template;
use topology::Tier;

use crate::{
    answer::Answer,
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    words::Words,
};

#[derive(Template)]
#[template(path = "front.html")]
struct FrontPage {
    frame: Frame,
    w: Words,
    entrances: Vec<Link>,
    tiers: Vec<TierRows>,
    count: usize,
}

/// The nodes of one tier.
struct TierRows {
    tier: String,
    /// Whether there are so many that the list is folded.
    is_long: bool,
    nodes: Vec<Link>,
}

/// The most nodes of a tier that are listed openly.
const OPEN: usize = 12;

/// Shows the front page.
pub(crate) async fn show(visit: &Visit) -> Answer {
    let Nodes { nodes } = visit.calls.get("/v1/nodes").await?;
    let site = |division| visit.site(division);
    let entrance = |entrance: &web::state::Entrance| Link {
        href: format!(
            "{}/enter?as={}",
            site(entrance.division),
            odd(&entrance.login)
        ),
        label: visit.w.of(&entrance.about.0, &entrance.about.1).to_owned(),
        current: false,
    };
    let tiers = Tier::ALL.iter().map(|tier| {
        let of_tier = nodes.iter().filter(|node| node.division.tier() == *tier);
        let link = |node: &api::NodeLine| Link {
            href: format!("{}/", site(node.division)),
            label: node.name.clone(),
            current: false,
        };
        let nodes: Vec<_> = of_tier.map(link).collect();
        TierRows {
            tier: visit.w.short(*tier),
            is_long: nodes.len() > OPEN,
            nodes,
        }
    });
    visit.show(&FrontPage {
        frame: Frame::of(visit, visit.w.front_title()),
        w: visit.w,
        entrances: visit.state.entrances.iter().map(entrance).collect(),
        tiers: tiers.filter(|rows| !rows.nodes.is_empty()).collect(),
        count: nodes.len(),
    })
}
