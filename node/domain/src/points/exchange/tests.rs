use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{people::AccountId, points::RewardChange};

const PERIOD: Day = Day(20_600);

fn by() -> (Actor, Timestamp, Day) {
    (Actor::Account(AccountId(1)), Timestamp(5), PERIOD)
}

fn household() -> Household {
    Household::new(HouseholdId(1), "张大山", None, Timestamp(0)).unwrap()
}

fn reward(cost: u32, left: Option<u32>) -> Reward {
    let said = RewardChange {
        name: Some(" 洗衣液 ".to_owned()),
        unit: Some("瓶".to_owned()),
        cost: Some(cost),
        left: Some(left),
        withdrawn: None,
    };
    Reward::new(RewardId(1), said, Timestamp(0)).unwrap()
}

fn asked(count: u16) -> Asked {
    Asked {
        count,
        consent: Consent::Slip,
    }
}

fn id(number: u64) -> ExchangeId {
    ExchangeId(number.to_be_bytes())
}

#[test]
fn a_reward_says_what_it_is_and_nothing_that_cannot_be() {
    let mut one = reward(20, Some(3));
    assert_eq!((&*one.name, &*one.unit), ("洗衣液", "瓶"));
    let long = "长".repeat(super::super::MOST_REWARD_NAME + 1);
    for wrong in [
        RewardChange {
            name: Some(String::new()),
            ..RewardChange::default()
        },
        RewardChange {
            name: Some(long),
            ..RewardChange::default()
        },
        RewardChange {
            unit: Some("  ".to_owned()),
            ..RewardChange::default()
        },
        RewardChange {
            cost: Some(0),
            ..RewardChange::default()
        },
        RewardChange {
            cost: Some(10_001),
            ..RewardChange::default()
        },
        RewardChange {
            left: Some(Some(100_001)),
            ..RewardChange::default()
        },
    ] {
        let before = one.clone();
        assert_eq!(one.change(wrong, Timestamp(9)), Err(BadExchange::Reward));
        assert_eq!(one, before, "nothing changes");
    }
    let nothing = Reward::new(RewardId(2), RewardChange::default(), Timestamp(0));
    assert_eq!(nothing, Err(BadExchange::Reward));
}

#[test]
fn points_are_given_for_what_is_offered_and_never_more_than_there_are() {
    let (mut one, mut purse) = (reward(20, Some(3)), Purse::default());
    purse.earn(50);
    let booked = Exchange::book(id(1), &household(), (&mut one, &mut purse), asked(2), by());
    let booked = booked.unwrap();
    assert_eq!((booked.points, booked.count), (40, 2));
    assert_eq!((purse.left(), one.left), (10, Some(1)));
    let (was, had) = (one.clone(), purse);
    let mut refused = |asked: Asked| {
        let refused = Exchange::book(id(2), &household(), (&mut one, &mut purse), asked, by());
        refused.unwrap_err()
    };
    assert_eq!(refused(asked(1)), BadExchange::TooPoor(10, 20));
    assert_eq!(refused(asked(0)), BadExchange::Count);
    assert_eq!(refused(asked(100)), BadExchange::Count);
    let signed = |name: &str| Asked {
        count: 1,
        consent: Consent::Signature(name.into()),
    };
    assert_eq!(refused(signed(" ")), BadExchange::Consent);
    assert!(matches!(
        refused(signed("11010519491231002X")),
        BadExchange::Told(_)
    ));
    assert_eq!(
        (&one, purse),
        (&was, had),
        "what is refused changes nothing"
    );

    purse.earn(1_000);
    let many = Exchange::book(id(2), &household(), (&mut one, &mut purse), asked(2), by());
    assert_eq!(many, Err(BadExchange::TooFew(1)));
    one.withdrawn = true;
    let gone = Exchange::book(id(2), &household(), (&mut one, &mut purse), asked(1), by());
    assert_eq!(gone, Err(BadExchange::Withdrawn(RewardId(1))));
    let mut away = household();
    away.gone = true;
    let away = Exchange::book(id(2), &away, (&mut one, &mut purse), asked(1), by());
    assert_eq!(away, Err(BadRating::Gone(HouseholdId(1)).into()));
}

#[test]
fn an_exchange_is_taken_back_by_a_counter_entry_that_stays() {
    let (mut one, mut purse) = (reward(20, Some(3)), Purse::default());
    purse.earn(50);
    let booked = Exchange::book(id(1), &household(), (&mut one, &mut purse), asked(2), by());
    let booked = booked.unwrap();
    let (who, at, _) = by();
    let mut back = |of: &Exchange, reason: &str| {
        let both = (Some(&mut one), &mut purse);
        of.take_back(id(2), both, reason, (who.clone(), at))
    };
    assert_eq!(back(&booked, " "), Err(BadRating::Reason.into()));
    let counter = back(&booked, "拿错了").unwrap();
    assert_eq!((counter.points, counter.period), (40, PERIOD));
    assert_eq!(back(&counter, "再来"), Err(BadExchange::IsCounter(id(2))));
    assert_eq!((purse.left(), one.left), (50, Some(3)));
    let mut sum = ExchangeSum::default();
    sum.enter(&booked);
    assert_eq!((sum.exchanges, sum.count, sum.points), (1, 2, 40));
    sum.enter(&counter);
    assert_eq!(sum, ExchangeSum::default());
}

#[test]
fn a_correction_after_points_were_given_leaves_nothing_to_give_until_it_is_made_up() {
    let (mut one, mut purse) = (reward(20, None), Purse::default());
    purse.earn(20);
    let booked = Exchange::book(id(1), &household(), (&mut one, &mut purse), asked(1), by());
    booked.unwrap();
    purse.earn(-15);
    assert_eq!(purse.left(), 0);
    purse.earn(25);
    assert_eq!(purse.left(), 10);
}

#[derive(Clone, Debug)]
enum Step {
    Earn(i64),
    Book(usize, u16),
    Back(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (-30_i64..100).prop_map(Step::Earn),
        (0_usize..3, 1_u16..5).prop_map(|(reward, count)| Step::Book(reward, count)),
        (0_usize..20).prop_map(Step::Back),
    ]
}

proptest! {
    /// Whatever happens in whatever order: nobody gives more points than they have, no stock falls below zero, and
    /// purse, stock and sums equal a recount of the ledger.
    #[test]
    fn the_ledger_explains_everything(steps in prop::collection::vec(step(), 0..60)) {
        let stock = [Some(6), Some(40), None];
        let mut rewards = stock.map(|left| reward(20, left));
        let mut purse = Purse::default();
        let mut earned = 0;
        let mut ledger: Vec<Exchange> = vec![];
        let mut sums: BTreeMap<usize, ExchangeSum> = BTreeMap::new();
        for (n, step) in steps.into_iter().enumerate() {
            let number = id(n as u64);
            match step {
                Step::Earn(difference) => {
                    earned += difference;
                    purse.earn(difference);
                }
                Step::Book(at, count) => {
                    let left = purse.left();
                    let both = (&mut rewards[at], &mut purse);
                    let booked = Exchange::book(number, &household(), both, asked(count), by());
                    if let Ok(mut booked) = booked {
                        prop_assert!(u64::from(booked.points) <= left);
                        booked.reward = RewardId(at as u32);
                        sums.entry(at).or_default().enter(&booked);
                        ledger.push(booked);
                    }
                }
                Step::Back(at) => {
                    let Some(of) = ledger.get(at).cloned() else { continue };
                    let taken = ledger.iter().any(
                        |one| matches!(&one.entry, Entry::TakenBack { of: known, .. } if *known == of.id),
                    );
                    if taken {
                        continue;
                    }
                    let reward = of.reward.0 as usize;
                    let both = (Some(&mut rewards[reward]), &mut purse);
                    let (who, at, _) = by();
                    if let Ok(counter) = of.take_back(number, both, "拿错了", (who, at)) {
                        sums.entry(reward).or_default().enter(&counter);
                        ledger.push(counter);
                    }
                }
            }
            let signed = |one: &Exchange| match one.entry {
                Entry::Given(_) => (i64::from(one.points), i64::from(one.count)),
                Entry::TakenBack { .. } => (-i64::from(one.points), -i64::from(one.count)),
            };
            let spent: i64 = ledger.iter().map(|one| signed(one).0).sum();
            prop_assert_eq!((purse.earned, purse.spent as i64), (earned, spent));
            for (at, left) in stock.iter().enumerate() {
                let of = ledger.iter().filter(|one| one.reward.0 as usize == at);
                let (points, given) = of.map(signed).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
                let sum = sums.get(&at).copied().unwrap_or_default();
                prop_assert_eq!((sum.points as i64, sum.count as i64), (points, given));
                let expected = left.map(|left: u32| (i64::from(left) - given) as u32);
                prop_assert_eq!(rewards[at].left, expected);
            }
        }
    }
}
