//! Key statements that concern a node: stores them, raises alarms for those that need attention,
//! and countersigns.

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    ids::KeyId,
    saying::Saying,
};
use identity::{Endorser, Identity, KeyRefusal, KeyRing, SignedKeyStatement, Vouched};
use office::{Aborted, CountersignRefusal, Failed, Office, RefusalReason, Stated, concerns};
use topology::DivisionCode;

/// The state of a stated key at this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The parties that vouch for it; `None` if it does not count.
    pub vouched: Option<Vouched>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Returns the current state of a stated key.
pub fn standing(keys: &KeyRing, stated: &Stated) -> Standing {
    Standing {
        vouched: keys.vouched(stated.division, stated.key),
        revoked: keys.revoked().holds(stated.division, stated.key),
    }
}

/// Key statements that no honest neighbour shows, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotAdmitted(pub(crate) String);

impl RefusalReason for NotAdmitted {}

/// Why the key with which a neighbour speaks does not count.
pub(crate) enum NoKey {
    /// It was revoked.
    Revoked,
    /// It is not stated, or those who must vouch for it did not.
    Refused(String),
}

/// Checks that the key of a neighbour counts: it is not revoked, and those who must vouch for it have done so. Returns it.
pub(crate) fn check_own(
    office: &Office,
    keys: &KeyRing,
    peer: DivisionCode,
    own: Option<&Bytes>,
) -> Result<KeyId, NoKey> {
    let refused = |why: &str| NoKey::Refused(why.to_owned());
    let own = own.and_then(|bytes| SignedKeyStatement::decode(bytes).ok());
    let own = own.ok_or_else(|| refused("it shows no statement of its own key"))?;
    let statement = own.statement().ok();
    let statement = statement.filter(|statement| statement.division == peer);
    let statement =
        statement.ok_or_else(|| refused("the first statement it shows is not of its own key"))?;
    let id = statement.key_id();
    if keys.revoked().holds(peer, id) {
        return Err(NoKey::Revoked);
    }
    if keys.knows(peer, id) {
        return Ok(id);
    }
    match keys.admit(&[own], office.tree()) {
        Ok(()) => Ok(id),
        Err(refusal) => Err(NoKey::Refused(refusal.to_string())),
    }
}

/// Adds key statements to the ring, and stores those that are new or concern this node. If
/// `all`, known ones are stored too: with many nodes in a process, the ring knows statements
/// this node was never shown.
///
/// # Errors
/// [`NotAdmitted`], or an error of the store.
pub(crate) async fn admit(
    (office, identity, keys): (&Office, &Identity, &KeyRing),
    statements: &[Bytes],
    from: DivisionCode,
    all: bool,
) -> Result<(), Failed<NotAdmitted>> {
    let mut read = vec![];
    for bytes in statements {
        let unread = |error: identity::StatementError| NotAdmitted(error.to_string());
        let signed = SignedKeyStatement::decode(bytes).map_err(unread)?;
        let statement = signed.statement().map_err(unread)?;
        read.push((statement, signed, bytes));
    }
    // Statements that others depend on come first.
    read.sort_by_key(|(statement, ..)| (statement.division.tier() as u8, statement.serial));
    let (me, tree) = (office.me(), office.tree());
    let (mut new, mut shown) = (vec![], vec![]);
    for (statement, signed, bytes) in read {
        let (division, id) = (statement.division, statement.key_id());
        let known = keys.knows(division, id);
        let mut refused = None;
        if !known {
            match keys.admit(std::slice::from_ref(&signed), tree) {
                Ok(()) => new.push((division, id, bytes.clone())),
                Err(refusal) if refusal.may_be_honest() => {
                    // Envelopes signed with that key are refused.
                    tracing::warn!(division = %me, %refusal, "key not taken");
                    if !refusal.was_stated() {
                        continue;
                    }
                    refused = Some(refusal);
                }
                Err(refusal) => return Err(NotAdmitted(refusal.to_string()).into()),
            }
        }
        if (all || !known) && concerns(me, division, tree) {
            shown.push(Stated {
                division,
                key: id,
                serial: statement.serial,
                endorsed: signed.endorsement.is_some(),
                bytes: bytes.clone(),
                refused: refused.map(|refusal: KeyRefusal| refusal.to_string()),
                from: Some(from),
                heard: office.now(),
            });
        }
    }
    if !new.is_empty() {
        office.templates().keep_keys(new).await?;
    }
    Ok(note(office, identity, keys, shown).await?)
}

/// Stores statements that concern a node, and raises alarms for those that need attention.
///
/// # Errors
/// An error of the store.
pub async fn note(
    office: &Office,
    identity: &Identity,
    keys: &KeyRing,
    shown: Vec<Stated>,
) -> Result<(), Aborted> {
    let me = office.me();
    for stated in office.keys().keep_statements(shown).await? {
        let Stated {
            division,
            key,
            serial,
            ref refused,
            from,
            ..
        } = stated;
        let own = |signed: &SignedKeyStatement| {
            let statement = signed.statement();
            statement.is_ok_and(|statement| statement.key_id() == key)
        };
        let from = from.map_or_else(details::own_files, Saying::foreign);
        let what = details::key_shown(key, serial, from);
        if division == me && !identity.key_chain().iter().any(own) {
            let raised = office
                .alarms()
                .raise(AlarmKind::KeyNotMine, Some(division), &what);
            raised.await?;
        } else if let Some(reason) = refused {
            let what = details::key_refused(what, reason);
            let raised = office
                .alarms()
                .raise(AlarmKind::KeyRefused, Some(division), &what);
            raised.await?;
        } else if let Some(vouched) = keys.vouched(division, key) {
            if vouched.without_the_old_key() {
                let raised =
                    office
                        .alarms()
                        .raise(AlarmKind::KeyCountersigned, Some(division), &what);
                raised.await?;
            }
            settle(office, keys, division).await?;
        }
    }
    Ok(())
}

/// Settles the alarm about refused keys of a division once each of its stated keys counts.
async fn settle(office: &Office, keys: &KeyRing, division: DivisionCode) -> Result<(), Aborted> {
    let all = office.keys().statements_about(division).await?;
    let mut of_it = all.iter().filter(|stated| stated.division == division);
    match of_it.all(|stated| stated.refused.is_none() || keys.knows(division, stated.key)) {
        true => {
            office
                .alarms()
                .settle(AlarmKind::KeyRefused, Some(division))
                .await
        }
        false => Ok(()),
    }
}

/// Returns the statements in a node's own files that concern it: of its own keys, and of those it
/// stated for its children.
pub fn of_files(office: &Office, keys: &KeyRing, statements: &[SignedKeyStatement]) -> Vec<Stated> {
    let mut found = vec![];
    for signed in statements {
        let Ok(statement) = signed.statement() else {
            continue;
        };
        let (division, key) = (statement.division, statement.key_id());
        if !concerns(office.me(), division, office.tree()) {
            continue;
        }
        let admitted = match keys.knows(division, key) {
            true => Ok(()),
            false => keys.admit(std::slice::from_ref(signed), office.tree()),
        };
        found.push(Stated {
            division,
            key,
            serial: statement.serial,
            endorsed: signed.endorsement.is_some(),
            bytes: Bytes::from(signed.encode()),
            refused: admitted.err().map(|refusal| refusal.to_string()),
            from: None,
            heard: office.now(),
        });
    }
    found
}

/// Countersigns a later key of a division two tiers below. Its parent stated the key and its
/// previous key did not endorse it. `key` may be omitted if only one is waiting.
///
/// # Errors
/// [`CountersignRefusal`], or an error of the store.
pub async fn countersign(
    (office, identity, keys): (&Office, &Identity, &KeyRing),
    (division, key): (DivisionCode, Option<KeyId>),
    actor: &Actor,
) -> Result<Stated, Failed<CountersignRefusal>> {
    let (me, tree) = (office.me(), office.tree());
    let parent = tree.parent(division);
    if parent.and_then(|parent| tree.parent(parent)) != Some(me) {
        return Err(CountersignRefusal::NotBelow(division).into());
    }
    let mut waiting: Vec<_> = office.keys().statements().await?;
    waiting.retain(|stated| {
        stated.division == division
            && key.is_none_or(|key| key == stated.key)
            && !keys.knows(division, stated.key)
    });
    let stated = match &waiting[..] {
        [] => return Err(CountersignRefusal::Nothing(division).into()),
        [only] => only,
        _ => return Err(CountersignRefusal::Several(division).into()),
    };
    let refused = |why: String| CountersignRefusal::DoesNotHold(division, why);
    let signed = SignedKeyStatement::decode(&stated.bytes).map_err(|e| refused(e.to_string()))?;
    let signed = signed
        .endorse(Endorser::Grandparent, &**identity.signer())
        .await
        .map_err(|error| refused(error.to_string()))?;
    let admitted = keys.admit(std::slice::from_ref(&signed), tree);
    admitted.map_err(|error| refused(error.to_string()))?;
    let bytes = Bytes::from(signed.encode());
    let kept = (division, stated.key, bytes.clone());
    office.templates().keep_keys(vec![kept]).await?;
    let stated = Stated {
        endorsed: true,
        bytes,
        refused: None,
        from: None,
        heard: office.now(),
        ..stated.clone()
    };
    tracing::warn!(division = %me, of = %division, key = %stated.key, ?actor, "key countersigned");
    note(office, identity, keys, vec![stated.clone()]).await?;
    Ok(stated)
}
