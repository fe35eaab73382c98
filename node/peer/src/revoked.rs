//! Effects of a revoked key in this process: nothing it vouches for counts, and its links end.

use std::sync::Arc;

use domain::{
    ids::KeyId,
    revocation::{Reason, Revocation},
};
use identity::KeyRing;
use office::{Failed, Office, RequestContext, RevokeRefusal};
use topology::DivisionCode;

use super::session::Links;

/// Revokes one key of a child, or all that still count.
///
/// # Errors
/// [`RevokeRefusal`], or an error of the store.
pub async fn revoke(
    (office, keys, links): (&Office, &KeyRing, &Links),
    (child, only): (DivisionCode, Option<KeyId>),
    reason: Reason,
    by: impl Into<RequestContext>,
) -> Result<Vec<Arc<Revocation>>, Failed<RevokeRefusal>> {
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
            .keys()
            .revoke((child, key), vouched, reason, by.clone())
            .await?;
        links.enforce(&revocation, keys);
        revoked.push(revocation);
    }
    Ok(revoked)
}
