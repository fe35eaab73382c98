//! The machine of a measurement.

use std::{fmt, fs, path::Path};

use serde::Serialize;

/// Properties of a machine that explain figures.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    /// Model of the processor.
    pub(super) cpu: String,
    /// Processors that this process may use.
    pub(super) cores: usize,
    /// Release of the kernel.
    pub(super) kernel: String,
    /// Type of the file system of the stores.
    pub(super) filesystem: String,
    /// Threads that ran or were ready to run, on average over the minute before.
    pub(super) load: Option<f64>,
}

impl fmt::Display for Machine {
    /// Writes it as the first line of a report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            cores,
            kernel,
            filesystem,
            load,
        } = self;
        let load = load.unwrap_or_default();
        write!(
            f,
            "{cpu}, {cores} cores, Linux {kernel}, {filesystem}, load {load:.1} before"
        )
    }
}

impl Machine {
    /// Returns this machine, with stores below `dir`.
    pub(super) fn here(dir: &Path) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        Self {
            cpu: cpu_model(&read("/proc/cpuinfo")).unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: match read("/proc/sys/kernel/osrelease").trim() {
                "" => unknown(),
                release => release.to_owned(),
            },
            filesystem: filesystem(&read("/proc/self/mounts"), &dir).unwrap_or_else(unknown),
            load: first_number(&read("/proc/loadavg")),
        }
    }

    /// Returns whether other programs use so much of the machine that the figures mean little: a
    /// chain waits for a processor at every wake-up.
    pub(super) fn busy(&self) -> bool {
        self.load.is_some_and(|load| load > self.cores as f64 / 2.0)
    }

    /// Returns whether the file system is in memory, where a sync costs nothing.
    pub(super) fn in_memory(&self) -> bool {
        matches!(self.filesystem.as_str(), "tmpfs" | "ramfs")
    }
}

fn first_number(loadavg: &str) -> Option<f64> {
    loadavg.split(' ').next()?.parse().ok()
}

fn cpu_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn filesystem(mounts: &str, dir: &Path) -> Option<String> {
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(1).map(str::to_owned);
        Some((words.next()?, words.next()?))
    };
    let mounts = mounts
        .lines()
        .filter_map(mount)
        .filter(|(point, _)| dir.starts_with(point));
    // Of two mounts on one path the later one is visible.
    mounts
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_names_the_file_system() {
        let mounts =
            "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/vdb /tmpdata xfs rw 0 0";
        let of = |dir: &str| filesystem(mounts, Path::new(dir));
        assert_eq!(of("/tmp/x").as_deref(), Some("tmpfs"));
        assert_eq!(of("/tmpdata").as_deref(), Some("xfs"));
        assert_eq!(of("/home").as_deref(), Some("ext4"));
    }

    #[test]
    fn the_load_is_that_of_the_last_minute() {
        assert_eq!(first_number("7.43 9.59 9.22 3/512 99\n"), Some(7.43));
        assert_eq!(first_number(""), None);
    }

    #[test]
    fn the_model_is_read_from_the_first_processor() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2GHz\nmodel name\t: Other";
        assert_eq!(cpu_model(text).as_deref(), Some("Some CPU @ 2GHz"));
    }
}
