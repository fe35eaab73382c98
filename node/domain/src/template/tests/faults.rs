//! What is wrong with a text, and where.

use topology::Tree;

use super::template;
use crate::template::{TemplateFault, TemplateKind, faults, kind_of, loosened};

fn found(key: &str, content: &str) -> Vec<TemplateFault> {
    faults(&template(key, 1, content), &Tree::zhejiang())
}

/// Line, column, and what the cause says.
fn places(faults: &[TemplateFault]) -> Vec<(u32, u32, &str)> {
    let one = |fault: &'_ TemplateFault| (fault.line, fault.column);
    let causes = faults.iter().map(|fault| fault.cause.english.as_str());
    let places = faults.iter().map(one).zip(causes);
    places
        .map(|((line, column), cause)| (line, column, cause))
        .collect()
}

#[test]
fn every_entry_tells_its_fault_at_its_line_and_column() {
    let text = "format = 1\n\
        [[item]]\nname = \"收支\"\nperiod = \"month\"\ndue = \"tomorrow\"\nfields = [\"x\"]\n\
        [[item]]\nname = \"好\"\nperiod = \"month\"\nfields = [\"x\"]\n\
        [[item]]\nname = \"低保\"\nperiod = \"fortnight\"\nfields = [\"x\"]\ncolour = \"red\"\n\
        [[item]]\nname = \"表\"\nperiod = \"month\"\nfields = [\"a\", { name = \"b\", kind = \"colour\" }]\n\
        [[item]]\nname = \"好\"\nperiod = \"month\"\nfields = [\"x\"]\n";
    let found = found("330825/disclosure/affairs", text);
    let places = places(&found);
    let expected = [
        (5, 1, "`tomorrow` is not a length of time"),
        (13, 1, "unknown period"),
        (15, 1, "key `item.colour`"),
        (19, 30, "unknown kind of field"),
        (20, 1, "listed twice"),
    ];
    // The first fault stops the whole reading, so that the double entry is seen once the others are gone.
    let seen: Vec<_> = places.iter().map(|(line, ..)| *line).collect();
    assert_eq!(seen, [5, 13, 15, 19], "{places:#?}");
    for ((line, column, cause), (at, from, says)) in places.iter().zip(expected) {
        assert!(
            (*line, *column) == (at, from) && cause.contains(says),
            "{line}:{column}: {cause}, not {at}:{from}: {says}"
        );
    }
    for fault in &found {
        assert!(!fault.remedy.english.is_empty(), "{fault:?}");
        assert!(!fault.remedy.chinese.is_empty(), "{fault:?}");
        let chinese = fault.cause.chinese.chars();
        assert!(
            chinese
                .clone()
                .any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
            "{fault:?}"
        );
    }
    let good = text
        .replace("\"tomorrow\"", "\"5d\"")
        .replace("fortnight", "quarter")
        .replace("colour = \"red\"\n", "")
        .replace("\"colour\"", "\"money\"");
    let twice = self::found("330825/disclosure/affairs", &good);
    assert_eq!(twice.len(), 1, "{twice:#?}");
    assert!(twice[0].cause.english.contains("listed twice"), "{twice:?}");
    let once = good.replacen("name = \"好\"", "name = \"另\"", 1);
    assert_eq!(self::found("330825/disclosure/affairs", &once), []);
}

/// The lines at which faults are found, and what each says.
fn lines(key: &str, content: &str) -> Vec<(u32, String)> {
    let faults = found(key, content).into_iter();
    faults
        .map(|fault| (fault.line, fault.cause.english))
        .collect()
}

#[test]
fn all_faults_of_one_entry_are_told() {
    let told = lines(
        "330825/disclosure/affairs",
        "format = 1\n[[item]]\nname = \"收支\"\nperiod = \"fortnight\"\ndue = \"tomorrow\"\nclass = \"red\"\n\
         objection = \"never\"\nfields = [\"x\", { name = \"b\", kind = \"colour\" }, { name = \"c\", kind = \"taste\" }]\n",
    );
    let seen: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(seen, [4, 5, 6, 7, 8, 8], "{told:#?}");

    // What a type makes of the rest is told too, and what cannot be missing is put in.
    let told = lines(
        "330825/standard/data",
        "format = 1\n[[element]]\ntype = \"colour\"\nasked = [\"moon\", \"order\", \"sun/x\"]\n\
         list = \"A\"\n[[list]]\ncode = \"l\"\ncodes = [\n{ code = \"a b\" },\n{ code = \"c\", until = \"never\" },\n]\n",
    );
    let seen: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(seen, [2, 3, 4, 4, 9, 10], "{told:#?}");
    assert!(told[0].1.contains("missing field `code`"), "{told:#?}");
    let told = lines(
        "330825/standard/data",
        "format = 1\n[[element]]\ncode = \"A\"\ntype = \"colour\"\nasked = [\"moon\", \"order\", \"sun/x\"]\n\
         source = \"\"\nlongest = 0\n",
    );
    let seen: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(seen, [3, 4, 5, 5, 6, 7], "{told:#?}");

    let told = lines(
        "330825/service/window",
        "format = 1\n[[service]]\ncategory = \"order/fire\"\npromise = \"soon\"\nsource = \"\"\n\
         [[service.materials]]\ncode = \"A\"\nname = { zh = \"证\", en = \"card\" }\nform = \"gold\"\n",
    );
    let seen: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(seen, [3, 4, 5, 7, 9], "{told:#?}");

    let told = lines(
        "330825/policy/bees",
        "format = 1\n[[category]]\ncode = \"order/bees\"\nname = \"养蜂\"\n[[dispatch]]\ncategory = \"order/bees\"\n\
         tier = \"moon\"\nplatform = \"sun\"\nextension = \"long\"\n[dispatch.clocks]\nfinish = \"soon\"\nrespond = \"2h\"\n\
         [limits]\npauses = 99\ncontests = 99\n",
    );
    let seen: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(seen, [7, 8, 9, 11, 14, 15], "{told:#?}");
}

#[test]
fn what_follows_from_a_fault_is_not_told() {
    // The sum names a field that is wrong itself.
    let told = lines(
        "330825/disclosure/affairs",
        "format = 1\n[[item]]\nname = \"收支\"\nperiod = \"month\"\nfields = [\"x\", { name = \"合计\", kind = \"colour\" }]\n\
         sums = [{ total = \"合计\", plus = [\"x\"] }]\n",
    );
    assert_eq!(told.len(), 1, "{told:#?}");
    let told = lines(
        "330825/board/boards",
        "format = 1\n[[board]]\ncode = \"A\"\nname = \"\"\nphotos = 99\n",
    );
    let seen: Vec<u32> = told.iter().map(|(line, _)| *line).collect();
    assert_eq!(seen, [3, 4, 5], "{told:#?}");
}

#[test]
fn every_fault_of_the_syntax_is_told() {
    let found = found(
        "330825/board/boards",
        "format = 1\n[[board]]\ncode = \nname = \"x\ncolour = 1 2\n",
    );
    let lines: Vec<_> = found.iter().map(|fault| fault.line).collect();
    assert!(lines.contains(&3) && lines.contains(&4), "{found:#?}");
}

#[test]
fn lines_of_policy_and_scales_of_points_are_told_apart() {
    let text = "format = 1\n[[category]]\ncode = \"order/bees\"\nname = \"养蜂\"\n\
        [[dispatch]]\ncategory = \"order/bees\"\ntier = \"moon\"\n\
        [[dispatch]]\ncategory = \"order/wasps\"\ntier = \"county\"\n\
        [limits]\npauses = 99\n";
    let found = self::found("330825/policy/bees", text);
    let places = places(&found);
    let lines: Vec<_> = places.iter().map(|(line, ..)| *line).collect();
    assert_eq!(lines, [7, 9, 12], "{places:#?}");
    let points = self::found(
        "330825/points/p",
        "format = 1\nred_from = 0\n[[item]]\ncode = \"a\"\nname = \"甲\"\ngood = 1\nfair = 2\npoor = 0\n",
    );
    let lines: Vec<_> = points.iter().map(|fault| fault.line).collect();
    assert!(lines.contains(&2), "{points:#?}");
}

#[test]
fn what_is_looser_than_above_is_told_for_every_clause() {
    let tree = Tree::zhejiang();
    let text = "format = 1\n[[item]]\nname = \"甲\"\nperiod = \"month\"\ndue = \"5d\"\nfields = [\"x\"]\n\
        [[item]]\nname = \"乙\"\nperiod = \"month\"\nfields = [\"x\", \"y\"]\n";
    let above = template("330825/disclosure/affairs", 1, text);
    let mine = text
        .replace(
            "format = 1",
            "format = 1\ntightens = \"330825/disclosure/affairs\"",
        )
        .replace("5d", "9d")
        .replace(", \"y\"", "");
    let draft = template("330825002/disclosure/ours", 1, &mine);
    assert_eq!(faults(&draft, &tree), []);
    let looser = loosened(&draft, &above, &tree).unwrap();
    let lines: Vec<_> = looser.iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [3, 8], "{looser:#?}");
    assert!(looser[0].cause.english.contains("5d") && looser[0].cause.english.contains("9d"));
    let same = text.replace(
        "format = 1",
        "format = 1\ntightens = \"330825/disclosure/affairs\"",
    );
    let same = template("330825002/disclosure/ours", 1, &same);
    assert_eq!(loosened(&same, &above, &tree), Ok(vec![]));
    let broken = template("330825/disclosure/affairs", 1, "format = 1\n");
    assert!(loosened(&draft, &broken, &tree).is_err());

    let policy = |days: u32| {
        let lines = format!(
            "[[dispatch]]\ncategory = \"enforcement/rubbish\"\n[dispatch.clocks]\nfinish = \"{days}h\"\n"
        );
        format!("format = 1\n{lines}")
    };
    let above = template("330825/policy/p", 1, &policy(2));
    let draft = template("330825/policy/q", 1, &policy(3));
    let looser = loosened(&draft, &above, &tree).unwrap();
    assert_eq!(looser.len(), 1, "{looser:#?}");
}

#[test]
fn the_kind_is_told_by_the_content() {
    for (text, kind) in [
        (
            "format = 1\n[[board]]\ncode = 'x'",
            Some(TemplateKind::Board),
        ),
        ("format = 1\n[[service]]\n", Some(TemplateKind::Service)),
        ("format = 1\n[[element]]\n", Some(TemplateKind::Standard)),
        ("format = 1\n[[list]]\n", Some(TemplateKind::Standard)),
        ("format = 1\n[[dispatch]]\n", Some(TemplateKind::Policy)),
        ("format = 1\n[limits]\n", Some(TemplateKind::Policy)),
        (
            "format = 1\n[[item]]\nname = 'x'",
            Some(TemplateKind::Disclosure),
        ),
        ("format = 1\n[[item]]\ngood = 1", Some(TemplateKind::Points)),
        ("format = 1\nkeep_days = 30", Some(TemplateKind::Points)),
        ("format = 1\n", None),
        ("", None),
    ] {
        assert_eq!(kind_of(text), kind, "{text}");
    }
}

/// Nor have their forms, filled with made-up values (R-T1).
#[test]
fn the_starting_sets_have_no_faults() {
    for (key, text) in [
        (
            "330825/disclosure/village-affairs",
            include_str!("../../../../../config/templates/village-affairs.toml"),
        ),
        (
            "330825/disclosure/community-affairs",
            include_str!("../../../../../config/templates/community-affairs.toml"),
        ),
        (
            "330825/disclosure/park-affairs",
            include_str!("../../../../../config/templates/park-affairs.toml"),
        ),
        (
            "330825/board/village-boards",
            include_str!("../../../../../config/templates/village-boards.toml"),
        ),
        (
            "330825/points/village-points",
            include_str!("../../../../../config/templates/village-points.toml"),
        ),
        (
            "330825/service/village-services",
            include_str!("../../../../../config/templates/village-services.toml"),
        ),
        (
            "330825/standard/county-data",
            include_str!("../../../../../config/templates/county-data.toml"),
        ),
        (
            "330825/policy/calendar",
            include_str!("../../../../../config/templates/calendar.toml"),
        ),
        (
            "330825/policy/county-dispatch",
            include_str!("../../../../../config/templates/county-dispatch.toml"),
        ),
    ] {
        assert_eq!(found(key, text), [], "{key}");
        let draft = template(key, 1, text);
        for item in draft.check(&Tree::zhejiang()).unwrap().items {
            let sample = item.sample(crate::time::Day(20_000));
            assert_eq!(sample.faults(&item), [], "{key} {}", item.name);
        }
    }
}

#[test]
fn a_text_of_any_form_never_panics() {
    let odd = "format = 1\nitem = [1, {name = 3}]\n[[board]]\n[board.x]\n[a.b]\n";
    for kind in TemplateKind::ALL {
        for cut in 0..odd.len() {
            let draft = template(&format!("330825/{kind}/x"), 1, &odd[..cut]);
            let _ = faults(&draft, &Tree::zhejiang());
        }
    }
}
