//! What anybody may read of a node: published matters with their answers and questions (公开答复), found
//! by what they say and when, or because they are like what somebody is about to report.

use api::{PublicAnswer, PublicMatter};
use domain::{
    category::Category,
    ids::MatterId,
    likeness::{Traits, likeness},
    matter::{Act, Body, Matter, Place, Publicity},
    month::Month,
    time::Timestamp,
};
use records::table::Table;

use super::alike::LEAST;
use crate::{
    Failed, Fault, MatterRefusal, NoSuchMatter, SealingKeyFails,
    services::Matters,
    tables,
    unit_of_work::{DocketChange, UnitOfWork},
};

/// Published matters looked at for one page.
const MOST_SCANNED: usize = 5_000;
/// The latest published matters that a report is compared with.
const MOST_COMPARED: usize = 500;
/// The most published matters that are suggested to a reporter.
const MOST_SUGGESTED: usize = 5;

impl UnitOfWork<'_> {
    /// Notes that a matter was published, and so has an answer for everybody.
    pub(crate) fn project_answered(&mut self, change: DocketChange<'_>) {
        if let Some(matter) = change.newly_published() {
            self.view.put::<tables::Answered>(&matter.id, &());
        }
    }
}

impl Matters<'_> {
    /// Answers for everybody that this node knows, given in `month` if one is said, and that contain
    /// `words` in question, answer or name of the category; by number of their matter after `after`,
    /// at most `limit`.
    pub async fn answers(
        self,
        words: &str,
        month: Option<Month>,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<PublicAnswer>, Failed<SealingKeyFails>> {
        let rows = tables::Answered::all().after(after.as_ref());
        let answered = self.list(rows, MOST_SCANNED).await?;
        let words = words.trim().to_lowercase();
        let mut found = vec![];
        for (id, ()) in answered {
            let Some(matter) = self.published(id).await? else {
                continue;
            };
            let question = self.question(&matter).await?;
            let names = [matter.category.chinese(), matter.category.english()];
            for (at, by, text) in self.public_answers(&matter).await? {
                let has = |text: &str| text.to_lowercase().contains(&words);
                let said = question.as_ref().is_some_and(|body| has(&body.text));
                let has_words = said || has(&text) || names.into_iter().flatten().any(has);
                if has_words && month.is_none_or(|month| month.has(at.day())) {
                    found.push(PublicAnswer {
                        matter: id.to_string(),
                        category: matter.category.to_string(),
                        category_name: matter.category.chinese().map(str::to_owned),
                        at_ms: at.0,
                        by,
                        text,
                        question: question.as_ref().map(|body| body.text.clone()),
                    });
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// Returns a matter that anybody may see.
    ///
    /// # Errors
    /// [`NoSuchMatter`] if it is not published, or not known here.
    pub async fn public_matter(self, id: MatterId) -> Result<PublicMatter, Failed<MatterRefusal>> {
        let matter = self.published(id).await?;
        let matter = matter.ok_or(NoSuchMatter(id))?;
        let question = self.question(&matter).await?;
        let shown = self.shown_to_all(&matter, question.as_ref(), 0, None);
        shown.await.map_err(Failed::widen)
    }

    /// Returns the published matters that are most like what somebody is about to report, at most
    /// five, the most alike first. Matters whose question only another node can read are not
    /// compared.
    pub async fn alike_published(
        self,
        text: &str,
        category: Option<&Category>,
        place: Option<Place>,
    ) -> Result<Vec<PublicMatter>, Failed<SealingKeyFails>> {
        let mut read = self.read()?;
        let rows = read
            .scan_back(tables::Published::all(), MOST_COMPARED)
            .await?;
        read.finish(()).await?;
        let mut found = vec![];
        for ((_, id), ()) in rows {
            let Some(matter) = self.published(id).await? else {
                continue;
            };
            let Some(body) = self.question(&matter).await? else {
                continue;
            };
            let same_category = category == Some(&matter.category);
            let traits = |text, place, at| Traits {
                text,
                place,
                at,
                same_category,
            };
            let score = likeness(
                traits(text, place, self.now()),
                traits(&body.text, body.place, matter.reported_at()),
            );
            if score >= LEAST {
                found.push((score, matter, body));
            }
        }
        found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.id.cmp(&b.1.id)));
        let mut shown = vec![];
        for (score, matter, body) in found.into_iter().take(MOST_SUGGESTED) {
            let apart = place.zip(body.place);
            let metres = apart.map(|(here, there)| here.metres_to(there).round() as u32);
            let one = self.shown_to_all(&matter, Some(&body), score, metres);
            shown.push(one.await?);
        }
        Ok(shown)
    }

    async fn published(self, id: MatterId) -> Result<Option<Matter>, Fault> {
        let docket = self.docket(id).await?;
        let matter = docket.map(|docket| docket.matter);
        Ok(matter.filter(Matter::published))
    }

    /// Returns the question of a published matter, if it is here.
    async fn question(self, matter: &Matter) -> Result<Option<Body>, Fault> {
        self.paper(matter, &matter.body).await
    }

    /// Returns time, author and text of every public answer that is here, oldest first.
    async fn public_answers(
        self,
        matter: &Matter,
    ) -> Result<Vec<(Timestamp, topology::DivisionCode, String)>, Failed<SealingKeyFails>> {
        let mut answers = vec![];
        for step in &matter.steps {
            let (Act::Reply(Publicity::Public), Some(note)) = (step.act, &step.note) else {
                continue;
            };
            if let Some(body) = self.read_body(matter.id, note).await? {
                let body = body.map_err(SealingKeyFails)?;
                answers.push((step.at, step.by, body.text));
            }
        }
        Ok(answers)
    }

    async fn shown_to_all(
        self,
        matter: &Matter,
        question: Option<&Body>,
        likeness: u8,
        metres: Option<u32>,
    ) -> Result<PublicMatter, Failed<SealingKeyFails>> {
        let answers = self.public_answers(matter).await?;
        Ok(PublicMatter {
            id: matter.id.to_string(),
            category: matter.category.to_string(),
            status: matter.status,
            reported_ms: matter.reported_at().0,
            as_of_ms: matter.steps.last().map_or(0, |step| step.at.0),
            question: question.map(|body| body.text.clone()),
            answer: answers.into_iter().next_back().map(|(.., text)| text),
            likeness,
            metres,
        })
    }
}
