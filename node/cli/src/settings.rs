//! Reads the configuration of a process from all its sources, and checks it whole.

mod examine;

use std::{
    fs,
    path::{Path, PathBuf},
};

use api::{InBoth, SettingChange, SettingFault, SettingOrigin, SettingView, SettingsView};
use config::{
    Change, Config, ConfigErrors, Effect, Layer, Origin, Problem, Raw, Value, all_settings,
};
use identity::Network;
use topology::DivisionCode;

use super::{
    Failure,
    node_file::CONFIG,
    site::{data_directory, read},
};

pub(super) use examine::{Examined, file_faults};

/// The configuration of the node that a machine is for; taken if neither a file nor a directory is named.
const OF_MACHINE: &str = "/etc/wujitong/node.toml";

/// What stands for the value of a secret.
const HIDDEN: &str = "(secret)";

/// Where the settings of a process come from, besides the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    /// The configuration file, if one is named.
    pub(super) config: Option<PathBuf>,
    /// The data directory, if one is named.
    pub(super) data: Option<PathBuf>,
    /// Settings that have an argument of their own.
    pub(super) flags: Raw,
    /// Other settings, as keys and texts.
    pub(super) settings: Vec<(String, String)>,
}

/// What the sources say.
#[derive(Clone, Debug)]
pub(super) struct Typed {
    /// The configuration file, if there is one.
    pub(super) file: Option<PathBuf>,
    /// The directory at which relative paths begin.
    pub(super) base: PathBuf,
    /// The settings with their origins.
    pub(super) layer: Layer,
    /// What cannot be used in the file, and elsewhere.
    pub(super) problems: (Vec<Problem>, Vec<Problem>),
}

impl Sources {
    /// Reads all sources. Settings that cannot be read are left out and told.
    pub(super) fn read(&self) -> Result<Typed, Failure> {
        let file = self.file();
        let (of_file, in_file) = match &file {
            Some(path) => Layer::of_file(&read(path)?),
            None => (Layer::default(), vec![]),
        };
        let base = match file.as_deref().and_then(Path::parent) {
            Some(dir) => absolute(dir)?,
            None => absolute(Path::new("."))?,
        };
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let (environment, mut elsewhere) = Layer::of_environment(variables);
        let (settings, wrong) = Layer::of_arguments(self.settings.iter().cloned());
        elsewhere.extend(wrong);
        let data = self.data.as_deref().map(absolute).transpose()?;
        let flags = Raw {
            data: data.map(|data| data.to_string_lossy().into_owned()),
            ..self.flags.clone()
        };
        let said = of_file
            .merge(environment)
            .merge(Layer::of(flags, Origin::Argument))
            .merge(settings);
        let data = match &said.raw.data {
            Some(data) => base.join(data),
            None => absolute(&data_directory(None))?,
        };
        let enrolled = Layer::of(from_directory(&data, &said.raw), Origin::Enrolment);
        Ok(Typed {
            file,
            base,
            layer: enrolled.merge(said),
            problems: (in_file, elsewhere),
        })
    }

    fn file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| {
            let of_machine = Path::new(OF_MACHINE);
            if self.data.is_none() && of_machine.is_file() {
                return Some(of_machine.to_owned());
            }
            let beside = data_directory(self.data.as_deref()).join(CONFIG);
            beside.is_file().then_some(beside)
        })
    }
}

impl Typed {
    /// Checks the settings as a start needs them.
    pub(super) fn resolve(&self) -> Result<Config, Failure> {
        let (in_file, elsewhere) = self.problems.clone();
        if let (Some(path), Err(errors)) = (&self.file, ConfigErrors::unless_empty(in_file)) {
            return Err(Failure::ConfigFile(path.clone(), errors));
        }
        ConfigErrors::unless_empty(elsewhere)?;
        let config = self.layer.check(&self.base)?;
        let network = Network::load(&config.data)?;
        if *network.zone != *config.zone {
            return Err(Failure::Usage(format!(
                "the configuration has the zone {}, but {} is enrolled in a network with the zone \
                 {}; correct `zone`",
                config.zone,
                config.data.display(),
                network.zone
            )));
        }
        Ok(config)
    }

    /// Returns the settings as the API shows them. `wanted` is what the sources say by now.
    pub(super) fn view(&self, wanted: &Layer) -> SettingsView {
        let waiting = self.layer.changes(wanted);
        let waits = |key: &str| waiting.iter().any(|change| change.key == key);
        let rows = all_settings().zip(self.layer.in_force());
        let settings = rows.map(|(row, found)| SettingView {
            value: shown(&found.key, found.value),
            origin: origin(found.origin),
            line: match found.origin {
                Origin::File(place) => Some(place.line),
                _ => None,
            },
            reload: row.effect() == Effect::Reload,
            waits_for_restart: waits(&found.key),
            variable: row.variable,
            key: found.key,
        });
        SettingsView {
            file: self.file.as_ref().map(|file| file.display().to_string()),
            settings: settings.collect(),
        }
    }
}

const fn origin(origin: Origin) -> SettingOrigin {
    match origin {
        Origin::Default => SettingOrigin::Default,
        Origin::Enrolment => SettingOrigin::Enrolment,
        Origin::File(_) => SettingOrigin::File,
        Origin::Environment => SettingOrigin::Environment,
        Origin::Argument => SettingOrigin::Argument,
    }
}

fn shown(key: &str, value: Option<Value>) -> Option<String> {
    let is_secret = || all_settings().any(|row| row.key == key && row.is_secret());
    value.map(|value| match is_secret() {
        true => HIDDEN.to_owned(),
        false => value.to_string(),
    })
}

/// Returns a change as the API shows it.
pub(super) fn change(change: Change) -> SettingChange {
    SettingChange {
        from: shown(&change.key, change.from),
        to: shown(&change.key, change.to),
        key: change.key,
    }
}

/// Returns a problem as the API shows it.
pub(super) fn fault(problem: Problem) -> SettingFault {
    SettingFault {
        key: problem.key,
        line: problem.place.map(|place| place.line),
        column: problem.place.map(|place| place.column),
        cause: InBoth::from(problem.cause),
        remedy: InBoth::from(problem.remedy),
    }
}

/// Returns the settings that the data directory gives where no other source does.
fn from_directory(data: &Path, said: &Raw) -> Raw {
    let mut raw = Raw::default();
    if said.data.is_none() {
        raw.data = Some(data.to_string_lossy().into_owned());
    }
    if said.zone.is_none() {
        raw.zone = Network::load(data)
            .ok()
            .map(|network| network.zone.to_string());
    }
    if said.nodes.is_none() && said.subtree.is_none() {
        let enrolled = fs::read_dir(data.join("identity")).into_iter().flatten();
        let mut codes: Vec<String> = enrolled
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.parse::<DivisionCode>().is_ok())
            .collect();
        codes.sort();
        raw.nodes = (!codes.is_empty()).then_some(codes);
    }
    raw
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::File(path.to_owned(), error))
}
