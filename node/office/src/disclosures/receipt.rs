//! What a receipt of a disclosure is made of.

use domain::{disclosure::DisclosureId, receipt::DisclosureEvidence};

use crate::{Failed, Fault, RefusalReason, log, services::Disclosures, tables};

/// The reason why there is no receipt of a disclosure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReceipt {
    /// Nothing with this number was published.
    #[error("there is no disclosure {0} here; `wujitong disclosure list` shows them")]
    Unknown(DisclosureId),
    /// It has no such edition, or it was taken down.
    #[error(
        "edition {1} of disclosure {0} was taken down, or does not exist; `wujitong disclosure show {0}` lists those \
         there are"
    )]
    Edition(DisclosureId, u32),
    /// The log has no entry of it.
    #[error(
        "the public log of this node does not have edition {0}, because its store was lost and restored, so nothing \
         proves it; ask the division to publish it again"
    )]
    NotInLog(u32),
    /// The log commits to something else.
    #[error(
        "the public log of this node commits to another document than the edition {0} that it keeps; do not trust it, \
         and telephone the division above"
    )]
    Differs(u32),
}

impl RefusalReason for NoReceipt {}

impl Disclosures<'_> {
    /// Returns the document of an edition, if it was published and is still here.
    ///
    /// # Errors
    /// The store's.
    pub async fn document(self, id: DisclosureId, edition: u32) -> Result<Option<Box<str>>, Fault> {
        let kept = self.one::<tables::Editions>(&(id, edition)).await?;
        let document = kept.map(|kept| kept.document);
        Ok(document.filter(|document| !document.is_empty()))
    }

    /// Returns what a receipt of an edition is made of; of the latest if none is named.
    ///
    /// # Errors
    /// [`NoReceipt`]; or the store's.
    pub async fn evidence(
        self,
        id: DisclosureId,
        edition: Option<u32>,
    ) -> Result<DisclosureEvidence, Failed<NoReceipt>> {
        let epoch = self.epoch().await?.id;
        let mut view = self.read()?;
        let found = view.get::<tables::Disclosures>(&id).await?;
        let one = found.filter(|one| one.editions > 0);
        let one = one.ok_or(NoReceipt::Unknown(id))?;
        let number = edition.unwrap_or(one.editions);
        let kept = view.get::<tables::Editions>(&(id, number)).await?;
        let kept = kept.filter(|kept| !kept.document.is_empty());
        let kept = kept.ok_or(NoReceipt::Edition(id, number))?;
        let seen = self.seen_in_log(&mut view, id, &kept).await?;
        let seen = seen.ok_or(NoReceipt::NotInLog(number))?;
        if !seen.holds {
            return Err(NoReceipt::Differs(number).into());
        }
        let log = log::of_leaf(&mut view, seen.epoch, (seen.index, seen.salt)).await?;
        let evidence = DisclosureEvidence {
            at: self.now(),
            epoch,
            number: id,
            edition: number,
            document: kept.document,
            log: log.ok_or(NoReceipt::NotInLog(number))?,
        };
        Ok(view.finish(evidence).await?)
    }
}
