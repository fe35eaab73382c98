//! What is refused about points.

use domain::points::{
    BadHouseholdId, BadRating, BadRatingId, MOST_ADDED, MOST_CORRECTIONS, MOST_NAME,
    MOST_RATING_PHOTOS, MOST_REMARK,
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

chinese_of! {
    BadHouseholdId: it => "“{}”不是户号；户号写在门口的二维码旁边" (it.0),
    BadRatingId: it => "“{}”不是评分的编号；编号有 16 位，由 0 到 9 和 a 到 f 组成" (it.0),
}
