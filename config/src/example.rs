//! A configuration file with every setting as a comment, made from the table.

use std::fmt::Write;

use crate::{Effect, Fallback, Kind, Setting, all_settings};

/// Writes a file with every setting, what it is for in both languages, its default, range and unit. All are comments, but
/// those that must be set.
pub fn example() -> String {
    let mut text = String::from(
        "# Every setting of a node, with its default; made from the program (`wujitong config example`).\n\
         # 节点的全部设置和默认值，由程序生成（`wujitong config example`）。\n",
    );
    let mut group = String::new();
    for setting in all_settings() {
        if setting.group() != group {
            group = setting.group().to_owned();
            _ = write!(text, "\n[{group}]\n");
        }
        _ = write!(text, "\n{}", described(&setting));
    }
    text
}

fn described(setting: &Setting) -> String {
    let mut text = format!("# {}\n# {}\n", setting.english, setting.chinese());
    let mut facts = vec![];
    if let Some((least, most)) = setting.range() {
        facts.push(
            format!("{least} to {most} {}", setting.unit())
                .trim_end()
                .to_owned(),
        );
    }
    if setting.effect() == Effect::Reload {
        facts.push("counts with `wujitong reload` 重新加载即生效".to_owned());
    }
    if !facts.is_empty() {
        _ = writeln!(text, "# {}", facts.join("; "));
    }
    let name = setting.name();
    let line = match (setting.fallback(), setting.kind) {
        (Fallback::Required, _) => format!("{name} = {}", needed(name)),
        (Fallback::Nothing, Kind::List) => format!("# {name} = []"),
        (Fallback::Nothing, _) => format!("# {name} = \"\""),
        (fallback, _) => {
            let value = fallback.value().map(|value| value.to_string());
            format!("# {name} = {}", value.unwrap_or_default())
        }
    };
    text + &line + "\n"
}

/// What stands for a setting that must be set.
fn needed(name: &str) -> &'static str {
    match name {
        "data" => "\"/var/lib/wujitong\"",
        "nodes" => "[\"330825002222\"]",
        _ => "\"zj.example\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Raw;

    #[test]
    fn the_example_is_a_configuration_that_changes_nothing() {
        let text = example();
        let least = "data = '/var/lib/wujitong'\nnodes = ['330825002222']\nzone = 'zj.example'\n";
        let read = |text: &str| Raw::from_file(text).unwrap().check("/".as_ref()).unwrap();
        assert_eq!(read(&text), read(least));
        for setting in all_settings() {
            let name = setting.name();
            assert!(text.contains(&format!("{name} = ")), "{name}");
        }
        // What it calls a default is one. A group is left out that is off unless something of it is set.
        let names: Vec<_> = all_settings().map(|row| row.name().to_owned()).collect();
        let lines = text.lines().take_while(|line| *line != "[oidc]");
        let defaults = lines.filter_map(|line| {
            let plain = line.strip_prefix("# ").unwrap_or(line);
            let is_set = plain.split_once(" = ").is_some_and(|(name, value)| {
                names.iter().any(|known| known == name) && !["\"\"", "[]"].contains(&value)
            });
            (line.starts_with('[') || is_set).then(|| format!("{plain}\n"))
        });
        let defaults: String = defaults.collect();
        assert!(defaults.contains("cache_mib = 8"), "{defaults}");
        assert_eq!(read(&defaults), read(least));
    }
}
