use proptest::prelude::*;

use super::*;
use crate::{
    actor::Actor,
    attachment::{Attachment, ContentKey, Media, Pixels, Sealed},
    people::AccountId,
    personal::Personal,
    suite::Suite,
};

const DAY: i64 = 86_400_000;

fn board() -> Board {
    Board {
        code: "news".parse().unwrap(),
        name: "村情动态".into(),
        english: None,
        about: None,
        writers: vec![Role::Official, Role::GridWorker],
        signed_out: true,
        keep_days: Some(30),
        answers: true,
        photos: 2,
    }
}

fn by(at: i64) -> (Actor, Option<Role>, Timestamp) {
    let actor = Actor::Account(AccountId(1));
    (actor, Some(Role::Official), Timestamp(at))
}

fn photo(media: Media) -> Attachment {
    let sealed = Sealed {
        digest: [1; 32],
        bytes: 9,
    };
    Attachment {
        suite: Suite::Ed25519Blake3,
        media,
        pixels: Some(Pixels {
            width: 4,
            height: 3,
        }),
        whole: sealed,
        thumb: None,
        key: ContentKey([2; 32]),
        held_by: "330825002222".parse().unwrap(),
    }
}

fn written(title: &str, text: &str) -> Written {
    Written {
        title: title.to_owned(),
        text: text.to_owned(),
        despite: None,
    }
}

fn post() -> Post {
    let written = written("停水通知", "周三上午停水检修。");
    Post::write(&board(), PostId([1; 8]), &written, vec![], by(DAY)).unwrap()
}

fn why(words: &str) -> Result<Removal, BadPost> {
    let by = (Actor::Account(AccountId(2)), Timestamp(2 * DAY));
    Removal::new(RemovalGround::Untrue, words, by)
}

#[test]
fn a_board_is_read_from_its_template_and_what_is_wrong_is_named() {
    let read = |text: &str| {
        let raw: RawBoard = toml::from_str(text).unwrap();
        raw.read().map_err(|fault| fault.said.english)
    };
    let least = read("code = 'rules'\nname = '村规民约'").unwrap();
    assert_eq!(least.writers, [Role::Official, Role::Leader]);
    assert!(least.signed_out && !least.answers);
    assert_eq!((least.keep_days, least.photos), (None, MOST_PHOTOS));
    for (text, says) in [
        ("code = 'Rules'\nname = 'x'", "`Rules` is not a board"),
        ("code = 'r'\nname = ''", "`name` has 1 to 40"),
        ("code = 'r'\nname = 'x'\nkeep_days = 6", "keep_days is 6"),
        ("code = 'r'\nname = 'x'\nphotos = 5", "`photos` is"),
        (
            "code = 'r'\nname = 'x'\nwriters = ['auditor']",
            "`auditor` cannot write",
        ),
        (
            "code = 'r'\nname = 'x'\nwriters = ['leader', 'leader']",
            "listed twice",
        ),
    ] {
        let wrong = read(text).unwrap_err();
        assert!(wrong.contains(says), "{text}: {wrong}");
    }
}

#[test]
fn only_those_whom_the_board_names_write_on_it() {
    let board = board();
    let role = |roles: &[Role]| board.writer(roles.iter().copied());
    assert_eq!(role(&[Role::Resident]), None);
    assert_eq!(role(&[]), None);
    assert_eq!(
        role(&[Role::Resident, Role::GridWorker]),
        Some(Role::GridWorker)
    );
    for role in Role::ALL {
        assert_eq!(may_write(role), (role as u8) < 7, "{role}");
    }
}

#[test]
fn a_post_has_a_title_a_text_and_photos_and_nothing_that_nobody_sees() {
    let write = |title: &str, text: &str, photos| {
        Post::write(
            &board(),
            PostId([1; 8]),
            &written(title, text),
            photos,
            by(0),
        )
    };
    let post = write(
        " 停水\u{202e}通知 ",
        "第一行\r\n第二行\n",
        vec![photo(Media::Jpeg)],
    );
    let post = post.unwrap();
    assert_eq!((&*post.title, &*post.text), ("停水通知", "第一行 \n第二行"));
    assert_eq!(write("", "x", vec![]), Err(BadPost::Title));
    assert_eq!(write(&"题".repeat(81), "x", vec![]), Err(BadPost::Title));
    assert_eq!(write("题", " \n", vec![]), Err(BadPost::Text(MOST_TEXT)));
    let many = vec![photo(Media::Jpeg); 3];
    assert_eq!(write("题", "x", many), Err(BadPost::Photos(2)));
    let paper = vec![photo(Media::Pdf)];
    assert_eq!(write("题", "x", paper), Err(BadPost::NotAPhoto));
}

/// R-P20: personal data in a post goes out only for a reason, and never in titles, answers and grounds.
#[test]
fn personal_data_goes_out_only_for_a_reason() {
    let told = Err(BadPost::Told(Personal::Mobile));
    let mut asks = written("联系人", "请打 13800138000。");
    let write = |written: &Written| {
        Post::write(&board(), PostId([1; 8]), written, vec![], by(0)).map(|post| post.despite)
    };
    assert_eq!(write(&asks), Err(BadPost::Personal(Personal::Mobile)));
    asks.despite = Some("  ".to_owned());
    assert_eq!(write(&asks), Err(BadPost::Personal(Personal::Mobile)));
    asks.despite = Some("村委会公开电话".to_owned());
    assert_eq!(write(&asks), Ok(Some("村委会公开电话".into())));
    asks.title = "找 13800138000".to_owned();
    assert_eq!(write(&asks), told);
    let harmless = Written {
        despite: Some("多余的理由".to_owned()),
        ..written("题", "没有号码")
    };
    assert_eq!(write(&harmless), Ok(None), "no reason is kept for nothing");
    let answered = post().answer(&board(), "打 13800138000", by(0));
    assert_eq!(answered.map(|_| None), told);
    assert_eq!(why("找 13800138000").map(|_| None), told);
}

/// R-P22: what is removed loses its text; the ground stays.
#[test]
fn what_is_removed_loses_its_text_and_keeps_its_ground() {
    let mut removed = post();
    removed.photos = vec![photo(Media::Jpeg)];
    removed.pin(true, 0).unwrap();
    let left = removed.remove(why(" 时间有误 ").unwrap()).unwrap();
    assert_eq!(left.len(), 1);
    assert!(removed.title.is_empty() && removed.text.is_empty() && removed.photos.is_empty());
    assert!(!removed.pinned);
    let kept = removed.removed.clone().unwrap();
    assert_eq!(
        (kept.ground, &*kept.words),
        (RemovalGround::Untrue, "时间有误")
    );
    assert_eq!(removed.remove(kept.clone()), Err(BadPost::Removed));
    assert_eq!(removed.pin(true, 0), Err(BadPost::Removed));
    let late = removed.answer(&board(), "收到", by(0));
    assert_eq!(late, Err(BadPost::Removed));
    assert_eq!(why(&"字".repeat(201)), Err(BadPost::Words));

    let mut answer = post().answer(&board(), "收到", by(0)).unwrap();
    assert_eq!(answer.number, 1);
    answer.remove(kept.clone()).unwrap();
    assert!(answer.text.is_empty());
    assert_eq!(answer.remove(kept), Err(BadPost::Removed));
}

#[test]
fn a_board_without_answers_takes_none_and_has_few_pinned_posts() {
    let silent = Board {
        answers: false,
        ..board()
    };
    let refused = post().answer(&silent, "收到", by(0));
    assert_eq!(refused, Err(BadPost::NoAnswers));
    let mut full = post();
    full.answers = MOST_ANSWERS;
    let refused = full.answer(&board(), "收到", by(0));
    assert_eq!(refused, Err(BadPost::ManyAnswers));
    let mut post = post();
    assert_eq!(post.pin(true, MOST_PINNED), Err(BadPost::Pinned));
    assert_eq!(post.pin(true, MOST_PINNED - 1), Ok(()));
    assert_eq!(post.pin(true, MOST_PINNED), Ok(()), "it is pinned already");
}

proptest! {
    /// R-P22: a post stays to the end of its last day and goes then, by the rule that held when it was posted.
    #[test]
    fn a_post_stays_for_its_days_and_goes_by_itself(at in 0..4_000_000_000_000_i64, days in 7..3_660_u16) {
        let mut kept = board();
        kept.keep_days = Some(days);
        let until = kept.until(Timestamp(at)).unwrap();
        let days = i64::from(days);
        prop_assert!(until.0 - at > days * DAY && until.0 - at <= (days + 1) * DAY);
        prop_assert_eq!(until.day().start(), until);
        let written = written("题", "x");
        let post = Post::write(&kept, PostId([1; 8]), &written, vec![], by(at)).unwrap();
        prop_assert!(!post.is_over(Timestamp(until.0 - 1)));
        prop_assert!(post.is_over(until));
        kept.keep_days = None;
        prop_assert_eq!(kept.until(Timestamp(at)), None);
    }

    /// Of two boards with one name, the one loosens the other or is loosened by it, unless both allow the same.
    #[test]
    fn a_board_that_loosens_nothing_allows_no_more(
        mine in (any::<bool>(), prop::option::of(7..40_u16), any::<bool>(), 0..4_u8, 1..8_u8),
        theirs in (any::<bool>(), prop::option::of(7..40_u16), any::<bool>(), 0..4_u8, 1..8_u8),
    ) {
        let made = |(signed_out, keep_days, answers, photos, roles): (bool, Option<u16>, bool, u8, u8)| {
            let all = [Role::Official, Role::Leader, Role::Resident];
            let bit = |at: &usize| (roles >> at) & 1 == 1;
            let writers = (0..3).filter(bit).map(|at| all[at]).collect();
            Board { signed_out, keep_days, answers, photos, writers, ..board() }
        };
        let (mine, theirs) = (made(mine), made(theirs));
        let days = |board: &Board| board.keep_days.unwrap_or(u16::MAX);
        let fits = mine.signed_out == theirs.signed_out
            && days(&mine) <= days(&theirs)
            && (theirs.answers || !mine.answers)
            && mine.photos <= theirs.photos
            && mine.writers.iter().all(|role| theirs.writers.contains(role));
        prop_assert_eq!(mine.loosens(&theirs).is_none(), fits);
        prop_assert_eq!(mine.loosens(&mine), None);
    }
}
