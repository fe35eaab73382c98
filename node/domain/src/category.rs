//! The subject of a matter: a category under one of the four platforms (基层治理四平台), its urgency, and how
//! far its content may be seen.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One of the four platforms of a township.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// 综治工作
    Order,
    /// 市场监管
    Market,
    /// 综合执法
    Enforcement,
    /// 便民服务
    Service,
}

impl Platform {
    /// All four platforms.
    pub const ALL: [Self; 4] = [Self::Order, Self::Market, Self::Enforcement, Self::Service];

    /// Returns the word before the slash of a category.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Market => "market",
            Self::Enforcement => "enforcement",
            Self::Service => "service",
        }
    }

    /// Returns the Chinese name.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Order => "综治工作",
            Self::Market => "市场监管",
            Self::Enforcement => "综合执法",
            Self::Service => "便民服务",
        }
    }
}

/// A category code: platform, slash, word of lower-case letters and dashes; at most 48 bytes. For
/// example `enforcement/rubbish`.
///
/// A relay carries any well-formed category; a node takes reports only in those that the policy
/// in force lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Category(Box<str>);

/// The categories of the shipped policy, with their Chinese names. A policy template may list more and
/// rename these; a node takes reports in the categories that the policy in force lists.
pub const CATALOGUE: [(&str, &str); 20] = [
    ("order/dispute", "矛盾纠纷"),
    ("order/safety", "安全隐患"),
    ("order/fire", "消防隐患"),
    ("order/flood", "防汛防台"),
    ("order/other", "其他综治"),
    ("market/food", "食品安全"),
    ("market/drugs", "药品安全"),
    ("market/price", "价格计量"),
    ("market/licence", "无照经营"),
    ("market/other", "其他市场"),
    ("enforcement/rubbish", "垃圾堆放"),
    ("enforcement/building", "违法建设"),
    ("enforcement/water", "河道污染"),
    ("enforcement/road", "道路破损"),
    ("enforcement/lighting", "路灯照明"),
    ("enforcement/other", "其他执法"),
    ("service/relief", "临时救助"),
    ("service/insurance", "社会保险"),
    ("service/land", "宅基地"),
    ("service/other", "其他服务"),
];

/// The error for a text that is not a category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCategory {
    /// The text is not of the form `platform/word`.
    #[error("`{0}` is not a category; one looks like enforcement/rubbish")]
    Form(String),
    /// The category is well-formed, but this node takes no reports in it.
    #[error("no category `{0}`; take one of: {list}", list = CATALOGUE.map(|(code, _)| code).join(", "))]
    Unknown(String),
}

impl Category {
    /// Returns the code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the platform that the code names.
    pub fn platform(&self) -> Platform {
        let word = self.0.split('/').next().unwrap_or_default();
        Platform::ALL
            .into_iter()
            .find(|platform| platform.name() == word)
            .expect("the constructor lets only the four platforms in")
    }

    /// Returns the Chinese name; `None` if the category is not in [`CATALOGUE`].
    pub fn chinese(&self) -> Option<&'static str> {
        CATALOGUE
            .iter()
            .find(|(code, _)| *code == &*self.0)
            .map(|(_, name)| *name)
    }
}

impl FromStr for Category {
    type Err = BadCategory;

    fn from_str(text: &str) -> Result<Self, BadCategory> {
        let known = |word: &str| Platform::ALL.iter().any(|platform| platform.name() == word);
        let plain = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        };
        match text.split_once('/') {
            Some((platform, word)) if known(platform) && plain(word) && text.len() <= 48 => {
                Ok(Self(text.into()))
            }
            _ => Err(BadCategory::Form(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Category {
    type Error = BadCategory;

    fn try_from(text: String) -> Result<Self, BadCategory> {
        text.parse()
    }
}

impl From<Category> for String {
    fn from(category: Category) -> Self {
        category.0.into()
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The urgency of a matter. It decides the lane in which the matter travels.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// The usual urgency.
    #[default]
    Normal,
    /// Before the usual on every page, in the same lane.
    Urgent,
    /// Overtakes everything else on every link.
    Emergency,
}

/// The visibility of a matter: who may learn of it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Anybody, once an official publishes it.
    Public,
    /// The divisions between origin and holder.
    #[default]
    Path,
    /// Never the division complained about: it gets no copy, notice or cell.
    Direct,
}

/// The protection class of a body.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// An answer of an office, meant for the reporter and the path.
    Public,
    /// What a person wrote. Only the holder sees it.
    #[default]
    Personal,
    /// Like personal, and never shown in lists.
    Sensitive,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_entry_is_a_category_of_its_platform() {
        for (code, chinese) in CATALOGUE {
            let category: Category = code.parse().unwrap();
            assert_eq!(category.chinese(), Some(chinese));
            assert!(code.starts_with(category.platform().name()));
        }
    }

    #[test]
    fn what_has_not_the_form_of_a_category_is_none() {
        for bad in [
            "",
            "order",
            "order/",
            "police/x",
            "order/X",
            &"order/x".repeat(20),
        ] {
            assert!(
                matches!(bad.parse::<Category>(), Err(BadCategory::Form(_))),
                "{bad}"
            );
        }
        let unlisted: Category = "order/ufo".parse().unwrap();
        assert_eq!(unlisted.chinese(), None, "policy says whether it is listed");
    }
}
