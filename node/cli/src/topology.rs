//! `wujitong topology`

mod zone;

use std::path::PathBuf;

use api::Point;
use clap::Subcommand;
use data_encoding::HEXLOWER;
use serde::Serialize;
use topology::{Division, DivisionCode, Outlines, RowError, Tier, Tree, UnitKind};

use super::{
    Failure, Output,
    matter::point,
    site::{mapped, read, tree},
    tables::{pairs, table},
};

/// Shows and checks the list of divisions (区划): subtrees, routes, locations
///
/// Examples:
///   wujitong topology show 330825 --depth 1
///   wujitong topology route 330825002222 330802005
///   wujitong topology locate 29.0285,119.1722
///   wujitong topology zone 330825 --zone zj.example --ns ns.ly.example --host a.ly.example:7450
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Topology {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Route(Route),
    Locate(Locate),
    Check(Check),
    Zone(zone::PrintZone),
}

/// Shows a division and the divisions below it
///
/// Examples:
///   wujitong topology show 330825 --depth 1
///   wujitong topology show 330825000000 --json
///   wujitong topology show 44 --topology guangdong.csv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    /// The division, short or padded
    code: DivisionCode,
    /// Number of tiers below it to show
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=4))]
    depth: u8,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
}

/// Shows every node on the way between two divisions
///
/// Examples:
///   wujitong topology route 330825002222 330802005
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Route {
    /// First division
    from: DivisionCode,
    /// Last division
    to: DivisionCode,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
}

/// Shows the division of a location, by the sketch map of Zhejiang (示意图) or a map of your own
///
/// Examples:
///   wujitong topology locate 29.0285,119.1722
///   wujitong topology locate 23.05,113.75 --topology guangdong.csv --outlines guangdong.geojson
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Locate {
    /// Degrees north and east, WGS 84
    #[arg(value_parser = point, allow_hyphen_values = true)]
    place: Point,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    /// GeoJSON file with the outlines of divisions, identified by their property `code`
    #[arg(long, value_name = "FILE")]
    outlines: Option<PathBuf>,
}

/// Checks a CSV file of divisions, and optionally a GeoJSON file of their outlines
///
/// Examples:
///   wujitong topology check divisions.csv
///   wujitong topology check divisions.csv --outlines outlines.geojson
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Check {
    /// The file: `code,name` or `code,name,kind,node`
    file: PathBuf,
    /// GeoJSON file with outlines of these divisions, identified by their property `code`
    #[arg(long, value_name = "FILE")]
    outlines: Option<PathBuf>,
}

impl Topology {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self.what {
            What::Show(show) => show.run(output),
            What::Route(route) => route.run(output),
            What::Locate(locate) => locate.run(output),
            What::Check(check) => check.run(output),
            What::Zone(zone) => zone.run(output),
        }
    }
}

#[derive(Debug, Serialize)]
struct Branch {
    code: DivisionCode,
    name: String,
    tier: Tier,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<UnitKind>,
    has_node: bool,
    /// Number of nodes at and below it.
    nodes: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    children: Vec<Branch>,
}

#[derive(Debug, Serialize)]
struct Shown {
    full_name: String,
    parent: Option<DivisionCode>,
    #[serde(flatten)]
    branch: Branch,
}

impl Show {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = tree(self.topology.as_deref())?;
        let division = tree.require(self.code)?;
        let shown = Shown {
            full_name: tree.full_name(self.code).unwrap_or_default(),
            parent: tree.parent(self.code),
            branch: branch(&tree, division, self.depth),
        };
        output.facts(&shown, || {
            let mut text = pairs([("division", format!("{} {}", self.code, shown.full_name))]);
            let mut rows = vec![];
            indented(&shown.branch, 0, &mut rows);
            text += &table(["code", "name", "tier", "#nodes", ""], rows);
            text
        })
    }
}

fn branch(tree: &Tree, division: Division<'_>, depth: u8) -> Branch {
    let directly = |code: &DivisionCode| {
        let above = code.enclosing().find(|above| tree.get(*above).is_some());
        above == Some(division.code)
    };
    let children = if depth == 0 {
        vec![]
    } else {
        let below = tree.subtree(division.code).filter(directly);
        let below = below.filter_map(|code| tree.get(code));
        below.map(|child| branch(tree, child, depth - 1)).collect()
    };
    Branch {
        code: division.code,
        name: division.name.to_owned(),
        tier: division.tier,
        kind: division.kind,
        has_node: division.has_node,
        nodes: tree.expected_nodes(division.code),
        children,
    }
}

fn indented(branch: &Branch, depth: usize, rows: &mut Vec<[String; 5]>) {
    let tier = match branch.kind {
        Some(kind) => format!("{} {}", branch.tier.label(), kind.system()),
        None => branch.tier.label(),
    };
    let note = if branch.has_node {
        ""
    } else {
        "statistics only, no node"
    };
    rows.push([
        format!("{}{}", "  ".repeat(depth), branch.code.short()),
        branch.name.clone(),
        tier,
        branch.nodes.to_string(),
        note.to_owned(),
    ]);
    for child in &branch.children {
        indented(child, depth + 1, rows);
    }
}

#[derive(Debug, Serialize)]
struct Hop {
    code: DivisionCode,
    name: String,
    tier: Tier,
    #[serde(rename = "move")]
    direction: Direction,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Direction {
    Start,
    Up,
    Down,
}

#[derive(Debug, Serialize)]
struct Way {
    from: DivisionCode,
    to: DivisionCode,
    /// The lowest division that contains both.
    turn: DivisionCode,
    hops: Vec<Hop>,
}

impl Route {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = tree(self.topology.as_deref())?;
        for end in [self.from, self.to] {
            if !tree.require(end)?.has_node {
                return Err(Failure::NoNode(end));
            }
        }
        let turn = tree.lowest_common_ancestor(self.from, self.to);
        let turn = turn.expect("two nodes of one tree have the root in common");
        let path = tree.path(self.from, self.to);
        let turned = path
            .iter()
            .position(|code| *code == turn)
            .unwrap_or_default();
        let hops = path.iter().enumerate().map(|(index, code)| Hop {
            code: *code,
            name: tree.full_name(*code).unwrap_or_default(),
            tier: code.tier(),
            direction: match index {
                0 => Direction::Start,
                index if index <= turned => Direction::Up,
                _ => Direction::Down,
            },
        });
        let way = Way {
            from: self.from,
            to: self.to,
            turn,
            hops: hops.collect(),
        };
        output.facts(&way, || way.for_people())
    }
}

impl Way {
    fn for_people(&self) -> String {
        let rows = self.hops.iter().map(|hop| {
            let mark = match hop.direction {
                Direction::Start => "",
                Direction::Up => "up ↑",
                Direction::Down => "down ↓",
            };
            [
                mark.to_owned(),
                hop.code.short(),
                hop.name.clone(),
                hop.tier.label(),
            ]
        });
        table(["", "code", "name", "tier"], rows)
    }
}

#[derive(Debug, Serialize)]
struct Located {
    code: DivisionCode,
    full_name: String,
    tier: Tier,
}

impl Locate {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let file = self.topology.as_deref();
        let tree = match &self.outlines {
            None => tree(file)?,
            Some(map) => mapped(file, map)?,
        };
        let Point {
            latitude,
            longitude,
        } = self.place;
        let around = tree.outlines().around(latitude, longitude);
        let found = around.and_then(|code| tree.get(code));
        let found = found.ok_or_else(|| {
            Failure::Failed(match tree.outlines().is_empty() {
                true => {
                    "this list of divisions comes without a map; name one with --outlines".into()
                }
                false => "no division of the map lies there; give degrees north, then east".into(),
            })
        })?;
        let located = Located {
            code: found.code,
            full_name: tree.full_name(found.code).unwrap_or_default(),
            tier: found.tier,
        };
        output.facts(&located, || {
            pairs([
                (
                    "division",
                    format!("{} {}", located.code.short(), located.full_name),
                ),
                ("tier", located.tier.label()),
            ])
        })
    }
}

#[derive(Debug, Serialize)]
struct Checked {
    divisions: usize,
    nodes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    outlines: Option<usize>,
    tiers: Vec<(Tier, usize)>,
    digest: String,
}

#[derive(Debug, Serialize)]
struct Fault {
    line: u64,
    reason: String,
}

impl From<&RowError> for Fault {
    fn from(row: &RowError) -> Self {
        Self {
            line: row.line,
            reason: row.reason.to_string(),
        }
    }
}

impl Check {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let text = read(&self.file)?;
        let tree = match Tree::load(&text) {
            Ok(tree) => tree,
            Err(errors) => {
                let faults: Vec<Fault> = errors.rows.iter().map(Fault::from).collect();
                let row = |fault: &Fault| [fault.line.to_string(), fault.reason.clone()];
                let shown = serde_json::json!({ "faults": faults });
                output.facts(&shown, || table(["#line", "fault"], faults.iter().map(row)))?;
                return Err(Failure::Failed(format!(
                    "{} has {} faults, so nothing would be loaded; correct these lines",
                    self.file.display(),
                    faults.len()
                )));
            }
        };
        let outlines = match &self.outlines {
            None => None,
            Some(map) => {
                let loaded = Outlines::load(&read(map)?, &tree);
                let loaded = loaded.map_err(|errors| Failure::Map(map.clone(), errors))?;
                Some(loaded.len())
            }
        };
        let count = |tier| tree.iter().filter(|division| division.tier == tier).count();
        let checked = Checked {
            divisions: tree.len(),
            nodes: tree.expected_nodes(tree.root()),
            outlines,
            tiers: Tier::ALL.map(|tier| (tier, count(tier))).into(),
            digest: HEXLOWER.encode(&tree.digest()),
        };
        output.facts(&checked, || checked.for_people())
    }
}

impl Checked {
    fn for_people(&self) -> String {
        let tiers = self.tiers.iter();
        let tiers: Vec<_> = tiers
            .map(|(tier, count)| format!("{count} {}", tier.label()))
            .collect();
        let outlines = self.outlines.map(|count| ("outlines", count.to_string()));
        let list = [
            ("divisions", self.divisions.to_string()),
            ("nodes", self.nodes.to_string()),
            ("tiers", tiers.join(", ")),
            ("edition", self.digest.clone()),
        ];
        pairs(list.into_iter().chain(outlines))
    }
}
