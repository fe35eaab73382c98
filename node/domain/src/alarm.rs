//! Alarms: records of what an operator must know. An alarm stays until a person closes it.
//!
//! An operator may miss a log line. An alarm is a record of the node: its status, metrics and API
//! show it, it is counted up when the same thing happens again, and it goes away only when somebody
//! with the permission closes it, which the audit trail records.

use primitives::record::{BASE, Record};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, UnknownTerm};

use super::{foreign::is_harmful, saying::Saying, time::Timestamp};

pub mod details;

/// The longest detail, in characters; longer ones are cut.
const DETAIL_CHARS: usize = 400;

topology::vocabulary! {
    /// The kind of an alarm.
    #[derive(utoipa::ToSchema)]
    #[serde(try_from = "String", into = "String")]
    pub enum AlarmKind: "kind of alarm",
        /// Returns what the operator does about it, in English and in Chinese.
        remedy: (&'static str, &'static str) {
        /// A neighbour holds words of this node that its store does not know.
        StoreWentBack = 1, "store-went-back", "数据回退", "this node's store is older than what a neighbour holds",
            ("find out who put an old copy back; matters from before wait until every neighbour has shown what it knows (`wujitong status`); to close the alarm before goes on without those that did not",
             "查明是谁放回了旧数据；之前的事项要等每个相邻单位都说明所知后才能继续（见网络页）；关闭警报就不再等没有说明的单位");
        /// Two stories of a matter were known, and the steps of one were set aside.
        StepsSetAside = 2, "steps-set-aside", "步骤已搁置", "an old copy of this node's store and its neighbours knew different steps of a matter",
            ("look at the matter (`wujitong matter show`), do again what is still to be done, and tell whoever did it in vain",
             "查看事项（`wujitong matter show`），把仍要办的重新办，并告诉白办了的人");
        /// Two machines have the identity of one division.
        SecondMachine = 3, "second-machine", "身份重复", "two machines greet with the identity of one division",
            ("stop one of the two; if you do not know the other, revoke the division's key at its parent",
             "停掉两台中的一台；认不出另一台时，请上级吊销本单位的密钥");
        /// An issuer shows less of its templates than it issued before.
        TemplateVersionLost = 4, "template-version-lost", "模板版本丢失", "an issuer no longer has a template version it issued",
            ("ask the issuer's operator to publish the template again",
             "请制发单位的运维人员重新发布该模板");
        /// A key of a neighbour or of this node was revoked.
        KeyRevoked = 5, "key-revoked", "密钥已吊销", "a key was revoked",
            ("make sure that the division got new keys from its parent",
             "确认该单位已从上级得到新密钥");
        /// Somebody tries many passwords of an account from many places.
        PasswordsGuessed = 6, "passwords-guessed", "口令被猜测", "somebody tries many passwords of an account",
            ("look in the audit trail from where; tell the person, and have the addresses shut out in front of the node",
             "在审计日志里看来自哪里；告诉本人，并在节点之前拦住那些地址");
        /// A child reported figures that can never be.
        FiguresRefused = 7, "figures-refused", "下级统计不可信", "a child said figures that can never be; the sums are right without them",
            ("see `wujitong rollup apart`, ask the child's operator, and revoke its key if it was stolen",
             "看 `wujitong rollup apart`，询问下级的运维人员；密钥被盗的话请吊销");
        /// Figures of a child do not add up although it is quiet.
        FiguresUneven = 8, "figures-uneven", "下级统计不平", "figures of a child do not agree with each other or with the matters that crossed its link",
            ("ask the child's operator what its journal counts (`wujitong rollup journal`)",
             "询问下级的运维人员，其流水账是怎样统计的（`wujitong rollup journal`）");
        /// Figures that a lost life of a child's store had counted stay counted.
        FiguresLost = 9, "figures-lost", "丢失的统计保留", "a child's store lost facts that are counted here; they stay counted",
            ("find out what was lost there and report it anew or leave it counted",
             "查明那里丢了什么，重新上报，或就此保留");
        /// There is no room for more of what an author sends to others through this node.
        RelayFull = 10, "relay-full", "转发已满", "more of this division's words wait here for others than is kept",
            ("see `wujitong status` for the neighbour that is away; if its author floods, revoke its key",
             "看网络页上哪个相邻单位没有连通；如果是发出单位大量发送，请吊销其密钥");
        /// A parent stated a key for this division that the division does not have.
        KeyNotMine = 11, "key-not-mine", "出现非本单位密钥", "somebody stated a key for this division that it does not have",
            ("tell the division above the parent, by telephone: whoever has the parent's key may speak as this division",
             "打电话告诉上上级：拿着上级密钥的人可能在冒充本单位");
        /// A key was stated that does not count: a twin, which is a second key with the same number, or a later
        /// key that nobody besides the parent vouched for.
        KeyRefused = 12, "key-refused", "密钥未被采信", "a key was stated that does not count",
            ("ask the division and its parent who made it; countersign it (`wujitong key countersign`) or have the parent's key revoked",
             "询问该单位和它的上级是谁做的；会签它（`wujitong key countersign`），或请人吊销上级的密钥");
        /// A neighbour does not know the key of an author whose words it is brought.
        KeyUnknown = 13, "key-unknown", "密钥未知", "a neighbour does not know this division's key; what was said with it waits here",
            ("see `wujitong key list` there and here; have the key countersigned (`wujitong key countersign`), or revoked at its parent",
             "看两边的 `wujitong key list`；请人会签这把密钥（`wujitong key countersign`），或请上级吊销");
        /// A key replaced another one that had no part in it.
        KeyCountersigned = 14, "key-countersigned", "密钥经上上级会签更换", "a key was replaced with the grandparent's countersignature, not with the old key",
            ("make sure with the division that it was so, then close the alarm",
             "向该单位核实确有其事，然后关闭警报");
        /// The certificate of this node ends soon.
        CertificateEnds = 15, "certificate-ends", "证书将到期", "this node's certificate ends soon",
            ("the row `renewal` of `wujitong status` says why the parent has not renewed it; if that does not help in time, have a new one made where the parent's keys are, with `wujitong init --division CODE --issuer DIR --data DIR --renew`",
             "`wujitong status` 的 `renewal` 一行写着上级为什么没有换发；来不及时，在存放上级密钥的地方用 `wujitong init --division CODE --issuer DIR --data DIR --renew` 做新证书");
        /// The receiver of a webhook does not take what it is sent.
        WebhookFails = 16, "webhook-fails", "推送失败", "another system does not take what it is sent",
            ("look at `wujitong webhook list`; when the receiver is well again, `wujitong webhook resume` tries at once",
             "看推送页；接收方恢复后，点“恢复”立即再试");
        /// A webhook missed changes.
        WebhookGap = 17, "webhook-gap", "推送缺失", "a webhook was away so long that it missed changes",
            ("have the other system read the matters anew",
             "请对方系统重新读取全部事项");
        /// A sign-in provider's word about a person does not hold.
        SignInForged = 18, "sign-in-forged", "登录凭证不实", "a provider's word about a person does not hold",
            ("tell whoever runs the provider; check `[oidc]` in the configuration",
             "告诉登录服务的管理者；检查配置中的 `[oidc]`");
        /// The announced holidays end within two months, or have ended.
        CalendarEnds = 19, "calendar-ends", "日历即将到期", "the holidays of the policy in force end within two months, or ended",
            ("publish a policy template with a [calendar] that has the State Council's announcement for the next year",
             "发布带 [calendar] 的政策模板，写入国务院公布的下一年放假安排");
        /// The clock of this machine cannot be trusted.
        ClockDoubted = 20, "clock-doubted", "时钟可疑", "the wall clock left the monotonic one, or that of the neighbours, by minutes",
            ("set the clock right; if it is right, say so with `wujitong clock confirm`; see `wujitong clock show`",
             "校准时钟；时钟没有错的话用 `wujitong clock confirm` 确认；详见 `wujitong clock show`");
        /// The chain of the audit trail does not hold.
        AuditTrailBroken = 21, "audit-trail-broken", "审计链断裂", "the audit trail does not hold",
            ("compare it with a backup and tell the auditors",
             "与备份比对，并告诉审计人员");
        /// An attachment on the disk is not what was kept.
        FileDamaged = 22, "file-damaged", "附件损坏", "an attachment on this node's disk is damaged",
            ("look after the disk; put the file back from a backup where no other division has it, then close the alarm",
             "检查磁盘；别处没有这个文件时从备份放回，然后关闭警报");
        /// The public log of a division says another past than before.
        LogRewritten = 23, "log-rewritten", "公开日志被改写", "the public log of a division contradicts what it signed before",
            ("compare the two heads (`wujitong log children`), ask the division what happened, and say which counts (`wujitong log resolve`); about this division itself, look whether its store is an old copy",
             "比对两个日志头（`wujitong log children`），询问该单位发生了什么，再说明以哪个为准（`wujitong log resolve`）；如果说的是本单位，请查数据是不是旧副本");
        /// A linked child says no head of its public log any more.
        LogSilent = 24, "log-silent", "公开日志久未报到", "a linked division has said no head of its public log for two days",
            ("ask the division's operator what its log says (`wujitong log show`); it may show others a newer head than it shows here (`wujitong log audit --child`)",
             "询问该单位的运维人员，其日志如何（`wujitong log show`）；它给别人看的日志头可能比这里的新（`wujitong log audit --child`）");
        /// A log shows a countersignature of this node that its own store does not know.
        WitnessWentBack = 25, "witness-went-back", "会签记录回退", "a log shows a countersignature of this node that its store does not know",
            ("find out who put an old copy of this node's store back; what the log shows is taken over, so nothing is countersigned that contradicts it",
             "查明是谁放回了本节点的旧数据；日志出示的会签已被采用，与之矛盾的不会再会签");
        /// An issuer's list of current versions ran out while the parent is linked.
        TemplateListExpired = 26, "template-list-expired", "模板清单过期", "an issuer's list of current template versions ran out, and no newer one comes although the link is up",
            ("ask the issuer's operator whether its node runs, and those between whether they hold something back; what is in force stays in force",
             "询问制发单位的运维人员其节点是否在运行，并询问中间各级是否有东西没有转下来；现行模板继续有效");
        /// An issuer's list names versions that did not come.
        TemplatesMissing = 27, "templates-missing", "模板未到", "an issuer's list names template versions that did not come although the link is up",
            ("see which at `wujitong template list`; ask the parent's operator, and have the issuer publish them again",
             "用 `wujitong template list` 查看缺哪些；询问上级的运维人员，并请制发单位重新发布");
        /// Somebody tries invitations for a child that were never made.
        InvitationsGuessed = 28, "invitations-guessed", "邀请码被猜测", "somebody tries wrong invitations for a division below",
            ("ask the division's operator whether it is theirs; if not, have the addresses shut out in front of the node, and make the open invitation anew",
             "询问该单位的运维人员是不是他们；不是的话，在节点之前拦住那些地址，并重新发邀请码");
        /// A child whose certificate ended waits for a person to let it come back.
        ReadmissionWaits = 29, "readmission-waits", "下级等待回归", "a division below wants to come back after its certificate ended",
            ("ask its operator whether it is the machine that you know, and then say yes with `wujitong readmit CODE`; if not, revoke its key",
             "询问该单位的运维人员是不是那台机器，是的话用 `wujitong readmit CODE` 准许回归；不是的话请吊销它的密钥");
        /// The certificate of a linked child ends soon, and the child has not asked for the next one.
        ChildCertificateEnds = 30, "child-certificate-ends", "下级证书将到期", "the certificate of a division below ends soon, although it is linked",
            ("ask its operator what the row `renewal` of `wujitong status` says there; its clock may be wrong, or its disk full",
             "询问该单位的运维人员，那里 `wujitong status` 的 `renewal` 一行写着什么；可能是时钟不对，或磁盘已满");
    }
}

impl TryFrom<String> for AlarmKind {
    type Error = UnknownTerm;

    fn try_from(text: String) -> Result<Self, UnknownTerm> {
        text.parse()
    }
}

impl From<AlarmKind> for String {
    fn from(kind: AlarmKind) -> Self {
        kind.code().to_owned()
    }
}

/// One alarm. A node has at most one of a kind about one division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its kind.
    pub kind: AlarmKind,
    /// The division it is about, if it is about one.
    pub about: Option<DivisionCode>,
    /// The last observation, cut to 400 characters, with all foreign text escaped. One of before there was
    /// Chinese has the English in both languages.
    pub detail: Saying,
    /// When it was first raised.
    pub first: Timestamp,
    /// When it was last raised.
    pub last: Timestamp,
    /// The number of times it was raised.
    pub times: u64,
    /// When the cause went away by itself. The alarm stays until a person closes it.
    pub settled: Option<Timestamp>,
}

/// An alarm whose detail was English only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmV5 {
    kind: AlarmKind,
    about: Option<DivisionCode>,
    detail: String,
    first: Timestamp,
    last: Timestamp,
    times: u64,
    settled: Option<Timestamp>,
}

crate::records!(AlarmV5);

impl Record for Alarm {
    const VERSION: u8 = BASE + 1;
    type Previous = AlarmV5;

    fn migrate(old: AlarmV5) -> Self {
        Self {
            kind: old.kind,
            about: old.about,
            detail: Saying::foreign(old.detail),
            first: old.first,
            last: old.last,
            times: old.times,
            settled: old.settled,
        }
    }
}

impl Alarm {
    /// Returns the alarm after its cause was seen, for the first time or again.
    pub fn raised(
        before: Option<Self>,
        kind: AlarmKind,
        about: Option<DivisionCode>,
        detail: &Saying,
        now: Timestamp,
    ) -> Self {
        let (first, times) = before.map_or((now, 0), |before| (before.first, before.times));
        Self {
            kind,
            about,
            detail: detail.map(plain),
            first,
            last: now,
            times: times.saturating_add(1),
            settled: None,
        }
    }
}

/// Cuts the text to [`DETAIL_CHARS`] and escapes controls and marks of direction. The result is on
/// one line.
fn plain(text: &str) -> String {
    let mut plain: String = text
        .chars()
        .take(DETAIL_CHARS)
        .flat_map(|c| {
            let keep = !is_harmful(c);
            let escaped = (!keep).then(|| c.escape_unicode());
            let kept = keep.then_some(c);
            kept.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if text.chars().nth(DETAIL_CHARS).is_some() {
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_from_its_code_and_has_words() {
        for kind in AlarmKind::ALL {
            assert_eq!(kind.code().parse(), Ok(kind));
            assert!(!kind.chinese().is_empty() && !kind.english().is_empty());
            let (english, chinese) = kind.remedy();
            assert!(!english.is_empty() && chinese.chars().any(|c| c > '\u{3400}'));
        }
        assert!("nothing".parse::<AlarmKind>().is_err());
    }

    #[test]
    fn the_same_again_counts_up_and_keeps_its_beginning() {
        let kind = AlarmKind::StoreWentBack;
        let once = Alarm::raised(None, kind, None, &Saying::foreign("one"), Timestamp(1));
        let settled = Alarm {
            settled: Some(Timestamp(2)),
            ..once
        };
        let twice = Alarm::raised(
            Some(settled),
            kind,
            None,
            &Saying::foreign("two"),
            Timestamp(3),
        );
        assert_eq!((twice.first, twice.last), (Timestamp(1), Timestamp(3)));
        assert_eq!((twice.times, twice.settled), (2, None));
        assert_eq!(twice.detail.english, "two");
    }

    #[test]
    fn what_a_stranger_wrote_stays_one_line_and_is_cut() {
        let detail = format!("a\n\u{1b}[31m\u{202e}b{}", "长".repeat(500));
        let alarm = Alarm::raised(
            None,
            AlarmKind::KeyRevoked,
            None,
            &Saying::foreign(detail),
            Timestamp(1),
        );
        assert!(
            alarm
                .detail
                .chinese
                .starts_with("a\\u{a}\\u{1b}[31m\\u{202e}b长")
        );
        assert!(alarm.detail.chinese.ends_with('…'));
        assert!(!alarm.detail.chinese.chars().any(char::is_control));
    }
}
