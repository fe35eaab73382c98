//! Checks a configuration whole: the settings, and what they lead to on this machine.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

use config::{Config, Layer, Origin, Problem, Setting, Value, all_settings};
use identity::Network;
use telemetry::{Telemetry, TelemetryError};
use topology::{DivisionCode, Tree, saying::Saying};

use super::Typed;
use crate::{Failure, site::configured_tree};

/// A configuration and everything that is wrong with it.
pub(crate) struct Examined {
    /// What the sources say.
    pub(crate) typed: Typed,
    /// The configuration; `None` if it cannot be used.
    pub(crate) config: Option<Config>,
    /// Every fault, those of the file first and in its order.
    pub(crate) faults: Vec<Problem>,
}

impl Examined {
    /// Examines what the sources say.
    pub(crate) fn of(typed: Typed) -> Self {
        let (in_file, elsewhere) = typed.problems.clone();
        let unread: BTreeSet<String> = in_file.iter().map(|one| one.key.clone()).collect();
        let is_broken = unread.contains("");
        let mut faults: Vec<Problem> = in_file.into_iter().chain(elsewhere).collect();
        let mut config = None;
        // Of a file that is no TOML no setting is known, so nothing would be true that is said of them.
        if !is_broken {
            match typed.layer.check(&typed.base) {
                Ok(checked) => {
                    faults.extend(on_this_machine(&typed.layer, &checked));
                    config = Some(checked);
                }
                Err(errors) => {
                    let new = errors.problems().iter();
                    faults.extend(new.filter(|one| !unread.contains(&one.key)).cloned());
                }
            }
            faults.extend(file_faults(&typed));
        }
        faults.sort_by_key(|fault| (fault.place.is_none(), fault.place));
        Self {
            config: config.filter(|_| faults.is_empty()),
            typed,
            faults,
        }
    }
}

/// Returns what is wrong with the files that settings name, and with secrets that others may read.
pub(crate) fn file_faults(typed: &Typed) -> Vec<Problem> {
    let mut faults = vec![];
    let rows: Vec<Setting> = all_settings().collect();
    for (key, value) in typed.layer.raw.said() {
        let row = rows.iter().find(|row| row.key == key);
        let (Some(row), Value::Text(text)) = (row, value) else {
            continue;
        };
        let place = typed.layer.place(&key);
        if row.is_file() && text.trim() != "off" {
            let path = typed.base.join(&text);
            let wrong = wrong_file(&path, row.is_secret_file());
            faults.extend(wrong.map(|(cause, remedy)| Problem::of(&key, cause, remedy).at(place)));
        }
        let file = typed.file.as_deref();
        if let (true, Origin::File(_), Some(file)) =
            (row.is_secret(), typed.layer.origin(&key), file)
            && others_may_read(file)
        {
            let told = (open_configuration(), close_it(file.display()));
            faults.push(Problem::of(&key, told.0, told.1).at(place));
        }
    }
    faults
}

fn wrong_file(path: &Path, is_secret: bool) -> Option<(Saying, Saying)> {
    let shown = path.display().to_string();
    let shown = shown.as_str();
    match fs::File::open(path).and_then(|file| file.metadata()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some((no_such_file(shown), correct_path()))
        }
        Err(error) => {
            let advice = identity::files::advice(path, &error);
            Some((unreadable(shown, error), Saying::foreign(advice)))
        }
        Ok(found) if !found.is_file() => Some((no_file(shown), correct_path())),
        Ok(_) if is_secret && others_may_read(path) => Some((open_secret(shown), close_it(shown))),
        Ok(_) => None,
    }
}

fn others_may_read(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// Returns what does not fit the list of divisions, the network or the program.
fn on_this_machine(layer: &Layer, config: &Config) -> Vec<Problem> {
    let mut faults = vec![];
    let mut add = |key: &str, cause: Saying, remedy: Saying| {
        faults.push(Problem::of(key, cause, remedy).at(layer.place(key)));
    };
    if let Err(TelemetryError::Filter { filter, source }) =
        Telemetry::check_filter(&config.telemetry.log)
    {
        add("telemetry.log", no_filter(filter, source), write_filter());
    }
    if let Ok(network) = Network::load(&config.data)
        && *network.zone != *config.zone
    {
        add(
            "zone",
            other_zone(&config.zone, config.data.display(), &network.zone),
            correct_zone(&network.zone),
        );
    }
    match configured_tree(config) {
        Ok(tree) => {
            for (key, code) in without_node(config, &tree) {
                add(key, no_node(code), see_topology(code.short()));
            }
        }
        Err(Failure::Map(_, errors)) => add("outlines", Saying::foreign(errors), correct_file()),
        Err(Failure::List(_, errors)) => add("topology", Saying::foreign(errors), correct_file()),
        // A file that cannot be read is told by its setting.
        Err(_) => {}
    }
    faults
}

fn without_node(config: &Config, tree: &Tree) -> Vec<(&'static str, DivisionCode)> {
    let hosting = &config.hosting;
    let nodes = hosting.nodes.iter().map(|code| ("nodes", *code));
    let nodes = nodes.filter(|(_, code)| !tree.has_node(*code));
    let subtree = hosting.subtree.iter().map(|code| ("subtree", *code));
    let except = hosting.except.iter().map(|code| ("except", *code));
    let unknown = subtree.chain(except);
    let unknown = unknown.filter(|(_, code)| tree.get(*code).is_none());
    nodes.chain(unknown).collect()
}

topology::sayings! {
    fn no_such_file(path): "没有文件 {path}", "there is no file {path}";
    fn no_file(path): "{path} 不是文件", "{path} is no file";
    fn unreadable(path, error): "读不了 {path}（{error}）", "{path} cannot be read ({error})";
    fn correct_path(): "请改正路径；相对路径从配置文件所在目录算起", "correct the path; a relative one begins at the directory of the configuration file";
    fn open_secret(path): "{path} 别人也能读", "others than its owner may read {path}";
    fn open_configuration(): "配置文件里有秘密，别人也能读这个文件", "the configuration file holds a secret, and others than its owner may read it";
    fn close_it(path): "请运行 chmod 600 {path}；本机有别的用户时，请换一个秘密", "run chmod 600 {path}, and have the secret changed if others use this machine";
    fn no_filter(text, why): "`{text}` 不是日志过滤（{why}）", "`{text}` is no log filter ({why})";
    fn write_filter(): "请写级别如 info，或按模块写，如 info,wujitong_peer=debug",
        "write a level such as `info`, or levels by crate such as `info,wujitong_peer=debug`";
    fn other_zone(zone, data, network): "{zone} 不是 {data} 所在网络的 DNS 区（{network}）",
        "`{zone}` is not the zone of the network in {data}, which is {network}";
    fn correct_zone(zone): "请改成 {zone}，或不写", "write `{zone}`, or leave it out";
    fn no_node(code): "{code} 在单位名单里没有节点", "{code} has no node in the list of divisions";
    fn see_topology(code): "请核对代码：`wujitong topology show {code}`", "check the code with `wujitong topology show {code}`";
    fn correct_file(): "请改正这个文件", "correct the file";
}
