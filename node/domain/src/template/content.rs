//! The content of a template: TOML with a format number, what it needs, and items by kind.

use std::fmt;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, Tree};

use super::{
    BadScope, Template, TemplateKey, TemplateKind,
    fault::{Fault, Place, Places},
    is_name, may_issue,
    standards::{self, RawStandard},
};
use crate::{
    board::{Board, RawBoard},
    clause::{Clause, Step, Within},
    disclosure::{Item, RawItem},
    points::{PointSheet, RawPoints},
    policy::{BadPolicy, Sheet, Source},
    saying::Saying,
    service::{MOST_SERVICES, RawMaterial, RawService, Service},
    standard::StandardText,
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
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The templates that must be in force before it, at most 32.
    pub needs: Vec<Need>,
    /// The template of a higher tier that it only tightens, if any.
    pub tightens: Option<TemplateKey>,
    /// The items that must be made public; empty for kinds other than disclosure.
    pub items: Vec<Item>,
    /// The boards that there are; empty for kinds other than board.
    pub boards: Vec<Board>,
    /// The services; empty for kinds other than service.
    pub services: Vec<Service>,
    /// The data elements and lists of codes; `None` for kinds other than standard.
    pub standard: Option<StandardText>,
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
    /// By the table of issuers in force here, the issuer's tier did not issue this kind when it was issued. It is considered again
    /// when something is applied.
    #[error("{table} version {version}, line {line}: a {tier} does not issue templates of the kind {kind}; let a tier that the line names issue it, or ask {} to change the line", .table.issuer)]
    NotEntitled {
        /// The kind.
        kind: TemplateKind,
        /// The issuer's tier.
        tier: Tier,
        /// The policy that has the table.
        table: TemplateKey,
        /// Its version.
        version: u32,
        /// The line in it.
        line: u32,
    },
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

#[derive(Deserialize)]
struct RawItems {
    #[serde(default)]
    item: Vec<RawItem>,
}

#[derive(Deserialize)]
struct RawServices {
    #[serde(default)]
    service: Vec<RawService>,
}

#[derive(Deserialize)]
struct RawBoards {
    #[serde(default)]
    board: Vec<RawBoard>,
}

impl Template {
    /// Parses the content, and makes all checks that do not depend on what is in force.
    ///
    /// # Errors
    /// The first bad clause.
    pub fn check(&self, tree: &Tree) -> Result<Parsed, BadTemplate> {
        self.read(tree).map_err(|fault| fault.bad)
    }

    /// Does the same, and says where the first bad clause is.
    pub(super) fn read(&self, tree: &Tree) -> Result<Parsed, Fault> {
        let unread = || self.unread_keys().into_iter().next().map_or(Ok(()), Err);
        self.read_after(tree, unread)
    }

    /// Does the same, and lets keys pass that nothing reads.
    pub(super) fn read_known(&self, tree: &Tree) -> Result<Parsed, Fault> {
        self.read_after(tree, || Ok(()))
    }

    /// Reads it; `keys` is checked before anything that depends on the kind.
    fn read_after(
        &self,
        tree: &Tree,
        keys: impl FnOnce() -> Result<(), Fault>,
    ) -> Result<Parsed, Fault> {
        self.check_heading(tree)?;
        if self.content.len() > MOST_CONTENT {
            let bytes = u32::try_from(self.content.len()).unwrap_or(u32::MAX);
            return Err(BadTemplate::TooLong(bytes).into());
        }
        let table: toml::Table = self
            .content
            .parse()
            .map_err(|error: toml::de::Error| Fault::toml(&error))?;
        match table.get("format").map(toml::Value::as_integer) {
            Some(Some(format)) if format > FORMAT => {
                return Err(BadTemplate::NewerFormat(format).into());
            }
            Some(Some(FORMAT)) => {}
            _ => return Err(Clause::from(no_format()).into()),
        }
        keys()?;
        let mut parsed = self.read_head(&table, tree)?;
        match self.key.kind {
            TemplateKind::Disclosure => {
                let raw: RawItems = self.read_raw()?;
                parsed.items = read_items(raw.item)?;
            }
            TemplateKind::Board => {
                let raw: RawBoards = self.read_raw()?;
                parsed.boards = read_boards(raw.board)?;
            }
            TemplateKind::Points => {
                let raw: RawPoints = self.read_raw()?;
                parsed.points = Some(raw.read()?);
            }
            TemplateKind::Policy => parsed.policy = Some(self.read_policy(tree)?),
            TemplateKind::Service => {
                let raw: RawServices = self.read_raw()?;
                parsed.services = read_services(raw.service)?;
                // A promise that no clock follows would mislead.
                let promised = self.promised(&parsed.services);
                let checked = promised.check_loosens(self.key.issuer, tree);
                checked.map_err(|fault| of_line(&fault))?;
            }
            TemplateKind::Standard => {
                let raw: RawStandard = self.read_raw()?;
                parsed.standard = Some(standards::read(raw)?);
            }
        }
        parsed.table = table;
        Ok(parsed)
    }

    fn read_raw<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        toml::from_str(&self.content).map_err(|error| Fault::toml(&error))
    }

    /// Reads what every kind has: what it needs and what it tightens.
    fn read_head(&self, table: &toml::Table, tree: &Tree) -> Result<Parsed, Fault> {
        let layered = self.key.kind.is_layered();
        if !layered && table.contains_key("tightens") {
            return Err(Clause::of_key("tightens", not_layered()).into());
        }
        let needs = match table.get("needs") {
            None => vec![],
            Some(needs) => needs
                .clone()
                .try_into()
                .map_err(|error: toml::de::Error| bad_needs(error.message().trim()))
                .at("needs")?,
        };
        let tightens = match table.get("tightens") {
            Some(toml::Value::String(text)) => Some(self.read_base(text, tree).at("tightens")?),
            Some(_) => return Err(Clause::of_key("tightens", bad_base()).into()),
            None => None,
        };
        Ok(Parsed {
            needs: read_needs(needs)?,
            tightens,
            ..Parsed::default()
        })
    }

    /// Returns every key that nothing reads.
    pub(super) fn unread_keys(&self) -> Vec<Fault> {
        let mut unread = vec![];
        // The reader of policy names unknown keys itself.
        if let (Some(keys), Ok(table)) = (keys_of(self.key.kind), self.content.parse()) {
            find_strays(&table, keys, "", &[], &mut unread);
        }
        unread
    }

    fn read_policy(&self, tree: &Tree) -> Result<Sheet, Fault> {
        let source = Source::Template {
            key: self.key.clone(),
            version: self.version,
        };
        let sheet = Sheet::read(&self.content, source)
            .and_then(|sheet| sheet.check_places(self.key.issuer, tree).map(|()| sheet))
            .and_then(|sheet| sheet.check_issuers(&self.scope, tree).map(|()| sheet))
            .and_then(|sheet| sheet.check_loosens(self.key.issuer, tree).map(|()| sheet));
        sheet.map_err(|fault| of_line(&fault))
    }

    /// Returns the times that its services promise, as policy.
    pub(super) fn promised(&self, services: &[Service]) -> Sheet {
        let source = Source::Template {
            key: self.key.clone(),
            version: self.version,
        };
        let places = Places::of(&self.content);
        let services = services.iter().enumerate();
        let promised = services.filter_map(|(n, service)| {
            let [list, key] = ["service", "promise"].map(|key| Step::Key(key.into()));
            let line = places.line(&[list, Step::Nth(n), key]);
            Some((service.category.clone(), service.promise?, line))
        });
        Sheet::of_promises(source, promised)
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

    fn read_base(&self, text: &str, tree: &Tree) -> Result<TemplateKey, Saying> {
        let base: TemplateKey = text
            .parse()
            .map_err(|fault: super::BadTemplateKey| no_key(fault))?;
        if base.kind != self.key.kind {
            return Err(another_kind(base));
        }
        if base.issuer == self.key.issuer || !tree.contains(base.issuer, self.key.issuer) {
            return Err(not_above(base, self.key.issuer));
        }
        Ok(base)
    }
}

/// Returns the fault of a line of policy.
fn of_line(fault: &BadPolicy) -> Fault {
    let said = fault.said();
    let bad = Saying {
        english: fault.to_string(),
        ..said.clone()
    };
    let bad = Fault::content(Place::Line(fault.line), bad);
    Fault { said, ..bad }
}

/// The keys that are read of a table, and of the lists of tables in it.
pub(super) struct Keys {
    pub(super) known: &'static [&'static str],
    pub(super) lists: &'static [(&'static str, Keys)],
}

const FIELD: Keys = Keys {
    known: &RawItem::FIELD_KEYS,
    lists: &[],
};

const DISCLOSURE: Keys = Keys {
    known: &["format", "needs", "tightens", "item"],
    lists: &[(
        "item",
        Keys {
            known: &RawItem::KEYS,
            lists: &[
                ("fields", FIELD),
                ("columns", FIELD),
                (
                    "sums",
                    Keys {
                        known: &RawItem::SUM_KEYS,
                        lists: &[],
                    },
                ),
            ],
        },
    )],
};

const BOARDS: Keys = Keys {
    known: &["format", "needs", "tightens", "board"],
    lists: &[(
        "board",
        Keys {
            known: &RawBoard::KEYS,
            lists: &[],
        },
    )],
};

const SERVICES: Keys = Keys {
    known: &["format", "needs", "service"],
    lists: &[(
        "service",
        Keys {
            known: &RawService::KEYS,
            lists: &[(
                "materials",
                Keys {
                    known: &RawMaterial::KEYS,
                    lists: &[],
                },
            )],
        },
    )],
};

const POINTS: Keys = Keys {
    known: &RawPoints::KEYS,
    lists: &[(
        "item",
        Keys {
            known: &RawPoints::ITEM_KEYS,
            lists: &[],
        },
    )],
};

const fn keys_of(kind: TemplateKind) -> Option<&'static Keys> {
    match kind {
        TemplateKind::Disclosure => Some(&DISCLOSURE),
        TemplateKind::Board => Some(&BOARDS),
        TemplateKind::Points => Some(&POINTS),
        TemplateKind::Service => Some(&SERVICES),
        TemplateKind::Standard => Some(&standards::KEYS),
        TemplateKind::Policy => None,
    }
}

/// Collects the keys of a table that nothing reads, those of its lists after its own.
fn find_strays(table: &toml::Table, keys: &Keys, path: &str, way: &[Step], found: &mut Vec<Fault>) {
    let strays = table
        .keys()
        .filter(|key| !keys.known.contains(&key.as_str()));
    for key in strays {
        let shown: String = key.chars().take(40).collect();
        let mut way = way.to_vec();
        way.push(Step::Key(key.as_str().into()));
        let bad = BadTemplate::Unsupported(format!("key `{path}{shown}`").into());
        found.push(Fault {
            place: Place::Way(way),
            ..bad.into()
        });
    }
    for (list, keys) in keys.lists {
        let entries = table.get(*list).and_then(toml::Value::as_array);
        for (n, entry) in entries.into_iter().flatten().enumerate() {
            let Some(entry) = entry.as_table() else {
                continue;
            };
            let way: Vec<Step> = way
                .iter()
                .cloned()
                .chain([Step::Key((*list).into()), Step::Nth(n)])
                .collect();
            find_strays(entry, keys, &format!("{path}{list}."), &way, found);
        }
    }
}

fn read_needs(needs: Vec<String>) -> Result<Vec<Need>, Clause> {
    if needs.len() > 32 {
        return Err(too_many_needs()).at("needs");
    }
    let needs = needs.iter().enumerate();
    needs
        .map(|(n, text)| read_need(text).ok_or_else(|| no_need(text)).nth("needs", n))
        .collect()
}

fn read_need(text: &str) -> Option<Need> {
    let (kind, name) = text.split_once('/')?;
    let kind = kind.parse().ok()?;
    is_name(name).then(|| Need {
        kind,
        name: name.into(),
    })
}

fn read_items(raw: Vec<RawItem>) -> Result<Vec<Item>, Clause> {
    if raw.is_empty() || raw.len() > MOST_ITEMS {
        return Err(how_many_items(MOST_ITEMS, raw.len()).into());
    }
    let mut items: Vec<Item> = Vec::with_capacity(raw.len());
    for (n, raw) in raw.into_iter().enumerate() {
        let item = raw.read().nth("item", n)?;
        if items.iter().any(|known| known.name == item.name) {
            return Err(item_twice(&item.name)).nth("item", n);
        }
        items.push(item);
    }
    Ok(items)
}

fn read_boards(raw: Vec<RawBoard>) -> Result<Vec<Board>, Clause> {
    if raw.is_empty() || raw.len() > MOST_BOARDS {
        return Err(how_many_boards(MOST_BOARDS, raw.len()).into());
    }
    let mut boards: Vec<Board> = Vec::with_capacity(raw.len());
    for (n, raw) in raw.into_iter().enumerate() {
        let board = raw.read().nth("board", n)?;
        if boards.iter().any(|known| known.code == board.code) {
            return Err(board_twice(&board.code)).nth("board", n);
        }
        boards.push(board);
    }
    Ok(boards)
}

fn read_services(raw: Vec<RawService>) -> Result<Vec<Service>, Clause> {
    if raw.is_empty() || raw.len() > MOST_SERVICES {
        return Err(how_many_services(MOST_SERVICES, raw.len()).into());
    }
    let mut services: Vec<Service> = Vec::with_capacity(raw.len());
    for (n, raw) in raw.into_iter().enumerate() {
        let service = raw.read().nth("service", n)?;
        let mut known = services.iter();
        if known.any(|known| known.category == service.category) {
            return Err(service_twice(&service.category)).nth("service", n);
        }
        services.push(service);
    }
    Ok(services)
}

crate::sayings! {
    fn no_format(): "开头要写 format = 1；请补上", "it must begin with `format = 1`";
    fn not_layered(): "这一类模板不能写 tightens；请去掉",
        "only a template of the kind disclosure or board tightens another; remove the key";
    fn bad_base(): "tightens 要写模板的名字；请写成“330000000000/disclosure/village-affairs”这样",
        "`tightens` names a template; write it like \"330000000000/disclosure/village-affairs\"";
    fn bad_needs(message): "needs 写得不对（{message}）；请写成 [\"standard/village-finance\"] 这样",
        "{message}; `needs` is a list like [\"standard/village-finance\"]";
    fn no_key(fault): "不是模板的名字（{fault}）；请写成 330000000000/policy/holiday-calendar 这样", "{fault}";
    fn another_kind(base): "{base} 是另一类模板；只能收紧同类的模板", "{base} is of another kind than what tightens it; name one of this kind";
    fn not_above(base, issuer): "{base} 不是 {issuer} 的上级制发的；请写上级的模板", "{base} is not issued above {issuer}; name one that is";
    fn too_many_needs(): "需要的其他模板超过 32 个；请精简", "it needs more than 32 other templates; leave some out";
    fn no_need(text): "“{text}”不是模板；请写成 standard/village-finance 这样", "`{text}` is not a need; one looks like standard/village-finance";
    fn how_many_items(most, found): "公开目录有 1 到 {most} 个事项，这里有 {found} 个；请增减", "a disclosure template has 1 to {most} items, this one {found}; add or remove some";
    fn item_twice(name): "事项“{name}”写了两次；请去掉一个", "item {name} is listed twice; remove one";
    fn how_many_boards(most, found): "公告栏模板有 1 到 {most} 个栏目，这里有 {found} 个；请增减", "a board template has 1 to {most} boards, this one {found}; add or remove some";
    fn how_many_services(most, found): "办事事项模板有 1 到 {most} 项，这里有 {found} 项；请增减", "a service template has 1 to {most} services, this one {found}; add or remove some";
    fn service_twice(category): "{category} 写了两次；请合成一项", "{category} is listed twice; join the two";
    fn board_twice(code): "栏目 {code} 写了两次；请去掉一个", "the board {code} is listed twice; remove one";
}
