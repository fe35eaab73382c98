use topology::Tree;

use super::*;
use crate::{
    category::{Class, Priority, Visibility},
    custody::{self, Context, CustodyLimits, Report},
    matter::{Channel, Outcome},
    policy,
    suite::Suite,
    time::Timestamp,
};

static SHIPPED: std::sync::OnceLock<policy::Policy> = std::sync::OnceLock::new();

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn context(me: DivisionCode, now: i64, tree: &Tree) -> Context<'_> {
    Context {
        me,
        now: Timestamp(now),
        tree,
        terms: CustodyLimits::default(),
        policy: SHIPPED.get_or_init(|| policy::Policy::of([])),
    }
}

fn reported(at: &str, about: Option<&str>, tree: &Tree) -> custody::Docket {
    let me = code(at);
    let id = MatterId {
        origin: me,
        epoch: 7,
        number: 1,
    };
    let report = Report {
        channel: Channel::Snapshot,
        category: "enforcement/rubbish".parse().unwrap(),
        priority: Priority::Normal,
        visibility: match about {
            Some(_) => Visibility::Direct,
            None => Visibility::Path,
        },
        class: Class::Personal,
        about: about.map(code),
        suite: Suite::Ed25519Blake3,
        body: [0; 32],
        contact: None,
        part_of: None,
    };
    let decision = custody::report(id, report, context(me, 0, tree)).unwrap();
    decision.docket
}

fn escalated(docket: custody::Docket, to: &str, tree: &Tree) -> Matter {
    let me = docket.matter.holder;
    let act = Act::Escalate(code(to));
    let sent = custody::transfer(docket, act, None, context(me, 1, tree)).unwrap();
    sent.docket.matter
}

/// Builds a request for the first file of the report.
fn for_whom(asker: DivisionCode) -> Fetch {
    Fetch {
        matter: MatterId {
            origin: asker,
            epoch: 7,
            number: 1,
        },
        no: FileNo { step: 0, index: 0 },
        part: Part::Whole,
        digest: [0; 32],
        at: 0,
        asker,
        held_by: asker,
    }
}

#[test]
fn where_a_file_was_handed_in_it_is_given_back_whoever_holds_the_matter() {
    let tree = Tree::zhejiang();
    let (village, township, county) = (code("330825002222"), code("330825002"), code("330825"));
    let mut matter = escalated(reported("330825002222", None, &tree), "330825", &tree);
    matter.holder = county;
    matter.transit = None;
    let request = |step, asker, from| {
        let fetch = Fetch {
            no: FileNo { step, index: 0 },
            ..for_whom(asker)
        };
        may_fetch(&matter, None, false, &fetch, from, township, &tree)
    };
    assert_eq!(request(0, village, village), Ok(()));
    let other = code("330825002223");
    assert_eq!(request(0, other, other), Err(NotEntitled::NotHolder));
    assert_eq!(request(0, village, county), Err(NotEntitled::WrongWay));
    assert_eq!(request(9, village, village), Err(NotEntitled::NotHolder));
}

#[test]
fn a_file_is_looked_for_where_it_was_handed_in_and_with_all_who_acted() {
    let tree = Tree::zhejiang();
    let (village, township, county) = (code("330825002222"), code("330825002"), code("330825"));
    let mut matter = reported("330825002", None, &tree).matter;
    let act = |matter: &mut Matter, by| {
        let step = crate::matter::Step {
            by,
            ..matter.steps[0].clone()
        };
        matter.steps.push(step);
    };
    assert_eq!(sources(&matter, township, township, &tree), []);
    for by in [village, county, code("3308")] {
        act(&mut matter, by);
    }
    let found = sources(&matter, township, township, &tree);
    assert_eq!(found, [code("3308"), village], "the county is on the way");
    let found = sources(&matter, township, county, &tree);
    assert_eq!(found, [township, code("3308"), village]);
}

#[test]
fn only_whoever_holds_it_or_is_to_hold_it_is_given_bytes_and_only_from_its_side() {
    let tree = Tree::zhejiang();
    let (village, township, county) = (code("330825002222"), code("330825002"), code("330825"));
    let docket = reported("330825002222", None, &tree);
    let request = |matter: &Matter, asker, from| {
        may_fetch(matter, None, false, &for_whom(asker), from, village, &tree)
    };
    assert_eq!(
        request(&docket.matter, county, township),
        Err(NotEntitled::NotHolder)
    );
    let matter = escalated(docket, "330825", &tree);
    assert_eq!(request(&matter, county, township), Ok(()));
    assert_eq!(
        request(&matter, code("3308"), township),
        Err(NotEntitled::NotHolder)
    );
    assert_eq!(
        request(&matter, county, code("330825002223")),
        Err(NotEntitled::WrongWay)
    );
    let mut back = matter;
    back.steps.push(crate::matter::Step {
        act: Act::TakeBack,
        ..back.steps[0].clone()
    });
    back.transit = None;
    assert_eq!(
        request(&back, county, township),
        Err(NotEntitled::NotHolder)
    );
}

#[test]
fn what_is_public_is_given_to_all_who_acted_on_the_matter() {
    let tree = Tree::zhejiang();
    let (village, township) = (code("330825002222"), code("330825002"));
    let mut matter = escalated(reported("330825002222", None, &tree), "330825002", &tree);
    matter.holder = township;
    matter.transit = None;
    let step = matter.steps.len() as u16 - 1;
    matter.steps[usize::from(step)].by = township;
    let request = |public, asker, from| {
        let fetch = Fetch {
            no: FileNo { step, index: 0 },
            ..for_whom(asker)
        };
        may_fetch(&matter, None, public, &fetch, from, township, &tree)
    };
    assert_eq!(request(true, village, village), Ok(()));
    assert_eq!(
        request(false, village, village),
        Err(NotEntitled::NotHolder)
    );
    let other = code("330825002223");
    assert_eq!(request(true, other, other), Err(NotEntitled::NotHolder));
}

#[test]
fn bytes_of_a_direct_matter_go_neither_to_nor_through_whom_it_is_about() {
    let tree = Tree::zhejiang();
    let (township, county) = (code("330825002"), code("330825"));
    let docket = reported("330825", Some("330825002"), &tree);
    let mut matter = docket.matter;
    for asker in [township, code("330825002222")] {
        matter.holder = asker;
        let asked = may_fetch(
            &matter,
            None,
            true,
            &for_whom(asker),
            township,
            county,
            &tree,
        );
        assert_eq!(asked, Err(NotEntitled::Concerned));
    }
    matter.holder = code("3308");
    let asked = may_fetch(
        &matter,
        None,
        false,
        &for_whom(code("3308")),
        code("3308"),
        county,
        &tree,
    );
    assert_eq!(asked, Ok(()));
}

#[test]
fn a_matter_is_closed_since_its_last_step() {
    let tree = Tree::zhejiang();
    let county = code("330825");
    let docket = reported("330825", None, &tree);
    assert_eq!(docket.matter.closed_since(), None);
    let act = Act::Close(Outcome::Solved);
    let closed = custody::act(docket, act, Some([9; 32]), None, context(county, 5, &tree));
    let matter = closed.unwrap().docket.matter;
    assert_eq!(matter.closed_since(), Some(Timestamp(5)));
}
