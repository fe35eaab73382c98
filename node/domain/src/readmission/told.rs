//! What the operators of both sides read, in both languages.

crate::sayings! {
    pub(super) fn elsewhere(network, me):
        "被询问的是网络 {network} 的 {me}，不是本单位的上级；请核对 `parent` 的地址",
        "{me} of the network {network} was asked, which is not this division's parent; check the address in `parent`";
    pub(super) fn not_a_child(division):
        "{division} 不是这里的下级节点；请核对两边的区划版本",
        "{division} has no node directly below this one; compare the lists of divisions of both sides";
    pub(super) fn revoked(key, division, short):
        "{division} 的密钥 {key} 已被吊销；请上级运行 `wujitong invite {short} --replaces lost`，再在本机运行 `wujitong join`",
        "the key {key} of {division} was revoked; have the parent's operator run `wujitong invite {short} --replaces lost`, then run `wujitong join` here";
    pub(super) fn unknown_key(key, division, short):
        "{key} 不是 {division} 现在的密钥；如果这台机器是旧的，请停用它，否则请上级运行 `wujitong invite {short} --replaces lost`",
        "{key} is not the key that {division} has now; if this is an old machine, stop it, otherwise have the parent's operator run `wujitong invite {short} --replaces lost`";
    pub(super) fn not_signed():
        "申请没有用本单位的签名密钥为这次连接签名；请更新较旧的程序",
        "the request is not signed with the division's key for this connection; update the older program";
    pub(super) fn not_shown(division, short):
        "出示的证书不是这里发给 {division} 的；请上级运行 `wujitong invite {short} --replaces lost`",
        "the certificate that was shown was not issued to {division} here; have the parent's operator run `wujitong invite {short} --replaces lost`";
    pub(super) fn issuer_ends(parent, at):
        "{parent} 自己的签发证书 {at} 就到期；它续期后本机会自动再申请",
        "the issuing certificate of {parent} itself ends at {at}; once that is renewed this machine gets its own by itself";
    pub(super) fn protocol(theirs, oldest, newest):
        "本机的协议版本是 {theirs}，上级的是 {oldest} 至 {newest}；请更新较旧的程序",
        "this machine speaks protocol {theirs} and the parent {oldest} to {newest}; update the older program";
    pub(super) fn bad_request(why):
        "证书申请不能用：{why}；请更新较旧的程序",
        "the requests for certificates cannot be used: {why}; update the older program";
    pub(super) fn busy():
        "上级现在不能处理；本机会自动再申请",
        "the parent cannot do it now; this machine asks again by itself";
    pub(super) fn always(): "每次都要由人同意", "a person is asked each time";
    pub(super) fn long(days): "证书到期已超过 {days} 天", "its certificate ended more than {days} days ago";
    pub(super) fn often(times):
        "90 天内已自动回归 {times} 次",
        "it came back {times} times within 90 days";
}
