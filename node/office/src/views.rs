//! What people see of a node's records.

use api::{BodyView, ClockView, MatterView, PartView, Point, RequestView, StepView};
use domain::{
    custody::{Docket, Standing},
    ids::MatterId,
    matter::{Body, Matter},
    suite::Digest,
    time::Timestamp,
};
use store::{Range, record};

use super::{Office, OfficeError, keys};

impl Office {
    /// One matter as this node knows it.
    pub async fn matter(&self, id: MatterId) -> Result<MatterView, OfficeError> {
        let docket = self
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        self.view(docket).await
    }

    /// The raw docket, for checks and tests.
    pub async fn docket(&self, id: MatterId) -> Result<Option<Docket>, OfficeError> {
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &keys::docket(id)).await?;
        store.wait_durable(seen.generation).await?;
        Ok(seen.value.map(|bytes| record::read(&bytes)).transpose()?)
    }

    /// Matters this node knows, by number, after `after`, at most `limit`.
    pub async fn dockets(
        &self,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<Docket>, OfficeError> {
        let mut range = Range::prefix(keys::DOCKETS);
        if let Some(after) = after {
            range.from = [&keys::docket(after)[..], &[0]].concat().into();
        }
        let dockets = self.read_all(range, limit).await?;
        Ok(dockets.into_iter().map(|(_, docket)| docket).collect())
    }

    /// How many matters this node holds, hands over, and has copies of.
    pub async fn standings(&self) -> Result<(usize, usize, usize), OfficeError> {
        let [holding, giving, copies] = self.ledger().await?.standings.map(|count| count as usize);
        Ok((holding, giving, copies))
    }

    /// A docket as people see it.
    pub async fn view(&self, docket: Docket) -> Result<MatterView, OfficeError> {
        let holding = docket.standing == Standing::Holding;
        let outstanding: Vec<_> = docket.outstanding().map(|ask| ask.wish).collect();
        let known = self.known(&docket);
        let policy = self.policy_in_force().await?;
        let matter = docket.matter;
        let body = if holding {
            self.body(&matter, &matter.body).await?
        } else {
            BodyView::Masked
        };
        let (mut place, mut contact, mut details) = (None, None, vec![]);
        if holding {
            let paper = self.paper(&matter, &matter.body).await?;
            if let Some(paper) = paper {
                place = paper.place.map(Point::from);
                details = paper.details;
            }
            if let Some(commitment) = &matter.contact {
                let paper = self.paper(&matter, commitment).await?;
                contact = paper.and_then(|paper| paper.contact);
                contact = contact.map(|contact| contact.masked());
            }
        }
        let mut steps = Vec::with_capacity(matter.steps.len());
        for step in &matter.steps {
            let note = match &step.note {
                Some(note) => Some(self.body(&matter, note).await?),
                None => None,
            };
            steps.push(StepView {
                at_ms: step.at.0,
                by: step.by,
                act: step.act,
                category: step.sort.as_ref().map(|sort| sort.category.to_string()),
                note,
                voice: step.voice,
            });
        }
        Ok(MatterView {
            id: matter.id.to_string(),
            channel: matter.channel,
            category: matter.category.to_string(),
            category_name: matter.category.chinese().map(str::to_owned),
            platform: matter.category.platform(),
            priority: matter.priority,
            visibility: matter.visibility,
            status: matter.status,
            origin: matter.id.origin,
            responsible: matter.responsible,
            holder: matter.holder,
            transit: matter.transit,
            standing: docket.standing.into(),
            version: matter.version,
            as_of_ms: matter.steps.last().map_or(0, |step| step.at.0),
            known: Some(known),
            body,
            steps,
            parts: matter.parts().into_iter().map(PartView::from).collect(),
            receipts: self.receipt_lines(&matter).await?,
            part_of: matter.part_of.map(|bundle| bundle.to_string()),
            requests: outstanding
                .into_iter()
                .map(|wish| RequestView { wish, reply: None })
                .chain(docket.replies.iter().map(|(wish, reply)| RequestView {
                    wish: *wish,
                    reply: Some(*reply),
                }))
                .collect(),
            clocks: matter
                .clocks
                .iter()
                .map(|clock| ClockView::of(clock, policy.calendar().value, self.now()))
                .collect(),
            details,
            place,
            contact,
            dispatched: matter.dispatched(),
        })
    }

    async fn body(&self, matter: &Matter, commitment: &Digest) -> Result<BodyView, OfficeError> {
        match self.read_body(matter.id, commitment).await {
            Ok(Some(body)) => Ok(BodyView::Text(body.text)),
            Ok(None) if matter.erased().any(|erased| erased == *commitment) => Ok(BodyView::Erased),
            Ok(None) => Ok(BodyView::Absent),
            Err(OfficeError::Unsealable(error)) => {
                tracing::error!(alarm = "body-unreadable", division = %self.me,
                    matter = %matter.id, %error, "a body does not open");
                Ok(BodyView::Unreadable)
            }
            Err(error) => Err(error),
        }
    }

    /// What a reporter handed in, if it is here and opens.
    pub(super) async fn paper(
        &self,
        matter: &Matter,
        commitment: &Digest,
    ) -> Result<Option<Body>, OfficeError> {
        match self.read_body(matter.id, commitment).await {
            Err(OfficeError::Unsealable(error)) => {
                tracing::error!(alarm = "body-unreadable", division = %self.me,
                    matter = %matter.id, %error, "a body does not open");
                Ok(None)
            }
            read => read,
        }
    }

    /// When this node's clock says it is.
    pub fn time(&self) -> Timestamp {
        self.now()
    }
}
