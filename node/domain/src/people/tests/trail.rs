//! The audit trail: every change of it shows.

use super::*;
use crate::audit::{AuditEntry, AuditHead, BrokenTrail, Ending, Whence};

fn trail(length: u64) -> Vec<AuditEntry> {
    let mut head = AuditHead::EMPTY;
    let mut entries = vec![];
    for n in 1..=length {
        let entry = AuditEntry {
            n,
            at: Timestamp(n as i64),
            actor: Actor::Account(AccountId(1_000_007)),
            whence: Whence::Socket,
            permission: Some(Permission::Accept),
            subject: None,
            ending: Ending::Done,
            detail: None,
            suite: Suite::Ed25519Blake3,
            previous: head.digest,
        };
        head = head.and(&entry, &bytes(&entry), code("33")).unwrap();
        entries.push(entry);
    }
    entries
}

fn bytes(entry: &AuditEntry) -> Vec<u8> {
    serde_json::to_vec(entry).unwrap()
}

fn follow(entries: &[AuditEntry]) -> Result<AuditHead, BrokenTrail> {
    let mut head = AuditHead::EMPTY;
    for entry in entries {
        head = head.and(entry, &bytes(entry), code("33"))?;
    }
    Ok(head)
}

#[test]
fn an_entry_that_is_changed_dropped_moved_or_put_in_breaks_the_audit_trail() {
    let whole = trail(5);
    let end = follow(&whole).unwrap();
    assert_eq!(end.entries, 5);
    let mut changed = whole.clone();
    changed[1].permission = Some(Permission::Close);
    assert_eq!(follow(&changed), Err(BrokenTrail::Changed(2)));
    let mut last = whole.clone();
    last[4].at = Timestamp(99);
    assert_ne!(follow(&last).unwrap(), end, "the end shows it");
    let mut dropped = whole.clone();
    dropped.remove(2);
    assert_eq!(follow(&dropped), Err(BrokenTrail::Missing(3)));
    let mut moved = whole.clone();
    moved.swap(1, 2);
    assert!(follow(&moved).is_err());
    let mut renumbered = whole;
    renumbered.remove(2);
    renumbered[2].n = 3;
    assert_eq!(follow(&renumbered), Err(BrokenTrail::Changed(2)));
}
