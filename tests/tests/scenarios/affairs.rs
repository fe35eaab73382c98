//! The public affairs of villages through five tiers, with nodes stopped and links cut between every two steps.

use std::sync::Arc;

use serde_json::Value;
use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, clock::ShiftedClock, code,
    eventually, heads::covered,
};
use topology::{Tier, UnitKind};
use wujitong::{
    domain::{
        actor::Actor,
        disclosure::{Complied, Content, Disclosure},
        month::Month,
        people::{AccountId, Role, Who},
        plea::{NewPlea, PleaState},
        template::{Adoption, TemplateKey, TemplateKind},
        time::Timestamp,
    },
    identity::Roots,
    office::{NewDisclosure, NewTemplate, Pleader, people::NewAccount},
    proof::verify,
};

/// 槐王村, 项家村 and 东华街社区, in the same township.
const TIGHTENS: &str = "330825002223";
const LATE: &str = "330825002224";
const COMMUNITY: &str = "330825002001";
/// Every tier above.
const ABOVE: [&str; 4] = [TOWNSHIP, COUNTY, CITY, PROVINCE];
const ITEM: &str = "重大事项";
const CATALOGUE: &str = "format = 1\n[[item]]\nname = \"重大事项\"\nperiod = \"event\"\ndue = \"30d\"\nfields = [\"内容\"]\n";
const CATEGORY: &str = "format = 1\n[[category]]\ncode = \"service/grain\"\nname = \"种粮补贴\"\n";
const SERVICE: &str =
    "format = 1\n[[service]]\ncategory = \"service/grain\"\npromise = \"20wd\"\nmaterials = []\n";

fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

fn template(kind: TemplateKind, name: &str, content: &str, kinds: &[UnitKind]) -> NewTemplate {
    NewTemplate {
        kind,
        name: name.to_owned(),
        title: name.to_owned(),
        content: content.to_owned(),
        tiers: match kind {
            TemplateKind::Policy => vec![],
            _ => vec![Tier::Village],
        },
        kinds: kinds.to_vec(),
    }
}

async fn issue(network: &Network, at: &str, new: NewTemplate) -> TemplateKey {
    let office = network.office(at);
    let issued = office.templates().publish(new, CLERK).await;
    issued.unwrap().key
}

async fn adopted(network: &Network, key: &TemplateKey, applied: u32, refused: u32) -> Adoption {
    let at = key.issuer.to_string();
    let office = network.office(&at);
    eventually(
        &format!("{applied} apply {key}, {refused} refuse it"),
        || async {
            let known = office.templates().adoption(key).await.unwrap();
            (known.applied, known.refused) == (applied, refused)
        },
    )
    .await;
    office.templates().adoption(key).await.unwrap()
}

async fn begin(network: &Network, at: &str) -> Disclosure {
    let office = network.office(at);
    let new = NewDisclosure {
        item: ITEM.to_owned(),
        day: office.now().day(),
        title: "机耕路修缮".to_owned(),
        like: None,
    };
    let begun = office.disclosures().begin_one(new, who(1)).await;
    begun.unwrap()
}

async fn publish(network: &Network, at: &str) -> Disclosure {
    let begun = begin(network, at).await;
    let office = network.office(at);
    let all = office.disclosures();
    let content = Content {
        fields: vec!["已完工".into()],
        ..Content::default()
    };
    all.write(begun.id, None, (content, None), who(1))
        .await
        .unwrap();
    all.submit(begun.id, None, who(1)).await.unwrap();
    all.agree(begun.id, (None, String::new()), who(2))
        .await
        .unwrap();
    all.review(begun.id, (None, String::new()), who(3))
        .await
        .unwrap();
    all.publish(begun.id, None, who(1)).await.unwrap()
}

fn account(login: &str, role: Option<Role>) -> NewAccount {
    NewAccount {
        login: login.parse().unwrap(),
        name: "王秀英".to_owned(),
        roles: role.into_iter().collect(),
        department: None,
        grid: None,
        phone: None,
        password: "correct-horse-battery".to_owned(),
        is_first: false,
    }
}

/// One of ten residents asks for something, so that the village owes it. Returns when it is due.
async fn one_in_ten_asks(network: &Network, at: &str) -> Timestamp {
    let office = network.office(at);
    let owner = Who::OsUser {
        uid: 0,
        accounts: false,
    };
    let people = office.people();
    let mut admins = vec![];
    for (login, role) in [
        ("system", Role::SystemAdministrator),
        ("security", Role::SecurityAdministrator),
    ] {
        let new = account(login, Some(role));
        let opened = people.open_account(&owner, CLERK, new).await.unwrap();
        admins.push((Actor::Account(opened.id), Who::Account(opened)));
    }
    let [(by_system, system), (by_security, security)] = <[_; 2]>::try_from(admins).ok().unwrap();
    let new = account("villager", None);
    let resident = people.open_account(&system, by_system, new).await.unwrap();
    let roles = [Role::Resident].into();
    let set = people.set_roles(&security, by_security, resident.id, roles);
    set.await.unwrap();
    let all = office.disclosures();
    all.count_residents((10, "户籍人口"), CLERK).await.unwrap();
    let new = NewPlea {
        title: "厂房出租合同".to_owned(),
        text: String::new(),
        about: None,
    };
    let asked = all.plead(new, Pleader::Account(resident.id)).await;
    let asked = asked.unwrap();
    assert_eq!(asked.state, PleaState::Owed);
    let owed = asked.plea.owed.unwrap().disclosure.unwrap();
    let lines = all.lines().await.unwrap();
    lines.iter().find(|line| line.id == owed).unwrap().due
}

/// What a division says of its whole subtree, of these months.
async fn counted(network: &Network, at: &str, months: &[Month], what: Complied) -> u64 {
    let office = network.office(at);
    let mut sum = 0;
    for month in months {
        let said = office.disclosures().complying(*month).await.unwrap();
        sum += said
            .values()
            .flatten()
            .map(|report| report.counts[what])
            .sum::<u64>();
    }
    sum
}

async fn told_everywhere(network: &Network, months: &[Month], what: Complied, count: u64) {
    for at in ABOVE {
        eventually(&format!("{at} counts {count} {what:?}"), || async {
            counted(network, at, months, what).await == count
        })
        .await;
    }
}

/// A receipt of what was published holds with the countersignatures of the two above.
async fn proven(network: &Network, clock: &ShiftedClock, at: &str, published: &Disclosure) {
    let office = network.office(at);
    covered(clock, &office, 2).await;
    let roots = Roots::read(&network.home(at).join("roots.pem")).unwrap();
    let evidence = office.disclosures().evidence(published.id, None).await;
    let file = network.node(at).disclosure_receipt(evidence.unwrap()).await;
    let file: Value = serde_json::to_value(file.unwrap()).unwrap();
    let checked = verify(file.to_string().as_bytes(), None, &roots, &network.tree).unwrap();
    assert!(checked.holds && !checked.pending, "{checked:#?}");
}

#[tokio::test]
async fn a_catalogue_is_filled_tightened_refused_and_let_lapse_while_nodes_are_down_and_links_cut()
{
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as _,
        ..Options::default()
    };
    let villages = [VILLAGE, TIGHTENS, LATE, COMMUNITY];
    let mut network = Network::with(&villages, options).await;
    network.linked().await;

    // The county issues its catalogue while one village is cut off; the township is stopped before it has told of all.
    network.cut(TIGHTENS).await;
    let catalogue = template(TemplateKind::Disclosure, "affairs", CATALOGUE, &[]);
    let catalogue = issue(&network, COUNTY, catalogue).await;
    network.stop(TOWNSHIP).await;
    network.restart(TOWNSHIP).await;
    adopted(&network, &catalogue, 3, 0).await;
    network.mend(TIGHTENS);
    adopted(&network, &catalogue, 4, 0).await;

    // While nobody is above them, one village publishes, one demands more of itself, one begins and waits.
    network.stop(TOWNSHIP).await;
    let published = publish(&network, VILLAGE).await;
    let mine = CATALOGUE
        .replacen(
            "format = 1",
            &format!("format = 1\ntightens = \"{catalogue}\""),
            1,
        )
        .replace("30d", "5d");
    let mine = issue(
        &network,
        TIGHTENS,
        template(TemplateKind::Disclosure, "affairs", &mine, &[]),
    )
    .await;
    adopted(&network, &mine, 1, 0).await;
    let stricter = publish(&network, TIGHTENS).await;
    assert!(
        stricter.due < published.due,
        "five days instead of thirty, whatever holidays there are"
    );
    let late = begin(&network, LATE).await;
    let owed = one_in_ten_asks(&network, VILLAGE).await;
    let months: std::collections::BTreeSet<_> = [published.due, stricter.due, late.due, owed]
        .map(|due| Month::of(due.day()))
        .into();
    let months: Vec<_> = months.into_iter().collect();
    network.stop(COUNTY).await;
    network.restart(TOWNSHIP).await;
    network.restart(COUNTY).await;
    told_everywhere(&network, &months, Complied::OnTime, 2).await;
    told_everywhere(&network, &months, Complied::Demanded, 4).await;

    // A service in a category that communities do not have: they say why, and the county reads it.
    let rural = [UnitKind::Village, UnitKind::Park];
    let category = template(TemplateKind::Policy, "grain", CATEGORY, &rural);
    let category = issue(&network, COUNTY, category).await;
    network.cut(COMMUNITY).await;
    let service = template(TemplateKind::Service, "grain", SERVICE, &[]);
    let service = issue(&network, COUNTY, service).await;
    network.stop(CITY).await;
    network.mend(COMMUNITY);
    let adoption = adopted(&network, &service, 3, 1).await;
    let (by, why) = &adoption.refusals[0];
    assert_eq!(*by, code(COMMUNITY));
    assert!(why.to_string().contains("service/grain"), "{why}");
    // The county, the township and the three villages.
    adopted(&network, &category, 5, 0).await;
    network.restart(CITY).await;

    // Forty days later two things are overdue: what was begun, and what one in ten asked for.
    proven(&network, &clock, VILLAGE, &published).await;
    network.cut(LATE).await;
    clock.shift_hours(40 * 24);
    for at in [VILLAGE, LATE] {
        network.office(at).attend().await.unwrap();
    }
    network.stop(TOWNSHIP).await;
    network.restart(TOWNSHIP).await;
    network.mend(LATE);
    told_everywhere(&network, &months, Complied::Overdue, 2).await;
    told_everywhere(&network, &months, Complied::OnTime, 2).await;
    network.shut_down().await;
}
