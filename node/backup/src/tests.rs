use std::io::{BufReader, Write as _};

use bytes::Bytes;
use proptest::prelude::*;
use store::Copied;
use topology::DivisionCode;

use super::*;

fn header() -> Header {
    let division: DivisionCode = "330825002".parse().unwrap();
    Header {
        format: FORMAT,
        program: "0.1.0".to_owned(),
        network: "ab".repeat(16),
        zone: "zj.example".to_owned(),
        made_ms: 1_700_000_000_000,
        running: true,
        divisions: vec![Source::of(division, None)],
    }
}

fn record(key: &str, value: Option<&[u8]>) -> Copied {
    Copied {
        shard: "330825002222".parse().unwrap(),
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: value.map(Bytes::copy_from_slice),
    }
}

/// Writes parts as they were read.
fn written(parts: &[Part]) -> Vec<u8> {
    let mut writer = Writer::begin(vec![], &header()).unwrap();
    for part in parts {
        match part {
            Part::Records(records) => writer.records(records),
            Part::File { path, mode, length } => writer.file(path, *mode, *length),
            Part::Bytes(bytes) => writer.bytes(bytes),
        }
        .unwrap();
    }
    writer.end().unwrap().0
}

fn read(bytes: &[u8]) -> Result<Vec<Part>, ReadError> {
    let (_, mut reader) = Reader::open(bytes)?;
    let mut parts = vec![];
    while let Some(part) = reader.next_part()? {
        parts.push(part);
    }
    Ok(parts)
}

fn some() -> Vec<Part> {
    vec![
        Part::Records(vec![record("a", Some(b"one")), record("b", None)]),
        Part::File {
            path: "identity/330825002000/sign.key".to_owned(),
            mode: 0o600,
            length: 6,
        },
        Part::Bytes(b"secret".to_vec()),
        Part::Records(vec![record("a", Some(b""))]),
        Part::File {
            path: "empty".to_owned(),
            mode: 0o644,
            length: 0,
        },
    ]
}

/// Reads a backup through its seal.
fn open(sealed: &[u8], opener: &Opener) -> Result<Vec<Part>, String> {
    let opened = opener.open(BufReader::new(sealed));
    let opened = opened.map_err(|error| error.to_string())?;
    let (_, mut reader) = Reader::open(opened).map_err(|error| error.to_string())?;
    let mut parts = vec![];
    while let Some(part) = reader.next_part().map_err(|error| error.to_string())? {
        parts.push(part);
    }
    Ok(parts)
}

fn sealed(sealer: &Sealer, plain: &[u8]) -> Vec<u8> {
    let mut sealing = sealer.seal(vec![]).unwrap();
    sealing.write_all(plain).unwrap();
    sealing.finish().unwrap()
}

#[test]
fn what_was_written_is_read_again_with_its_header_and_counts() {
    let plain = written(&some());
    let (found, mut reader) = Reader::open(&plain[..]).unwrap();
    assert_eq!(found, header());
    let mut parts = vec![];
    while let Some(part) = reader.next_part().unwrap() {
        parts.push(part);
    }
    assert_eq!(parts, some());
    let Totals {
        records,
        files,
        bytes,
    } = reader.totals();
    assert_eq!((records, files, bytes), (3, 2, 6));
    assert!(
        reader.next_part().unwrap().is_none(),
        "the end stays the end"
    );
}

#[test]
fn many_and_large_records_and_files_take_as_many_frames_as_they_need() {
    let large = vec![7; store::VALUE_LIMIT];
    let records: Vec<_> = (0..20)
        .map(|n| record(&format!("k{n}"), Some(&large)))
        .collect();
    let file = vec![9; 1_000_000];
    let mut writer = Writer::begin(vec![], &header()).unwrap();
    writer.records(&records).unwrap();
    writer
        .file(
            "store/files/330825002000/kept/ab/ab",
            0o600,
            file.len() as u64,
        )
        .unwrap();
    writer.bytes(&file).unwrap();
    let (plain, _) = writer.end().unwrap();
    let (mut found, mut bytes) = (vec![], vec![]);
    for part in read(&plain).unwrap() {
        match part {
            Part::Records(records) => found.extend(records),
            Part::Bytes(more) => bytes.extend(more),
            Part::File { .. } => {}
        }
    }
    assert_eq!((found, bytes), (records, file));
}

#[test]
fn a_backup_that_is_cut_anywhere_is_not_whole() {
    let plain = written(&some());
    for length in 0..plain.len() {
        let error = read(&plain[..length]).unwrap_err();
        let expected = match length {
            0..8 => matches!(error, ReadError::Foreign),
            _ => matches!(error, ReadError::Cut),
        };
        assert!(expected, "{length}: {error}");
    }
}

#[test]
fn a_changed_byte_anywhere_is_noticed_at_the_end_at_the_latest() {
    let plain = written(&some());
    for at in 0..plain.len() {
        for flip in [0x01, 0x80] {
            let mut changed = plain.clone();
            changed[at] ^= flip;
            assert!(read(&changed).is_err(), "{at} {flip}");
        }
    }
    let longer = [&plain[..], b"x"].concat();
    assert!(matches!(read(&longer), Err(ReadError::Damaged(_))));
}

#[test]
fn a_later_format_and_other_files_are_told_apart() {
    let later = Header {
        format: FORMAT + 1,
        ..header()
    };
    let (plain, _) = Writer::begin(vec![], &later).unwrap().end().unwrap();
    let error = read(&plain).unwrap_err();
    assert!(
        matches!(error, ReadError::Newer { found } if found == FORMAT + 1),
        "{error}"
    );
    let error = read(b"PK\x03\x04 something else altogether").unwrap_err();
    assert!(matches!(error, ReadError::Foreign), "{error}");
}

#[test]
fn no_file_lies_outside_of_the_directory() {
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "a/",
        "a\0b",
    ] {
        let mut writer = Writer::begin(vec![], &header()).unwrap();
        let Ok(()) = writer.file(path, 0o600, 0) else {
            continue;
        };
        let (plain, _) = writer.end().unwrap();
        assert!(
            matches!(read(&plain), Err(ReadError::Damaged(_))),
            "{path:?}"
        );
    }
}

#[test]
fn whoever_gives_up_says_why() {
    let writer = Writer::begin(vec![], &header()).unwrap();
    let plain = writer.fail("the record `x` is damaged").unwrap();
    let error = read(&plain).unwrap_err();
    assert_eq!(error.to_string(), "the record `x` is damaged");
}

#[test]
fn a_file_of_another_length_than_was_said_is_not_written() {
    let mut writer = Writer::begin(vec![], &header()).unwrap();
    writer.file("a", 0o600, 3).unwrap();
    assert!(writer.bytes(b"four").is_err());
    let mut writer = Writer::begin(vec![], &header()).unwrap();
    writer.file("a", 0o600, 3).unwrap();
    writer.bytes(b"tw").unwrap();
    assert!(writer.end().is_err());
}

#[test]
fn a_key_opens_what_was_sealed_for_it_and_no_other_does() {
    let (ours, theirs) = (KeyPair::draw(), KeyPair::draw());
    let recipients = format!(
        "# the county's\n{}\n\n{} # spare\n",
        ours.recipient(),
        KeyPair::draw().recipient()
    );
    let sealer = Sealer::for_recipients_of(&recipients).unwrap();
    let file = sealed(&sealer, &written(&some()));
    assert_eq!(
        open(&file, &Opener::keys_of(&ours.file()).unwrap()).unwrap(),
        some()
    );
    let refused = open(&file, &Opener::keys_of(&theirs.file()).unwrap()).unwrap_err();
    assert!(refused.contains("none of the keys"), "{refused}");
    let refused = open(&file, &Opener::passphrase_of("a passphrase\n").unwrap()).unwrap_err();
    assert!(refused.contains("--identity-file"), "{refused}");
    let refused = open(b"something else", &Opener::keys_of(&ours.file()).unwrap()).unwrap_err();
    assert!(refused.contains("not a backup"), "{refused}");
    assert!(sealer.opener().is_none());
}

#[test]
fn a_passphrase_opens_what_was_sealed_with_it_and_no_other_does() {
    let sealer = Sealer::with_passphrase_of("correct horse battery\nsecond line\n").unwrap();
    let file = sealed(&sealer, &written(&some()));
    assert_eq!(open(&file, &sealer.opener().unwrap()).unwrap(), some());
    let refused = open(&file, &Opener::passphrase_of("correct horse\n").unwrap()).unwrap_err();
    assert!(refused.contains("passphrase does not open"), "{refused}");
    let key = Opener::keys_of(&KeyPair::draw().file()).unwrap();
    let refused = open(&file, &key).unwrap_err();
    assert!(refused.contains("--passphrase-file"), "{refused}");
    assert_eq!(
        Sealer::with_passphrase_of("short\n").err(),
        Some(BadKey::Short)
    );
    assert_eq!(Sealer::with_passphrase_of("\nx").err(), Some(BadKey::Empty));
}

#[test]
fn a_sealed_backup_that_is_cut_or_changed_is_refused_with_the_cause() {
    let pair = KeyPair::draw();
    let opener = Opener::keys_of(&pair.file()).unwrap();
    let sealer = Sealer::for_recipients([pair.recipient().as_str()]).unwrap();
    let mut parts = some();
    parts.push(Part::Records(vec![record("c", Some(&[5; 60_000])); 4]));
    let file = sealed(&sealer, &written(&parts));
    assert_eq!(open(&file, &opener).unwrap(), parts);
    for length in (0..file.len()).step_by(9_001) {
        assert!(open(&file[..length], &opener).is_err(), "{length}");
    }
    let cut = open(&file[..file.len() - 70_000], &opener).unwrap_err();
    assert!(cut.contains("cut off") || cut.contains("damaged"), "{cut}");
    let some = (0..400).step_by(37);
    for at in some.chain((400..file.len()).step_by(20_011)) {
        let mut changed = file.clone();
        changed[at] ^= 0x10;
        assert!(open(&changed, &opener).is_err(), "{at}");
    }
}

#[test]
fn keys_that_are_none_are_named() {
    let private = KeyPair::draw();
    let file = private.file();
    let secret = file.lines().nth(1).unwrap();
    assert_eq!(
        Sealer::for_recipients([secret]).err(),
        Some(BadKey::Private)
    );
    let wrong = Sealer::for_recipients(["ssh-ed25519 AAAA"]).err();
    assert!(matches!(wrong, Some(BadKey::Recipient(text)) if text.starts_with("ssh-")));
    assert_eq!(
        Sealer::for_recipients_of("# none\n").err(),
        Some(BadKey::NoRecipient)
    );
    assert_eq!(Opener::keys_of("").err(), Some(BadKey::NoIdentity));
    assert_eq!(
        Opener::keys_of("# one\nage1xyz\n").err(),
        Some(BadKey::Identity(2))
    );
}

fn part() -> impl Strategy<Value = Vec<Part>> {
    let key = prop::collection::vec(any::<u8>(), 0..40);
    let value = prop::option::of(prop::collection::vec(any::<u8>(), 0..200));
    let record = (any::<bool>(), key, value).prop_map(|(first, key, value)| Copied {
        shard: if first { "33" } else { "330825002222" }.parse().unwrap(),
        key: key.into(),
        value: value.map(Bytes::from),
    });
    let records =
        prop::collection::vec(record, 1..20).prop_map(|records| vec![Part::Records(records)]);
    let path = "[a-z.]{3,9}(/[a-z0-9]{1,9}){0,3}"
        .prop_filter("a name", |path| path.split('/').all(|part| part != ".."));
    let file = (
        path,
        0_u32..0o777,
        prop::collection::vec(any::<u8>(), 0..300),
    )
        .prop_map(|(path, mode, bytes)| {
            let length = bytes.len() as u64;
            let mut parts = vec![Part::File { path, mode, length }];
            if !bytes.is_empty() {
                parts.push(Part::Bytes(bytes));
            }
            parts
        });
    prop_oneof![records, file]
}

proptest! {
    #[test]
    fn any_parts_are_read_as_they_were_written(parts in prop::collection::vec(part(), 0..12)) {
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        prop_assert_eq!(read(&written(&parts)).unwrap(), parts);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(read(&bytes));
        // Behind a sound beginning, too.
        let begun = Writer::begin(vec![], &header()).unwrap().fail("").unwrap();
        let begun = &begun[..begun.len() - 5];
        drop(read(&[begun, &bytes].concat()));
    }
}
