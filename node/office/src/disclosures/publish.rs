//! Publishing an edition, and taking a disclosure down, each with its leaf in the public log.

use api::{ColumnView, DisclosureDocument, DocumentFile};
use domain::{
    disclosure::{
        BadDisclosure, Disclosure, DisclosureAct, DisclosureId, Doubt, Edition, Latest, Work,
    },
    ids::MatterId,
    time::Timestamp,
};
use log::{Commitment, Disclosed, Entry};
use records::table::Table;

use crate::{
    Failed, RequestContext,
    services::Disclosures,
    tables::{self, disclosures::EditionLeaf},
    unit_of_work::{LogDraft, Opens, UnitOfWork},
};

impl Disclosures<'_> {
    /// Publishes the edition that both committees agreed to. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn publish(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await?;
        let now = unit.now;
        let work = one.publish((unit.actor.clone(), now))?;
        let doubts = self.doubts_at(&mut unit.view, &one, &work.content).await?;
        let doubts = doubts.iter().map(Doubt::name).collect();
        let attached = work.attached.clone();
        let document = unit.document(&one, work).written();
        let state = if one.editions == 1 {
            Disclosed::Published
        } else {
            Disclosed::Corrected
        };
        unit.log_edition(&one, state, &document);
        let edition = Edition {
            number: one.editions,
            at: now,
            document: document.into(),
            attached,
        };
        unit.view
            .put::<tables::Editions>(&(id, edition.number), &edition);
        unit.put_disclosure(&one, Some(Latest { at: now, doubts }));
        unit.commit().await?;
        Ok(one)
    }

    /// Takes a disclosure down: its documents, its files and what opens their leaves are erased, its heading and the ground stay.
    /// Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn withdraw(
        self,
        id: DisclosureId,
        (seen, ground): (Option<u32>, String),
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await?;
        one.withdraw(&ground, (unit.actor.clone(), unit.now))?;
        let left = unit.forget_files(id).await?;
        for (key, edition) in unit
            .view
            .scan(tables::Editions::under(&id), usize::MAX)
            .await?
        {
            let emptied = Edition {
                document: "".into(),
                attached: vec![],
                ..edition
            };
            unit.view.put::<tables::Editions>(&key, &emptied);
        }
        for (key, _) in unit
            .view
            .scan(tables::EditionLeaves::under(&id), usize::MAX)
            .await?
        {
            unit.view.delete::<tables::EditionLeaves>(&key);
        }
        unit.log_edition(&one, Disclosed::Withdrawn, ground.trim());
        let latest = unit.latest(&one).await?;
        unit.put_disclosure(&one, latest);
        unit.commit().await?;
        self.files().remove_unowned(left).await?;
        Ok(one)
    }
}

impl UnitOfWork<'_> {
    /// Returns the document of an edition that is published now.
    fn document(&self, one: &Disclosure, work: Work) -> DisclosureDocument {
        let done = |act| {
            let mut steps = one.steps.iter().rev();
            steps
                .find(|step| step.act == act)
                .map_or(self.now, |step| step.at)
        };
        let Disclosure { item, .. } = one;
        let texts = |row: &Vec<Box<str>>| row.iter().map(|text| text.to_string()).collect();
        DisclosureDocument {
            format: DisclosureDocument::format_of(&work.attached),
            division: self.office.me,
            number: one.id.to_string(),
            edition: one.editions,
            template: one.template.to_string(),
            template_version: one.template_version,
            item: item.name.to_string(),
            english: item.english.as_deref().map(str::to_owned),
            class: item.class,
            source: item.source.as_deref().map(str::to_owned),
            from: one.span.from.to_string(),
            to: one.span.to.to_string(),
            title: one.title.to_string(),
            reason: work.reason.as_deref().map(str::to_owned),
            agreed_at_ms: done(DisclosureAct::Agree).0,
            reviewed_at_ms: done(DisclosureAct::Review).0,
            published_at_ms: self.now.0,
            fields: DisclosureDocument::fields_of(item, &work.content),
            columns: item.columns.iter().map(ColumnView::from).collect(),
            rows: work.content.rows.iter().map(texts).collect(),
            note: work.content.note.to_string(),
            attachments: work.attached.iter().map(DocumentFile::from).collect(),
        }
    }

    /// Adds a leaf that commits to what is published, or to the ground for taking it down.
    fn log_edition(&mut self, one: &Disclosure, state: Disclosed, says: &str) {
        let salt = self.office.dependencies.entropy.bytes();
        let network = self.office.dependencies.network.0;
        let entry = Entry::Disclosure {
            number: one.id.0,
            edition: one.editions,
            state,
            commitment: Commitment::to_document(&network, &salt, says.as_bytes()),
        };
        let opens = Some(Opens::Edition(one.id, one.editions, EditionLeaf { salt }));
        self.log.push(LogDraft { entry, opens });
    }

    /// Notes that a matter objects to a disclosure, if there is still time to.
    pub(crate) async fn note_objection(
        &mut self,
        id: DisclosureId,
        matter: MatterId,
    ) -> Result<(), Failed<BadDisclosure>> {
        let one = self.view.get::<tables::Disclosures>(&id).await?;
        // Strangers do not learn of drafts, whose numbers can be worked out.
        let one = one.filter(|one| one.editions > 0);
        let one = one.ok_or(BadDisclosure::Unknown(id))?;
        let latest = self.latest(&one).await?;
        let policy = self.policy.clone();
        let until = |at: Timestamp| one.objections_until(at, policy.calendar().value);
        match latest.and_then(|latest| until(latest.at)) {
            Some(until) if self.now <= until => {
                self.complies = true;
                self.view
                    .put::<tables::Objections>(&(id, matter), &self.now);
                Ok(())
            }
            _ => Err(BadDisclosure::NoObjection(one.item.objection).into()),
        }
    }
}
