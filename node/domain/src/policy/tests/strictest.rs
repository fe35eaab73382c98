//! Tests that the strictest applicable line wins, and that a line without effect is refused.

use super::*;
use crate::{
    calendar::Calendar,
    template::{BadTemplate, Scope, Template, TemplateRefusal, Verdict, consider, reconsider},
};

const BROAD: &str = "[[dispatch]]\ncategory = \"*\"\nescalate_on_breach = false\ntier = \"stay\"\n\
                     extension = \"60d\"\nclocks = { finish = \"28d\", respond = \"1wd\" }\n";

fn template(key: &str, version: u32, rest: &str) -> Template {
    let key: crate::template::TemplateKey = key.parse().unwrap();
    Template {
        version,
        scope: Scope::new(key.issuer, &[], &[]),
        title: "办理时限".to_owned(),
        content: format!("format = 1\n{rest}"),
        issued_at: Timestamp(0),
        stamp: crate::envelope::Stamp(1, version.into()),
        key,
    }
}

fn finish(amount: &str) -> String {
    format!("[[dispatch]]\ncategory = \"*\"\nclocks = {{ finish = \"{amount}\" }}\n")
}

#[test]
fn a_broad_line_of_a_template_takes_no_time_from_the_shipped_clocks() {
    let policy = Policy::of([sheet(COUNTY, BROAD)]);
    for (about, priority, allowance) in [
        ("enforcement/rubbish", Priority::Normal, "4wh"),
        ("order/flood", Priority::Normal, "24h"),
        ("service/land", Priority::Emergency, "24h"),
        ("order/other", Priority::Normal, "28d"),
    ] {
        let ruling = ruling(&policy, about, priority);
        let finish = &ruling.clocks[&Stage::Finish];
        assert_eq!(finish.value.to_string(), allowance, "{about}");
    }
    let flood = ruling(&policy, "order/flood", Priority::Normal);
    assert!(
        flood.escalates_on(Stage::Finish),
        "the shipped line says so"
    );
    assert_eq!(flood.extension.value, None, "the shipped line gives none");
    let emergency = ruling(&policy, "order/other", Priority::Emergency);
    let at_once = emergency.goes_up_at_once(Tier::Village);
    assert_eq!(
        at_once,
        Some(Tier::County),
        "a broad line is no answer to an emergency"
    );
}

#[test]
fn the_clock_of_a_channel_holds_against_a_longer_one_of_a_category() {
    let category = category("enforcement/building");
    let case = Case {
        category: &category,
        priority: Priority::Normal,
        channel: Channel::Hotline,
        origin: code("330825002222"),
    };
    let ruling = Policy::default().rule(&case, &Tree::zhejiang());
    assert_eq!(ruling.clocks[&Stage::Finish].value.to_string(), "5wd");
    assert_eq!(ruling.clocks[&Stage::Respond].value.to_string(), "4wh");
    assert_eq!(ruling.extension.value, Some(Allowance::WorkingDays(5)));
    let finish = |decided: &&Decided| decided.what == "time to finish";
    let decisions = ruling.decisions();
    let told: Vec<_> = decisions.iter().filter(finish).collect();
    let told = told.iter().map(|d| (&*d.value, d.holds));
    let all = [("5wd", true), ("20wd", false), ("30d", false)];
    assert!(told.eq(all), "all that applied is told: {decisions:?}");
}

#[test]
fn a_line_that_loosens_the_shipped_policy_or_its_own_text_is_refused_with_the_clause() {
    let tree = Tree::zhejiang();
    let narrow = |fits: &str, says: &str| format!("[[dispatch]]\ncategory = {fits}\n{says}\n");
    let of_the_shipped = |says: &str| format!("{says} of shipped policy {SHIPPED_EDITION}");
    for (text, says) in [
        (
            narrow("\"order/flood\"", "clocks = { finish = \"48h\" }"),
            of_the_shipped("line 4: time to finish 48h loosens 24h"),
        ),
        (
            narrow("\"order/other\"", "clocks = { finish = \"31d\" }"),
            of_the_shipped("line 4: time to finish 31d loosens 30d"),
        ),
        (
            narrow("\"order/flood\"", "extension = \"1d\""),
            of_the_shipped("line 4: extension 1d loosens none"),
        ),
        (
            narrow(
                "\"order/fire\"\nchannel = \"paper\"",
                "escalate_on_breach = false",
            ),
            of_the_shipped("line 5: escalate_on_breach false loosens true"),
        ),
        (
            "[limits]\npauses = 4\n".to_owned(),
            of_the_shipped("line 3: pauses 4 loosens 3"),
        ),
        (
            "[limits]\npause_days = 61\n".to_owned(),
            of_the_shipped("line 3: pause_days 61 loosens 60"),
        ),
        (
            "[limits]\nextension = \"61d\"\n".to_owned(),
            of_the_shipped("line 3: extension 61d loosens 60d"),
        ),
        (
            finish("10d") + &narrow("\"order/*\"", "clocks = { finish = \"11d\" }"),
            "line 7: time to finish 11d loosens 10d of 330825000000/policy/local version 2, line 4"
                .to_owned(),
        ),
    ] {
        let template = template("330825000000/policy/local", 2, &text);
        match template.check(&tree) {
            Err(BadTemplate::Content(clause)) => {
                assert!(clause.starts_with(&says), "{text}: {clause}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    // A line that is stricter for some of the matters loosens nothing, however long it is for the
    // others.
    let tightens = template("330825000000/policy/local", 2, BROAD);
    tightens.check(&tree).unwrap();
}

#[test]
fn a_template_that_loosens_one_from_above_is_refused_until_that_gives_way() {
    let tree = Tree::zhejiang();
    let mut in_force = BTreeMap::new();
    let province = template("330000000000/policy/times", 1, &finish("10d"));
    in_force.insert(province.key.clone(), province);
    let mine = template("330825000000/policy/times", 1, &finish("20d"));
    let Verdict::Refused(reason) = consider(&mine, &in_force, &tree) else {
        panic!("it was applied");
    };
    assert_eq!(
        reason,
        TemplateRefusal::Loosens(
            "line 4: time to finish 20d loosens 10d of 330000000000/policy/times version 1, line \
             4; the strictest holds, so give no more"
                .into()
        )
    );
    let shorter = template("330825000000/policy/times", 1, &finish("5d"));
    assert_eq!(consider(&shorter, &in_force, &tree), Verdict::Applied);
    // A line of an issuer below does not bind one above, and a text's former version does not bind
    // its new one.
    let above = template("330800000000/policy/times", 1, &finish("9d"));
    in_force.insert(shorter.key.clone(), shorter);
    assert_eq!(consider(&above, &in_force, &tree), Verdict::Applied);
    let next = template("330825000000/policy/times", 2, &finish("6d"));
    assert_eq!(consider(&next, &in_force, &tree), Verdict::Applied);
    // The province gives more time, so a version that was refused before is considered again.
    let gives_way = template("330000000000/policy/times", 2, &finish("25d"));
    in_force.clear();
    in_force.insert(gives_way.key.clone(), gives_way);
    assert_eq!(reconsider(&[mine], &in_force, &tree), [Verdict::Applied]);
}

#[test]
fn a_line_for_another_place_is_no_clause() {
    let tree = Tree::zhejiang();
    let elsewhere =
        "[[dispatch]]\ncategory = \"*\"\norigin = \"330802\"\nclocks = { finish = \"1d\" }\n";
    let here = elsewhere.replace("330802", "330825");
    let mine = |text: &str| {
        let [above, mine] = [sheet(PROVINCE, text), sheet(COUNTY, &finish("2d"))];
        mine.check_against(code("330825000000"), &above, &tree)
    };
    assert_eq!(mine(elsewhere), Ok(()));
    mine(&here).unwrap_err();
}

#[test]
fn the_shipped_policy_has_no_line_that_could_never_hold() {
    let shipped = Sheet::read(SHIPPED, Source::Shipped(SHIPPED_EDITION)).unwrap();
    let found = shipped.check_loosens(code("330000000000"), &Tree::zhejiang());
    assert_eq!(found, Ok(()));
}

proptest! {
    #[test]
    fn no_clock_ends_later_than_any_line_that_applies_allows(
        above in lines(),
        below in lines(),
        about in prop::sample::select(vec!["order/fire", "order/other", "market/food", "service/land"]),
        minutes in 0_i64..400 * 1_440,
    ) {
        let policy = Policy::of([sheet(PROVINCE, &above), sheet(COUNTY, &below)]);
        let ruling = ruling(&policy, about, Priority::Urgent);
        let calendar: &Calendar = policy.calendar().value;
        let now = Timestamp(1_767_196_800_000 + minutes * 60_000);
        for stage in Stage::ALL {
            let Some(terms) = ruling.terms(stage, calendar, now) else { continue };
            let due = calendar.add(now, terms.allowance);
            let longer = ruling.longer[&stage].iter();
            for line in longer.chain([&ruling.clocks[&stage]]) {
                prop_assert!(due <= calendar.add(now, line.value), "{stage} {line:?}");
            }
        }
    }
}
