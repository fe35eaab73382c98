//! The content of a template: TOML with a format number, what it needs, and items by kind.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, Tree};

use super::{BadScope, Template, TemplateKey, TemplateKind, is_name, may_issue};
use crate::{
    board::{Board, RawBoard},
    disclosure::{Item, RawItem},
    points::{PointSheet, RawPoints},
    policy::{Sheet, Source},
};

/// The newest format that this program reads.
pub const FORMAT: i64 = 1;

/// The longest content, in bytes.
pub const MOST_CONTENT: usize = 40 * 1024;

/// The most items of one disclosure template.
pub const MOST_ITEMS: usize = 200;

/// The most boards of one board template.
pub const MOST_BOARDS: usize = 20;

/// Another template that must be in force first, by kind and name, from any issuer.
/// Written `standard/village-finance`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Need {
    /// Its kind.
    pub kind: TemplateKind,
    /// Its name.
    pub name: Box<str>,
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.kind, self.name))
    }
}

/// The content of a template after parsing.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The templates that must be in force before it, at most 32.
    pub needs: Vec<Need>,
    /// The template of a higher tier that it only tightens, if any.
    pub tightens: Option<TemplateKey>,
    /// The items that must be made public; empty for kinds other than disclosure.
    pub items: Vec<Item>,
    /// The boards that there are; empty for kinds other than board.
    pub boards: Vec<Board>,
    /// What it says of points; `None` for kinds other than points.
    pub points: Option<PointSheet>,
    /// The policy it states; `None` for kinds other than policy.
    pub policy: Option<Sheet>,
    /// The whole content.
    pub table: toml::Table,
}

/// The reason why every node rejects a template.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum BadTemplate {
    /// The issuer has no node in this network.
    #[error("{0} has no node in this network, so it issues nothing")]
    NoIssuer(DivisionCode),
    /// The issuer's tier may not issue this kind.
    #[error("a {1} does not issue templates of the kind {0}; ask the county")]
    MayNotIssue(TemplateKind, Tier),
    /// The name, version, title or scope is out of range.
    #[error("{0}")]
    Heading(Box<str>),
    /// The content has this many bytes, more than [`MOST_CONTENT`].
    #[error("the content has {0} bytes, more than {MOST_CONTENT}; split the template")]
    TooLong(u32),
    /// The content is not TOML, or lacks something that this kind requires.
    #[error("the content cannot be read: {0}")]
    Content(Box<str>),
    /// The content has a newer format than this program reads.
    #[error("the content has format {0}, this node reads up to {FORMAT}; install a newer version")]
    NewerFormat(i64),
    /// The template has a kind or key that this version does not act on.
    #[error(
        "this version does not act on the {0}, so it is not applied; leave it out, or install a \
         version that does"
    )]
    Unsupported(Box<str>),
}

/// The longest clause of a refusal, in characters.
pub(super) const MOST_CLAUSE: usize = 160;

fn content(clause: impl Into<String>) -> BadTemplate {
    let clause: String = clause.into();
    BadTemplate::Content(clause.trim().chars().take(MOST_CLAUSE).collect())
}

#[derive(Deserialize)]
struct Raw {
    format: i64,
    #[serde(default)]
    needs: Vec<String>,
    tightens: Option<String>,
    #[serde(default)]
    item: Vec<RawItem>,
    #[serde(default)]
    board: Vec<RawBoard>,
}

impl Template {
    /// Parses the content, and makes all checks that do not depend on what is in force.
    ///
    /// # Errors
    /// The first bad clause.
    pub fn check(&self, tree: &Tree) -> Result<Parsed, BadTemplate> {
        self.check_heading(tree)?;
        if self.content.len() > MOST_CONTENT {
            let bytes = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
            return Err(BadTemplate::TooLong(bytes));
        }
        let table: toml::Table = self
            .content
            .parse()
            .map_err(|error: toml::de::Error| content(error.message()))?;
        match table.get("format").map(toml::Value::as_integer) {
            Some(Some(format)) if format > FORMAT => return Err(BadTemplate::NewerFormat(format)),
            Some(Some(FORMAT)) => {}
            _ => return Err(content("it must begin with `format = 1`")),
        }
        if !self.key.kind.is_acted_on() {
            let kind = format!("kind {}", self.key.kind);
            return Err(BadTemplate::Unsupported(kind.into()));
        }
        match self.key.kind {
            TemplateKind::Disclosure | TemplateKind::Board => self.read_layered(table, tree),
            _ => self.read_other(table, tree),
        }
    }

    /// Reads the content of a kind of which one template may tighten another.
    fn read_layered(&self, table: toml::Table, tree: &Tree) -> Result<Parsed, BadTemplate> {
        let is_board = self.key.kind == TemplateKind::Board;
        let stray = match is_board {
            true => unread_board(&table),
            false => unread(&table),
        };
        if let Some(key) = stray {
            return Err(BadTemplate::Unsupported(key.into()));
        }
        let raw: Raw = table
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| content(error.message()))?;
        debug_assert_eq!(raw.format, FORMAT, "read above");
        let tightens = raw.tightens.map(|text| self.read_base(&text, tree));
        let (items, boards) = match is_board {
            true => (vec![], read_boards(raw.board)?),
            false => (read_items(raw.item)?, vec![]),
        };
        Ok(Parsed {
            needs: read_needs(raw.needs)?,
            tightens: tightens.transpose()?,
            items,
            boards,
            points: None,
            policy: None,
            table,
        })
    }

    fn read_other(&self, table: toml::Table, tree: &Tree) -> Result<Parsed, BadTemplate> {
        if table.contains_key("tightens") {
            return Err(content(
                "only a template of the kind disclosure or board tightens another",
            ));
        }
        let needs = match table.get("needs") {
            None => vec![],
            Some(needs) => needs
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| content(error.message()))?,
        };
        let policy = (self.key.kind == TemplateKind::Policy)
            .then(|| self.read_policy(tree))
            .transpose()?;
        let points = (self.key.kind == TemplateKind::Points)
            .then(|| read_points(&table))
            .transpose()?;
        Ok(Parsed {
            needs: read_needs(needs)?,
            tightens: None,
            items: vec![],
            boards: vec![],
            points,
            policy,
            table,
        })
    }

    fn read_policy(&self, tree: &Tree) -> Result<Sheet, BadTemplate> {
        let source = Source::Template {
            key: self.key.clone(),
            version: self.version,
        };
        let sheet = Sheet::read(&self.content, source)
            .and_then(|sheet| sheet.check_places(self.key.issuer, tree).map(|()| sheet))
            .and_then(|sheet| sheet.check_loosens(self.key.issuer, tree).map(|()| sheet));
        sheet.map_err(|fault| content(fault.to_string()))
    }

    fn check_heading(&self, tree: &Tree) -> Result<(), BadTemplate> {
        let TemplateKey { issuer, kind, name } = &self.key;
        if !tree.has_node(*issuer) {
            return Err(BadTemplate::NoIssuer(*issuer));
        }
        if !may_issue(*kind, issuer.tier()) {
            return Err(BadTemplate::MayNotIssue(*kind, issuer.tier()));
        }
        let heading = |fault: &str| Err(BadTemplate::Heading(fault.into()));
        if !is_name(name) {
            return heading("a template's name is 1 to 48 lower-case letters, digits and dashes");
        }
        if self.version == 0 {
            return heading("versions count from 1");
        }
        let title = self.title.chars().count();
        if !(1..=120).contains(&title) || self.title.chars().any(char::is_control) {
            return heading("a title has 1 to 120 characters in one line");
        }
        if self.scope.under != *issuer {
            return heading("a template is for the issuer's own subtree");
        }
        let scope = |fault: BadScope| BadTemplate::Heading(fault.to_string().into());
        self.scope.check().map_err(scope)
    }

    fn read_base(&self, text: &str, tree: &Tree) -> Result<TemplateKey, BadTemplate> {
        let base: TemplateKey = text.parse().map_err(|fault| content(format!("{fault}")))?;
        if base.kind != self.key.kind {
            return Err(content(format!(
                "{base} is of another kind than what tightens it"
            )));
        }
        if base.issuer == self.key.issuer || !tree.contains(base.issuer, self.key.issuer) {
            return Err(content(format!(
                "{base} is not issued above {}",
                self.key.issuer
            )));
        }
        Ok(base)
    }
}

/// Returns the first key of a table that nothing reads.
fn stray(table: &toml::Table, known: &[&str], path: &str) -> Option<String> {
    let mut keys = table.keys();
    let key = keys.find(|key| !known.contains(&key.as_str()))?;
    let key: String = key.chars().take(40).collect();
    Some(format!("key `{path}{key}`"))
}

/// Returns the tables of a list.
fn below(table: &toml::Table, key: &str) -> Vec<toml::Table> {
    let list = table.get(key).and_then(toml::Value::as_array);
    let tables = list.into_iter().flatten().filter_map(toml::Value::as_table);
    tables.cloned().collect()
}

/// Returns the first unused key of a disclosure template.
fn unread(table: &toml::Table) -> Option<String> {
    let top = stray(table, &["format", "needs", "tightens", "item"], "");
    top.or_else(|| {
        below(table, "item").iter().find_map(|item| {
            let inner = [
                ("fields", &RawItem::FIELD_KEYS[..]),
                ("columns", &RawItem::FIELD_KEYS[..]),
                ("sums", &RawItem::SUM_KEYS[..]),
            ];
            let inner = inner.into_iter().find_map(|(list, known)| {
                let path = format!("item.{list}.");
                below(item, list)
                    .iter()
                    .find_map(|one| stray(one, known, &path))
            });
            stray(item, &RawItem::KEYS, "item.").or(inner)
        })
    })
}

/// Returns the first unused key of a board template.
fn unread_board(table: &toml::Table) -> Option<String> {
    let top = stray(table, &["format", "needs", "tightens", "board"], "");
    let mut boards = below(table, "board").into_iter();
    top.or_else(|| boards.find_map(|board| stray(&board, &RawBoard::KEYS, "board.")))
}

/// Reads what a template says of points.
fn read_points(table: &toml::Table) -> Result<PointSheet, BadTemplate> {
    let mut items = below(table, "item").into_iter();
    let stray = stray(table, &RawPoints::KEYS, "")
        .or_else(|| items.find_map(|item| stray(&item, &RawPoints::ITEM_KEYS, "item.")));
    if let Some(key) = stray {
        return Err(BadTemplate::Unsupported(key.into()));
    }
    let raw: RawPoints = table
        .clone()
        .try_into()
        .map_err(|error: toml::de::Error| content(error.message()))?;
    raw.read().map_err(content)
}

fn read_needs(needs: Vec<String>) -> Result<Vec<Need>, BadTemplate> {
    if needs.len() > 32 {
        return Err(content("it needs more than 32 other templates"));
    }
    let read = |text: &String| {
        let (kind, name) = text.split_once('/')?;
        let kind = kind.parse().ok()?;
        is_name(name).then(|| Need {
            kind,
            name: name.into(),
        })
    };
    let wrong = |text: &str| {
        content(format!(
            "`{text}` is not a need; one looks like standard/village-finance"
        ))
    };
    needs
        .iter()
        .map(|text| read(text).ok_or_else(|| wrong(text)))
        .collect()
}

fn read_items(raw: Vec<RawItem>) -> Result<Vec<Item>, BadTemplate> {
    if raw.is_empty() || raw.len() > MOST_ITEMS {
        return Err(content(format!(
            "a disclosure template has 1 to {MOST_ITEMS} items, this one {}",
            raw.len()
        )));
    }
    let mut items: Vec<Item> = Vec::with_capacity(raw.len());
    for raw in raw {
        let item = raw.read().map_err(content)?;
        if items.iter().any(|known| known.name == item.name) {
            return Err(content(format!("item {} is listed twice", item.name)));
        }
        items.push(item);
    }
    Ok(items)
}

fn read_boards(raw: Vec<RawBoard>) -> Result<Vec<Board>, BadTemplate> {
    if raw.is_empty() || raw.len() > MOST_BOARDS {
        return Err(content(format!(
            "a board template has 1 to {MOST_BOARDS} boards, this one {}",
            raw.len()
        )));
    }
    let mut boards: Vec<Board> = Vec::with_capacity(raw.len());
    for raw in raw {
        let board = raw.read().map_err(content)?;
        if boards.iter().any(|known| known.code == board.code) {
            return Err(content(format!("the board {} is listed twice", board.code)));
        }
        boards.push(board);
    }
    Ok(boards)
}
