use std::collections::BTreeMap;

use proptest::prelude::*;
use topology::{DivisionCode, Tier, Tree, UnitKind};

use super::*;
use crate::envelope::Stamp;

mod adoption;
mod boards;
mod effective;
mod faults;
mod issuers;
mod lists;
mod points;
mod rollouts;
mod services;
mod standards;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn template(key: &str, version: u32, content: &str) -> Template {
    let key: TemplateKey = key.parse().unwrap();
    Template {
        scope: Scope::new(key.issuer, &[], &[]),
        key,
        version,
        title: "村务公开".to_owned(),
        content: content.to_owned(),
        issued_at: Timestamp(0),
        stamp: Stamp(1, version.into()),
    }
}

fn in_force(templates: &[Template]) -> BTreeMap<TemplateKey, Template> {
    let pairs = templates.iter().map(|t| (t.key.clone(), t.clone()));
    pairs.collect()
}

const FINANCE: &str = r#"
format = 1
[[item]]
name = "收支明细"
period_days = 30
fields = ["amount", "purpose"]
[[item]]
name = "低保名单"
period_days = 90
fields = ["number"]
"#;

#[test]
fn a_template_name_is_read_back_from_its_text() {
    let text = "330000000000/policy/holiday-calendar";
    let key: TemplateKey = text.parse().unwrap();
    assert_eq!(key.to_string(), text);
    assert_eq!("33/policy/holiday-calendar".parse(), Ok(key));
    for bad in [
        "",
        "330000000000/policy",
        "33/rule/x",
        "x/policy/y",
        "33/policy/a/b",
    ] {
        let fault = bad.parse::<TemplateKey>();
        assert!(matches!(fault, Err(BadTemplateKey::Form(_))), "{bad}");
    }
    for bad in ["33/policy/", "33/policy/A", "33/policy/-a", "33/policy/a_b"] {
        let fault = bad.parse::<TemplateKey>();
        assert!(matches!(fault, Err(BadTemplateKey::Name(_))), "{bad}");
    }
    let long = format!("33/policy/{}", "a".repeat(49));
    assert!(long.parse::<TemplateKey>().is_err());
}

#[test]
fn kinds_are_read_back_from_their_names() {
    for kind in TemplateKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
        assert!(!kind.chinese().is_empty());
    }
    assert!("rule".parse::<TemplateKind>().is_err());
}

#[test]
fn the_table_of_issuers_is_as_written_by_hand() {
    use TemplateKind::{Board, Disclosure, Points, Policy, Service, Standard};
    for (tier, kinds) in [
        (
            Tier::Province,
            vec![Policy, Disclosure, Service, Standard, Board, Points],
        ),
        (
            Tier::City,
            vec![Policy, Disclosure, Service, Standard, Board, Points],
        ),
        (
            Tier::County,
            vec![Policy, Disclosure, Service, Standard, Board, Points],
        ),
        (
            Tier::Township,
            vec![Disclosure, Service, Standard, Board, Points],
        ),
        (Tier::Village, vec![Disclosure, Standard, Board, Points]),
    ] {
        for kind in TemplateKind::ALL {
            assert_eq!(
                may_issue(kind, tier),
                kinds.contains(&kind),
                "{tier} {kind}"
            );
        }
    }
}

#[test]
fn a_scope_includes_its_issuer_and_filters_kinds_at_the_village_tier_only() {
    let tree = Tree::zhejiang();
    let township = code("330825002");
    let all = Scope::new(township, &[], &[]);
    assert_eq!(all.tiers(), [Tier::Township, Tier::Village]);
    assert!(all.covers(township, &tree));
    assert!(all.covers(code("330825002222"), &tree));
    assert!(!all.covers(code("330825"), &tree), "above");
    assert!(!all.covers(code("330825001"), &tree), "beside");
    assert!(!all.covers(code("330825002999"), &tree), "does not exist");
    assert_eq!(
        all.count(township, &tree) as usize,
        tree.expected_nodes(township)
    );

    let communities = Scope::new(township, &[], &[UnitKind::Community]);
    assert!(communities.covers(township, &tree), "no village-tier unit");
    assert!(communities.covers(code("330825002001"), &tree));
    assert!(!communities.covers(code("330825002222"), &tree));

    let villages = Scope::new(code("33"), &[Tier::Village], &[]);
    assert!(!villages.covers(code("33"), &tree));
    assert!(!villages.covers(township, &tree));
    assert!(villages.covers(code("330825002222"), &tree));
    assert_eq!(
        communities.to_string(),
        "330825002000: township, village (community)"
    );
}

#[test]
fn a_scope_counts_within_and_around_its_subtree() {
    let tree = Tree::zhejiang();
    let scope = Scope::new(code("330825"), &[Tier::Township], &[]);
    for (division, count) in [
        ("33", 15),
        ("3308", 15),
        ("330825", 15),
        ("330825002", 1),
        ("330825002222", 0),
        ("330802", 0),
    ] {
        assert_eq!(scope.count(code(division), &tree), count, "{division}");
    }
}

#[test]
fn a_scope_that_means_nobody_is_refused() {
    let township = code("330825002");
    let good = Scope::new(township, &[], &[]);
    assert_eq!(good.check(), Ok(()));
    let tiers = |tiers| Scope { tiers, ..good }.check();
    let kinds = |kinds| Scope { kinds, ..good }.check();
    assert_eq!(tiers(0), Err(BadScope::Tiers));
    assert_eq!(tiers(0b10_0000), Err(BadScope::Tiers));
    assert_eq!(tiers(0b1_1100), Err(BadScope::Above(Tier::County)));
    assert_eq!(kinds(0), Err(BadScope::Kinds));
    assert_eq!(kinds(0b1000), Err(BadScope::Kinds));
    let no_village = Scope {
        tiers: 0b0_1000,
        kinds: 0,
        ..good
    };
    assert_eq!(no_village.check(), Ok(()));
}

#[test]
fn a_disclosure_template_is_read() {
    let tree = Tree::zhejiang();
    let content = format!(
        "needs = [\"standard/village-finance\"]\ntightens = \"33/disclosure/finance\"\n{FINANCE}"
    );
    let parsed = template("330825/disclosure/finance", 1, &content)
        .check(&tree)
        .unwrap();
    assert_eq!(parsed.needs[0].to_string(), "standard/village-finance");
    assert_eq!(
        parsed.tightens,
        Some("33/disclosure/finance".parse().unwrap())
    );
    assert_eq!(parsed.items.len(), 2);
    assert_eq!(
        (&*parsed.items[0].name, parsed.items[0].period_days),
        ("收支明细", 30)
    );
}

#[test]
fn every_wrong_content_is_named() {
    let tree = Tree::zhejiang();
    let item = |name: &str, days: i64, fields: &str| {
        format!("[[item]]\nname = \"{name}\"\nperiod_days = {days}\nfields = {fields}\n")
    };
    let many: String = (0..=MOST_ITEMS)
        .map(|n| item(&n.to_string(), 1, "[\"a\"]"))
        .collect();
    for (content, says) in [
        ("format = ".to_owned(), ""),
        (String::new(), "format = 1"),
        ("format = \"1\"".to_owned(), "format = 1"),
        ("format = 0".to_owned(), "format = 1"),
        ("format = 1".to_owned(), "1 to 200 items"),
        (format!("format = 1\n{many}"), "1 to 200 items"),
        (
            format!("format = 1\n{}", item("a", 0, "[\"x\"]")),
            "not 1 to 366",
        ),
        (
            format!("format = 1\n{}", item("a", 367, "[\"x\"]")),
            "not 1 to 366",
        ),
        (format!("format = 1\n{}", item("a", 1, "[]")), "no fields"),
        (
            format!("format = 1\n{}", item("a", 1, "[\"\"]")),
            "no fields",
        ),
        (
            format!("format = 1\n{}", item("", 1, "[\"x\"]")),
            "1 to 100",
        ),
        (
            format!("format = 1\n{0}{0}", item("a", 1, "[\"x\"]")),
            "twice",
        ),
        (
            "format = 1\n[[item]]\nname = \"a\"\nfields = [\"x\"]".to_owned(),
            "period_days",
        ),
        (format!("needs = [\"finance\"]{FINANCE}"), "not a need"),
        (format!("needs = 3{FINANCE}"), "sequence"),
        (format!("tightens = \"finance\"{FINANCE}"), "not a template"),
        (
            format!("tightens = \"33/policy/finance\"{FINANCE}"),
            "another kind",
        ),
        (
            format!("tightens = \"330825/disclosure/x\"{FINANCE}"),
            "not issued above",
        ),
        (
            format!("tightens = \"330802/disclosure/x\"{FINANCE}"),
            "not issued above",
        ),
    ] {
        match template("330825/disclosure/finance", 1, &content).check(&tree) {
            Err(BadTemplate::Content(clause)) => {
                assert!(clause.contains(says), "{content}: {clause}");
            }
            other => panic!("{content}: {other:?}"),
        }
    }
}

#[test]
fn what_is_newer_too_long_or_no_policy_is_refused() {
    let tree = Tree::zhejiang();
    let newer = template("330825/disclosure/finance", 1, "format = 2");
    assert_eq!(newer.check(&tree), Err(BadTemplate::NewerFormat(2)));
    let long = format!("format = 1\n# {}", "x".repeat(MOST_CONTENT));
    let long = template("330825/policy/x", 1, &long);
    assert!(matches!(long.check(&tree), Err(BadTemplate::TooLong(_))));
    let policy = template(
        "330825/policy/x",
        1,
        "format = 1\ntightens = \"33/policy/x\"",
    );
    assert!(matches!(policy.check(&tree), Err(BadTemplate::Content(_))));
    let policy = template("330825/policy/x", 1, "format = 1\n[anything]\nat = \"all\"");
    assert!(
        matches!(policy.check(&tree), Err(BadTemplate::Content(clause)) if clause.contains("line 2"))
    );
}

#[test]
fn a_kind_or_key_that_nothing_acts_on_is_refused_by_name() {
    let tree = Tree::zhejiang();
    let unsupported = |key: &str, content: &str| match template(key, 1, content).check(&tree) {
        Err(BadTemplate::Unsupported(what)) => what.to_string(),
        other => panic!("{key}: {other:?}"),
    };
    let standard = "format = 1\n[[element]]\ncode = \"x\"\ntype = \"text\"\ncolour = 1";
    assert_eq!(
        unsupported("330825/standard/x", standard),
        "key `element.colour`"
    );
    let finance = "330825/disclosure/finance";
    let approval = format!("approval = 2\n{FINANCE}");
    let approval = approval.replace("approval = 2\nformat = 1", "format = 1\napproval = 2");
    assert_eq!(unsupported(finance, &approval), "key `approval`");
    let colour = format!("{FINANCE}\ncolour = \"red\"\n");
    assert_eq!(unsupported(finance, &colour), "key `item.colour`");
    assert!(template(finance, 1, FINANCE).check(&tree).is_ok());
}

#[test]
fn every_wrong_heading_is_named() {
    let tree = Tree::zhejiang();
    let good = template("330825/policy/x", 1, "format = 1");
    assert!(good.check(&tree).is_ok());
    let refused = |template: Template| template.check(&tree).unwrap_err();
    let township = template("330825002/policy/x", 1, "format = 1");
    assert_eq!(
        refused(township),
        BadTemplate::MayNotIssue(TemplateKind::Policy, Tier::Township)
    );
    let nowhere = template("330899/policy/x", 1, "format = 1");
    assert_eq!(refused(nowhere), BadTemplate::NoIssuer(code("330899")));
    let mut wrong = [good.clone(), good.clone(), good.clone(), good.clone(), good];
    wrong[0].version = 0;
    wrong[1].title = "两行\n标题".to_owned();
    wrong[2].scope.under = code("330825002");
    wrong[3].scope.tiers = 0;
    wrong[4].key.name = "A".into();
    for wrong in wrong {
        assert!(matches!(refused(wrong), BadTemplate::Heading(_)));
    }
}

#[test]
fn versions_only_rise() {
    let tree = Tree::zhejiang();
    let version = |n| template("33/policy/x", n, "format = 1");
    let known = in_force(&[version(2)]);
    for (n, verdict) in [(1, Verdict::Old), (2, Verdict::Old), (3, Verdict::Applied)] {
        assert_eq!(consider(&version(n), &known, &tree), verdict, "{n}");
    }
}

#[test]
fn a_lower_tier_may_tighten_and_nothing_else() {
    let tree = Tree::zhejiang();
    let base: TemplateKey = "33/disclosure/finance".parse().unwrap();
    let known = in_force(&[template("33/disclosure/finance", 1, FINANCE)]);
    let verdict = |content: &str| {
        let content = format!("tightens = \"33/disclosure/finance\"\n{content}");
        consider(
            &template("330825/disclosure/finance", 1, &content),
            &known,
            &tree,
        )
    };
    assert_eq!(verdict(FINANCE), Verdict::Applied, "the same");
    assert_eq!(
        verdict(&FINANCE.replace("30", "7")),
        Verdict::Applied,
        "shorter"
    );
    let more = format!("{FINANCE}[[item]]\nname = \"印章\"\nperiod_days = 366\nfields = [\"who\"]");
    assert_eq!(verdict(&more), Verdict::Applied, "one more");
    let refused = |content: &str| match verdict(content) {
        Verdict::Refused(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        refused(&FINANCE.replace("30", "31")),
        TemplateRefusal::Lengthens {
            base: base.clone(),
            item: "收支明细".into(),
            from: 30,
            to: 31
        }
    );
    assert_eq!(
        refused(&FINANCE.replace("低保名单", "其他")),
        TemplateRefusal::Drops {
            base: base.clone(),
            item: "低保名单".into()
        }
    );
    assert_eq!(
        refused(&FINANCE.replace(", \"purpose\"", "")),
        TemplateRefusal::DropsField {
            base,
            item: "收支明细".into(),
            field: "purpose".into()
        }
    );
}

#[test]
fn what_was_refused_for_a_missing_need_is_applied_once_the_need_is_met() {
    let tree = Tree::zhejiang();
    let last = template("330825/policy/c", 1, "format = 1\nneeds = [\"policy/b\"]");
    let middle = template("3308/policy/b", 1, "format = 1\nneeds = [\"standard/a\"]");
    let never = template("3308/policy/d", 1, "format = 1\nneeds = [\"policy/e\"]");
    let wrong = template("3308/policy/f", 1, "format = 9");
    let refused = [last.clone(), middle, never.clone(), wrong.clone()];
    let nothing = in_force(&[]);
    for template in &refused {
        let verdict = consider(template, &nothing, &tree);
        assert!(matches!(verdict, Verdict::Refused(_)), "{}", template.key);
    }
    let met = in_force(&[template("33/standard/a", 1, "format = 1")]);
    assert_eq!(
        reconsider(&refused, &met, &tree),
        [
            Verdict::Applied,
            Verdict::Applied,
            consider(&never, &met, &tree),
            consider(&wrong, &met, &tree)
        ]
    );
}

#[test]
fn a_tightening_template_waits_for_its_base_and_is_then_held_to_it() {
    let tree = Tree::zhejiang();
    let content = format!("tightens = \"33/disclosure/finance\"\n{FINANCE}");
    let good = template("3308/disclosure/finance", 1, &content);
    let loose = template("330825/disclosure/loose", 1, &content.replace("30", "60"));
    let missing = consider(&good, &in_force(&[]), &tree);
    assert!(matches!(&missing, Verdict::Refused(reason) if reason.may_pass()));
    let known = in_force(&[template("33/disclosure/finance", 1, FINANCE)]);
    let verdicts = reconsider(&[loose, good], &known, &tree);
    assert!(matches!(&verdicts[0], Verdict::Refused(reason) if !reason.may_pass()));
    assert_eq!(verdicts[1], Verdict::Applied);
}

#[test]
fn of_two_refused_versions_the_later_ends_in_force() {
    let tree = Tree::zhejiang();
    let version = |n| template("3308/policy/b", n, "format = 1\nneeds = [\"standard/a\"]");
    let met = in_force(&[template("33/standard/a", 1, "format = 1")]);
    let later_first = reconsider(&[version(2), version(1)], &met, &tree);
    assert_eq!(later_first, [Verdict::Applied, Verdict::Old]);
    let earlier_first = reconsider(&[version(1), version(2)], &met, &tree);
    assert_eq!(earlier_first, [Verdict::Applied, Verdict::Applied]);
}

fn report(version: u32, counts: [u32; 3], stamp: u64) -> AdoptionReport {
    AdoptionReport {
        key: "330825/policy/x".parse().unwrap(),
        version,
        applied: counts[0],
        refused: counts[1],
        superseded: counts[2],
        held: 0,
        paused: 0,
        stale: 0,
        refusals: vec![],
        stamp: Stamp(1, stamp),
    }
}

fn says(stance: &Stance) -> OwnWord<'_> {
    OwnWord {
        stance: Some(stance),
        stale: false,
    }
}

#[test]
fn a_silent_child_counts_as_unreached_with_its_whole_subtree() {
    let tree = Tree::zhejiang();
    let me = code("330825");
    let key: TemplateKey = "330825/policy/x".parse().unwrap();
    let expected = Expected::of(&Scope::new(me, &[], &[]), me, &tree);
    assert_eq!(expected.total() as usize, tree.expected_nodes(me));
    let none = adoption(&key, 1, me, &expected, OwnWord::default(), []);
    assert_eq!((none.unreached, none.applied), (none.expected, 0));

    let complete: Vec<_> = expected
        .children
        .iter()
        .map(|(child, nodes)| (*child, report(1, [*nodes, 0, 0], 1)))
        .collect();
    let heard = || complete.iter().map(|(child, report)| (*child, report));
    let all = adoption(&key, 1, me, &expected, says(&Stance::Applied), heard());
    assert!(all.is_complete());
    let but_one = adoption(
        &key,
        1,
        me,
        &expected,
        says(&Stance::Applied),
        heard().skip(1),
    );
    assert_eq!(but_one.unreached, complete[0].1.applied);
}

#[test]
fn a_child_that_claims_too_many_is_clamped_and_named() {
    let tree = Tree::zhejiang();
    let me = code("330825");
    let township = code("330825002");
    let key: TemplateKey = "330825/policy/x".parse().unwrap();
    let expected = Expected::of(&Scope::new(me, &[], &[]), me, &tree);
    let nodes = expected.children[&township];
    let claim = report(1, [nodes, 2, 0], 1);
    let stranger = report(1, [1, 0, 0], 1);
    let heard = [(township, &claim), (code("330802"), &stranger)];
    let sum = adoption(&key, 1, me, &expected, OwnWord::default(), heard);
    assert_eq!((sum.applied, sum.refused), (nodes - 2, 2));
    assert_eq!(sum.drift, [code("330802"), township]);
    assert!(!sum.is_complete());
}

#[test]
fn reports_on_other_versions_are_not_mistaken_for_this_one() {
    let tree = Tree::zhejiang();
    let me = code("330825");
    let township = code("330825002");
    let key: TemplateKey = "330825/policy/x".parse().unwrap();
    let expected = Expected::of(&Scope::new(me, &[], &[]), me, &tree);
    let sum = |version| {
        let heard = report(2, [3, 1, 1], 1);
        let heard = [(township, &heard)];
        adoption(&key, version, me, &expected, OwnWord::default(), heard)
    };
    assert_eq!((sum(1).superseded, sum(1).applied), (5, 0));
    assert_eq!(
        (sum(2).superseded, sum(2).applied, sum(2).refused),
        (1, 3, 1)
    );
    assert_eq!(sum(3).unreached, sum(3).expected);
}

#[test]
fn refusals_travel_with_their_reason_up_to_a_bound() {
    let tree = Tree::zhejiang();
    let me = code("330825");
    let key: TemplateKey = "330825/policy/x".parse().unwrap();
    let expected = Expected::of(&Scope::new(me, &[], &[]), me, &tree);
    let reason = TemplateRefusal::Bad(BadTemplate::NewerFormat(2));
    let reports: Vec<_> = expected
        .children
        .iter()
        .map(|(child, nodes)| {
            let mut report = report(1, [0, *nodes, 0], 1);
            let refusing = tree.nodes(*child).take(MOST_REFUSALS);
            report.refusals = refusing.map(|node| (node, reason.clone())).collect();
            (*child, report)
        })
        .collect();
    let heard = reports.iter().map(|(child, report)| (*child, report));
    let own = Stance::Refused(reason.clone());
    let sum = adoption(&key, 1, me, &expected, says(&own), heard);
    assert_eq!(sum.refused, sum.expected);
    assert_eq!(sum.refusals.len(), MOST_REFUSALS);
    assert_eq!(sum.refusals[0].0, me);
    let said = sum.report(Stamp(1, 9));
    assert!(!sum.differs_from(&said));
    let other = AdoptionReport { refused: 0, ..said };
    assert!(sum.differs_from(&other));
}

proptest! {
    #[test]
    fn the_parts_always_add_up_to_what_the_directory_expects(
        version in 1u32..4,
        own in prop::option::of(0usize..5),
        claims in prop::collection::vec((0usize..16, 1u32..4, [0u32..40, 0u32..40, 0u32..40, 0u32..40, 0u32..40], 0u64..4), 0..30),
        tiers in 0u8..32,
    ) {
        let tree = Tree::zhejiang();
        let me = code("330825");
        let key: TemplateKey = "330825/policy/x".parse().unwrap();
        let scope = Scope { tiers, ..Scope::new(me, &[], &[]) };
        let expected = Expected::of(&scope, me, &tree);
        let children: Vec<_> = tree.children(me).chain([code("330802")]).collect();
        let stances = [
            Stance::Applied,
            Stance::Superseded,
            Stance::Refused(TemplateRefusal::Bad(BadTemplate::NewerFormat(2))),
            Stance::Held,
            Stance::Paused,
        ];
        let reports: Vec<_> = claims
            .into_iter()
            .map(|(child, version, [applied, refused, superseded, held, paused], stamp)| {
                let report = report(version, [applied, refused, superseded], stamp);
                (children[child], AdoptionReport { held, paused, stale: held, ..report })
            })
            .collect();
        let heard = reports.iter().map(|(child, report)| (*child, report));
        let own = OwnWord { stance: own.map(|own| &stances[own]), stale: true };
        let sum = adoption(&key, version, me, &expected, own, heard);
        prop_assert_eq!(sum.expected, scope.count(me, &tree));
        prop_assert_eq!(
            sum.applied + sum.held + sum.paused + sum.refused + sum.superseded + sum.unreached,
            sum.expected
        );
        prop_assert!(sum.stale <= sum.expected);
    }
}
