//! Services (办事事项): what an applicant brings, who works on it together, by when, for which fee, where and when.
//! A template of the kind `service` says it of categories of the platform 便民服务.
//!
//! What a text leaves out holds as the nearest one above says it. A lower tier promises only a shorter time and asks
//! for fewer materials.

mod materials;
mod read;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{
    calendar::Allowance, category::Category, policy::NamedDepartment, saying::Saying,
    scope::TemplateKey,
};

pub use materials::{BadMaterials, MaterialCheck};
pub(crate) use read::{RawMaterial, RawService, RawText, is_line, text as read_text};

/// The most services of one template.
pub const MOST_SERVICES: usize = 60;
/// The most materials of one service.
pub const MOST_MATERIALS: usize = 20;
/// The most departments that work on a service together.
pub const MOST_DEPARTMENTS: usize = 10;

topology::vocabulary! {
    /// In which form a material is handed in.
    #[derive(utoipa::ToSchema)]
    pub enum MaterialForm: "form of a material" {
        Original = 1, "original", "原件", "the original";
        Copy = 2, "copy", "复印件", "a copy";
        Shown = 3, "shown", "原件核对后退还", "the original, which is looked at and handed back";
        FilledIn = 4, "filled-in", "填写表格", "a form that is filled in";
    }
}

/// Something that an applicant hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Material {
    /// Its name for programs, unique in the service: 1 to 48 lower-case letters, digits and dashes.
    pub code: Box<str>,
    /// Its name for people, 1 to 80 characters in each language.
    pub name: Saying,
    /// In which form.
    pub form: MaterialForm,
    /// Where to get it.
    pub from: Option<Saying>,
}

/// What one text says of a service. What it leaves out is left to those above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The category, one of the platform 便民服务.
    pub category: Category,
    /// The time in which it is finished after it was taken on.
    pub promise: Option<Allowance>,
    /// What it costs.
    pub fee: Option<Saying>,
    /// The window where it is handled.
    pub window: Option<Saying>,
    /// When the window is open.
    pub hours: Option<Saying>,
    /// The article or document that it rests on.
    pub article: Option<Box<str>>,
    /// The departments that work on it together; `None` if the text does not say.
    pub departments: Option<Vec<NamedDepartment>>,
    /// What an applicant hands in; `None` if the text does not say, empty for nothing.
    pub materials: Option<Vec<Material>>,
}

/// What a text allows more of than one above. The text names both values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Looser {
    /// It promises a longer time.
    #[error("is promised within {0} there and {1} here; a lower tier may only shorten it")]
    Promise(Allowance, Allowance),
    /// It asks for a material that is not asked for there.
    #[error("does not ask for {0} there; a lower tier may only ask for fewer materials")]
    Material(Box<str>),
    /// It asks for an original where another form is enough.
    #[error("takes {0} in another form there than the original; do not ask for more")]
    Original(Box<str>),
    /// It names another fee.
    #[error("has a fee there; leave `fee` out")]
    Fee,
}

impl Looser {
    /// Returns it in both languages; it continues the category.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Promise(there, here) => {
                format!("上级承诺 {there} 办结，这里是 {here}；下级只能缩短")
            }
            Self::Material(code) => format!("上级不要材料 {code}；下级只能减少材料"),
            Self::Original(code) => format!("材料 {code} 上级不要原件；不要多要"),
            Self::Fee => "上级已定收费；请去掉 fee".to_owned(),
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

impl Service {
    /// Returns what this text loosens of one above about the same service; `None` if nothing.
    pub fn loosens(&self, above: &Self) -> Option<Looser> {
        if let (Some(mine), Some(theirs)) = (self.promise, above.promise)
            && mine.rough_minutes() > theirs.rough_minutes()
        {
            return Some(Looser::Promise(theirs, mine));
        }
        if let (Some(mine), Some(theirs)) = (&self.materials, &above.materials) {
            for material in mine {
                let Some(known) = theirs.iter().find(|known| known.code == material.code) else {
                    return Some(Looser::Material(material.code.clone()));
                };
                let asks_more =
                    material.form == MaterialForm::Original && known.form != MaterialForm::Original;
                if asks_more {
                    return Some(Looser::Original(material.code.clone()));
                }
            }
        }
        let fees = self.fee.as_ref().zip(above.fee.as_ref());
        fees.filter(|(mine, theirs)| mine != theirs)
            .map(|_| Looser::Fee)
    }
}

/// A service as it is in force: of each part what the nearest text says, which is the lowest issuer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInForce {
    /// Its parts.
    pub service: Service,
    /// The texts that say something of it with their versions, the highest issuer's first.
    pub templates: Vec<(TemplateKey, u32)>,
}

impl ServiceInForce {
    /// Returns the services of texts, given with the highest issuer's first, in the order in which they appear.
    pub fn of(texts: &[(TemplateKey, u32, Vec<Service>)]) -> Vec<Self> {
        let mut all: Vec<Self> = vec![];
        for (key, version, services) in texts {
            for service in services {
                let template = (key.clone(), *version);
                let known = all
                    .iter_mut()
                    .find(|known| known.service.category == service.category);
                match known {
                    Some(known) => {
                        known.service.nearer(service);
                        known.templates.push(template);
                    }
                    None => all.push(Self {
                        service: service.clone(),
                        templates: vec![template],
                    }),
                }
            }
        }
        all
    }
}

impl Service {
    /// Takes over what a nearer text says.
    fn nearer(&mut self, nearer: &Self) {
        fn take<T: Clone>(mine: &mut Option<T>, nearer: &Option<T>) {
            if nearer.is_some() {
                mine.clone_from(nearer);
            }
        }
        // Of two promises the shorter holds also where the nearer text was issued before the one above.
        if let Some(promise) = nearer.promise
            && self
                .promise
                .is_none_or(|known| promise.rough_minutes() < known.rough_minutes())
        {
            self.promise = Some(promise);
        }
        take(&mut self.fee, &nearer.fee);
        take(&mut self.window, &nearer.window);
        take(&mut self.hours, &nearer.hours);
        take(&mut self.article, &nearer.article);
        take(&mut self.departments, &nearer.departments);
        take(&mut self.materials, &nearer.materials);
    }
}
