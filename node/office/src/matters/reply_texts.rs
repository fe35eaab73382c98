//! Texts for frequent replies.

use domain::reply_text::{BadReplyText, ReplyText};
use records::table::Table;

use crate::{Failed, Fault, RefusalReason, RequestContext, services::Matters, tables};

impl RefusalReason for BadReplyText {}

impl Matters<'_> {
    /// Returns the texts for frequent replies with their names, ordered by name; at most
    /// [`ReplyText::MOST`].
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn reply_texts(self) -> Result<Vec<(String, ReplyText)>, Fault> {
        self.list(tables::ReplyTexts::all(), ReplyText::MOST).await
    }

    /// Keeps a text; one of the same name is replaced. Durable when it returns.
    ///
    /// # Errors
    /// [`BadReplyText::TooMany`].
    pub async fn keep_reply_text(
        self,
        (name, text): (String, ReplyText),
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<BadReplyText>> {
        let mut unit = self.begin(by).await?;
        if unit.view.get::<tables::ReplyTexts>(&name).await?.is_none() {
            let all = tables::ReplyTexts::all();
            let known = unit.view.scan(all, ReplyText::MOST).await?.len();
            if known >= ReplyText::MOST {
                return Err(BadReplyText::TooMany(known).into());
            }
        }
        unit.detail = Some("reply text kept".to_owned());
        unit.view.put::<tables::ReplyTexts>(&name, &text);
        unit.commit().await?;
        Ok(())
    }

    /// Removes a text. Durable when it returns.
    ///
    /// # Errors
    /// [`BadReplyText::Unknown`].
    pub async fn remove_reply_text(
        self,
        name: &str,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<BadReplyText>> {
        let mut unit = self.begin(by).await?;
        let name = name.trim().to_owned();
        if unit.view.get::<tables::ReplyTexts>(&name).await?.is_none() {
            let shown = name.chars().take(ReplyText::MOST_NAME).collect();
            return Err(BadReplyText::Unknown(shown).into());
        }
        unit.detail = Some("reply text removed".to_owned());
        unit.view.delete::<tables::ReplyTexts>(&name);
        unit.commit().await?;
        Ok(())
    }
}
