//! What villagers demand: kept without names, owed by a clock, overdue upward, and ended by a ground.

use domain::{
    disclosure::Complied,
    month::Month,
    plea::{BadPlea, NewPlea, PleaId, PleaState},
    points::HouseholdId,
};
use records::table::Table as _;

use super::*;
use crate::{NewHousehold, Pleader, tables};

async fn slips(office: &Office, count: u32) -> Vec<Pleader> {
    let named = (1..=count).map(|n| NewHousehold {
        name: format!("户{n}"),
        grid: None,
    });
    let points = office.points();
    points
        .add_households(named.collect(), who(1))
        .await
        .unwrap();
    let mut all = vec![];
    for id in (1..=count).map(HouseholdId) {
        let slip = points.household_slip(id, who(1)).await.unwrap();
        all.push(Pleader::Slip(id, slip));
    }
    all
}

fn asked(title: &str) -> NewPlea {
    NewPlea {
        title: title.to_owned(),
        text: String::new(),
        about: None,
    }
}

fn refused<T>(result: Result<T, Failed<BadPlea>>) -> BadPlea {
    match result {
        Err(Failed::Refused(bad)) => bad,
        _ => panic!("it was not refused"),
    }
}

/// Returns how many marks of supporters are kept.
async fn marks(office: &Office) -> usize {
    let all = office.list(tables::PleaSupports::all(), 99).await;
    all.unwrap().len()
}

async fn counted(office: &Office, what: Complied) -> u64 {
    let month = Month::of(office.now().day());
    let mut sum = 0;
    for month in [month.earlier(1), month, month.later(1)] {
        let said = office.disclosures().complying(month).await.unwrap();
        let own = said.get(&office.me).into_iter().flatten();
        sum += own.map(|report| report.counts[what]).sum::<u64>();
    }
    sum
}

#[tokio::test]
async fn one_in_ten_make_a_disclosure_begin_that_falls_due_and_is_counted() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    let all = office.disclosures();
    let slips = slips(&office, 4).await;
    let seen = all.plead(asked("水库合同"), slips[0]).await.unwrap();
    let id = seen.plea.id;
    assert_eq!((id, seen.state), (PleaId(1), PleaState::Open));
    assert_eq!(refused(all.support(id, slips[0]).await), BadPlea::Twice);
    let own = all.plead(asked("别的"), slips[0]).await;
    assert_eq!(refused(own), BadPlea::Own(id));
    let same = all.plead(asked("水库合同"), slips[1]).await;
    assert_eq!(refused(same), BadPlea::Known(id));
    let Pleader::Slip(_, of_another) = slips[1] else {
        panic!("these are slips");
    };
    let stolen = Pleader::Slip(HouseholdId(3), of_another);
    assert_eq!(refused(all.support(id, stolen).await), BadPlea::NoResident);
    let stranger = Pleader::Account(AccountId(9));
    assert_eq!(
        refused(all.support(id, stranger).await),
        BadPlea::NoResident
    );
    all.support(id, slips[1]).await.unwrap();
    assert_eq!(counted(&office, Complied::Demanded).await, 0);
    assert_eq!(
        marks(&office).await,
        2,
        "each counts once until it is settled"
    );

    // The number makes it owed, at once for those that have enough.
    all.count_residents((20, "户籍"), who(1)).await.unwrap();
    let seen = all.pleas().await.unwrap().pleas.remove(0);
    assert_eq!(seen.state, PleaState::Owed);
    assert_eq!(seen.plea.salt, [0; 16], "no mark can be matched any more");
    assert_eq!(marks(&office).await, 0);
    let over = BadPlea::Over(PleaState::Owed);
    assert_eq!(refused(all.support(id, slips[2]).await), over);
    assert_eq!(counted(&office, Complied::Demanded).await, 1);
    assert_eq!(counted(&office, Complied::Overdue).await, 0);
    clock.put_forward(12 * DAY);
    office.attend().await.unwrap();
    assert_eq!(counted(&office, Complied::Overdue).await, 1);
    let begun = seen.plea.owed.unwrap().disclosure.unwrap();
    let kept = all.give_up(begun, None, who(1)).await;
    assert!(matches!(kept, Err(Failed::Refused(BadDisclosure::Owed))));

    // A restart knows all of it.
    drop(office);
    let office = open(&disk, &clock, 2).await;
    let all = office.disclosures();
    let seen = all.decline(id, "《保守国家秘密法》", who(2)).await.unwrap();
    assert_eq!((seen.state, &*seen.plea.title), (PleaState::Declined, ""));
    assert_eq!(counted(&office, Complied::Demanded).await, 0);
    let found = office.list(tables::Disclosures::all(), 9).await.unwrap();
    assert_eq!(found.len(), 0, "what was begun for it is forgotten");
    let again = all.decline(id, "x", who(2)).await;
    assert_eq!(refused(again), BadPlea::Over(PleaState::Declined));
}

#[tokio::test]
async fn a_plea_that_too_few_support_lapses_and_its_salt_goes_with_the_next() {
    let (disk, clock) = (MemoryDisk::default(), Arc::new(fixture::Stopped::default()));
    let office = open(&disk, &clock, 1).await;
    let all = office.disclosures();
    let slips = slips(&office, 2).await;
    all.plead(asked("水库合同"), slips[0]).await.unwrap();
    clock.put_forward(92 * DAY);
    let over = BadPlea::Over(PleaState::Lapsed);
    assert_eq!(refused(all.support(PleaId(1), slips[1]).await), over);
    let again = all.plead(asked("水库合同"), slips[0]).await.unwrap();
    assert_eq!(again.plea.id, PleaId(2));
    let first = all.pleas().await.unwrap().pleas.remove(1);
    assert_eq!((first.state, first.plea.salt), (PleaState::Lapsed, [0; 16]));
    assert_eq!(marks(&office).await, 1, "that of the plea that is open");
    // Of one that is declined nothing is left, and one that enough support at once keeps no mark either.
    all.decline(PleaId(2), "《档案法》", who(2)).await.unwrap();
    assert_eq!(marks(&office).await, 0);
    all.count_residents((10, "户籍"), who(1)).await.unwrap();
    let owed = all.plead(asked("账目"), slips[0]).await.unwrap();
    assert_eq!(owed.state, PleaState::Owed);
    assert_eq!(marks(&office).await, 0);
}
