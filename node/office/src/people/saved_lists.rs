//! The lists that people saved.

use domain::{
    audit::Subject,
    people::{AccountId, BadSavedList, SavedList, SavedLists},
};

use crate::{Failed, Fault, RefusalReason, RequestContext, services::People, tables};

impl RefusalReason for BadSavedList {}

impl People<'_> {
    /// Returns the lists that a person saved.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn saved_lists(self, account: AccountId) -> Result<SavedLists, Fault> {
        let saved = self.one::<tables::SavedLists>(&account).await?;
        Ok(saved.unwrap_or_default())
    }

    /// Saves a list of a person; one of the same name is replaced. Durable when it returns.
    ///
    /// # Errors
    /// [`BadSavedList`].
    pub async fn save_list(
        self,
        account: AccountId,
        list: SavedList,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<BadSavedList>> {
        self.change_lists(account, by, |lists| lists.save(list))
            .await
    }

    /// Removes a list of a person. Durable when it returns.
    ///
    /// # Errors
    /// [`BadSavedList::Unknown`].
    pub async fn remove_list(
        self,
        account: AccountId,
        name: &str,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<BadSavedList>> {
        self.change_lists(account, by, |lists| lists.remove(name))
            .await
    }

    async fn change_lists(
        self,
        account: AccountId,
        by: impl Into<RequestContext>,
        change: impl FnOnce(&mut SavedLists) -> Result<(), BadSavedList>,
    ) -> Result<(), Failed<BadSavedList>> {
        let mut unit = self.begin(by).await?;
        let saved = unit.view.get::<tables::SavedLists>(&account).await?;
        let mut lists = saved.unwrap_or_default();
        change(&mut lists)?;
        unit.subject = Some(Subject::Account(account));
        unit.detail = Some("saved lists".to_owned());
        unit.view.put::<tables::SavedLists>(&account, &lists);
        unit.commit().await?;
        Ok(())
    }
}
