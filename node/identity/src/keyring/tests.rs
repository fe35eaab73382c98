use domain::{
    revocation::{Reason, Revocation},
    seal::SealSuite,
    time::Timestamp,
};

use super::*;
use crate::{
    FileKeyStore, KeyStore, Purpose,
    fixture::{COUNTY, OTHER_TOWNSHIP, PROVINCE, TOWNSHIP, VILLAGE, code},
};

const NETWORK: [u8; 16] = [7; 16];

/// A division with its signing key and its chain.
struct Holder {
    division: DivisionCode,
    key: FileKeyStore,
    chain: Vec<SignedKeyStatement>,
}

fn state(division: DivisionCode, key: &FileKeyStore) -> KeyStatement {
    KeyStatement {
        network: NETWORK,
        division,
        suite: key.suite(),
        public: key.public().to_vec(),
        purpose: Purpose::Sign,
        serial: 1,
        issued_at: 0,
        sealing: sealing(key),
    }
}

/// Makes a sealing key from the signing key, a different one for each.
fn sealing(key: &FileKeyStore) -> SealingPublic {
    SealingPublic {
        suite: SealSuite::X25519ChaCha20Poly1305,
        public: [key.key_id().0; 2].concat(),
    }
}

fn new_key(suite: Suite) -> FileKeyStore {
    FileKeyStore::generate(suite).expect("a key").0
}

fn province(suite: Suite) -> Holder {
    let key = new_key(suite);
    let division = code(PROVINCE);
    let own = state(division, &key).sign_now(&key, &key).expect("signed");
    Holder {
        division,
        key,
        chain: vec![own],
    }
}

impl Holder {
    /// States a new key of a child.
    fn child(&self, division: &str, suite: Suite) -> Self {
        self.child_with(division, suite, |_| {})
    }

    fn child_with(&self, division: &str, suite: Suite, change: impl Fn(&mut KeyStatement)) -> Self {
        let (division, key) = (code(division), new_key(suite));
        let mut statement = state(division, &key);
        change(&mut statement);
        let own = statement.sign_now(&key, &self.key).expect("signed");
        let chain = [&[own][..], &self.chain].concat();
        Self {
            division,
            key,
            chain,
        }
    }

    /// States the next key of a child that has one, signed by this division alone.
    fn next(&self, before: &Self) -> Self {
        let of = before.division.to_string();
        let serial = before.chain[0].statement().expect("reads").serial + 1;
        self.child_with(&of, ED, |statement| statement.serial = serial)
    }

    /// Returns the same key, endorsed.
    fn endorsed(mut self, by: Endorser, with: &Self) -> Self {
        let own = self.chain[0].clone();
        self.chain[0] = own.endorse_now(by, &with.key).expect("signed");
        self
    }

    fn ring(&self) -> KeyRing {
        let anchor = self.chain.last().expect("the province's").clone();
        KeyRing::new(NETWORK, vec![anchor], Arc::default())
    }
}

/// Makes province, city, county, township and village, with these suites from the top.
fn branch(suites: [Suite; 5]) -> [Holder; 5] {
    let province = province(suites[0]);
    let city = province.child("3308", suites[1]);
    let county = city.child(COUNTY, suites[2]);
    let township = county.child(TOWNSHIP, suites[3]);
    let village = township.child(VILLAGE, suites[4]);
    [province, city, county, township, village]
}

const ED: Suite = Suite::Ed25519Blake3;
const P256: Suite = Suite::P256Sha256;

#[test]
fn any_author_is_verified_from_its_chain_in_either_suite_and_in_both_mixed() {
    let tree = Tree::zhejiang();
    for suites in [[ED; 5], [P256; 5], [ED, P256, ED, P256, ED]] {
        let [province, .., village] = branch(suites);
        let ring = province.ring();
        ring.admit(&village.chain, &tree).expect("admitted");
        let key = ring
            .get(village.division, village.key.key_id())
            .expect("known");
        let signed = village.key.sign_now(b"said").expect("signed");
        assert_eq!(key.verify(suites[4], b"said", &signed), Ok(()));
        let other = if suites[4] == ED { P256 } else { ED };
        assert!(key.verify(other, b"said", &signed).is_err());
    }
}

#[test]
fn what_was_admitted_is_handed_on_byte_for_byte_and_admitted_by_the_next() {
    let tree = Tree::zhejiang();
    let [province, .., village] = branch([ED; 5]);
    let (ring, next) = (province.ring(), province.ring());
    ring.admit(&village.chain, &tree).expect("admitted");
    let chain = ring.statements(village.division);
    assert_eq!(chain, village.chain);
    let bytes = SignedKeyStatement::encode_all(&chain);
    let read = SignedKeyStatement::decode_all(&bytes).expect("reads back");
    next.admit(&read, &tree).expect("admitted");
    assert!(next.get(village.division, village.key.key_id()).is_some());
    assert_eq!(ring.statements(code(OTHER_TOWNSHIP)), []);
}

#[test]
fn a_chain_may_leave_out_what_is_known_but_nothing_else() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, village] = branch([ED; 5]);
    let ring = province.ring();
    let refusal = ring.admit(&village.chain[..1], &tree).expect_err("refused");
    assert!(
        matches!(refusal, KeyRefusal::UnknownSigner { .. }),
        "{refusal:?}"
    );
    ring.admit(&township.chain, &tree).expect("admitted");
    ring.admit(&village.chain[..1], &tree).expect("admitted");
}

#[test]
fn nothing_of_a_refused_chain_is_kept() {
    let tree = Tree::zhejiang();
    let [province, _, county, township, mut village] = branch([ED; 5]);
    let ring = province.ring();
    village.chain[0].signature[5] ^= 1;
    let refusal = ring.admit(&village.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::Forged(village.division)));
    assert!(ring.get(township.division, township.key.key_id()).is_none());
    assert!(ring.get(county.division, county.key.key_id()).is_none());
}

#[test]
fn a_statement_of_another_network_is_refused() {
    let tree = Tree::zhejiang();
    let [province, city, ..] = branch([ED; 5]);
    let county = city.child_with(COUNTY, ED, |statement| statement.network = [8; 16]);
    let refusal = province.ring().admit(&county.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::OtherNetwork(county.division)));
}

#[test]
fn a_province_that_is_not_pinned_is_refused_with_all_below_it() {
    let tree = Tree::zhejiang();
    let [mine, ..] = branch([ED; 5]);
    let [.., village] = branch([ED; 5]);
    let refusal = mine.ring().admit(&village.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::UnknownAnchor(code(PROVINCE))));
}

#[test]
fn only_the_direct_parent_may_state_a_key() {
    let tree = Tree::zhejiang();
    let [province, _, county, township, _] = branch([ED; 5]);
    let ring = province.ring();
    ring.admit(&township.chain, &tree).expect("admitted");
    let sibling = county.child(OTHER_TOWNSHIP, ED);
    ring.admit(&sibling.chain, &tree).expect("admitted");
    for stranger in [&county, &sibling, &province] {
        let village = stranger.child(VILLAGE, ED);
        let refusal = ring.admit(&village.chain, &tree);
        let expected = KeyRefusal::UnknownSigner {
            division: village.division,
            parent: township.division,
            signer: stranger.key.key_id(),
        };
        assert_eq!(refusal, Err(expected));
    }
}

#[test]
fn a_forged_parent_and_a_self_signed_village_are_refused() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, _] = branch([ED; 5]);
    let ring = province.ring();
    ring.admit(&township.chain, &tree).expect("admitted");
    let pretender = Holder {
        division: township.division,
        key: new_key(ED),
        chain: township.chain.clone(),
    };
    let mut village = pretender.child(VILLAGE, ED);
    village.chain[0].signer_key_id = township.key.key_id();
    let refusal = ring.admit(&village.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::Forged(village.division)));

    let key = new_key(ED);
    let own = state(code(VILLAGE), &key)
        .sign_now(&key, &key)
        .expect("signed");
    let refusal = ring.admit(&[own], &tree).expect_err("refused");
    assert!(
        matches!(refusal, KeyRefusal::UnknownSigner { .. }),
        "{refusal:?}"
    );
}

#[test]
fn a_signature_is_bound_to_its_suite() {
    let tree = Tree::zhejiang();
    let [province, _, _, _, mut village] = branch([ED, ED, ED, P256, ED]);
    village.chain[0].suite = ED;
    let refusal = province.ring().admit(&village.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::SuiteMismatch(village.division)));
}

#[test]
fn a_key_stated_under_another_suite_proves_no_possession() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, _] = branch([ED; 5]);
    let village = township.child_with(VILLAGE, ED, |statement| statement.suite = P256);
    let refusal = province.ring().admit(&village.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::NoPossession(village.division)));
}

#[test]
fn a_parent_cannot_state_a_key_that_its_owner_did_not_offer() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, village] = branch([ED; 5]);
    let own = township.child_with(VILLAGE, ED, |statement| {
        statement.public = village.key.public().to_vec();
    });
    let refusal = province.ring().admit(&own.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::NoPossession(village.division)));
}

#[test]
fn a_second_key_with_the_same_number_is_shown_as_a_twin() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, village] = branch([ED; 5]);
    let ring = province.ring();
    ring.admit(&village.chain, &tree).expect("admitted");
    let twin = township.child(VILLAGE, ED);
    let refused = Err(KeyRefusal::Twin {
        division: village.division,
        serial: 1,
    });
    assert_eq!(ring.admit(&twin.chain, &tree), refused);
    let both = [&twin.chain[..1], &village.chain].concat();
    assert_eq!(province.ring().admit(&both, &tree), refused);
    let later = township.next(&village).endorsed(Endorser::OldKey, &village);
    ring.admit(&later.chain, &tree).expect("admitted");
    assert!(
        ring.get(village.division, village.key.key_id()).is_some(),
        "the old one stays"
    );
    let with_the_old = [&later.chain[..1], &village.chain].concat();
    assert_eq!(ring.statements(village.division), with_the_old);
}

#[test]
fn a_new_province_key_is_believed_if_a_pinned_one_signed_it() {
    let tree = Tree::zhejiang();
    let old = province(ED);
    let ring = old.ring();
    let new = old.child_with(PROVINCE, P256, |statement| statement.serial = 2);
    ring.admit(&new.chain, &tree).expect("admitted");
    let city = new.child("3308", ED);
    ring.admit(&city.chain, &tree).expect("admitted");
    assert_eq!(ring.statements(city.division), city.chain);
}

#[test]
fn divisions_without_a_node_and_unknown_ones_have_no_keys() {
    let tree = Tree::zhejiang();
    let [province, city, ..] = branch([ED; 5]);
    for nobody in ["330899", "330383198"] {
        let stated = city.child(nobody, ED);
        let refusal = province.ring().admit(&stated.chain, &tree);
        assert_eq!(refusal, Err(KeyRefusal::UnknownDivision(code(nobody))));
    }
}

#[test]
fn endless_chains_and_endless_keys_are_refused() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, village] = branch([ED; 5]);
    let ring = province.ring();
    let long = vec![village.chain[0].clone(); 129];
    assert_eq!(ring.admit(&long, &tree), Err(KeyRefusal::TooLong(129)));
    ring.admit(&village.chain, &tree).expect("admitted");
    let mut last = village;
    for _ in 2..=64 {
        last = township.next(&last).endorsed(Endorser::OldKey, &last);
        ring.admit(&last.chain, &tree).expect("admitted");
    }
    for serial in [0, 65, u32::MAX] {
        let one = township.child_with(VILLAGE, ED, |statement| statement.serial = serial);
        let one = one.endorsed(Endorser::OldKey, &last);
        let refusal = ring.admit(&one.chain, &tree);
        assert_eq!(refusal, Err(KeyRefusal::TooMany(one.division)), "{serial}");
    }
}

#[test]
fn a_township_alone_cannot_make_a_second_key_for_its_village() {
    let tree = Tree::zhejiang();
    let [province, _, county, township, village] = branch([ED; 5]);
    let ring = province.ring();
    ring.admit(&village.chain, &tree).expect("admitted");
    let minted = township.next(&village);
    let (division, serial) = (village.division, 2);
    let unendorsed = KeyRefusal::Unendorsed {
        division,
        serial,
        parent: township.division,
    };
    assert_eq!(ring.admit(&minted.chain, &tree), Err(unendorsed));
    // Nor does its own key count in place of another's, nor the village's next key itself.
    for (by, with, of) in [
        (Endorser::OldKey, &township, division),
        (Endorser::Grandparent, &township, county.division),
        (Endorser::OldKey, &minted, division),
    ] {
        let forged = minted.chain[0].clone().endorse_now(by, &with.key);
        let refusal = KeyRefusal::UnknownEndorser {
            division,
            serial,
            by: of,
            key: with.key.key_id(),
        };
        let refused = ring.admit(&[forged.expect("signed")], &tree);
        assert_eq!(refused, Err(refusal));
    }
    // Nor does a signature made for another statement.
    let other = township.next(&village).endorsed(Endorser::OldKey, &village);
    let mut stolen = minted.chain[0].clone();
    stolen.endorsement = other.chain[0].endorsement.clone();
    let refused = ring.admit(&[stolen], &tree);
    assert_eq!(refused, Err(KeyRefusal::ForgedEndorsement(division)));
    assert_eq!(ring.standing(division), [village.key.key_id()]);
}

#[test]
fn a_second_key_counts_with_the_old_one_or_with_the_grandparent_and_shows_which() {
    let tree = Tree::zhejiang();
    let [province, city, county, township, village] = branch([ED; 5]);
    let of = |holder: &Holder, vouched| {
        let ring = province.ring();
        ring.admit(&village.chain, &tree).expect("admitted");
        ring.admit(&holder.chain, &tree).expect("admitted");
        let id = holder.key.key_id();
        assert_eq!(ring.vouched(holder.division, id), Some(vouched));
        // A node that has only the chain passed on comes to the same result.
        let next = province.ring();
        let chain = ring.chain(holder.division, id);
        next.admit(&chain, &tree).expect("admitted");
        assert_eq!(next.vouched(holder.division, id), Some(vouched));
    };
    let agreed = township.next(&village).endorsed(Endorser::OldKey, &village);
    of(&agreed, Vouched::OldKey);
    let by_county = township
        .next(&village)
        .endorsed(Endorser::Grandparent, &county);
    of(&by_county, Vouched::Grandparent(county.division));
    assert!(Vouched::Grandparent(county.division).without_the_old_key());
    // There is no division above the province.
    of(&province.next(&city), Vouched::ProvinceAlone);
}

#[test]
fn a_revoked_key_endorses_no_other_and_what_it_endorsed_in_time_stays() {
    let tree = Tree::zhejiang();
    let [province, _, county, township, village] = branch([ED; 5]);
    let agreed = township.next(&village).endorsed(Endorser::OldKey, &village);
    let ring = province.ring();
    ring.admit(&village.chain, &tree).expect("admitted");
    let late = |ring: &KeyRing| {
        let late = township.next(&village).endorsed(Endorser::OldKey, &village);
        ring.admit(&late.chain, &tree)
    };
    revoke(&ring, &village, &[]);
    assert_eq!(late(&ring), Err(KeyRefusal::Forsaken(village.division)));
    // A first key that nobody knew comes too late as well.
    let twin = township.child(VILLAGE, ED);
    let fresh = KeyRing::new(
        NETWORK,
        vec![province.chain[0].clone()],
        Arc::clone(&ring.revoked),
    );
    let refused = KeyRefusal::Twin {
        division: village.division,
        serial: 1,
    };
    assert_eq!(fresh.admit(&twin.chain, &tree), Err(refused));
    fresh.admit(&village.chain, &tree).expect("admitted");
    let by_county = township
        .next(&village)
        .endorsed(Endorser::Grandparent, &county);
    fresh.admit(&by_county.chain, &tree).expect("admitted");
    assert_eq!(fresh.standing(village.division), [by_county.key.key_id()]);

    let ring = province.ring();
    ring.admit(&village.chain, &tree).expect("admitted");
    ring.admit(&agreed.chain, &tree).expect("admitted");
    let vouched = ring.vouched_with(village.division, village.key.key_id());
    assert_eq!(vouched, [agreed.key.key_id()]);
    revoke(&ring, &village, &[&agreed]);
    assert!(ring.knows(village.division, agreed.key.key_id()));
}

/// Revokes the key of `holder`; of the keys below only `vouched` were known.
fn revoke(ring: &KeyRing, holder: &Holder, vouched: &[&Holder]) {
    let key = (holder.division, holder.key.key_id());
    let vouched = vouched.iter().map(|below| below.key.key_id()).collect();
    let at = Timestamp(1_000);
    ring.revoked()
        .note(&Revocation::new(key, vec![], vouched, Reason::Stolen, at));
}

#[test]
fn what_a_revoked_key_vouched_for_in_time_is_still_admitted_and_nothing_else() {
    let tree = Tree::zhejiang();
    let [province, _, _, township, village] = branch([ED; 5]);
    let late = township.child("330825002223", ED);
    let ring = province.ring();
    revoke(&ring, &township, &[&village]);
    ring.admit(&village.chain, &tree).expect("admitted");
    let refusal = ring.admit(&late.chain, &tree);
    assert_eq!(refusal, Err(KeyRefusal::Forsaken(late.division)));
    assert!(
        ring.get(township.division, township.key.key_id()).is_some(),
        "its own words of before still verify"
    );
    assert!(ring.has_fallen(township.division) && !ring.has_fallen(village.division));
    assert_eq!(
        ring.vouched_with(township.division, township.key.key_id()),
        [village.key.key_id()]
    );
}

#[test]
fn the_next_key_of_a_division_stands_and_vouches_anew_for_those_below() {
    let tree = Tree::zhejiang();
    let [province, city, county, township, village] = branch([ED; 5]);
    let ring = province.ring();
    ring.admit(&village.chain, &tree).expect("admitted");
    revoke(&ring, &township, &[]);
    let (division, id) = (village.division, village.key.key_id());
    assert!(!ring.knows(division, id), "another statement is wanted");
    let renewed = county
        .next(&township)
        .endorsed(Endorser::Grandparent, &city);
    ring.admit(&renewed.chain, &tree).expect("admitted");
    assert_eq!(ring.standing(township.division), [renewed.key.key_id()]);
    assert!(!ring.has_fallen(township.division));
    let own = state(division, &village.key)
        .sign_now(&village.key, &renewed.key)
        .expect("signed");
    let chain = [&[own][..], &renewed.chain].concat();
    ring.admit(&chain, &tree).expect("admitted");
    assert!(ring.knows(division, id));
    assert_eq!(ring.chain(division, id), chain, "what is handed on is new");
}

#[test]
fn what_a_division_is_to_read_is_sealed_for_the_key_stated_with_its_newest_that_counts() {
    let tree = Tree::zhejiang();
    let [province, .., township, village] = branch([ED; 5]);
    let newer = township.child_with(VILLAGE, ED, |statement| {
        statement.serial = 2;
        statement.sealing.public = vec![9; 32];
    });
    let newer = newer.endorsed(Endorser::OldKey, &village);
    let ring = province.ring();
    assert_eq!(ring.sealing(village.division), None);
    ring.admit(&village.chain, &tree).expect("admitted");
    assert_eq!(ring.sealing(village.division), Some(sealing(&village.key)));
    ring.admit(&newer.chain, &tree).expect("admitted");
    let public = ring.sealing(village.division).expect("known").public;
    assert_eq!(public, vec![9; 32]);
    revoke(&ring, &newer, &[]);
    assert_eq!(ring.sealing(village.division), Some(sealing(&village.key)));
    revoke(&ring, &village, &[&newer]);
    assert_eq!(ring.sealing(village.division), None);
}
