//! What programs of other makers ask at the filed_index: the policy in force, what a key filed, and what an
//! official published. Two indexes by the moment of the report, so that no list reads every matter.

use domain::{
    ids::MatterId,
    matter::Matter,
    people::{AccountId, ApiKeyId},
    time::Timestamp,
};
use records::table::Table;

use super::{
    index::IndexEntry,
    search::{Cursor, Found},
};
use crate::{
    Fault,
    services::Matters,
    tables,
    unit_of_work::{DocketChange, UnitOfWork},
};

/// Whose matters are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiledBy {
    /// Those an official published.
    Published,
    /// Those a program filed with this key.
    FiledWith(ApiKeyId),
}

impl UnitOfWork<'_> {
    /// Keeps what was published where the public finds it.
    pub(crate) fn project_published(&mut self, change: DocketChange<'_>) {
        if let Some(matter) = change.newly_published() {
            let key = (matter.reported_at(), matter.id);
            self.view.put::<tables::Published>(&key, &());
        }
    }

    /// Notes with which key a matter was filed.
    pub(crate) fn note_filer(&mut self, matter: &Matter, key: ApiKeyId) {
        let key = (key, matter.reported_at(), matter.id);
        self.view.put::<tables::Filed>(&key, &());
    }
}

impl Matters<'_> {
    /// Matters of a program that were reported from one moment to another, both included, the latest
    /// first, at most `most`.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn filed(
        self,
        by: FiledBy,
        (from, to): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Vec<(Timestamp, MatterId)>, Fault> {
        let after = Timestamp(to.0.max(0).saturating_add(1));
        let mut read = self.read()?;
        let found = match by {
            FiledBy::Published => {
                let rows = tables::Published::all().from(&from).until(&after);
                let found = read.scan_back(rows, most).await?;
                found.into_iter().map(|(key, ())| key).collect()
            }
            FiledBy::FiledWith(key) => {
                let rows = tables::Filed::all();
                let rows = rows.from(&(key, from)).until(&(key, after));
                let found = read.scan_back(rows, most).await?;
                let found = found.into_iter();
                found.map(|((_, at, id), ())| (at, id)).collect()
            }
        };
        Ok(read.finish(found).await?)
    }

    /// Returns a page of the matters that an account reported here, the latest first, and where the
    /// next page begins.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn own(
        self,
        account: AccountId,
        after: Option<Cursor>,
        most: usize,
    ) -> Result<Found, Fault> {
        let mut read = self.read()?;
        let rows = tables::OwnMatters::under(&account);
        let rows = match after.and_then(|after| Some((account, after.at()?, after.id()))) {
            Some(key) => rows.until_key(&key),
            None => rows,
        };
        let rows = read.scan_back(rows, most + 1).await?;
        let has_more = rows.len() > most;
        let (mut lines, mut last) = (vec![], None);
        for ((_, at, id), ()) in rows.into_iter().take(most) {
            last = Some(Cursor::at_time(id, at));
            if let Some(docket) = read.get::<tables::Dockets>(&id).await? {
                lines.push(IndexEntry::from(&docket));
            }
        }
        let next = last.filter(|_| has_more);
        Ok(read.finish(Found { lines, next }).await?)
    }

    /// Whether a matter was filed here with this key.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn is_filed_with(self, key: ApiKeyId, matter: &Matter) -> Result<bool, Fault> {
        let key = (key, matter.reported_at(), matter.id);
        Ok(self.one::<tables::Filed>(&key).await?.is_some())
    }
}
