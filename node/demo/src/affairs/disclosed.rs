//! What the demo's villages make public: the county's catalogue comes down, and one item goes through all hands in each.

use std::time::{Duration, Instant};

use bytes::Bytes;
use cli::Failure;
use domain::{
    actor::Actor,
    attachment::Media,
    disclosure::{BadDisclosure, Complied, Content, Counts, DisclosureId, Stage},
    month::Month,
    people::AccountId,
    template::TemplateKind,
    time::Timestamp,
};
use office::{AttachedUpload, Failed, NewDisclosure, Office};

use crate::{
    issued::issue_to,
    network::{Branch, Network, PATIENCE},
    story::{Counted, ensure, office_failed},
};

use ::topology::{DivisionCode, Tier, UnitKind};

/// The catalogues that counties can start with, and of each what is made public here, and who decides there.
const CATALOGUES: [Catalogue; 3] = [
    Catalogue {
        kind: UnitKind::Village,
        name: "village-affairs",
        title: "村务公开目录 what villages make public",
        text: VILLAGES,
        item: VILLAGE_ITEM,
        decided: "村民代表会议",
    },
    Catalogue {
        kind: UnitKind::Community,
        name: "community-affairs",
        title: "居务公开目录 what communities make public",
        text: include_str!("../../../../config/templates/community-affairs.toml"),
        item: "公益事业重大收支",
        decided: "居民代表会议",
    },
    Catalogue {
        kind: UnitKind::Park,
        name: "park-affairs",
        title: "园区公开目录 what parks make public",
        text: include_str!("../../../../config/templates/park-affairs.toml"),
        item: "园区重大支出",
        decided: "管委会",
    },
];
/// The catalogue of villages.
pub(super) const VILLAGES: &str = include_str!("../../../../config/templates/village-affairs.toml");
/// The item of it that is made public.
pub(super) const VILLAGE_ITEM: &str = "集体重大财务事项";

struct Catalogue {
    kind: UnitKind,
    name: &'static str,
    title: &'static str,
    text: &'static str,
    item: &'static str,
    decided: &'static str,
}

/// What was paid for: a title, what it was, and the parts with their prices in yuan.
struct Spending {
    title: &'static str,
    what: &'static str,
    parts: &'static [(&'static str, u32)],
}

/// That of the home village, and those of the villages beside it.
const SPENDINGS: [Spending; 4] = [
    Spending {
        title: "村口路灯改造",
        what: "村口至卫生室 12 盏路灯换成太阳能灯",
        parts: &[("灯具 12 盏", 14_400), ("施工", 3_000), ("旧灯处理", 1_200)],
    },
    Spending {
        title: "机耕路修缮",
        what: "村北机耕路 400 米铺石子",
        parts: &[("石子 120 吨", 9_600), ("机械台班", 4_800)],
    },
    Spending {
        title: "灌溉泵站电机更换",
        what: "泵站电机一台，更换并调试",
        parts: &[("电机", 7_200), ("安装调试", 900)],
    },
    Spending {
        title: "文化礼堂屋面维修",
        what: "礼堂屋面防水 180 平方米",
        parts: &[("防水材料", 5_400), ("人工", 6_300)],
    },
];

/// A file beside the home village's.
const BESIDE: &str = "路灯改造合同摘要\n\n甲方：村经济合作社\n乙方：经村民代表会议公开询价，三家中最低价者\n\
    内容：太阳能路灯 12 盏，含施工和旧灯处理\n价款：18600 元，验收后一次付清\n质保：三年\n";

/// Publishes the catalogues at the county, and one disclosure in the home village and in some beside it, unless they are there
/// from an earlier start.
///
/// Returns what the province knows of it in the end.
pub(super) async fn disclose(
    network: &Network,
    branch: &Branch,
    others: &[DivisionCode],
) -> Result<Counted, Failure> {
    let home = network.office(branch.home);
    let lines = home.disclosures().lines().await.map_err(office_failed)?;
    let due = match lines.first() {
        Some(line) => line.due,
        None => {
            demand(network, branch).await?;
            let kind = branch.tree.get(branch.home).and_then(|home| home.kind);
            let mut catalogues = CATALOGUES.iter();
            let catalogue = catalogues.find(|one| Some(one.kind) == kind);
            let catalogue = catalogue.unwrap_or(&CATALOGUES[0]);
            let (spending, beside) = (&SPENDINGS[0], Some(BESIDE));
            demanded(&home, catalogue.item).await?;
            let due = publish(&home, catalogue, spending, beside).await?;
            for (village, spending) in others.iter().zip(&SPENDINGS[1..]) {
                let office = network.office(*village);
                demanded(&office, VILLAGE_ITEM).await?;
                publish(&office, &CATALOGUES[0], spending, None).await?;
            }
            due
        }
    };
    known_above(
        network,
        branch,
        Month::of(due.day()),
        others.len() as u64 + 1,
    )
    .await
}

/// Waits until the province counts what was published.
async fn known_above(
    network: &Network,
    branch: &Branch,
    month: Month,
    published: u64,
) -> Result<Counted, Failure> {
    let root = network.office(branch.tree.root());
    let started = Instant::now();
    loop {
        let said = root.disclosures().complying(month).await;
        let said = said.map_err(office_failed)?;
        let counts = said.values().flatten();
        let counts = counts.fold(Counts::default(), |sum, report| sum.plus(report.counts));
        if counts.published() >= published {
            return Ok(Counted {
                month: month.to_string(),
                demanded: counts[Complied::Demanded],
                on_time: counts[Complied::OnTime],
            });
        }
        ensure(started.elapsed() < PATIENCE, || {
            "the province counts what the villages made public".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Publishes the catalogues at the county.
async fn demand(network: &Network, branch: &Branch) -> Result<(), Failure> {
    for one in &CATALOGUES {
        let template = (one.name, one.title, one.text);
        let to = (&[Tier::Village][..], &[one.kind][..]);
        issue_to(network, branch, TemplateKind::Disclosure, to, template).await?;
    }
    Ok(())
}

/// Waits until a village has the county's catalogue.
pub(super) async fn demanded(office: &Office, item: &str) -> Result<(), Failure> {
    let started = Instant::now();
    loop {
        let demanded = office
            .disclosures()
            .duties(|demanded, _| demanded.iter().any(|(.., known)| *known.name == *item));
        if demanded.await.map_err(office_failed)? {
            return Ok(());
        }
        ensure(started.elapsed() < PATIENCE, || {
            "the village has the county's catalogue".to_owned()
        })?;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns the actors who write, agree and review. In a village without these accounts they are three people all the same.
pub(super) async fn hands(office: &Office) -> [Actor; 3] {
    let mut by = vec![];
    for login in ["village-clerk", "village-chair", "village-supervisor"] {
        let known = office.people().find_account(login).await.ok();
        let missing = by.len() as u64 + 1;
        by.push(Actor::Account(
            known.map_or(AccountId(missing), |account| account.id),
        ));
    }
    by.try_into().expect("three people")
}

/// Lets the people of a village write, agree to, review and publish it. Returns when it was due.
async fn publish(
    office: &Office,
    catalogue: &Catalogue,
    spending: &Spending,
    beside: Option<&str>,
) -> Result<Timestamp, Failure> {
    let [official, chair, supervisor] = hands(office).await;
    let all = office.disclosures();
    let new = NewDisclosure {
        item: catalogue.item.to_owned(),
        day: office.now().day(),
        title: spending.title.to_owned(),
        like: None,
    };
    let begun = all.begin_one(new, official.clone()).await;
    let id = begun.map_err(office_failed)?.id;
    let total: u32 = spending.parts.iter().map(|(_, paid)| paid).sum();
    let row = |(what, paid): &(&str, u32)| vec![(*what).into(), paid.to_string().into()];
    let content = Content {
        fields: vec![
            total.to_string().into(),
            spending.what.into(),
            catalogue.decided.into(),
        ],
        rows: spending.parts.iter().map(row).collect(),
        note: "合同和发票可到村（居）委会查看。".into(),
    };
    let written = all.write(id, None, (content, None), official.clone());
    written.await.map_err(office_failed)?;
    if let Some(text) = beside {
        put_beside(office, id, text, &official).await?;
    }
    let hands = async {
        all.submit(id, None, official.clone()).await?;
        all.agree(id, (None, String::new()), chair).await?;
        let said = "已核对合同和发票".to_owned();
        let reviewed = all.review(id, (None, said), supervisor).await?;
        debug_assert_eq!(reviewed.stage(), Some(Stage::Agreed));
        all.publish(id, None, official).await
    };
    let published: Result<_, Failed<BadDisclosure>> = hands.await;
    Ok(published.map_err(office_failed)?.due)
}

/// Puts a text beside a draft.
async fn put_beside(
    office: &Office,
    id: DisclosureId,
    text: &str,
    by: &Actor,
) -> Result<(), Failure> {
    let files = office.files();
    let length = text.len() as u64;
    let begun = files.begin_wide_upload(Media::Text, length, by.clone());
    let upload = begun.await.map_err(office_failed)?.id;
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let taken = files.continue_upload(upload, 0, bytes, by).await;
    taken.map_err(office_failed)?;
    let new = AttachedUpload {
        upload,
        name: "合同摘要.txt".to_owned(),
    };
    let attached = office.disclosures().attach(id, None, new, by.clone()).await;
    attached.map(|_| ()).map_err(office_failed)
}
