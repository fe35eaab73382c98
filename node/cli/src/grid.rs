//! `wujitong grid`

use api::{AccountView, GridRequest, GridView, Grids};
use clap::Subcommand;
use domain::people::GridId;
use http::Method;
use serde_json::json;

use super::{
    Failure, Output,
    client::encoded,
    site::{Asked, Site},
    tables::{pairs, table},
};

/// Manages the grids (网格) of a node: the households a grid worker looks after
///
/// A grid has a number, a name, its households and the accounts that look after it. People who may
/// manage grids (an official, a dispatcher) draw them. `wujitong account create --grid` puts an
/// account into a grid; a grid that an account names cannot be removed. The households of all grids
/// divided by those of the division give the coverage rate (网格覆盖率).
///
/// Examples:
///   wujitong grid add "第一网格" --households 262 --member 3
///   wujitong grid list
///   wujitong grid change 1 --households 270
///   wujitong grid remove 1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Grid {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Show(Show),
    Add(Add),
    Change(Change),
    Remove(Remove),
}

/// Lists the grids of a node with their households
///
/// Examples:
///   wujitong grid list
///   wujitong grid list --node 330825002222 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Shows one grid
///
/// Examples:
///   wujitong grid show 1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    /// Number of the grid
    grid: GridId,
}

/// Draws a grid and prints its number, which is never used again for another grid
///
/// Examples:
///   wujitong grid add "第一网格" --households 262
///   wujitong grid add "第二网格" --households 180 --member 3 --member zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Add {
    /// Name of the grid, 1 to 60 characters
    name: String,
    /// Number of households, at most 100,000
    #[arg(long, value_name = "NUMBER")]
    households: u32,
    /// Account that looks after it: its number, or its login name if you may see accounts; may be
    /// repeated
    #[arg(long = "member", value_name = "ACCOUNT")]
    members: Vec<String>,
}

/// Changes a grid; values you leave out stay as they are
///
/// Examples:
///   wujitong grid change 1 --households 270
///   wujitong grid change 1 --name "东头网格" --add-member 5 --drop-member 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Change {
    /// Number of the grid
    grid: GridId,
    /// New name
    #[arg(long)]
    name: Option<String>,
    /// New number of households
    #[arg(long, value_name = "NUMBER")]
    households: Option<u32>,
    /// Account to add, by number or login name; may be repeated
    #[arg(long, value_name = "ACCOUNT")]
    add_member: Vec<String>,
    /// Account to remove, by number or login name; may be repeated
    #[arg(long, value_name = "ACCOUNT")]
    drop_member: Vec<String>,
}

/// Removes a grid that no account names
///
/// Examples:
///   wujitong grid remove 1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Remove {
    /// Number of the grid
    grid: GridId,
}

impl Grid {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::List(List) => list(&asked, output).await,
            What::Show(Show { grid }) => {
                show(&asked.client.get(&path(&asked, grid)).await?, output)
            }
            What::Add(add) => {
                let mut request = GridRequest {
                    name: add.name,
                    households: add.households,
                    members: [].into(),
                };
                for member in &add.members {
                    request.members.insert(number(&asked, member).await?);
                }
                let drawn = asked.client.post(&asked.path("grids"), &request).await?;
                show(&drawn, output)
            }
            What::Change(change) => change.run(&asked, output).await,
            What::Remove(Remove { grid }) => {
                asked.client.delete(&path(&asked, grid)).await?;
                output.facts(&json!({ "removed": grid }), || {
                    format!("grid {grid} is removed\n")
                })
            }
        }
    }
}

impl Change {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let nothing = self.name.is_none() && self.households.is_none();
        if nothing && self.add_member.is_empty() && self.drop_member.is_empty() {
            return Err(Failure::Usage(
                "nothing to change; give a new value, such as --households 270".to_owned(),
            ));
        }
        let path = path(asked, self.grid);
        let known: GridView = asked.client.get(&path).await?;
        let mut request = GridRequest {
            name: self.name.unwrap_or(known.name),
            households: self.households.unwrap_or(known.households),
            members: known.members.into_iter().collect(),
        };
        for member in &self.drop_member {
            if !request.members.remove(&number(asked, member).await?) {
                return Err(Failure::Usage(format!(
                    "{member} does not look after grid {}; see `wujitong grid show {}`",
                    self.grid, self.grid
                )));
            }
        }
        for member in &self.add_member {
            request.members.insert(number(asked, member).await?);
        }
        let drawn = asked.client.send(Method::PUT, &path, &request).await?;
        show(&drawn, output)
    }
}

fn path(asked: &Asked, grid: GridId) -> String {
    asked.path(&format!("grids/{grid}"))
}

/// Returns the number of an account, given by number or login name.
async fn number(asked: &Asked, account: &str) -> Result<u64, Failure> {
    if let Ok(number) = account.parse() {
        return Ok(number);
    }
    let path = asked.path(&format!("accounts/{}", encoded(account)));
    let account: AccountView = asked.client.get(&path).await?;
    Ok(account.id)
}

async fn list(asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
    let grids: Grids = asked.client.get(&asked.path("grids")).await?;
    output.facts(&grids, || {
        let mut text = table(
            ["#number", "name", "#households", "members"],
            grids.grids.iter().map(|grid| {
                [
                    grid.id.to_string(),
                    grid.name.clone(),
                    grid.households.to_string(),
                    members(grid),
                ]
            }),
        );
        text += &format!("\n{} households in all\n", grids.households);
        text
    })
}

fn members(grid: &GridView) -> String {
    let numbers: Vec<_> = grid.members.iter().map(u64::to_string).collect();
    numbers.join(", ")
}

fn show(grid: &GridView, output: &mut Output<'_>) -> Result<(), Failure> {
    output.facts(grid, || {
        pairs([
            ("number", grid.id.to_string()),
            ("name", grid.name.clone()),
            ("division", grid.division.to_string()),
            ("households", grid.households.to_string()),
            ("members", members(grid)),
        ])
    })
}
