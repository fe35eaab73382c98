//! Reads settings that come as `key = text`, from the environment and from flags.

use serde::Deserialize;

use super::Raw;
use crate::{ConfigErrors, Problem};

/// The shape of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// Texts; in an environment variable with commas between them.
    List,
}

/// A setting of a group.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) about: &'static str,
}

/// A setting as the documentation lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingLine {
    /// Its key in the file: `http.listen`.
    pub key: String,
    /// The environment variable that sets it.
    pub variable: String,
    /// Its shape.
    pub kind: Kind,
    /// Its meaning.
    pub about: String,
}

/// Returns every setting, in the order of the file.
pub fn settings() -> impl Iterator<Item = SettingLine> {
    all().map(|(key, setting)| SettingLine {
        variable: variable(&key),
        key,
        kind: setting.kind,
        about: setting.about.trim().to_owned(),
    })
}

/// A type that a setting may have.
pub(super) trait Setting {
    const KIND: Kind;
}

impl Setting for String {
    const KIND: Kind = Kind::Text;
}

impl Setting for i64 {
    const KIND: Kind = Kind::Number;
}

impl Setting for Vec<String> {
    const KIND: Kind = Kind::List;
}

/// Returns every setting's key as written in the file, with its shape.
pub(super) fn keys() -> impl Iterator<Item = (String, Kind)> {
    all().map(|(key, setting)| (key, setting.kind))
}

fn all() -> impl Iterator<Item = (String, &'static Key)> {
    let own = Raw::KEYS.iter().map(|key| (key.name.to_owned(), key));
    own.chain(Raw::GROUPS.iter().flat_map(|(group, keys)| {
        keys.iter()
            .map(move |key| (format!("{group}.{}", key.name), key))
    }))
}

/// Settings that have another name now, with that name; nothing is read under the old one. Both are keys
/// as in the file; the first may also be a group.
const RENAMED: [(&str, &str); 4] = [
    ("hooks", "webhooks"),
    ("hooks.allow", "webhooks.allow"),
    ("hooks.roots", "webhooks.roots"),
    ("links.tidings_pace_ms", "links.watermark_pace_ms"),
];

/// Returns the problem of a file that still has a setting or group under its old name, if it has one.
pub(super) fn renamed_in(text: &str) -> Option<Problem> {
    let table: toml::Table = text.parse().ok()?;
    let is_in = |key: &str| match key.split_once('.') {
        None => table.contains_key(key),
        Some((group, key)) => table
            .get(group)
            .is_some_and(|group| group.get(key).is_some()),
    };
    let (old, new) = RENAMED.iter().find(|(old, _)| is_in(old))?;
    Some(renamed((*old).to_owned(), new))
}

fn renamed(key: String, new: &str) -> Problem {
    Problem {
        key,
        value: None,
        allowed: "no such setting".to_owned(),
        hint: format!("write `{new}` instead; the old name is not read"),
    }
}

const PREFIX: &str = "WUJITONG_";

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Returns whether a variable shares the prefix but is not a setting.
fn is_somebody_elses(variable: &str) -> bool {
    let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
    ["CONFIG", "TOKEN"].contains(&rest)
        || ["TEST_", "SERVICE_", "PORT"]
            .iter()
            .any(|start| rest.starts_with(start))
}

pub(super) fn from_env(
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Raw, ConfigErrors> {
    let ours = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_somebody_elses(name));
    read(ours, variable)
}

pub(super) fn from_settings(
    settings: impl IntoIterator<Item = (String, String)>,
) -> Result<Raw, ConfigErrors> {
    read(settings, str::to_owned)
}

fn read(
    pairs: impl IntoIterator<Item = (String, String)>,
    spell: impl Fn(&str) -> String,
) -> Result<Raw, ConfigErrors> {
    let known: Vec<_> = keys().map(|(key, kind)| (spell(&key), key, kind)).collect();
    let mut table = toml::Table::new();
    let mut problems = Vec::new();
    for (name, text) in pairs {
        let Some((_, key, kind)) = known.iter().find(|(spelt, _, _)| *spelt == name) else {
            if let Some((_, new)) = RENAMED.iter().find(|(old, _)| spell(old) == name) {
                problems.push(renamed(name, &spell(new)));
                continue;
            }
            problems.push(Problem {
                hint: format!(
                    "correct the name or remove it; the nearest that exists is `{}`",
                    nearest(&name, known.iter().map(|(spelt, _, _)| spelt.as_str()))
                ),
                key: name,
                value: None,
                allowed: "no such setting".to_owned(),
            });
            continue;
        };
        match value(&text, *kind) {
            Some(value) => put(&mut table, key, value),
            None => problems.push(Problem {
                key: name,
                value: Some(text),
                allowed: "a whole number".to_owned(),
                hint: "write digits only, without a unit".to_owned(),
            }),
        }
    }
    ConfigErrors::unless_empty(problems)?;
    Ok(Raw::deserialize(table).expect("every key was looked up and has the type of its kind"))
}

fn value(text: &str, kind: Kind) -> Option<toml::Value> {
    let text = text.trim();
    Some(match kind {
        Kind::Text => text.into(),
        Kind::Number => text.parse::<i64>().ok()?.into(),
        Kind::List => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            items.map(str::to_owned).collect::<Vec<_>>().into()
        }
    })
}

fn put(table: &mut toml::Table, key: &str, value: toml::Value) {
    match key.split_once('.') {
        None => _ = table.insert(key.to_owned(), value),
        Some((group, key)) => {
            let group = table
                .entry(group)
                .or_insert_with(|| toml::Table::new().into());
            let group = group
                .as_table_mut()
                .expect("no group shares its name with a setting");
            group.insert(key.to_owned(), value);
        }
    }
}

/// Returns the name that shares the most pairs of neighbouring letters with what was typed.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
    let pairs = |text: &str| {
        text.as_bytes()
            .windows(2)
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    let wanted = pairs(typed);
    let likeness = |name: &str| {
        let have = pairs(name);
        let shared = have.iter().filter(|pair| wanted.contains(pair)).count();
        2_000 * shared / (have.len() + wanted.len()).max(1)
    };
    names.max_by_key(|name| likeness(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Result<Raw, ConfigErrors> {
        from_env(
            pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        )
    }

    #[test]
    fn the_environment_sets_texts_numbers_and_lists() {
        let raw = env(&[
            ("PATH", "/bin"),
            ("WUJITONG_ZONE", "zj.example"),
            ("WUJITONG_NODES", "330825, 330825002,"),
            ("WUJITONG_LIMITS_WINDOW", " 7 "),
        ])
        .unwrap();
        assert_eq!(raw.zone.as_deref(), Some("zj.example"));
        assert_eq!(
            raw.nodes,
            Some(vec!["330825".to_owned(), "330825002".to_owned()])
        );
        assert_eq!(raw.limits.window, Some(7));
    }

    #[test]
    fn an_unknown_variable_is_refused_and_the_nearest_named() {
        let errors = env(&[("WUJITONG_LISTN", "x"), ("WUJITONG_LIMITS_WINDOW", "many")]);
        let text = errors.unwrap_err().to_string();
        assert!(text.contains("`WUJITONG_LISTEN`"), "{text}");
        assert!(
            text.contains("`many` does not fit: a whole number"),
            "{text}"
        );
    }

    #[test]
    fn an_old_name_is_refused_everywhere_and_the_new_one_named() {
        let old = [
            (
                variable("links.tidings_pace_ms"),
                "`WUJITONG_LINKS_WATERMARK_PACE_MS`",
            ),
            (variable("hooks.allow"), "`WUJITONG_WEBHOOKS_ALLOW`"),
        ];
        for (name, new) in old {
            let text = env(&[(&name, "1000")]).unwrap_err().to_string();
            assert!(text.contains(&name) && text.contains(new), "{text}");
        }
        let flag = ("links.tidings_pace_ms".to_owned(), "1000".to_owned());
        let text = from_settings([flag]).unwrap_err().to_string();
        assert!(text.contains("`links.watermark_pace_ms`"), "{text}");
        let files = [
            (
                "[links]\ntidings_pace_ms = 1000",
                "`links.watermark_pace_ms`",
            ),
            ("[hooks]\nallow = []", "`webhooks`"),
            ("hooks.roots = 'r'", "`webhooks`"),
        ];
        for (file, new) in files {
            let text = Raw::from_toml(file).unwrap_err().to_string();
            assert!(text.contains(new), "{text}");
        }
        let known: Vec<_> = keys().map(|(key, _)| key).collect();
        for (old, new) in RENAMED {
            let group = format!("{new}.");
            assert!(!known.iter().any(|key| key == old), "{old}");
            assert!(
                known
                    .iter()
                    .any(|key| key == new || key.starts_with(&group)),
                "{new}"
            );
        }
    }

    #[test]
    fn variables_of_commands_tests_and_kubernetes_are_passed_over() {
        let raw = env(&[
            ("WUJITONG_CONFIG", "/etc/wujitong/node.toml"),
            ("WUJITONG_TOKEN", "wjk_0"),
            ("WUJITONG_TEST_SEED", "7"),
            ("WUJITONG_PORT_7450_TCP", "tcp://10.0.0.1:7450"),
            ("WUJITONG_SERVICE_HOST", "10.0.0.1"),
        ]);
        assert_eq!(raw.unwrap(), Raw::default());
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let mut names: Vec<_> = keys().map(|(key, _)| variable(&key)).collect();
        assert!(names.iter().all(|name| !is_somebody_elses(name)));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
