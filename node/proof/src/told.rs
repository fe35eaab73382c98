//! What the checks of a receipt file found, in both languages. What a decoder or a library says is quoted.

domain::sayings! {
    pub(super) fn signed(): "作者的签名与内容相符", "its author's signature covers its bytes";
    pub(super) fn no_text(): "没有通知对任何原文作过承诺", "no notice commits to any text";
    pub(super) fn unread(why): "读不懂（“{why}”）", "{why}";
    pub(super) fn root_of_another_network():
        "根证书属于另一个网络，与文件不符",
        "the root certificate belongs to another network than the file";
    pub(super) fn root_names_the_key():
        "根证书写明了省的签名密钥",
        "the root certificate names the province's signing key";
    pub(super) fn no_root():
        "给出的证书没有写签名密钥，不是网络的根证书",
        "the given certificate names no signing key, so it is not the root of a network";
    pub(super) fn other_root(of_file, given):
        "文件所属网络的根是 {of_file}，给出的根是 {given}",
        "the file belongs to a network with the root {of_file}, but the given root is {given}";
    pub(super) fn root_names_another():
        "文件里的密钥声明都不是根证书所写的那一个",
        "no key statement in the file is the one that the root names";
    pub(super) fn key_by_grandparent(number, by):
        "第 {number} 号密钥逐级确认到省；它经 {by} 会签取代了另一把密钥，原密钥没有签名",
        "key {number} is vouched for up to the province; it replaced another key with the countersignature of {by}; \
         the previous key did not sign it";
    pub(super) fn key_by_province(number):
        "第 {number} 号密钥只由省确认，原密钥没有签名",
        "key {number} is vouched for by the province alone; the previous key did not sign it";
    pub(super) fn key_vouched(number):
        "第 {number} 号密钥逐级确认到省",
        "key {number} is vouched for up to the province";
    pub(super) fn key_refused(why): "密钥不予承认（“{why}”）", "{why}";
    pub(super) fn wrong_path(why): "签名与内容的联系不成立（“{why}”）", "{why}";
    pub(super) fn unknown_key(key, author):
        "签名用的密钥 {key}，没有谁确认是 {author} 的",
        "it is signed with key {key}, for which nobody vouches as one of {author}";
    pub(super) fn wrong_signature(why): "签名不成立（“{why}”）", "{why}";
    pub(super) fn proof_of_file_malformed():
        "文件证明中有一栏的长度不对",
        "a field of the file's proof does not have the required length";
    pub(super) fn proof_malformed():
        "证明中有一栏的长度不对",
        "a field of its proof does not have the required length";
    pub(super) fn signed_by_another():
        "签名的单位不是文件所写的出具单位",
        "it was signed by another division than the one named as its maker";
    pub(super) fn signed_elsewhere():
        "签名的网络不是文件所写的网络",
        "it was signed in another network than the one it names";
    pub(super) fn notices_changed():
        "文件出具以后，有通知被改动、删去或添加",
        "a notice was changed, removed or added after the file was made";
    pub(super) fn keys_changed():
        "文件出具以后，有密钥声明被改动、删去或添加",
        "a key statement was changed, removed or added after the file was made";
    pub(super) fn unchanged(): "文件没有改动", "the file is unchanged";
    pub(super) fn not_its_author(): "签名者不是所写的作者", "the signer is not the author it names";
    pub(super) fn no_notice(kind):
        "它不是事项的通知，而是“{kind}”",
        "it is not a notice on a matter, but of kind `{kind}`";
    pub(super) fn log_signed(origin, division):
        "{origin} 用 {division} 声明的密钥签名",
        "{origin} is signed with the key that {division} states";
    pub(super) fn log_without_notice():
        "文件里没有通知，公开日志无从证明步骤",
        "the file holds no notice whose steps the log could prove";
    pub(super) fn log_covers(covered, all):
        "公开日志包含 {all} 步中的 {covered} 步；请索取新的回执",
        "the log covers {covered} of {all} steps; ask for a new receipt";
    pub(super) fn pending(division):
        "未会签：这一级还没有会签这个日志头；请稍后向 {division} 重新索取凭证",
        "pending: this division has not countersigned the head yet; get the receipt again from {division} later";
    pub(super) fn countersigned(size, time):
        "已于 {time} 记下 {size} 条时的日志头；日志头以后若消失或改变，会被发现",
        "has recorded the head of {size} entries at {time}, and will notice if it disappears or changes";
    pub(super) fn pending_below(count, division):
        "未会签：还差 {count} 个下级单位会签这个日志头；请稍后向 {division} 重新索取凭证",
        "pending: {count} more of those below have to countersign the head; get the receipt again from {division} later";
    pub(super) fn few_witnesses(count):
        "这份名录里只有 {count} 个单位可以会签",
        "in this list of divisions only {count} can countersign";
    pub(super) fn hosts_unknown():
        "会签的各级与该单位是否在不同的机器上，凭证里看不出",
        "whether those who countersigned and the division itself run on different machines, the file cannot tell";
    pub(super) fn same_process(division):
        "这一级的节点与 {division} 的节点在同一个程序里运行：管这台机器的人可以一起改动两者，所以它的会签说明得更少",
        "its node runs in the same process as that of {division}: whoever runs the machine can change both together, so its countersignature proves less";
    pub(super) fn no_witness():
        "该单位不能会签这份日志：会签的是上面最近的两级；上面不足两级的，由直接下级补足",
        "it is not one of the two nearest divisions above the one that made the file, nor directly below where fewer stand above";
    pub(super) fn no_countersignature(kind):
        "它不是会签，而是“{kind}”",
        "it is no countersignature, but of kind `{kind}`";
    pub(super) fn other_head():
        "会签的是另一个日志头",
        "it countersigns another head than the one in the file";
    pub(super) fn other_witness(name):
        "{name} 不是会签单位的密钥",
        "{name} is not the key of the division that countersigned";
    pub(super) fn countersignature_wrong():
        "会签的签名不成立",
        "the countersignature is not one of this head and time";
    pub(super) fn witness_key_unknown():
        "它用的会签密钥，所给的密钥文件里没有；请再取一份当时的回执或密钥文件",
        "none of the given files has the key with which it countersigned; add a receipt or a file of keys from that time";
    pub(super) fn leaves_of_nothing():
        "文件只该有日志的密钥，却带了日志的条目",
        "the file has entries of the log, but is one of its keys alone";
    pub(super) fn log_key(why): "日志的密钥读不懂（“{why}”）", "the key of the log: {why}";
    pub(super) fn log_epoch():
        "日志的世代编号长度不对",
        "the epoch of the log does not have the required length";
    pub(super) fn other_log(name):
        "{name} 不是出具单位的日志",
        "{name} is not the log of the division that made the file";
    pub(super) fn head_unread(why): "日志头不成立（“{why}”）", "{why}";
    pub(super) fn log_field():
        "日志中有一个摘要或随机数的长度不对",
        "a hash or salt of the log does not have the required length";
    pub(super) fn log_steps(index, steps, known):
        "第 {index} 条说的是 {steps} 步，文件里却有 {known} 步",
        "entry {index} is about {steps} steps, but {known} are in the file";
    pub(super) fn document_unread(why):
        "文件里的内容不是公开的内容（“{why}”）",
        "the document is not one of a disclosure: {why}";
    pub(super) fn document_of(division):
        "这是 {division} 公开的内容，出具文件的却是另一个单位",
        "the document was published by {division}, but another division made the file";
    pub(super) fn other_document(number, edition):
        "内容里写的是公开 {number} 第 {edition} 版，与文件所写的不同",
        "the document says that it is edition {edition} of disclosure {number}, and the file names another";
    pub(super) fn document(number, edition):
        "内容是公开 {number} 的第 {edition} 版，由出具单位公开",
        "the document is edition {edition} of disclosure {number}, of the division that made the file";
    pub(super) fn files_not_here(count, names):
        "附件 {count} 个（{names}）：回执里只有指纹；请同附件一起核验",
        "{count} files ({names}): the receipt holds their digests alone; give the files with it";
    pub(super) fn file_is_its(name, number):
        "“{name}”就是公开时的附件 {number}，一字不差",
        "`{name}` is file {number} as it was published, byte for byte";
    pub(super) fn file_is_not(name):
        "“{name}”不是公开时的附件：内容不同",
        "`{name}` is none of the files that were published: its content differs";
    pub(super) fn not_in_log():
        "文件里没有公开日志的那一条，不能证明公开过",
        "the file has not exactly one entry of the public log, so it does not prove that it was published";
    pub(super) fn log_disclosed(index, size, edition):
        "{size} 条中的第 {index} 条承诺了第 {edition} 版的这份内容，一字不差",
        "entry {index} of {size} commits to this very document of edition {edition}";
    pub(super) fn log_did_not_disclose(index, size, why):
        "{size} 条中的第 {index} 条承诺的不是这份内容（“{why}”）",
        "entry {index} of {size} does not commit to this document: {why}";
    pub(super) fn log_commits(index, size, steps):
        "{size} 条中的第 {index} 条承诺了前 {steps} 步",
        "entry {index} of {size} commits to the first {steps} steps";
    pub(super) fn log_does_not_commit(index, size, steps, why):
        "{size} 条中的第 {index} 条没有承诺前 {steps} 步（“{why}”）",
        "entry {index} of {size} does not commit to the first {steps} steps: {why}";
}
