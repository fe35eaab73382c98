//! `wujitong household`

mod import;

use std::path::PathBuf;

use api::{
    AddHousehold, AddHouseholds, ChangeHousehold, HouseholdList, HouseholdSlip, HouseholdView,
};
use clap::Subcommand;
use domain::{
    foreign::escape,
    points::{HouseholdId, MOST_ADDED},
};
use http::Method;

use super::{
    Failure, Output,
    site::{Asked, Site, read},
    tables::table,
};

/// Households (住户) of a division, which grid workers rate
///
/// Examples:
///   wujitong household add 张三 李四 --grid 1 --node 330825002222
///   wujitong household import households.xlsx --dry-run
///   wujitong household list --node 330825002222
///   wujitong household slip 12
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Household {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Add(Add),
    Import(import::Import),
    Change(Change),
    Slip(Slip),
}

/// Lists the households with their places in the present period
///
/// Examples:
///   wujitong household list
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Adds households by the names of their heads; they get the next numbers
///
/// Examples:
///   wujitong household add 张三 李四 --grid 1
///   wujitong household add --file households.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Add {
    /// Names of the heads
    #[arg(required_unless_present = "file")]
    names: Vec<String>,
    /// A file with one name a line
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    file: Option<PathBuf>,
    /// Number of their grid
    #[arg(long)]
    grid: Option<u32>,
}

/// Changes a household; what is left out stays
///
/// Examples:
///   wujitong household change 12 --name 王五 --grid 2
///   wujitong household change 12 --account 12345000001 --persons 4
///   wujitong household change 12 --gone true
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Change {
    /// Number of the household
    household: HouseholdId,
    /// Name of its head
    #[arg(long)]
    name: Option<String>,
    /// Number of its grid; 0 takes it out of one
    #[arg(long)]
    grid: Option<u32>,
    /// Number of an account that sees its record; may be repeated, and is all of them; 0 takes all away
    #[arg(long)]
    account: Vec<u64>,
    /// How many persons it has; 0 if that is not known
    #[arg(long)]
    persons: Option<u16>,
    /// Whether it moved away
    #[arg(long)]
    gone: Option<bool>,
}

/// Draws a slip that opens the record of a household; the one before opens nothing any more
///
/// Examples:
///   wujitong household slip 12
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Slip {
    /// Number of the household
    household: HouseholdId,
}

impl Household {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::List(List) => {
                let list: HouseholdList = asked.client.get(&asked.path("households")).await?;
                output.facts(&list, || lines(&list.households))
            }
            What::Add(add) => add.run(&asked, output).await,
            What::Import(import) => import.run(&asked, output).await,
            What::Change(Change {
                household,
                name,
                grid,
                account,
                persons,
                gone,
            }) => {
                let is_given = !account.is_empty();
                let accounts = account.into_iter().filter(|account| *account > 0);
                let request = ChangeHousehold {
                    name,
                    grid,
                    accounts: is_given.then(|| accounts.collect()),
                    persons,
                    gone,
                };
                let path = asked.path(&format!("households/{household}"));
                let changed: HouseholdView =
                    asked.client.send(Method::PATCH, &path, &request).await?;
                output.facts(&changed, || lines(std::slice::from_ref(&changed)))
            }
            What::Slip(Slip { household }) => {
                let path = asked.path(&format!("households/{household}/slip"));
                let drawn: HouseholdSlip = asked.client.post(&path, &()).await?;
                output.facts(&drawn, || format!("{}\n", drawn.slip))
            }
        }
    }
}

impl Add {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let names = match &self.file {
            Some(file) => read(file)?.lines().map(str::to_owned).collect(),
            None => self.names,
        };
        let names: Vec<_> = names
            .into_iter()
            .filter(|name| !name.trim().is_empty())
            .collect();
        let mut added = HouseholdList {
            households: vec![],
            as_of_ms: 0,
        };
        let path = asked.path("households");
        for some in names.chunks(MOST_ADDED) {
            let one = |name: &String| AddHousehold {
                name: name.clone(),
                grid: self.grid,
            };
            let request = AddHouseholds {
                households: some.iter().map(one).collect(),
            };
            let more: HouseholdList = asked.client.post(&path, &request).await?;
            added.households.extend(more.households);
            added.as_of_ms = more.as_of_ms;
        }
        output.facts(&added, || lines(&added.households))
    }
}

fn lines(households: &[HouseholdView]) -> String {
    if households.is_empty() {
        return "no households; `wujitong household add` adds them\n".to_owned();
    }
    let headings = [
        "#number", "head", "grid", "accounts", "#persons", "slip", "#place", "#points",
    ];
    let rows = households.iter().map(|one| {
        let standing = one.standing;
        [
            one.household.to_string(),
            escape(&one.name),
            one.grid.map(|grid| grid.to_string()).unwrap_or_default(),
            one.accounts
                .iter()
                .map(u64::to_string)
                .collect::<Vec<_>>()
                .join(", "),
            one.persons
                .map(|count| count.to_string())
                .unwrap_or_default(),
            if one.has_slip { "yes" } else { "" }.to_owned(),
            standing
                .map(|one| one.place.to_string())
                .unwrap_or_default(),
            standing
                .map(|one| one.points.to_string())
                .unwrap_or_default(),
        ]
    });
    table(headings, rows)
}
