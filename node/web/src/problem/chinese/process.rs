//! The process and its neighbours: other systems, templates, keys, clocks, queues.

use domain::{audit::BrokenTrail, hook::BadHook, template::BadTemplate};
use office::{
    CountersignRefusal, NoSuchAlarm, NoSuchEvidence, NoSuchTemplate, NotBelow, RevokeRefusal,
    SealingKeyFails, SecondMachine, TooBusy, feed::TooManyListeners, webhooks::HookRefusal,
};
use outbound::http_client::BadTarget;

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

chinese! { CountersignRefusal {
    NotBelow(division) => "{division} 不是本节点往下第二级的单位；由它上级的上级会签",
    Nothing(division) => "没有 {division} 的密钥在等会签；请看密钥表",
    Several(division) => "{division} 有几把密钥在等会签；请指明一把",
    DoesNotHold(division, why) => "{division} 的密钥声明无效（{why}）；请它重新入网",
} }

chinese! { BrokenTrail {
    Missing(entry) => "审计日志缺第 {entry} 条；请与备份比对，并告诉审计人员",
    Changed(entry) => "审计日志第 {entry} 条与当初所写不同；请与备份比对，并告诉审计人员",
    Beyond(entry) => "审计日志应止于第 {entry} 条，后面却还有；请与备份比对，并告诉审计人员",
} }

chinese_of! {
    NoSuchAlarm: it => "这里没有“{}”警报；请看警报表" (it.0.chinese()),
    NoSuchEvidence: it => "这里没有 {} 的日志矛盾；`wujitong log children` 列出有哪些" (it.0),
    NotBelow: it => "{} 不在本节点之下，或没有节点；请到它上面的节点或它自己的节点看" (it.0),
    NoSuchTemplate: it => "本节点没有模板 {}；请看模板表" (it.0),
    BadTemplate: it => "{}" (it.said().chinese),
    SecondMachine: it => "{} 拒绝了这台机器，因为另一台机器用着同一身份；停掉其中一台之前，这里不收新件" (it.0),
    TooBusy: it => "等着写盘的太多；请稍后再试",
    TooManyListeners: it => "打开的实时连接太多，每人最多 {} 个；请关掉不看的" (it.0),
    SealingKeyFails: it => "这里不能加密或解密原文；请运维人员从备份恢复节点的 seal.key",
}
