//! Matters: what the rules of custody refuse, and what cannot be written down.

use domain::{
    custody::Refusal,
    draft::BadDraft,
    matter::{BadPlace, Datum, Elsewhere, Whither},
    policy::{BadWords, Words},
    reply_text::{BadReplyText, ReplyText},
    service::BadMaterials,
    standard::BadData,
};
use office::{DraftRefusal, MatterRefusal, NoSuchMatter};

use crate::problem::{
    InChinese,
    told::{chinese, chinese_of},
};

chinese! { BadReplyText {
    Name => "名称不行；请用一行内 1 到 {most} 个字" (most = ReplyText::MOST_NAME),
    Text => "内容要有 1 到 {most} 个字；请填写或写短些" (most = ReplyText::MOST_TEXT),
    Personal(kind) => "内容里有像{}的号码；常用答复不写具体的人，请删去" (kind.chinese()),
    TooMany(count) => "本单位已有 {count} 条常用答复，不能再多；请先删除一条",
    Unknown(name) => "没有名为“{name}”的常用答复；请看有哪些",
} }

chinese! { Refusal, through [Clock] {
    NotHolder(holder) => "事项现由 {holder} 承办；请向它提出，或等事项转来",
    InTransit(to) => "事项正在移交 {to}；请等对方答复",
    Awaits => "本节点是从旧副本恢复的，正等相邻节点告知它们所知的情况；过后再办",
    Closed => "事项已经办结；如未解决，请由报送人表示不认可",
    AlreadyAccepted => "事项已经受理；请办下一步",
    NotAbove(to) => "{to} 不是本单位的上级；请上报到上级单位",
    NotBelow(to) => "{to} 不是本单位的下级；请交办给下级单位",
    NobodyToReturnTo => "事项不是别处转来的，无处可退；请改为上报",
    Concerned(to) => "这是反映 {to} 的直报件，不能转到那里；请转往别的单位",
    FileAbove(about, above) => "反映 {about} 的直报件要向它的上级提交；请到 {above} 提交",
    AboutWhom => "直报件要写明反映哪个单位，其他件不写；请更正",
    NoNode(code) => "{code} 在网络中没有节点；请核对代码",
    TooManySteps => "事项的步骤已到上限；请办结后另立新件",
    NotWork => "这不是办理动作；请受理、处置、结案或移交",
    HeldHere => "事项就在本单位，不用收回；可直接办理",
    NeverSent => "本单位没有把事项移交出去，不能收回；请向承办单位提出",
    AskedAlready => "已经提过同样的请求；请等答复",
    PastRejecting => "事项已在办理，不能不予受理；请办理后写明结果结案",
    NothingToVerify => "还没有反馈，无可核查；请先记录反馈",
    OwnWork => "处置或反馈是您做的，按规定要由别人核查或结案；请本单位另一位有权限的人办理",
    ErasedAlready => "事项的内容已经删除；不用再删",
    NotPublic => "报送人不同意公开，不能公开答复；请私下答复",
    NotVerified => "按规定结案前要先核查；请先核查",
    Arbitrated(by) => "{by} 已裁定由本单位办理，不能再退；请办理",
    TooManyBounces(times) => "事项已被退回 {times} 次；请说明理由提出异议，由共同上级裁定",
    NobodyToArbitrate => "没有共同上级可以裁定；请改为退回",
    NothingToArbitrate => "没有人对事项提出异议；请改为交办",
    PartsOpen(parts) => "联办件还有 {parts} 个分件没有办完；办完后才能结案或移交",
    PartOfPart => "事项本身是联办件的分件；请在联办件里立分件",
    PartAlready(bundle) => "事项已是联办件 {bundle} 的分件；请到那一件里看",
    BundleAlready => "事项本身是联办件，有自己的分件；请另选一件",
    JoinsItself => "事项不能是自己的分件；请另选联办件",
    TooManyParts(most) => "一个联办件最多 {most} 个分件；请另立联办件",
    MergedWithItself => "事项不能与自己合并，也不能与已被合并的合并；请另选一件",
    SameCategory => "事项已经是这个类别；不用改",
    MergeElsewhere(other) => "{other} 不在本单位，不能在这里并入；请先把两件移交到同一单位",
    NoNote => "结案要写明查明的情况和办理结果；请补写",
    OwnReport => "事项是您报送的，此后还没有办理；请先记录处置和反馈，或请别人结案",
    Final => "事项已经复核，复核决定为终局；不再办理",
    OthersReported => "别人的反映已并入本件，其中一位报送人不能单独撤回；可改为补充说明",
    NotNow => "事项现在的状态不能这样办；请看办理过程后再定",
    TooLate(days) => "办结已超过 {days} 天；请向上一级申请复查",
    ContestedEnough(times) => "已经不认可 {times} 次；请向上一级申请复查",
    NotEntitled => "本单位不能提这个请求；只有报送地的单位或承办单位的上级可以提",
    TooManyAsked(waiting) => "本单位有 {waiting} 个请求在等答复；请先等答复",
} }

chinese! { MatterRefusal, through [
    Rules, NoSuchMatter, Category, Words, Disclosure, Rating, Materials, Data, Elsewhere, Draft, File, SecondMachine, Busy, SealingKey
] {
    NoSuchOfficer(account) => "本节点没有正在使用的账号 {account}；请从账号表中选",
    OfficerHandlesNothing(account) => "账号 {account} 没有处置权限；请派给有权限的人，或先授予角色",
    OfficerElsewhere(account) => "账号 {account} 不是该部门派驻的；请不写部门，或写其所属部门",
    NoDepartment(matter) => "{matter} 没有派给哪个部门，这个账号也不属于哪个部门；请交给某个人，或退回指挥室",
    NoSuchDepartment(department) => "现行制度没有部门 {department}，也没有人由它派驻；请核对代码，或先写进制度",
    TooManyNotes(have, most) => "事项的附言已有 {have} 字节，合计最多 {most}；请结案，或另立新件",
    NoContact(matter) => "这里没有 {matter} 的报送人信息；请看办理过程",
    NoOpening(matter) => "{matter} 的原文在别的单位或已删除；请用报送时给的原文凭据，或趁事项在本单位时再取",
} }

chinese! { BadMaterials {
    NoList => "没有模板规定这件事项要哪些材料；请换一个类别",
    Unknown(code, known) => "“{code}”不在材料之列，或写了两次；可以写：{known}",
    NamedLater(code) => "第一次核对时材料 {code} 并不缺；缺什么只能一次告知，请去掉",
} }

chinese! { DraftRefusal, through [Draft, File] {} }

chinese! { BadDraft {
    TooMany => "此刻正在填写的反映太多；请过一小时再试，或打电话",
    TooLong => "填写的内容太长；请写短些",
    TooManyPhotos(most) => "一次最多 {most} 个文件；请先去掉一个",
    NotAPhoto(media) => "这里只收照片，不收{}；请改发照片（JPEG、PNG 或 WebP）" (media.chinese()),
    NoRoom => "存放未提交照片的空间已满；请不带照片提交，或过一小时再试",
    Over => "填写的内容只保留一天，已经过期；请重新填写",
    HandedIn(number) => "已经提交过，编号 {number}；请用编号和凭条查看",
} }

chinese_of! {
    NoSuchMatter: it => "本节点没有事项 {}；请核对编号" (it.0),
    BadPlace: it => "{}, {} 不是有效的位置；请写北纬和东经的度数，或用文字写明地点" (it.0, it.1),
    Elsewhere: it => "位置在 {}（{}）以外约 {:.0} 米处；{}" (it.name, it.code, it.metres, whither(&it.hint)),
}

fn whither(hint: &Whither) -> String {
    match hint {
        Whither::Swapped => "经度和纬度好像写反了，请对调".to_owned(),
        Whither::Datum(datum) => {
            format!("按{}坐标它就在辖区内，请注明坐标系", Datum::chinese(*datum))
        }
        Whither::In(code, name) => format!("它在 {name}（{code}），请向那里反映，或用文字写明地点"),
        Whither::Nowhere => "请写 WGS 84 的北纬和东经度数，或用文字写明地点".to_owned(),
    }
}

impl InChinese for BadData {
    fn in_chinese(&self) -> String {
        self.said().chinese
    }
}

impl InChinese for BadWords {
    fn in_chinese(&self) -> String {
        match self {
            Self::Empty => "没有写内容；请写明是什么事".to_owned(),
            Self::TooLong { what, count, most } => {
                let what = match what {
                    Words::Report => "反映",
                    Words::Note => "附言",
                    Words::Answer => "答复",
                };
                format!("内容有 {count} 个字，现行制度规定{what}最多 {most} 个字；请写短些")
            }
            Self::TooMuch(bytes) => format!("内容和各栏合计 {bytes} 字节，太长；请写短些"),
            Self::ContactTooLong(field, most) => {
                let field = match *field {
                    "name" => "姓名",
                    "telephone number" | "phone" => "电话",
                    "address" => "地址",
                    _ => "联系方式",
                };
                format!("{field}超过 {most} 个字；请写短些")
            }
            Self::Anonymous => "现行制度不收匿名反映；请写明姓名和联系方式".to_owned(),
            Self::ChannelOfOthers(channel) => format!(
                "没有账号的反映只能用随手拍、信箱或办事，不能用{}；请改选一种",
                channel.chinese()
            ),
        }
    }
}
