//! API keys: what other programs may do.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{
    audit::Subject,
    people::{ApiKey, ApiKeyId, BadApiKey, Permission},
    time::Timestamp,
};
use store::{Range, record};
use topology::DivisionCode;

use super::{Token, TokenKind};
use crate::{Office, OfficeError, RequestContext, keys, people::PeopleError};

/// Keys of one node, those that ended included.
const MOST_KEYS: usize = 1_000;

const DAY_MS: i64 = 86_400_000;

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What the program may do.
    pub deeds: BTreeSet<Permission>,
    /// Where; this node's division if left out.
    pub division: Option<DivisionCode>,
    /// For how many days, 1 to [`ApiKey::MOST_DAYS`].
    pub days: u32,
}

impl Office {
    /// Makes a key; its token is shown once.
    pub async fn make_key(
        &self,
        new: NewKey,
        by: impl Into<RequestContext>,
    ) -> Result<(ApiKey, Token), OfficeError> {
        let division = new.division.unwrap_or(self.me);
        if !self.dependencies.tree.contains(self.me, division) {
            return Err(PeopleError::Elsewhere(division, self.me).into());
        }
        if !(1..=ApiKey::MOST_DAYS).contains(&new.days) {
            return Err(PeopleError::Key(BadApiKey::Life).into());
        }
        let token = self.new_token(TokenKind::Key);
        let random = u128::from_be_bytes(self.dependencies.entropy.bytes());
        let id = ApiKeyId(((random >> 64) as u64).to_be_bytes());
        let mut unit = self.begin(by).await?;
        let key = ApiKey {
            id,
            name: new.name,
            deeds: new.deeds,
            division,
            made_at: unit.now,
            expires_at: Timestamp(unit.now.0 + i64::from(new.days) * DAY_MS),
            revoked_at: None,
        };
        key.check().map_err(PeopleError::Key)?;
        let known = unit
            .view
            .scan(Range::prefix(keys::API_KEYS), MOST_KEYS, false)
            .await?
            .len();
        if known >= MOST_KEYS {
            return Err(PeopleError::TooManyKeys(known).into());
        }
        let deeds: Vec<_> = key.deeds.iter().map(|deed| deed.name()).collect();
        unit.subject = Some(Subject::Key(key.id));
        unit.detail = Some(deeds.join(", "));
        let at = keys::api_key(&token.digest(self.dependencies.suite));
        unit.view.put(at, record::write(&key));
        unit.commit().await?;
        Ok((key, token))
    }

    /// All keys, by when they were made.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, OfficeError> {
        let mut keys: Vec<_> = self
            .stored_keys()
            .await?
            .into_iter()
            .map(|(_, key)| key)
            .collect();
        keys.sort_by_key(|key| (key.made_at, key.id));
        Ok(keys)
    }

    /// Takes a key back. One that was taken back stays so.
    pub async fn revoke_key(
        &self,
        id: ApiKeyId,
        by: impl Into<RequestContext>,
    ) -> Result<ApiKey, OfficeError> {
        let mut unit = self.begin(by).await?;
        let mut stored = self.stored_keys().await?.into_iter();
        let found = stored.find(|(_, key)| key.id == id);
        let (at, mut key) = found.ok_or_else(|| PeopleError::NoKey(id.to_string()))?;
        key.revoked_at.get_or_insert(unit.now);
        unit.subject = Some(Subject::Key(id));
        unit.detail = Some("taken back".to_owned());
        unit.view.put(at, record::write(&key));
        unit.commit().await?;
        Ok(key)
    }

    async fn stored_keys(&self) -> Result<Vec<(Bytes, ApiKey)>, OfficeError> {
        let store = &self.dependencies.store;
        let range = Range::prefix(keys::API_KEYS);
        let seen = store.scan(self.me, range, usize::MAX, false).await?;
        store.wait_durable(seen.generation).await?;
        let keys = seen.value.into_iter();
        keys.map(|(at, bytes)| Ok((at, record::read(&bytes)?)))
            .collect()
    }
}
