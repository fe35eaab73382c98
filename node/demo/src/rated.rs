//! How the demo's village rates its households: the county's rules come down, a grid worker rates, a mistake is
//! corrected in the open, and a household gives points for what the village offers.

use std::time::{Duration, Instant};

use cli::Failure;
use domain::{
    actor::Actor,
    points::{BadExchange, HouseholdChange, HouseholdId, Mark, Rated, RewardChange},
    template::TemplateKind,
};
use office::{Failed, NewConsent, NewExchange, NewHousehold, NewRating, Office, PointsRefusal};

use super::{
    issued::issue,
    network::{Branch, Network, PATIENCE},
    story::{ensure, office_failed},
};

/// The rules that counties can start with.
const POINTS: &str = include_str!("../../../config/templates/village-points.toml");
/// The heads of the first households of the village.
const HEADS: [&str; 8] = [
    "张秀英",
    "张志强",
    "王建国",
    "刘桂芳",
    "李长根",
    "陈水仙",
    "方国良",
    "吴小妹",
];

/// Publishes the rules at the county, and lets the home village rate its households, unless both was done in an
/// earlier start.
pub(super) async fn rate(network: &Network, branch: &Branch) -> Result<(), Failure> {
    let home = network.office(branch.home);
    let known = home.points().households().await.map_err(office_failed)?;
    if !known.is_empty() {
        return Ok(());
    }
    let template = ("village-points", "村民积分 points of households", POINTS);
    issue(network, branch, TemplateKind::Points, template).await?;
    let started = Instant::now();
    while home.points().period(home.now().day()).await.is_err() {
        ensure(started.elapsed() < PATIENCE, || {
            "the village has the county's rules of points".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    visit(&home).await.map_err(office_failed)?;
    trade(&home).await.map_err(office_failed)
}

/// Puts rewards on the list, and books what a household gives points for.
async fn trade(home: &Office) -> Result<(), Failed<BadExchange>> {
    let official = official(home).await;
    let points = home.points();
    let mut rewards = vec![];
    for (name, unit, cost, left) in [
        ("洗衣液", "瓶", 20, Some(30)),
        ("垃圾袋", "卷", 2, Some(200)),
        ("理发", "次", 15, None),
    ] {
        let said = RewardChange {
            name: Some(name.to_owned()),
            unit: Some(unit.to_owned()),
            cost: Some(cost),
            left: Some(left),
            withdrawn: None,
        };
        rewards.push(points.add_reward(said, official.clone()).await?);
    }
    let new = NewExchange {
        reward: rewards[1].id,
        count: 3,
        consent: NewConsent::Signature(HEADS[1].to_owned()),
    };
    points.exchange(HouseholdId(2), new, official).await?;
    Ok(())
}

/// Returns who acts for the village. The owner of a node without accounts may do all of it.
async fn official(home: &Office) -> Actor {
    let official = home.people().find_account("village-clerk").await.ok();
    official.map_or(Actor::OsUser(0), |account| Actor::Account(account.id))
}

/// Lists the households, rates them, and corrects one rating.
async fn visit(home: &Office) -> Result<(), Failed<PointsRefusal>> {
    let official = official(home).await;
    let points = home.points();
    let new = HEADS.map(|name| NewHousehold {
        name: name.to_owned(),
        grid: None,
    });
    let added = points.add_households(new.to_vec(), official.clone()).await;
    added.map_err(Failed::widen)?;
    if let Ok(villager) = home.people().find_account("villager").await {
        let change = HouseholdChange {
            accounts: Some([villager.id].into()),
            ..HouseholdChange::default()
        };
        let linked = points.change_household(HouseholdId(1), change, official.clone());
        linked.await.map_err(Failed::widen)?;
    }
    let rate = async |number: u32, item: &str, mark, remark: &str| {
        let rated = Rated {
            item: item.to_owned(),
            mark,
            remark: remark.to_owned(),
        };
        let new = NewRating {
            rated,
            photos: vec![],
        };
        points
            .rate(HouseholdId(number), new, official.clone())
            .await
    };
    for (number, item, mark, remark) in [
        (1, "volunteering", Mark::Good, "参加河道清理"),
        (1, "yard", Mark::Good, ""),
        (1, "customs", Mark::Good, "喜事简办"),
        (2, "volunteering", Mark::Good, "帮独居老人买药"),
        (2, "customs", Mark::Good, ""),
        (2, "yard", Mark::Good, ""),
        (3, "sorting", Mark::Good, ""),
        (3, "yard", Mark::Fair, "柴堆未归整"),
        (4, "sorting", Mark::Fair, ""),
        (5, "sorting", Mark::Poor, "厨余混投"),
    ] {
        rate(number, item, mark, remark).await?;
    }
    let wrong = rate(1, "sorting", Mark::Poor, "桶边有散落").await?;
    let why = (Some(Mark::Good), "核实是路过车辆掉落，不是这一户");
    let corrected = points.correct(wrong.id, why, official.clone()).await;
    corrected.map_err(Failed::widen)?;
    Ok(())
}
