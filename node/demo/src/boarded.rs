//! What the demo's village puts on its boards: the county's boards come down, and people write on them.

use std::time::{Duration, Instant};

use cli::Failure;
use domain::{
    actor::Actor,
    board::{BoardCode, RemovalGround, Written},
    template::TemplateKind,
};
use office::{BoardRefusal, Failed, NewPost, Office};

use super::{
    issued::issue,
    network::{Branch, Network, PATIENCE},
    story::{ensure, office_failed},
};

/// The boards that counties can start with.
const BOARDS: &str = include_str!("../../../config/templates/village-boards.toml");

/// Publishes the boards at the county, and writes on them at the home village, unless both was done in an earlier
/// start.
pub(super) async fn post(network: &Network, branch: &Branch) -> Result<(), Failure> {
    let home = network.office(branch.home);
    let known = home.boards().all(true).await.map_err(office_failed)?;
    if known.iter().any(|board| board.posts > 0) {
        return Ok(());
    }
    let template = ("village-boards", "村级公告栏 boards of villages", BOARDS);
    issue(network, branch, TemplateKind::Board, template).await?;
    let started = Instant::now();
    while home
        .boards()
        .all(true)
        .await
        .map_err(office_failed)?
        .is_empty()
    {
        ensure(started.elapsed() < PATIENCE, || {
            "the village has the county's boards".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    write(&home).await.map_err(office_failed)
}

/// Lets the people of the village write, answer, and remove what is wrong.
async fn write(home: &Office) -> Result<(), Failed<BoardRefusal>> {
    let mut by = vec![];
    for login in ["village-clerk", "village-chair", "villager"] {
        let known = home.people().find_account(login).await.ok();
        // The owner of a node without accounts may do all of it.
        by.push(known.map_or(Actor::OsUser(0), |account| Actor::Account(account.id)));
    }
    let [official, chair, villager] = by.try_into().expect("three people");
    let boards = home.boards();
    let code = |text: &str| text.parse::<BoardCode>().expect("it is one");
    let new = |title: &str, text: &str| NewPost {
        written: Written {
            title: title.to_owned(),
            text: text.to_owned(),
            despite: None,
        },
        photos: vec![],
    };
    let rules = new(
        "村规民约（村民会议通过）",
        "一、邻里和睦，有事先找网格员。\n二、垃圾分类投放，门前三包。\n三、红白喜事从简，不铺张。",
    );
    boards.write(&code("rules"), rules, chair.clone()).await?;
    let news = code("news");
    let wrong = new("停水通知", "周四全天停水。");
    let wrong = boards.write(&news, wrong, official.clone()).await?;
    let why = (RemovalGround::Untrue, "时间有误，见新的通知");
    let removed = boards.remove((&news, wrong.id, None), why, true, chair.clone());
    removed.await.map_err(Failed::widen)?;
    let right = new(
        "停水通知",
        "周三 8 时到 12 时检修水管，张王村全村停水，请提前储水。",
    );
    let right = boards.write(&news, right, official).await?;
    let asked = boards.answer(&news, right.id, "下午会来水吗？", villager);
    asked.await.map_err(Failed::widen)?;
    let told = boards.answer(&news, right.id, "中午 12 时恢复。", chair.clone());
    told.await.map_err(Failed::widen)?;
    let pinned = boards.pin(&news, right.id, true, chair).await;
    pinned.map_err(Failed::widen)?;
    Ok(())
}
