//! What officials and operators write: policies, templates, configurations, lists of divisions.

use std::{collections::BTreeMap, path::Path};

use config::Raw;
use domain::{
    category::Priority,
    envelope::Stamp,
    matter::Channel,
    policy::{Case, Policy, Sheet, Source},
    template::{MOST_ITEMS, Scope, Template, TemplateKey, TemplateKind, consider},
};
use topology::{DivisionCode, Outlines, Tree};

use crate::seeds::NOW;

/// A policy in TOML: either a line that is wrong, or one that answers every question.
pub(crate) fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let source = Source::Shipped(1);
    let read = Sheet::read(text, source.clone());
    assert_eq!(read, Sheet::read(text, source));
    let sheet = match read {
        Ok(sheet) => sheet,
        Err(bad) => {
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&(bad.line as usize)), "{bad:?}");
            return;
        }
    };
    let policy = Policy::of([sheet]);
    policy.limits();
    let calendar = policy.calendar().value;
    calendar.is_working(NOW);
    let tree = Tree::zhejiang();
    for (category, _) in policy.categories().into_iter().take(8) {
        for channel in [Channel::Snapshot, Channel::Hotline] {
            let case = Case {
                category,
                priority: Priority::Emergency,
                channel,
                origin: village(),
            };
            let ruling = policy.rule(&case, &tree);
            for allowance in ruling.clocks.values() {
                assert!(calendar.add(NOW, allowance.value) >= NOW, "{allowance:?}");
            }
        }
    }
}

fn village() -> DivisionCode {
    "330825002222".parse().expect("a division")
}

/// The place of a kind among all, and the content of a template of it.
pub(crate) fn template(bytes: &[u8]) {
    let Some((kind, content)) = bytes.split_first() else {
        return;
    };
    let Ok(content) = std::str::from_utf8(content) else {
        return;
    };
    let kinds = TemplateKind::ALL;
    let kind = kinds[usize::from(*kind) % kinds.len()];
    let key: Result<TemplateKey, _> = format!("330825/{kind}/fuzz").parse();
    let key = key.expect("a name");
    let tree = Tree::zhejiang();
    let template = Template {
        scope: Scope::new(key.issuer, &[], &[]),
        key,
        version: 1,
        title: "村务公开".to_owned(),
        content: content.to_owned(),
        issued_at: NOW,
        stamp: Stamp(1, 1),
    };
    match template.check(&tree) {
        Ok(parsed) => {
            assert!(parsed.items.len() <= MOST_ITEMS);
            let in_force = BTreeMap::<TemplateKey, Template>::new();
            consider(&template, &in_force, &tree);
        }
        // A refusal travels to the issuer and is shown there.
        Err(bad) => assert!(bad.to_string().chars().count() <= 600, "{bad}"),
    }
}

/// A configuration file, and its lines as variables of the environment.
pub(crate) fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let pairs = || {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
    };
    let file = Raw::from_file(text);
    for raw in [file, Raw::from_env(pairs()), Raw::from_settings(pairs())] {
        let checked = raw.and_then(|raw| raw.check(Path::new("/etc/wujitong")));
        match checked {
            Ok(config) => assert!(config.data.is_absolute()),
            Err(errors) => assert!(!errors.problems().is_empty()),
        }
    }
}

/// A list of divisions: a tree in which every way leads where it should, and that is loaded again from its own
/// rows.
pub(crate) fn topology(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let tree = match Tree::load(text) {
        Ok(tree) => tree,
        Err(errors) => return assert!(!errors.to_string().is_empty()),
    };
    let root = tree.root();
    let mut rows = String::from("code,name,kind,node\n");
    for division in tree.iter() {
        let code = division.code;
        assert!(tree.contains(root, code));
        if code != root && tree.has_node(code) {
            let way = tree.path(root, code);
            assert_eq!(way.last(), Some(&code), "{way:?}");
            assert_eq!(
                tree.parent(code),
                way.iter().rev().nth(1).copied(),
                "{way:?}"
            );
        }
        let kind = division.kind.map_or("", |kind| kind.code());
        let node = if division.has_node { "yes" } else { "no" };
        let name = division.name.replace('"', "\"\"");
        rows += &format!("{code},\"{name}\",{kind},{node}\n");
    }
    let again = Tree::load(&rows).expect("the rows of a tree");
    assert_eq!(again.digest(), tree.digest());
}

/// Outlines of divisions in GeoJSON.
pub(crate) fn outlines(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let tree = Tree::zhejiang();
    let Ok(outlines) = Outlines::load(text, &tree) else {
        return;
    };
    assert!(!outlines.is_empty());
    for (north, east) in [(29.03, 119.17), (0.0, 0.0), (-90.0, 180.0)] {
        if let Some(around) = outlines.around(north, east) {
            let (of, outline) = outlines.of(around).expect("it has one");
            assert_eq!(of, around);
            assert!(outline.surrounds(north, east));
        }
    }
    if let Some((_, outline)) = outlines.of(village()) {
        assert!(outline.corners() <= text.len());
        for (north, east) in outline.positions() {
            assert!(north.abs() <= 90.0 && east.abs() <= 180.0);
            assert!(outline.metres_outside(north, east) < 2.0, "{north} {east}");
        }
    }
}
