use proptest::prelude::*;
use topology::Tree;

use super::*;
use crate::{
    calendar::DayKind,
    category::CATALOGUE,
    clock::Bounds,
    custody::CustodyLimits,
    time::{Day, Timestamp},
};

mod faults;
mod strictest;

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn category(text: &str) -> Category {
    text.parse().unwrap()
}

#[test]
fn the_shipped_policy_covers_every_category_of_the_catalogue() {
    let tree = Tree::zhejiang();
    let policy = Policy::default();
    assert_eq!(policy.categories().len(), CATALOGUE.len());
    for (text, chinese, english) in CATALOGUE {
        let category = category(text);
        let listed = policy.category(&category).unwrap();
        assert_eq!(&*listed.value.name, chinese);
        assert_eq!(listed.value.english.as_deref(), Some(english));
        for priority in [Priority::Normal, Priority::Urgent, Priority::Emergency] {
            let case = Case {
                category: &category,
                priority,
                channel: Channel::Snapshot,
                origin: code("330825002222"),
            };
            let ruling = policy.rule(&case, &tree);
            assert_eq!(ruling.platform.value, category.platform());
            assert!(ruling.department.is_some(), "{text}");
            for stage in Stage::ALL {
                let clock = ruling.clocks.contains_key(&stage);
                assert!(clock || stage == Stage::Handle, "{text} {stage}");
            }
            for decided in ruling.decisions() {
                assert_line_says(&decided);
            }
        }
    }
}

/// Asserts that the named line contains the decided value, or begins the entry that does.
fn assert_line_says(decided: &Decided) {
    let line = SHIPPED.lines().nth(decided.rule.line as usize - 1).unwrap();
    let opens = ["[[category]]", "[[dispatch]]"].contains(&line);
    let word = decided.value.split(' ').next().unwrap();
    let word = match word {
        "yes" => "true",
        "no" => "false",
        word => word,
    };
    assert!(opens || line.contains(word), "{decided:?}: {line}");
}

const PROVINCE: &str = "33/policy/base";
const COUNTY: &str = "330825/policy/local";

fn source(key: &str) -> Source {
    let key = key.parse().unwrap();
    Source::Template { key, version: 2 }
}

fn sheet(key: &str, text: &str) -> Sheet {
    Sheet::read(text, source(key)).unwrap()
}

/// Returns the ruling of policy on a snapshot reported in 张王村.
fn ruling(policy: &Policy, about: &str, priority: Priority) -> Ruling {
    let category = category(about);
    let case = Case {
        category: &category,
        priority,
        channel: Channel::Snapshot,
        origin: code("330825002222"),
    };
    policy.rule(&case, &Tree::zhejiang())
}

fn clock(ruling: &Ruling, stage: Stage) -> (String, u32) {
    let clock = &ruling.clocks[&stage];
    (clock.value.to_string(), clock.rule.line)
}

#[test]
fn the_shipped_numbers_are_those_of_the_rules() {
    let policy = Policy::default();
    let give = |about: &str, stage| {
        let ruling = ruling(&policy, about, Priority::Normal);
        ruling.clocks[&stage].value.to_string()
    };
    for (about, stage, allowance) in [
        ("order/other", Stage::Route, "5wd"),
        ("order/other", Stage::Object, "5wd"),
        ("order/other", Stage::Finish, "30d"),
        ("order/dispute", Stage::ReviewAsk, "30d"),
        ("order/dispute", Stage::ReviewAnswer, "30d"),
        ("order/dispute", Stage::RereviewAsk, "30d"),
        ("order/dispute", Stage::RereviewAnswer, "30d"),
        ("enforcement/rubbish", Stage::Finish, "4wh"),
        ("enforcement/road", Stage::Respond, "2wh"),
        ("enforcement/building", Stage::Respond, "4wh"),
        ("enforcement/building", Stage::Handle, "7wd"),
        ("enforcement/building", Stage::Finish, "20wd"),
    ] {
        assert_eq!(give(about, stage), allowance, "{about} {stage}");
    }
    let petition = ruling(&policy, "order/other", Priority::Normal);
    let extension = Some(Allowance::Days(60));
    assert_eq!(petition.extension.value, extension);
    assert_eq!(
        petition.bounds(),
        Bounds {
            pauses: 3,
            pause_days: 60,
            extension
        }
    );
    assert_eq!(petition.goes_up(Tier::Village), None);
    assert_eq!(
        policy.limits().terms(Tier::Village),
        CustodyLimits::default()
    );
    for tier in [Tier::Province, Tier::City, Tier::County, Tier::Township] {
        let terms = policy.limits().terms(tier);
        assert!(
            terms.verify_by_another,
            "{tier}: more than one person works there"
        );
    }
    let emergency = ruling(&policy, "enforcement/rubbish", Priority::Emergency);
    assert_eq!(emergency.goes_up_at_once(Tier::Village), Some(Tier::County));
    assert_eq!(emergency.goes_up_at_once(Tier::County), None, "it is there");
    assert_eq!(emergency.goes_up_at_once(Tier::City), None, "it is above");
    assert!(emergency.escalates_on(Stage::Finish));
    assert!(!emergency.escalates_on(Stage::CallBack));
    let drugs = ruling(&policy, "market/drugs", Priority::Normal);
    assert_eq!(drugs.goes_up(Tier::Township), Some(Tier::County));
    assert_eq!(drugs.goes_up_at_once(Tier::Township), None);
}

#[test]
fn the_calendar_gives_thirteen_days_off_a_year_announced_or_not() {
    // 全国年节及纪念日放假办法, as revised in 2024: 13 days. A day that falls on a day of rest is made up for.
    let policy = Policy::default();
    let calendar = policy.calendar();
    let day = |text: &str| -> Day { text.parse().unwrap() };
    assert_eq!(
        calendar.value.covered(),
        (day("2025-01-01"), day("2026-12-31"))
    );
    for year in 2025..=2035 {
        let days = day(&format!("{year}-01-01")).0..=day(&format!("{year}-12-31")).0;
        let weekday = |day: &i32| (day + 3).rem_euclid(7) < 5;
        let works = |day: &i32| {
            let kind = calendar.value.kind_of(Day(*day));
            matches!(kind, DayKind::Working | DayKind::MakeUp(_))
        };
        let off = days.clone().filter(weekday).count() - days.filter(works).count();
        assert_eq!(off, 13, "{year}");
    }
    // Beyond what was announced, only the days in the law itself count, and no day of rest becomes
    // a working day for them.
    let name = |text: &str| match calendar.value.kind_of(day(text)) {
        DayKind::Holiday(name) => name.to_owned(),
        other => format!("{other:?}"),
    };
    for (text, expected) in [
        ("2027-01-01", "元旦"),
        ("2027-02-05", "春节"),
        ("2027-02-06", "春节"),
        ("2027-02-10", "春节"),
        ("2027-02-11", "Working"),
        ("2027-04-05", "清明节"),
        ("2027-05-03", "劳动节"),
        ("2027-06-09", "端午节"),
        ("2027-09-15", "中秋节"),
        ("2027-10-02", "国庆节"),
        ("2028-01-03", "元旦"),
        ("2035-02-08", "春节"),
        ("2036-01-01", "Working"),
    ] {
        assert_eq!(name(text), expected, "{text}");
    }
}

#[test]
fn twenty_five_working_days_from_the_end_of_november_2026_do_not_end_on_new_years_day() {
    let policy = Policy::default();
    let calendar = policy.calendar().value;
    let day = |text: &str| -> Day { text.parse().unwrap() };
    // 2026-11-29 09:00, a Sunday.
    let from = Timestamp(i64::from(day("2026-11-29").0) * 86_400_000 + 3_600_000);
    let due = calendar.add(from, Allowance::WorkingDays(25));
    assert_eq!(
        due.day(),
        day("2027-01-04"),
        "the next working day after 元旦"
    );
    assert!(calendar.is_provisional(due));
    assert!(!calendar.is_provisional(from));
    assert_eq!(calendar.days_left(from), 32);
    assert_eq!(calendar.days_left(due), 0);
    let last = calendar.add(from, Allowance::WorkingDays(24));
    assert_eq!(
        (last.day(), calendar.is_provisional(last)),
        (day("2026-12-31"), false)
    );
}

#[test]
fn the_most_specific_line_that_says_something_answers() {
    let fits = [
        "category = \"*\"",
        "category = \"*\"\nchannel = \"snapshot\"",
        "category = \"*\"\nkind = \"village\"",
        "category = \"*\"\norigin = \"330825\"",
        "category = \"*\"\norigin = \"330825002\"",
        "category = \"market/*\"",
        "category = \"market/food\"",
        "category = \"*\"\npriority = \"urgent\"",
        "category = \"market/drugs\"",
        "category = \"*\"\nchannel = \"hotline\"\npriority = \"urgent\"",
        "category = \"*\"\norigin = \"330802\"\npriority = \"urgent\"",
        "category = \"*\"\nkind = \"park\"\npriority = \"urgent\"",
    ];
    let lines = |order: &[usize]| {
        let line = |n: &usize| {
            let says = format!("department = {{ code = \"d{n}\", name = \"{n}\" }}");
            format!("[[dispatch]]\n{}\n{says}\n", fits[*n])
        };
        let text: String = order.iter().map(line).collect();
        Policy::of([sheet(PROVINCE, &text)])
    };
    let never = [8, 9, 10, 11];
    for most in 6..=7 {
        for turned in [false, true] {
            let mut order: Vec<usize> = (0..=most).chain(never).collect();
            if turned {
                order.reverse();
            }
            let ruling = ruling(&lines(&order), "market/food", Priority::Urgent);
            let department = ruling.department.unwrap();
            assert_eq!(*department.value.name, *most.to_string());
        }
    }
    for most in 0..=5 {
        let order: Vec<usize> = (0..=most).chain(never).collect();
        let ruling = ruling(&lines(&order), "order/unheard", Priority::Urgent);
        let department = ruling.department.unwrap();
        // The platform's own line of the shipped policy is narrower than a line for everything.
        assert_eq!(department.rule.source, Source::Shipped(SHIPPED_EDITION));
    }
}

#[test]
fn a_line_for_another_county_is_passed_over() {
    let text = |first: &str, second: &str| {
        format!(
            "[[dispatch]]\ncategory = \"*\"\n{first}clocks = {{ respond = \"1wd\" }}\n\
             [[dispatch]]\ncategory = \"*\"\n{second}clocks = {{ respond = \"2wd\" }}\n"
        )
    };
    let text = text("origin = \"330802\"\n", "origin = \"330825\"\n");
    let policy = Policy::of([sheet(PROVINCE, &text)]);
    let ruling = ruling(&policy, "order/other", Priority::Normal);
    let mine = ruling.longer[&Stage::Respond].iter();
    let mine: Vec<u32> = mine
        .filter(|clock| clock.rule.source == source(PROVINCE))
        .map(|clock| clock.rule.line)
        .collect();
    assert_eq!(mine, [8], "the line for the other county says nothing here");
}

#[test]
fn a_lower_issuer_tightens_clocks_and_places_work() {
    let province = sheet(
        PROVINCE,
        "[[dispatch]]\ncategory = \"*\"\ntier = \"county\"\nclocks = { respond = \"1h\", finish = \"10wd\" }\n\
         department = { code = \"a\", name = \"甲\" }\n\
         [limits]\npauses = 2\ncontest_days = 10\nverify_first = true\nanonymous = false\nextension = \"5wd\"\n\
         [attachments]\ntypes = [\"image/jpeg\", \"image/png\"]\n",
    );
    let county = sheet(
        COUNTY,
        "[[dispatch]]\ncategory = \"order/fire\"\nclocks = { respond = \"2h\", finish = \"2wd\" }\n\
         department = { code = \"b\", name = \"乙\" }\n\
         [[dispatch]]\ncategory = \"*\"\ntier = \"stay\"\nextension = \"9wd\"\n\
         [limits]\npauses = 4\nverify_first = false\ncontest_days = 20\nanonymous = true\nextension = \"none\"\n\
         [attachments]\ntypes = [\"image/png\", \"application/pdf\"]\n",
    );
    let policy = Policy::of([county.clone(), province.clone()]);
    assert_eq!(policy, Policy::of([province.clone(), county.clone()]));
    let fire = ruling(&policy, "order/fire", Priority::Normal);
    assert_eq!(clock(&fire, Stage::Respond), ("1h".to_owned(), 4));
    assert_eq!(fire.clocks[&Stage::Respond].rule.source, source(PROVINCE));
    assert_eq!(clock(&fire, Stage::Finish), ("2wd".to_owned(), 3));
    assert_eq!(fire.clocks[&Stage::Finish].rule.source, source(COUNTY));
    let department = fire.department.unwrap();
    assert_eq!(
        (department.value.code.as_str(), department.rule.line),
        ("b", 4)
    );
    assert_eq!(
        fire.tier.value,
        Handles::Tier(Tier::County),
        "equally specific"
    );
    assert_eq!(fire.extension.value, None, "the county gives none at all");
    let route = &fire.clocks[&Stage::Route];
    assert_eq!(route.rule.source, Source::Shipped(SHIPPED_EDITION));
    let limits = policy.limits();
    assert_eq!(
        (limits.pauses.value, &limits.pauses.rule.source),
        (2, &source(PROVINCE))
    );
    assert_eq!(
        (limits.contest_days.value, limits.contest_days.rule.line),
        (20, 12)
    );
    assert!(!limits.anonymous.value);
    let terms = limits.terms(Tier::County);
    assert_eq!((terms.contest_days, terms.contests), (20, 2));
    assert!(terms.verify_first, "the county cannot do without");
    assert_eq!(limits.extension.value, None);
    assert_eq!(*limits.types.value, ["image/png".into()]);
    assert_eq!(limits.types.rule.source, source(COUNTY));
    assert_eq!(limits.bounces.rule.source, Source::Shipped(SHIPPED_EDITION));
    assert_eq!(limits.decisions().len(), 18);
    assert!(
        limits
            .decisions()
            .iter()
            .any(|d| d.what == "longest extension" && d.value == "none")
    );
}

#[test]
fn a_template_frees_tiers_of_looking_twice_and_a_lower_one_binds_more_of_them() {
    let limits = |tiers: &str| format!("[limits]\nverify_by_another = {tiers}\n");
    let province = sheet(PROVINCE, &limits("[\"county\"]"));
    let county = sheet(COUNTY, &limits("[\"village\", \"county\"]"));
    let bound = |policy: &Policy| {
        let limits = policy.limits();
        let by_another = |tier: &Tier| limits.terms(*tier).verify_by_another;
        Tier::ALL.into_iter().filter(by_another).collect::<Vec<_>>()
    };
    let both = Policy::of([county, province.clone()]);
    assert_eq!(bound(&both), [Tier::County, Tier::Village]);
    let limits_of_both = both.limits().verify_by_another;
    assert_eq!(limits_of_both.rule.source, source(COUNTY), "it binds more");
    assert_eq!(bound(&Policy::of([province])), [Tier::County]);
    let nowhere = Policy::of([sheet(PROVINCE, &limits("[]"))]);
    assert_eq!(bound(&nowhere), []);
    let said = nowhere.limits().decisions();
    assert!(
        said.iter()
            .any(|d| d.what == "verified by another person" && d.value == "at no tier")
    );
    for bad in ["[\"stay\"]", "[\"county\", \"county\"]", "true", "[3]"] {
        assert!(Sheet::read(&limits(bad), source(COUNTY)).is_err(), "{bad}");
    }
}

#[test]
fn the_calendar_is_the_first_that_is_stated() {
    let calendar = |hours: &str| {
        format!("\n[calendar]\nyears = [2026, 2026]\nhours = {{ weekdays = [\"{hours}\"] }}\n")
    };
    let county = sheet(COUNTY, &calendar("09:00-17:00"));
    let nine = Timestamp(1_767_488_400_000); // 2026-01-04 09:00, a Sunday that is made up for
    assert!(Policy::default().calendar().value.is_working(nine));
    let policy = Policy::of([county.clone(), sheet(PROVINCE, "")]);
    assert!(!policy.calendar().value.is_working(nine));
    let rule = policy.calendar().rule;
    assert_eq!(
        rule.to_string(),
        "330825000000/policy/local version 2, line 2"
    );
    let policy = Policy::of([county, sheet(PROVINCE, &calendar("08:00-16:00"))]);
    assert_eq!(policy.calendar().rule.source, source(PROVINCE));
}

#[test]
fn a_template_lists_categories_of_its_own() {
    let text = "[[category]]\ncode = \"order/ufo\"\nname = \"不明飞行物\"\nseverity = \"urgent\"\n\
                [[category]]\ncode = \"order/fire\"\nname = \"火险\"\n\
                [[dispatch]]\ncategory = \"order/ufo\"\nplatform = \"service\"\n";
    let policy = Policy::of([sheet(COUNTY, text)]);
    assert_eq!(policy.categories().len(), CATALOGUE.len() + 1);
    let listed = policy.category(&category("order/ufo")).unwrap();
    assert_eq!(listed.value.severity, Priority::Urgent);
    let fire = policy.category(&category("order/fire")).unwrap();
    assert_eq!((&*fire.value.name, fire.rule.line), ("火险", 5));
    assert_eq!(policy.category(&category("order/unheard")), None);
    let found = ruling(&policy, "order/ufo", Priority::Normal);
    assert_eq!(
        (found.platform.value, found.platform.rule.line),
        (Platform::Service, 10)
    );
    let own = ruling(&policy, "order/unheard", Priority::Normal);
    assert_eq!(own.platform.value, Platform::Order, "the code says so");
}

fn lines() -> impl Strategy<Value = String> {
    let category = prop::sample::select(vec!["*", "order/*", "market/*", "order/fire"]);
    let origin = prop::sample::select(vec!["", "origin = \"33\"\n", "origin = \"330825\"\n"]);
    let priority = prop::sample::select(vec!["", "priority = \"urgent\"\n"]);
    let allowance = prop::sample::select(vec!["1h", "2wh", "1wd", "2d", "9wd", "30d"]);
    let stage = prop::sample::select(vec!["respond", "finish"]);
    let fits = (category, origin, priority);
    let line = (stage, allowance);
    prop::collection::btree_map(fits, line, 0..8).prop_map(|lines| {
        let line = |((category, origin, priority), (stage, allowance))| {
            format!(
                "[[dispatch]]\ncategory = \"{category}\"\n{origin}{priority}\
                 clocks = {{ {stage} = \"{allowance}\" }}\n"
            )
        };
        lines.into_iter().map(line).collect()
    })
}

proptest! {
    #[test]
    fn one_more_issuer_below_never_lengthens_a_clock(
        above in lines(),
        below in lines(),
        about in prop::sample::select(vec!["order/fire", "order/other", "market/food", "service/land"]),
        urgent in any::<bool>(),
    ) {
        let priority = if urgent { Priority::Urgent } else { Priority::Normal };
        let [above, below] = [sheet(PROVINCE, &above), sheet(COUNTY, &below)];
        let before = ruling(&Policy::of([above.clone()]), about, priority);
        let both = ruling(&Policy::of([below, above]), about, priority);
        let length = |ruled: &Ruled<Allowance>| ruled.value.rough_minutes();
        for (stage, clock) in &both.clocks {
            prop_assert!(length(clock) <= length(&before.clocks[stage]));
            let longer = &both.longer[stage];
            prop_assert!(longer.iter().all(|other| length(clock) <= length(other)));
            prop_assert!(longer.len() >= before.longer[stage].len());
        }
    }
}

#[test]
fn a_category_has_the_english_name_of_its_text_or_the_usual_one_or_none() {
    let text = "format = 1\n[[category]]\ncode = \"order/bees\"\nname = \"养蜂纠纷\"\nname_en = \"bees\"\n\
                [[category]]\ncode = \"order/ufo\"\nname = \"不明飞行物\"\n\
                [[category]]\ncode = \"order/fire\"\nname = \"火灾隐患\"\n";
    let policy = Policy::of([Sheet::read(text, Source::Shipped(1)).unwrap()]);
    let english = |code: &str| policy.category(&category(code)).unwrap().value.english;
    assert_eq!(english("order/bees").as_deref(), Some("bees"));
    assert_eq!(english("order/ufo"), None);
    assert_eq!(english("order/fire").as_deref(), Some("fire hazard"));
}

#[test]
fn a_service_tells_what_to_bring_where_and_when_in_both_languages() {
    let text = "format = 1\n[[category]]\ncode = \"service/relief\"\nname = \"低保申请\"\n\
                needs = [{ zh = \"身份证\", en = \"Identity card\" }, { zh = \"户口簿\", en = \"Household register\" }]\n\
                window = { zh = \"便民服务中心 3 号窗口\", en = \"Service centre, window 3\" }\n\
                hours = { zh = \"工作日 8:30—17:00\", en = \"Working days, 8:30 to 17:00\" }\n";
    let policy = Policy::of([Sheet::read(text, Source::Shipped(1)).unwrap()]);
    let told = policy.category(&category("service/relief")).unwrap().value;
    let needs = told.service.needs.iter().map(|need| &*need.chinese);
    assert_eq!(Vec::from_iter(needs), ["身份证", "户口簿"]);
    assert_eq!(told.service.needs[1].english, "Household register");
    assert_eq!(
        told.service.window.unwrap().english,
        "Service centre, window 3"
    );
    assert_eq!(told.service.hours.unwrap().chinese, "工作日 8:30—17:00");
    let other = policy.category(&category("service/land")).unwrap().value;
    assert_eq!(other.service, ServiceFacts::default());
}
