//! A village that does not make public in time what it has to: the county reads its name.

use std::time::{Duration, Instant};

use cli::Failure;
use domain::{
    month::Month,
    time::{Day, Timestamp},
};
use office::NewDisclosure;

use super::{
    disclosed::{VILLAGE_ITEM, demanded, hands},
    place,
};
use crate::{
    issued::issuer,
    network::{Branch, Network, PATIENCE},
    story::{Overdue, ensure, office_failed},
};

use ::topology::DivisionCode;

/// So many days ago the village spent the money; it had five to say so.
const DAYS_AGO: i32 = 20;

/// Lets a village begin a disclosure that it should have published long ago, unless it did in an earlier start, and waits
/// until the county lists it.
pub(super) async fn wait_too_long(
    network: &Network,
    branch: &Branch,
    village: DivisionCode,
) -> Result<Overdue, Failure> {
    let office = network.office(village);
    let lines = office.disclosures().lines().await.map_err(office_failed)?;
    let due = match lines.iter().find(|line| *line.item == *VILLAGE_ITEM) {
        Some(line) => line.due,
        None => {
            demanded(&office, VILLAGE_ITEM).await?;
            let [official, ..] = hands(&office).await;
            let new = NewDisclosure {
                item: VILLAGE_ITEM.to_owned(),
                day: Day(office.now().day().0 - DAYS_AGO),
                title: "村办公楼门窗更换".to_owned(),
                like: None,
            };
            let begun = office.disclosures().begin_one(new, official).await;
            begun.map_err(office_failed)?.due
        }
    };
    listed_above(network, branch, (village, due)).await?;
    Ok(Overdue {
        village: place(branch, village),
        item: VILLAGE_ITEM.to_owned(),
        due: due.to_string()[..16].to_owned(),
    })
}

/// Waits until the county names what is overdue in a village.
async fn listed_above(
    network: &Network,
    branch: &Branch,
    (village, due): (DivisionCode, Timestamp),
) -> Result<(), Failure> {
    let county = network.office(issuer(branch));
    let started = Instant::now();
    loop {
        let said = county.disclosures().complying(Month::of(due.day())).await;
        let said = said.map_err(office_failed)?;
        let mut overdue = said.values().flatten().flat_map(|report| &report.overdue);
        if overdue.any(|one| one.division == village && *one.item == *VILLAGE_ITEM) {
            return Ok(());
        }
        ensure(started.elapsed() < PATIENCE, || {
            format!("the county names what {village} did not make public")
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
