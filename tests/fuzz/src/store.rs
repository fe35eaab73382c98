//! What lies on the node's own disk.

use std::collections::BTreeMap;

use backup::{Part, Reader, Writer};
use bytes::Bytes;
use records::table::Description;
use store::{MemoryDisk, fuzzing};

/// Every table of a node.
pub(crate) fn tables() -> Vec<&'static Description> {
    office::tables().collect()
}

/// The place of a table in the list of all, and the bytes of a record of it, in any version.
pub(crate) fn record(bytes: &[u8]) {
    let Some((table, value)) = bytes.split_first() else {
        return;
    };
    let tables = tables();
    let table = tables[usize::from(*table) % tables.len()];
    let rewrite = |value: &[u8]| (table.rewrite)(Bytes::copy_from_slice(value));
    let Ok(again) = rewrite(value) else {
        return;
    };
    let name = table.name;
    let stable = rewrite(&again).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(stable, again, "{name}");
    if table.version > 0 {
        assert_eq!(again[0], table.version, "{name}");
        assert!(
            (5..=table.version).contains(&value[0]),
            "{name}: {}",
            value[0]
        );
        let grown = value[0] == table.version && again.len() > value.len();
        assert!(!grown, "{name} has bytes that it was not read from");
    }
}

/// The first segment of a log, as it is and with its sums put right.
pub(crate) fn segment(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), fuzzing::mend(bytes)] {
        match fuzzing::segment(&bytes) {
            Ok(read) => assert!(bytes.starts_with(&read.encoded)),
            Err(at) => assert!(at <= bytes.len()),
        }
    }
}

/// The recovery of a store whose log is one segment with its sums put right: all of its groups or a refusal, and
/// the same when it is opened once more.
pub(crate) fn recovery(bytes: &[u8]) {
    let bytes = fuzzing::mend(bytes);
    let read = fuzzing::segment(&bytes);
    let mut expected = BTreeMap::new();
    for (key, value) in read.iter().flat_map(|read| &read.writes) {
        // A node writes no such keys; they are the engine's.
        if key.first() == Some(&u8::MAX) {
            return;
        }
        match value {
            Some(value) => expected.insert(key.clone(), value.clone()),
            None => expected.remove(key),
        };
    }
    let expected: Vec<(Bytes, Bytes)> = expected.into_iter().collect();
    let memory = std::path::Path::new("/dev/shm");
    let dir = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    let dir = dir.expect("a folder");
    std::fs::create_dir(dir.path().join("redo")).expect("a folder");
    let segment = dir.path().join("redo/00000000000000000001.log");
    std::fs::write(&segment, &bytes).expect("a file");
    let disk = MemoryDisk::new();
    match fuzzing::recover(dir.path(), &disk) {
        Ok(found) => {
            assert!(read.is_ok(), "a damaged segment was taken");
            assert_eq!(found, expected);
            let again = fuzzing::recover(dir.path(), &disk).expect("it was opened before");
            assert_eq!(again, expected);
        }
        Err(_) => {
            let kept = std::fs::read(&segment).expect("a refused start removes nothing");
            assert_eq!(kept, bytes, "a refused start changes nothing");
        }
    }
}

/// The plaintext of a backup: parts within their limits, and an end only behind everything that was counted.
pub(crate) fn backup(bytes: &[u8]) {
    let Ok((header, mut reader)) = Reader::open(bytes) else {
        return;
    };
    assert!(header.format <= backup::FORMAT);
    let (mut parts, mut left) = (vec![], 0);
    let ended = loop {
        match reader.next_part() {
            Ok(Some(part)) => {
                match &part {
                    Part::File { path, length, .. } => {
                        assert!(
                            !path.starts_with('/') && !path.split('/').any(|part| part == "..")
                        );
                        left = *length;
                    }
                    Part::Bytes(bytes) => left -= bytes.len() as u64,
                    Part::Records(_) => {
                        assert_eq!(left, 0, "a file is whole before records follow")
                    }
                }
                parts.push(part);
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    if !ended {
        return;
    }
    assert_eq!(left, 0);
    // Nobody finds a digest that fits by chance, so this is what was written.
    let mut writer = Writer::begin(vec![], &header).expect("it is written to memory");
    for part in &parts {
        let again = match part {
            Part::Records(records) => writer.records(records),
            Part::File { path, mode, length } => writer.file(path, *mode, *length),
            Part::Bytes(bytes) => writer.bytes(bytes),
        };
        again.expect("it was read");
    }
    let (again, totals) = writer.end().expect("it was whole");
    assert_eq!(totals, reader.totals());
    assert_eq!(again, bytes);
}
