//! What applicants are told of a service: what to bring, where, and when.

use serde::Deserialize;
use toml::Spanned;

use super::{
    Category, Platform, PolicyFault,
    read::{Lines, Read},
};
use crate::saying::Saying;

/// The most things that a service needs.
pub const MOST_NEEDS: usize = 20;

/// The longest text of a service in each language, in characters.
pub const MOST_SERVICE_TEXT: usize = 80;

/// What applicants are told of a service, each in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFacts {
    /// What the applicant has to bring or hand in, at most [`MOST_NEEDS`].
    pub needs: Vec<Saying>,
    /// The window where it is handled.
    pub window: Option<Saying>,
    /// When the window is open.
    pub hours: Option<Saying>,
}

/// A text in both languages, as policy writes it: `{ zh = "身份证", en = "Identity card" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSaying {
    zh: String,
    en: String,
}

/// What one entry states: needs, window, hours.
type Stated = (
    Option<Spanned<Vec<Spanned<RawSaying>>>>,
    Option<Spanned<RawSaying>>,
    Option<Spanned<RawSaying>>,
);

impl Lines<'_> {
    /// Reads what an entry states of a service.
    pub(super) fn service(
        &self,
        category: &Category,
        (needs, window, hours): Stated,
    ) -> Read<ServiceFacts> {
        let elsewhere = category.platform() != Platform::Service;
        let not_here = || PolicyFault::NotAService(category.clone());
        if let Some(stated) = needs.as_ref().filter(|_| elsewhere) {
            return self.fault(stated, not_here());
        }
        if let Some(stated) = window.as_ref().or(hours.as_ref()).filter(|_| elsewhere) {
            return self.fault(stated, not_here());
        }
        if let Some(stated) = &needs
            && stated.get_ref().len() > MOST_NEEDS
        {
            return self.fault(stated, PolicyFault::TooMany(MOST_NEEDS));
        }
        let needs = needs.map(Spanned::into_inner).unwrap_or_default();
        let needs: Read<Vec<Saying>> = needs.into_iter().map(|raw| self.saying(raw)).collect();
        Ok(ServiceFacts {
            needs: needs?,
            window: window.map(|raw| self.saying(raw)).transpose()?,
            hours: hours.map(|raw| self.saying(raw)).transpose()?,
        })
    }

    fn saying(&self, raw: Spanned<RawSaying>) -> Read<Saying> {
        let RawSaying { zh, en } = raw.get_ref();
        let fits = |text: &str| {
            let length = text.trim().chars().count();
            (1..=MOST_SERVICE_TEXT).contains(&length) && !text.chars().any(char::is_control)
        };
        if !fits(zh) || !fits(en) {
            return self.fault(&raw, PolicyFault::ServiceText);
        }
        let RawSaying { zh, en } = raw.into_inner();
        Ok(Saying {
            english: en.trim().to_owned(),
            chinese: zh.trim().to_owned(),
        })
    }
}
