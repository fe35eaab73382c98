//! Services: in categories that are listed, and never looser than above.

use topology::Tree;

use super::{code, consider, in_force, template};
use crate::template::{
    Template, TemplateKind, TemplateRefusal, Verdict, effective_values, faults, services,
};

const RELIEF: &str = "format = 1\n[[service]]\ncategory = \"service/relief\"\npromise = \"4wd\"\n\
    [[service.materials]]\ncode = \"id\"\nname = { zh = \"身份证\", en = \"identity card\" }\n";

fn clause(mine: &Template, above: &[Template]) -> String {
    match consider(mine, &in_force(above), &Tree::zhejiang()) {
        Verdict::Refused(TemplateRefusal::Loosens(clause)) => clause.into(),
        Verdict::Refused(TemplateRefusal::Bad(bad)) => bad.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lower_tier_tightens_services_and_never_loosens_them() {
    let tree = Tree::zhejiang();
    let county = template("330825/service/window", 1, RELIEF);
    let known = std::slice::from_ref(&county);
    let mine = |text: &str| template("330825002/service/ours", 1, text);
    let shorter = mine(&RELIEF.replace("4wd", "2wd"));
    assert_eq!(
        consider(&shorter, &in_force(known), &tree),
        Verdict::Applied
    );
    let longer = clause(&mine(&RELIEF.replace("4wd", "5wd")), known);
    assert!(
        longer.contains("service/relief") && longer.contains("4wd"),
        "{longer}"
    );
    let more = RELIEF.to_owned()
        + "[[service.materials]]\ncode = \"photo\"\nname = { zh = \"照片\", en = \"photo\" }\n";
    let more = clause(&mine(&more), known);
    assert!(more.contains("does not ask for photo"), "{more}");
    // The shipped policy gives 5 working days: a longer promise would be none.
    let void = clause(&mine(&RELIEF.replace("4wd", "6wd")), &[]);
    assert!(
        void.contains("line 4") && void.contains("loosens 5wd"),
        "{void}"
    );
    let unlisted = clause(&mine(&RELIEF.replace("relief", "ufo")), &[]);
    assert!(
        unlisted.contains("no policy lists the category service/ufo"),
        "{unlisted}"
    );
    let listing = template(
        "330825/policy/more",
        1,
        "format = 1\n[[category]]\ncode = \"service/ufo\"\nname = \"飞碟\"\n",
    );
    let listed = mine(&RELIEF.replace("relief", "ufo"));
    assert_eq!(
        consider(&listed, &in_force(&[listing]), &tree),
        Verdict::Applied
    );

    let all = in_force(&[county, shorter]);
    let held = services(&all, &tree);
    assert_eq!(held[0].service.promise.unwrap().to_string(), "2wd");
    assert_eq!(held[0].templates.len(), 2);
    let values = effective_values(TemplateKind::Service, &all, code("330825002222"), &tree);
    let promise = &values[0];
    assert_eq!(&*promise.subject.code, "promise");
    assert_eq!(promise.value.english, "2 working days");
    assert_eq!(promise.line, Some(4));
    assert_eq!(promise.looser[0].0.english, "4 working days");
}

#[test]
fn keys_of_services_that_nothing_reads_are_named_with_their_line() {
    let text =
        RELIEF.replace("promise = \"4wd\"", "promise = \"4wd\"\nprice = 3") + "colour = \"red\"\n";
    let found = faults(
        &template("330825/service/window", 1, &text),
        &Tree::zhejiang(),
    );
    let found: Vec<_> = found
        .iter()
        .map(|fault| (fault.line, &*fault.cause.english))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].0 == 5 && found[0].1.contains("service.price"),
        "{found:?}"
    );
    assert!(
        found[1].0 == 9 && found[1].1.contains("service.materials.colour"),
        "{found:?}"
    );
}
