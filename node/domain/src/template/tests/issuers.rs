//! The table of issuers: who may state it, what it takes away and from when, and that order does not matter.

use super::*;
use crate::{policy::SHIPPED, time::Day};

const TABLE: &str = "33/policy/issuers";

/// 2027-01-01.
const NEW_YEAR: &str = "2027-01-01";

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn line(kind: TemplateKind, tiers: &[Tier], from: &str) -> String {
    let tiers: Vec<_> = tiers.iter().map(|tier| format!("\"{tier}\"")).collect();
    let tiers = tiers.join(", ");
    format!("[[issuers]]\nkind = \"{kind}\"\ntiers = [{tiers}]\nfrom = {from}\n")
}

fn table(version: u32, lines: &str) -> Template {
    template(TABLE, version, &format!("format = 1\n{lines}"))
}

fn content(kind: TemplateKind) -> &'static str {
    match kind {
        TemplateKind::Policy => "format = 1",
        TemplateKind::Disclosure => FINANCE,
        TemplateKind::Service => {
            "format = 1\n[[service]]\ncategory = \"service/relief\"\nwindow = { zh = \"1号\", en = \"window 1\" }\n"
        }
        TemplateKind::Standard => {
            "format = 1\n[[element]]\ncode = \"persons\"\nname = { zh = \"人数\", en = \"persons\" }\ntype = \"number\"\n\
             asked = [\"order\"]\n"
        }
        TemplateKind::Board => {
            "format = 1\n[[board]]\ncode = \"news\"\nname = \"村情动态\"\nkeep_days = 30\n"
        }
        TemplateKind::Points => {
            "format = 1\nperiod = \"quarter\"\n[[item]]\ncode = \"yard\"\nname = \"庭院\"\ngood = 3\nfair = 1\npoor = 0\n"
        }
    }
}

const ISSUERS: [&str; 5] = ["33", "3308", "330825", "330825002", "330825002222"];

fn issued(issuer: &str, kind: TemplateKind, on: Day) -> Template {
    let key = format!("{issuer}/{kind}/x");
    Template {
        issued_at: on.start(),
        ..template(&key, 1, content(kind))
    }
}

/// The tiers that the program lets issue a kind.
fn allowed(kind: TemplateKind) -> Vec<Tier> {
    let tiers = Tier::ALL.into_iter();
    tiers.filter(|tier| may_issue(kind, *tier)).collect()
}

#[test]
fn each_kind_and_tier_is_taken_away_from_its_day_on_and_no_other() {
    let tree = Tree::zhejiang();
    for kind in TemplateKind::ALL {
        for (tier, issuer) in Tier::ALL.into_iter().zip(ISSUERS) {
            let drafted = |on| consider(&issued(issuer, kind, on), &in_force(&[]), &tree);
            if !may_issue(kind, tier) {
                let refused = TemplateRefusal::Bad(BadTemplate::MayNotIssue(kind, tier));
                assert_eq!(drafted(Day(0)), Verdict::Refused(refused));
                continue;
            }
            assert_eq!(drafted(Day(0)), Verdict::Applied, "{kind} {tier}");
            let mut left = allowed(kind);
            left.retain(|one| *one != tier);
            let table = table(3, &line(kind, &left, NEW_YEAR));
            if (kind, tier) == (TemplateKind::Policy, Tier::Province) {
                let BadTemplate::Content(clause) = table.check(&tree).unwrap_err() else {
                    panic!("it has a place");
                };
                assert!(clause.contains("nobody could change"), "{clause}");
                continue;
            }
            let known = in_force(std::slice::from_ref(&table));
            for other in TemplateKind::ALL {
                for (at, by) in Tier::ALL.into_iter().zip(ISSUERS) {
                    if !may_issue(other, at) {
                        continue;
                    }
                    let eve = issued(by, other, Day(day(NEW_YEAR).0 - 1));
                    assert_eq!(consider(&eve, &known, &tree), Verdict::Applied);
                    let after = issued(by, other, day(NEW_YEAR));
                    let refused = (other, at) == (kind, tier);
                    let reason = TemplateRefusal::Bad(BadTemplate::NotEntitled {
                        kind,
                        tier,
                        table: TABLE.parse().unwrap(),
                        version: 3,
                        line: 2,
                    });
                    assert!(reason.may_pass(), "a later table may give the right back");
                    let expected = match refused {
                        true => Verdict::Refused(reason),
                        false => Verdict::Applied,
                    };
                    assert_eq!(consider(&after, &known, &tree), expected, "{other} {at}");
                }
            }
        }
    }
}

#[test]
fn a_refusal_names_the_line_and_what_to_do_in_both_languages() {
    let tree = Tree::zhejiang();
    let text = line(TemplateKind::Board, &[Tier::County], NEW_YEAR);
    let known = in_force(&[table(3, &text)]);
    let board = issued("330825002", TemplateKind::Board, day(NEW_YEAR));
    let Verdict::Refused(TemplateRefusal::Bad(bad)) = consider(&board, &known, &tree) else {
        panic!("it is refused");
    };
    assert_eq!(
        bad.to_string(),
        "330000000000/policy/issuers version 3, line 2: a township does not issue templates of the kind board; let a tier \
         that the line names issue it, or ask 330000000000 to change the line"
    );
    let chinese = bad.said().chinese;
    for part in ["第 3 版第 2 行", "镇", "公告栏", "请"] {
        assert!(chinese.contains(part), "{part}: {chinese}");
    }
}

#[test]
fn a_right_that_is_given_back_counts_from_that_day_and_the_days_between_stay_closed() {
    let tree = Tree::zhejiang();
    let kind = TemplateKind::Points;
    let closed = line(kind, &[Tier::Province], "2027-01-01");
    let open = line(kind, &[Tier::Province, Tier::County], "2027-06-01");
    let known = in_force(&[table(4, &format!("{open}{closed}"))]);
    for (on, line) in [
        ("2026-12-31", None),
        ("2027-01-01", Some(6)),
        ("2027-05-31", Some(6)),
        ("2027-06-01", None),
    ] {
        let verdict = consider(&issued("330825", kind, day(on)), &known, &tree);
        let found = match verdict {
            Verdict::Refused(TemplateRefusal::Bad(BadTemplate::NotEntitled { line, .. })) => {
                Some(line)
            }
            _ => None,
        };
        assert_eq!(found, line, "{on}");
    }
    // What two texts of the province say must both allow it.
    let mut other = table(1, &line(kind, &[Tier::Province], "2027-06-01"));
    other.key = "33/policy/others".parse().unwrap();
    let both = in_force(&[table(4, &format!("{open}{closed}")), other]);
    let verdict = consider(&issued("330825", kind, day("2027-06-01")), &both, &tree);
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
}

#[test]
fn only_the_root_states_it_for_everybody_and_within_what_the_program_lets() {
    let tree = Tree::zhejiang();
    let boards = line(TemplateKind::Board, &[Tier::County], NEW_YEAR);
    let fault = |template: &Template| match template.check(&tree) {
        Err(BadTemplate::Content(clause)) => clause.to_string(),
        other => panic!("{other:?}"),
    };
    let text = |lines: &str| format!("format = 1\n{lines}");
    let of_county = template("330825/policy/issuers", 1, &text(&boards));
    let for_some = Template {
        scope: Scope::new(code("33"), &[Tier::County], &[]),
        ..table(1, &boards)
    };
    let beyond = line(TemplateKind::Service, &[Tier::Village], NEW_YEAR);
    let policy = line(TemplateKind::Policy, &[Tier::County], NEW_YEAR);
    let no_day = boards.replace(NEW_YEAR, "2027-01-01T08:00:00");
    let unknown = boards.replace("county", "hamlet");
    let many: String = (0..=crate::policy::MOST_ISSUERS)
        .map(|n| {
            line(
                TemplateKind::Board,
                &[],
                &Day(20_000 + i32::try_from(n).unwrap()).to_string(),
            )
        })
        .collect();
    for (template, says) in [
        (of_county, "line 2: only 330000000000"),
        (for_some, "line 2: who issues what holds for everybody"),
        (table(1, &beyond), "line 2: the program lets no village"),
        (table(1, &policy), "line 2: without the province"),
        (table(1, &no_day), "line 5: the date has a time"),
        (table(1, &unknown), "line 4: `hamlet` is not a tier"),
        (
            table(1, &format!("{boards}{boards}")),
            "line 6: line 2 says",
        ),
        (table(1, &many), "at most 60 entries"),
        (table(1, "[[issuers]]\nkind = \"rule\"\n"), "line 3"),
    ] {
        let clause = fault(&template);
        assert!(clause.contains(says), "{says}: {clause}");
    }
    assert!(
        table(1, &line(TemplateKind::Board, &[], NEW_YEAR))
            .check(&tree)
            .is_ok()
    );
    // Every fault is found, at its line, without anything else being in force.
    let found = faults(&table(1, &format!("{beyond}{policy}")), &tree);
    let lines: Vec<_> = found.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [2, 6], "{found:#?}");
    assert_eq!(kind_of(&text(&boards)), Some(TemplateKind::Policy));
}

#[test]
fn what_holds_names_the_text_and_line_that_say_who_issues_what() {
    let tree = Tree::zhejiang();
    let lines = line(
        TemplateKind::Board,
        &[Tier::County, Tier::Province],
        NEW_YEAR,
    );
    let held = in_force(&[table(2, &lines)]);
    let values = effective_values(TemplateKind::Policy, &held, code("330825"), &tree);
    let value = |code: &str| values.iter().find(|one| &*one.subject.code == code);
    let boards = value("issuers/board/2027-01-01").unwrap();
    let said = [Tier::Province, Tier::County].map(Tier::english);
    assert_eq!(boards.value.english, said.join(", "));
    assert_eq!(boards.line, Some(2));
    assert!(
        boards
            .source
            .to_string()
            .ends_with("policy/issuers version 2")
    );
    let policy = value("issuers/policy/1970-01-01").unwrap();
    let line = SHIPPED.lines().nth(policy.line.unwrap() as usize - 1);
    assert_eq!(line, Some("[[issuers]]"));
    let said = [Tier::Province, Tier::City, Tier::County].map(Tier::chinese);
    assert_eq!(policy.value.chinese, said.join("、"));
    assert!(
        value("issuers/board/1970-01-01").is_none(),
        "the province said it itself"
    );
}

/// A division as the office keeps it: the latest words, what is in force, and what it refused.
#[derive(Clone, Debug, Default)]
struct Division {
    known: BTreeMap<TemplateKey, Template>,
    refused: BTreeMap<TemplateKey, TemplateRefusal>,
    in_force: BTreeMap<TemplateKey, Template>,
}

impl Division {
    fn hear(&mut self, new: &Template, tree: &Tree) {
        let known = self.known.get(&new.key);
        if known.is_some_and(|known| known.stamp >= new.stamp) {
            return;
        }
        self.known.insert(new.key.clone(), new.clone());
        let mut changed = self.settle(&new.key, tree);
        while changed {
            let waiting = self.refused.iter().filter(|(_, why)| why.may_pass());
            let waiting: Vec<_> = waiting.map(|(key, _)| key.clone()).collect();
            changed = false;
            for key in waiting {
                changed |= self.settle(&key, tree);
            }
        }
    }

    fn settle(&mut self, key: &TemplateKey, tree: &Tree) -> bool {
        let me = code("330825002222");
        let settled = settle(self.known.get(key), None, &self.in_force, me, tree);
        match settled.effect {
            Effect::Unchanged => {}
            Effect::Base => drop(self.in_force.insert(key.clone(), self.known[key].clone())),
            Effect::Rollout | Effect::Nothing => panic!("there is no rollout"),
        }
        match settled.base {
            Some(Stance::Refused(reason)) => drop(self.refused.insert(key.clone(), reason)),
            _ => drop(self.refused.remove(key)),
        }
        for (key, reason) in settled.suspended {
            self.in_force.remove(&key);
            self.refused.insert(key, reason);
        }
        settled.effect != Effect::Unchanged
    }
}

proptest! {
    /// Whatever comes in which order, before or after the table: in the end that is in force which the last table allows.
    #[test]
    fn every_order_of_table_and_templates_ends_the_same(
        tables in prop::collection::vec(prop::collection::vec((0usize..6, 0u8..32, 0i32..6), 0..6), 1..4),
        texts in prop::collection::btree_set((0usize..5, 0usize..6, 0i32..6), 1..8),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let tree = Tree::zhejiang();
        let kinds = TemplateKind::ALL;
        let mut words: Vec<Template> = vec![];
        for (n, lines) in tables.iter().enumerate() {
            let mut seen = vec![];
            let mut text = String::new();
            for (kind, bits, from) in lines {
                let mut tiers = allowed(kinds[*kind]);
                tiers.retain(|tier| {
                    (kinds[*kind], *tier) == (TemplateKind::Policy, Tier::Province) || bits & (1 << *tier as u8) != 0
                });
                if !seen.contains(&(kind, from)) {
                    seen.push((kind, from));
                    text += &line(kinds[*kind], &tiers, &Day(*from).to_string());
                }
            }
            words.push(table(u32::try_from(n).unwrap() + 1, &text));
        }
        let last = words.last().unwrap().clone();
        let texts: Vec<Template> = texts
            .into_iter()
            .filter(|(issuer, kind, _)| may_issue(kinds[*kind], Tier::ALL[*issuer]))
            .map(|(issuer, kind, on)| {
                let template = issued(ISSUERS[issuer], kinds[kind], Day(on));
                // The names and codes keep them apart, so that none loosens another.
                let mine = format!("{issuer}-{on}");
                let mut content = template.content;
                for code in ["persons\"", "news\"", "yard\""] {
                    let own = code.replace('"', &format!("-{mine}\""));
                    content = content.replacen(code, &own, 1);
                }
                let name = format!("x{on}").into();
                Template { key: TemplateKey { name, ..template.key }, content, ..template }
            })
            .collect();
        words.extend(texts.iter().cloned());
        let rights = in_force(std::slice::from_ref(&last));
        let mut expected: Vec<TemplateKey> = texts
            .iter()
            .filter(|text| consider(text, &rights, &tree) == Verdict::Applied)
            .map(|text| text.key.clone())
            .chain([last.key.clone()])
            .collect();
        expected.sort();
        let mut one = Division::default();
        for at in &order {
            one.hear(at.get(&words), &tree);
        }
        let mut other = one.clone();
        for word in &words {
            one.hear(word, &tree);
        }
        for word in words.iter().rev() {
            other.hear(word, &tree);
        }
        for division in [one, other] {
            let held: Vec<TemplateKey> = division.in_force.keys().cloned().collect();
            prop_assert_eq!(&held, &expected);
        }
    }
}
