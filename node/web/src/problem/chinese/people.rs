//! People: accounts, roles, passwords, keys, sign-in.

use domain::audit::BadAuditName;
use domain::people::{
    ApiKey, BadAccount, BadAccountId, BadApiKey, BadClaims, BadExternalIdentity, BadGrant, BadGrid,
    BadGridId, BadPassword, BadRoles, BadSavedList, Denied, Grid, SavedList,
};
use domain::roster::Why;
use domain::rows::BadCell;
use office::people::{BadToken, ExportRefusal, KeyReused, MOST_EXPORTED, NoSession, PeopleRefusal};
use outbound::oidc::{BadToken as BadIdToken, SignInError};

use crate::problem::told::{chinese, chinese_of};

chinese! { Denied {
    Nobody => "不知道您是谁；请先登录",
    Closed => "这个账号已停用；请找系统管理员",
    FirstPassword => "这个账号的密码是别人设的；请先设自己的密码，再用它登录",
    Outside(own, there) => "这个账号只能在 {own} 办事，{there} 不在其中；请在自己的单位办",
    Role(permission) => "您的角色不能做“{}”；请安全管理员授予角色" (permission.chinese()),
    NotYours(permission) => "您的角色只能对自己的或派给您的事项做“{}”；请找承办人" (permission.chinese()),
    Key(permission) => "这个接口密钥不能做“{}”；请换有此权限的密钥" (permission.chinese()),
    KeyEnded => "这个接口密钥已过期或已吊销；请换新的",
    ReporterToken => "凭条只能用来看、不认可、评价、撤回和补充这一件事项；别的事请登录后办",
    Operator(permission) => "本节点已有账号，做“{}”要用账号；请先登录" (permission.chinese()),
} }

chinese! { BadSavedList {
    Name => "列表的名称不行；请用一行内 1 到 {} 个字" (SavedList::MOST_NAME),
    Filter => "筛选条件太长，存不下；请把字词写短些",
    TooMany(most) => "您已保存 {most} 个列表，不能再多；请先删除一个",
    Unknown(name) => "您没有保存名为“{name}”的列表；请看您有哪些",
} }

chinese! { PeopleRefusal, through [Grant, Account, Password, Grid, Key] {
    WrongLogin => "用户名或密码不对；请重新输入，或找系统管理员",
    WrongCode => "开户码不对、已经用过或已过期；请在节点所在的机器上另做一个",
    Locked(until) => "这个用户名输错密码的次数太多；请在 {until} 以后再试",
    Crowded => "此刻登录的人太多；请过几秒再试",
    Taken(login) => "用户名 {login} 已有人用；请换一个",
    HasMatters(account, count) => "账号 {account} 还有 {count} 件未结事项；请先交给别人，或明确写明不留承办人",
    NoSession(id) => "没有登录“{id}”；它可能已经结束，请重新看看有哪些登录",
    NoAccount(account) => "本节点没有账号 {account}；请从账号表中选",
    NotLinked => "您在统一身份认证中的身份没有关联本节点的账号；请找系统管理员关联",
    LinkedAlready => "这个账号已经关联；请先解除",
    LinkedElsewhere(account) => "这个身份已关联账号 {account}；请先解除",
    Unlinked(account) => "账号 {account} 没有关联统一身份认证；请先关联",
    NoGrid(grid) => "本节点没有网格 {grid}；请从网格表中选",
    GridInUse(grid) => "网格 {grid} 还有账号在用；请先给那个账号换网格",
    NoKey(key) => "本节点没有接口密钥 {key}；请从密钥表中选",
    TooManyKeys(count) => "本节点已有 {count} 个接口密钥；请吊销没人用的",
    Elsewhere(there, here) => "{there} 不是本节点的单位 {here}，也不在其中；请到那个单位的节点办",
} }

chinese! { ExportRefusal {
    TooMany => "符合的记录超过 {most} 条；请少选几天，或缩小范围" (most = MOST_EXPORTED),
    TooLong(read) => "要查的记录太多，只查到第 {read} 条；请分几次导出，写明从哪一条之后开始",
} }

chinese! { BadAuditName {
    Actor(text) => "“{text}”不是操作人；请写账号编号，或 key、os-user 加编号，或 reporter、draft",
    Subject(text) => "“{text}”不是操作对象；请写事项编号，或 account、grid、key、template、webhook、alarm、disclosure、post、household、rating 加编号",
} }

chinese! { BadGrant, through [Roles] {
    First => "节点的第一个账号是系统管理员；请只给这一个角色",
    Owner => "节点所有者只补缺少的管理员，每次一个角色；其他账号由系统管理员开",
    Seated(role) => "本节点已有{}；请找他们" (role.chinese()),
    Apart => "开账号的人不能授予角色；请先开不带角色的账号，再请安全管理员授予",
    Oneself => "不能改自己的角色，也不能停用自己的账号；请找另一位管理员",
    Protected => "管理员和审计员的账号由节点所有者改，免得被监督的人动手；请找所有者",
    Unprotected => "节点所有者只改管理员和审计员的账号；其他账号请找系统管理员",
    Pillar(role, by) => "角色“{}”由{}授予和收回；请找他们，免得一人独揽" (role.chinese(), by.chinese()),
} }

chinese! { BadAccount, through [Roles] {
    Login(login) => "“{login}”不能作用户名；请用 2 到 31 个小写字母、数字、点、横线或下划线，以字母开头",
    Name => "姓名或名称不对；请写 1 到 60 个字，不换行",
    Phone => "这不是电话号码；请写 3 到 40 个字，其中有数字，不换行",
} }

chinese! { BadCell {
    Missing => "是空的；请填写",
    Formula => "开头像公式；请写内容本身",
    Shortened => "电子表格把这个号码缩短了；请把这一列设为文本格式，再填一遍",
    Doubtful => "这里显示的可能不是原来填的；请把这一列设为文本格式，再填一遍",
    Beyond => "这一行的格子比表头多；请删去表外的内容",
    Grid => "没有这个网格；请先划网格，或改正名称",
    Grids => "有几个网格同名；请写网格编号",
} }

chinese! { Why, through [Cell, Account, Roles, Grant, Department] {
    Role => "没有这个角色；请写角色名或代码，如网格员、grid-worker，几个用顿号隔开",
    NotYours => "开账号的人不能授予角色；请空着，或选“角色留给安全管理员”，由他随后读同一张表",
    NoAccount => "还没有这个账号；请系统管理员先读这张表",
    GridFull => "这个网格的人数已到上限 {most}；请分成几个" (most = Grid::MOST_MEMBERS),
    HasMatters(count) => "这个账号还有 {count} 件未结事项；请写由谁接手：用户名、部门、指挥室，或“不交接”",
    NobodyToClose => "没有这个用户名的账号，不用停用；请删去这一行",
    NoSuccessor => "这样写没有人能接手；请写在用的、能办事项的账号的用户名，或部门、指挥室、不交接",
    Leaves => "接手的账号也在这张表里停用；请写留下的人",
    NotHandedOver(count, why) => "{count} 件未结事项没有交接成（{why}），账号没有停用；请到账号页面停用",
    TooManyClosed => "一张表最多停用 {most} 个账号；请分成几张" (most = domain::roster::MOST_CLOSED),
    Twice(line) => "第 {line} 行的用户名相同；请每人一个，或删去一行",
    Taken(name) => "这个用户名是{name}的；请换一个，本人改了姓名的，请在“原姓名”里写原来的",
    Closed => "这个人的账号已停用；请在“状态”里写“启用”并选修改已有的账号，或删去这一行",
    State => "状态只写“启用”，或者空着；停用的账号由谁接手写在“停用”一列",
    OpensAndCloses => "这一行又启用又停用；请清空其中一格",
    NobodyToRename => "没有这个用户名的账号，改不了姓名；请改正用户名，或清空这一格",
} }

chinese! { BadPassword {
    Short(least) => "密码太短；至少 {least} 个字符，例如四个词",
    Long(most) => "密码太长；最多 {most} 字节",
    Plain(least) => "密码总是重复几个字符；至少要有 {least} 个不同的字符",
    Usual => "这个密码太常见；请换一个",
    Same => "新密码和现在的一样；请换一个",
    Login => "密码里含有用户名；请换一个",
} }

chinese! { BadGrid, through [Name] {
    Households(count) => "一个网格 {count} 户太多，最多 {most} 户；请分成几个" (most = Grid::MOST_HOUSEHOLDS),
    Members(count) => "一个网格 {count} 人太多；最多 {most} 人" (most = Grid::MOST_MEMBERS),
    Stranger(account) => "本节点没有账号 {account}；请从账号表中选",
} }

chinese! { BadApiKey, through [Name] {
    Id(id) => "“{id}”不是接口密钥的编号；编号是 16 位十六进制数",
    Idle => "什么都不能做的密钥没有用；请至少选一项权限",
    ForPeople(permission) => "程序不能做“{}”；这要由有账号的人做" (permission.chinese()),
    Life => "密钥的有效期是 1 到 {most} 天；到期前请换新的" (most = ApiKey::MOST_DAYS),
} }

chinese! { SignInError, through [] {
    NotBegun => "这次登录不是从这个浏览器开始的，或时间太久、已经用过；请重新开始",
    Refused(why) => "统一身份认证没有让您登录（{why}）；请重新开始，或问其管理单位",
    Elsewhere => "答复来自另一个身份认证系统；请重新开始登录",
    NoCode => "统一身份认证没有给出结果；请重新开始登录",
    Token(bad) => "统一身份认证的令牌无效：{}；请告诉本节点的运维人员" (crate::problem::InChinese::in_chinese(bad)),
    Away(_) => "统一身份认证没有正常应答；请用密码登录，或稍后再试",
    Crowded => "此刻登录的人太多；请过几秒再试",
} }

chinese! { BadIdToken, through [Claims] {
    Form => "不是签名的令牌",
    Algorithm => "不是用 RS256、ES256 或 EdDSA 签的",
    Kind => "不是身份令牌，或需要不支持的扩展",
    Key => "所用密钥不是该系统的",
    Signature => "签名无效",
    Content => "内容读不出来",
} }

chinese! { BadClaims {
    Issuer => "签发方不对",
    Audience => "不是发给本节点的，或不只发给本节点",
    Nonce => "属于另一次登录",
    Expired => "已经过期",
    Issued => "签发时间在将来或太久以前，请检查两边的时钟",
    AccessToken => "属于另一个访问令牌",
    Unnamed(claim) => "没有写明是谁的 {claim}，请设置 oidc.claim 和 oidc.scopes",
    Unverified => "该系统没有核实这个邮箱属于本人",
} }

chinese_of! {
    BadAccountId: it => "“{}”不是账号的编号；请从账号表中选" (it.0),
    BadGridId: it => "“{}”不是网格的编号；请从网格表中选" (it.0),
    BadRoles: it => "同一个人不能既是{}又是{}，因为二者相互监督；请给两个人" (it.0.chinese(), it.1.chinese()),
    BadExternalIdentity: it => "这不是统一身份认证中的身份；请照其显示填写 1 到 255 字节，不换行",
    BadToken: it => "这不是登录、密钥或凭条的令牌；请完整复制",
    KeyReused: it => "这个幂等键（Idempotency-Key）已用于别的请求；每个新请求请用新的键",
    NoSession: it => "登录已过期；请重新登录",
}
