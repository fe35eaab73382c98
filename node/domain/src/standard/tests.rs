//! What is entered, by the starting set.

use proptest::prelude::*;
use topology::Tree;

use super::{BadData, Given, Occasion, Standard, value::fits};
use crate::{
    category::Category,
    template::{Scope, Template, TemplateKey, standard},
    time::{Day, Timestamp},
};

const SET: &str = include_str!("../../../../config/templates/county-data.toml");

const TODAY: &str = "2026-11-30";

fn of(text: &str) -> Standard {
    let key: TemplateKey = "330825/standard/data".parse().unwrap();
    let template = Template {
        scope: Scope::new(key.issuer, &[], &[]),
        key: key.clone(),
        version: 1,
        title: "数据标准".to_owned(),
        content: text.to_owned(),
        issued_at: Timestamp(0),
        stamp: crate::address::Stamp(1, 1),
    };
    standard(&[(key, template)].into(), &Tree::zhejiang())
}

fn check(
    standard: &Standard,
    category: &str,
    given: &[(&str, &str)],
) -> Result<Vec<String>, BadData> {
    let category: Category = category.parse().unwrap();
    let occasion = Occasion {
        category: &category,
        today: TODAY.parse().unwrap(),
        excused: false,
    };
    let given: Vec<Given<'_>> = given
        .iter()
        .map(|(code, text)| Given {
            code,
            text,
            foreign: code.starts_with(char::is_uppercase),
        })
        .collect();
    let kept = standard.check(occasion, &given)?;
    Ok(kept.into_iter().map(|entry| entry.text).collect())
}

#[test]
fn values_are_kept_in_one_way_and_wrong_ones_told_without_repeating_them() {
    let set = of(SET);
    let good = check(
        &set,
        "order/dispute",
        &[
            ("dispute-kind", " neighbours "),
            ("persons-affected", "012"),
            ("other-side-phone", "+86 138-5701-2345"),
            ("urgency-basis", ""),
            ("POLE", "17"),
        ],
    );
    assert_eq!(good.unwrap(), ["neighbours", "12", "13857012345", "17"]);
    let bad = check(
        &set,
        "order/dispute",
        &[
            ("dispute-kind", "王小明"),
            ("persons-affected", "100001"),
            ("other-side-phone", "110x"),
            ("noticed-on", "2026-12-01"),
            ("colour", "red"),
        ],
    );
    let bad = bad.unwrap_err();
    let codes: Vec<&str> = bad.0.iter().map(|fault| &*fault.code).collect();
    assert_eq!(
        codes,
        [
            "dispute-kind",
            "persons-affected",
            "other-side-phone",
            "noticed-on",
            "colour"
        ]
    );
    let said = bad.said();
    for secret in ["王小明", "100001", "110x", "red"] {
        assert!(
            !said.english.contains(secret) && !said.chinese.contains(secret),
            "{said:?}"
        );
    }
    assert!(
        said.chinese.contains("纠纷种类") && said.chinese.contains("neighbours"),
        "{said:?}"
    );
    assert!(said.english.ends_with("; correct these fields"), "{said:?}");
}

#[test]
fn what_is_required_is_asked_for_only_where_it_is_asked() {
    let set = of(SET);
    let missing = check(&set, "order/dispute", &[]).unwrap_err();
    assert_eq!(missing.to_string(), "kind of dispute: is required; give it");
    assert_eq!(missing.said().chinese, "纠纷种类：必须填写；请补上");
    assert_eq!(check(&set, "enforcement/lighting", &[]), Ok(vec![]));
    let category: Category = "order/dispute".parse().unwrap();
    let excused = |given: &[Given<'_>]| {
        let today = Day(0);
        let occasion = Occasion {
            category: &category,
            today,
            excused: true,
        };
        set.check(occasion, given)
    };
    assert_eq!(excused(&[]), Ok(vec![]));
    let wrong = Given {
        code: "dispute-kind",
        text: "x",
        foreign: true,
    };
    assert!(excused(&[wrong]).is_err(), "what is given is checked");
    assert!(
        excused(&[wrong, wrong])
            .unwrap_err()
            .to_string()
            .contains("given twice")
    );
    assert_eq!(
        check(&Standard::default(), "order/dispute", &[]),
        Ok(vec![])
    );
}

#[test]
fn codes_hold_from_and_until_their_days_and_name_what_replaces_them() {
    let text = "format = 1\n[[element]]\ncode = \"k\"\nname = { zh = \"种\", en = \"kind\" }\ntype = \"code\"\nlist = \"l\"\n\
        required = true\nasked = [\"order\"]\n[[list]]\ncode = \"l\"\ncodes = [{ code = \"old\", until = \"2026-11-29\", replaced_by = \"new\" }, \
        { code = \"new\", from = \"2026-11-30\" }, { code = \"later\", from = \"2026-12-01\" }]\n";
    let set = of(text);
    assert_eq!(check(&set, "order/fire", &[("k", "new")]).unwrap(), ["new"]);
    let old = check(&set, "order/fire", &[("k", "old")]).unwrap_err();
    assert_eq!(
        old.to_string(),
        "kind: code old is no longer in use; use new"
    );
    let later = check(&set, "order/fire", &[("k", "later")]).unwrap_err();
    assert_eq!(
        later.to_string(),
        "kind: code later is not in use today; use new"
    );
    // A list of which nothing may be used stops nobody.
    let never = of(&text.replace("2026-11-30", "2027-01-01"));
    assert_eq!(check(&never, "order/fire", &[]), Ok(vec![]));
}

#[test]
fn each_kind_has_its_form() {
    let set = of(r#"format = 1
element = [
    { code = "t", name = { zh = "文", en = "t" }, type = "text", forms = ["浙A99999", "字字9999"], asked = ["order"], personal = false },
    { code = "p", name = { zh = "位", en = "p" }, type = "place", asked = ["order"] },
    { code = "n", name = { zh = "数", en = "n" }, type = "number", decimals = 1, least = 0.5, asked = ["order"] },
    { code = "d", name = { zh = "日", en = "d" }, type = "date", earliest = "2026-01-01", past = true, asked = ["order"] },
    { code = "f", name = { zh = "话", en = "f" }, type = "telephone", asked = ["order"] },
]
"#);
    for (code, text, kept) in [
        ("t", "浙H12345", Some("浙H12345")),
        ("t", "浙H1234", None),
        ("t", "村东0012", Some("村东0012")),
        ("p", "29.0285, 119.1722", Some("29.0285,119.1722")),
        ("p", "119.1,290", None),
        ("p", "NaN,1", None),
        ("n", "1,000.5", Some("1000.5")),
        ("n", "0.55", None),
        ("n", "0.4", None),
        ("n", "１", None),
        ("d", "2026-11-30", Some("2026-11-30")),
        ("d", "2026-12-01", None),
        ("d", "2025-12-31", None),
        ("d", "20261130", None),
        ("f", "0570-7012345", Some("05707012345")),
        ("f", "7012345", Some("7012345")),
        ("f", "12345", None),
        ("f", "12857012345", None),
    ] {
        let found = check(&set, "order/fire", &[(code, text)]);
        assert_eq!(
            found.as_ref().ok().map(|kept| &*kept[0]),
            kept,
            "{code} {text}: {found:?}"
        );
    }
    for (code, text, outlives) in [
        ("t", "浙H12345", true),
        ("p", "29,119", false),
        ("f", "7012345", false),
        ("n", "12", true),
        ("n", "王小明", false),
        ("d", "2026-11-30", true),
        ("x", "1", false),
    ] {
        assert_eq!(set.outlives(code, text), outlives, "{code} {text}");
    }
    assert!(fits("N-字", "x-村") && !fits("9", "１"));
    let many = vec![("t", ""); 33];
    assert!(
        check(&set, "order/fire", &many)
            .unwrap_err()
            .to_string()
            .contains("more than 32")
    );
}

proptest! {
    #[test]
    fn what_is_kept_is_kept_again_as_it_is(code in 0_usize..9, text in "\\PC{0,20}|[0-9., -]{0,12}|[a-z]{1,12}|2[0-9]{3}-[0-9]{2}-[0-9]{2}") {
        let set = of(SET);
        let code = set.elements()[code].element.code.to_string();
        if let Ok(kept) = check(&set, "market/food", &[(&code, &text)])
            && let Some(kept) = kept.first()
        {
            prop_assert_eq!(check(&set, "market/food", &[(&code, kept)]).unwrap(), vec![kept.clone()]);
        }
    }
}
