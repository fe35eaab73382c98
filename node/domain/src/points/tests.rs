use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::{
    actor::Actor,
    disclosure::Rhythm,
    people::AccountId,
    personal::Personal,
    time::{Day, Timestamp},
};

const DAY: i64 = 86_400_000;
/// The start of a day in Asia/Shanghai in May 2026.
const START: i64 = 20_600 * DAY - 8 * 3_600_000;

fn read(text: &str) -> Result<PointSheet, String> {
    let raw: RawPoints = toml::from_str(text).unwrap();
    raw.read().map_err(|fault| fault.said.english)
}

fn sheet() -> PointSheet {
    read(
        "period = 'quarter'\nobjection_days = 7\nkeep_days = 365\nred_from = 5\n\
         [[item]]\ncode = 'sorting'\nname = '垃圾分类'\ngood = 3\nfair = 1\npoor = -2\n\
         [[item]]\ncode = 'yard'\nname = '庭院整洁'\ngood = 5\nfair = 2\npoor = 0\nevery = 'week'\n",
    )
    .unwrap()
}

fn rules() -> PointRules {
    PointRules::of(&[sheet()]).unwrap()
}

fn household(number: u32) -> Household {
    let name = format!("户主{number}");
    Household::new(HouseholdId(number), &name, None, Timestamp(0)).unwrap()
}

fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

fn found(item: &str, mark: Mark) -> Rated {
    Rated {
        item: item.to_owned(),
        mark,
        remark: String::new(),
    }
}

fn rate(rules: &PointRules, number: u32, item: &str, mark: Mark, at: i64) -> Rating {
    let mut id = [0; 8];
    id[..4].copy_from_slice(&number.to_be_bytes());
    let about = (RatingId(id), &household(number));
    let by = (who(1), Timestamp(at));
    Rating::new(rules, about, &found(item, mark), vec![], by).unwrap()
}

#[test]
fn a_sheet_is_read_and_what_is_wrong_is_named() {
    let sheet = sheet();
    assert_eq!(sheet.items[0].every, Every::Day);
    assert_eq!(sheet.items[1].points(Mark::Fair), 2);
    for (text, says) in [
        ("", "says nothing"),
        ("period = 'week'", "not month or quarter"),
        ("objection_days = 0", "objection_days` is 0"),
        ("keep_days = 29", "keep_days` is 29"),
        (
            "[[item]]\ncode = 'x'\nname = 'x'\ngood = 1\nfair = 2\npoor = 0",
            "none more than the one before",
        ),
        (
            "[[item]]\ncode = 'X'\nname = 'x'\ngood = 1\nfair = 1\npoor = 0",
            "is not the code",
        ),
        (
            "[[item]]\ncode = 'x'\nname = 'x'\ngood = 1\nfair = 1\npoor = 0\nevery = 'year'",
            "day, week or month",
        ),
    ] {
        let wrong = read(text).unwrap_err();
        assert!(wrong.contains(says), "{text}: {wrong}");
    }
}

#[test]
fn a_rating_has_the_points_of_its_item_and_its_days() {
    let rules = rules();
    let rating = rate(&rules, 1, "yard", Mark::Good, START + DAY / 2);
    assert_eq!((rating.points, rating.mark), (5, Some(Mark::Good)));
    assert_eq!(rating.slot, Rhythm::Week.around(Day(20_600)));
    assert_eq!(rating.period, Rhythm::Quarter.around(Day(20_600)));
    assert_eq!(rating.object_until, Day(20_608).start());
    assert_eq!(rating.until, Day(20_966).start());
    assert!(!rating.is_over(Timestamp(rating.until.0 - 1)) && rating.is_over(rating.until));
    assert!(
        rating
            .may_object(Timestamp(rating.object_until.0 - 1))
            .is_ok()
    );
    assert_eq!(
        rating.may_object(rating.object_until),
        Err(BadRating::NoObjection)
    );

    let refused = |rated: Rated, house: &Household| {
        let about = (RatingId([1; 8]), house);
        Rating::new(&rules, about, &rated, vec![], (who(1), Timestamp(START))).unwrap_err()
    };
    let unknown = refused(found("noise", Mark::Good), &household(1));
    assert_eq!(unknown, BadRating::NoItem("noise".into()));
    let mut gone = household(2);
    let leaves = HouseholdChange {
        gone: Some(true),
        ..HouseholdChange::default()
    };
    gone.change(leaves).unwrap();
    assert_eq!(
        refused(found("yard", Mark::Good), &gone),
        BadRating::Gone(HouseholdId(2))
    );
    let told = Rated {
        remark: "电话 13800138000".to_owned(),
        ..found("yard", Mark::Good)
    };
    assert_eq!(
        refused(told, &household(1)),
        BadRating::Told(Personal::Mobile)
    );
    let long = Rated {
        remark: "字".repeat(201),
        ..found("yard", Mark::Good)
    };
    assert_eq!(refused(long, &household(1)), BadRating::Remark);
    let names = ["", &"名".repeat(41)];
    for name in names {
        let bad = Household::new(HouseholdId(1), name, None, Timestamp(0));
        assert_eq!(bad, Err(BadRating::Name));
    }
}

/// R-P21: a correction leaves what was said before, and opens the time to object again.
#[test]
fn a_correction_leaves_the_old_mark_beside_the_new_one() {
    let mut rating = rate(&rules(), 1, "sorting", Mark::Poor, START);
    let late = (who(2), Timestamp(START + 30 * DAY));
    assert_eq!(
        rating.correct(Some(Mark::Poor), "看错了", late.clone()),
        Err(BadRating::Same)
    );
    assert_eq!(
        rating.correct(Some(Mark::Good), " ", late.clone()),
        Err(BadRating::Reason)
    );
    rating
        .correct(Some(Mark::Fair), "看错了", late.clone())
        .unwrap();
    assert_eq!((rating.points, rating.past.len()), (1, 1));
    let past = &rating.past[0];
    assert_eq!((past.mark, past.points), (Some(Mark::Poor), -2));
    assert_eq!(rating.object_until, Day(20_638).start());
    rating.correct(None, "不是这一户", late.clone()).unwrap();
    assert_eq!((rating.mark, rating.points), (None, 0));
    assert_eq!(rating.past[1].mark, Some(Mark::Fair));
    for n in rating.past.len()..MOST_CORRECTIONS {
        let mark = [Some(Mark::Good), None][n % 2];
        rating.correct(mark, "再看", late.clone()).unwrap();
    }
    let more = rating.correct(Some(Mark::Poor), "再看", late);
    assert_eq!(more, Err(BadRating::Corrections));
}

#[test]
fn households_with_the_same_points_share_a_place() {
    let tally = |points, good| Tally {
        points,
        good,
        ..Tally::default()
    };
    let ranked = rank([
        (HouseholdId(4), tally(3, 1)),
        (HouseholdId(1), tally(9, 3)),
        (HouseholdId(3), tally(3, 1)),
        (HouseholdId(2), tally(0, 0)),
        (HouseholdId(5), tally(1, 1)),
    ]);
    let places: Vec<_> = ranked
        .iter()
        .map(|one| (one.place, one.household.0))
        .collect();
    assert_eq!(places, [(1, 1), (2, 3), (2, 4), (4, 5)]);
}

/// Ratings of some households over a year, corrected now and then.
fn ratings() -> impl Strategy<Value = Vec<Rating>> {
    let mark = || prop::sample::select(Mark::ALL.to_vec());
    let corrected = prop::option::of(prop::option::of(mark()));
    let one = (1..9_u32, any::<bool>(), mark(), 0..365_i64, corrected);
    prop::collection::vec(one, 0..60).prop_map(|all| {
        let rules = rules();
        let made = |(number, is_yard, mark, day, corrected): (
            u32,
            bool,
            Mark,
            i64,
            Option<Option<Mark>>,
        )| {
            let item = if is_yard { "yard" } else { "sorting" };
            let mut rating = rate(&rules, number, item, mark, START + day * DAY);
            if let Some(now) = corrected {
                let by = (who(2), Timestamp(START + 400 * DAY));
                let _same_mark = rating.correct(now, "更正", by);
            }
            rating
        };
        all.into_iter().map(made).collect()
    })
}

type Tallies = BTreeMap<(HouseholdId, Box<str>), Tally>;

fn tallied(ratings: &[Rating]) -> Tallies {
    let mut tallies = Tallies::new();
    for rating in ratings {
        let key = (rating.household, rating.item.clone());
        tallies.entry(key).or_default().add(rating);
    }
    tallies
}

proptest! {
    /// The ranking equals a recount of the ratings that are left, whatever was corrected and went.
    #[test]
    fn the_ranking_equals_a_recount(all in ratings(), gone in prop::collection::vec(any::<bool>(), 60)) {
        let mut tallies = tallied(&all);
        let (mut left, mut went) = (vec![], vec![]);
        for (rating, gone) in all.into_iter().zip(gone) {
            if gone { went.push(rating) } else { left.push(rating) }
        }
        for rating in &went {
            let key = (rating.household, rating.item.clone());
            tallies.get_mut(&key).unwrap().take(rating);
        }
        let mut sums: BTreeMap<HouseholdId, Tally> = BTreeMap::new();
        for ((household, _), tally) in &tallies {
            let sum = sums.entry(*household).or_default();
            *sum = sum.plus(*tally);
        }
        let ranked = rank(sums);
        for standing in &ranked {
            let own: Vec<_> = left.iter().filter(|one| one.household == standing.household).collect();
            let points: i64 = own.iter().map(|one| i64::from(one.points)).sum();
            let poor = own.iter().filter(|one| one.mark == Some(Mark::Poor)).count();
            prop_assert_eq!((standing.tally.points, standing.tally.poor as usize), (points, poor));
            let better = ranked.iter().filter(|other| other.tally.points > points).count();
            prop_assert_eq!(standing.place as usize, better + 1);
        }
        let marked: BTreeSet<_> = left.iter().filter(|one| one.mark.is_some()).map(|one| one.household).collect();
        let listed: BTreeSet<_> = ranked.iter().map(|one| one.household).collect();
        prop_assert_eq!(marked, listed);
    }

    /// R-P21: no household with a mark poor is in what everybody reads, by name or number, unless the rules publish
    /// names.
    #[test]
    fn no_name_of_the_black_side_is_public(all in ratings(), red_public: bool, black_names: bool) {
        let rules = PointRules { red_public, black_names, red_from: 1, ..rules() };
        let names: BTreeMap<_, Box<str>> =
            (1..9).map(|number| (HouseholdId(number), household(number).name)).collect();
        let tallies = tallied(&all);
        let rows: Vec<_> = tallies.iter().map(|((household, item), tally)| (*household, item.clone(), *tally)).collect();
        let public = honours(&rules, &names, &rows);
        let black: BTreeSet<_> =
            all.iter().filter(|one| one.mark == Some(Mark::Poor)).map(|one| one.household).collect();
        let text = format!("{public:?}");
        for household in &black {
            let red = public.red.iter().flatten();
            prop_assert!(!red.map(|line| line.household).any(|listed| listed == *household));
            let name = &names[household];
            prop_assert_eq!(text.contains(&**name), black_names, "{} in {}", name, text);
        }
        prop_assert_eq!(public.red.is_some(), red_public);
        let poor: u32 = public.black.iter().map(|line| line.poor).sum();
        prop_assert_eq!(poor as usize, all.iter().filter(|one| one.mark == Some(Mark::Poor)).count());
        prop_assert!(public.rated <= public.households);
    }

    /// The rules of several sheets are never looser than one of them.
    #[test]
    fn rules_are_as_strict_as_the_strictest_sheet(
        all in prop::collection::vec(
            (prop::option::of(1..61_u8), prop::option::of(30..400_u16), prop::option::of(1..50_u16),
                prop::option::of(any::<bool>()), prop::option::of(any::<bool>())),
            1..5,
        ),
    ) {
        let made = |(objection_days, keep_days, red_from, red_public, black_names)| PointSheet {
            objection_days, keep_days, red_from, red_public, black_names, ..PointSheet::default()
        };
        let sheets: Vec<_> = all.into_iter().map(made).collect();
        let rules = PointRules::of(&sheets).unwrap();
        let own = PointSheet {
            period: None,
            objection_days: Some(rules.objection_days),
            keep_days: Some(rules.keep_days),
            red_from: Some(rules.red_from),
            red_public: Some(rules.red_public),
            black_names: Some(rules.black_names),
            items: vec![],
        };
        for sheet in &sheets {
            prop_assert_eq!(own.loosens(sheet), None, "{:?}", sheet);
        }
    }
}

#[test]
fn a_lower_sheet_only_adds_and_tightens() {
    let above = sheet();
    let loosens = |text: &str| {
        read(text)
            .unwrap()
            .loosens(&above)
            .map(|found| found.to_string())
    };
    for (text, says) in [
        ("period = 'month'", "ranks by"),
        ("objection_days = 5", "objected to for 7 days"),
        ("keep_days = 400", "for 365 days"),
        ("red_from = 4", "takes 5 points"),
        (
            "[[item]]\ncode = 'yard'\nname = '庭院'\ngood = 1\nfair = 0\npoor = 0",
            "has the item yard already",
        ),
    ] {
        let found = loosens(text).unwrap_or_default();
        assert!(found.contains(says), "{text}: {found}");
    }
    assert_eq!(
        loosens("objection_days = 9\nkeep_days = 90\nblack_names = true"),
        None
    );
    let shut = read("black_names = false\nred_public = false").unwrap();
    let open = read("black_names = true").unwrap();
    assert_eq!(open.loosens(&shut), Some(Looser::Public("black_names")));
}
