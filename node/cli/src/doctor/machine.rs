//! Gathers what the machine gives a node: disk, permissions, descriptors, memory, ports.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::{FileExt as _, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use app::{hosted, needed_descriptors, socket_path};
use config::Config;

use super::{
    Row,
    rules::{self, Closed, Port, Space},
};
use crate::site::configured_tree;

/// The number of writes that are measured.
const WRITES: usize = 20;
/// Their length in bytes.
const WRITE: [u8; 4_096] = [0; 4_096];
/// Memory of a process besides caches and links, in bytes (`docs/performance.md`).
const BASE_MEMORY: u64 = 96 << 20;
/// Memory of one more node in the same process, in bytes.
const NODE_MEMORY: u64 = 256 << 10;
/// Time for somebody on this machine to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Looks at the machine. `running` tells whether a process uses the configuration now.
pub(super) fn rows(config: &Config, running: bool) -> Vec<Row> {
    let data = &config.data;
    let shown = data.display().to_string();
    let shown = shown.as_str();
    let mut rows = vec![];
    if let Ok(disk) = rustix::fs::statvfs(data) {
        let space = Space {
            bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            inodes: disk.f_files,
            free_inodes: disk.f_favail,
        };
        rows.push(rules::space(shown, space));
    }
    if let Ok(took) = sync_times(data) {
        rows.push(rules::sync(shown, took));
    }
    if let Some(kind) = file_system(data) {
        rows.push(rules::file_system(shown, &kind));
    }
    rows.extend(rules::permissions(shown, &closed(data)));
    let pid = running.then(|| pid(&socket_path(data))).flatten();
    let hosts = configured_tree(config).ok();
    let hosts = hosts.and_then(|tree| Some((hosted(config, &tree).ok()?, tree)));
    if let Some((divisions, tree)) = hosts {
        let needed = needed_descriptors(&divisions, &tree) as u64;
        rows.push(rules::descriptors(descriptor_limit(pid), needed));
        let wanted = BASE_MEMORY
            + NODE_MEMORY * divisions.len() as u64
            + config.store.cache_bytes
            + config.limits.memory_bytes as u64;
        if let Some(limit) = memory_limit(pid) {
            rows.push(rules::memory(limit, wanted));
        }
    }
    rows.push(port("listen", config.listen, running));
    if let Some(address) = config.http.listen {
        rows.push(port("http.listen", address, running));
    }
    rows
}

/// Writes and syncs a file some times, and removes it.
fn sync_times(data: &Path) -> io::Result<Vec<Duration>> {
    let path = data.join(format!(".doctor-{}", std::process::id()));
    let mut options = File::options();
    let opened = options.write(true).create_new(true).mode(0o600).open(&path);
    let times = opened.and_then(|mut file| {
        file.write_all(&WRITE)?;
        let times = (0..WRITES).map(|_| {
            let begun = Instant::now();
            file.write_all_at(&WRITE, 0)?;
            file.sync_data()?;
            Ok(begun.elapsed())
        });
        times.collect()
    });
    let _was_not_made = fs::remove_file(&path);
    times
}

/// Returns the kind of the file system that a path is on, as the kernel lists it.
fn file_system(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of(&path, &mounts)
}

/// Finds the mount with the longest path that is above; of several at one path the last counts (proc(5)).
fn kind_of(path: &Path, mounts: &str) -> Option<String> {
    let above = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        let kind = after.split(' ').next()?;
        path.starts_with(&point)
            .then(|| (point.len(), kind.to_owned()))
    });
    above
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

/// Looks at the directory, the configuration in it, and everything below `identity`.
fn closed(data: &Path) -> Closed {
    let mut closed = Closed::default();
    let Ok(own) = fs::metadata(data) else {
        closed.hidden.push(data.to_owned());
        return closed;
    };
    look(data, own.uid(), true, &mut closed);
    for name in [
        "store",
        "node.toml",
        "network.toml",
        "roots.pem",
        "anchors.bin",
    ] {
        let path = data.join(name);
        if path.exists() {
            look(&path, own.uid(), false, &mut closed);
        }
    }
    let mut folders = vec![data.join("identity")];
    while let Some(folder) = folders.pop() {
        if !folder.exists() {
            continue;
        }
        look(&folder, own.uid(), false, &mut closed);
        let Ok(entries) = fs::read_dir(&folder) else {
            closed.hidden.push(folder);
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => folders.push(path),
                false => look(&path, own.uid(), is_key(&path), &mut closed),
            }
        }
    }
    closed
}

fn is_key(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "key")
}

fn look(path: &Path, owner: u32, is_private: bool, closed: &mut Closed) {
    let path = path.to_owned();
    match fs::metadata(&path) {
        Ok(found) => {
            closed.looked_at += 1;
            if is_private && found.permissions().mode() & 0o077 != 0 {
                closed.open.push(path.clone());
            }
            if found.uid() != owner {
                closed.foreign.push(path);
            }
        }
        Err(_) => closed.hidden.push(path),
    }
}

/// Returns the process behind a control socket.
fn pid(socket: &Path) -> Option<i32> {
    let stream = std::os::unix::net::UnixStream::connect(socket).ok()?;
    stream.set_nonblocking(true).ok()?;
    let stream = tokio::net::UnixStream::from_std(stream).ok()?;
    stream.peer_cred().ok()?.pid()
}

fn proc_file(pid: Option<i32>, name: &str) -> Option<String> {
    let of = pid.map_or("self".to_owned(), |pid| pid.to_string());
    fs::read_to_string(format!("/proc/{of}/{name}")).ok()
}

/// Returns the hard limit of file descriptors of a process, or of this one.
fn descriptor_limit(pid: Option<i32>) -> u64 {
    let limits = proc_file(pid, "limits").or_else(|| proc_file(None, "limits"));
    let limits = limits.unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let hard = line.and_then(|line| line.split_whitespace().nth(1));
    hard.and_then(|hard| hard.parse().ok()).unwrap_or(u64::MAX)
}

/// Returns the bytes that a process may use: the least limit of its control groups, or all that the machine has.
fn memory_limit(pid: Option<i32>) -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok()?;
    let machine = machine
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"));
    let machine = machine.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok())?;
    let groups = proc_file(pid, "cgroup").unwrap_or_default();
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let group = PathBuf::from("/sys/fs/cgroup").join(group.unwrap_or("/").trim_start_matches('/'));
    let limits = group.ancestors().filter_map(|group| {
        let limit = fs::read_to_string(group.join("memory.max")).ok()?;
        limit.trim().parse::<u64>().ok()
    });
    limits.chain([machine.saturating_mul(1_024)]).min()
}

fn port(setting: &str, mut address: SocketAddr, running: bool) -> Row {
    let shown = address;
    let found = if address.port() == 0 {
        Port::Free
    } else if running {
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        match TcpStream::connect_timeout(&address, ANSWER) {
            Ok(_) => Port::Answers,
            Err(_) => Port::Silent,
        }
    } else {
        match TcpListener::bind(address) {
            Ok(_) => Port::Free,
            Err(error) => Port::Taken(error.to_string()),
        }
    };
    rules::port(setting, shown, &found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_with_the_longest_path_counts_and_of_two_the_last() {
        let mounts = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      30 21 0:25 / /srv rw shared:1 - nfs4 server:/x rw\n\
                      31 21 0:26 / /srv/my\\040data rw - xfs /dev/sdb rw\n\
                      32 31 0:27 / /srv/my\\040data rw - tmpfs tmpfs rw\n";
        let kind = |path: &str| kind_of(Path::new(path), mounts);
        assert_eq!(kind("/var/lib").as_deref(), Some("ext4"));
        assert_eq!(kind("/srv/county").as_deref(), Some("nfs4"));
        assert_eq!(kind("/srvother").as_deref(), Some("ext4"));
        assert_eq!(kind("/srv/my data/store").as_deref(), Some("tmpfs"));
    }

    #[test]
    fn a_key_that_others_may_read_is_found_wherever_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let home = dir.path().join("identity/330825000000");
        fs::create_dir_all(&home).unwrap();
        let (key, chain) = (home.join("tls.key"), home.join("tls.pem"));
        fs::write(&key, "k").unwrap();
        fs::write(&chain, "c").unwrap();
        set(dir.path(), 0o700);
        set(&key, 0o600);
        set(&chain, 0o644);
        assert!(closed(dir.path()).open.is_empty());
        set(&key, 0o640);
        assert_eq!(closed(dir.path()).open, [key]);
        set(dir.path(), 0o750);
        assert_eq!(closed(dir.path()).open.len(), 2);
    }
}
