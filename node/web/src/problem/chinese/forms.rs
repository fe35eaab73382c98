//! What is typed into paths, addresses and forms: codes, days, numbers.

use std::{convert::Infallible, num::ParseIntError};

use api::BadAction;
use domain::{
    category::BadCategory,
    feed::BadChangeId,
    ids::BadMatterId,
    import::BadSource,
    matter::{BadAddress, BadDepartment},
    month::BadMonth,
    rollup::BadQuestion,
    time::BadDay,
};
use log::BadTile;
use office::{BadCursor, NotInLog};
use topology::{CodeError, UnknownDivision, UnknownTerm};

use crate::problem::{
    InChinese,
    told::{chinese, chinese_of},
};

chinese! { CodeError {
    Length(text, count) => "“{text}”有 {count} 个字符；区划代码是 2、4、6、9 或 12 位数字",
    Digits(text) => "“{text}”里有数字以外的字符；区划代码只有数字",
    Province(text) => "“{text}”不是哪个省的；前两位是 11 到 99",
    Gap(text) => "“{text}”是村级代码却没有乡级部分；请核对代码",
} }

chinese! { BadCategory {
    Form(text) => "“{text}”不是类别；类别写成 enforcement/rubbish 这样",
    Unknown(text) => "没有类别“{text}”；请从类别表中选",
} }

chinese! { BadQuestion {
    Marks => "分行最多用 3 种标志；请去掉一些",
    Twice(one, other) => "“{one}”和“{other}”不能同时用来分行；请留一个",
    Days => "结束日期早于开始日期；请对调",
    Coarse { keeper } => "{keeper} 的统计只细到县；县以下请到县的节点查",
    Elsewhere(division) => "{division} 不在本节点之下；请到它上面的节点或它自己的节点查",
    TooLong => "结果超过 20000 行；请少选几天或几种标志",
} }

chinese! { NotInLog {
    Epoch => "本节点没有这一期的公开日志；`wujitong log show` 列出有哪些",
    Countersigned => "这份日志还没有会签过的日志头；上级会签以后再来取",
    Tile => "日志里没有这一块，或没有这么宽；请先读检查点里的条数",
} }

chinese! { BadAction, through [Category, Allowance] {} }

impl InChinese for Infallible {
    fn in_chinese(&self) -> String {
        match *self {}
    }
}

chinese_of! {
    ParseIntError: it => "这里要写数字；请更正",
    BadChangeId: it => "“{}”不是变更的编号；请用收到的最后一个，例如 1f3a9c04-17" (it.0),
    UnknownTerm: it => "“{}”不在可选之列；可以写：{}" (it.found(), it.expected()),
    UnknownDivision: it => "区划表里没有 {}；请核对代码" (it.code),
    BadTile: it => "这不是日志块的位置；请写成 0/x001/067、0/000.p/12 或 entries/000 这样",
    BadMatterId: it => "“{}”不是事项编号；编号写成 330825002222-1f3a9c04-17 这样" (it.0),
    BadDay: it => "“{}”不是日期；请写成 2026-03-01" (it.0),
    BadMonth: it => "月份写得不对；请写成 2026-11",
    BadCursor: it => "翻页的位置不对；请从第一页重新翻",
    BadSource: it => "其他系统的名称不对；请用 1 到 40 个小写字母、数字和横线，以字母开头",
    BadDepartment: it => "“{}”不是部门代码；请用 1 到 16 个小写字母、数字和横线" (it.0),
    BadAddress: it => "地点要写在一行内，不要太长；请写短些",
}
