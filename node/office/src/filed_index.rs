//! What programs of other makers ask at the filed_index: the policy in force, what a key filed, and what an
//! official published. Two indexes by the moment of the report, so that no list reads every matter.

use std::sync::Arc;

use bytes::Bytes;
use domain::{ids::MatterId, matter::Matter, people::ApiKeyId, policy::Policy, time::Timestamp};
use store::{Range, record};

use super::{Office, OfficeError, keys, unit_of_work::UnitOfWork};

/// Whose matters are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiledBy {
    /// Those an official published.
    Published,
    /// Those a program filed with this key.
    FiledWith(ApiKeyId),
}

impl FiledBy {
    fn prefix(self) -> Vec<u8> {
        match self {
            Self::Published => keys::PUBLISHED.to_vec(),
            Self::FiledWith(key) => [keys::FILED, &key.0].concat(),
        }
    }

    fn key(self, reported: Timestamp, id: MatterId) -> Bytes {
        keys::on_rack(&self.prefix(), reported, id)
    }
}

impl UnitOfWork<'_> {
    /// Keeps what was published where the public finds it.
    pub(super) fn rack(&mut self, matter: &Matter) {
        if matter.published() {
            let key = FiledBy::Published.key(matter.reported_at(), matter.id);
            self.view.put(key, record::write(&()));
        }
    }

    /// Notes with which key a matter was filed.
    pub(super) fn note_filer(&mut self, matter: &Matter, key: ApiKeyId) {
        let key = FiledBy::FiledWith(key).key(matter.reported_at(), matter.id);
        self.view.put(key, record::write(&()));
    }
}

impl Office {
    /// The policy in force here.
    ///
    /// # Errors
    /// [`OfficeError`] if the store does not answer.
    pub async fn policy_in_force(&self) -> Result<Arc<Policy>, OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        let policy = self.effective_policy(&mut view).await?;
        view.wait_durable().await?;
        Ok(policy)
    }

    /// Matters of a program that were reported from one moment to another, both included, the latest
    /// first, at most `most`.
    ///
    /// # Errors
    /// [`OfficeError`] if the store does not answer.
    pub async fn on_rack(
        &self,
        rack: FiledBy,
        (from, to): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Vec<(Timestamp, MatterId)>, OfficeError> {
        let prefix = rack.prefix();
        let after = Timestamp(to.0.max(0).saturating_add(1));
        let range = Range::between(
            keys::rack_from(&prefix, from),
            keys::rack_from(&prefix, after),
        );
        let store = &self.dependencies.store;
        let seen = store.scan(self.me, range, most, true).await?;
        store.wait_durable(seen.generation).await?;
        let found = seen.value.iter();
        Ok(found
            .filter_map(|(key, _)| keys::racked(&key[prefix.len()..]))
            .collect())
    }

    /// Whether a matter was filed here with this key.
    ///
    /// # Errors
    /// [`OfficeError`] if the store does not answer.
    pub async fn is_filed_with(&self, key: ApiKeyId, matter: &Matter) -> Result<bool, OfficeError> {
        let key = FiledBy::FiledWith(key).key(matter.reported_at(), matter.id);
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &key).await?;
        store.wait_durable(seen.generation).await?;
        Ok(seen.value.is_some())
    }
}
