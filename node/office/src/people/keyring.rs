//! API keys: the permissions of other programs.

use std::collections::BTreeSet;

use domain::{
    audit::Subject,
    people::{ApiKey, ApiKeyId, BadApiKey, Permission},
    suite::Digest,
    time::Timestamp,
};
use records::table::Table;
use topology::DivisionCode;

use super::{PeopleRefusal, Token, TokenKind};
use crate::{Failed, Fault, RequestContext, services::People, tables};

/// The most keys of one node, including ended ones.
const MOST_KEYS: usize = 1_000;

const DAY_MS: i64 = 86_400_000;

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its purpose.
    pub name: String,
    /// The permissions of the program.
    pub permissions: BTreeSet<Permission>,
    /// The division it acts in; this node's if left out.
    pub division: Option<DivisionCode>,
    /// Days for which it is valid, 1 to [`ApiKey::MOST_DAYS`].
    pub days: u32,
}

impl People<'_> {
    /// Makes a key; its token is shown once.
    pub async fn make_key(
        self,
        new: NewKey,
        by: impl Into<RequestContext>,
    ) -> Result<(ApiKey, Token), Failed<PeopleRefusal>> {
        let division = new.division.unwrap_or(self.me);
        if !self.dependencies.tree.contains(self.me, division) {
            return Err(PeopleRefusal::Elsewhere(division, self.me).into());
        }
        if !(1..=ApiKey::MOST_DAYS).contains(&new.days) {
            return Err(PeopleRefusal::Key(BadApiKey::Life).into());
        }
        let token = self.new_token(TokenKind::Key);
        let random = u128::from_be_bytes(self.dependencies.entropy.bytes());
        let id = ApiKeyId(((random >> 64) as u64).to_be_bytes());
        let mut unit = self.begin(by).await?;
        let key = ApiKey {
            id,
            name: new.name,
            permissions: new.permissions,
            division,
            made_at: unit.now,
            expires_at: Timestamp(unit.now.0 + i64::from(new.days) * DAY_MS),
            revoked_at: None,
        };
        key.check().map_err(PeopleRefusal::Key)?;
        let known = unit.view.scan(tables::ApiKeys::all(), MOST_KEYS).await?;
        let known = known.len();
        if known >= MOST_KEYS {
            return Err(PeopleRefusal::TooManyKeys(known).into());
        }
        let permissions: Vec<_> = key
            .permissions
            .iter()
            .map(|permission| permission.code())
            .collect();
        unit.subject = Some(Subject::Key(key.id));
        unit.detail = Some(permissions.join(", "));
        let at = token.digest(self.dependencies.suite);
        unit.view.put::<tables::ApiKeys>(&at, &key);
        unit.commit().await?;
        Ok((key, token))
    }

    /// Returns all keys, in the order in which they were made.
    pub async fn api_keys(self) -> Result<Vec<ApiKey>, Fault> {
        let mut keys: Vec<_> = self
            .stored_keys()
            .await?
            .into_iter()
            .map(|(_, key)| key)
            .collect();
        keys.sort_by_key(|key| (key.made_at, key.id));
        Ok(keys)
    }

    /// Revokes a key. A revoked key stays revoked.
    pub async fn revoke_key(
        self,
        id: ApiKeyId,
        by: impl Into<RequestContext>,
    ) -> Result<ApiKey, Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let mut stored = self.stored_keys().await?.into_iter();
        let found = stored.find(|(_, key)| key.id == id);
        let (at, mut key) = found.ok_or_else(|| PeopleRefusal::NoKey(id.to_string()))?;
        key.revoked_at.get_or_insert(unit.now);
        unit.subject = Some(Subject::Key(id));
        unit.detail = Some("taken back".to_owned());
        unit.view.put::<tables::ApiKeys>(&at, &key);
        unit.commit().await?;
        Ok(key)
    }

    async fn stored_keys(self) -> Result<Vec<(Digest, ApiKey)>, Fault> {
        self.list(tables::ApiKeys::all(), usize::MAX).await
    }
}
