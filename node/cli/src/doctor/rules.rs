//! The verdicts. Each looks at facts alone, and at no disk, network or clock.

use std::{path::PathBuf, time::Duration};

use api::Language;
use config::Problem;
use topology::saying::Saying;

use super::{Row, Verdict};
use crate::labels::span;

#[cfg(test)]
mod tests;

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Configuration,
    Process,
    DiskSpace,
    DiskSync,
    FileSystem,
    Permissions,
    Descriptors,
    Memory,
    Keys,
    Certificate,
    IssuingCertificate,
    Port,
    ParentName,
    Parent,
    Clock,
}

impl Check {
    /// The code, by which programs know it.
    pub(super) const fn code(self) -> &'static str {
        self.names().0
    }

    pub(super) const fn label(self, language: Language) -> &'static str {
        match language {
            Language::English => self.names().1,
            Language::Chinese => self.names().2,
        }
    }

    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Configuration => ("configuration", "configuration", "配置"),
            Self::Process => ("process", "process", "进程"),
            Self::DiskSpace => ("disk-space", "disk space", "磁盘空间"),
            Self::DiskSync => ("disk-sync", "disk sync", "落盘时间"),
            Self::FileSystem => ("file-system", "file system", "文件系统"),
            Self::Permissions => ("permissions", "permissions", "权限"),
            Self::Descriptors => ("descriptors", "file descriptors", "文件描述符"),
            Self::Memory => ("memory", "memory", "内存"),
            Self::Keys => ("keys", "keys", "密钥"),
            Self::Certificate => ("certificate", "certificate", "证书"),
            Self::IssuingCertificate => ("issuing-certificate", "issuing certificate", "签发证书"),
            Self::Port => ("port", "port", "端口"),
            Self::ParentName => ("parent-name", "parent's name", "上级的域名"),
            Self::Parent => ("parent", "parent", "上级"),
            Self::Clock => ("clock", "clock", "时钟"),
        }
    }
}

fn row(
    check: Check,
    subject: impl ToString,
    found: Saying,
    (verdict, remedy): (Verdict, Saying),
) -> Row {
    Row {
        check,
        subject: subject.to_string(),
        found,
        verdict,
        remedy,
    }
}

fn fine() -> (Verdict, Saying) {
    (Verdict::Ok, Saying::default())
}

/// A row for each fault of the configuration, or one if there is none.
pub(super) fn configuration(file: Option<&str>, faults: &[Problem]) -> Vec<Row> {
    let check = Check::Configuration;
    if faults.is_empty() {
        let found = match file {
            Some(file) => no_faults(file),
            None => no_file(),
        };
        return vec![row(check, "", found, fine())];
    }
    let rows = faults.iter().map(|fault| {
        let subject = match fault.place {
            Some(place) => format!("{}:{} {}", file.unwrap_or_default(), place.line, fault.key),
            None => fault.key.clone(),
        };
        let remedy = (Verdict::Fault, fault.remedy.clone());
        row(check, subject, fault.cause.clone(), remedy)
    });
    rows.collect()
}

/// Whether a process runs, by its version.
pub(super) fn process(version: Option<&str>) -> Row {
    let found = match version {
        Some(version) => runs(version),
        None => runs_not(),
    };
    row(Check::Process, "", found, fine())
}

/// Room on the disk of the data directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    /// Bytes in all.
    pub(super) bytes: u64,
    /// Bytes that the node may still write.
    pub(super) free: u64,
    /// Files in all; 0 if the file system does not count them.
    pub(super) inodes: u64,
    /// Files that may still be made.
    pub(super) free_inodes: u64,
}

const MIB: u64 = 1 << 20;

pub(super) fn space(path: impl ToString, space: Space) -> Row {
    let found = free(space.free / MIB, space.bytes / MIB, space.free_inodes);
    let no_inodes = space.inodes > 0 && space.free_inodes < 100;
    let few_inodes = space.inodes > 0 && space.free_inodes < 10_000;
    let verdict = if space.free < 64 * MIB || no_inodes {
        // The store refuses new work below 16 MiB.
        (Verdict::Fault, make_room())
    } else if space.free < 1_024 * MIB || space.free < space.bytes / 20 || few_inodes {
        (Verdict::Warning, make_room())
    } else {
        fine()
    };
    row(Check::DiskSpace, path, found, verdict)
}

/// How long some writes took until they were durable, in the order of their length. Not empty.
pub(super) fn sync(path: impl ToString, mut took: Vec<Duration>) -> Row {
    took.sort_unstable();
    let middle = took.get(took.len() / 2).copied().unwrap_or_default();
    let longest = took.last().copied().unwrap_or_default();
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
    let found = synced(took.len(), ms(middle), ms(longest));
    let verdict = if middle > Duration::from_millis(500) {
        (Verdict::Fault, faster_disk())
    } else if middle > Duration::from_millis(30) || longest > Duration::from_secs(1) {
        (Verdict::Warning, faster_disk())
    } else {
        fine()
    };
    row(Check::DiskSync, path, found, verdict)
}

/// The kind of a file system, as the kernel names it.
pub(super) fn file_system(path: impl ToString, kind: &str) -> Row {
    let network = [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "9p",
        "ceph",
        "glusterfs",
        "afs",
        "virtiofs",
    ];
    let verdict = if network.contains(&kind) || kind.starts_with("fuse") {
        (Verdict::Warning, local_disk())
    } else if ["overlay", "aufs"].contains(&kind) {
        (Verdict::Warning, volume())
    } else if ["tmpfs", "ramfs"].contains(&kind) {
        (Verdict::Warning, lost_at_restart())
    } else {
        fine()
    };
    row(Check::FileSystem, path, Saying::foreign(kind), verdict)
}

/// Files of the data directory that others may read or that belong to somebody else.
#[derive(Clone, Debug, Default)]
pub(super) struct Closed {
    /// Files and directories that were looked at.
    pub(super) looked_at: usize,
    /// Those that others than their owner may read or enter.
    pub(super) open: Vec<PathBuf>,
    /// Those that belong to another user than the data directory does.
    pub(super) foreign: Vec<PathBuf>,
    /// Those that this user may not look at.
    pub(super) hidden: Vec<PathBuf>,
}

pub(super) fn permissions(data: impl ToString, closed: &Closed) -> Vec<Row> {
    let data = data.to_string();
    let shown = |paths: &[PathBuf]| paths.first().map(|path| path.display().to_string());
    let mut rows = vec![];
    let mut add = |paths: &[PathBuf], found: fn(usize) -> Saying, verdict: (Verdict, Saying)| {
        if let Some(first) = shown(paths) {
            rows.push(row(Check::Permissions, first, found(paths.len()), verdict));
        }
    };
    add(&closed.open, open, (Verdict::Fault, close(&data)));
    add(&closed.foreign, foreign, (Verdict::Fault, own(&data)));
    add(&closed.hidden, hidden, (Verdict::Warning, as_owner()));
    if rows.is_empty() {
        rows.push(row(
            Check::Permissions,
            data,
            closed_all(closed.looked_at),
            fine(),
        ));
    }
    rows
}

/// `limit` is what the process may raise its limit to.
pub(super) fn descriptors(limit: u64, needed: u64) -> Row {
    let verdict = if limit < needed {
        (Verdict::Fault, raise(needed))
    } else if limit < needed + needed / 4 {
        (Verdict::Warning, raise(needed * 2))
    } else {
        fine()
    };
    row(Check::Descriptors, "", limit_of(limit, needed), verdict)
}

/// `limit` is the least of what the machine has and what the process may take, in bytes, `wanted` what the configuration
/// may need.
pub(super) fn memory(limit: u64, wanted: u64) -> Row {
    let verdict = if limit < wanted {
        (Verdict::Warning, less_memory())
    } else {
        fine()
    };
    row(
        Check::Memory,
        "",
        memory_of(limit / MIB, wanted / MIB),
        verdict,
    )
}

/// How far a certificate is, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Valid {
    pub(super) from: i64,
    pub(super) through: i64,
}

const DAY: i64 = 86_400;

/// The certificate that ends first of those of one kind. The node asks for the next at two thirds of its life, an issuing
/// one at half.
pub(super) fn certificate(check: Check, division: impl ToString, valid: Valid, now: i64) -> Row {
    let left = valid.through.saturating_sub(now);
    let life = valid.through.saturating_sub(valid.from);
    let found = match left {
        0.. => ends_in(span(left.unsigned_abs().saturating_mul(1_000))),
        _ => ended(span(left.unsigned_abs().saturating_mul(1_000))),
    };
    let verdict = if left < 0 {
        (Verdict::Fault, renew_by_hand(division.to_string()))
    } else if now < valid.from - 180 {
        (Verdict::Fault, set_clock())
    } else if left < 2 * DAY {
        (Verdict::Fault, see_renewal())
    } else if left < life / 4 {
        (Verdict::Warning, see_renewal())
    } else {
        fine()
    };
    row(check, division, found, verdict)
}

/// Keys that cannot be used.
pub(super) fn keys(subject: impl ToString, opened: Result<usize, String>) -> Row {
    match opened {
        Ok(count) => row(Check::Keys, subject, usable(count), fine()),
        Err(error) => {
            let (cause, remedy) = in_two(&error);
            row(Check::Keys, subject, cause, (Verdict::Fault, remedy))
        }
    }
}

/// How a port is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// The running node answers there.
    Answers,
    /// It runs, and nobody answers there.
    Silent,
    /// Nothing runs, and it can be taken.
    Free,
    /// Nothing runs, and it cannot be taken.
    Taken(String),
}

pub(super) fn port(setting: &str, address: impl ToString, port: &Port) -> Row {
    let (found, verdict) = match port {
        Port::Answers => (answers(), fine()),
        Port::Free => (free_port(), fine()),
        Port::Silent => (silent(), (Verdict::Fault, see_log())),
        Port::Taken(error) => (taken(error), (Verdict::Fault, other_port(setting))),
    };
    row(Check::Port, address, found, verdict)
}

/// A name or address of the parent, with the addresses found for it and the names found for those.
pub(super) fn parent_name(
    name: impl ToString,
    found: Result<Vec<(String, Vec<String>)>, String>,
) -> Row {
    match found {
        Ok(addresses) => {
            let shown = addresses
                .iter()
                .map(|(address, names)| match names.is_empty() {
                    true => address.clone(),
                    false => format!("{address} = {}", names.join(", ")),
                });
            let shown: Vec<_> = shown.collect();
            row(
                Check::ParentName,
                name,
                Saying::foreign(shown.join("; ")),
                fine(),
            )
        }
        Err(error) => {
            let (cause, remedy) = in_two(&error);
            row(Check::ParentName, name, cause, (Verdict::Fault, remedy))
        }
    }
}

/// What came of connecting to one address of the parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// It answered within this time, in milliseconds, and both certificates count.
    Answered(u64),
    /// Nobody answers.
    Nobody(String),
    /// A certificate does not count.
    Refused(String),
    /// It answers, and not as a parent does.
    Odd(String),
}

/// `others` tells that another address of the parent answered.
pub(super) fn parent(address: impl ToString, reached: &Reached, others: bool) -> Row {
    let grave = match others {
        true => Verdict::Warning,
        false => Verdict::Fault,
    };
    let (found, verdict) = match reached {
        Reached::Answered(ms) => (trusted(ms), fine()),
        Reached::Nobody(error) => (nobody(error), (grave, see_firewall())),
        Reached::Refused(error) => (refused(error), (grave, see_chain())),
        Reached::Odd(error) => (odd(error), (grave, see_parent())),
    };
    row(Check::Parent, address, found, verdict)
}

/// What the machine's clock is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// The parent's clock; either may be wrong.
    Parent,
    /// The newest file of the store, which was written before now.
    Store,
}

/// A node does not use a clock that is more than three minutes off.
const DOUBTED: i64 = 180;

/// `ahead` is by how many seconds this clock is ahead of the other; of the store only what it is behind counts.
pub(super) fn clock(other: Other, ahead: i64) -> Row {
    let off = match other {
        Other::Parent => ahead.abs(),
        Other::Store => ahead.saturating_neg().max(0),
    };
    let time = span(ahead.unsigned_abs().saturating_mul(1_000));
    let found = match (other, ahead) {
        (Other::Parent, 0..) => ahead_of_parent(time),
        (Other::Parent, _) => behind_parent(time),
        (Other::Store, 0..) => after_store(time),
        (Other::Store, _) => before_store(time),
    };
    let verdict = match off {
        0..=5 => fine(),
        6..=DOUBTED => (Verdict::Warning, set_clock()),
        _ => (Verdict::Fault, set_clock()),
    };
    row(Check::Clock, "", found, verdict)
}

/// The machine's clock could not be compared with the parent's.
pub(super) fn no_clock() -> Row {
    row(
        Check::Clock,
        "",
        not_compared(),
        (Verdict::Warning, reach_parent()),
    )
}

/// Splits a sentence whose remedy is after its last semicolon.
fn in_two(sentence: &str) -> (Saying, Saying) {
    match sentence.rsplit_once("; ") {
        Some((cause, remedy)) => (Saying::foreign(cause), Saying::foreign(remedy)),
        None => (Saying::foreign(sentence), see_log()),
    }
}

topology::sayings! {
    fn no_faults(file): "{file} 没有错误", "no faults in {file}";
    fn no_file(): "没有配置文件，全用默认值和入网资料", "no file; defaults and the enrolment count";
    fn runs(version): "正在运行，版本 {version}", "it runs, version {version}";
    fn runs_not(): "没有运行", "none runs";
    fn free(free, all, inodes): "剩 {free} MiB，共 {all} MiB；还可建 {inodes} 个文件", "{free} of {all} MiB free, and {inodes} inodes";
    fn make_room(): "请腾出空间；不足 16 MiB 时节点不再受理新的工作", "make room: with less than 16 MiB the node refuses new work";
    fn synced(count, middle, longest): "{count} 次落盘：中位 {middle} ms，最长 {longest} ms", "{count} writes: median {middle} ms, longest {longest} ms";
    fn faster_disk(): "每件事都要等落盘；请换快些的磁盘，或看谁在占用它（iostat -x）",
        "every decision waits for this; use a faster disk, or look who keeps it busy (iostat -x)";
    fn local_disk(): "请换到本机磁盘：网络文件系统不保证断电后还在", "use a local disk: a network file system does not promise that data survive a power cut";
    fn volume(): "请为数据目录挂载卷：容器删除后这里的数据就没有了", "mount a volume for the data directory: this goes with the container";
    fn lost_at_restart(): "请换到磁盘：这里的数据重启后就没有了", "use a disk: this is in memory and lost at a restart";
    fn closed_all(count): "{count} 个文件和目录都只有属主能用", "{count} files and directories are open to their owner alone";
    fn open(count): "{count} 个文件或目录别人也能读", "{count} files or directories can be read by others";
    fn close(data): "请运行 chmod -R go= {data}；本机有别的用户时，请更换密钥", "run chmod -R go= {data}, and replace the keys if others use this machine";
    fn foreign(count): "{count} 个文件或目录不归数据目录的属主", "{count} files or directories belong to another user than the data directory";
    fn own(data): "请运行 chown -R --reference={data} {data}", "run chown -R --reference={data} {data}";
    fn hidden(count): "{count} 个文件或目录本用户看不了", "{count} files or directories cannot be looked at by this user";
    fn as_owner(): "请以节点的用户运行，如 sudo -u wujitong wujitong doctor", "run it as the user of the node, e.g. sudo -u wujitong wujitong doctor";
    fn limit_of(limit, needed): "上限 {limit}，至少要 {needed}", "the limit is {limit}, at least {needed} are needed";
    fn raise(needed): "请在服务单元里写 LimitNOFILE={needed}，或 ulimit -n {needed}", "set LimitNOFILE={needed} in the unit, or ulimit -n {needed}";
    fn memory_of(limit, wanted): "可用 {limit} MiB，配置最多要约 {wanted} MiB", "{limit} MiB may be used, the configuration may need about {wanted} MiB";
    fn less_memory(): "请增加内存，或调低 store.cache_mib 和 limits.memory_mib", "give it more, or lower store.cache_mib and limits.memory_mib";
    fn ends_in(left): "还有 {left} 到期", "ends in {left}";
    fn ended(ago): "{ago}前已到期", "ended {ago} ago";
    fn renew_by_hand(code): "请在上级密钥所在的机器上运行 `wujitong init --division {code} --issuer … --renew`（见 operate.md）",
        "run `wujitong init --division {code} --issuer … --renew` where the parent's keys are (operate.md)";
    fn see_renewal(): "它应自行换发；请看 `wujitong status` 的 renewal 一行为什么没有成功，并确认能连到上级",
        "it should renew by itself: see why not in the row `renewal` of `wujitong status`, and that the parent is reached";
    fn set_clock(): "请校准时钟并启用 NTP（timedatectl）；差 3 分钟以上时节点不用这个时钟", "set the clock and use NTP (timedatectl): a node does not use one that is off by more than 3 minutes";
    fn usable(count): "{count} 个单位的密钥和证书可用", "keys and certificates of {count} division(s) can be used";
    fn answers(): "节点在这里应答", "the node answers there";
    fn free_port(): "空闲", "free";
    fn silent(): "节点在运行，但这里没有应答", "the node runs, and nobody answers there";
    fn see_log(): "请看节点的日志", "look at the node's log";
    fn taken(error): "不能用：{error}", "it cannot be taken: {error}";
    fn other_port(setting): "请停掉占用它的程序（ss -ltnp），或改 `{setting}`", "stop what uses it (ss -ltnp), or change `{setting}`";
    fn trusted(ms): "{ms} ms 内应答，双方证书都有效", "answered within {ms} ms, and the certificates of both sides count";
    fn nobody(error): "没有应答：{error}", "nobody answers: {error}";
    fn see_firewall(): "请确认上级在运行、地址和端口对、防火墙放行", "see that the parent runs, that address and port are right, and that the firewalls let it through";
    fn refused(error): "证书不被接受：{error}", "a certificate does not count: {error}";
    fn see_chain(): "地址可能是别的节点的；与上级核对根证书指纹（network.toml 的 root_sha256）和时钟",
        "the address may be another node's: compare the root's fingerprint (root_sha256 in network.toml) and the clocks with the parent";
    fn odd(error): "应答不正常：{error}", "it answers and does not go on: {error}";
    fn see_parent(): "请看本机证书是否到期或被吊销，再看上级的日志", "see whether this node's certificate ended or was revoked, then look at the parent's log";
    fn ahead_of_parent(time): "比上级快 {time}", "{time} ahead of the parent";
    fn behind_parent(time): "比上级慢 {time}", "{time} behind the parent";
    fn after_store(time): "存储最近一次写入在 {time}前", "the store was written last {time} ago";
    fn before_store(time): "存储最近一次写入在 {time}之后：时钟倒退了", "the store was written last {time} in the future: the clock went back";
    fn not_compared(): "没有和上级对过", "not compared with the parent's";
    fn reach_parent(): "请先解决“上级”一行，或用 timedatectl 看是否已同步", "see to the row of the parent first, or look with timedatectl whether it is synchronised";
}
