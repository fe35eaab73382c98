//! Why work of the whole process failed, in both languages. What the operating system or a node said is quoted.

domain::sayings! {
    /// Nodes for which something failed, and what the last of them said.
    pub(crate) fn some_nodes(failed, all, last):
        "{all} 个节点中 {failed} 个没有办成；最后一个：“{last}”",
        "{failed} of {all} nodes; the last: {last}";
    /// The disk still takes no writes.
    pub(crate) fn disk_fails(failure, error):
        "磁盘出错（“{failure}”），仍然不能写入（“{error}”）；请检查磁盘",
        "{failure}; the disk takes no writes yet: {error}";
    /// The note of the last backup cannot be read.
    pub(crate) fn backup_unknown(why):
        "无法得知上次备份的时间（“{why}”）；请再备份一次",
        "when the last backup was made is not known: {why}; make another one";
    /// Traces do not reach the collector.
    pub(crate) fn traces_lost(why):
        "链路追踪没有送达（“{why}”）；请检查收集器",
        "{why}";
    /// The store could not write a checkpoint.
    pub(crate) fn checkpoint_fails(why):
        "检查点没有写成（“{why}”）；请检查磁盘",
        "{why}";
}
