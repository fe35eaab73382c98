//! Data beside a report: checked by the standard in force, kept with its text, and shown.

use api::DataView;
use domain::{
    category::{Category, Class, Priority},
    ids::MatterId,
    matter::{Detail, Matter},
    standard::{BadData, Entry, Given, MOST_GIVEN, Occasion, Standard},
    suite::Digest,
    time::Day,
};
use records::table::Table;

use super::{reports::NewReport, sealing::Arrived};
use crate::{
    Failed, Fault, MatterRefusal, RefusalReason,
    services::{Matters, Templates},
    tables::{self, matters::MatterData},
    unit_of_work::UnitOfWork,
};

impl RefusalReason for BadData {}

/// Returns the details that are data, each by its code.
fn given(details: &[Detail]) -> impl Iterator<Item = (&str, &str)> {
    details.iter().filter_map(|detail| {
        let code = detail.name.strip_prefix(Detail::ATTRIBUTE)?;
        Some((code, &*detail.text))
    })
}

impl UnitOfWork<'_> {
    /// Checks the data of a report by the standard in force, and keeps what says nothing of a person; returns all
    /// details of the report, the data as they are kept.
    pub(super) async fn check_data(
        &mut self,
        id: MatterId,
        new: &NewReport,
        severity: Priority,
        part_of: Option<MatterId>,
    ) -> Result<Vec<Detail>, Failed<MatterRefusal>> {
        let templates = self.office.templates();
        let standard = templates.effective_standard(&mut self.view).await?;
        let urgent = new.priority.max(severity) == Priority::Emergency;
        let objects = new.objects_to.is_some() || new.objects_to_rating.is_some();
        let occasion = Occasion {
            category: &new.category,
            today: self.now.day(),
            excused: new.excused || urgent || objects || part_of.is_some(),
        };
        let kept = check(&standard, occasion, &new.data, &new.details)?;
        if new.class != Class::Sensitive {
            let values = kept.iter().map(|entry| (&*entry.code, &*entry.text));
            self.keep_data(&standard, id, values);
        }
        let others = new.details.iter();
        let others = others.filter(|detail| !detail.name.starts_with(Detail::ATTRIBUTE));
        let kept = kept.into_iter().map(|Entry { code, text }| Detail {
            name: format!("{}{code}", Detail::ATTRIBUTE),
            text,
        });
        Ok(others.cloned().chain(kept).collect())
    }

    /// Keeps the data of a matter that was taken to be held here, as the standard in force here knows them. They are not
    /// checked: a standard binds those who enter them.
    pub(crate) async fn keep_data_of(
        &mut self,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<(), Fault> {
        let is_erased = matter.erased().any(|erased| erased == matter.body);
        let mut bodies = bodies.iter();
        let text = bodies.find(|(commitment, _)| *commitment == matter.body && !is_erased);
        let Some((_, Arrived::Open(body) | Arrived::Sealed(body, _))) = text else {
            return Ok(());
        };
        if body.class == Class::Sensitive || given(&body.details).next().is_none() {
            return Ok(());
        }
        let templates = self.office.templates();
        let standard = templates.effective_standard(&mut self.view).await?;
        self.keep_data(&standard, matter.id, given(&body.details).take(MOST_GIVEN));
        Ok(())
    }

    fn keep_data<'a>(
        &mut self,
        standard: &Standard,
        id: MatterId,
        values: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let values = values.filter(|(code, text)| standard.outlives(code, text));
        let values = values.map(|(code, text)| (code.into(), text.into()));
        let data = MatterData {
            values: values.collect(),
        };
        if !data.values.is_empty() {
            self.view.put::<tables::MatterData>(&id, &data);
        }
    }
}

fn check(
    standard: &Standard,
    occasion: Occasion<'_>,
    data: &[(String, String)],
    details: &[Detail],
) -> Result<Vec<Entry>, BadData> {
    let strict = data.iter().map(|(code, text)| Given {
        code,
        text,
        foreign: false,
    });
    let foreign = given(details).map(|(code, text)| Given {
        code,
        text,
        foreign: true,
    });
    let all: Vec<Given<'_>> = strict.chain(foreign).collect();
    standard.check(occasion, &all)
}

impl Templates<'_> {
    /// Checks data before they are handed in with a report of normal urgency.
    ///
    /// # Errors
    /// [`BadData`] with everything that is wrong.
    pub async fn check_data(
        self,
        category: &Category,
        data: &[(String, String)],
    ) -> Result<Vec<Entry>, Failed<BadData>> {
        let standard = self.standard_in_force().await?;
        let policy = self.policy_in_force().await?;
        let listed = policy.category(category);
        let urgent = listed.is_some_and(|listed| listed.value.severity == Priority::Emergency);
        let occasion = Occasion {
            category,
            today: self.now().day(),
            excused: urgent,
        };
        Ok(check(&standard, occasion, data, &[])?)
    }
}

/// The data of a matter that say nothing of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRow {
    /// Number of the matter.
    pub id: MatterId,
    /// Day of its report.
    pub reported: Day,
    /// Its category.
    pub category: Category,
    /// Code of the element and value.
    pub values: Vec<(Box<str>, Box<str>)>,
}

impl Matters<'_> {
    /// Returns the data of the next `limit` matters that were held here, of those that were reported in this category within
    /// these days, both included, in the order of their numbers; and the number after which the next page begins, if there
    /// are more. A page may have fewer.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn data_rows(
        self,
        category: Option<&Category>,
        (from, to): (Option<Day>, Option<Day>),
        (after, limit): (Option<MatterId>, usize),
    ) -> Result<(Vec<DataRow>, Option<MatterId>), Fault> {
        let mut view = self.read()?;
        let rows = tables::MatterData::all().after(after.as_ref());
        let found = view.scan(rows, limit).await?;
        let next = found.last().map(|(id, _)| *id);
        let next = next.filter(|_| found.len() == limit);
        let mut all = vec![];
        for (id, data) in found {
            let Some(docket) = view.get::<tables::Dockets>(&id).await? else {
                continue;
            };
            let matter = docket.matter;
            let reported = matter.reported_at().day();
            let is_asked = category.is_none_or(|category| matter.category == *category)
                && from.is_none_or(|from| from <= reported)
                && to.is_none_or(|to| reported <= to);
            if is_asked {
                all.push(DataRow {
                    id,
                    reported,
                    category: matter.category,
                    values: data.values,
                });
            }
        }
        Ok(view.finish((all, next)).await?)
    }

    /// Returns the data of a matter as people read them: all if its details are seen, else those that say nothing of a
    /// person.
    pub(super) async fn data(
        self,
        matter: &Matter,
        details: &[Detail],
    ) -> Result<Vec<DataView>, Fault> {
        let known: Option<MatterData> = self.one::<tables::MatterData>(&matter.id).await?;
        let seen: Vec<(&str, &str)> = given(details).collect();
        let kept = known.as_ref().map_or(&[][..], |known| &known.values);
        let kept = kept.iter().map(|(code, text)| (&**code, &**text));
        let values: Vec<(&str, &str)> = match seen.is_empty() {
            true => kept.collect(),
            false => seen,
        };
        if values.is_empty() {
            return Ok(vec![]);
        }
        let standard = self.templates().standard_in_force().await?;
        let view = |(code, text)| DataView::of(&standard, code, text);
        Ok(values.into_iter().filter_map(view).collect())
    }
}
