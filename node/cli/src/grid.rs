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

/// Draws, lists and takes away the grids (网格) of a node: the households a grid worker looks after
///
/// A grid has a number, a name, its households and the accounts that look after it. Whoever may manage
/// grids (an official, a dispatcher) draws them; an account is put into one with `wujitong account
/// create --grid`, and no grid is taken away while an account names it. The households of all grids
/// beside those of the division give the coverage rate (网格覆盖率).
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
    /// Its number
    grid: GridId,
}

/// Draws a grid; its number is printed, and is never given to another
///
/// Examples:
///   wujitong grid add "第一网格" --households 262
///   wujitong grid add "第二网格" --households 180 --member 3 --member zhang.san
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Add {
    /// What people call it, 1 to 60 characters
    name: String,
    /// How many households it has, at most 100,000
    #[arg(long, value_name = "NUMBER")]
    households: u32,
    /// Number of an account that looks after it, or its login for who may see accounts; may be given again
    #[arg(long = "member", value_name = "ACCOUNT")]
    members: Vec<String>,
}

/// Draws a grid anew; what is not named stays as it is
///
/// Examples:
///   wujitong grid change 1 --households 270
///   wujitong grid change 1 --name "东头网格" --add-member 5 --drop-member 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Change {
    /// Its number
    grid: GridId,
    /// What people call it from now on
    #[arg(long)]
    name: Option<String>,
    /// How many households it has now
    #[arg(long, value_name = "NUMBER")]
    households: Option<u32>,
    /// An account that looks after it too, by number or login; may be given again
    #[arg(long, value_name = "ACCOUNT")]
    add_member: Vec<String>,
    /// An account that looks after it no longer, by number or login; may be given again
    #[arg(long, value_name = "ACCOUNT")]
    drop_member: Vec<String>,
}

/// Takes a grid away that no account names
///
/// Examples:
///   wujitong grid remove 1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Remove {
    /// Its number
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
                    format!("grid {grid} is taken away\n")
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
                "nothing is to be changed; name what is, such as --households 270".to_owned(),
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

/// The number of an account, given by number or login.
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
