//! What is refused about points.

use domain::points::{
    BadExchange, BadExchangeId, BadHouseholdCell, BadHouseholdId, BadRating, BadRatingId,
    BadRewardId, MOST_ACCOUNTS, MOST_ADDED, MOST_CORRECTIONS, MOST_COST, MOST_COUNT,
    MOST_HOUSEHOLD_ROWS, MOST_NAME, MOST_NUMBER, MOST_PERSONS, MOST_RATING_PHOTOS, MOST_REMARK,
    MOST_REWARD_NAME, MOST_REWARDS, MOST_STOCK, MOST_UNIT,
};

use crate::problem::told::{chinese, chinese_of};

chinese! { BadRating {
    NoRules => "这里没有现行的积分模板；请联系县里下达",
    NoItem(item) => "积分规则里没有“{item}”这一项；请从项目表中选",
    Unknown(household) => "这里没有 {household} 号户，或者凭条不对；请核对",
    NoRating(rating) => "这里没有评分 {rating}，可能已到期；请再看这一户的记录",
    NoHousehold => "您的账号没有关联住户；请用本户凭条，或请村里关联",
    Gone(household) => "{household} 号户已迁出；不再评分",
    Rated(days) => "这一户的这一项在 {days} 已经评过；要改请更正那次评分",
    Name => "户主姓名要有 1 到 {} 字；请更正" (MOST_NAME),
    Accounts => "一户最多 {} 个账号看得到记录；请减少" (MOST_ACCOUNTS),
    Persons => "一户有 1 到 {} 人；请更正" (MOST_PERSONS),
    Rows(count) => "一张住户表有 1 到 {} 行，这张有 {count} 行；请分成几张" (MOST_HOUSEHOLD_ROWS),
    Many => "一次添加 1 到 {} 户；请分几次" (MOST_ADDED),
    Stranger => "本节点没有这个网格或账号；请核对编号",
    Remark => "情况最多写 {} 字；请写短些" (MOST_REMARK),
    Reason => "请写明原因，1 到 {} 字" (MOST_REMARK),
    Told(what) => "本户和管理的人都看得到，却像是有{}；请遮盖" (topology::Term::chinese(*what)),
    Photos => "每次评分最多 {} 张照片；请少放几张" (MOST_RATING_PHOTOS),
    NotAPhoto => "评分里只能放照片；请不要放文档",
    PhotoLost => "这张照片在本节点的磁盘上丢失或损坏；请告诉运维人员",
    Same => "现在就是这样，没有要更正的；请核对",
    Corrections => "这次评分已更正 {} 次；请乡镇来看" (MOST_CORRECTIONS),
    NoObjection => "提出异议的期限已过；请写村民信箱",
    Objected(matter) => "已经提出过异议，事项编号 {matter}；请看那件事项",
} }

chinese! { BadExchange, through [Points] {
    NoReward(reward) => "兑换清单里没有 {reward} 号；请从清单中选",
    Reward => "名称 1 到 {} 字，单位 1 到 {} 字，每份 1 到 {} 分，剩余最多 {}；请更正" (MOST_REWARD_NAME, MOST_UNIT, MOST_COST, MOST_STOCK),
    ManyRewards => "兑换清单最多 {} 项，停兑的也算；请改用已有的一项" (MOST_REWARDS),
    Withdrawn(reward) => "{reward} 号已停兑；请换一项，或先恢复",
    TooFew(left) => "只剩 {left}；请少兑，或更正剩余数",
    Count => "一次兑 1 到 {} 份；请更正" (MOST_COUNT),
    TooPoor(left, needed) => "这一户可兑 {left} 分，这次要 {needed} 分；请少兑",
    Consent => "请说明本户怎样同意：出示凭条，或写明签字人，1 到 {} 字" (MOST_NAME),
    Slip(household) => "这张凭条不是 {household} 号户的；请核对",
    Told(what) => "本户和管理的人都看得到，却像是有{}；请去掉" (topology::Term::chinese(*what)),
    NoExchange(exchange) => "这里没有兑换 {exchange}；请再看这一户的记录",
    IsCounter(exchange) => "{exchange} 是冲销，不能再冲销；请重新登记一次兑换",
    TakenBack(exchange) => "兑换 {exchange} 已经冲销；没有可冲销的了",
} }

chinese! { BadHouseholdCell, through [Cell] {
    Number => "不是户号；请写 1 到 {}" (MOST_NUMBER),
    Name => "户主姓名最多 {} 字；请写短些" (MOST_NAME),
    Persons => "不是人数；请写 1 到 {}，或者空着" (MOST_PERSONS),
    NoAccount => "没有在用的账号用这个用户名；请先开账号，或改正",
    Accounts => "一户最多 {} 个账号看得到记录；请减少" (MOST_ACCOUNTS),
    Elsewhere(household) => "这个账号已属于 {household} 号户；请先在那一户去掉，或不写",
    Twice(line) => "第 {line} 行的户号相同；请每户一个，或删去一行",
    Gone => "这一户已迁出，户号保留；请换一个户号，或在其页面上改为迁回",
} }

chinese_of! {
    BadHouseholdId: it => "“{}”不是户号；户号写在门口的二维码旁边" (it.0),
    BadRewardId: it => "“{}”不是兑换清单的编号；请从清单中选" (it.0),
    BadExchangeId: it => "“{}”不是兑换的编号；编号有 16 位，由 0 到 9 和 a 到 f 组成" (it.0),
    BadRatingId: it => "“{}”不是评分的编号；编号有 16 位，由 0 到 9 和 a 到 f 组成" (it.0),
}
