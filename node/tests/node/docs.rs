//! The documents: every page is in the table of contents of the book, and every link leads somewhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

/// Where the repository begins.
fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All pages below a folder, from there.
fn pages(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.insert(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found
}

/// The lines of a page without its code.
fn prose(page: &str) -> Vec<String> {
    let mut is_code = false;
    let mut lines = vec![];
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// The targets of all links in a page.
fn links(page: &str) -> Vec<String> {
    let lines = prose(page);
    let lines = lines.iter().map(|line| without_code(line));
    let found = lines.flat_map(|line| {
        let targets = line.split("](").skip(1);
        let targets = targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()));
        targets.collect::<Vec<_>>()
    });
    found.collect()
}

/// The anchors of all headings of a page, as mdBook and the forge make them: of two that are the same, the second
/// ends with `-1`.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in prose(page) {
        let Some(heading) = line.strip_prefix('#') else {
            continue;
        };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
        let anchor: String = heading.chars().filter(kept).collect();
        let anchor = anchor.replace(' ', "-");
        let mut named = anchor.clone();
        let mut again = 1;
        while !found.insert(named) {
            named = format!("{anchor}-{again}");
            again += 1;
        }
    }
    found
}

/// A path without `.` and `..`; `None` if it leads out of where it begins.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if !plain.pop() => return None,
            Component::ParentDir | Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Some(plain)
}

/// What is wrong with the links of a page that lies at `from`, below `root`.
fn broken(root: &Path, from: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join(from)).unwrap();
    let mut wrong = vec![];
    for link in links(&text) {
        if link.contains("://") || link.starts_with("mailto:") {
            continue;
        }
        let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
        let target = match file {
            "" => Some(from.to_owned()),
            file => plain(&from.parent().unwrap().join(file)),
        };
        let Some(target) = target.filter(|target| root.join(target).exists()) else {
            wrong.push(format!("{}: there is no {link}", from.display()));
            continue;
        };
        if !anchor.is_empty() {
            let page = fs::read_to_string(root.join(&target)).unwrap();
            if !anchors(&page).contains(anchor) {
                wrong.push(format!("{}: no heading is {link}", from.display()));
            }
        }
    }
    wrong
}

#[test]
fn every_page_is_in_the_table_of_contents_once() {
    let docs = top().join("docs");
    let contents = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut listed = BTreeSet::new();
    for link in links(&contents) {
        assert!(
            listed.insert(PathBuf::from(&link)),
            "{link} stands there twice"
        );
    }
    let mut all = pages(&docs);
    all.remove(Path::new("SUMMARY.md"));
    assert!(all.len() > 50, "{}", all.len());
    let missing: Vec<_> = all.difference(&listed).collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md lacks {missing:?}");
    let gone: Vec<_> = listed.difference(&all).collect();
    assert!(
        gone.is_empty(),
        "docs/SUMMARY.md lists {gone:?}, which are not there"
    );
}

#[test]
fn every_link_in_the_book_leads_to_a_page_and_a_heading_of_it() {
    let docs = top().join("docs");
    let wrong: Vec<_> = pages(&docs)
        .iter()
        .flat_map(|page| broken(&docs, page))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_link_of_the_pages_beside_the_code_leads_somewhere() {
    let top = top();
    let beside = [
        "README",
        "ARCHITECTURE",
        "CHANGELOG",
        "CONTRIBUTING",
        "SECURITY",
    ];
    let beside = beside.map(|name| PathBuf::from(format!("{name}.md")));
    let wrong: Vec<_> = beside.iter().flat_map(|page| broken(&top, page)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_link_to_nothing_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let page = "# One page\n\n## It's `here`\n\n[a](two.md) [b](#one-page) [c](#its-here) [d](#nowhere) [e](../x.md)\n\
                `[f](three.md)` [g](https://x.example/#y)\n\n```text\n# no heading\n[h](four.md)\n```\n";
    fs::write(dir.path().join("one.md"), page).unwrap();
    let wrong = broken(dir.path(), Path::new("one.md"));
    let wrong: Vec<_> = wrong
        .iter()
        .map(|wrong| wrong.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(wrong, ["two.md", "#nowhere", "../x.md"]);
}
