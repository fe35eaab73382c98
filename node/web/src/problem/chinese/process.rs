//! The process and its neighbours: other systems, templates, keys, clocks, queues.

use domain::{
    audit::BrokenTrail,
    hook::BadHook,
    invitation::{BadAddresses, BadValidity},
    template::{BadReach, BadTemplate, ProposalRefusal, RolloutRefusal},
};
use office::{
    CountersignRefusal, InviteRefusal, NoSuchAlarm, NoSuchEvidence, NoSuchTemplate, NotBelow,
    NotPublished, NotRolledOut, NotWaiting, RevokeRefusal, SealingKeyFails, SecondMachine, TooBusy,
    feed::TooManyListeners, webhooks::HookRefusal,
};
use outbound::http_client::BadTarget;
use peer::courier::{CourierRefusal, NotACourierFile};

use crate::problem::told::{chinese, chinese_of};

chinese! { HookRefusal, through [Hook, SealingKey] {} }

chinese! { BadHook, through [Name] {
    Id(id) => "“{id}”不是推送的编号；编号是 16 位十六进制数",
    Unknown(hook) => "本节点没有推送 {hook}；请从推送表中选",
    Long(bytes) => "地址有 {bytes} 字节，太长；请用短些的",
    Elsewhere(there, here) => "{there} 不是本节点的单位 {here}，也不是其下级；请到那个单位的节点办",
    TooMany(count) => "本节点已有 {count} 个推送；请删去没人用的",
} }

chinese! { BadTarget {
    Form(text) => "“{text}”不是可以推送的地址；请写成 https://city.example/hooks/wujitong 这样",
    Credentials => "地址里不能带用户名或密码；每次推送都有签名，不用它们",
    Private(address) => "{address} 不是公网地址；要用的话，请运维人员在配置 hooks.allow 中允许",
    Plain(host) => "不加密不能推送到 {host}；请用 https，或请运维人员在配置 hooks.allow 中允许",
    PlainElsewhere(address) => "{address} 是另一台机器，不加密不能推送；请用 https",
} }

chinese! { RevokeRefusal {
    NotAChild(division) => "{division} 不是本节点的直接下级；只有它的上级能吊销它的密钥",
    NoKey(division) => "本节点没有见过 {division} 仍然有效的密钥；请核对是否已吊销",
} }

chinese! { InviteRefusal, through [Validity, Addresses] {
    NotAChild(division) => "{division} 不是本节点的直接下级，或没有节点；请由它自己的上级邀请",
    NoIssuingKey => "本节点没有给下级发证的密钥；请用有密钥的目录启动",
    Enrolled(division, key) => "{division} 已入网，密钥是 {key}；请启动持有它的机器，密钥丢失时请选择替换",
    NeverEnrolled(division) => "{division} 没有入过网，没有可替换的密钥；请不要选择替换",
    NoMoreKeys(division) => "{division} 的密钥数已到上限；请联系程序的维护者",
    NoneOpen(division) => "{division} 没有待用的邀请码；请看邀请码列表",
    NobodyWaits(division) => "没有机器在等候加入 {division}；请先在那台机器上运行 `wujitong join`",
    OtherNumber(division) => "等候加入 {division} 的机器不是这个号码；请对方再读一遍，仍不同就撤回邀请码",
} }

chinese! { BadAddresses {
    None => "邀请码要写明本节点的地址，节点自己不知道；请写成“主机:端口”，例如 10.8.25.1:7450",
    TooMany(count) => "{count} 个地址太多；最多写 4 个",
    NotOne(address) => "“{address}”不是地址；请写成“主机:端口”，例如 10.8.25.1:7450",
} }

chinese_of! {
    BadValidity: it => "邀请码的有效期是 1 小时到 90 天，不能是 {} 小时；请另选" (it.0),
}

chinese! { CountersignRefusal {
    NotBelow(division) => "{division} 不是本节点往下第二级的单位；由它上级的上级会签",
    Nothing(division) => "没有 {division} 的密钥在等会签；请看密钥表",
    Several(division) => "{division} 有几把密钥在等会签；请指明一把",
    DoesNotHold(division, why) => "{division} 的密钥声明无效（{why}）；请它重新入网",
} }

chinese! { CourierRefusal, through [Unreadable] {
    NotANeighbour(division) => "{division} 不是本节点的直接上级或下级；请选上级或下级",
    NoKey(division) => "本节点没有 {division} 的有效密钥，不能为它加密；请先导入它的信使文件，或让它入网",
    OwnKey(why) => "本节点的密钥不能使用（{why}）；请运维人员查看运行日志",
    TooLong(bytes) => "文件会有 {bytes} 字节，没有节点能读；请等网络恢复",
    OtherNetwork => "这个文件属于另一个网络；请用本网络内上级或下级的文件",
    ForAnother {to, me} => "这个文件是给 {to} 的，这里是 {me}；请送到那里",
    FromAnother(division) => "这个文件来自 {division}，不是本节点的直接上级或下级；请送到它的上级或下级",
    Revoked(division) => "{division} 的密钥已吊销；请它的上级重新为它办入网，再由它另做文件",
    Key(division, why) => "{division} 的密钥在这里无效（{why}）；请它另做文件，并向它的上级核对密钥",
    Forged(division) => "文件不是 {division} 签名时的样子；请不要使用，另要一份",
    NotSealedForHere(division) => "本节点的密钥打不开这个文件；请 {division} 另做一份",
    Contradicts(division, why) => "{division} 的文件自相矛盾（{why}）；请另要一份",
    Superseded(division) => "文件是 {division} 的存储重新开始以前做的；请它另做一份",
    WentBack(division) => "文件表明本节点的存储是旧副本，已开始新的世代；请先给 {division} 做一个文件，再导入这一份",
    NotReceived(why) => "没有处理完（{why}）；请再导入一次，仍不行请看运行日志",
} }

chinese! { NotACourierFile {
    Other => "这不是信使文件；请选 `wujitong courier export` 或网络页上做出的文件",
    Newer => "这个文件由更新的程序做出；请先升级本节点",
    Damaged(why) => "信使文件不完整或被改动（{why}）；请重新复制，或请对方另做一份",
} }

chinese! { BrokenTrail {
    Missing(entry) => "审计日志缺第 {entry} 条；请与备份比对，并告诉审计人员",
    Changed(entry) => "审计日志第 {entry} 条与当初所写不同；请与备份比对，并告诉审计人员",
    Beyond(entry) => "审计日志应止于第 {entry} 条，后面却还有；请与备份比对，并告诉审计人员",
} }

chinese! { BadReach {
    Nobody => "没有选给谁先用；请填 1 到 99 的百分比，或选单位",
    Share => "比例是 1 到 99；给全部单位时请不填",
    TooMany => "点名的单位超过 64 个；请改选它们的上级，或填百分比",
    OutOfScope(division) => "{division} 及其以下没有适用这个模板的节点；请选模板适用范围内的单位",
} }

chinese! { RolloutRefusal, through [Reach] {
    NotUnderWay => "这个模板没有正在分批下发的版本；请带比例或单位下达下一版",
    UnderWay(version) => "第 {version} 版还在分批下发；请先扩大到全部，或撤回，再下达下一版",
    Paused => "分批下发已暂停；请先恢复，或撤回",
    NotPaused => "分批下发没有暂停；不用恢复",
    NotWider => "范围只能扩大；请至少包括现在的比例和单位，再加一些",
    NothingEarlier => "这里没有保存更早的版本；请把原文作为下一版下达",
} }

chinese! { ProposalRefusal {
    Alone => "模板由两个人制发：请先送审，再由另一个人审定下达",
    Own(number) => "第 {number} 号送审稿是您写的；请另一个人阅读后下达",
    Program => "程序不能送审，也不能下达模板；须由两个人制发",
    Ended(number) => "第 {number} 号送审稿已经下达或退回；送审表上有是谁办的",
    Unknown(number) => "这里没有第 {number} 号送审稿；请看送审表",
    TooMany => "等候审定的送审稿已有 32 份；请先下达或退回一些",
    Reason => "请用 1 到 400 个字说明原因，写的人会看到",
} }

chinese! { NotPublished, through [Template, Rollout, Proposal] {} }

chinese! { NotRolledOut, through [Unknown, Rollout, Template] {
    NotOurs(key) => "{key} 由别的单位制发；怎样分批下发，请到那个单位办",
} }

chinese_of! {
    NoSuchAlarm: it => "这里没有“{}”警报；请看警报表" (it.0.chinese()),
    NoSuchEvidence: it => "这里没有 {} 的日志矛盾；`wujitong log children` 列出有哪些" (it.0),
    NotWaiting: it => "{} 没有在等候回归；邀请入网页上列出在等的，密钥丢失的请重新邀请" (it.0),
    NotBelow: it => "{} 不在本节点之下，或没有节点；请到它上面的节点或它自己的节点看" (it.0),
    NoSuchTemplate: it => "本节点没有模板 {}；请看模板表" (it.0),
    BadTemplate: it => "{}" (it.said().chinese),
    SecondMachine: it => "{} 拒绝了这台机器，因为另一台机器用着同一身份；停掉其中一台之前，这里不收新件" (it.0),
    TooBusy: it => "等着写盘的太多；请稍后再试",
    TooManyListeners: it => "打开的实时连接太多，每人最多 {} 个；请关掉不看的" (it.0),
    SealingKeyFails: it => "这里不能加密或解密原文；请运维人员从备份恢复节点的 seal.key",
}
