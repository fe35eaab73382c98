//! Fuzz targets: every decoder that reads what somebody else wrote, each as a plain function over bytes that
//! asserts more than that nothing panics. What is read is written to the same bytes, or read again as the same
//! value; limits hold.
//!
//! They are run over a corpus and mutants of it by `tests/corpus.rs`, for longer by `wujitong-fuzz run`, and with
//! libFuzzer by what lies in `libfuzzer/`.

mod disclosures;
mod documents;
mod identity;
mod join;
mod log;
mod mutate;
mod names;
mod requests;
mod run;
mod seeds;
mod store;
mod tables;
mod wire;

pub use mutate::Mutator;
pub use run::{Failure, run, run_for, thread_time};

/// One decoder, or a few that read the same thing.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, which is also that of its folder in `corpus/`.
    pub name: &'static str,
    /// Reads the bytes; panics if something is wrong.
    pub read: fn(&[u8]),
    /// Gives inputs made of what is elsewhere in this repository.
    seeds: fn() -> Vec<Vec<u8>>,
    /// How many mutants a change has to pass.
    pub mutants: u32,
}

const fn target(
    name: &'static str,
    mutants: u32,
    seeds: fn() -> Vec<Vec<u8>>,
    read: fn(&[u8]),
) -> Target {
    Target {
        name,
        read,
        seeds,
        mutants,
    }
}

/// All targets.
pub const TARGETS: [Target; 30] = [
    target("wire_frame", 4_000, seeds::frames, wire::frame),
    target("wire_envelope", 4_000, seeds::envelopes, wire::envelope),
    target(
        "courier_file",
        4_000,
        seeds::courier_files,
        wire::courier_file,
    ),
    target("wire_payload", 4_000, seeds::payloads, wire::payload),
    target("wire_body", 4_000, seeds::bodies, wire::body),
    target(
        "key_statement",
        4_000,
        seeds::key_statements,
        identity::key_statement,
    ),
    target(
        "certificate",
        2_000,
        seeds::certificates,
        identity::certificate,
    ),
    target("invitation_text", 4_000, join::texts, join::text),
    target("join_message", 4_000, join::messages, join::message),
    target("receipt_file", 400, seeds::receipts, identity::receipt_file),
    target("receipt_words", 2_000, seeds::payloads, wire::words),
    target("public_log", 4_000, seeds::public_logs, log::public_log),
    target("record", 6_000, seeds::records, store::record),
    target("redo_segment", 1_000, seeds::segments, store::segment),
    target("redo_recovery", 60, seeds::segments, store::recovery),
    target("backup", 2_000, seeds::backups, store::backup),
    target("table_text", 400, seeds::tables, tables::text),
    target("table_workbook", 300, seeds::workbooks, tables::workbook),
    target(
        "table_workbook_parts",
        100,
        seeds::none,
        tables::workbook_parts,
    ),
    target(
        "disclosure_form",
        200,
        disclosures::forms,
        disclosures::form,
    ),
    target("import_row", 2_000, seeds::rows, tables::row),
    target("policy", 500, seeds::policies, documents::policy),
    target("template", 1_000, seeds::templates, documents::template),
    target("config", 300, seeds::configs, documents::config),
    target("topology", 1_000, seeds::divisions, documents::topology),
    target("outlines", 1_000, seeds::outlines, documents::outlines),
    target("names", 4_000, seeds::names, names::names),
    target("open311_form", 3_000, seeds::forms, requests::form),
    target("open311_parts", 1_000, seeds::none, requests::parts),
    target("http_json", 2_000, seeds::json, requests::json),
];

impl Target {
    /// Returns the target of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }

    /// Returns all inputs that mutants are made of: those made of what is elsewhere, then the files of the
    /// corpus in order of their names.
    pub fn inputs(&self) -> Vec<Vec<u8>> {
        let mut inputs = (self.seeds)();
        inputs.extend(seeds::corpus(self.name));
        inputs
    }
}
