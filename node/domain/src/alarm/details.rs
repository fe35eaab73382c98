//! What alarms say besides their kind, in both languages. What another machine, a library or the operating system
//! said is quoted behind words of ours.

crate::sayings! {
    /// What a neighbour knows of this node and its store does not; lives by number and id.
    pub fn unknown_life(peer, lost, lost_id, old, old_id, new, new_id):
        "{peer} 有第 {lost} 世（{lost_id}）的消息，本节点的数据里没有；第 {old} 世（{old_id}）到此结束，第 {new} 世（{new_id}）开始",
        "{peer} has messages of life {lost} of {lost_id} which this store does not know; life {old} ({old_id}) ended \
         here, life {new} ({new_id}) begins";
    /// Of which backup a store was made; lives by number.
    pub fn restored(made, old, issue, new):
        "本节点由 {made} 的备份恢复；此后所做的，只有相邻单位知道的才能找回；第 {old} 世在第 {issue} 号消息处结束，第 {new} 世开始",
        "this store was made of the backup of {made}; of what was done after it only what neighbours know comes back; \
         life {old} ended with message number {issue}, life {new} begins";
    /// Which messages of this node a neighbour has that its backup did not.
    pub fn lost_messages(peer, life, known, last, made):
        "{peer} 有本节点第 {life} 世直到第 {last} 号的消息，{made} 的备份只到第 {known} 号；其间的在这里已丢失，它所知道的事项会送回来",
        "{peer} has messages of life {life} of this node up to number {last}, and the backup of {made} only those up to \
         {known}; those between are lost here, and it shows what it knows of matters";
    /// Two histories of a matter are known.
    pub fn two_histories(matter, holder, steps):
        "事项 {matter} 有两种经过；以 {holder} 承办的为准，另一种的 {steps} 步搁置",
        "two histories of matter {matter} are known; the one in which {holder} holds it counts, {steps} steps of the \
         other are set aside";
    /// Where the two machines of one division are.
    pub fn second_machine(linked, refused):
        "一台从 {linked} 连着，另一台来自 {refused}，已拒绝",
        "linked from {linked}, refused from {refused}";
    /// What the parent said when it refused this machine.
    pub fn refused_as_second(parent, address, reason):
        "{parent}（{address}）说：“{reason}”",
        "{parent} at {address} says: {reason}";
    /// Two heads of a log contradict each other.
    pub fn log_rewritten(found_by, how, earlier, later):
        "{found_by} 发现：{how}；先前记下的是 {earlier}，现在是 {later}",
        "found by {found_by}: {how}; {earlier} was recorded, and now it is {later}";
    /// A log shows a countersignature of this node that its own store does not know.
    pub fn witness_went_back(division, size, known):
        "{division} 的日志出示了本节点对 {size} 条的会签，而这里只记得 {known} 条",
        "the log of {division} shows this node's countersignature of {size} entries, and {known} are recorded here";
    /// A linked child says no head any more.
    pub fn log_silent(hours):
        "最近一次日志头是 {hours} 小时前记下的，而连接是通的",
        "the last head was recorded {hours} hours ago, and the link is up";
    /// A witness says that this node's log contradicts itself.
    pub fn log_doubted(by, how, earlier):
        "{by} 不再会签本单位的日志：{how}；它先前记下的是 {earlier}",
        "{by} does not countersign this division's log any more: {how}; it has recorded {earlier}";
    /// A witness countersigned a head that this log never had.
    pub fn log_not_as_signed(by, size):
        "{by} 会签了 {size} 条时的日志头，与本节点的日志不符",
        "{by} countersigned a head of {size} entries that this node's log does not have";
    /// A kind of contradiction of a later program.
    pub fn log_contradiction(number):
        "第 {number} 种矛盾，本程序还不认识",
        "a contradiction of kind {number}, which this program does not know";
    /// A version of a template that this store lost.
    pub fn version_lost(template, issued, known):
        "{template}：已制发第 {issued} 版，本节点只知道第 {known} 版",
        "{template}: version {issued} was issued, this node knows {known}";
    /// A list of current template versions that ran out.
    pub fn list_expired(at):
        "清单于 {at} 到期，此后没有新的清单送到，而连接是通的",
        "the list ran out at {at}, and none came since, although the link is up";
    /// Template versions that a list names and that are not here.
    pub fn templates_missing(first, version, count):
        "清单所列的 {count} 个版本没有送到，第一个是 {first} 第 {version} 版",
        "{count} listed versions did not come, the first is {first} version {version}";
    /// A key that this node revoked.
    pub fn revoked_here(key, reason):
        "密钥 {key}，由本节点吊销：{reason}",
        "key {key}, revoked here: {reason}";
    /// A key that another division revoked.
    pub fn revoked_by(key, by, reason):
        "密钥 {key}，由 {by} 吊销：{reason}",
        "key {key}, revoked by {by}: {reason}";
    /// Wrong passwords of an account.
    pub fn passwords_guessed(account, guesses, near, whence):
        "账号 {account}：一天内口令错 {guesses} 次，其中 {near} 次来自 {whence}",
        "account {account}: {guesses} wrong passwords within a day, {near} of them from {whence}";
    /// Figures of a child that were refused.
    pub fn figures_refused(count, day, acting, origin, category, why):
        "至今拒绝 {count} 次；最近一次：{day}，{acting} 办理、{origin} 上报的“{category}”事项：{why}",
        "{count} refused so far; the last: {day} at {acting}, matters of {origin}, {category}: {why}";
    /// Sums that give or close more than came in.
    pub fn uneven_sums(count):
        "{count} 个单位、来源、类别的合计中，移交或办结的多于收到的",
        "{count} sums of division, origin and category give or close more than came in";
    /// Acts that no step explains.
    pub fn uneven_acts(count):
        "{count} 个别处的来源单位，统计的办理次数多于事项步骤所记",
        "{count} origins elsewhere have more acts counted than the steps of their matters say";
    /// Transfers that crossed no link.
    pub fn uneven_transfers(count):
        "{count} 个来源单位，统计的收交与经过连接的事项不符",
        "{count} origins have other matters counted as taken and given than crossed the link";
    /// Two of these together.
    pub fn and(first, second): "{first}；{second}", "{first}; {second}";
    /// Counts of a child from before its store lost them.
    pub fn figures_lost(cells):
        "{cells} 个统计格在其数据换世以前的数更大，保留不变",
        "{cells} cells were counted higher before its store began a new life; they stay so";
    /// An author for whom there is no more room.
    pub fn relay_full(from):
        "{from} 送来该单位的消息，多于本节点为别处保管的限额；该通道在等",
        "{from} sends more envelopes of this author than are kept for others; its lane waits";
    /// A key that was stated.
    pub fn key_shown(key, serial, from):
        "密钥 {key}，第 {serial} 号，由 {from} 出示",
        "key {key}, number {serial}, shown by {from}";
    /// Who showed a key that this node read from its own files.
    pub fn own_files(): "本节点自己的文件", "its own files";
    /// Somebody tried many wrong invitations for a child.
    pub fn invitations_guessed(times, from):
        "一小时内 {times} 次，最近一次来自 {from}",
        "{times} times within an hour, last from {from}";
    /// A child that waits to come back.
    pub fn readmission_waits(key, from, why):
        "密钥 {key}，来自 {from}：{why}",
        "key {key} from {from}: {why}";
    /// A key that was stated and does not count.
    pub fn key_refused(shown, why): "{shown}：“{why}”", "{shown}: {why}";
    /// A neighbour that does not know a key.
    pub fn key_unknown(neighbour):
        "{neighbour} 不认识这把密钥；用它签名的消息在等，会再发",
        "{neighbour} does not know the key; envelopes signed with it wait and are sent again";
    /// When the certificate ends.
    pub fn certificate_ends(at): "到期时间 {at}", "it ends at {at}";
    /// A webhook that fails and is tried again.
    pub fn webhook_fails(hook, failures, why):
        "推送 {hook}：失败 {failures} 次；{why}",
        "webhook {hook}: {failures} failures; {why}";
    /// A webhook that is not tried any more.
    pub fn webhook_given_up(hook, failures, why):
        "推送 {hook}：失败 {failures} 次，不再尝试；{why}",
        "webhook {hook}: {failures} failures, and it is not tried any more; {why}";
    /// Changes that a webhook missed.
    pub fn webhook_gap(hook, from, to):
        "推送 {hook}：缺 {from} 到 {to}",
        "webhook {hook}: from {from} to {to}";
    /// A statement of a sign-in provider that does not hold.
    pub fn sign_in_forged(why): "登录凭证不成立：“{why}”", "{why}";
    /// Until when the holidays are known.
    pub fn calendar_ends(source, through, days):
        "{source} 的节假日公布到 {through}，还有 {days} 天；此后的时限是暂定的",
        "{source} announces holidays through {through}, {days} days from now; what is due later is provisional";
    /// A clock that jumped.
    pub fn clock_jumped(seconds):
        "跳变了 {seconds} 秒；本节点仍用原来的时间",
        "it jumped by {seconds} s; this node keeps its earlier time";
    /// A clock that is ahead.
    pub fn clock_ahead(seconds):
        "比相邻单位快 {seconds} 秒；本节点仍用原来的时间",
        "it is ahead of the neighbours by {seconds} s; this node keeps its earlier time";
    /// A clock that is behind.
    pub fn clock_behind(seconds):
        "比相邻单位慢 {seconds} 秒；本节点仍用原来的时间",
        "it is behind the neighbours by {seconds} s; this node keeps its earlier time";
    /// An entry of the audit trail that is missing.
    pub fn trail_missing(entry): "审计日志缺第 {entry} 条", "entry {entry} of the audit trail is missing";
    /// An entry of the audit trail that differs.
    pub fn trail_changed(entry):
        "审计日志第 {entry} 条或它与下一条的衔接与当初所写不同",
        "entry {entry} of the audit trail, or its link to the next, differs from what was written";
    /// Entries behind the end of the audit trail.
    pub fn trail_beyond(entry):
        "审计日志应止于第 {entry} 条，后面却还有",
        "the audit trail ends at entry {entry}, but others follow";
    /// An attachment of a matter that is damaged.
    pub fn attachment_damaged(file, matter, why):
        "事项 {matter} 的附件 {file} 损坏（“{why}”）",
        "attachment {file} of matter {matter}: {why}";
    /// A file that is damaged.
    pub fn file_damaged(why): "磁盘上的文件与保存时不同（“{why}”）", "{why}";
}
