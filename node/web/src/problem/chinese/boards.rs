//! What is refused on boards.

use domain::board::{
    BadBoardCode, BadPost, BadPostId, MOST_ANSWERS, MOST_PINNED, MOST_TITLE, MOST_WORDS,
};

use crate::problem::told::{chinese, chinese_of};

chinese! { BadPost {
    NoBoard(board) => "这里没有公告栏 {board}；请从公告栏目录中选",
    Unknown(post) => "这个栏目里没有帖子 {post}，可能已到期；请打开栏目看有什么",
    NoAnswer(number) => "这个帖子没有第 {number} 条回帖；请再看一遍",
    SignIn => "这个栏目登录后可看；请登录",
    NotWriter => "您的角色不能在这个栏目发帖；能发帖的角色由模板规定",
    NoAnswers => "这个栏目不开放回帖；请写村民信箱",
    ManyAnswers => "这个帖子已有 {} 条回帖，不能再回；请另发一帖" (MOST_ANSWERS),
    Title => "标题要有 1 到 {} 字；请更正" (MOST_TITLE),
    Text(most) => "内容要有 1 到 {most} 字；请更正",
    Photos(most) => "这个栏目每帖最多 {most} 张照片；请少放几张",
    NotAPhoto => "帖子里只能放照片；请不要放文档",
    PhotoLost => "这张照片在本节点的磁盘上丢失或损坏；请告诉运维人员",
    Words => "说明最多 {} 字；请写短些" (MOST_WORDS),
    Personal(what) => "内容里像是有{}；请遮盖，或写明为什么公开" (topology::Term::chinese(*what)),
    Told(what) => "这一处人人可见，却像是有{}；请遮盖" (topology::Term::chinese(*what)),
    Removed => "它已经移除；请再看一遍",
    Pinned => "这个栏目已有 {} 个置顶；请先取消一个" (MOST_PINNED),
    NotOwn => "您只能撤回自己写的；请村干部移除",
} }

chinese_of! {
    BadBoardCode: it => "“{}”不是公告栏的代码；代码由 1 到 48 个小写字母、数字和横线组成" (it.0),
    BadPostId: it => "“{}”不是帖子的编号；编号有 16 位，由 0 到 9 和 a 到 f 组成" (it.0),
}
