//! Codes in words: Chinese beside English, names beside numbers.

use std::{collections::BTreeMap, time::Duration};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;
use topology::{DivisionCode, Tier};

use crate::{
    domain::{
        category::{Priority, Visibility},
        matter::{Act, Channel, Outcome, Status},
        time::Timestamp,
    },
    edge::web::api::{BodyView, StandingView},
};

/// The words of an argument, each with its Chinese meaning, read into what they name.
pub(super) fn one_of<T>(
    words: &[(&'static str, &'static str)],
) -> impl TypedValueParser<Value = T> + use<T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    let words: Vec<_> = words
        .iter()
        .map(|(word, chinese)| PossibleValue::new(*word).help(*chinese))
        .collect();
    PossibleValuesParser::new(words)
        .map(|word| serde_json::from_value(word.into()).expect("a test reads every word"))
}

pub(super) const CHANNELS: [(&str, &str); 7] = [
    ("snapshot", "随手拍"),
    ("mailbox", "村民信箱"),
    ("service", "一窗受理"),
    ("grid", "全民网格"),
    ("hotline", "12345"),
    ("sensor", "物联感知"),
    ("paper", "纸质表单"),
];

pub(super) const PRIORITIES: [(&str, &str); 3] = [
    ("normal", "一般"),
    ("urgent", "紧急"),
    ("emergency", "突发"),
];

pub(super) const VISIBILITIES: [(&str, &str); 3] =
    [("public", "公开"), ("path", "经办可见"), ("direct", "直报")];

pub(super) const CLASSES: [(&str, &str); 3] = [
    ("public", "公开"),
    ("personal", "个人信息"),
    ("sensitive", "敏感信息"),
];

pub(super) const OUTCOMES: [(&str, &str); 3] = [
    ("solved", "已解决"),
    ("unfounded", "不属实"),
    ("unsolvable", "无法解决"),
];

pub(super) const KINDS: [(&str, &str); 5] = [
    ("policy", "制度"),
    ("disclosure", "公开目录"),
    ("service", "办事事项"),
    ("standard", "数据标准"),
    ("board", "公告栏"),
];

pub(super) const TIERS: [(&str, &str); 5] = [
    ("province", "省"),
    ("city", "市"),
    ("county", "县"),
    ("township", "乡镇"),
    ("village", "村"),
];

pub(super) const UNITS: [(&str, &str); 3] =
    [("village", "村"), ("community", "社区"), ("park", "园区")];

pub(super) const STATES: [(&str, &str); 4] = [
    ("open", "未结"),
    ("closed", "已结"),
    ("held", "在本级"),
    ("all", "全部"),
];

pub(super) const GROUPS: [(&str, &str); 7] = [
    ("day", "按日"),
    ("category", "按类别"),
    ("platform", "按平台"),
    ("division", "按单位"),
    ("township", "按乡镇"),
    ("county", "按县"),
    ("city", "按市"),
];

pub(super) const SUITES: [(&str, &str); 2] = [
    ("ed25519-blake3", "Ed25519, BLAKE3"),
    ("p256-sha256", "ECDSA P-256, SHA-256"),
];

pub(super) const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Normal => "normal 一般",
        Priority::Urgent => "urgent 紧急",
        Priority::Emergency => "emergency 突发",
    }
}

pub(super) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Snapshot => "snapshot 随手拍",
        Channel::Mailbox => "mailbox 村民信箱",
        Channel::Service => "service 一窗受理",
        Channel::Grid => "grid 全民网格",
        Channel::Hotline => "hotline 12345",
        Channel::Sensor => "sensor 物联感知",
        Channel::Paper => "paper 纸质表单",
    }
}

pub(super) const fn visibility(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Public => "public 公开",
        Visibility::Path => "path 经办可见",
        Visibility::Direct => "direct 直报",
    }
}

pub(super) const fn status(status: Status) -> &'static str {
    match status {
        Status::Reported => "reported 上报",
        Status::Accepted => "accepted 受理",
        Status::Handling => "handling 处置",
        Status::Closed(outcome) => outcome_closed(outcome),
    }
}

const fn outcome_closed(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Solved => "closed, solved 结案·已解决",
        Outcome::Unfounded => "closed, unfounded 结案·不属实",
        Outcome::Unsolvable => "closed, unsolvable 结案·无法解决",
    }
}

/// Names of divisions, as the node gave them.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a BTreeMap<DivisionCode, String>);

impl Names<'_> {
    /// `330825 龙游县`.
    pub(super) fn of(self, division: DivisionCode) -> String {
        match self.0.get(&division) {
            Some(name) => format!("{} {name}", division.short()),
            None => division.short(),
        }
    }

    pub(super) fn act(self, act: Act) -> String {
        match act {
            Act::Report => "report 上报".to_owned(),
            Act::Accept => "accept 受理".to_owned(),
            Act::Handle => "handle 处置".to_owned(),
            Act::Escalate(to) => format!("escalate 上报 to {}", self.of(to)),
            Act::Assign(to) => format!("assign 交办 to {}", self.of(to)),
            Act::Return(to) => format!("return 退回 to {}", self.of(to)),
            Act::Yield(to) => format!("yield 交回 to {}", self.of(to)),
            Act::Relay(to) => format!("relay 转递 to {}", self.of(to)),
            Act::Take => "take 接收".to_owned(),
            Act::TakeBack => "take back 收回".to_owned(),
            Act::Close(outcome) => format!("close {}", outcome_closed(outcome)),
        }
    }

    pub(super) fn standing(self, standing: &StandingView) -> String {
        match standing {
            StandingView::Holding => "held here 在本级".to_owned(),
            StandingView::Giving { to, bound_for } if to == bound_for => {
                format!("on its way to {}", self.of(*to))
            }
            StandingView::Giving { to, bound_for } => {
                format!(
                    "on its way to {}, bound for {}",
                    self.of(*to),
                    self.of(*bound_for)
                )
            }
            StandingView::Elsewhere => "elsewhere 不在本级".to_owned(),
        }
    }
}

pub(super) fn body(body: &BodyView) -> String {
    match body {
        BodyView::Text(text) => text.clone(),
        BodyView::Masked => "(only the holder sees it)".to_owned(),
        BodyView::Absent => "(not here)".to_owned(),
    }
}

pub(super) fn tier(tier: Tier) -> String {
    format!("{} {}", tier.name(), tier.chinese())
}

/// Wall time in Shanghai.
pub(super) fn moment(ms: i64) -> String {
    Timestamp(ms).to_string()
}

/// A span of time in its two largest units: `3 d 4 h`, `12 s`.
pub(super) fn span(ms: u64) -> String {
    let seconds = Duration::from_millis(ms).as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use topology::UnitKind;

    use super::*;
    use crate::{
        domain::{category::Class, suite::Suite, template::TemplateKind},
        edge::web::api::{MatterFilter, RollupBy},
    };

    fn all_read<T: DeserializeOwned>(words: &[(&str, &str)]) {
        for (word, _) in words {
            serde_json::from_value::<T>((*word).into()).unwrap();
        }
    }

    #[test]
    fn every_word_of_an_argument_names_something() {
        all_read::<Channel>(&CHANNELS);
        all_read::<Priority>(&PRIORITIES);
        all_read::<Visibility>(&VISIBILITIES);
        all_read::<Class>(&CLASSES);
        all_read::<Outcome>(&OUTCOMES);
        all_read::<TemplateKind>(&KINDS);
        all_read::<Suite>(&SUITES);
        all_read::<Tier>(&TIERS);
        all_read::<UnitKind>(&UNITS);
        all_read::<MatterFilter>(&STATES);
        all_read::<RollupBy>(&GROUPS);
        let chinese = |kind: TemplateKind| (kind.name(), kind.chinese());
        assert_eq!(TemplateKind::ALL.map(chinese), KINDS);
        assert_eq!(Tier::ALL.map(|tier| (tier.name(), tier.chinese())), TIERS);
    }

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        for (ms, text) in [
            (999, "0 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(ms), text);
        }
    }
}
