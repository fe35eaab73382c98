//! Reads settings that come as `key = text`, from the environment and from flags.

use serde::Deserialize;
use topology::saying::Saying;

use super::Raw;
use crate::{
    Problem, Setting,
    problem::{no_such, renamed_to, the_nearest, whole_number},
    table::{Kind, Value},
};

/// Returns every setting, in the order of the file.
pub fn all_settings() -> impl Iterator<Item = Setting> {
    let own = Raw::KEYS.iter().map(|known| (known.name.to_owned(), known));
    let grouped = Raw::GROUPS.iter().flat_map(|(group, keys)| {
        let named = move |known: &'static super::Key| (format!("{group}.{}", known.name), known);
        keys.iter().map(named)
    });
    own.chain(grouped)
        .map(|(key, known)| Setting::of(key.clone(), variable(&key), known))
}

/// Returns the setting of a key that is in the table.
pub(crate) fn setting(key: &str) -> Setting {
    setting_of(key).expect("the key of a check is in the table")
}

/// Returns the setting of a key; `None` if there is none.
pub(crate) fn setting_of(key: &str) -> Option<Setting> {
    all_settings().find(|setting| setting.key == key)
}

/// Settings that have another name now, with that name; nothing is read under the old one. Both are keys
/// as in the file; the first may also be a group.
const RENAMED: [(&str, &str); 4] = [
    ("hooks", "webhooks"),
    ("hooks.allow", "webhooks.allow"),
    ("hooks.roots", "webhooks.roots"),
    ("links.tidings_pace_ms", "links.watermark_pace_ms"),
];

/// Returns the name that a setting or group has now, if it had this one.
pub(crate) fn renamed(key: &str) -> Option<&'static str> {
    let known = RENAMED.iter().find(|(old, _)| *old == key);
    known.map(|(_, new)| *new)
}

const PREFIX: &str = "WUJITONG_";

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

/// Returns whether a variable shares the prefix but is not a setting.
fn is_somebody_elses(variable: &str) -> bool {
    let rest = variable.strip_prefix(PREFIX).unwrap_or_default();
    ["CONFIG", "TOKEN", "TOKEN_FILE"].contains(&rest)
        || ["TEST_", "SERVICE_", "PORT"]
            .iter()
            .any(|start| rest.starts_with(start))
}

pub(crate) fn from_env(
    variables: impl IntoIterator<Item = (String, String)>,
) -> (Raw, Vec<Problem>) {
    let ours = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_somebody_elses(name));
    read(ours, variable, |_| None)
}

pub(crate) fn from_settings(
    settings: impl IntoIterator<Item = (String, String)>,
) -> (Raw, Vec<Problem>) {
    read(settings, str::to_owned, |setting| {
        setting.is_secret().then(|| seen_by_all(&setting.variable))
    })
}

fn read(
    pairs: impl IntoIterator<Item = (String, String)>,
    spell: impl Fn(&str) -> String,
    refuse: impl Fn(&Setting) -> Option<(Saying, Saying)>,
) -> (Raw, Vec<Problem>) {
    let known: Vec<_> = all_settings()
        .map(|setting| (spell(&setting.key), setting))
        .collect();
    let mut read = vec![];
    let mut problems = Vec::new();
    for (name, text) in pairs {
        let Some((_, setting)) = known.iter().find(|(spelt, _)| *spelt == name) else {
            let old = RENAMED.iter().find(|(old, _)| spell(old) == name);
            let remedy = match old {
                Some((_, new)) => renamed_to(spell(new)),
                None => the_nearest(nearest(
                    &name,
                    known.iter().map(|(spelt, _)| spelt.as_str()),
                )),
            };
            problems.push(Problem::of(name, no_such(), remedy));
            continue;
        };
        if let Some((cause, remedy)) = refuse(setting) {
            problems.push(Problem::of(name, cause, remedy));
            continue;
        }
        match value(&text, setting.kind) {
            Some(value) => read.push((setting.key.clone(), value)),
            None => {
                let (cause, remedy) = whole_number(&text);
                problems.push(Problem::of(name, cause, remedy));
            }
        }
    }
    (set(read), problems)
}

/// Returns settings with these values, each of the shape of its key.
pub(crate) fn set(values: impl IntoIterator<Item = (String, Value)>) -> Raw {
    let mut table = toml::Table::new();
    for (key, value) in values {
        put(&mut table, &key, value.into());
    }
    Raw::deserialize(table).expect("every key was looked up and has the type of its kind")
}

fn value(text: &str, kind: Kind) -> Option<Value> {
    let text = text.trim();
    Some(match kind {
        Kind::Text => Value::Text(text.to_owned()),
        Kind::Number => Value::Number(text.parse().ok()?),
        Kind::List => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Value::List(items.map(str::to_owned).collect())
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
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
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

fn seen_by_all(variable: &str) -> (Saying, Saying) {
    (argument_is_seen(), write_it_to(variable))
}

topology::sayings! {
    fn argument_is_seen(): "命令行参数本机所有用户都看得到，不能放秘密", "every user of the machine can see arguments, so a secret is none";
    fn write_it_to(variable): "请放进环境变量 {variable} 或只有属主可读的文件", "set the environment variable {variable}, or write it into a file that only its owner may read";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfigErrors;

    fn env(pairs: &[(&str, &str)]) -> Result<Raw, ConfigErrors> {
        let pairs = pairs.iter();
        Raw::from_env(pairs.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
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
        assert!(text.contains("`many` is no whole number"), "{text}");
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
        let text = Raw::from_settings([flag]).unwrap_err().to_string();
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
        let known = Raw::keys();
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
            ("WUJITONG_TOKEN_FILE", "/run/token"),
            ("WUJITONG_TEST_SEED", "7"),
            ("WUJITONG_PORT_7450_TCP", "tcp://10.0.0.1:7450"),
            ("WUJITONG_SERVICE_HOST", "10.0.0.1"),
        ]);
        assert_eq!(raw.unwrap(), Raw::default());
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let mut names: Vec<_> = all_settings().map(|one| one.variable).collect();
        assert!(names.iter().all(|name| !is_somebody_elses(name)));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn a_secret_is_taken_from_the_environment_and_not_from_arguments() {
        let secret = ("oidc.client_secret".to_owned(), "hush".to_owned());
        let text = Raw::from_settings([secret]).unwrap_err().to_string();
        assert!(text.contains("WUJITONG_OIDC_CLIENT_SECRET"), "{text}");
        assert!(!text.contains("hush"), "{text}");
        let raw = env(&[("WUJITONG_OIDC_CLIENT_SECRET", "hush")]).unwrap();
        assert_eq!(raw.oidc.client_secret.as_deref(), Some("hush"));
    }

    #[test]
    fn every_row_says_what_it_is_for_in_both_languages_and_a_number_has_a_range_and_a_hint() {
        for row in all_settings() {
            let chinese = !row.chinese().is_ascii();
            assert!(row.english.ends_with('.') && chinese, "{}", row.key);
            let is_number = row.kind == Kind::Number;
            assert_eq!(row.range().is_some(), is_number, "{}", row.key);
            assert_eq!(
                !row.hint().1.is_empty() && !row.hint().0.is_empty(),
                is_number,
                "{}",
                row.key
            );
            if let (Some((least, most)), crate::Fallback::Number(default)) =
                (row.range(), row.fallback())
            {
                assert!((least..=most).contains(&default), "{}", row.key);
            }
        }
    }
}
