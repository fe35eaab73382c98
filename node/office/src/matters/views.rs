//! Views of a node's records for people.

use api::{BodyView, ClockView, Contact, MatterView, PartView, Point, RequestView, StepView};
use domain::{
    custody::{Docket, Standing},
    ids::MatterId,
    matter::{Body, Detail, Matter},
    suite::Digest,
    time::Timestamp,
};
use records::table::Table;

use crate::{Failed, Fault, NoSuchMatter, Unsealable, services::Matters, tables};

/// What a reporter handed in beside the text.
#[derive(Default)]
struct HandedIn {
    place: Option<Point>,
    details: Vec<Detail>,
    contact: Option<Contact>,
}

impl Matters<'_> {
    /// Returns the view of one matter, as this node knows it.
    pub async fn matter(self, id: MatterId) -> Result<MatterView, Failed<NoSuchMatter>> {
        let docket = self.docket(id).await?.ok_or(NoSuchMatter(id))?;
        Ok(self.view(docket).await?)
    }

    /// Returns the raw docket, for checks and tests.
    pub async fn docket(self, id: MatterId) -> Result<Option<Docket>, Fault> {
        self.one::<tables::Dockets>(&id).await
    }

    /// Returns matters that this node knows, by number, after `after`, at most `limit`.
    pub async fn dockets(
        self,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<Docket>, Fault> {
        let rows = tables::Dockets::all().after(after.as_ref());
        let dockets = self.list(rows, limit).await?;
        Ok(dockets.into_iter().map(|(_, docket)| docket).collect())
    }

    /// Returns the numbers of matters that this node holds, hands over, and has copies of.
    pub async fn standings(self) -> Result<(usize, usize, usize), Fault> {
        let [holding, giving, copies] = self.ledger().await?.standings.map(|count| count as usize);
        Ok((holding, giving, copies))
    }

    /// Returns the view of a docket.
    pub async fn view(self, docket: Docket) -> Result<MatterView, Fault> {
        let holding = docket.standing == Standing::Holding;
        let outstanding: Vec<_> = docket.outstanding().map(|ask| ask.kind).collect();
        let known = self.inbox().known(&docket);
        let policy = self.templates().policy_in_force().await?;
        let matter = docket.matter;
        let body = if holding {
            self.body(&matter, &matter.body).await?
        } else {
            BodyView::Masked
        };
        let handed_in = match holding {
            true => self.handed_in(&matter).await?,
            false => HandedIn::default(),
        };
        let data = self.data(&matter, &handed_in.details).await?;
        let steps = self.steps(&matter).await?;
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
            part_of: matter.bundle().map(|bundle| bundle.to_string()),
            requests: outstanding
                .into_iter()
                .map(|kind| RequestView { kind, reply: None })
                .chain(docket.replies.iter().map(|(kind, reply)| RequestView {
                    kind: *kind,
                    reply: Some(*reply),
                }))
                .collect(),
            clocks: matter
                .clocks
                .iter()
                .map(|clock| ClockView::of(clock, policy.calendar().value, self.now()))
                .collect(),
            details: handed_in.details,
            data,
            place: handed_in.place,
            contact: handed_in.contact,
            dispatched: matter.dispatched(),
        })
    }

    /// Returns what the reporter handed in beside the text, with a masked contact.
    async fn handed_in(self, matter: &Matter) -> Result<HandedIn, Fault> {
        let mut handed_in = HandedIn::default();
        if let Some(paper) = self.paper(matter, &matter.body).await? {
            handed_in.place = paper.place.map(Point::from);
            handed_in.details = paper.details;
        }
        if let Some(commitment) = &matter.contact {
            let paper = self.paper(matter, commitment).await?;
            let contact = paper.and_then(|paper| paper.contact);
            handed_in.contact = contact.map(|contact| contact.masked());
        }
        Ok(handed_in)
    }

    async fn steps(self, matter: &Matter) -> Result<Vec<StepView>, Fault> {
        let mut steps = Vec::with_capacity(matter.steps.len());
        for step in &matter.steps {
            let note = match &step.note {
                Some(note) => Some(self.body(matter, note).await?),
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
        Ok(steps)
    }

    async fn body(self, matter: &Matter, commitment: &Digest) -> Result<BodyView, Fault> {
        Ok(match self.read_body(matter.id, commitment).await? {
            Some(Ok(body)) => BodyView::Text(body.text),
            Some(Err(error)) => {
                self.tell_unreadable(matter, &error);
                BodyView::Unreadable
            }
            None if matter.erased().any(|erased| erased == *commitment) => BodyView::Erased,
            None => BodyView::Absent,
        })
    }

    /// Returns a body that the reporter handed in, if it is here and can be opened.
    pub(crate) async fn paper(
        self,
        matter: &Matter,
        commitment: &Digest,
    ) -> Result<Option<Body>, Fault> {
        Ok(match self.read_body(matter.id, commitment).await? {
            Some(Ok(body)) => Some(body),
            Some(Err(error)) => {
                self.tell_unreadable(matter, &error);
                None
            }
            None => None,
        })
    }

    fn tell_unreadable(self, matter: &Matter, error: &Unsealable) {
        tracing::error!(alarm = "body-unreadable", division = %self.me,
            matter = %matter.id, %error, "a body cannot be opened");
    }

    /// Returns the time by this node's clock.
    pub fn time(self) -> Timestamp {
        self.now()
    }
}
