//! Which boards there are, by which template.

use topology::Tree;

use super::{code, consider, in_force, template};
use crate::template::{Template, Verdict, boards};

const BOARDS: &str = "format = 1\n[[board]]\ncode = \"news\"\nname = \"村情动态\"\nkeep_days = 365\nanswers = true\n\
    [[board]]\ncode = \"rules\"\nname = \"村规民约\"\n";

#[test]
fn boards_come_from_the_highest_template_unless_a_lower_one_tightens_it() {
    let tree = Tree::zhejiang();
    let county = template("330825/board/boards", 1, BOARDS);
    let tightened = BOARDS.replace(
        "format = 1",
        "format = 1\ntightens = \"330825/board/boards\"",
    );
    let shorter =
        tightened.replace("365", "90") + "[[board]]\ncode = \"lost\"\nname = \"失物招领\"\n";
    let own = template("330825002222/board/ours", 1, &shorter);
    let known = in_force(std::slice::from_ref(&county));
    assert_eq!(consider(&own, &known, &tree), Verdict::Applied);
    let codes = |templates: &[Template]| {
        let found = boards(&in_force(templates), &tree).into_iter();
        let found =
            found.map(|(key, _, board)| (key.issuer, board.code.to_string(), board.keep_days));
        found.collect::<Vec<_>>()
    };
    let (village, county_code) = (code("330825002222"), code("330825"));
    assert_eq!(
        codes(&[county.clone(), own.clone()]),
        [
            (village, "news".to_owned(), Some(90)),
            (village, "rules".to_owned(), None),
            (village, "lost".to_owned(), None),
        ]
    );
    // Beside it, without tightening it, the county's is the one that counts.
    let beside = template("330825002222/board/ours", 1, &BOARDS.replace("365", "90"));
    let both = codes(&[county.clone(), beside]);
    assert_eq!(both[0], (county_code, "news".to_owned(), Some(365)));
    assert_eq!(both.len(), 2);

    let refused = |content: &str| match consider(
        &template("330825002222/board/ours", 1, content),
        &known,
        &tree,
    ) {
        Verdict::Refused(reason) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    let longer = refused(&tightened.replace("365", "400"));
    assert!(
        longer.contains("news") && longer.contains("365"),
        "{longer}"
    );
    let dropped = tightened
        .split_inclusive("answers = true\n")
        .next()
        .unwrap();
    let dropped = refused(dropped);
    assert!(dropped.contains("drops the item rules"), "{dropped}");
    let stray = refused(&(BOARDS.to_owned() + "colour = \"red\"\n"));
    assert!(stray.contains("key `board.colour`"), "{stray}");
    let twice = refused(&BOARDS.replace("rules", "news"));
    assert!(twice.contains("listed twice"), "{twice}");
    assert!(refused("format = 1").contains("1 to 20 boards"));
}
