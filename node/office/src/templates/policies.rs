//! The policy in force: read from its templates once, and again when one of them changes.

use std::sync::Arc;

use api::{CategoryPromise, ElementView, PolicyReason, Promises};
use domain::{
    category::{Category, Priority},
    clock::Stage,
    custody,
    draft::MOST_PHOTOS,
    ids::MatterId,
    matter::Channel,
    policy::{Case, Listed, Policy, Ruled, Sheet, Source},
    saying::Saying,
    service::{Service, ServiceInForce},
    standard::Standard,
    template::{self, TemplateKind},
};
use records::table::{Table, Tables, View};
use topology::Tree;

use crate::{Failed, Fault, NoSuchMatter, services::Templates, tables, unit_of_work::UnitOfWork};

/// The policy in force; read again after a template changed it.
#[derive(Debug, Default)]
pub(crate) struct PolicyCache {
    policy: Option<Arc<Policy>>,
    /// The data standard in force, read with it.
    standard: Option<Arc<Standard>>,
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
            if !template.key.kind.is_policy() || template.key.kind == TemplateKind::Standard {
                continue;
            }
            if template.key.kind == TemplateKind::Service {
                sheets.push(template::promises(&template, self.tree()));
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

    /// Returns the data standard in force here, as this decision sees it.
    pub(crate) async fn effective_standard(
        self,
        view: &mut Tables<impl View>,
    ) -> Result<Arc<Standard>, Fault> {
        let version = {
            let cached = self.effective_policy.lock().expect("no holder panics");
            if let Some(standard) = &cached.standard {
                return Ok(Arc::clone(standard));
            }
            cached.version
        };
        let in_force = tables::TemplatesInForce::all();
        let found = view.scan(in_force, usize::MAX).await?.into_iter();
        let found = found.filter(|(key, _)| key.kind == TemplateKind::Standard);
        let standard = Arc::new(template::standard(&found.collect(), self.tree()));
        let mut cached = self.effective_policy.lock().expect("no holder panics");
        if cached.version == version {
            cached.standard = Some(Arc::clone(&standard));
        }
        Ok(standard)
    }

    /// The data standard in force here.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn standard_in_force(self) -> Result<Arc<Standard>, Fault> {
        let mut read = self.read()?;
        let standard = self.templates().effective_standard(&mut read).await?;
        Ok(read.finish(standard).await?)
    }

    pub(crate) fn forget_policy(self) {
        let mut cached = self.effective_policy.lock().expect("no holder panics");
        cached.version += 1;
        cached.policy = None;
        cached.standard = None;
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
        let mut view = self.read()?;
        let services = in_force(&mut view, self.tree()).await?;
        let standard = self.templates().effective_standard(&mut view).await?;
        view.finish(()).await?;
        let today = self.now().day();
        let promise = |(category, listed): (&Category, Ruled<Listed>)| {
            let mut services = services.iter();
            let service = services.find(|one| one.service.category == *category);
            let severity = listed.value.severity;
            let asked = standard.asked(category);
            let view = |one| ElementView::of(&standard, one, severity, today);
            CategoryPromise {
                asks: asked.map(view).collect(),
                ..self.promise(&policy, category, listed.value, service)
            }
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

    fn promise(
        self,
        policy: &Policy,
        category: &Category,
        listed: Listed,
        told: Option<&ServiceInForce>,
    ) -> CategoryPromise {
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
        let told = told.map(|one| one.service.clone());
        let materials = told.as_ref().and_then(|told| told.materials.clone());
        let needs = match &materials {
            Some(materials) => materials.iter().map(|one| one.name.clone()).collect(),
            None => service.needs,
        };
        let nearer = |pick: fn(&Service) -> Option<Saying>| told.as_ref().and_then(pick);
        let departments = told.as_ref().and_then(|told| told.departments.clone());
        let departments = departments.unwrap_or_default().into_iter();
        CategoryPromise {
            code: category.to_string(),
            name: listed.name.into(),
            name_en: listed.english.map(String::from),
            severity: listed.severity,
            platform: ruling.platform.value,
            department: ruling.department.as_ref().map(|d| d.value.name.to_string()),
            tier: ruling.goes_up(self.me.tier()),
            needs: needs.into_iter().map(Into::into).collect(),
            window: nearer(|one| one.window.clone())
                .or(service.window)
                .map(Into::into),
            hours: nearer(|one| one.hours.clone())
                .or(service.hours)
                .map(Into::into),
            fee: nearer(|one| one.fee.clone()).map(Into::into),
            promised: nearer(|one| one.promise.map(|promise| promise.said())).map(Into::into),
            article: told
                .as_ref()
                .and_then(|told| told.article.as_deref())
                .map(str::to_owned),
            departments: departments.map(|one| one.name.into()).collect(),
            materials: materials
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            asks: vec![],
            answer_by_ms: due(Stage::Respond),
            finish_by_ms: due(Stage::Finish),
        }
    }
}

/// Returns the services by the templates in force.
pub(crate) async fn in_force(
    view: &mut Tables<impl View>,
    tree: &Tree,
) -> Result<Vec<ServiceInForce>, Fault> {
    let found = view
        .scan(tables::TemplatesInForce::all(), usize::MAX)
        .await?;
    let services = found
        .into_iter()
        .filter(|(key, _)| key.kind == TemplateKind::Service);
    Ok(template::services(&services.collect(), tree))
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
