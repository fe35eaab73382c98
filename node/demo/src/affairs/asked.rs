//! What villagers ask to be made public (要求公开): one in ten of them may demand it.

use cli::Failure;
use domain::{actor::Actor, plea::NewPlea};
use office::Pleader;

use crate::{
    network::{Branch, Network},
    story::office_failed,
};

/// Says how many people live in the home village, and lets one of them ask, unless that was done in an earlier start.
pub(super) async fn ask(network: &Network, branch: &Branch) -> Result<(), Failure> {
    let home = network.office(branch.home);
    let all = home.disclosures();
    let known = all.pleas().await.map_err(office_failed)?;
    let villager = home.people().find_account("villager").await;
    let (Ok(villager), true) = (villager, known.pleas.is_empty()) else {
        return Ok(());
    };
    let clerk = home.people().find_account("village-clerk").await;
    let clerk = clerk.map_or(Actor::OsUser(0), |account| Actor::Account(account.id));
    let counted = all
        .count_residents((1_432, "户籍人口，2026 年 6 月"), clerk)
        .await;
    counted.map_err(office_failed)?;
    let new = NewPlea {
        title: "村集体厂房出租合同".to_owned(),
        text: "想知道租给谁、租多久、租金多少。".to_owned(),
        about: None,
    };
    let asked = all.plead(new, Pleader::Account(villager.id)).await;
    asked.map(|_| ()).map_err(office_failed)
}
