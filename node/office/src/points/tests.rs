//! Points over a real store: rated once, ranked as a recount says, corrected, objected to, gone.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    actor::Actor,
    disclosure::Rhythm,
    people::AccountId,
    points::{
        BadExchange, BadRating, HouseholdChange, HouseholdId, Mark, Rated, Rating, RewardChange,
        RewardId, Tally, rank,
    },
    template::TemplateKind,
};
use records::table::Table;
use store::MemoryDisk;

use super::{NewConsent, NewExchange, NewHousehold, NewRating, Opener, PointsRefusal};
use crate::{Failed, MatterRefusal, NewReport, NewTemplate, Office, fixture, tables};

const VILLAGE: &str = "330825002222";
const DAY: i64 = 86_400_000;
const POINTS: &str = "format = 1\nperiod = \"month\"\nobjection_days = 7\nkeep_days = 60\nred_from = 3\n\
    [[item]]\ncode = \"sorting\"\nname = \"垃圾分类\"\ngood = 3\nfair = 1\npoor = -2\n\
    [[item]]\ncode = \"yard\"\nname = \"庭院整洁\"\ngood = 5\nfair = 2\npoor = 0\nevery = \"week\"\n";

fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

async fn open(disk: &MemoryDisk, clock: &Arc<fixture::Stopped>, seed: u64) -> Office {
    fixture::office(VILLAGE, disk, Arc::clone(clock) as _, seed).await
}

/// An office with rules and so many households.
async fn ready(disk: &MemoryDisk, clock: &Arc<fixture::Stopped>, households: usize) -> Office {
    let office = open(disk, clock, 1).await;
    let template = NewTemplate {
        kind: TemplateKind::Points,
        name: "points".to_owned(),
        title: "积分".to_owned(),
        content: POINTS.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let published = office.templates().publish(template, Actor::OsUser(1));
    published.await.unwrap();
    let new = (1..=households).map(|number| NewHousehold {
        name: format!("户主{number}"),
        grid: None,
    });
    let added = office.points().add_households(new.collect(), who(1));
    let added = added.await.unwrap();
    assert_eq!(added.last().unwrap().id, HouseholdId(households as u32));
    office
}

async fn rate(
    office: &Office,
    household: u32,
    item: &str,
    mark: Mark,
) -> Result<Rating, BadRating> {
    let rated = Rated {
        item: item.to_owned(),
        mark,
        remark: String::new(),
    };
    let new = NewRating {
        rated,
        photos: vec![],
    };
    match office
        .points()
        .rate(HouseholdId(household), new, who(1))
        .await
    {
        Ok(rating) => Ok(rating),
        Err(Failed::Refused(PointsRefusal::Rating(refusal))) => Err(refusal),
        Err(other) => panic!("{other:?}"),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Failed<BadRating>>) -> BadRating {
    match result {
        Err(Failed::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// The ranking of the present period equals a recount of the ratings that there are.
async fn recount(office: &Office) {
    let seen = office.points().period(office.now().day()).await.unwrap();
    let all = office
        .list(tables::Ratings::all(), usize::MAX)
        .await
        .unwrap();
    let mut sums: BTreeMap<HouseholdId, Tally> = BTreeMap::new();
    for (_, rating) in all.iter().filter(|(_, rating)| rating.period == seen.span) {
        sums.entry(rating.household).or_default().add(rating);
    }
    assert_eq!(seen.standings, rank(sums));
}

#[tokio::test]
async fn an_item_is_rated_once_in_its_days_and_the_ranking_equals_a_recount() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let bare = open(&disk, &clock, 9).await;
    let none = bare.points().period(bare.now().day()).await;
    assert_eq!(refused(none), BadRating::NoRules);
    drop(bare);
    let office = ready(&disk, &clock, 3).await;
    let first = rate(&office, 1, "sorting", Mark::Good).await.unwrap();
    let again = rate(&office, 1, "sorting", Mark::Poor).await;
    assert_eq!(again, Err(BadRating::Rated(first.slot)));
    rate(&office, 2, "sorting", Mark::Poor).await.unwrap();
    rate(&office, 1, "yard", Mark::Fair).await.unwrap();
    recount(&office).await;
    clock.put_forward(DAY);
    rate(&office, 1, "sorting", Mark::Fair).await.unwrap();
    rate(&office, 2, "sorting", Mark::Good).await.unwrap();
    recount(&office).await;
    let seen = office.points().period(office.now().day()).await.unwrap();
    assert_eq!((seen.honours.rated, seen.honours.households), (2, 3));
    let red = seen.honours.red.clone().unwrap();
    assert_eq!(red.len(), 1);
    assert_eq!((red[0].household, red[0].points), (HouseholdId(1), 6));
    assert_eq!(seen.honours.black.len(), 1);
    assert!(seen.honours.black[0].households.is_empty(), "R-P21");

    let corrected = office
        .points()
        .correct(first.id, (None, "不是这一户"), who(2));
    assert_eq!(corrected.await.unwrap().past.len(), 1);
    recount(&office).await;
    let leaves = HouseholdChange {
        gone: Some(true),
        ..HouseholdChange::default()
    };
    let changed = office
        .points()
        .change_household(HouseholdId(2), leaves, who(1));
    changed.await.unwrap();
    let gone = rate(&office, 2, "yard", Mark::Good).await;
    assert_eq!(gone, Err(BadRating::Gone(HouseholdId(2))));
    assert_eq!(
        rate(&office, 9, "yard", Mark::Good).await,
        Err(BadRating::Unknown(HouseholdId(9)))
    );
    drop(office);
    let office = open(&disk, &clock, 2).await;
    let after = office.points().period(office.now().day()).await.unwrap();
    let places: Vec<_> = after.standings.iter().map(|one| one.household.0).collect();
    assert_eq!(places, [1], "it moved away, and the sums are kept");
    assert_eq!(after.standings[0].tally.points, 3);
}

/// R-P21: the household sees its own record by its slip or account, and objects; nobody else does.
#[tokio::test]
async fn a_household_opens_its_own_record_and_objects_once() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = ready(&disk, &clock, 2).await;
    let rating = rate(&office, 1, "sorting", Mark::Poor).await.unwrap();
    let draw = |number| office.points().household_slip(HouseholdId(number), who(1));
    let old = draw(1).await.unwrap();
    let (slip, other) = (draw(1).await.unwrap(), draw(2).await.unwrap());
    let open = async |opener: Opener| office.points().record(HouseholdId(1), &opener).await;
    let own = open(Opener::Slip(slip)).await.unwrap();
    assert_eq!(own.ratings.len(), 1);
    assert_eq!(own.ratings[0].0, rating);
    let unknown = BadRating::Unknown(HouseholdId(1));
    for wrong in [
        Opener::Slip(old),
        Opener::Slip(other),
        Opener::Account(AccountId(7)),
    ] {
        assert_eq!(refused(open(wrong).await), unknown);
    }
    assert!(open(Opener::Clerk).await.is_ok());

    let objects = |opener| NewReport {
        objects_to_rating: Some((rating.id, opener)),
        ..NewReport::new("service/points".parse().unwrap(), "桶不是我家的".to_owned())
    };
    let report = async |opener| office.matters().report(objects(opener), who(5)).await;
    let told = |result: Result<_, Failed<MatterRefusal>>| match result {
        Err(Failed::Refused(MatterRefusal::Rating(refusal))) => refusal,
        other => panic!("{other:?}"),
    };
    let stranger = report(Opener::Slip(other)).await;
    assert_eq!(told(stranger), BadRating::NoRating(rating.id));
    let matter = report(Opener::Slip(slip)).await.unwrap();
    let twice = report(Opener::Slip(slip)).await;
    assert_eq!(told(twice), BadRating::Objected(matter));
    let own = open(Opener::Slip(slip)).await.unwrap();
    assert_eq!(own.ratings[0].1, Some(matter));

    clock.put_forward(8 * DAY);
    let late = rate(&office, 1, "yard", Mark::Poor).await.unwrap();
    assert!(late.may_object(office.now()).is_ok());
    let over = report(Opener::Slip(slip)).await;
    assert_eq!(told(over), BadRating::NoObjection);
}

/// R-P21: a rating whose time is over goes by itself, out of every sum.
#[tokio::test]
async fn a_rating_goes_with_its_time_and_out_of_every_sum() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = ready(&disk, &clock, 1).await;
    let rating = rate(&office, 1, "sorting", Mark::Poor).await.unwrap();
    assert_eq!(office.points().expire().await.unwrap(), Some(rating.until));
    clock.put_forward(61 * DAY);
    let clerk = Opener::Clerk;
    let record = office
        .points()
        .record(HouseholdId(1), &clerk)
        .await
        .unwrap();
    assert!(record.ratings.is_empty(), "it is over at once");
    let late = office
        .points()
        .correct(rating.id, (None, "太晚"), who(2))
        .await;
    assert_eq!(refused(late), BadRating::NoRating(rating.id));
    assert_eq!(office.points().expire().await.unwrap(), None);
    let then = Rhythm::Month.around(rating.at.day());
    let seen = office.points().period(then.from).await.unwrap();
    assert!(seen.standings.is_empty() && seen.honours.black.is_empty());
    for left in [
        office.list(tables::Ratings::all(), 9).await.unwrap().len(),
        office
            .list(tables::RatingsOf::all(), 9)
            .await
            .unwrap()
            .len(),
        office
            .list(tables::RatingSlots::all(), 9)
            .await
            .unwrap()
            .len(),
        office.list(tables::Tallies::all(), 9).await.unwrap().len(),
        office
            .list(tables::RatingsDue::all(), 9)
            .await
            .unwrap()
            .len(),
    ] {
        assert_eq!(left, 0);
    }
}

async fn reward(office: &Office, cost: u32, left: Option<u32>) -> RewardId {
    let said = RewardChange {
        name: Some("洗衣液".to_owned()),
        unit: Some("瓶".to_owned()),
        cost: Some(cost),
        left: Some(left),
        withdrawn: None,
    };
    office.points().add_reward(said, who(1)).await.unwrap().id
}

fn signed(reward: RewardId, count: u16) -> NewExchange {
    NewExchange {
        reward,
        count,
        consent: NewConsent::Signature("户主1".to_owned()),
    }
}

fn not_given<T: std::fmt::Debug>(result: Result<T, Failed<BadExchange>>) -> BadExchange {
    match result {
        Err(Failed::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// R-P30: purse, stock, ledger and public sums change together, survive a restart, and a counter-entry undoes all.
#[tokio::test]
async fn points_are_given_at_the_counter_and_taken_back_by_a_counter_entry() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = ready(&disk, &clock, 2).await;
    rate(&office, 1, "yard", Mark::Good).await.unwrap();
    rate(&office, 1, "sorting", Mark::Good).await.unwrap();
    let soap = reward(&office, 3, Some(2)).await;
    let exchange = async |household: u32, new| {
        let id = HouseholdId(household);
        office.points().exchange(id, new, who(1)).await
    };
    let poor = not_given(exchange(2, signed(soap, 1)).await);
    assert_eq!(poor, BadExchange::TooPoor(0, 3));
    let few = not_given(exchange(1, signed(soap, 3)).await);
    assert_eq!(few, BadExchange::TooPoor(8, 9));
    let slip = office.points().household_slip(HouseholdId(1), who(1));
    let slip = slip.await.unwrap();
    let shown = |slip| NewExchange {
        consent: NewConsent::Slip(slip),
        ..signed(soap, 2)
    };
    let other = office.points().household_slip(HouseholdId(2), who(1));
    let other = other.await.unwrap();
    let strange = not_given(exchange(1, shown(other)).await);
    assert_eq!(strange, BadExchange::Slip(HouseholdId(1)));
    let booked = exchange(1, shown(slip)).await.unwrap().entry;
    assert_eq!((booked.points, booked.count), (6, 2));
    drop(office);

    let office = open(&disk, &clock, 2).await;
    let record = async || {
        let opener = Opener::Slip(slip);
        let record = office.points().record(HouseholdId(1), &opener).await;
        record.unwrap()
    };
    let seen = record().await;
    assert_eq!((seen.purse.left(), seen.ledger.len()), (2, 1));
    assert_eq!(seen.ledger[0].entry, booked);
    let left = office.points().rewards(false).await.unwrap()[0].left;
    assert_eq!(left, Some(0));
    let given = async || {
        let period = office.points().period(office.now().day()).await.unwrap();
        let given = period.given.into_iter();
        given
            .map(|one| (one.sum.count, one.sum.points))
            .collect::<Vec<_>>()
    };
    assert_eq!(given().await, [(2, 6)]);
    let back = async |id, why| office.points().take_back(id, why, who(2)).await;
    let counter = back(booked.id, "拿错了").await.unwrap().entry;
    let twice = not_given(back(booked.id, "拿错了").await);
    assert_eq!(twice, BadExchange::TakenBack(booked.id));
    let counters = not_given(back(counter.id, "又错了").await);
    assert_eq!(counters, BadExchange::IsCounter(counter.id));
    let seen = record().await;
    assert_eq!((seen.purse.left(), seen.ledger.len()), (8, 2));
    let first = seen.ledger.iter().find(|one| one.entry.id == booked.id);
    assert_eq!(first.unwrap().taken_back, Some(counter.id));
    assert!(given().await.is_empty());
    let left = office.points().rewards(false).await.unwrap()[0].left;
    assert_eq!(left, Some(2));
}

/// R-P30: what was earned stays when the ratings go, also in a store of before, which has no purses.
#[tokio::test]
async fn points_stay_when_their_ratings_go_and_are_counted_in_a_store_of_before() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = ready(&disk, &clock, 1).await;
    let first = rate(&office, 1, "yard", Mark::Good).await.unwrap();
    rate(&office, 1, "sorting", Mark::Poor).await.unwrap();
    let purse = async || {
        let record = office.points().record(HouseholdId(1), &Opener::Clerk).await;
        record.unwrap().purse
    };
    assert_eq!(purse().await.earned, 3);
    // As a store of before has it: ratings without a purse.
    let turn = office.turn().await;
    let mut view = turn.transaction();
    view.delete::<tables::Purses>(&HouseholdId(1));
    turn.commit(view).await.unwrap();
    assert_eq!(purse().await.earned, 3);
    let corrected = office
        .points()
        .correct(first.id, (Some(Mark::Fair), "看错了"), who(2));
    corrected.await.unwrap();
    assert_eq!(purse().await.earned, 0);
    let turn = office.turn().await;
    let mut view = turn.transaction();
    view.delete::<tables::Purses>(&HouseholdId(1));
    turn.commit(view).await.unwrap();
    clock.put_forward(61 * DAY);
    office.attend().await.unwrap();
    assert_eq!(
        purse().await.earned,
        0,
        "both ratings went, their sum stays"
    );
    let gone = office.list(tables::Ratings::all(), 9).await.unwrap();
    assert!(gone.is_empty());
}
