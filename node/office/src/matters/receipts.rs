//! The signed messages that are kept of each matter: each division's latest to this node, and its
//! last one before the matter was opened again. They are the receipts
//! (`docs/decisions/0006-receipts.md`).

use bytes::Bytes;
use domain::{
    custody::Standing,
    envelope::{Destination, Lane, Payload},
    ids::MatterId,
    matter::Matter,
    receipt::{self, Evidence, Line, Opening},
    statement::Proof,
};
use records::table::Table;
use topology::DivisionCode;

use crate::tables::matters::Kept;
use crate::{
    Failed, Fault, MatterRefusal, NoSuchMatter, RequestContext, log, services::Matters, tables,
    unit_of_work::UnitOfWork,
};

impl Matters<'_> {
    /// Returns the kept messages of a matter, and this node's own. Everything returned is durable.
    ///
    /// # Errors
    /// [`NoSuchMatter`], or the store's.
    pub async fn words(
        self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<Evidence, Failed<NoSuchMatter>> {
        let mut unit = self.begin(by).await?;
        let docket = unit.docket(id).await?;
        let matter = docket.ok_or(NoSuchMatter(id))?.matter;
        let range = tables::SignedWords::under(&id);
        let kept = unit.view.scan(range, usize::MAX).await?;
        let mut kept: Vec<Kept> = kept.into_iter().map(|(_, kept)| kept).collect();
        kept.sort_by_key(|kept| kept.version);
        let own = match matter.acted().contains(&self.me) {
            true => Some(unit.own_word(matter).await?),
            false => None,
        };
        let words = Evidence {
            at: unit.now,
            kept: kept
                .into_iter()
                .map(|kept| (kept.bytes, kept.proof))
                .collect(),
            own,
            log: log::of_matter(&mut unit.view, unit.ledger.epoch.id, id).await?,
            epoch: unit.ledger.epoch.id,
        };
        unit.commit().await?;
        Ok(words)
    }

    /// Returns the opening of the commitment to the report, while this node holds the text.
    ///
    /// # Errors
    /// [`MatterRefusal::NoOpening`] if the text is not here, or not any more; or the store's.
    pub async fn opening(self, id: MatterId) -> Result<Opening, Failed<MatterRefusal>> {
        let docket = self.docket(id).await?;
        let docket = docket.ok_or(NoSuchMatter(id))?;
        let matter = docket.matter;
        if docket.standing != Standing::Holding {
            return Err(MatterRefusal::NoOpening(id).into());
        }
        let body = self.paper(&matter, &matter.body).await?;
        let body = body.ok_or(MatterRefusal::NoOpening(id))?;
        Ok(Opening::of(id, matter.suite, &body))
    }

    /// Returns the receipts of a matter that are available here.
    pub(crate) async fn receipt_lines(self, matter: &Matter) -> Result<Vec<Line>, Fault> {
        let words = tables::SignedWords::under(&matter.id);
        let mut signed = vec![(self.me, matter.version)];
        for ((_, author, _), kept) in self.list(words, usize::MAX).await? {
            signed.push((author, kept.version));
        }
        Ok(receipt::lines(matter, &signed, self.tree()))
    }
}

impl UnitOfWork<'_> {
    /// Keeps a message to this node, as its author signed it, if it is later than the kept one.
    pub(crate) async fn keep_word(
        &mut self,
        matter: &Matter,
        author: DivisionCode,
        (bytes, proof): (&Bytes, &Proof),
    ) -> Result<(), Fault> {
        let known = self.docket(matter.id).await?;
        if !known.is_some_and(|known| receipt::is_of(&known.matter, matter, author)) {
            return Ok(());
        }
        let latest = (matter.id, author, false);
        if let Some(before) = self.view.get::<tables::SignedWords>(&latest).await? {
            if before.version >= matter.version {
                return Ok(());
            }
            if before.closed && !matter.is_closed() {
                self.view
                    .put::<tables::SignedWords>(&(matter.id, author, true), &before);
            }
        }
        let kept = Kept {
            version: matter.version,
            closed: matter.is_closed(),
            bytes: bytes.clone(),
            proof: proof.clone(),
        };
        self.view.put::<tables::SignedWords>(&latest, &kept);
        Ok(())
    }

    /// Builds this node's message to itself about a matter. It counts among those issued in this
    /// life, so a store that went back in time never issues it twice.
    async fn own_word(&mut self, matter: Matter) -> Result<Bytes, Fault> {
        let to = Destination::Division(self.office.me);
        let payload = Payload::Notice(Box::new(matter));
        let envelope = self.envelope(to, Lane::Notice, payload).await?;
        Ok(wire::encode_envelope(&envelope))
    }
}
