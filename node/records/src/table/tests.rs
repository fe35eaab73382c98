use bytes::Bytes;
use domain::{
    envelope::{Destination, Lane},
    ids::{EpochId, MatterId},
    template::{Scope, TemplateKey, TemplateKind},
    time::Timestamp,
};
use proptest::prelude::*;
use store::{MemoryDisk, Store};
use topology::DivisionCode;

use super::*;

crate::tables! { pub(super) NOTES:
    /// Notes of a division, by number.
    Notes("note", b"N"): (DivisionCode, u64) => String;
    /// How many notes there are.
    Count("count of notes", b"c"): () => u64;
    /// Matters by a moment.
    Moments("moment", b"Mt"): (Timestamp, MatterId) => ();
    /// What was sent, by where it went.
    Sent("sent", b"Ms"): (EpochId, Destination, Lane) => u64;
    /// Templates by their name.
    Named("template", b"T"): TemplateKey => Plain;
    /// What waits, by an older key.
    Waiting("what waits", b"W"): (Option<DivisionCode>, Bytes) => Written<String>;
}

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn some_division() -> impl Strategy<Value = DivisionCode> {
    prop_oneof![
        Just(code("33")),
        Just(code("3308")),
        Just(code("330825")),
        Just(code("330825002")),
        Just(code("330825002222")),
    ]
}

fn is_read_back<T: Table<Key: Clone + PartialEq + std::fmt::Debug>>(key: &T::Key) {
    let bytes = T::key(key);
    assert_eq!(T::parse(&bytes).as_ref(), Some(key));
    assert!(T::all().range().contains(&bytes));
    for other in NOTES {
        assert_eq!(
            (other.has)(&bytes),
            other.prefix == T::PREFIX,
            "{}",
            other.name
        );
    }
}

proptest! {
    #[test]
    fn keys_are_read_back_and_are_of_their_table_alone(
        division in some_division(), n: u64, at in 0..i64::MAX, epoch: [u8; 16],
        tiers: u8, kinds: u8, scoped: bool, lane in 0..4usize, kind in 0..5usize,
        name in "[a-z-]{1,12}", about: Vec<u8>, short: u32,
    ) {
        let matter = MatterId { origin: division, epoch: short, number: n };
        let to = match scoped {
            true => Destination::Scope(Scope { under: division, tiers, kinds }),
            false => Destination::Division(division),
        };
        is_read_back::<Notes>(&(division, n));
        is_read_back::<Count>(&());
        is_read_back::<Moments>(&(Timestamp(at), matter));
        is_read_back::<Sent>(&(EpochId(epoch), to, Lane::from_index(lane).unwrap()));
        let kind = TemplateKind::ALL[kind];
        is_read_back::<Named>(&TemplateKey { issuer: division, kind, name: name.into() });
        is_read_back::<Waiting>(&(scoped.then_some(division), about.into()));
    }

    #[test]
    fn keys_sort_like_what_they_stand_for(
        a in (some_division(), any::<u64>()), b in (some_division(), any::<u64>()),
    ) {
        let bytes = Notes::key(&a).cmp(&Notes::key(&b));
        let codes = (a.0.as_u64(), a.1).cmp(&(b.0.as_u64(), b.1));
        prop_assert_eq!(bytes, codes);
    }
}

#[test]
fn a_key_with_something_behind_it_is_no_key() {
    let key = Notes::key(&(code("33"), 7));
    assert_eq!(Notes::parse(&[&key[..], &[0]].concat()), None);
    assert_eq!(Notes::parse(&key[..key.len() - 1]), None);
    assert_eq!(Count::parse(b"c1"), None);
}

#[test]
fn tables_whose_keys_meet_are_told() {
    crate::tables! { pub(super) BAD:
        /// All that begins with N.
        All("all", b"N"): Bytes => Plain;
        /// One that begins with it.
        Inside("inside", b"Nx"): () => u64;
        /// One at its very beginning.
        Single("single", b"Z"): () => u64;
        /// One behind a single one.
        Behind("behind", b"Zz"): u64 => u64;
    }
    let [all, inside, single, behind] = BAD else {
        panic!("four were declared");
    };
    assert!(all.clashes_with(inside) && inside.clashes_with(all));
    assert!(single.clashes_with(single));
    assert!(!single.clashes_with(behind), "a single key is no beginning");
    assert!(!all.clashes_with(single));
}

#[tokio::test]
async fn what_is_put_is_found_scanned_and_deleted() {
    let store = Store::open_memory(&MemoryDisk::new()).unwrap();
    let here = code("330825002");
    let mut tables = Tables::new(store.view(here));
    let (city, county) = (code("3308"), code("330825"));
    for n in 1..=5 {
        tables.put::<Notes>(&(city, n), &format!("city {n}"));
        tables.put::<Notes>(&(county, n), &format!("county {n}"));
    }
    tables.put::<Count>(&(), &10);
    let written = Written::of(&"word".to_owned());
    tables.put::<Waiting>(&(None, Bytes::from_static(b"k")), &written);
    let own = tables.scan(Notes::under(&city), 9).await.unwrap();
    assert_eq!(own.len(), 5, "what it writes it sees");
    tables.submit().await.unwrap().durable().await.unwrap();

    let mut read = Tables::new(store.snapshot(here).unwrap());
    let mut later = Tables::new(store.view(here));
    later.delete::<Notes>(&(city, 2));
    later.submit().await.unwrap().durable().await.unwrap();
    let seen = async |read: &mut Tables<_>, rows| {
        let found = read.scan::<Notes>(rows, 9).await.unwrap();
        found.into_iter().map(|((_, n), _)| n).collect::<Vec<_>>()
    };
    let rows = || Notes::under(&city);
    assert_eq!(seen(&mut read, rows()).await, [1, 2, 3, 4, 5]);
    assert_eq!(
        seen(&mut read, rows().after(Some(&(city, 3)))).await,
        [4, 5]
    );
    assert_eq!(
        seen(&mut read, rows().from_key(&(city, 3))).await,
        [3, 4, 5]
    );
    assert_eq!(seen(&mut read, rows().until_key(&(city, 3))).await, [1, 2]);
    assert_eq!(seen(&mut read, Notes::all().from(&county)).await.len(), 5);
    assert_eq!(seen(&mut read, Notes::all().until(&county)).await.len(), 5);
    let back = read.scan_back(rows(), 2).await.unwrap();
    assert_eq!(back[0].1, "city 5");
    assert_eq!(read.get::<Count>(&()).await.unwrap(), Some(10));
    let waiting = read.scan(Waiting::all(), 9).await.unwrap();
    assert_eq!(waiting[0].1.read().unwrap(), "word");
    assert!(read.finish(true).await.unwrap());

    let mut now = Tables::new(store.view(here));
    assert!(!now.has::<Notes>(&(city, 2)).await.unwrap());
    assert_eq!(now.expect::<Count>(&()).await.unwrap(), Some(10));
    let mut meanwhile = Tables::new(store.view(here));
    meanwhile.put::<Count>(&(), &11);
    meanwhile.submit().await.unwrap().durable().await.unwrap();
    now.put::<Count>(&(), &12);
    assert!(now.submit().await.is_err(), "it is another one by then");
}
