//! What a revoked key means at this process: nothing it vouches for is believed, and its links end.

use std::sync::Arc;

use domain::{
    ids::KeyId,
    revocation::{Reason, Revocation},
};
use identity::KeyRing;
use office::{Office, OfficeError, RequestContext, RevokeRefusal};
use topology::DivisionCode;

use super::session::Links;

/// Holds to a revocation from now on. Whether it is durable does not matter here: it is not forgotten
/// before the process ends.
pub fn enforce(keys: &KeyRing, links: &Links, revocation: &Revocation) {
    keys.revoked().note(revocation);
    if keys.has_fallen(revocation.division) {
        links.leave(revocation.division);
    }
}

/// Revokes a key of a child, or every one that still counts.
///
/// # Errors
/// [`RevokeRefusal`], or the store's.
pub async fn revoke(
    (office, keys, links): (&Office, &KeyRing, &Links),
    (child, only): (DivisionCode, Option<KeyId>),
    reason: Reason,
    by: impl Into<RequestContext>,
) -> Result<Vec<Arc<Revocation>>, OfficeError> {
    if office.tree().parent(child) != Some(office.me()) {
        return Err(RevokeRefusal::NotAChild(child).into());
    }
    let mut standing = keys.standing(child);
    standing.retain(|key| only.is_none_or(|only| only == *key));
    if standing.is_empty() {
        return Err(RevokeRefusal::NoKey(child).into());
    }
    let by = by.into();
    let mut revoked = vec![];
    for key in standing {
        let vouched = keys.vouched_with(child, key);
        let revocation = office
            .revoke((child, key), vouched, reason, by.clone())
            .await?;
        enforce(keys, links, &revocation);
        revoked.push(revocation);
    }
    Ok(revoked)
}
