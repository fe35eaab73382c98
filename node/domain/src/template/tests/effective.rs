//! What holds, and which text set it.

use topology::Tree;

use super::{code, in_force, template};
use crate::{
    rule::Source,
    template::{
        EffectiveValue, Scope, Template, TemplateKind, changes_of, effective_values, in_force_at,
    },
};

const AFFAIRS: &str =
    "format = 1\n[[item]]\nname = \"甲\"\nperiod = \"month\"\ndue = \"9d\"\nfields = [\"x\"]\n";

fn tightening(base: &str, change: impl Fn(&str) -> String) -> String {
    change(AFFAIRS).replace("format = 1", &format!("format = 1\ntightens = \"{base}\""))
}

fn three() -> [Template; 3] {
    let county = tightening("33/disclosure/affairs", |text| {
        text.replace("9d\"", "5d\"\nobjection = \"7d\"")
    });
    let village = tightening("330825/disclosure/affairs", |text| {
        text.replace("9d\"", "5d\"\nobjection = \"7d\"")
            .replace("[\"x\"]", "[\"x\", \"y\"]")
    });
    [
        template("33/disclosure/affairs", 1, AFFAIRS),
        template("330825/disclosure/affairs", 2, &county),
        template("330825002222/disclosure/ours", 3, &village),
    ]
}

fn value<'a>(values: &'a [EffectiveValue], setting: &str) -> &'a EffectiveValue {
    let mut found = values.iter().filter(|one| &*one.subject.code == setting);
    found
        .next()
        .unwrap_or_else(|| panic!("{setting}: {values:#?}"))
}

fn who(source: &Source) -> (String, u32) {
    match source {
        Source::Template { key, version } => (key.issuer.short(), *version),
        Source::Shipped(_) => ("shipped".to_owned(), 0),
    }
}

/// R-T4.
#[test]
fn each_value_names_the_highest_text_that_set_it_and_what_is_looser() {
    let tree = Tree::zhejiang();
    let held = in_force(&three());
    let at = code("330825002222");
    let values = effective_values(TemplateKind::Disclosure, &held, at, &tree);
    let due = value(&values, "due");
    // The village only repeats it.
    assert_eq!(who(&due.source), ("330825".to_owned(), 2));
    assert_eq!(due.value.english, "5 days");
    let looser: Vec<_> = due
        .looser
        .iter()
        .map(|(value, by)| (value.chinese.clone(), who(by)))
        .collect();
    assert_eq!(
        looser,
        [
            ("9 天".to_owned(), ("33".to_owned(), 1)),
            ("10 天".to_owned(), ("shipped".to_owned(), 0)),
        ]
    );
    // The county's objection is its own, the province left it to the program.
    let objection = value(&values, "objection");
    assert_eq!(who(&objection.source), ("330825".to_owned(), 2));
    assert_eq!(objection.line, Some(7));
    assert_eq!(who(&objection.looser[0].1), ("33".to_owned(), 1));
    let period = value(&values, "period");
    assert_eq!(who(&period.source), ("33".to_owned(), 1));
    assert_eq!(period.line, Some(4));
    let fields = value(&values, "fields");
    assert_eq!(who(&fields.source), ("330825002222".to_owned(), 3));

    let alone = in_force(&three()[..1]);
    let values = effective_values(TemplateKind::Disclosure, &alone, at, &tree);
    assert_eq!(who(&value(&values, "objection").source).0, "shipped");
}

#[test]
fn policy_names_the_line_that_holds_and_those_that_do_not() {
    let tree = Tree::zhejiang();
    let text = "format = 1\n[[dispatch]]\ncategory = \"enforcement/rubbish\"\n[dispatch.clocks]\nfinish = \"1wh\"\n";
    let held = in_force(&[template("330825/policy/p", 4, text)]);
    let values = effective_values(TemplateKind::Policy, &held, code("330825002222"), &tree);
    let finish = values.iter().find(|one| {
        &*one.subject.about == "enforcement/rubbish" && &*one.subject.code == "time/finish"
    });
    let finish = finish.unwrap();
    assert_eq!(who(&finish.source), ("330825".to_owned(), 4));
    assert!(
        finish.looser.iter().any(|(_, by)| who(by).0 == "shipped"),
        "{finish:#?}"
    );
}

/// R-T2.
#[test]
fn a_draft_tells_what_changes_where_it_applies() {
    let tree = Tree::zhejiang();
    let [province, county, _] = three();
    let known = [province.clone(), county.clone()];
    let mut next = county.clone();
    next.version = 3;
    next.stamp = crate::envelope::Stamp(9, 9);
    next.scope = Scope::new(code("330825"), &[topology::Tier::Village], &[]);
    next.content = next.content.replace("5d", "3d")
        + "[[item]]\nname = \"乙\"\nperiod = \"quarter\"\nfields = [\"z\"]\n";
    let at = changes_of(&next, &known, &tree);
    assert_eq!(at.len(), 1);
    let villages = tree
        .nodes(code("330825"))
        .filter(|one| one.tier() == topology::Tier::Village)
        .count();
    assert_eq!(at[0].divisions as usize, villages);
    assert_eq!(at[0].refusal, None);
    let due = at[0]
        .changes
        .iter()
        .find(|one| &*one.subject.code == "due")
        .unwrap();
    assert_eq!(&*due.subject.about, "甲");
    let (held, by) = due.from.as_ref().unwrap();
    assert_eq!((held.english.as_str(), who(by).1), ("5 days", 2));
    assert_eq!(due.to.as_ref().unwrap().english, "3 days");
    let new = at[0]
        .changes
        .iter()
        .filter(|one| &*one.subject.about == "乙");
    assert!(new.clone().count() >= 4 && new.clone().all(|one| one.from.is_none()));
    assert_eq!(at[0].changes.len(), 1 + new.count(), "{:#?}", at[0].changes);

    // A draft that drops the item of the province is refused, and changes nothing.
    next.content = next.content.replace("甲", "丙");
    let refused = changes_of(&next, &known, &tree);
    let reason = refused[0].refusal.as_ref().unwrap().to_string();
    assert!(reason.contains("drops the item 甲"), "{reason}");
    assert_eq!(refused[0].changes, []);

    // The same once more changes nothing.
    let mut same = county;
    same.version = 3;
    assert_eq!(changes_of(&same, &known, &tree)[0].changes, []);
}

#[test]
fn what_comes_into_force_somewhere_depends_on_scope_and_on_what_it_needs() {
    let tree = Tree::zhejiang();
    let mut province = three()[0].clone();
    province.scope = Scope::new(code("33"), &[topology::Tier::County], &[]);
    let all = [province, three()[1].clone()];
    let held = |division: &str| in_force_at(code(division), &all, &tree).len();
    assert_eq!(held("330825"), 2);
    // What the county tightens is not in force at villages.
    assert_eq!(held("330825002222"), 0);
}
