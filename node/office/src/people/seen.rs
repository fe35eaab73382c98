//! Until which step each account has seen matters, so that a list marks what is new to it.
//!
//! Only open matters are noted, so that no account has more notes than there are open matters. The notes of
//! closed ones are swept.

use std::collections::BTreeMap;

use domain::{ids::MatterId, people::AccountId, time::Timestamp};
use records::table::Table;

use crate::{Fault, services::People, tables};

impl People<'_> {
    /// Notes until which step an account has seen matters: the time of the last one that it was shown. Matters
    /// that are closed or not known here are left out. Nobody waits for the disk: after a crash a matter may look
    /// new again.
    ///
    /// # Errors
    /// The store's, such as when the disk is full.
    pub async fn note_seen(
        self,
        account: AccountId,
        shown: &[(MatterId, Timestamp)],
    ) -> Result<(), Fault> {
        let mut read = self.read()?;
        let mut view = self.tables();
        let mut any = false;
        for (id, at) in shown {
            let key = (account, *id);
            if read.get::<tables::SeenMatters>(&key).await? == Some(*at) {
                continue;
            }
            let docket = read.get::<tables::Dockets>(id).await?;
            if docket.is_some_and(|docket| !docket.matter.is_closed()) {
                view.put::<tables::SeenMatters>(&key, at);
                any = true;
            }
        }
        if any {
            let _not_awaited = view.submit().await?;
        }
        Ok(())
    }

    /// Returns until which step an account has seen these matters; those that it never saw are left out.
    ///
    /// # Errors
    /// The store's.
    pub async fn seen(
        self,
        account: AccountId,
        matters: impl IntoIterator<Item = MatterId>,
    ) -> Result<BTreeMap<MatterId, Timestamp>, Fault> {
        let mut read = self.read()?;
        let mut seen = BTreeMap::new();
        for id in matters {
            if let Some(at) = read.get::<tables::SeenMatters>(&(account, id)).await? {
                seen.insert(id, at);
            }
        }
        Ok(read.finish(seen).await?)
    }

    /// Forgets what was seen of matters that were closed since, or are no longer known. Asked for again and again.
    ///
    /// # Errors
    /// The store's.
    pub async fn sweep_seen(self) -> Result<(), Fault> {
        let seen = self.list(tables::SeenMatters::all(), usize::MAX).await?;
        let mut read = self.read()?;
        let mut over: BTreeMap<MatterId, bool> = BTreeMap::new();
        let mut view = self.tables();
        let mut any = false;
        for (key, _) in seen {
            let is_over = match over.get(&key.1) {
                Some(is_over) => *is_over,
                None => {
                    let docket = read.get::<tables::Dockets>(&key.1).await?;
                    let is_over = docket.is_none_or(|docket| docket.matter.is_closed());
                    over.insert(key.1, is_over);
                    is_over
                }
            };
            if is_over {
                view.delete::<tables::SeenMatters>(&key);
                any = true;
            }
        }
        if any {
            view.is_outcome();
            let _not_awaited = view.submit().await?;
        }
        Ok(())
    }
}
