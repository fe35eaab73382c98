//! Answers given for everybody to read (公开答复), found by what they say.

use api::PublicAnswer;
use domain::{
    ids::MatterId,
    matter::{Act, Matter, Publicity},
};
use store::{Range, record};

use super::{Office, OfficeError, keys, unit_of_work::UnitOfWork};

/// Answers looked at for one page.
const MOST_SCANNED: usize = 5_000;

impl UnitOfWork<'_> {
    /// Notes that a matter was published, and so has an answer for everybody.
    pub(super) fn note_answer(&mut self, matter: &Matter) {
        if matter.published() {
            self.view.put(keys::answered(matter.id), record::write(&()));
        }
    }
}

impl Office {
    /// Answers for everybody that this node knows and that contain `words`, by number of their matter
    /// after `after`, at most `limit`.
    pub async fn answers(
        &self,
        words: &str,
        after: Option<MatterId>,
        limit: usize,
    ) -> Result<Vec<PublicAnswer>, OfficeError> {
        let mut range = Range::prefix(keys::ANSWERED);
        if let Some(after) = after {
            range.from = [&keys::answered(after)[..], &[0]].concat().into();
        }
        let store = &self.dependencies.store;
        let seen = store.scan(self.me, range, MOST_SCANNED, false).await?;
        store.wait_durable(seen.generation).await?;
        let words = words.trim().to_lowercase();
        let mut found = vec![];
        for (key, _) in seen.value {
            let Some(id) = MatterId::from_bytes(&key[1..]) else {
                continue;
            };
            let Some(docket) = self.docket(id).await? else {
                continue;
            };
            let matter = docket.matter;
            if !matter.published() {
                continue;
            }
            for step in &matter.steps {
                let (Act::Reply(Publicity::Public), Some(note)) = (step.act, &step.note) else {
                    continue;
                };
                let Some(body) = self.read_body(id, note).await? else {
                    continue;
                };
                let text = body.text;
                if text.to_lowercase().contains(&words) {
                    found.push(PublicAnswer {
                        matter: id.to_string(),
                        category: matter.category.to_string(),
                        category_name: matter.category.chinese().map(str::to_owned),
                        at_ms: step.at.0,
                        by: step.by,
                        text,
                    });
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }
}
