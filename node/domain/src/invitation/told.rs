//! What the operator of a machine that may not join reads, in both languages.

crate::sayings! {
    pub(super) fn elsewhere(network, me):
        "被询问的是网络 {network} 的 {me}，邀请码不是它发的；请核对地址，或请上级重新发邀请码",
        "{me} of the network {network} was asked, and the invitation is not of it; check the address, or ask the \
         parent's operator for a new invitation";
    pub(super) fn unknown(division, short):
        "上级没有给 {division} 发过这份邀请码；请上级运行 `wujitong invite {short}` 重新发",
        "the parent made no such invitation for {division}; ask its operator for a new one: `wujitong invite {short}`";
    pub(super) fn withdrawn(at, short):
        "邀请码已于 {at} 撤回；请上级运行 `wujitong invite {short}` 重新发",
        "the invitation was withdrawn at {at}; ask the parent's operator for a new one: `wujitong invite {short}`";
    pub(super) fn expired(at, short):
        "邀请码已于 {at} 过期（以上级的时钟为准）；请上级运行 `wujitong invite {short}` 重新发",
        "the invitation ended at {at} by the parent's clock; ask its operator for a new one: `wujitong invite {short}`";
    pub(super) fn below_another(division, parent):
        "{division} 的上级是 {parent}；请向它要邀请码",
        "{division} stands under {parent}; ask there for an invitation";
    pub(super) fn no_node(division):
        "{division} 没有节点；请核对代码",
        "{division} has no node in this tree; check the code";
    pub(super) fn taken(minutes, key, from, short):
        "邀请码 {minutes} 分钟前已被来自 {from} 的密钥 {key} 使用；如果那不是你们，请上级立即运行 \
         `wujitong revoke {short} --reason stolen`",
        "the invitation was used {minutes} minutes ago by key {key} from {from}; if that was not you, have the parent's \
         operator run at once: `wujitong revoke {short} --reason stolen`";
    pub(super) fn other_request(short):
        "这台机器用这份邀请码申请过，内容与这次不同；请上级运行 `wujitong invite {short}` 重新发",
        "this machine used the invitation with another request; ask the parent's operator for a new one: \
         `wujitong invite {short}`";
    pub(super) fn enrolled(division, key, short):
        "{division} 已入网，密钥是 {key}；如果密钥丢失，请上级运行 `wujitong invite {short} --replaces lost`",
        "{division} is enrolled with key {key}; start that machine with `wujitong run`, or if its keys are lost, ask the \
         parent's operator: `wujitong invite {short} --replaces lost`";
    pub(super) fn not_signed():
        "申请没有用邀请码为这次连接签名；请再运行一次 `wujitong join`",
        "the request is not signed with the invitation for this connection; run `wujitong join` again";
    pub(super) fn bad_keys(what):
        "申请中的密钥不能用：{what}；请换一个空目录重新运行 `wujitong join`",
        "the keys in the request cannot be used: {what}; run `wujitong join` again in an empty directory";
    pub(super) fn statement(what): "签名密钥的声明不对（{what}）", "the statement of the signing key does not fit ({what})";
    pub(super) fn not_held(): "没有证明持有私钥", "nothing shows that the machine holds them";
    pub(super) fn certificate_request(): "证书申请无法读取", "a request for a certificate cannot be read";
    pub(super) fn tls_keys(): "TLS 密钥缺少、多余或相同", "TLS keys are missing, too many or the same";
    pub(super) fn of_another(division): "已是 {division} 的密钥", "a key is that of {division}";
    pub(super) fn issuer_ends(parent, at):
        "{parent} 自己的签发证书 {at} 就到期；请它的运维人员先续期",
        "the issuing certificate of {parent} itself ends at {at}; have its operator renew it first";
    pub(super) fn protocol(theirs, oldest, newest):
        "本机的协议版本是 {theirs}，上级的是 {oldest} 至 {newest}；请更新较旧的程序",
        "this machine speaks protocol {theirs} and the parent {oldest} to {newest}; update the older program";
    pub(super) fn busy():
        "上级现在不能处理；请过几分钟再运行一次",
        "the parent cannot do it now; run the same command again in some minutes";
}
