//! People of the demo, whom everybody who opens its pages may be with one click.

use std::collections::BTreeSet;

use app::Entrance;
use cli::Failure;
use domain::{
    actor::Actor,
    people::{Account, Role, Who},
};
use office::{
    Failed, Office,
    people::{NewAccount, PeopleRefusal},
};

use super::network::{Branch, Network};

use ::topology::{DivisionCode, Tree};

/// The password of all of them. It protects nothing: the pages let everybody in.
const PASSWORD: &str = "wujitong-demo-only";
/// Login names of the administrators of a node with people, who open the other accounts.
const SYSTEM: &str = "system";
const SECURITY: &str = "security";
const AUDIT: &str = "audit";

/// A person of the demo.
struct Person {
    login: &'static str,
    role: Role,
    name: &'static str,
    chinese: &'static str,
    english: &'static str,
    begins: &'static str,
}

const VILLAGE: [Person; 4] = [
    Person {
        login: "villager",
        role: Role::Resident,
        name: "张秀英",
        chinese: "村民张秀英",
        english: "villager Zhang Xiuying",
        begins: "/",
    },
    Person {
        login: "village-clerk",
        role: Role::Official,
        name: "王建国",
        chinese: "村干部王建国",
        english: "village official Wang Jianguo",
        begins: "/desk",
    },
    Person {
        login: "village-chair",
        role: Role::Leader,
        name: "张志强",
        chinese: "村主任张志强",
        english: "chair of the committee Zhang Zhiqiang",
        begins: "/desk/disclosures",
    },
    Person {
        login: "village-supervisor",
        role: Role::Supervisor,
        name: "刘桂芳",
        chinese: "监委会成员刘桂芳",
        english: "supervision committee member Liu Guifang",
        begins: "/desk/disclosures",
    },
];
const TOWNSHIP: [Person; 1] = [Person {
    login: "clerk",
    role: Role::Official,
    name: "李敏",
    chinese: "干部李敏",
    english: "clerk Li Min",
    begins: "/desk",
}];
const COUNTY: [Person; 6] = [
    Person {
        login: "leader",
        role: Role::Leader,
        name: "吴国平",
        chinese: "分管领导吴国平",
        english: "county leader Wu Guoping",
        begins: "/command",
    },
    Person {
        login: "dispatcher",
        role: Role::Dispatcher,
        name: "陈伟",
        chinese: "指挥室调度员陈伟",
        english: "dispatcher Chen Wei of the command room",
        begins: "/desk",
    },
    Person {
        login: "author",
        role: Role::TemplateAuthor,
        name: "赵雅琴",
        chinese: "模板制定人赵雅琴",
        english: "template author Zhao Yaqin",
        begins: "/desk/templates",
    },
    Person {
        login: "second-author",
        role: Role::TemplateAuthor,
        name: "钱文涛",
        chinese: "模板审定人钱文涛",
        english: "template author Qian Wentao, who looks at it again",
        begins: "/desk/templates",
    },
    Person {
        login: SYSTEM,
        role: Role::SystemAdministrator,
        name: "系统管理员",
        chinese: "系统管理员",
        english: "system administrator",
        begins: "/admin",
    },
    Person {
        login: AUDIT,
        role: Role::AuditAdministrator,
        name: "审计管理员",
        chinese: "审计管理员",
        english: "audit administrator",
        begins: "/admin/audit",
    },
];

/// Returns the divisions with people, and these people: the home village, and the tiers above it up to
/// the county.
fn divisions(branch: &Branch) -> Vec<(DivisionCode, &'static [Person])> {
    let tree = &branch.tree;
    let township = tree.parent(branch.home);
    let county = township.and_then(|township| tree.parent(township));
    let all = [
        Some((branch.home, &VILLAGE[..])),
        township.map(|division| (division, &TOWNSHIP[..])),
        county.map(|division| (division, &COUNTY[..])),
    ];
    all.into_iter().flatten().collect()
}

/// Returns the ways into the pages of the demo.
pub(super) fn entrances(branch: &Branch) -> Vec<Entrance> {
    let all = divisions(branch)
        .into_iter()
        .flat_map(|(division, people)| {
            let place = name(&branch.tree, division);
            people.iter().map(move |person| Entrance {
                division,
                login: person.login.to_owned(),
                password: PASSWORD.to_owned(),
                about: (
                    format!("{place}{}", person.chinese),
                    format!("{} in {place}", person.english),
                ),
                begins: person.begins.to_owned(),
            })
        });
    all.collect()
}

fn name(tree: &Tree, division: DivisionCode) -> String {
    let known = tree.get(division);
    known.map_or_else(
        || division.to_string(),
        |known| known.short_name().into_owned(),
    )
}

/// Opens their accounts. Those that are there from an earlier start stay.
pub(super) async fn open(network: &Network, branch: &Branch) -> Result<(), Failure> {
    for (division, people) in divisions(branch) {
        let office = network.office(division);
        let opened = open_at(&office, people).await;
        opened.map_err(|error| Failure::Failed(format!("the people of {division}: {error}")))?;
    }
    Ok(())
}

async fn open_at(office: &Office, people: &[Person]) -> Result<(), Failed<PeopleRefusal>> {
    let owner = Who::OsUser {
        uid: 0,
        accounts: false,
    };
    let by_owner = Actor::OsUser(0);
    let system = account(
        office,
        &owner,
        &by_owner,
        (SYSTEM, "系统管理员"),
        Some(Role::SystemAdministrator),
    );
    let system = system.await?;
    let security = (SECURITY, "安全管理员");
    let security = account(
        office,
        &owner,
        &by_owner,
        security,
        Some(Role::SecurityAdministrator),
    );
    let security = security.await?;
    let audit = (AUDIT, "审计管理员");
    let audit = account(
        office,
        &owner,
        &by_owner,
        audit,
        Some(Role::AuditAdministrator),
    );
    audit.await?;
    let known = [SYSTEM, AUDIT];
    let others = people
        .iter()
        .filter(|person| !known.contains(&person.login));
    for person in others {
        let (who, by) = (Who::Account(system.clone()), Actor::Account(system.id));
        let opened = account(office, &who, &by, (person.login, person.name), None).await?;
        let roles = BTreeSet::from([person.role]);
        if opened.roles != roles {
            let (who, by) = (Who::Account(security.clone()), Actor::Account(security.id));
            office
                .people()
                .set_roles(&who, by, opened.id, roles)
                .await?;
        }
    }
    Ok(())
}

/// Opens an account, or returns the one that is there.
async fn account(
    office: &Office,
    who: &Who,
    by: &Actor,
    (login, name): (&str, &str),
    role: Option<Role>,
) -> Result<Account, Failed<PeopleRefusal>> {
    match office.people().find_account(login).await {
        Err(Failed::Refused(PeopleRefusal::NoAccount(_))) => {}
        found => return found,
    }
    let new = NewAccount {
        login: login.parse().map_err(PeopleRefusal::Account)?,
        name: name.to_owned(),
        roles: role.into_iter().collect(),
        department: None,
        grid: None,
        phone: None,
        password: PASSWORD.to_owned(),
        is_first: false,
    };
    office.people().open_account(who, by.clone(), new).await
}
