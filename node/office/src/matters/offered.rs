//! What may be done with a matter now: the decisions of `work_with` and `request`, made and thrown away.

use domain::{
    custody::{self, Docket, Work, requests},
    ids::MatterId,
    matter::{Act, Outcome, Version},
    request::{Request, RequestId, RequestKind, Voice},
    suite::Digest,
};

use crate::{
    Failed, Fault, NoSuchMatter, RequestContext, services::Matters, tables,
    unit_of_work::UnitOfWork,
};

impl Matters<'_> {
    /// Returns for each piece of work and each request whether the rules allow it now, if its text is
    /// fit. A [`Work::Merge`] and a [`Work::Join`] are judged without the other matter.
    ///
    /// # Errors
    /// If this node does not know the matter.
    pub async fn offered(
        self,
        id: MatterId,
        works: Vec<Work>,
        kinds: Vec<RequestKind>,
        by: impl Into<RequestContext>,
    ) -> Result<(Vec<bool>, Vec<bool>), Failed<NoSuchMatter>> {
        let mut unit = self.unit(by.into()).await?;
        let docket = unit.docket(id).await?;
        let docket = docket.ok_or(NoSuchMatter(id))?;
        let note = docket.matter.suite.digest(&[b"a text that fits"]);
        let mut works_now = Vec::with_capacity(works.len());
        for work in works {
            works_now.push(unit.would_work(&docket, work, note).await?);
        }
        let asked = |kind| Request {
            id: RequestId {
                by: self.me,
                epoch: unit.ledger.run,
                number: unit.ledger.asks + 1,
            },
            matter: id,
            seen: Version::default(),
            kind,
            note: Some(note),
            suite: docket.matter.suite,
            voice: Voice::Owner,
        };
        let kinds = kinds.into_iter();
        let requests =
            kinds.map(|kind| requests::make(&docket, asked(kind), unit.context()).is_ok());
        Ok((works_now, requests.collect()))
    }
}

impl Matters<'_> {
    /// Returns whether the rules allow now to open a part of a matter.
    ///
    /// # Errors
    /// If this node does not know the matter.
    pub async fn part_is_offered(
        self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<bool, Failed<NoSuchMatter>> {
        let mut unit = self.unit(by.into()).await?;
        let docket = unit.docket(id).await?;
        let docket = docket.ok_or(NoSuchMatter(id))?;
        let part = unit.next_matter();
        Ok(custody::open_part(docket, part, unit.context()).is_ok())
    }
}

impl UnitOfWork<'_> {
    async fn would_work(
        &mut self,
        docket: &Docket,
        work: Work,
        note: Digest,
    ) -> Result<bool, Fault> {
        // Which other matter does not matter here.
        let work = match work {
            Work::Merge(into) => Work::Do(Act::Close(Outcome::Merged(into))),
            Work::Join(_) => return Ok(custody::check_joins(docket, self.context()).is_ok()),
            work => work,
        };
        if let Work::Do(act) = &work {
            let id = docket.matter.id;
            let hands = self.view.get::<tables::Handlers>(&id).await?;
            let reporter = self.view.get::<tables::Reporters>(&id).await?;
            let terms = self.context().terms;
            let hands = hands.unwrap_or_default();
            let mine = hands.check(&docket.matter, *act, &self.actor, reporter.as_ref(), terms);
            if mine.is_err() {
                return Ok(false);
            }
        }
        let decided = work.decide(docket.clone(), None, Some(note), self.context());
        Ok(decided.is_ok())
    }
}
