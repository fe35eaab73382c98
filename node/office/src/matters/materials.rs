//! The materials of an application: which are asked for, and what was found at the window.

use domain::{
    custody::Work,
    ids::MatterId,
    matter::{Act, Audience},
    service::{BadMaterials, MaterialCheck, ServiceInForce},
};

use crate::{
    Failed, MatterRefusal, NoSuchMatter, RefusalReason, RequestContext, services::Matters, tables,
    templates::policies,
};

impl RefusalReason for BadMaterials {}

/// What is asked for of an application: the service, and the last check.
pub(crate) type Materials = (Option<ServiceInForce>, Option<MaterialCheck>);

impl Matters<'_> {
    /// Returns what an application needs by the templates in force, and what was found when it was checked last.
    ///
    /// # Errors
    /// [`NoSuchMatter`].
    pub async fn materials(self, id: MatterId) -> Result<Materials, Failed<NoSuchMatter>> {
        let mut view = self.read()?;
        let docket = view.get::<tables::Dockets>(&id).await?;
        let docket = docket.ok_or(NoSuchMatter(id))?;
        let services = policies::in_force(&mut view, self.tree()).await?;
        let service = services
            .into_iter()
            .find(|one| one.service.category == docket.matter.category);
        let check = view.get::<tables::MaterialChecks>(&id).await?;
        Ok(view.finish((service, check)).await?)
    }

    /// Records which materials of an application are there, and tells the applicant in writing what is missing (一次性告知).
    /// Durable when it returns. The same materials again change nothing.
    ///
    /// # Errors
    /// Unknown materials, or one that was not missing at an earlier check; and those of a remark to the reporter.
    pub async fn check_materials(
        self,
        id: MatterId,
        there: &[String],
        by: impl Into<RequestContext>,
    ) -> Result<MaterialCheck, Failed<MatterRefusal>> {
        self.inbox().check_sole()?;
        let mut unit = self.begin(by).await?;
        let docket = unit.docket(id).await?.ok_or(NoSuchMatter(id))?;
        let services = policies::in_force(&mut unit.view, self.tree()).await?;
        let mut services = services.iter();
        let service = services.find(|one| one.service.category == docket.matter.category);
        let before = unit.view.get::<tables::MaterialChecks>(&id).await?;
        let found = (unit.actor.clone(), unit.now);
        let check = MaterialCheck::of(before.as_ref(), service, there, found)?;
        if let Some(before) = before.filter(|before| before.missing == check.missing) {
            return Ok(before);
        }
        unit.trace = unit.trace_of(id).await?;
        let notice = check.notice();
        let text = format!("{}\n{}", notice.chinese, notice.english);
        let note = unit.keep_note(&docket, Some(text), &[]).await?;
        let tell = Work::Do(Act::Remark(Audience::Reporter));
        let context = unit.context();
        let decision = tell.decide(docket, None, note, context)?;
        unit.view.put::<tables::MaterialChecks>(&id, &check);
        unit.apply(decision).await?;
        unit.commit().await?;
        Ok(check)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{actor::Actor, matter::Erasure, template::TemplateKind};
    use store::MemoryDisk;

    use crate::{NewReport, NewTemplate, fixture, tables};

    const CLERK: Actor = Actor::OsUser(1);

    #[tokio::test]
    async fn what_was_found_at_the_window_is_erased_with_the_text() {
        let clock = Arc::new(fixture::Stopped::default());
        let office = fixture::office("330825", &MemoryDisk::default(), clock as _, 1).await;
        let service = NewTemplate {
            kind: TemplateKind::Service,
            name: "services".to_owned(),
            title: "办事事项".to_owned(),
            content: "format = 1\n[[service]]\ncategory = \"service/relief\"\n\
                      materials = [{ code = \"id\", name = { zh = \"身份证\", en = \"identity card\" } }]\n"
                .to_owned(),
            tiers: vec![],
            kinds: vec![],
        };
        let templates = office.templates();
        templates.publish(service, CLERK).await.unwrap();
        let new = NewReport::new("service/relief".parse().unwrap(), "低保".to_owned());
        let matters = office.matters();
        let id = matters.report(new, CLERK).await.unwrap();
        let found = matters.check_materials(id, &[], CLERK).await.unwrap();
        assert_eq!(found.missing.len(), 1);
        let kept = office.one::<tables::MaterialChecks>(&id).await.unwrap();
        assert_eq!(kept, Some(found));
        let reach = matters.erase(id, Erasure::Consent, CLERK).await.unwrap();
        assert_eq!(reach, api::Reach::Everywhere);
        let kept = office.one::<tables::MaterialChecks>(&id).await.unwrap();
        assert_eq!(kept, None);
    }
}
