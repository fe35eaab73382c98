//! What an applicant brings, where to, and when.

use api::{CategoryPromise, InBoth, MaterialView};

use crate::words::Words;

/// What an applicant is told of a service.
#[derive(Default)]
pub(in crate::villagers) struct Facts {
    pub(in crate::villagers) needs: Vec<String>,
    pub(in crate::villagers) promised: Option<String>,
    pub(in crate::villagers) fee: Option<String>,
    pub(in crate::villagers) window: Option<String>,
    pub(in crate::villagers) hours: Option<String>,
    pub(in crate::villagers) departments: Option<String>,
    pub(in crate::villagers) article: Option<String>,
}

impl Facts {
    pub(in crate::villagers) fn of(w: Words, promise: &CategoryPromise) -> Self {
        let told = |both: &InBoth| w.of(&both.zh, &both.en).to_owned();
        let needs = match promise.materials.is_empty() {
            true => promise.needs.iter().map(told).collect(),
            false => promise
                .materials
                .iter()
                .map(|one| material(w, one))
                .collect(),
        };
        let departments = promise.departments.join(w.of("、", ", "));
        Self {
            needs,
            promised: promise.promised.as_ref().map(told),
            fee: promise.fee.as_ref().map(told),
            window: promise.window.as_ref().map(told),
            hours: promise.hours.as_ref().map(told),
            departments: (!departments.is_empty()).then_some(departments),
            article: promise.article.clone(),
        }
    }
}

/// Tells of a material with its form, and where to get it.
pub(crate) fn material(w: Words, one: &MaterialView) -> String {
    let told = |both: &InBoth| w.of(&both.zh, &both.en).to_owned();
    let (name, form) = (told(&one.name), w.short(one.form));
    match &one.from {
        Some(from) => w.service_material_from(name, form, told(from)),
        None => w.service_material(name, form),
    }
}
