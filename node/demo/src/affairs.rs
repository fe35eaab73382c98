//! How villages make public what they have to: the county's catalogue comes down, villages fill it, one demands more of
//! itself, some refuse what does not fit them, one is late, and one is caught changing its public log.

mod asked;
mod disclosed;
mod overdue;
mod refused;
mod rewritten;
mod services;
mod tightened;

use cli::Failure;

use super::{
    network::{Branch, Network},
    story::{Affairs, Place},
};

use ::topology::{DivisionCode, UnitKind};

/// Neighbouring villages that publish like the home village.
const FILL: usize = 3;

/// Who plays which part, as far as the branch has enough villages beside the home village.
struct Parts {
    fill: Vec<DivisionCode>,
    overdue: Option<DivisionCode>,
    tightens: Option<DivisionCode>,
    rewrites: Option<DivisionCode>,
}

impl Parts {
    fn of(branch: &Branch) -> Self {
        let tree = &branch.tree;
        let township = tree.parent(branch.home);
        let is_village = |code: &DivisionCode| {
            let kind = tree.get(*code).and_then(|division| division.kind);
            *code != branch.home && kind == Some(UnitKind::Village)
        };
        let siblings = township.into_iter().flat_map(|above| tree.children(above));
        let mut siblings = siblings.filter(is_village);
        Self {
            fill: siblings.by_ref().take(FILL).collect(),
            overdue: siblings.next(),
            tightens: siblings.next(),
            rewrites: siblings.next(),
        }
    }
}

/// Runs this part of the story; every statement has been checked when it returns. What was done in an earlier start is not
/// done again.
pub(super) async fn tell(network: &Network, branch: &Branch) -> Result<Affairs, Failure> {
    let parts = Parts::of(branch);
    let counted = disclosed::disclose(network, branch, &parts.fill).await?;
    services::offer(network, branch).await?;
    asked::ask(network, branch).await?;
    let mut told = Affairs {
        counted,
        published: [branch.home]
            .into_iter()
            .chain(parts.fill)
            .map(|village| place(branch, village))
            .collect(),
        overdue: None,
        tightened: None,
        refused: refused::refuse(network, branch).await?,
        rewritten: None,
    };
    if let Some(village) = parts.tightens {
        told.tightened = Some(tightened::tighten(network, branch, village).await?);
    }
    if let Some(village) = parts.overdue {
        told.overdue = Some(overdue::wait_too_long(network, branch, village).await?);
    }
    if let Some(village) = parts.rewrites {
        told.rewritten = Some(rewritten::rewrite(network, branch, village).await?);
    }
    Ok(told)
}

fn place(branch: &Branch, division: DivisionCode) -> Place {
    let known = branch.tree.get(division);
    Place {
        division,
        name: known.map_or_else(String::new, |known| known.short_name().into_owned()),
    }
}
