//! Which rules of points there are, by which templates.

use topology::Tree;

use super::{consider, in_force, template};
use crate::template::{Template, Verdict, points};

const POINTS: &str = "format = 1\nperiod = \"quarter\"\nobjection_days = 7\nblack_names = false\n[[item]]\ncode = \"sorting\"\n\
    name = \"垃圾分类\"\ngood = 3\nfair = 1\npoor = -2\n";

#[test]
fn the_strictest_of_all_templates_holds_and_a_lower_one_only_adds() {
    let tree = Tree::zhejiang();
    let county = template("330825/points/points", 1, POINTS);
    let more = "format = 1\nobjection_days = 10\n[[item]]\ncode = \"yard\"\nname = \"庭院整洁\"\ngood = 5\nfair = 2\npoor = 0\n";
    let village = template("330825002222/points/ours", 1, more);
    let known = in_force(std::slice::from_ref(&county));
    assert_eq!(consider(&village, &known, &tree), Verdict::Applied);
    let both: [Template; 2] = [county, village];
    let (templates, rules) = points(&in_force(&both), &tree).unwrap();
    assert_eq!(templates.len(), 2);
    assert_eq!((rules.objection_days, rules.black_names), (10, false));
    let codes: Vec<_> = rules.items.iter().map(|item| &*item.code).collect();
    assert_eq!(codes, ["sorting", "yard"]);

    let refused = |content: &str| match consider(
        &template("330825002222/points/ours", 1, content),
        &known,
        &tree,
    ) {
        Verdict::Refused(reason) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    for (content, says) in [
        (
            "format = 1\nobjection_days = 3",
            "330825000000/points/points may be objected to",
        ),
        (
            "format = 1\nblack_names = true",
            "keeps `black_names` private",
        ),
        (POINTS, "has the item sorting already"),
        ("format = 1\ncolour = 1", "key `colour`"),
        ("format = 1", "says nothing"),
    ] {
        let found = refused(content);
        assert!(found.contains(says), "{content}: {found}");
    }
}
