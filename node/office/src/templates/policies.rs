//! The policy in force: read from its templates once, and again when one of them changes.

use std::sync::Arc;

use api::{CategoryPromise, PolicyReason, Promises};
use domain::{
    category::{Category, Priority},
    clock::Stage,
    custody,
    draft::MOST_PHOTOS,
    ids::MatterId,
    matter::Channel,
    policy::{Case, Listed, Policy, Ruled, Sheet, Source},
    template::TemplateKind,
};
use records::table::{Table, Tables, View};

use crate::{Failed, Fault, NoSuchMatter, services::Templates, tables, unit_of_work::UnitOfWork};

/// The policy in force; read again after a template changed it.
#[derive(Debug, Default)]
pub(crate) struct PolicyCache {
    policy: Option<Arc<Policy>>,
    /// Number of invalidations.
    version: u64,
}

impl Templates<'_> {
    /// Returns all policy in force here, as this decision sees it.
    pub(crate) async fn effective_policy(
        self,
        view: &mut Tables<impl View>,
    ) -> Result<Arc<Policy>, Fault> {
        let version = {
            let cached = self.effective_policy.lock().expect("no holder panics");
            if let Some(policy) = &cached.policy {
                return Ok(Arc::clone(policy));
            }
            cached.version
        };
        let in_force = tables::TemplatesInForce::all();
        let mut sheets = vec![];
        for (_, template) in view.scan(in_force, usize::MAX).await? {
            if template.key.kind != TemplateKind::Policy {
                continue;
            }
            let source = Source::Template {
                key: template.key,
                version: template.version,
            };
            match Sheet::read(&template.content, source) {
                Ok(sheet) => sheets.push(sheet),
                // An older program, which knew less, could read it when it was applied.
                Err(error) => tracing::error!(%error, "a policy in force cannot be read"),
            }
        }
        let policy = Arc::new(Policy::of(sheets));
        let mut cached = self.effective_policy.lock().expect("no holder panics");
        // If a policy came into force meanwhile, this one may be older.
        if cached.version == version {
            cached.policy = Some(Arc::clone(&policy));
        }
        Ok(policy)
    }

    pub(crate) fn forget_policy(self) {
        let mut cached = self.effective_policy.lock().expect("no holder panics");
        cached.version += 1;
        cached.policy = None;
    }

    /// The policy in force here.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn policy_in_force(self) -> Result<Arc<Policy>, Fault> {
        let mut read = self.read()?;
        let policy = self.templates().effective_policy(&mut read).await?;
        Ok(read.finish(policy).await?)
    }

    /// Which line of which policy decides what about a matter, and which set each of its clocks.
    pub async fn explain(self, id: MatterId) -> Result<Vec<PolicyReason>, Failed<NoSuchMatter>> {
        let mut unit = self.reading().await?;
        let docket = unit.docket(id).await?;
        let matter = docket.ok_or(NoSuchMatter(id))?.matter;
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

impl Templates<'_> {
    /// Returns what this node promises those who report to it now, by the policy in force.
    pub async fn promises(self) -> Result<Promises, Fault> {
        let policy = self.policy_in_force().await?;
        let limits = policy.limits();
        let photo_bytes = self.files().attachment_limits().await?.bytes;
        let photos = u32::from(limits.max_count.value).min(MOST_PHOTOS as u32);
        let categories = policy.categories().into_iter();
        let promise = |(category, listed): (&Category, Ruled<Listed>)| {
            self.promise(&policy, category, listed.value)
        };
        Ok(Promises {
            anonymous: limits.anonymous.value,
            report_chars: limits.report_chars.value,
            photos,
            photo_bytes,
            contest_days: limits.contest_days.value.into(),
            categories: categories.map(promise).collect(),
            places: policy.places(self.me).into_iter().map(named).collect(),
        })
    }

    fn promise(self, policy: &Policy, category: &Category, listed: Listed) -> CategoryPromise {
        let case = Case {
            category,
            priority: Priority::Normal,
            channel: Channel::Snapshot,
            origin: self.me,
        };
        let ruling = policy.rule(&case, self.tree());
        let calendar = policy.calendar().value;
        let now = self.now();
        let due = |stage| {
            let terms = ruling.terms(stage, calendar, now)?;
            Some(calendar.add(now, terms.allowance).0)
        };
        let service = listed.service;
        CategoryPromise {
            code: category.to_string(),
            name: listed.name.into(),
            name_en: listed.english.map(String::from),
            severity: listed.severity,
            platform: ruling.platform.value,
            department: ruling.department.as_ref().map(|d| d.value.name.to_string()),
            tier: ruling.goes_up(self.me.tier()),
            needs: service.needs.into_iter().map(Into::into).collect(),
            window: service.window.map(Into::into),
            hours: service.hours.map(Into::into),
            answer_by_ms: due(Stage::Respond),
            finish_by_ms: due(Stage::Finish),
        }
    }
}

fn named(place: Ruled<domain::policy::NamedPlace>) -> api::NamedPlace {
    api::NamedPlace {
        kind: place.value.kind,
        name: place.value.name.into(),
    }
}

impl<'o> Templates<'o> {
    /// Begins a unit that writes nothing.
    pub(super) async fn reading(self) -> Result<UnitOfWork<'o>, Fault> {
        let reads = domain::actor::Actor::Rule("read".to_owned());
        self.0.unit(reads.into()).await
    }
}
