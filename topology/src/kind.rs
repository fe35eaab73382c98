//! Kinds of village-tier units, and how the name of a unit tells its kind.

crate::vocabulary! {
    /// The kind of a village-tier unit.
    pub enum UnitKind: "kind of unit" {
        Village = 1, "village", "村", "village with its villagers' committee";
        Community = 2, "community", "社区", "urban community with its residents' committee";
        Park = 3, "park", "园区", "industrial park or development zone";
    }
}

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
    /// Returns the name of the system in a unit of this kind.
    pub const fn system(self) -> &'static str {
        match self {
            Self::Village => "村情通",
            Self::Community => "社情通",
            Self::Park => "企情通",
        }
    }

    /// Returns the kind implied by the ending of a unit's name; a village if it implies none.
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
