//! Data standards: put together from all tiers, and never looser than above.

use proptest::prelude::*;
use topology::Tree;

use super::{code, consider, in_force, template};
use crate::template::{
    Template, TemplateKind, TemplateRefusal, Verdict, changes_of, effective_values, faults,
    loosened, standard,
};

const COUNTY: &str = r#"format = 1
[[element]]
code = "persons"
name = { zh = "人数", en = "persons" }
type = "number"
decimals = 0
least = 0
most = 100
asked = ["order"]
[[element]]
code = "kind"
name = { zh = "种类", en = "kind" }
type = "code"
list = "kinds"
asked = ["order/dispute"]
[[list]]
code = "kinds"
name = { zh = "种类", en = "kinds" }
codes = [
    { code = "a", name = { zh = "甲", en = "A" } },
    { code = "b", name = { zh = "乙", en = "B" }, until = "2026-12-31", replaced_by = "a" },
]
"#;

const VILLAGE: &str = r#"format = 1
[[element]]
code = "persons"
type = "number"
most = 20
required = true
[[list]]
code = "kinds"
codes = [{ code = "a" }]
"#;

fn county(text: &str) -> Template {
    template("330825/standard/data", 1, text)
}

fn village(text: &str) -> Template {
    template("330825002222/standard/ours", 1, text)
}

fn clause(mine: &Template, above: &[Template]) -> String {
    match consider(mine, &in_force(above), &Tree::zhejiang()) {
        Verdict::Refused(TemplateRefusal::Loosens(clause)) => clause.into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_village_narrows_what_the_county_asks_for() {
    let tree = Tree::zhejiang();
    let (above, below) = (county(COUNTY), village(VILLAGE));
    let known = in_force(std::slice::from_ref(&above));
    assert_eq!(consider(&below, &known, &tree), Verdict::Applied);
    let all = in_force(&[above.clone(), below.clone()]);
    let held = standard(&all, &tree);
    let persons = held.element("persons").unwrap();
    assert_eq!(persons.element.limits.most, Some(200_000));
    assert!(persons.element.is_required() && persons.templates.len() == 2);
    assert_eq!(held.lists()[0].list.codes.len(), 1);
    assert_eq!(
        held.lists()[0].list.codes[0].name.as_ref().unwrap().chinese,
        "甲"
    );

    let values = effective_values(TemplateKind::Standard, &all, code("330825002222"), &tree);
    let value = |about: &str, what: &str| {
        let is = |one: &&crate::template::EffectiveValue| {
            (&*one.subject.about, &*one.subject.code) == (about, what)
        };
        let one = values.iter().find(is).unwrap();
        (one.value.english.clone(), one.source.to_string(), one.line)
    };
    let (limits, by, line) = value("persons", "limits");
    assert!(limits.contains("at most 20"), "{limits}");
    assert!(
        by.contains("330825002222") && line == Some(2),
        "{by} {line:?}"
    );
    let (kind, by, line) = value("persons", "kind");
    assert!(
        kind == "a number" && by.contains("330825000000") && line == Some(5),
        "{by} {line:?}"
    );
    assert_eq!(value("kinds", "codes").0, "a A");
    let changed = changes_of(&below, &[above], &tree);
    let changed: Vec<_> = changed[0]
        .changes
        .iter()
        .map(|one| &*one.subject.code)
        .collect();
    assert_eq!(changed, ["required", "limits", "codes"]);
}

#[test]
fn everything_that_is_looser_is_told_with_its_line() {
    let tree = Tree::zhejiang();
    let above = county(COUNTY);
    let loose = village(
        r#"format = 1
[[element]]
code = "persons"
type = "number"
least = -1
most = 200
decimals = 2
[[element]]
code = "kind"
type = "text"
[[list]]
code = "kinds"
codes = [
    { code = "c" },
    { code = "b", until = "2027-12-31" },
]
"#,
    );
    assert_eq!(faults(&loose, &tree), []);
    let found = loosened(&loose, &above, &tree).unwrap();
    let lines: Vec<_> = found.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [7, 5, 6, 10, 14, 15], "{found:#?}");
    for fault in &found {
        assert!(
            !fault.remedy.english.is_empty() && !fault.remedy.chinese.is_empty(),
            "{fault:?}"
        );
    }
    let first = clause(&loose, std::slice::from_ref(&above));
    assert!(
        first.contains("the element persons of 330825000000/standard/data"),
        "{first}"
    );
    for (text, says) in [
        (VILLAGE.replace("required = true", "required = false"), None),
        (
            VILLAGE.replace("most = 20", "name = { zh = \"人\", en = \"people\" }"),
            Some("another name"),
        ),
        (VILLAGE.replace("persons", "more"), Some("is new here")),
        (
            VILLAGE.replace("most = 20", "least = 101"),
            Some("no value possible"),
        ),
    ] {
        match says {
            None => {
                let known = in_force(std::slice::from_ref(&above));
                assert_eq!(consider(&village(&text), &known, &tree), Verdict::Applied);
            }
            Some(says) => {
                let clause = clause(&village(&text), std::slice::from_ref(&above));
                assert!(clause.contains(says), "{clause}");
            }
        }
    }
    let listless = COUNTY.replace("list = \"kinds\"", "list = \"none\"");
    assert!(clause(&county(&listless), &[]).contains("uses the list none"));
}

#[test]
fn no_category_asks_for_more_than_a_page_holds() {
    let element = |n: usize| {
        format!(
            "[[element]]\ncode = \"e{n}\"\nname = {{ zh = \"项\", en = \"one\" }}\ntype = \"text\"\nasked = [\"order\"]\n"
        )
    };
    let text = |count| {
        format!(
            "format = 1\n{}",
            (0..count).map(element).collect::<String>()
        )
    };
    let tree = Tree::zhejiang();
    let fits = consider(&county(&text(24)), &in_force(&[]), &tree);
    assert_eq!(fits, Verdict::Applied);
    assert!(clause(&county(&text(25)), &[]).contains("more than 24 elements"));
}

proptest! {
    /// Whatever a county and a village say in whatever order, what holds allows a value, and no value that the county
    /// forbids.
    #[test]
    fn what_holds_is_possible_and_never_looser(
        ranges in proptest::collection::vec((-50_i64..50, -50_i64..50, 0_u8..3), 2),
        value in -60_i64..60,
    ) {
        let text = |(least, most, decimals): &(i64, i64, u8)| format!(
            "format = 1\n[[element]]\ncode = \"n\"\nname = {{ zh = \"数\", en = \"n\" }}\ntype = \"number\"\n\
             least = {least}\nmost = {most}\ndecimals = {decimals}\nasked = [\"order\"]\n"
        );
        let tree = Tree::zhejiang();
        let (above, below) = (county(&text(&ranges[0])), village(&text(&ranges[1])));
        let is_good = |one: &Template| one.check(&tree).is_ok();
        prop_assert_eq!(is_good(&above), ranges[0].0 <= ranges[0].1);
        // The village's text was there first, so that nothing compared the two.
        let held = standard(&in_force(&[below.clone(), above.clone()]), &tree);
        prop_assert_eq!(held.element("n").is_some(), is_good(&above) || is_good(&below));
        let Some(element) = held.element("n") else { return Ok(()); };
        prop_assert!(element.element.limits.are_possible());
        let category = "order/dispute".parse().unwrap();
        let occasion = crate::standard::Occasion {
            category: &category,
            today: crate::time::Day(20_000),
            excused: false,
        };
        let text = value.to_string();
        let given = crate::standard::Given { code: "n", text: &text, foreign: false };
        let allowed = held.check(occasion, &[given]).is_ok();
        if allowed && is_good(&above) {
            prop_assert!((ranges[0].0..=ranges[0].1).contains(&value));
        }
    }
}
