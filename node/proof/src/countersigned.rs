//! Countersignatures of the head in a receipt: each is an envelope that a division above signed with its own key.

use domain::{
    envelope::Payload,
    heads::{Verdict, WITNESSES, Witnesses},
    receipt::{Check, Finding, What},
    saying::Saying,
};
use identity::KeyRing;
use log::{Checkpoint, Cosignature, WitnessKey};
use topology::{DivisionCode, Tree};

use super::{Manifest, WordText, array, log::LogText, told, verify::check_proof};

/// Checks the countersignatures of a head, and says which of those that there should be are missing.
pub(super) fn check(
    manifest: &Manifest,
    text: &LogText,
    head: &Checkpoint,
    (ring, tree): (&KeyRing, &Tree),
) -> Vec<Check> {
    let what = What::Countersignature;
    let witnesses = Witnesses::of(manifest.exported_by, tree);
    let mut checks = vec![];
    for word in &text.countersigned {
        let by = word.proof.author;
        checks.push(match one(word, manifest, head, ring) {
            Ok(_) if !witnesses.contains(by) => Check::failed(what, Some(by), told::no_witness()),
            Ok((time, _)) => {
                let detail = told::countersigned(head.size(), when(time));
                Check::ok(what, Some(by), detail)
            }
            Err(why) => Check::failed(what, Some(by), why),
        });
    }
    let open = missing(manifest.exported_by, &checks, &text.beside, tree);
    checks.extend(open);
    checks
}

/// Returns the keys of those who countersigned a head, as their envelopes state them.
pub(super) fn keys(
    manifest: &Manifest,
    text: &LogText,
    head: &Checkpoint,
    ring: &KeyRing,
) -> Vec<(DivisionCode, WitnessKey)> {
    let words = text.countersigned.iter();
    let keys = words.filter_map(|word| {
        let (_, key) = one(word, manifest, head, ring).ok()?;
        Some((word.proof.author, key))
    });
    keys.collect()
}

/// Says who else should have countersigned the head of a division's log, and what the countersignatures that hold
/// leave open. `beside` run in the process of the division itself.
pub(super) fn missing(
    division: DivisionCode,
    checks: &[Check],
    beside: &[DivisionCode],
    tree: &Tree,
) -> Vec<Check> {
    let what = What::Countersignature;
    let (about, witnesses) = (Some(division), Witnesses::of(division, tree));
    let signed = signers(checks);
    let mut open = vec![];
    let (above, below) = witnesses.missing(&signed);
    for by in &above {
        let detail = told::pending(division);
        open.push(Check::not_checked(what, Some(*by), detail));
    }
    if below > 0 {
        let detail = told::pending_below(below, division);
        open.push(Check::not_checked(what, about, detail));
    }
    if above.is_empty() && below == 0 {
        if witnesses.enough() < WITNESSES {
            let detail = told::few_witnesses(witnesses.enough());
            open.push(Check::not_checked(what, about, detail));
        }
        if !signed.iter().all(|by| beside.contains(by)) {
            open.push(Check::not_checked(what, about, told::hosts_unknown()));
        }
    }
    for by in signed.iter().filter(|by| beside.contains(by)) {
        let detail = told::same_process(division);
        open.push(Check::not_checked(what, Some(*by), detail));
    }
    open
}

/// Returns those whose countersignature holds.
fn signers(checks: &[Check]) -> Vec<DivisionCode> {
    let is_signed =
        |check: &&Check| (check.what, check.finding) == (What::Countersignature, Finding::Ok);
    let signed = checks.iter().filter(is_signed);
    signed.filter_map(|check| check.about).collect()
}

/// Returns whether all who should countersign the head of a division's log did; true also if nobody else has a node.
pub(super) fn is_complete(division: DivisionCode, checks: &[Check], tree: &Tree) -> bool {
    let (above, below) = Witnesses::of(division, tree).missing(&signers(checks));
    above.is_empty() && below == 0
}

/// Checks one countersignature; returns its time and key.
fn one(
    word: &WordText,
    manifest: &Manifest,
    head: &Checkpoint,
    ring: &KeyRing,
) -> Result<(u64, WitnessKey), Saying> {
    let proof = word.proof.read().ok_or_else(told::proof_malformed)?;
    let bytes = &word.envelope.0;
    check_proof(&proof, bytes, ring)?;
    let envelope = wire::decode_envelope(bytes).map_err(told::unread)?;
    let statement = &proof.statement;
    let network: [u8; 16] = array(&manifest.network).ok_or_else(told::log_field)?;
    if statement.author != envelope.author
        || statement.epoch != envelope.epoch.id
        || statement.network.0 != network
    {
        return Err(told::not_its_author());
    }
    let Payload::Countersignature(answer) = envelope.payload else {
        return Err(told::no_countersignature(envelope.payload.name()));
    };
    let Verdict::Cosigned {
        key,
        size,
        root,
        signed,
    } = answer.verdict
    else {
        return Err(told::no_countersignature("refusal"));
    };
    let same = answer.log == log::name::digest(head.origin());
    if !same || (size, &root) != (head.size(), head.root()) {
        return Err(told::other_head());
    }
    let key: WitnessKey = key.parse().map_err(told::log_key)?;
    if !log::name::is_witness_of(key.name(), envelope.author, &network) {
        return Err(told::other_witness(key.name()));
    }
    let cosignature = Cosignature {
        time: signed.time,
        signature: signed.signature,
    };
    match key.verifies(head, &cosignature) {
        true => Ok((signed.time, key)),
        false => Err(told::countersignature_wrong()),
    }
}

/// Writes seconds since 1970 as a moment in universal time.
pub(super) fn when(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let at = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    at.map_or_else(
        || format!("{seconds} s"),
        |at| {
            let (date, clock) = (at.date(), at.time());
            let (hour, minute, second) = clock.as_hms();
            format!("{date} {hour:02}:{minute:02}:{second:02} UTC")
        },
    )
}
