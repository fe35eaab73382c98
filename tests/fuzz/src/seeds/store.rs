//! Records, and segments of the redo log.

use ::store::Copied;
use backup::{Header, Source, Writer};
use bytes::BufMut;
use topology::DivisionCode;

use super::golden;

/// Each golden record after the place of its table.
pub(crate) fn records() -> Vec<Vec<u8>> {
    let tables = crate::store::tables();
    let place = |key: &[u8]| tables.iter().position(|table| (table.has)(key));
    let records = golden().into_iter().filter_map(|(key, value)| {
        let place = u8::try_from(place(&key)?).ok()?;
        Some([&[place], &value[..]].concat())
    });
    records.collect()
}

/// Segments of a log with golden records as their writes: whole, ended, torn.
pub(crate) fn segments() -> Vec<Vec<u8>> {
    const SEGMENT_HEADER: usize = 64;
    const BEFORE_LENGTH: usize = 4;
    const AFTER_LENGTH: usize = 40;
    let shard = 330_825_002_222_u64.to_be_bytes();
    let mut segment = vec![0; SEGMENT_HEADER];
    for group in golden().chunks(7).take(6) {
        let mut writes = vec![];
        for (key, value) in group {
            writes.put_u16((shard.len() + key.len()) as u16);
            writes.put_u32(value.len() as u32);
            writes.extend([&shard[..], key, value].concat());
        }
        // The first key once more, deleted.
        writes.put_u16((shard.len() + group[0].0.len()) as u16);
        writes.put_u32(u32::MAX);
        writes.extend([&shard[..], &group[0].0].concat());
        segment.put_bytes(0, BEFORE_LENGTH);
        segment.put_u32(writes.len() as u32);
        segment.put_bytes(0, AFTER_LENGTH);
        segment.extend(writes);
    }
    let segment = store::fuzzing::mend(&segment);
    let ended = [&segment[..], &[0; 48]].concat();
    let padded = [&segment[..], &[0; 512]].concat();
    let torn = segment[..segment.len() - 33].to_vec();
    vec![ended, padded, torn, vec![0; SEGMENT_HEADER], segment]
}

/// Plaintexts of backups with golden records and a few files: whole, empty, given up.
pub(crate) fn backups() -> Vec<Vec<u8>> {
    let division = DivisionCode::from_u64(330_825_002_222).expect("a village");
    let header = Header {
        format: backup::FORMAT,
        program: "0.1.0".to_owned(),
        network: "ab".repeat(16),
        zone: "zj.example".to_owned(),
        made_ms: 1_700_000_000_000,
        running: true,
        divisions: vec![Source::of(division, None)],
    };
    let begin = || Writer::begin(vec![], &header).expect("it is written to memory");
    let records = |some: &[(Vec<u8>, Vec<u8>)]| -> Vec<Copied> {
        let record = |(key, value): &(Vec<u8>, Vec<u8>)| Copied {
            shard: division,
            key: key.clone().into(),
            value: (!value.is_empty()).then(|| value.clone().into()),
        };
        some.iter().map(record).collect()
    };
    let whole = |writer: Writer<Vec<u8>>| writer.end().expect("it is written to memory").0;
    let mut full = begin();
    for group in golden().chunks(9).take(5) {
        full.file("identity/330825002222/tls.pem", 0o644, 4)
            .expect("it is written to memory");
        full.bytes(b"cert").expect("it is written to memory");
        full.records(&records(group))
            .expect("it is written to memory");
    }
    let given_up = begin()
        .fail("the record is damaged")
        .expect("it is written to memory");
    vec![whole(full), whole(begin()), given_up]
}
