//! The policy in force: read from its templates once, and again when one of them changes.

use std::sync::Arc;

use api::PolicyReason;
use domain::{
    custody,
    ids::MatterId,
    policy::{Policy, Sheet, Source},
    template::{Template, TemplateKind},
};
use store::{Range, Transaction, record};

use super::{Office, OfficeError, keys, unit_of_work::UnitOfWork};

impl Office {
    /// All policy in force here, as this decision sees it.
    pub(super) async fn effective_policy(
        &self,
        view: &mut Transaction,
    ) -> Result<Arc<Policy>, OfficeError> {
        if let Some(policy) = &*self.effective_policy.lock().expect("no holder panics") {
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
        *self.effective_policy.lock().expect("no holder panics") = Some(Arc::clone(&policy));
        Ok(policy)
    }

    pub(super) fn forget_policy(&self) {
        *self.effective_policy.lock().expect("no holder panics") = None;
    }

    /// Which line of which policy decides what about a matter, and which set each of its clocks.
    pub async fn explain(&self, id: MatterId) -> Result<Vec<PolicyReason>, OfficeError> {
        let mut unit = self.reading().await?;
        let docket = unit.docket(id).await?;
        let matter = docket.ok_or(OfficeError::NoSuchMatter(id))?.matter;
        unit.view.wait_durable().await?;
        let ruling = custody::ruling(&matter, unit.context());
        let decided = ruling.decisions().into_iter();
        let limits = ruling.limits.decisions().into_iter();
        let calendar = unit.context().policy.calendar();
        let (first, last) = calendar.value.covered();
        let announced = PolicyReason::new(
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
            PolicyReason::new(what, value, &clock.rule)
        });
        Ok(clocks
            .chain([announced])
            .chain(decided.chain(limits).map(PolicyReason::from))
            .collect())
    }
}

impl Office {
    /// A unit that writes nothing.
    async fn reading(&self) -> Result<UnitOfWork<'_>, OfficeError> {
        let reads = domain::actor::Actor::Rule("read".to_owned());
        self.unit(reads.into()).await
    }
}
