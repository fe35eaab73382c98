//! Records of disclosures as they were before they had files.

use primitives::record::{BASE, Record};
use serde::{Deserialize, Serialize};

use super::{Content, Disclosure, DisclosureId, Edition, Item, Span, Stage, Step, Work};
use crate::{actor::Actor, scope::TemplateKey, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WorkV5 {
    stage: Stage,
    content: Content,
    reason: Option<Box<str>>,
    despite: Option<Box<str>>,
    writers: Vec<Actor>,
    agreed: Option<Actor>,
}

/// [`Disclosure`] before it had files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisclosureV5 {
    id: DisclosureId,
    template: TemplateKey,
    template_version: u32,
    item: Item,
    span: Span,
    title: Box<str>,
    due: Timestamp,
    work: Option<WorkV5>,
    editions: u32,
    published_at: Option<Timestamp>,
    withdrawn: Option<Box<str>>,
    steps: Vec<Step>,
    version: u32,
}

/// [`Edition`] before it had files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionV5 {
    number: u32,
    at: Timestamp,
    document: Box<str>,
}

crate::records!(DisclosureV5, EditionV5);

impl From<WorkV5> for Work {
    fn from(old: WorkV5) -> Self {
        Self {
            stage: old.stage,
            content: old.content,
            reason: old.reason,
            despite: old.despite,
            writers: old.writers,
            agreed: old.agreed,
            attached: vec![],
        }
    }
}

impl Record for Disclosure {
    const VERSION: u8 = BASE + 1;
    type Previous = DisclosureV5;

    fn migrate(old: DisclosureV5) -> Self {
        Self {
            id: old.id,
            template: old.template,
            template_version: old.template_version,
            item: old.item,
            span: old.span,
            title: old.title,
            due: old.due,
            work: old.work.map(Work::from),
            editions: old.editions,
            published_at: old.published_at,
            withdrawn: old.withdrawn,
            steps: old.steps,
            version: old.version,
            attached: 0,
        }
    }
}

impl Record for Edition {
    const VERSION: u8 = BASE + 1;
    type Previous = EditionV5;

    fn migrate(old: EditionV5) -> Self {
        Self {
            number: old.number,
            at: old.at,
            document: old.document,
            attached: vec![],
        }
    }
}
