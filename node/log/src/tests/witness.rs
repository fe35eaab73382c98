//! Cosignatures against vectors of others, and the rule of whoever countersigns.

use proptest::prelude::*;
use ring::signature::Ed25519KeyPair;

use super::{found, grown, leaves};
use crate::{
    Checkpoint, Cosignature, Hash, WitnessKey, consistency, name,
    witness::{Contradiction, HEARTBEAT_SECONDS, ProvenFrom, Recorded, Ruling, rule},
};

const HEAD: &str =
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

/// Made with Go's crypto/ed25519 from the seed of 32 sevens, for the head and time in the specification's example.
const KEY: &str = "witness.example.com/w1+8122a5ab+BOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
const LINE: &str = "\u{2014} witness.example.com/w1 gSKlqwAAAABkGFDLWr4Jea05CAgwNVtwky0Jgz6WfX0QJgM//FkB/W9BoT9TX0DkTxG+2cT4p/ViKNhUM/SnUwFcYQzugGFQ15LwDw==\n";

#[test]
fn a_cosignature_is_what_another_program_makes_of_it() {
    let key: WitnessKey = KEY.parse().unwrap();
    assert_eq!(
        (key.name(), key.to_string().as_str()),
        ("witness.example.com/w1", KEY)
    );
    let note = format!("{HEAD}\n{LINE}");
    let found = key.find(note.as_bytes()).unwrap();
    assert_eq!(found.time, 1_679_315_147);
    assert_eq!(key.line(&found), LINE);
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let head = Checkpoint::read(note.as_bytes()).unwrap();
    let made = pair.sign(&Cosignature::message(&head, found.time));
    assert_eq!(made.as_ref(), found.signature);
}

/// The line in the specification, whose key is not given there: read, and not this key's.
#[test]
fn the_specifications_line_is_read_and_is_of_another_key() {
    let theirs = "\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
    let key: WitnessKey = KEY.parse().unwrap();
    assert_eq!(key.find(format!("{HEAD}\n{theirs}").as_bytes()), None);
    let both = format!("{HEAD}\n{theirs}{LINE}");
    assert!(
        key.find(both.as_bytes()).is_some(),
        "lines of unknown keys are ignored"
    );
}

#[test]
fn a_cosignature_of_anything_else_is_refused() {
    let key: WitnessKey = KEY.parse().unwrap();
    let line = |bytes: &[u8]| super::note::line(key.name(), &[&key.id()[..], bytes].concat());
    let good = key.find(format!("{HEAD}\n{LINE}").as_bytes()).unwrap();
    let whole = [&good.time.to_be_bytes()[..], &good.signature].concat();
    assert_eq!(line(&whole), LINE);
    let mut later = whole.clone();
    later[7] += 1;
    let mut forged = whole.clone();
    forged[40] ^= 1;
    let zero = [&[0; 8], &whole[8..]].concat();
    for bad in [
        &later,
        &forged,
        &zero,
        &whole[..71].to_vec(),
        &[&whole[..], &[0]].concat(),
        &vec![1],
    ] {
        let note = format!("{HEAD}\n{}", line(bad));
        assert_eq!(key.find(note.as_bytes()), None, "{note}");
        // One that fails is not made good by another of the same key.
        let both = format!("{HEAD}\n{LINE}{}", line(bad));
        assert_eq!(key.find(both.as_bytes()), None, "{both}");
    }
    let other_head = HEAD.replace("20852163", "20852164");
    for note in [
        format!("{other_head}\n{LINE}"),
        format!("{HEAD}extension\n\n{LINE}"),
        format!("{HEAD}\n"),
        String::new(),
    ] {
        assert_eq!(key.find(note.as_bytes()), None, "{note}");
    }
    for bad in [
        KEY.replace("8122a5ab", "8122a5ac"),
        KEY.replace("BOpK", "AepK"),
        KEY[..60].to_owned(),
        KEY.replace("w1", "w 1"),
    ] {
        assert!(bad.parse::<WitnessKey>().is_err(), "{bad}");
    }
    assert!(
        KEY.parse::<crate::Vkey>().is_err(),
        "a cosigner's key signs no checkpoints"
    );
}

#[test]
fn names_say_whose_they_are() {
    let village = "330825002222".parse().unwrap();
    let township = "330825002".parse().unwrap();
    let (network, epoch) = ([7; 16], [9; 16]);
    let host = "222.002.25.08.33.zj.example";
    let log = name::origin(host, &network, &epoch);
    assert!(name::is_origin_of(&log, village, &network, &epoch));
    assert!(!name::is_origin_of(&log, township, &network, &epoch));
    assert!(!name::is_origin_of(&log, village, &network, &network));
    let witness = name::witness_name(host, &network);
    assert!(name::is_witness_of(&witness, village, &network));
    assert!(!name::is_witness_of(&witness, township, &network));
    assert!(!name::is_witness_of(&witness, village, &epoch));
    assert!(!name::is_witness_of(&log, village, &network));
}

const KEY_OF_LOG: [u8; 32] = [3; 32];

fn head(size: usize, root: Hash) -> Checkpoint {
    Checkpoint::new("log", size as u64, root).unwrap()
}

fn recorded(leaves: &[Vec<u8>], time: u64) -> Recorded {
    Recorded {
        key: KEY_OF_LOG,
        size: leaves.len() as u64,
        root: grown(leaves).root(),
        time,
    }
}

/// Rules on the head of these leaves, which proves itself from the first `from` of them.
fn ask(known: Option<&Recorded>, all: &[Vec<u8>], from: Option<usize>, now: u64) -> Ruling {
    let proof = from.map(|from| {
        let parts = consistency(from as u64, all.len() as u64).unwrap_or_default();
        (from, grown(&all[..from]).root(), found(parts, all))
    });
    let from = proof.as_ref().map(|(from, root, proof)| ProvenFrom {
        size: *from as u64,
        root,
        proof,
        own_time: None,
    });
    let head = head(all.len(), grown(all).root());
    rule(known, &head, &KEY_OF_LOG, from.as_ref(), now)
}

#[test]
fn a_log_that_grows_is_cosigned_and_the_same_question_has_the_same_answer() {
    let all = leaves(40);
    assert_eq!(
        ask(None, &all[..7], None, 100),
        Ruling::Cosign { time: 100 }
    );
    let known = recorded(&all[..7], 100);
    // Again, and again much later; the clock may have gone back meanwhile.
    for now in [100, 101, 50, 100 + HEARTBEAT_SECONDS - 1] {
        assert_eq!(
            ask(Some(&known), &all[..7], None, now),
            Ruling::Cosign { time: 100 }
        );
    }
    let tomorrow = 100 + HEARTBEAT_SECONDS;
    assert_eq!(
        ask(Some(&known), &all[..7], None, tomorrow),
        Ruling::Cosign { time: tomorrow }
    );
    assert_eq!(
        ask(Some(&known), &all, Some(7), 300),
        Ruling::Cosign { time: 300 }
    );
    assert_eq!(
        ask(Some(&known), &all, Some(7), 50),
        Ruling::Cosign { time: 100 },
        "time never goes back"
    );
    assert_eq!(ask(None, &all, None, 0), Ruling::Cosign { time: 1 });
    for from in [None, Some(6), Some(8), Some(40)] {
        assert_eq!(
            ask(Some(&known), &all, from, 300),
            Ruling::Behind { size: 7 },
            "{from:?}"
        );
    }
}

#[test]
fn a_log_that_contradicts_itself_is_not_cosigned() {
    let all = leaves(40);
    let known = recorded(&all[..7], 100);
    let contradicts = Ruling::Contradicts;
    assert_eq!(
        ask(Some(&known), &all[..6], None, 200),
        contradicts(Contradiction::Shrunk)
    );
    let mut rewritten = all.clone();
    rewritten[3] = b"rewritten".to_vec();
    assert_eq!(
        ask(Some(&known), &rewritten[..7], None, 200),
        contradicts(Contradiction::Root)
    );
    assert_eq!(
        ask(Some(&known), &rewritten, Some(7), 200),
        contradicts(Contradiction::Past)
    );
    // It says the old root and cannot prove it.
    let parts = found(consistency(7, 40).unwrap(), &rewritten);
    let from = ProvenFrom {
        size: 7,
        root: &known.root,
        proof: &parts,
        own_time: None,
    };
    let new = head(40, grown(&rewritten).root());
    assert_eq!(
        rule(Some(&known), &new, &KEY_OF_LOG, Some(&from), 200),
        contradicts(Contradiction::Unproven)
    );
    let honest = head(40, grown(&all).root());
    assert_eq!(
        rule(Some(&known), &honest, &[4; 32], None, 200),
        contradicts(Contradiction::Key)
    );
}

/// A store of before knows 7 leaves, and the log shows this witness's own cosignature over 20.
#[test]
fn a_witness_restored_from_an_old_copy_takes_over_what_carries_its_own_cosignature() {
    let all = leaves(40);
    let root = grown(&all[..20]).root();
    let with = |proof: &[Hash], known: Option<&Recorded>, size: usize, own_time| {
        let from = ProvenFrom {
            size: 20,
            root: &root,
            proof,
            own_time,
        };
        let new = head(size, grown(&all[..size]).root());
        rule(known, &new, &KEY_OF_LOG, Some(&from), 500)
    };
    let proof = found(consistency(20, 40).unwrap(), &all);
    let old = recorded(&all[..7], 100);
    for known in [None, Some(&old)] {
        assert_eq!(
            with(&proof, known, 40, Some(400)),
            Ruling::Cosign { time: 500 }
        );
        assert_eq!(
            with(&[], known, 20, Some(400)),
            Ruling::Cosign { time: 400 },
            "the very bytes again"
        );
        assert_eq!(
            with(&[], known, 15, Some(400)),
            Ruling::Contradicts(Contradiction::Shrunk),
            "a log cannot go behind what the witness signed"
        );
    }
    assert_eq!(
        with(&proof, Some(&old), 40, None),
        Ruling::Behind { size: 7 }
    );
    // An older own cosignature takes nothing back.
    let newer = recorded(&all[..30], 450);
    assert_eq!(
        with(&proof, Some(&newer), 40, Some(400)),
        Ruling::Behind { size: 30 }
    );
}

proptest! {
    #[test]
    fn what_is_cosigned_one_after_the_other_is_one_history(
        steps in prop::collection::vec((1_usize..60, any::<bool>(), 0_u64..1000), 1..12),
        flip in any::<prop::sample::Index>(),
    ) {
        let honest = leaves(60);
        let mut forked = honest.clone();
        forked[flip.index(60)] = b"rewritten".to_vec();
        let mut known: Option<Recorded> = None;
        for (size, lies, now) in steps {
            let of = if lies { &forked } else { &honest };
            let from = known.as_ref().map(|known| known.size as usize).filter(|from| *from <= size);
            if let Ruling::Cosign { time } = ask(known.as_ref(), &of[..size], from, now) {
                let new = recorded(&of[..size], time);
                if let Some(before) = &known {
                    prop_assert!(before.size <= new.size && before.time <= new.time);
                    let begins = grown(&of[..before.size as usize]).root();
                    prop_assert_eq!(begins, before.root);
                }
                known = Some(new);
            }
        }
    }

    #[test]
    fn no_head_and_no_proof_makes_the_rule_panic(
        known in prop::option::of((any::<[u8; 32]>(), any::<u64>(), any::<u64>())),
        size in 1_u64..1 << 40, root in any::<[u8; 32]>(), now in any::<u64>(),
        from in any::<u64>(), proof in prop::collection::vec(any::<[u8; 32]>(), 0..4), own in prop::option::of(any::<u64>()),
    ) {
        let known = known.map(|(root, size, time)| Recorded { key: KEY_OF_LOG, size, root, time });
        let new = Checkpoint::new("log", size, root).unwrap();
        let from = ProvenFrom { size: from, root: &root, proof: &proof, own_time: own };
        let _ruling = rule(known.as_ref(), &new, &KEY_OF_LOG, Some(&from), now);
    }
}
