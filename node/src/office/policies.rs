//! The policy in force: read from its templates once, and again when one of them changes.

use std::sync::Arc;

use super::{Office, OfficeError, desk::Desk, keys};
use crate::{
    domain::{
        custody,
        ids::MatterId,
        policy::{Decided, Policy, RuleRef, Sheet, Source},
        template::{Template, TemplateKind},
    },
    store::{Range, View, record},
};

/// One decision that policy made about a matter, and the line that made it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[schema(as = PolicyReason)]
pub struct Reason {
    /// About what.
    pub what: String,
    /// What was decided.
    pub value: String,
    /// The template and its version, or the policy shipped with the program.
    pub source: String,
    /// The line in it, from 1.
    pub line: u32,
    /// Whether it holds. A line that applies and does not is looser than another.
    pub holds: bool,
}

impl Reason {
    fn new(what: String, value: String, rule: &RuleRef) -> Self {
        Self {
            what,
            value,
            source: rule.source.to_string(),
            line: rule.line,
            holds: true,
        }
    }
}

impl From<Decided> for Reason {
    fn from(decided: Decided) -> Self {
        Self {
            holds: decided.holds,
            ..Self::new(decided.what, decided.value, &decided.rule)
        }
    }
}

impl Office {
    /// All policy in force here, as this decision sees it.
    pub(super) async fn statutes(&self, view: &mut View) -> Result<Arc<Policy>, OfficeError> {
        if let Some(policy) = &*self.statutes.lock().expect("no holder panics") {
            return Ok(Arc::clone(policy));
        }
        let found = view
            .scan(Range::prefix(keys::IN_FORCE), usize::MAX, false)
            .await?;
        let mut sheets = vec![];
        for (_, bytes) in found {
            let template: Template = record::read(&bytes)?;
            if template.key.kind != TemplateKind::Policy {
                continue;
            }
            let source = Source::Template {
                key: template.key,
                version: template.version,
            };
            match Sheet::read(&template.content, source) {
                Ok(sheet) => sheets.push(sheet),
                // It was read when it was applied, by an older binary that knew less.
                Err(error) => tracing::error!(%error, "a policy in force cannot be read"),
            }
        }
        let policy = Arc::new(Policy::of(sheets));
        *self.statutes.lock().expect("no holder panics") = Some(Arc::clone(&policy));
        Ok(policy)
    }

    pub(super) fn forget_policy(&self) {
        *self.statutes.lock().expect("no holder panics") = None;
    }

    /// Which line of which policy decides what about a matter, and which set each of its clocks.
    pub async fn explain(&self, id: MatterId) -> Result<Vec<Reason>, OfficeError> {
        let mut desk = self.reading().await?;
        let docket = desk.docket(id).await?;
        let matter = docket.ok_or(OfficeError::NoSuchMatter(id))?.matter;
        desk.view.settle().await?;
        let ruling = custody::ruling(&matter, desk.seat());
        let decided = ruling.decisions().into_iter();
        let limits = ruling.limits.decisions().into_iter();
        let calendar = desk.seat().policy.calendar();
        let (first, last) = calendar.value.covered();
        let announced = Reason::new(
            "holidays announced".to_owned(),
            format!("{first} to {last}"),
            &calendar.rule,
        );
        let calendar = calendar.value;
        let clocks = matter.clocks.iter().map(|clock| {
            let what = format!("clock {}", clock.stage);
            let provisional = match calendar.is_provisional(clock.due) {
                true => ", provisional: holidays are not announced that far",
                false => "",
            };
            let value = format!("{}, due {}{provisional}", clock.allowance, clock.due);
            Reason::new(what, value, &clock.rule)
        });
        Ok(clocks
            .chain([announced])
            .chain(decided.chain(limits).map(Reason::from))
            .collect())
    }
}

impl Office {
    /// A desk that writes nothing.
    async fn reading(&self) -> Result<Desk<'_>, OfficeError> {
        let reads = crate::domain::actor::Actor::Rule("read".to_owned());
        self.desk(reads).await
    }
}
