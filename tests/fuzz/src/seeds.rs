//! Inputs made of what is elsewhere in this repository: golden records, examples, sample tables, the document of
//! the API.

mod documents;
mod identity;
mod log;
mod names;
mod requests;
mod store;
mod tables;
mod wire;

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::{record::Record, time::Timestamp};

pub(crate) use self::{
    documents::{configs, divisions, outlines, policies, templates},
    identity::{NETWORK, certificates, key_statements, receipts},
    log::public_logs,
    names::names,
    requests::{forms, json},
    store::{backups, records, segments},
    tables::{rows, tables, workbooks},
    wire::{any_envelope, bodies, courier_files, envelopes, frames, payloads},
};

/// When everything is read: in May 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_780_000_000_000);

/// What stands before the name of a part in the corpus of `table_workbook_parts`.
pub(crate) const PARTED: &str = "\n=== ";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(path: &str) -> Vec<u8> {
    let path = top().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder of the corpus, in order of their names.
pub(crate) fn corpus(target: &str) -> Vec<Vec<u8>> {
    folder(&format!("tests/fuzz/corpus/{target}"), "")
}

/// The files of a folder whose names end so, in order of their names.
fn folder(path: &str, end: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(top().join(path)) else {
        return vec![];
    };
    let paths = entries.map(|entry| entry.expect("a file").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("a file"))
        .collect()
}

pub(crate) fn none() -> Vec<Vec<u8>> {
    vec![]
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
    bytes.expect("hexadecimal digits")
}

/// Keys and values as they lay in the store of a small network.
fn golden() -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = include_str!("../../../node/office/src/tables/records.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .map(|(key, value)| (bytes(key), bytes(value)))
        .collect()
}

/// The golden records whose keys begin so.
fn recorded<T: Record>(begins: &[u8]) -> Vec<T> {
    let records = golden().into_iter();
    let tables = crate::store::tables();
    let table = tables.into_iter().find(|table| table.prefix == begins);
    let table = table.expect("a table has this prefix");
    let records = records.filter(|(key, _)| (table.has)(key));
    let read = records.filter_map(|(_, value)| ::store::record::read(&value).ok());
    read.collect()
}
