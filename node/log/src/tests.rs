//! The tree against a slow and obvious one, and the texts against the specification's.

use proptest::prelude::*;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::*;

mod witness;

/// MTH of RFC 6962, section 2.1, as it is written there.
fn slow_root(leaves: &[Vec<u8>]) -> Hash {
    match leaves {
        [] => tree::hash(&[]),
        [one] => leaf_hash(one),
        many => {
            let split = many.len().next_power_of_two() / 2;
            let (left, right) = many.split_at(split);
            node_hash(&slow_root(left), &slow_root(right))
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
fn slow_path(index: usize, leaves: &[Vec<u8>]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return vec![];
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, other) = match index < left.len() {
        true => (slow_path(index, left), slow_root(right)),
        false => (slow_path(index - left.len(), right), slow_root(left)),
    };
    path.push(other);
    path
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn slow_consistency(old: usize, leaves: &[Vec<u8>], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole {
            vec![]
        } else {
            vec![slow_root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, other) = match old <= left.len() {
        true => (slow_consistency(old, left, whole), slow_root(right)),
        false => (
            slow_consistency(old - left.len(), right, false),
            slow_root(left),
        ),
    };
    proof.push(other);
    proof
}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| format!("leaf {n}").into_bytes())
        .collect()
}

fn grown(leaves: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::default();
    leaves
        .iter()
        .for_each(|leaf| frontier.push(leaf_hash(leaf)));
    frontier
}

/// Looks parts up in leaves that are all there.
fn found(parts: Vec<Part>, leaves: &[Vec<u8>]) -> Vec<Hash> {
    let node = |node: &Node| {
        let begin = (node.index << node.level) as usize;
        slow_root(&leaves[begin..begin + (1 << node.level)])
    };
    let hash = |part: Part| fold(&part.iter().map(node).collect::<Vec<_>>()).unwrap();
    parts.into_iter().map(hash).collect()
}

#[test]
fn roots_and_proofs_of_all_small_trees_are_those_of_the_definition() {
    let all = leaves(40);
    for size in 0..all.len() {
        let now = &all[..size];
        let root = slow_root(now);
        assert_eq!(grown(now).root(), root, "{size}");
        if size > 0 {
            let parts = vec![whole(size as u64).unwrap()];
            assert_eq!(found(parts, now), [root], "{size}");
        }
        for index in 0..size {
            let path = found(inclusion(index as u64, size as u64).unwrap(), now);
            assert_eq!(path, slow_path(index, now), "{index} of {size}");
            let head = (size as u64, &root);
            assert_eq!(
                check_inclusion(&now[index], index as u64, head, &path),
                Ok(())
            );
        }
        for old in 1..=size {
            let proof = found(consistency(old as u64, size as u64).unwrap(), now);
            assert_eq!(proof, slow_consistency(old, now, true), "{old} to {size}");
            let before = slow_root(&now[..old]);
            let (before, after) = ((old as u64, &before), (size as u64, &root));
            assert_eq!(check_consistency(before, after, &proof), Ok(()));
        }
    }
}

proptest! {
    #[test]
    fn nothing_but_the_leaf_at_its_place_is_proven(
        size in 1_usize..700, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
    ) {
        let all = leaves(size);
        let (index, root) = (at.index(size), grown(&all).root());
        let head = (size as u64, &root);
        let path = found(inclusion(index as u64, size as u64).unwrap(), &all);
        prop_assert_eq!(check_inclusion(&all[index], index as u64, head, &path), Ok(()));
        prop_assert!(check_inclusion(b"another", index as u64, head, &path).is_err());
        let elsewhere = other.index(size);
        if elsewhere != index {
            prop_assert!(check_inclusion(&all[index], elsewhere as u64, head, &path).is_err());
        }
        if !path.is_empty() {
            let mut forged = path.clone();
            forged[flip.index(path.len())][flip.index(32)] ^= 1;
            let checked = check_inclusion(&all[index], index as u64, head, &forged);
            prop_assert_eq!(checked, Err(NotProven::Hashes));
            let short = check_inclusion(&all[index], index as u64, head, &path[1..]);
            prop_assert_eq!(short, Err(NotProven::Length));
        }
    }

    #[test]
    fn a_tree_that_rewrote_a_leaf_is_not_consistent(
        old in 1_usize..300, more in 1_usize..300, flip in any::<prop::sample::Index>(),
    ) {
        let all = leaves(old + more);
        let before = grown(&all[..old]).root();
        let mut rewritten = all.clone();
        rewritten[flip.index(old)] = b"rewritten".to_vec();
        let sizes = (old as u64, (old + more) as u64);
        for (leaves, holds) in [(&all, true), (&rewritten, false)] {
            let after = grown(leaves).root();
            let proof = found(consistency(sizes.0, sizes.1).unwrap(), leaves);
            let checked = check_consistency((sizes.0, &before), (sizes.1, &after), &proof);
            prop_assert_eq!(checked.is_ok(), holds);
        }
    }

    #[test]
    fn a_path_of_a_tile_is_read_back_and_has_no_second_spelling(
        level in prop::option::of(0_u8..=5), index in 0_u64..1 << 32, width in 1_u16..=256,
    ) {
        let level = level.map_or(TileLevel::Entries, TileLevel::Hashes);
        let tile = Tile { level, index, width };
        let path = tile.to_string();
        prop_assert_eq!(path.parse(), Ok(tile));
        for other in [format!("{path}/"), format!("0{path}"), path.replace("/", "/x000/"), path.to_uppercase() + "\u{a0}"] {
            prop_assert!(other.parse::<Tile>().is_err(), "{}", other);
        }
    }

    #[test]
    fn any_text_is_read_as_a_checkpoint_or_refused_without_a_panic(note in "\\PC{0,40}(\n\\PC{0,20}){0,6}\n") {
        let _read = Checkpoint::read(note.as_bytes());
    }
}

#[test]
fn sizes_and_positions_that_cannot_be_are_refused_before_anything_is_computed() {
    let root = [0; 32];
    for (index, size) in [
        (0, 0),
        (5, 5),
        (u64::MAX, u64::MAX),
        (u64::MAX - 1, u64::MAX),
        (0, 1 << 62),
    ] {
        let checked = check_inclusion(b"leaf", index, (size, &root), &[]);
        assert_eq!(checked, Err(NotProven::Bounds), "{index} of {size}");
    }
    for (old, new) in [(0, 5), (6, 5), (1, u64::MAX), (u64::MAX, u64::MAX)] {
        let checked = check_consistency((old, &root), (new, &root), &[]);
        assert_eq!(checked, Err(NotProven::Bounds), "{old} to {new}");
    }
}

/// Paths of the specification's text, and what is like one.
#[test]
fn tiles_are_named_as_the_specification_names_them() {
    let full = |level, index| Tile {
        level,
        index,
        width: Tile::FULL,
    };
    assert_eq!(
        full(TileLevel::Hashes(0), 1_234_067).to_string(),
        "0/x001/x234/067"
    );
    assert_eq!(full(TileLevel::Entries, 0).to_string(), "entries/000");
    let part = Tile {
        width: 8,
        ..full(TileLevel::Hashes(1), 273)
    };
    assert_eq!(part.to_string(), "1/273.p/8");
    for bad in [
        "",
        "0",
        "0/",
        "0/1",
        "0/0001",
        "0/x001",
        "0/x001/x234/67",
        "0/x000/001",
        "6/000",
        "-1/000",
        "00/000",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/08",
        "0/000.p/",
        "0/000.p/8/",
        "data/000",
        "0/x999/x999/x999/999",
        "entries",
        "0/+01",
        "0/٠٠١",
    ] {
        assert_eq!(bad.parse::<Tile>(), Err(BadTile), "{bad}");
    }
}

#[test]
fn a_log_has_the_tiles_of_its_size_and_no_others() {
    let names = |size| {
        Tile::all(size)
            .map(|tile| tile.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(0), Vec::<String>::new());
    assert_eq!(names(3), ["entries/000.p/3", "0/000.p/3"]);
    assert_eq!(
        names(257),
        [
            "entries/000",
            "entries/001.p/1",
            "0/000",
            "0/001.p/1",
            "1/000.p/1"
        ]
    );
    let tile: Tile = "0/000.p/4".parse().unwrap();
    assert!(tile.is_in(4) && !tile.is_in(3));
    assert_eq!(Tile::count(TileLevel::Hashes(9), u64::MAX), 0);
}

#[test]
fn a_bundle_gives_its_entries_back_and_a_cut_one_none() {
    let mut all = vec![];
    for entry in [&b"one"[..], b"", &[7; 224]] {
        bundle::push(&mut all, entry);
    }
    assert_eq!(
        bundle::entries(&all, 3),
        Some(vec![&b"one"[..], b"", &[7; 224]])
    );
    assert_eq!(bundle::entries(&all, 2), None, "more than there can be");
    for length in [1, 4, all.len() - 1] {
        assert_eq!(bundle::entries(&all[..length], 3), None, "{length}");
    }
}

/// The key and the note in the specification's example.
#[test]
fn the_specifications_own_vkey_is_read() {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key: Vkey = text.parse().unwrap();
    assert_eq!(
        (key.name(), key.to_string().as_str()),
        ("PeterNeumann", text)
    );
    for bad in [
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=",
        "PeterNeumann+c74f20a3",
        "",
    ] {
        assert!(bad.parse::<Vkey>().is_err(), "{bad}");
    }
    let note = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n\n\
                \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let (text, lines) = note::read(note.as_bytes()).unwrap();
    assert!(key.signed(text, &lines[0]));
    assert!(!key.signed("Another text.\n", &lines[0]));
}

const ORIGIN: &str = "222.002.25.08.33.zj.example/log/07/09";

fn signer() -> (Ed25519KeyPair, Vkey) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let public = pair.public_key().as_ref().try_into().unwrap();
    (pair, Vkey::new(ORIGIN, public).unwrap())
}

#[test]
fn a_checkpoint_opens_with_its_key_and_with_no_other() {
    let (pair, key) = signer();
    let head = Checkpoint::new(ORIGIN, 3, [5; 32]).unwrap();
    let note = head.signed(&key, pair.sign(head.to_string().as_bytes()).as_ref());
    assert_eq!(Checkpoint::open(note.as_bytes(), &key), Ok(head.clone()));
    let witness = format!("{note}\u{2014} somebody.else AAAAAAAA\n");
    assert_eq!(Checkpoint::open(witness.as_bytes(), &key), Ok(head));
    let forged = note.replace("\n3\n", "\n4\n");
    assert_eq!(
        Checkpoint::open(forged.as_bytes(), &key),
        Err(DoesNotHold::Signature)
    );
    let other = Vkey::new(ORIGIN, [1; 32]).unwrap();
    assert_eq!(
        Checkpoint::open(note.as_bytes(), &other),
        Err(DoesNotHold::Unsigned)
    );
    let elsewhere = Vkey::new("another.log", *key.public()).unwrap();
    let refused = Checkpoint::open(note.as_bytes(), &elsewhere);
    assert_eq!(refused, Err(DoesNotHold::Origin(ORIGIN.to_owned())));
}

#[test]
fn a_checkpoint_with_anything_more_or_less_than_three_lines_is_refused() {
    let (pair, key) = signer();
    let root = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=";
    let texts = [
        (format!("{ORIGIN}\n3\n{root}\n"), true),
        (format!("{ORIGIN}\n3\n{root}\nextension\n"), false),
        (format!("{ORIGIN}\n03\n{root}\n"), false),
        (format!("{ORIGIN}\n+3\n{root}\n"), false),
        (format!("{ORIGIN}\n0\n{root}\n"), false),
        (format!("{ORIGIN}\n9999999999999999999\n{root}\n"), false),
        (format!("{ORIGIN}\n3\n{}\n", &root[4..]), false),
        (format!("{ORIGIN}\n3\n{root}\r\n"), false),
        (format!("a b\n3\n{root}\n"), false),
        (format!("{ORIGIN}\n3\n"), false),
    ];
    for (text, holds) in texts {
        let note = format!("{text}\n{}", key.line(pair.sign(text.as_bytes()).as_ref()));
        assert_eq!(
            Checkpoint::open(note.as_bytes(), &key).is_ok(),
            holds,
            "{text:?}"
        );
    }
    let long = format!(
        "{ORIGIN}\n3\n{root}\n\n{}",
        "\u{2014} w AAAAAAAA\n".repeat(65)
    );
    assert_eq!(Checkpoint::read(long.as_bytes()), Err(BadCheckpoint::Note));
}

fn opening() -> Opening {
    let before = Predecessor {
        epoch: [4; 16],
        size: 77,
        root: [5; 32],
    };
    Opening {
        network: [1; 16],
        division: 330_825_002_222,
        epoch: [2; 16],
        divisions: [3; 32],
        predecessor: Some(before),
    }
}

/// The opening of a log that has none before it.
fn first() -> Opening {
    Opening {
        predecessor: None,
        ..opening()
    }
}

/// One entry of each kind, with its length.
fn entries() -> [(Entry, usize); 8] {
    [
        (Entry::Opening(opening()), 131),
        (Entry::Opening(first()), 75),
        (
            Entry::Template {
                issuer: 330_000_000_000,
                name: [1; 32],
                version: 3,
                envelope: [2; 32],
            },
            82,
        ),
        (
            Entry::Disclosure {
                number: [5; 8],
                edition: 2,
                state: Disclosed::Corrected,
                commitment: Commitment::to_document(&[1; 16], &[2; 16], b"{}"),
            },
            47,
        ),
        (
            Entry::Custody(Commitment::to_custody(&[1; 16], &[2; 16], 1, &[3; 32])),
            34,
        ),
        (
            Entry::KeyStatement {
                division: 330_825_002_222,
                key: [6; 16],
                statement: [7; 32],
            },
            58,
        ),
        (
            Entry::Rollout {
                issuer: 330_000_000_000,
                name: [1; 32],
                version: 3,
                number: 2,
                act: 5,
                envelope: [2; 32],
            },
            87,
        ),
        (
            Entry::ChildHead {
                log: [8; 32],
                size: 77,
                root: [9; 32],
            },
            74,
        ),
    ]
}

#[test]
fn an_entry_is_read_back() {
    for (entry, length) in entries() {
        let bytes = entry.encode();
        assert_eq!(bytes.len(), length, "{entry:?}");
        assert!(length <= MOST_ENTRY_BYTES);
        assert_eq!(Entry::decode(&bytes), Ok(entry));
        assert_eq!(Entry::decode(&bytes[..length - 1]), Err(BadEntry::Length));
        assert_eq!(
            Entry::decode(&[&bytes[..], &[0]].concat()),
            Err(BadEntry::Length)
        );
    }
}

#[test]
fn what_is_no_entry_is_refused() {
    assert_eq!(Entry::decode(&[]), Err(BadEntry::Length));
    assert_eq!(Entry::decode(&[2, 3]), Err(BadEntry::Form(2)));
    assert_eq!(Entry::decode(&[1, 6]), Err(BadEntry::Kind(6)));
    assert_eq!(Entry::decode(&[1, 99]), Err(BadEntry::Kind(99)));
    let mut marked = Entry::Opening(first()).encode();
    marked[74] = 2;
    assert_eq!(Entry::decode(&marked), Err(BadEntry::Mark));
    let mut stated = entries()[3].0.encode();
    stated[14] = 9;
    assert_eq!(Entry::decode(&stated), Err(BadEntry::Mark));
}

#[test]
fn a_commitment_differs_with_everything_it_commits_to() {
    let one = Commitment::to_custody(&[1; 16], &[2; 16], 1, &[3; 32]);
    for other in [
        Commitment::to_custody(&[9; 16], &[2; 16], 1, &[3; 32]),
        Commitment::to_custody(&[1; 16], &[9; 16], 1, &[3; 32]),
        Commitment::to_custody(&[1; 16], &[2; 16], 2, &[3; 32]),
        Commitment::to_custody(&[1; 16], &[2; 16], 1, &[9; 32]),
    ] {
        assert_ne!(one, other);
    }
}
