//! The settings of one source, and of several put together, each with where it came from.

mod reader;

use std::{collections::BTreeMap, path::Path};

use topology::saying::Saying;

use crate::{
    Config, ConfigErrors, Effect, Place, Problem, Raw, all_settings,
    raw::{FILE_END, FILE_ENDS_SO, from_env, from_settings, set},
    table::Value,
};

/// Where the value of a setting came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is the default.
    Default,
    /// The enrolment in the data directory gives it.
    Enrolment,
    /// The file, at this place.
    File(Place),
    /// An environment variable.
    Environment,
    /// An argument of the command.
    Argument,
}

/// Settings of one source, or of several put together, with where each came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// The settings.
    pub raw: Raw,
    origins: BTreeMap<String, Origin>,
}

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its key.
    pub key: String,
    /// Its value; `None` if it has none.
    pub value: Option<Value>,
    /// Where that came from.
    pub origin: Origin,
}

/// A setting whose value another configuration would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its key.
    pub key: String,
    /// The value before.
    pub from: Option<Value>,
    /// The value after.
    pub to: Option<Value>,
    /// When it counts.
    pub effect: Effect,
}

impl Layer {
    /// Marks settings as coming from one source.
    pub fn of(raw: Raw, origin: Origin) -> Self {
        let origins = raw.said().into_iter().map(|(key, _)| (key, origin));
        Self {
            origins: origins.collect(),
            raw,
        }
    }

    /// Reads the text of a file. Returns what can be used of it, and every problem with its place.
    pub fn of_toml(text: &str) -> (Self, Vec<Problem>) {
        let (raw, places, problems) = reader::read(text);
        let origins = places
            .into_iter()
            .map(|(key, place)| (key, Origin::File(place)));
        let layer = Self {
            raw,
            origins: origins.collect(),
        };
        (layer, problems)
    }

    /// Reads a whole file, like [`Layer::of_toml`]; a file without any setting or without the last line that it
    /// states is a problem, because only a crash leaves one behind.
    pub fn of_file(text: &str) -> (Self, Vec<Problem>) {
        let line = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
        let refused = |cause: Saying| {
            let place = Place { line, column: 1 };
            let problem = Problem::of("", cause, restore_or_init()).at(Some(place));
            (Self::default(), vec![problem])
        };
        let says_something = |line: &str| !line.is_empty() && !line.starts_with('#');
        if !text.lines().map(str::trim).any(says_something) {
            return refused(empty_file());
        }
        let ends = text.trim_end().lines().next_back() == Some(FILE_END);
        if text.contains(FILE_ENDS_SO) && !ends {
            return refused(cut_short());
        }
        Self::of_toml(text)
    }

    /// Reads environment variables; see [`Raw::from_env`].
    pub fn of_environment(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> (Self, Vec<Problem>) {
        let (raw, problems) = from_env(variables);
        (Self::of(raw, Origin::Environment), problems)
    }

    /// Reads arguments; see [`Raw::from_settings`].
    pub fn of_arguments(
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> (Self, Vec<Problem>) {
        let (raw, problems) = from_settings(settings);
        (Self::of(raw, Origin::Argument), problems)
    }

    /// Puts two together: takes the settings of `over` where it has them, else these.
    #[must_use]
    pub fn merge(mut self, over: Self) -> Self {
        self.origins.extend(over.origins);
        Self {
            raw: self.raw.merge(over.raw),
            origins: self.origins,
        }
    }

    /// Checks all settings; see [`Raw::check`].
    ///
    /// # Errors
    /// Every problem, with its place if the value came from the file.
    pub fn check(&self, base_dir: &Path) -> Result<Config, ConfigErrors> {
        let checked = self.raw.clone().check(base_dir);
        checked.map_err(|errors| {
            let problems = errors.problems().iter();
            let placed = problems.map(|problem| problem.clone().at(self.place(&problem.key)));
            let placed = ConfigErrors::unless_empty(placed.collect());
            placed.err().unwrap_or(errors)
        })
    }

    /// Returns where a setting is in the file; `None` if it does not come from there.
    pub fn place(&self, key: &str) -> Option<Place> {
        match self.origin(key) {
            Origin::File(place) => Some(place),
            _ => None,
        }
    }

    /// Returns where the value of a setting came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).copied().unwrap_or(Origin::Default)
    }

    /// Returns every setting with its value, the defaults filled in, in the order of the file.
    pub fn in_force(&self) -> Vec<InForce> {
        let mut values = self.values();
        let rows = all_settings().map(|row| InForce {
            value: values.remove(&row.key),
            origin: self.origin(&row.key),
            key: row.key,
        });
        rows.collect()
    }

    /// Returns what would change if `other` took the place of this, in the order of the file.
    pub fn changes(&self, other: &Self) -> Vec<Change> {
        let (mut before, mut after) = (self.values(), other.values());
        let rows = all_settings().map(|row| Change {
            from: before.remove(&row.key),
            to: after.remove(&row.key),
            effect: row.effect(),
            key: row.key,
        });
        rows.filter(|change| change.from != change.to).collect()
    }

    /// Returns this with the settings of `other` that count without a restart.
    #[must_use]
    pub fn reloaded(&self, other: &Self) -> Self {
        let live = |key: &String| {
            let row = all_settings().find(|row| row.key == *key);
            row.is_some_and(|row| row.effect() == Effect::Reload)
        };
        let mine = self.raw.said().into_iter().filter(|(key, _)| !live(key));
        let theirs = other.raw.said().into_iter().filter(|(key, _)| live(key));
        let raw = set(mine.chain(theirs));
        let new: BTreeMap<_, _> = other.raw.said().into_iter().collect();
        let keys = raw.said().into_iter().map(|(key, value)| {
            // One that is the same may stand in another line by now.
            let origin = match new.get(&key) == Some(&value) {
                true => other.origin(&key),
                false => self.origin(&key),
            };
            (key, origin)
        });
        Self {
            origins: keys.collect(),
            raw,
        }
    }

    fn values(&self) -> BTreeMap<String, Value> {
        let whole = Raw::defaults().merge(self.raw.clone());
        whole.said().into_iter().collect()
    }
}

topology::sayings! {
    fn empty_file(): "文件是空的，一项设置也没有", "the file is empty: it has no setting";
    fn cut_short(): "文件不完整，缺最后一行", "the file is cut short: its last line is missing";
    fn restore_or_init(): "请从备份恢复，或把它移走，由 `wujitong init` 另写一个",
        "restore the file from a backup, or move it away and let `wujitong init` write another";
}
