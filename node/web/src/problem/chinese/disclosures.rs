//! What is refused of disclosures.

use domain::disclosure::{
    BadDisclosure, BadDisclosureId, MOST_ATTACHED, MOST_CONTENT_BYTES, MOST_EVER, MOST_NOTE,
    MOST_ROWS, Stage,
};
use domain::plea::{BadPlea, BadPleaId, MOST_OPEN};
use office::NoReceipt;
use sheet::form::BadForm;

use crate::problem::{
    InChinese,
    told::{chinese, chinese_of},
};

fn stands(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Draft) => "正在起草",
        Some(Stage::Committee) => "正由村（居）委会审核",
        Some(Stage::Supervision) => "正由监委会审核",
        Some(Stage::Agreed) => "两委已同意，等待公开",
        None => "没有正在办理的版本",
    }
}

chinese! { BadDisclosure {
    Unknown(number) => "这里没有公开 {number}；请从公开目录中选",
    NoItem(item) => "现行模板没有“{item}”这一项；请从应公开事项中选",
    Period(span) => "{span} 不是这一项的一期，或者还没有开始；请写已开始的一期中的某一天",
    Title => "逐项公开的要有 1 到 80 字的标题，其他的没有；请更正标题",
    Begun(number) => "这一期已经起草，编号 {number}；请打开它",
    Stage(act, stage) => "现在不能“{}”：{}；请再看一遍" (topology::Term::chinese(*act), stands(*stage)),
    Changed(version) => "它已经改到第 {version} 次；请再看一遍再办",
    TooLong(bytes) => "表单有 {bytes} 字节，超过 {}；请写短些，或分开公开" (MOST_CONTENT_BYTES),
    Rows(rows) => "表格有 {rows} 行，超过 {}；请分开公开" (MOST_ROWS),
    Places(found, most) => "表头或一行填了 {found} 项，而表单只有 {most} 项；请更正多出的内容",
    Faults(count) => "表单有 {count} 处不对；请逐处更正",
    Personal(count) => "有 {count} 处像是身份证号、银行卡号或手机号；请遮盖，或写明为什么公开",
    Told(what) => "这一处人人可见，却像是有{}；请遮盖" (topology::Term::chinese(*what)),
    OwnWork => "起草的人和同意过的人不能再审；请另一个人审",
    Reason => "请写明理由，1 到 {} 字" (MOST_NOTE),
    Withdrawn => "它已经依法撤下；可以更正后再公开",
    FileName => "附件要有 1 到 60 字的名称，并且与其他附件不同；请改名称",
    ManyFiles => "一版最多 {} 个附件，一条公开前后一共最多 {} 个；请去掉或合并一些" (MOST_ATTACHED, MOST_EVER),
    NoFile(number) => "没有附件 {number}；请打开公开内容看有哪些",
    FileLost(number) => "附件 {number} 在这里丢失或损坏；请在更正时重新上传，或从备份恢复",
    Owed => "这是十分之一以上村民要求公开的，不能放弃；请公开，或依法不予公开",
    Unlooked => "照片和 PDF 程序查不了有没有个人信息；请逐个看过，再确认没有",
    NoObjection(time) => "公开后 {time} 内可以提出疑问；现在请写村民信箱",
} }

chinese! { BadPlea {
    Unknown(number) => "这里没有第 {number} 号要求；请打开要求公开的列表",
    NoResident => "只有村（居）民可以提出和支持；请用村民账号登录，或填写户号和本户凭条",
    Title => "请写明要求公开什么，1 到 60 字",
    Text => "理由超过 500 字；请写短些",
    Told(what) => "这一处人人可见，却像是有{}；请遮盖" (topology::Term::chinese(*what)),
    NotOverdue(item) => "“{item}”的这一期没有逾期；请选逾期的，或写明要求公开什么",
    Known(number) => "已经有人要求公开同样的内容，是第 {number} 号；请支持那一条",
    Own(number) => "您提出的第 {number} 号还在征集支持；请等一等，或支持别的",
    Many => "已有 {} 条在征集支持，不能再多；请支持其中一条" (MOST_OPEN),
    Twice => "您已经支持过这一条；不用再做什么",
    Over(state) => "这一条{}，不再征集支持；请看列表" (topology::Term::chinese(*state)),
    Ground => "请写明禁止公开的法律依据，1 到 {} 字" (MOST_NOTE),
    Residents => "请填报村（居）民人数，以及 1 到 100 字的数字来源",
} }

chinese! { NoReceipt {
    Unknown(number) => "这里没有公开 {number}；请从公开目录中选",
    Edition(number, edition) => "公开 {number} 的第 {edition} 版已撤下或不存在；请打开公开内容看有哪些版本",
    NotInLog(edition) => "公开日志里没有第 {edition} 版：本节点的存储曾经丢失并恢复，无从证明；请要求该单位重新公开",
    Differs(edition) => "公开日志与保存的第 {edition} 版不一致；请不要相信它，并打电话给上级单位",
} }

chinese_of! {
    BadPleaId: it => "“{}”不是要求的编号；编号是列表里的数字" (it.0),
    BadDisclosureId: it => "“{}”不是公开的编号；编号有 16 位，由 0 到 9 和 a 到 f 组成" (it.0),
}

impl InChinese for BadForm {
    fn in_chinese(&self) -> String {
        self.chinese()
    }
}
