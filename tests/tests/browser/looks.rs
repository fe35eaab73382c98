//! Every page in every look: nothing that axe finds, nothing that is too wide, nothing that the policy
//! had to forbid.

use thirtyfour::By;

use super::driver::{Browser, Demo, Look};

/// Pages with the person who opens them, by the link of the front page that lets them in.
const PAGES: [(&str, &str, &[&str]); 9] = [
    ("", "", &["/"]),
    (
        "330825002222",
        "",
        &[
            "/",
            "/report",
            "/report?all=1",
            "/my",
            "/mailbox",
            "/poster",
            "/how",
            "/promises",
            "/policy",
            "/accessibility",
            "/sign-in",
            "/setup",
            "/disclosures",
            "/disclosures/compliance",
            "/pleas",
            "DISCLOSED",
            "/boards",
            "/boards/news",
            "POSTED",
            "/points",
            "/honours",
            "/points/own",
            "/points/h/1",
            "/no/such/page",
        ],
    ),
    (
        "330825002222",
        "villager",
        &["/", "/my", "/account", "/points/own"],
    ),
    (
        "330825002",
        "clerk",
        &[
            "/desk",
            "/desk?tab=all",
            "/desk?tab=all&q=x",
            "/desk/report",
            "/desk/replies",
            "/admin/grids",
            "MATTER",
            "MATTER/act/reject",
            "MATTER/act/remark",
            "MATTER/parts",
            "/desk?tab=all&holder=nobody&state=open",
        ],
    ),
    (
        "330825002222",
        "village-clerk",
        &[
            "/desk/disclosures",
            "/deskDISCLOSED",
            "/desk/boards",
            "/deskPOSTED",
            "/boards/news/write",
            "/desk/households",
            "/desk/households/1",
            "/desk/households/labels",
            "/desk/households/sheet",
            "/desk/rewards",
            "/desk/templates",
            "/desk/templates/holds/policy",
            "/points/h/1",
        ],
    ),
    (
        "330825",
        "system",
        &[
            "/admin",
            "/admin/accounts/system",
            "/admin/accounts/system/close",
            "/admin/accounts/sheet",
            "/account",
            "/network",
            "/network/courier",
            "/network/invitations",
        ],
    ),
    (
        "330825000000",
        "leader",
        &["/command", "/command?days=today"],
    ),
    (
        "330825",
        "author",
        &[
            "/desk/templates",
            "/desk/templates/new",
            "/desk/templates/holds/policy",
            "/desk/templates/330825000000/disclosure/village-affairs",
            "/desk/templates/330825000000/disclosure/village-affairs/rollout",
        ],
    ),
    ("330825", "audit", &["/admin/audit", "/admin/audit?check=1"]),
];

const LOOKS: [Look; 5] = [
    Look {
        width: 320,
        dark: false,
        forced: false,
    },
    Look {
        width: 1280,
        dark: false,
        forced: false,
    },
    Look {
        width: 320,
        dark: true,
        forced: false,
    },
    Look {
        width: 1280,
        dark: true,
        forced: false,
    },
    Look {
        width: 1280,
        dark: false,
        forced: true,
    },
];

/// R-A2, R-A3, R-A4, R-A22.
#[tokio::test]
async fn every_page_is_accessible_and_fits_in_every_look() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    browser.go(&demo.at("330825002222", "/disclosures")).await;
    let disclosed = "document.querySelector('main table a').getAttribute('href')";
    let disclosed = browser.value(disclosed).await;
    let disclosed = disclosed.as_str().unwrap().to_owned();
    browser.go(&demo.at("330825002222", "/boards/news")).await;
    let posted = "document.querySelector('main .rows a').getAttribute('href')";
    let posted = browser.value(posted).await;
    let posted = posted.as_str().unwrap().to_owned();
    let mut faults = vec![];
    for (division, login, paths) in PAGES {
        browser.driver.delete_all_cookies().await.unwrap();
        if !login.is_empty() {
            browser
                .go(&demo.at(division, &format!("/enter?as={login}")))
                .await;
            browser.until(|path| path != "/enter").await;
        }
        let mut matter = String::new();
        if paths.contains(&"MATTER") {
            browser.go(&demo.at(division, "/desk?tab=all")).await;
            let first = browser
                .value("document.querySelector('tbody th a').getAttribute('href')")
                .await;
            matter = first.as_str().unwrap().to_owned();
        }
        for path in paths {
            let path = path.replace("MATTER", &matter);
            let path = path.replace("DISCLOSED", &disclosed);
            let path = path.replace("POSTED", &posted);
            for language in ["zh", "en"] {
                let joint = if path.contains('?') { '&' } else { '?' };
                let url = demo.at(division, &format!("{path}{joint}lang={language}"));
                for look in LOOKS {
                    browser.look(look).await;
                    browser.go(&url).await;
                    for fault in browser.faults().await {
                        faults.push(format!("{division} {path} {language} {look:?}: {fault}"));
                    }
                    let plain = path.replace(['/', '?', '=', '&'], "_");
                    let shade = if look.forced {
                        "forced"
                    } else if look.dark {
                        "dark"
                    } else {
                        "light"
                    };
                    browser
                        .picture(&format!(
                            "{division}-{login}{plain}-{language}-{}-{shade}",
                            look.width
                        ))
                        .await;
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    browser.close().await;
    demo.stop().await;
}

/// R-A2, R-A3, R-A4, R-N5: the preview of a sheet and the slips with first passwords, which only a form leads to.
#[tokio::test]
async fn a_sheet_of_accounts_and_its_slips_are_accessible_and_fit() {
    let demo = Demo::start().await;
    let browser = Browser::open(true).await;
    let dir = tempfile::tempdir().unwrap();
    browser.go(&demo.at("330825", "/enter?as=system")).await;
    browser.until(|path| path != "/enter").await;
    let mut faults = vec![];
    for language in ["zh", "en"] {
        // One that is opened, one that is changed or closed, one with faults.
        let sheet = format!(
            "姓名,用户名,角色,部门,停用,备注\n张三丰,new.{language},网格员,market,,\n李四,=1+1,村长,,,\n王五,no.body,,,是,\n"
        );
        let file = dir.path().join("accounts.csv");
        std::fs::write(&file, sheet).unwrap();
        let page = format!("/admin/accounts/sheet?lang={language}");
        browser.go(&demo.at("330825", &page)).await;
        let field = browser.driver.find(By::Css("#sheet")).await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
        for chosen in ["without_roles", "change", "close"] {
            browser
                .click_in_place(&format!("input[name={chosen}]"))
                .await;
        }
        browser.click("main form button.primary").await;
        for state in ["preview", "slips"] {
            if state == "slips" {
                browser
                    .click("form[action='/admin/accounts/sheet'] button")
                    .await;
                let slips = "document.querySelectorAll('.slips code').length";
                assert_eq!(browser.value(slips).await, 1);
            }
            for look in LOOKS {
                browser.look(look).await;
                for fault in browser.faults().await {
                    faults.push(format!("{state} {language} {look:?}: {fault}"));
                }
                let name = format!("sheet-{state}-{language}-{}-{}", look.width, look.dark);
                browser.picture(&name).await;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    browser.close().await;
    demo.stop().await;
}
