//! What the demo's village makes public: the county's catalogue comes down, and one item goes through all hands.

use std::time::{Duration, Instant};

use cli::Failure;
use domain::{
    actor::Actor,
    disclosure::{BadDisclosure, Complied, Content, Counts, Stage},
    month::Month,
    people::AccountId,
    template::TemplateKind,
    time::Timestamp,
};
use office::{Failed, NewDisclosure, Office};

use super::{
    issued::issue,
    network::{Branch, Network, PATIENCE},
    story::{Disclosed, ensure, office_failed},
};

/// The catalogue that counties can start with.
const CATALOGUE: &str = include_str!("../../../config/templates/village-affairs.toml");
/// The item that is made public.
const ITEM: &str = "集体重大财务事项";

/// Publishes the catalogue at the county, and one disclosure at the home village, unless both are there from an
/// earlier start.
///
/// Returns what the province knows of it in the end.
pub(super) async fn disclose(network: &Network, branch: &Branch) -> Result<Disclosed, Failure> {
    let home = network.office(branch.home);
    let lines = home.disclosures().lines().await.map_err(office_failed)?;
    let due = match lines.first() {
        Some(line) => line.due,
        None => {
            demand(network, branch).await?;
            publish(&home).await.map_err(office_failed)?
        }
    };
    known_above(network, branch, Month::of(due.day())).await
}

/// Waits until the province counts what the village published.
async fn known_above(
    network: &Network,
    branch: &Branch,
    month: Month,
) -> Result<Disclosed, Failure> {
    let root = network.office(branch.tree.root());
    let started = Instant::now();
    loop {
        let said = root.disclosures().complying(month).await;
        let said = said.map_err(office_failed)?;
        let counts = said.values().flatten();
        let counts = counts.fold(Counts::default(), |sum, report| sum.plus(report.counts));
        if counts.published() > 0 {
            return Ok(Disclosed {
                month: month.to_string(),
                demanded: counts[Complied::Demanded],
                on_time: counts[Complied::OnTime],
            });
        }
        ensure(started.elapsed() < PATIENCE, || {
            "the province counts what the village made public".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Publishes the catalogue at the county and waits until the village has it.
async fn demand(network: &Network, branch: &Branch) -> Result<(), Failure> {
    let home = network.office(branch.home);
    let template = (
        "village-affairs",
        "村务公开目录 what villages make public",
        CATALOGUE,
    );
    issue(network, branch, TemplateKind::Disclosure, template).await?;
    let started = Instant::now();
    loop {
        let demanded = home
            .disclosures()
            .duties(|demanded, _| demanded.iter().any(|(.., item)| *item.name == *ITEM));
        if demanded.await.map_err(office_failed)? {
            return Ok(());
        }
        ensure(started.elapsed() < PATIENCE, || {
            "the village has the county's catalogue".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Lets the people of the village write, agree to, review and publish it. Returns when it was due.
async fn publish(home: &Office) -> Result<Timestamp, Failed<BadDisclosure>> {
    let mut by = vec![];
    for login in ["village-clerk", "village-chair", "village-supervisor"] {
        let known = home.people().find_account(login).await.ok();
        let missing = by.len() as u64 + 1;
        by.push(Actor::Account(
            known.map_or(AccountId(missing), |account| account.id),
        ));
    }
    let [official, chair, supervisor] = by.try_into().expect("three people");
    let all = home.disclosures();
    let new = NewDisclosure {
        item: ITEM.to_owned(),
        day: home.now().day(),
        title: "村口路灯改造".to_owned(),
        like: None,
    };
    let id = all.begin_one(new, official.clone()).await?.id;
    let row = |what: &str, paid: &str| vec![what.into(), paid.into()];
    let content = Content {
        fields: vec![
            "18600".into(),
            "村口至卫生室 12 盏路灯换成太阳能灯".into(),
            "村民代表会议".into(),
        ],
        rows: vec![
            row("灯具 12 盏", "14400"),
            row("施工", "3000"),
            row("旧灯处理", "1200"),
        ],
        note: "合同和发票可到村委会查看。".into(),
    };
    all.write(id, None, (content, None), official.clone())
        .await?;
    all.submit(id, None, official.clone()).await?;
    all.agree(id, (None, String::new()), chair).await?;
    let said = "已核对合同和发票".to_owned();
    let reviewed = all.review(id, (None, said), supervisor).await?;
    debug_assert_eq!(reviewed.stage(), Some(Stage::Agreed));
    let published = all.publish(id, None, official).await?;
    Ok(published.due)
}
