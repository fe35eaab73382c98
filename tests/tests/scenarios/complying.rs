//! How villages comply with what they have to make public, told up to the province.

use testkit::{CITY, CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, eventually};
use wujitong::{
    domain::{
        actor::Actor,
        disclosure::{Complied, Content, DisclosureId},
        month::Month,
        people::AccountId,
        template::TemplateKind,
    },
    office::{NewDisclosure, NewTemplate},
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";
/// Every tier above.
const ABOVE: [&str; 4] = [TOWNSHIP, COUNTY, CITY, PROVINCE];

fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

/// The county's catalogue: one item that is due within five days of what happens.
fn catalogue() -> NewTemplate {
    NewTemplate {
        kind: TemplateKind::Disclosure,
        name: "affairs".to_owned(),
        title: "村务公开".to_owned(),
        content: "format = 1\n[[item]]\nname = \"重大事项\"\nperiod = \"event\"\ndue = \"5d\"\n\
                  fields = [\"内容\"]\n"
            .to_owned(),
        tiers: vec![topology::Tier::Village],
        kinds: vec![],
    }
}

/// Publishes an event of today, through three pairs of hands. Returns it and the month in which it was due.
async fn disclose(network: &Network, at: &str) -> (DisclosureId, Month) {
    let office = network.office(at);
    let all = office.disclosures();
    let new = NewDisclosure {
        item: "重大事项".to_owned(),
        day: office.now().day(),
        title: "征地补偿".to_owned(),
        like: None,
    };
    let begun = all.begin_one(new, who(1)).await.unwrap();
    let content = Content {
        fields: vec!["已发放".into()],
        ..Content::default()
    };
    let write = all.write(begun.id, None, (content, None), who(1));
    write.await.unwrap();
    pass(network, at, begun.id).await;
    (begun.id, Month::of(begun.due.day()))
}

async fn pass(network: &Network, at: &str, id: DisclosureId) {
    let office = network.office(at);
    let all = office.disclosures();
    all.submit(id, None, who(1)).await.unwrap();
    all.agree(id, (None, String::new()), who(2)).await.unwrap();
    all.review(id, (None, String::new()), who(3)).await.unwrap();
    all.publish(id, None, who(2)).await.unwrap();
}

/// What a division says of its whole subtree.
async fn counted(network: &Network, at: &str, month: Month, what: Complied) -> u64 {
    let said = network.office(at).disclosures().complying(month).await;
    let said = said.unwrap();
    said.values()
        .flatten()
        .map(|report| report.counts[what])
        .sum()
}

async fn told_everywhere(network: &Network, month: Month, what: Complied, count: u64) {
    for at in ABOVE {
        eventually(&format!("{at} counts {count} {what:?}"), || async {
            counted(network, at, month, what).await == count
        })
        .await;
    }
}

#[tokio::test]
async fn every_tier_knows_what_its_villages_published_also_after_it_was_away_or_went_back() {
    let mut network = Network::of(&[VILLAGE, NEIGHBOUR]).await;
    network.linked().await;
    let county = network.office(COUNTY);
    let issued = county.templates().publish(catalogue(), CLERK).await;
    let key = issued.unwrap().key;
    eventually("both villages apply it", || async {
        let adoption = network.office(COUNTY).templates().adoption(&key).await;
        adoption.unwrap().applied == 2
    })
    .await;

    let (id, month) = disclose(&network, VILLAGE).await;
    disclose(&network, NEIGHBOUR).await;
    told_everywhere(&network, month, Complied::OnTime, 2).await;
    let at_the_county = network.office(COUNTY).disclosures().complying(month).await;
    let from: Vec<_> = at_the_county.unwrap().into_keys().collect();
    assert_eq!(
        from,
        [code(TOWNSHIP)],
        "the county knows its townships' sums"
    );

    // A correction while the county is down arrives when it is back.
    let backup = {
        network.stop(PROVINCE).await;
        network.backup(PROVINCE)
    };
    network.restart(PROVINCE).await;
    network.stop(COUNTY).await;
    let office = network.office(VILLAGE);
    let why = (None, "金额记错".to_owned());
    office.disclosures().correct(id, why, who(1)).await.unwrap();
    pass(&network, VILLAGE, id).await;
    network.restart(COUNTY).await;
    told_everywhere(&network, month, Complied::Corrected, 1).await;

    // The province's store goes back, which its cities see by what it said since; they tell it again.
    let said = NewTemplate {
        kind: TemplateKind::Policy,
        name: "notices".to_owned(),
        content: "format = 1\n".to_owned(),
        tiers: vec![topology::Tier::City],
        ..catalogue()
    };
    let province = network.office(PROVINCE);
    let said = province.templates().publish(said, CLERK).await.unwrap();
    eventually("the city has it", || async {
        let adoption = network
            .office(PROVINCE)
            .templates()
            .adoption(&said.key)
            .await;
        adoption.unwrap().applied == 1
    })
    .await;
    drop((province, county, office));
    network.stop(PROVINCE).await;
    network.put_back(PROVINCE, &backup);
    network.restart(PROVINCE).await;
    told_everywhere(&network, month, Complied::Corrected, 1).await;
    told_everywhere(&network, month, Complied::Demanded, 2).await;
    network.shut_down().await;
}
