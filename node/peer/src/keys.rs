//! Key statements that concern a node: stores them, raises alarms for those that need attention,
//! and countersigns.

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::{AlarmKind, details},
    ids::KeyId,
    saying::Saying,
};
use identity::{Endorser, Identity, KeyRing, SignedKeyStatement, Vouched};
use office::{Aborted, CountersignRefusal, Failed, Office, Stated, concerns};
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
