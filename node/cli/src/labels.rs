//! Codes in words: Chinese beside English, names beside numbers.

use std::{collections::BTreeMap, time::Duration};

use api::{BodyView, ClockView, Known, RequestView, StandingView, Stands};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use domain::{
    category::{Priority, Visibility},
    matter::{Act, Appeal, Audience, Channel, Detail, Outcome, Publicity, Status},
    receipt::{self, Finding, What},
    request::{Reply, Voice, Wish},
    revocation::Reason,
    time::Timestamp,
};
use serde::{Serialize, de::DeserializeOwned};
use topology::{DivisionCode, Tier};

use super::terminal::escape;

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

pub(super) const PLATFORMS: [(&str, &str); 4] = [
    ("order", "综治工作"),
    ("market", "市场监管"),
    ("enforcement", "综合执法"),
    ("service", "便民服务"),
];

pub(super) const PAUSES: [(&str, &str); 5] = [
    ("reporter", "待补正"),
    ("expert", "鉴定检测"),
    ("court", "诉讼仲裁"),
    ("force-majeure", "不可抗力"),
    ("superior", "待上级答复"),
];

pub(super) const EXTENSIONS: [(&str, &str); 4] = [
    ("complex", "情况复杂"),
    ("many-offices", "涉及多部门"),
    ("works", "工程施工"),
    ("legacy", "历史遗留"),
];

pub(super) const REJECTIONS: [(&str, &str); 5] = [
    ("private", "非公共事务"),
    ("judicial", "司法程序"),
    ("unclear", "事实不清"),
    ("decided", "已终结"),
    ("nonsense", "无效信息"),
];

pub(super) const GROUNDS: [(&str, &str); 4] = [
    ("place", "不属本辖区"),
    ("competence", "不属本职责"),
    ("power", "无管理权限"),
    ("elsewhere", "他处已办理"),
];

pub(super) const SATISFACTIONS: [(&str, &str); 3] = [
    ("satisfied", "满意"),
    ("fair", "基本满意"),
    ("dissatisfied", "不满意"),
];

pub(super) const AUDIENCES: [(&str, &str); 2] = [("offices", "内部"), ("reporter", "告知群众")];

pub(super) const PUBLICITIES: [(&str, &str); 2] = [("private", "不公开"), ("public", "公开")];

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

pub(super) const URGENCIES: [(&str, &str); 2] = [("due-soon", "即将到期"), ("overdue", "已超期")];

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

pub(super) const ERASURES: [(&str, &str); 4] = [
    ("needless", "目的已实现"),
    ("expired", "保存期限届满"),
    ("consent", "撤回同意"),
    ("unlawful", "违法处理"),
];

pub(super) const REASONS: [(&str, &str); 4] = [
    ("stolen", "被盗"),
    ("lost", "遗失"),
    ("replaced", "更换"),
    ("closed", "撤销节点"),
];

pub(super) fn revoked(reason: Reason) -> String {
    let word = reason.to_string();
    match REASONS.iter().find(|(known, _)| *known == word) {
        Some((_, chinese)) => format!("{word} {chinese}"),
        None => word,
    }
}

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

pub(super) fn status(status: Status) -> String {
    let word = match status {
        Status::Reported => "reported 上报",
        Status::Accepted => "accepted 受理",
        Status::Dispatched => "dispatched 派遣",
        Status::Handling => "handling 处置",
        Status::Answered => "answered 反馈",
        Status::Verified => "verified 核查",
        Status::Closed(outcome) => return format!("closed 结案: {}", self::outcome(outcome)),
    };
    word.to_owned()
}

/// How a matter ended.
pub(super) fn outcome(outcome: Outcome) -> String {
    let word = match outcome {
        Outcome::Solved => "solved 已解决",
        Outcome::Unfounded => "unfounded 不属实",
        Outcome::Unsolvable => "unsolvable 无法解决",
        Outcome::Rejected(reason) => {
            return format!("rejected 不予受理, {}", said(&REJECTIONS, reason));
        }
        Outcome::Withdrawn => "withdrawn 撤回",
        Outcome::Merged(into) => return format!("merged 并入 {into}"),
    };
    word.to_owned()
}

/// A field of its own beside a text, by its name.
pub(super) fn detail(name: &str) -> String {
    match name {
        Detail::ADDRESS => "地点".to_owned(),
        Detail::ADDRESS_ID => "地点编号".to_owned(),
        Detail::MEDIA_URL => "图片链接".to_owned(),
        name => escape(name.strip_prefix(Detail::ATTRIBUTE).unwrap_or(name)),
    }
}

/// What a receipt is for.
pub const fn receipt_kind(kind: receipt::Kind) -> &'static str {
    match kind {
        receipt::Kind::Hop => "taken 接收",
        receipt::Kind::End => "decided 办结",
    }
}

/// A receipt that can be had.
pub(super) fn receipt_line(line: &receipt::Line, names: Names<'_>) -> String {
    let kind = receipt_kind(line.kind);
    let at = moment(line.at_ms);
    format!("{kind} at {}, {at}", names.of(line.division))
}

/// What of a receipt was looked at.
pub const fn checked(what: What) -> &'static str {
    match what {
        What::Root => "root certificate 根证书",
        What::Keys => "key statement 密钥声明",
        What::Export => "file as made 文件完整",
        What::Signature => "signature 签名",
        What::Author => "author 签发人",
        What::Matter => "matter 事项",
        What::Content => "content 内容承诺",
        What::Steps => "steps 流转步骤",
        What::Continuity => "continuity 前后衔接",
        What::Relays => "relays 转递各级",
        What::Later => "later steps 此后进展",
        What::Revocations => "revocations 密钥吊销",
        What::Clocks => "clocks 各级时钟",
        What::Text => "text 原文",
    }
}

/// How a check ended.
pub(super) const fn finding(finding: Finding) -> &'static str {
    match finding {
        Finding::Ok => "ok 通过",
        Finding::Failed => "FAILED 不符",
        Finding::NotChecked => "not checked 未核",
    }
}

/// What was asked of the holder, and what became of it.
pub(super) fn request(request: &RequestView) -> String {
    let wish = match request.wish {
        Wish::Recall => "recall 召回".to_owned(),
        Wish::Contest => "contest 不认可办结".to_owned(),
        Wish::Review => "review 复查".to_owned(),
        Wish::Withdraw => "withdraw 撤回".to_owned(),
        Wish::Supervise => "supervise 督办".to_owned(),
        Wish::Rate(how) => format!("rate 回访: {}", said(&SATISFACTIONS, how)),
        Wish::Remark(audience) => format!("remark: {}", said(&AUDIENCES, audience)),
        Wish::Merge(into) => format!("merge 并入 {into}"),
    };
    let reply = match request.reply {
        None => "not answered yet",
        Some(Reply::Granted) => "done",
        Some(Reply::Closed) => "the matter is closed",
        Some(Reply::NotEntitled) => "not entitled",
        Some(Reply::Unknown) => "the division asked does not know the matter",
        Some(Reply::Moved { .. } | Reply::Moot) => "the matter moved; ask again",
        Some(Reply::NotNow) => "the state of the matter does not allow it",
        Some(Reply::Late) => "too late",
        Some(Reply::Refused) => "refused on its way; see the logs of the nodes between",
    };
    format!("{wish}; {reply}")
}

/// When something is due, in a list.
pub(super) fn due(due_ms: Option<i64>, provisional: bool) -> String {
    match (due_ms, provisional) {
        (None, _) => "-".to_owned(),
        (Some(due), false) => moment(due),
        (Some(due), true) => format!("{} (provisional 暂定)", moment(due)),
    }
}

/// A clock and how it stands.
pub(super) fn clock(clock: &ClockView) -> String {
    let stage = format!("{} {}", clock.stage, clock.stage.chinese());
    let due = moment(clock.due_ms);
    let stands = match clock.stands {
        Stands::Running => "running".to_owned(),
        Stands::DueSoon => "due soon 预警".to_owned(),
        Stands::Overdue => "overdue 超期".to_owned(),
        Stands::Paused => "paused 暂停".to_owned(),
        Stands::Met => "met 按时".to_owned(),
        Stands::Late => "late 超期完成".to_owned(),
        Stands::Cancelled => "cancelled".to_owned(),
    };
    let provisional = match clock.provisional {
        true => " (provisional 暂定: holidays are not announced that far)",
        false => "",
    };
    format!(
        "{stage}, {} from {}, due {due}{provisional}: {stands}",
        clock.allowance,
        moment(clock.started_ms)
    )
}

/// The word of a choice, with its Chinese meaning.
pub(super) fn said(words: &[(&'static str, &'static str)], choice: impl Serialize) -> String {
    let word = serde_json::to_value(choice).expect("a choice is a word");
    let word = word.as_str().unwrap_or_default();
    match words.iter().find(|(known, _)| *known == word) {
        Some((word, chinese)) => format!("{word} {chinese}"),
        None => word.to_owned(),
    }
}

/// Who spoke for the reporter, if somebody did.
pub(super) fn voice(voice: Option<Voice>) -> String {
    match voice {
        None => String::new(),
        Some(Voice::Reporter) => ", by the reporter 本人".to_owned(),
        Some(Voice::Official(account)) => format!(", said by account {account} 代述"),
        Some(Voice::Program) => ", said by a program 代述".to_owned(),
        Some(Voice::Owner) => ", said by the node's owner 代述".to_owned(),
    }
}

/// What was done, in a word.
pub fn verb(act: Act) -> String {
    match serde_json::to_value(act).expect("acts are plain") {
        serde_json::Value::String(word) => word,
        serde_json::Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
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
            Act::Close(ended) => format!("close 结案: {}", outcome(ended)),
            Act::Dispatch(target) => {
                let mut text = format!("dispatch 派遣 to {}", said(&PLATFORMS, target.platform));
                if let Some(department) = target.department {
                    text += &format!(", {department}");
                }
                if let Some(officer) = target.officer {
                    text += &format!(", account {officer}");
                }
                text
            }
            Act::Feedback => "feedback 反馈".to_owned(),
            Act::Verify(true) => "verify 核查: done".to_owned(),
            Act::Verify(false) => "verify 核查: not done".to_owned(),
            Act::Object(to, ground) => {
                let ground = said(&GROUNDS, ground);
                format!("object 职责异议 ({ground}), to {}", self.of(to))
            }
            Act::Arbitrate(to) => format!("arbitrate 裁定: {}", self.of(to)),
            Act::Reopen(Appeal::Contest) => "reopen 重开: contested".to_owned(),
            Act::Reopen(Appeal::Review) => "reopen 复查".to_owned(),
            Act::Supervise(by) => format!("supervise 督办 by {}", self.of(by)),
            Act::Rate(how) => format!("rate 回访: {}", said(&SATISFACTIONS, how)),
            Act::Remark(Audience::Offices) => "remark 内部意见".to_owned(),
            Act::Remark(Audience::Reporter) => "remark 告知".to_owned(),
            Act::Reply(Publicity::Private) => "reply 答复".to_owned(),
            Act::Reply(Publicity::Public) => "reply 公开答复".to_owned(),
            Act::Recategorise => "recategorise 改类".to_owned(),
            Act::Prioritise(priority) => format!("prioritise {}", self::priority(priority)),
            Act::Absorb(other) => format!("absorb 并入 {other}"),
            Act::OpenPart(part) => format!("open part 分办 {part}"),
            Act::Pause(reason) => format!("pause 暂停计时 ({reason} {})", reason.chinese()),
            Act::Resume => "resume 恢复计时".to_owned(),
            Act::Extend(stage, reason) => {
                let (of, why) = (stage.chinese(), reason.chinese());
                format!("extend 延期: {stage} {of} ({reason} {why})")
            }
            Act::Warn(stage) => format!("due soon 预警: {stage} {}", stage.chinese()),
            Act::Overdue(stage) => format!("overdue 超期: {stage} {}", stage.chinese()),
            Act::EndPart(part, ended) => format!("part ended 办结 {part}: {}", outcome(ended)),
            Act::Erase(erasure) => format!("erase 删除: {}", said(&ERASURES, erasure)),
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

    /// Through when everything is shown.
    pub(super) fn known(self, known: Option<&Known>) -> String {
        let Some(known) = known else {
            return String::new();
        };
        let by = self.of(known.by);
        match (known.through_ms, known.age_ms()) {
            (Some(through), Some(age)) => format!(
                "through {} by {by}, {} before this was shown",
                moment(through),
                span(age.unsigned_abs())
            ),
            _ => format!("not known how far: {by} has not said everything yet"),
        }
    }
}

pub(super) fn body(body: &BodyView) -> String {
    match body {
        BodyView::Text(text) => text.clone(),
        BodyView::Masked => "(only the holder sees it)".to_owned(),
        BodyView::Erased => "(erased)".to_owned(),
        BodyView::Absent => "(not here)".to_owned(),
        BodyView::Unreadable => "(sealed, and does not open; see the node's log)".to_owned(),
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
pub fn span(ms: u64) -> String {
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
    use api::{Ending, MatterFilter, RollupBy, Urgency};
    use domain::{
        category::{Class, Platform},
        clock::{ExtensionReason, PauseReason},
        matter::{Ground, Satisfaction},
        suite::Suite,
        template::TemplateKind,
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
        all_read::<Ending>(&OUTCOMES);
        all_read::<TemplateKind>(&KINDS);
        all_read::<Suite>(&SUITES);
        all_read::<Tier>(&TIERS);
        all_read::<UnitKind>(&UNITS);
        all_read::<MatterFilter>(&STATES);
        all_read::<Urgency>(&URGENCIES);
        all_read::<RollupBy>(&GROUPS);
        all_read::<Reason>(&REASONS);
        all_read::<domain::matter::Reason>(&REJECTIONS);
        all_read::<Platform>(&PLATFORMS);
        all_read::<PauseReason>(&PAUSES);
        all_read::<ExtensionReason>(&EXTENSIONS);
        all_read::<Ground>(&GROUNDS);
        all_read::<Satisfaction>(&SATISFACTIONS);
        all_read::<Audience>(&AUDIENCES);
        all_read::<Publicity>(&PUBLICITIES);
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
