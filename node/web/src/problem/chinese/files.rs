//! Photos and files.

use domain::attachment::{BadFileNo, BadMedia, BadUploadId, NotTaken};
use office::{BadPaper, FileRefusal};
use proof::{NoKeys, PrintedUnreadable, Unreadable};

use crate::{
    parts::Broken,
    problem::told::{chinese, chinese_of},
};

chinese! { Broken {
    NoBoundary => "表单没有写明分隔符；请从页面上重新提交",
    Slow => "表单传得太慢；请换快一些的网络，或发小一些的文件",
    Endless => "表单某一栏的头部不完整；请从页面上重新提交",
    TooLong(most) => "表单超过 {most} 字节；请少发几个文件，或写短些",
    Unreadable(why) => "表单读不懂（{why}）；请从页面上重新提交",
} }

chinese! { FileRefusal, through [NotTaken, Paper, TooMany] {
    NoSuchUpload(upload) => "本节点没有您的上传 {upload}；请重新上传",
    Offset { have, said } => "已收到 {have} 字节，不是 {said}；请从 {have} 继续",
    Beyond { announced } => "原说 {announced} 字节，实际更多；请重新上传",
    Busy => "另一个请求正在处理这个文件；请等它完成",
    NotReady(upload) => "上传 {upload} 还没有完成；请先传完",
    Twice(upload) => "上传 {upload} 写了两次；请只写一次",
    PersonFull(have, most) => "您未使用的上传有 {have} 字节，最多 {most}；请先使用或删除一些",
    TooManyWaiting(most) => "您有 {most} 个上传未使用，不能再多；请先使用或删除一些",
    NodeFull => "本节点没有存放文件的空间了；请告诉运维人员",
    Lost => "上传的内容丢失了；请重新上传",
    NoSuchFile(matter, file) => "在本节点看不到事项 {matter} 的附件 {file}；承办单位可以看到",
    Over(matter, file) => "事项 {matter} 的附件 {file} 已过保存期，已删除；不能再看",
    Unreached { held_by, beyond } => "文件在 {held_by}，现在联系不上 {beyond}；请稍后再试",
    NotYet(division) => "{division} 还不知道事项由本单位承办；请稍后再试",
    Missing(division) => "{division} 已没有这个文件；请其运维人员从备份恢复",
    Damaged(matter, file) => "事项 {matter} 的附件 {file} 在本节点磁盘上损坏，也没有别的单位有；请运维人员从备份恢复",
    Wrong(division) => "经 {division} 传来的内容不是这个文件；请再试，并告诉其运维人员",
    DiskFull => "磁盘没有空间；请腾出空间后重发",
} }

chinese! { NotTaken {
    Media(media, taken) => "这里不收 {media} 类型的文件；可以发：{taken}",
    TooLong(bytes, most) => "文件有 {bytes} 字节，最多 {most}；请发小一些的",
    Empty => "文件是空的；请发有内容的",
    TooMany(count, most) => "一次 {count} 个文件太多；最多 {most} 个",
} }

chinese! { BadPaper {
    NotAsDeclared { declared, found } => "文件的类型不符：说是 {declared}，实际{}；请按实际类型发送"
        (found.map_or_else(|| "认不出".to_owned(), |found| format!("像 {found}"))),
    Heif => "HEIF（HEIC）照片这里读不了；请在手机相机设置里选“兼容性最佳”（JPEG），或发截图",
    CutOff => "文件不完整；请重新发送整个文件",
    TooManyPixels { width, height, most } => "照片有 {width}×{height} 像素，最多 {most} 像素；请调低相机分辨率，或发截图",
    Unreadable(why) => "照片读不出来（{why}）；请打开后另存为 JPEG 再发",
    TooLong(bytes, most) => "照片处理后有 {bytes} 字节，最多 {most}；请发小一些的",
    Trailing => "PDF 末尾还有别的内容；请打开后另存再发",
    Locked => "PDF 加了密码，别人打不开；请去掉密码另存后再发",
    NotText(place) => "第 {place} 个字节不是有效的 UTF-8 文字；请存为不含控制字符的 UTF-8 文本",
} }

chinese! { Unreadable {
    NoFiles => "事项的回执没有附件可核对；请不要带附件",
    TooLong(bytes) => "文件有 {bytes} 字节，回执没有这么长；请换一个文件",
    Form(why) => "这不是回执（{why}）；请用节点给的回执文件",
    Subject(form) => "第 {form} 版的回执要说一件事项，第 3、5、7 版说一条公开，第 8 版是日志的密钥，这份不是；请向节点重新索取",
    Newer(form) => "这是第 {form} 版的回执，本节点还读不了；请用新版程序验证",
} }

chinese! { PrintedUnreadable {
    Digits => "纸质凭证是一长串数字，或者以它结尾的网址；请重新扫码，整串复制过来",
    TooLong => "数字太多，二维码放不下这么多；请重新扫码",
    Mistyped => "数字有错、有漏，或者末尾少了一段；请重新扫码，整串复制过来",
    Form => "这是另一版的纸质凭证，本节点还读不了；请用新版程序核验",
} }

chinese! { NoKeys, through [Printed, Unreadable] {
    DoesNotHold(check) => "日志的密钥不成立（{}）；请换一份" (check.detail_chinese),
    OtherLog(division) => "密钥不是签这份凭证的 {division} 那份日志的；请取那份日志的密钥，或它的任何一份回执",
} }

chinese_of! {
    BadMedia: it => "不收 {} 类型的文件；请发照片（JPEG、PNG 或 WebP，手机拍成 HEIC 的请在相机设置里选“兼容性最佳”）、PDF 或文本" (it.0),
    BadFileNo: it => "“{}”不是附件号；反映的第一个附件写 0，第 4 步的第一个写 4.0" (it.0),
    BadUploadId: it => "“{}”不是上传号；请用开始上传时节点给的号" (it.0),
}
