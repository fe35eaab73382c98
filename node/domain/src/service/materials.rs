//! The materials of an application, checked at the window: what is missing is named in writing, once (一次性告知).

use serde::{Deserialize, Serialize};

use super::{Material, ServiceInForce};
use crate::{actor::Actor, saying::Saying, time::Timestamp};

/// What was found when the materials of an application were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaterialCheck {
    /// The materials that were asked for at the first check. Later versions of the template ask nobody for more.
    pub asked: Vec<Material>,
    /// The codes of those that are missing, in the order of `asked`; empty once all are there.
    pub missing: Vec<Box<str>>,
    /// Who checked last.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// How often it was checked, from 1.
    pub checks: u32,
}

/// The reason why a check of materials is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMaterials {
    /// No template says what the category needs.
    #[error("no template says which materials this matter needs; choose another category")]
    NoList,
    /// A code is not in the list, or stands there twice.
    #[error("{0} is none of the materials, or is named twice; use {1}")]
    Unknown(String, String),
    /// Something is said to be missing that was there before.
    #[error(
        "{0} was not missing when the materials were checked first; all that is missing is named once, so leave it out"
    )]
    NamedLater(String),
}

impl MaterialCheck {
    /// Returns a check in which these materials, by code, were found there. What is missing may become less with every
    /// check, and never more.
    ///
    /// # Errors
    /// [`BadMaterials`].
    pub fn of(
        before: Option<&Self>,
        service: Option<&ServiceInForce>,
        there: &[String],
        (by, at): (Actor, Timestamp),
    ) -> Result<Self, BadMaterials> {
        let listed = service.and_then(|one| one.service.materials.clone());
        let asked = match before {
            Some(before) => before.asked.clone(),
            None => listed.ok_or(BadMaterials::NoList)?,
        };
        let codes: Vec<&str> = asked.iter().map(|material| &*material.code).collect();
        for (n, code) in there.iter().enumerate() {
            if !codes.contains(&code.as_str()) || there[..n].contains(code) {
                let code = code.chars().take(60).collect();
                return Err(BadMaterials::Unknown(code, codes.join(", ")));
            }
        }
        let missing: Vec<Box<str>> = codes
            .iter()
            .filter(|code| !there.iter().any(|there| there == *code))
            .map(|code| Box::from(*code))
            .collect();
        if let Some(before) = before
            && let Some(later) = missing.iter().find(|code| !before.missing.contains(code))
        {
            return Err(BadMaterials::NamedLater(later.to_string()));
        }
        Ok(Self {
            missing,
            by,
            at,
            checks: before.map_or(0, |before| before.checks).saturating_add(1),
            asked,
        })
    }

    /// Returns the materials that are missing.
    pub fn lacking(&self) -> impl Iterator<Item = &Material> {
        let is_missing = |material: &&Material| self.missing.contains(&material.code);
        self.asked.iter().filter(is_missing)
    }

    /// Returns what the applicant is told in writing: everything that is missing, in which form and from where.
    pub fn notice(&self) -> Saying {
        let missing: Vec<Saying> = self.lacking().map(told).collect();
        if missing.is_empty() {
            return complete();
        }
        let join = |texts: Vec<&str>, by: &str| texts.join(by);
        lacks(Saying {
            english: join(missing.iter().map(|one| &*one.english).collect(), "; "),
            chinese: join(missing.iter().map(|one| &*one.chinese).collect(), "；"),
        })
    }
}

fn told(material: &Material) -> Saying {
    let form = Saying::term(material.form);
    match &material.from {
        Some(from) => with_source(material.name.clone(), form, from.clone()),
        None => with_form(material.name.clone(), form),
    }
}

crate::sayings! {
    fn complete(): "材料齐全。", "All materials are there.";
    fn lacks(list): "一次性告知：还缺以下材料，补齐即可，不会再要别的。{list}", "All that is missing, told once; nothing else will be asked for. {list}";
    fn with_form(name, form): "{name}（{form}）", "{name} ({form})";
    fn with_source(name, form, from): "{name}（{form}，{from}）", "{name} ({form}; {from})";
}
