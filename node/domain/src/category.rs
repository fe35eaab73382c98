//! The category of a matter, its urgency, and the visibility of its content. A category belongs to
//! one of the four platforms (基层治理四平台).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

topology::vocabulary! {
    /// One of the four platforms of a township.
    #[derive(utoipa::ToSchema)]
    pub enum Platform: "platform" {
        Order = 1, "order", "综治工作", "public order";
        Market = 2, "market", "市场监管", "market regulation";
        Enforcement = 3, "enforcement", "综合执法", "law enforcement";
        Service = 4, "service", "便民服务", "public service";
    }
}

/// A category code: platform, slash, word of lower-case letters and dashes; at most 48 bytes. For
/// example `enforcement/rubbish`.
///
/// A relay forwards any well-formed category; a node accepts reports only in those that the policy
/// in force lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Category(Box<str>);

/// The categories of the shipped policy, with their Chinese and English names. A policy template may
/// add more and rename these.
pub const CATALOGUE: [(&str, &str, &str); 22] = [
    ("order/dispute", "矛盾纠纷", "dispute"),
    ("order/safety", "安全隐患", "safety hazard"),
    ("order/fire", "消防隐患", "fire hazard"),
    ("order/flood", "防汛防台", "flood and typhoon"),
    ("order/other", "其他综治", "other public order"),
    ("market/food", "食品安全", "food safety"),
    ("market/drugs", "药品安全", "medicine safety"),
    ("market/price", "价格计量", "prices and measures"),
    ("market/licence", "无照经营", "trade without a licence"),
    ("market/other", "其他市场", "other market matters"),
    ("enforcement/rubbish", "垃圾堆放", "rubbish"),
    ("enforcement/building", "违法建设", "illegal building"),
    ("enforcement/water", "河道污染", "polluted water"),
    ("enforcement/road", "道路破损", "damaged road"),
    ("enforcement/lighting", "路灯照明", "street lighting"),
    ("enforcement/other", "其他执法", "other enforcement"),
    ("service/relief", "临时救助", "emergency relief"),
    ("service/insurance", "社会保险", "social insurance"),
    ("service/land", "宅基地", "homestead land"),
    (
        "service/disclosure",
        "公开内容的疑问",
        "objection to a disclosure",
    ),
    ("service/points", "积分评定的异议", "objection to a rating"),
    ("service/other", "其他服务", "other services"),
];

/// The error for a text that is not a category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCategory {
    /// The text is not of the form `platform/word`.
    #[error("`{0}` is not a category; one looks like enforcement/rubbish")]
    Form(String),
    /// The category is well-formed, but this node accepts no reports in it.
    #[error("no category `{0}`; use one of: {list}", list = CATALOGUE.map(|(code, ..)| code).join(", "))]
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
            .find(|platform| platform.code() == word)
            .expect("the constructor lets only the four platforms in")
    }

    /// Returns the Chinese name; `None` if the category is not in [`CATALOGUE`].
    pub fn chinese(&self) -> Option<&'static str> {
        self.names().map(|(chinese, _)| chinese)
    }

    /// Returns the English name; `None` if the category is not in [`CATALOGUE`].
    pub fn english(&self) -> Option<&'static str> {
        self.names().map(|(_, english)| english)
    }

    fn names(&self) -> Option<(&'static str, &'static str)> {
        let mut all = CATALOGUE.iter();
        let (_, chinese, english) = all.find(|(code, ..)| *code == &*self.0)?;
        Some((chinese, english))
    }
}

impl FromStr for Category {
    type Err = BadCategory;

    fn from_str(text: &str) -> Result<Self, BadCategory> {
        let known = |word: &str| Platform::ALL.iter().any(|platform| platform.code() == word);
        let plain = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        };
        match text.split_once('/') {
            Some((platform, word)) if known(platform) && plain(word) && text.len() <= 48 => {
                Ok(Self(text.into()))
            }
            _ => Err(BadCategory::Form(text.chars().take(60).collect())),
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

topology::vocabulary! {
    /// The urgency of a matter. It decides the lane in which the matter travels.
    #[derive(Default, utoipa::ToSchema)]
    pub enum Priority: "priority" {
        #[default]
        Normal = 1, "normal", "一般", "the usual urgency";
        Urgent = 2, "urgent", "紧急", "before the usual on every page, in the same lane";
        Emergency = 3, "emergency", "突发", "overtakes everything else on every link";
    }
}

topology::vocabulary! {
    /// The visibility of a matter: who may learn of it.
    #[derive(Default, utoipa::ToSchema)]
    pub enum Visibility: "visibility" {
        Public = 1, "public", "公开", "anybody, once an official publishes it";
        #[default]
        Path = 2, "path", "经办可见", "the divisions between origin and holder";
        /// It gets no copy, notice or cell.
        Direct = 3, "direct", "直报", "everybody on the path but the division complained about";
    }
}

topology::vocabulary! {
    /// The protection class of a body.
    #[derive(Default, utoipa::ToSchema)]
    pub enum Class: "class" {
        Public = 1, "public", "公开", "an office's answer, meant for the reporter and the path";
        #[default]
        Personal = 2, "personal", "个人信息", "what a person wrote, which only the holder sees";
        Sensitive = 3, "sensitive", "敏感信息", "like personal, and never shown in lists";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_entry_is_a_category_of_its_platform() {
        for (code, chinese, english) in CATALOGUE {
            let category: Category = code.parse().unwrap();
            assert_eq!(category.chinese(), Some(chinese));
            assert_eq!(category.english(), Some(english));
            assert!(code.starts_with(category.platform().code()));
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
