use topology::Tree;

use super::*;
use crate::{
    category::{Class, Priority, Visibility},
    custody::{self, Context, CustodyLimits, Report},
    ids::MatterId,
    matter::{Act, Channel, Outcome},
};

static SHIPPED: std::sync::OnceLock<policy::Policy> = std::sync::OnceLock::new();

const DAY_MS: i64 = 86_400_000;

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

pub(crate) fn attachment() -> Attachment {
    Attachment {
        suite: Suite::Ed25519Blake3,
        media: Media::Jpeg,
        pixels: Some(Pixels {
            width: 4,
            height: 3,
        }),
        whole: Sealed {
            digest: [1; 32],
            bytes: 70_000,
        },
        thumb: Some(Sealed {
            digest: [2; 32],
            bytes: 900,
        }),
        key: ContentKey([3; 32]),
        held_by: code("330825002222"),
    }
}

#[test]
fn a_type_is_read_back_from_its_name_whatever_the_case() {
    for media in Media::ALL {
        assert_eq!(media.name().to_uppercase().parse(), Ok(media));
        let json = serde_json::to_value(media).unwrap();
        assert_eq!(json, media.name());
    }
    let error = "text/html".parse::<Media>().unwrap_err().to_string();
    assert!(
        error.ends_with(
            "send one of image/jpeg, image/png, image/webp, application/pdf, text/plain"
        )
    );
}

#[test]
fn what_is_too_long_empty_too_many_or_of_another_type_is_named() {
    let limits = Limits {
        bytes: 10,
        count: 2,
        media: vec![Media::Jpeg],
        ..Limits::default()
    };
    assert_eq!(limits.check(Media::Jpeg, 10), Ok(()));
    assert_eq!(
        limits.check(Media::Jpeg, 11),
        Err(NotTaken::TooLong(11, 10))
    );
    assert_eq!(limits.check(Media::Jpeg, 0), Err(NotTaken::Empty));
    assert!(matches!(
        limits.check(Media::Pdf, 1),
        Err(NotTaken::Media(Media::Pdf, _))
    ));
    assert_eq!(limits.check_count(2), Ok(()));
    assert_eq!(limits.check_count(3), Err(NotTaken::TooMany(3, 2)));
}

#[test]
fn each_chunk_adds_its_tag() {
    let sealed = |bytes| Sealed {
        digest: [0; 32],
        bytes,
    };
    assert_eq!(sealed(1).sealed_bytes(), 17);
    assert_eq!(sealed(CHUNK_BYTES).sealed_bytes(), CHUNK_BYTES + 16);
    assert_eq!(sealed(CHUNK_BYTES + 1).sealed_bytes(), CHUNK_BYTES + 33);
    assert_eq!(sealed(u64::MAX).sealed_bytes(), u64::MAX);
}

#[test]
fn the_key_is_in_no_debug_text() {
    assert!(!format!("{:?}", attachment()).contains("3, 3"));
}

#[test]
fn canonical_bytes_differ_wherever_attachments_differ() {
    let one = attachment();
    let mut others = vec![];
    let mut change = |change: fn(&mut Attachment)| {
        let mut other = attachment();
        change(&mut other);
        others.push(other);
    };
    change(|a| a.suite = Suite::P256Sha256);
    change(|a| a.media = Media::Png);
    change(|a| a.pixels = None);
    change(|a| a.whole.bytes += 1);
    change(|a| a.whole.digest[31] = 0);
    change(|a| a.thumb = None);
    change(|a| a.key.0[0] = 0);
    change(|a| a.held_by = code("330825002"));
    for other in others {
        assert_ne!(one.canonical_bytes(), other.canonical_bytes(), "{other:?}");
    }
    assert_eq!(one.canonical_bytes(), attachment().canonical_bytes());
}

#[test]
fn files_of_an_open_matter_are_kept_and_those_of_a_closed_one_until_the_last_day_is_over() {
    let tree = Tree::zhejiang();
    let limits = Limits {
        retention_days: 10,
        ..Limits::default()
    };
    let docket = reported("330825", None, &tree);
    assert!(!limits.is_over(&docket.matter, Timestamp(1_000 * DAY_MS)));
    let act = Act::Close(Outcome::Solved);
    let closed = custody::act(
        docket,
        act,
        Some([9; 32]),
        None,
        context(code("330825"), 5, &tree),
    );
    let matter = closed.unwrap().docket.matter;
    // The day in Shanghai ends at 16:00 UTC.
    let last = Timestamp(10 * DAY_MS + 16 * 3_600_000 - 1);
    assert!(!limits.is_over(&matter, last));
    assert!(limits.is_over(&matter, Timestamp(last.0 + 1)));
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
    let ask = |step, asker, from| {
        let fetch = Fetch {
            no: FileNo { step, index: 0 },
            ..for_whom(asker)
        };
        may_fetch(&matter, None, false, &fetch, from, township, &tree)
    };
    assert_eq!(ask(0, village, village), Ok(()));
    let other = code("330825002223");
    assert_eq!(ask(0, other, other), Err(NotEntitled::NotHolder));
    assert_eq!(ask(0, village, county), Err(NotEntitled::WrongWay));
    assert_eq!(ask(9, village, village), Err(NotEntitled::NotHolder));
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
    let ask = |matter: &Matter, asker, from| {
        may_fetch(matter, None, false, &for_whom(asker), from, village, &tree)
    };
    assert_eq!(
        ask(&docket.matter, county, township),
        Err(NotEntitled::NotHolder)
    );
    let matter = escalated(docket, "330825", &tree);
    assert_eq!(ask(&matter, county, township), Ok(()));
    assert_eq!(
        ask(&matter, code("3308"), township),
        Err(NotEntitled::NotHolder)
    );
    assert_eq!(
        ask(&matter, county, code("330825002223")),
        Err(NotEntitled::WrongWay)
    );
    let mut back = matter;
    back.steps.push(crate::matter::Step {
        act: Act::TakeBack,
        ..back.steps[0].clone()
    });
    back.transit = None;
    assert_eq!(ask(&back, county, township), Err(NotEntitled::NotHolder));
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
    let ask = |public, asker, from| {
        let fetch = Fetch {
            no: FileNo { step, index: 0 },
            ..for_whom(asker)
        };
        may_fetch(&matter, None, public, &fetch, from, township, &tree)
    };
    assert_eq!(ask(true, village, village), Ok(()));
    assert_eq!(ask(false, village, village), Err(NotEntitled::NotHolder));
    let other = code("330825002223");
    assert_eq!(ask(true, other, other), Err(NotEntitled::NotHolder));
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
fn names_are_read_back_from_their_texts_and_from_no_others() {
    let no = |step, index| FileNo { step, index };
    for (text, no) in [("0", no(0, 0)), ("12", no(0, 12)), ("4.0", no(4, 0))] {
        assert_eq!(text.parse(), Ok(no));
        assert_eq!(no.to_string(), text);
    }
    for bad in [
        "", "-1", "+1", "00", "0.1", "1.", ".1", "1.2.3", "65536", "1.65536",
    ] {
        assert!(bad.parse::<FileNo>().is_err(), "{bad}");
    }
    assert!(no(0, 9).to_bytes() < no(1, 0).to_bytes());
    let id = UploadId([0x0a; 16]);
    assert_eq!(id.to_string().parse(), Ok(id));
    for bad in [
        "",
        "0a",
        "+a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        &"0A".repeat(16),
        &"é".repeat(16),
    ] {
        assert!(bad.parse::<UploadId>().is_err(), "{bad}");
    }
}

#[test]
fn what_a_policy_says_of_files_is_taken_over_as_far_as_a_node_can() {
    let shipped = Limits::default().under(&policy::Policy::of([]).limits());
    assert_eq!((shipped.bytes, shipped.count), (20 << 20, 9));
    assert_eq!(shipped.retention_days, 1_095);
    assert!(shipped.media.contains(&Media::Jpeg) && shipped.media.contains(&Media::Pdf));
    let mut stated = policy::Policy::of([]).limits();
    stated.max_bytes.value = 100 << 20;
    stated.max_count.value = 100;
    stated.retention_days.value = 7;
    stated.types.value = vec!["image/png".into(), "video/mp4".into()];
    let limits = Limits::default().under(&stated);
    assert_eq!((limits.bytes, limits.count), (MOST_BYTES, MOST_LISTED));
    assert_eq!((limits.media, limits.retention_days), (vec![Media::Png], 7));
}
