//! Kinds of village-tier units, and how the name of a unit tells its kind.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The kind of a village-tier unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// 村: a village with its villagers' committee.
    Village,
    /// 社区: an urban community with its residents' committee.
    Community,
    /// 园区: an industrial park or development zone.
    Park,
}

/// Error for a text that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of unit; write village, community or park")]
pub struct UnknownKind(String);

const COMMUNITY_ENDINGS: [&str; 4] = ["社区", "居委会", "居民委员会", "居民区"];
const PARK_ENDINGS: [&str; 7] = [
    "园区",
    "开发区",
    "工业区",
    "高新区",
    "保税区",
    "产业园",
    "工业园",
];

impl UnitKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Village, Self::Community, Self::Park];

    /// Returns the English name in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Village => "village",
            Self::Community => "community",
            Self::Park => "park",
        }
    }

    /// Returns the name of the system in a unit of this kind.
    pub const fn system(self) -> &'static str {
        match self {
            Self::Village => "村情通",
            Self::Community => "社情通",
            Self::Park => "企情通",
        }
    }

    /// Returns the kind that the ending of a unit's name tells, or a village if it tells none.
    ///
    /// Only the ending counts: 园区新村委会 is a village and 工业园区社区 a community.
    pub fn of_name(name: &str) -> Self {
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&COMMUNITY_ENDINGS) {
            Self::Community
        } else if ends(&PARK_ENDINGS) {
            Self::Park
        } else {
            Self::Village
        }
    }
}

impl fmt::Display for UnitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for UnitKind {
    type Err = UnknownKind;

    /// Reads the English name in lower case.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let wanted = text.trim();
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == wanted)
            .ok_or_else(|| UnknownKind(wanted.chars().take(24).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_name_tells_the_kind() {
        for (name, kind) in [
            ("张王村村民委员会", UnitKind::Village),
            ("园区新村委会", UnitKind::Village),
            ("乔司农场生活区", UnitKind::Village),
            ("清波门社区", UnitKind::Community),
            ("临江工业园区社区", UnitKind::Community),
            ("砻铺居委会", UnitKind::Community),
            ("东风居民区", UnitKind::Community),
            ("金属园区", UnitKind::Park),
            ("龙游经济开发区", UnitKind::Park),
        ] {
            assert_eq!(UnitKind::of_name(name), kind, "{name}");
        }
    }

    #[test]
    fn a_kind_is_read_back_from_its_name() {
        for kind in UnitKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!("town".parse::<UnitKind>().is_err());
        assert_eq!(
            UnitKind::ALL.map(UnitKind::system),
            ["村情通", "社情通", "企情通"]
        );
    }
}
