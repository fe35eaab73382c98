//! `wujitong points rewards`, `reward`, `exchange` and `take-back`

use api::{
    AddReward, ChangeReward, ExchangePoints, ExchangeView, RewardGivenView, RewardView, Rewards,
    RewardsQuery, TakeBackExchange,
};
use clap::Subcommand;
use domain::{
    foreign::escape,
    points::{ExchangeId, HouseholdId, RewardId},
};
use http::Method;

use crate::{Failure, Output, labels::moment, secrets, site::Asked, tables::table};

/// Lists what households get for points (兑换清单)
///
/// Examples:
///   wujitong points rewards
///   wujitong points rewards --withdrawn
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct List {
    /// Also what is given no more
    #[arg(long)]
    withdrawn: bool,
}

/// Keeps the list of what households get for points
///
/// Examples:
///   wujitong points reward add 洗衣液 --cost 20 --unit 瓶 --left 30
///   wujitong points reward change 3 --cost 25
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Reward {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(Add),
    Change(Change),
}

/// Puts a reward on the list
///
/// Examples:
///   wujitong points reward add 洗衣液 --cost 20 --unit 瓶 --left 30
///   wujitong points reward add 理发 --cost 15 --unit 次
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Add {
    /// Its name
    name: String,
    /// Points for one, 1 to 10,000
    #[arg(long)]
    cost: u32,
    /// What is counted, such as 瓶; 个 if left out
    #[arg(long)]
    unit: Option<String>,
    /// How many there are to give; left out if nobody counts them
    #[arg(long)]
    left: Option<u32>,
}

/// Changes a reward; what is left out stays, and so does what was booked
///
/// Examples:
///   wujitong points reward change 3 --cost 25 --left 40
///   wujitong points reward change 3 --withdrawn true
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Change {
    /// Number of the reward, as `wujitong points rewards` shows it
    reward: RewardId,
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// Points for one
    #[arg(long)]
    cost: Option<u32>,
    /// What is counted
    #[arg(long)]
    unit: Option<String>,
    /// How many are left to give
    #[arg(long, conflicts_with = "uncounted")]
    left: Option<u32>,
    /// Nobody counts how many are left
    #[arg(long)]
    uncounted: bool,
    /// Whether it is given no more
    #[arg(long)]
    withdrawn: Option<bool>,
}

/// Books what a household gives points for (兑换), at the counter
///
/// The household agrees with its slip, or one of its people signs. A slip is typed or read from standard input, because
/// everybody on the machine can see arguments. No household gives more points than it has.
///
/// Examples:
///   wujitong points exchange 12 --reward 3 --count 2 --signed-by 张大山
///   wujitong points exchange 12 --reward 3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Exchange {
    /// Number of the household
    household: HouseholdId,
    /// Number of the reward, as `wujitong points rewards` shows it
    #[arg(long)]
    reward: RewardId,
    /// How many of it, 1 to 99
    #[arg(long, default_value_t = 1)]
    count: u16,
    /// The name of who signs for the household; without it the slip is asked for
    #[arg(long, value_name = "NAME")]
    signed_by: Option<String>,
}

/// Takes an exchange back by a counter-entry (冲销); the exchange stays in the ledger
///
/// Examples:
///   wujitong points take-back 1f3a9c0411223344 --why "拿错了"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct TakeBack {
    /// Number of the exchange, as `wujitong points record` shows it
    number: ExchangeId,
    /// Why, at most 200 characters; the household reads it
    #[arg(long)]
    why: String,
}

impl List {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = RewardsQuery {
            withdrawn: self.withdrawn,
        };
        let list: Rewards = asked.client.find(&asked.path("rewards"), &query).await?;
        output.facts(&list, || rewards(&list.rewards))
    }
}

impl Reward {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let reward: RewardView = match self.what {
            What::Add(add) => {
                let request = AddReward {
                    name: add.name,
                    unit: add.unit,
                    cost: add.cost,
                    left: add.left,
                };
                asked.client.post(&asked.path("rewards"), &request).await?
            }
            What::Change(change) => {
                let request = ChangeReward {
                    name: change.name,
                    unit: change.unit,
                    cost: change.cost,
                    left: change.left,
                    uncounted: change.uncounted,
                    withdrawn: change.withdrawn,
                };
                let path = asked.path(&format!("rewards/{}", change.reward));
                asked.client.send(Method::PATCH, &path, &request).await?
            }
        };
        output.facts(&reward, || rewards(std::slice::from_ref(&reward)))
    }
}

impl Exchange {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let slip = match self.signed_by {
            Some(_) => None,
            None => Some(secrets::password("Slip of the household", false).await?),
        };
        let request = ExchangePoints {
            reward: self.reward.0,
            count: self.count,
            slip,
            signed_by: self.signed_by,
        };
        let path = asked.path(&format!("households/{}/exchanges", self.household));
        let booked: ExchangeView = asked.client.post(&path, &request).await?;
        output.facts(&booked, || ledger(std::slice::from_ref(&booked)))
    }
}

impl TakeBack {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = TakeBackExchange { reason: self.why };
        let path = asked.path(&format!("exchanges/{}/take-back", self.number));
        let booked: ExchangeView = asked.client.post(&path, &request).await?;
        output.facts(&booked, || ledger(std::slice::from_ref(&booked)))
    }
}

fn rewards(all: &[RewardView]) -> String {
    if all.is_empty() {
        return "nothing is given for points; `wujitong points reward add` puts something on the list\n"
            .to_owned();
    }
    let rows = all.iter().map(|one| {
        [
            one.reward.to_string(),
            escape(&one.name),
            escape(&one.unit),
            one.cost.to_string(),
            one.left.map(|left| left.to_string()).unwrap_or_default(),
            if one.withdrawn { "withdrawn" } else { "" }.to_owned(),
        ]
    });
    table(["#number", "name", "unit", "#points", "#left", ""], rows)
}

/// Shows entries of the ledger of a household.
pub(super) fn ledger(all: &[ExchangeView]) -> String {
    let rows = all.iter().map(|one| {
        let told = match (&one.takes_back, &one.taken_back_by) {
            (Some(of), _) => {
                let reason = escape(one.reason.as_deref().unwrap_or_default());
                format!("takes back {of}: {reason}")
            }
            (None, Some(by)) => format!("taken back by {by}"),
            (None, None) => String::new(),
        };
        let consent = one.consent.map(|consent| consent.label());
        let consent = consent.unwrap_or_default();
        let signer = one.signed_by.as_deref().map(escape).unwrap_or_default();
        [
            one.number.clone(),
            moment(one.at_ms),
            format!("{} × {}{}", escape(&one.name), one.count, escape(&one.unit)),
            one.points.to_string(),
            format!("{consent} {signer}").trim().to_owned(),
            told,
        ]
    });
    table(
        ["number", "booked", "reward", "#points", "consent", ""],
        rows,
    )
}

/// Shows what points were given for.
pub(super) fn given(all: &[RewardGivenView]) -> String {
    let rows = all.iter().map(|one| {
        [
            escape(&one.name),
            format!("{} {}", one.count, escape(&one.unit)),
            one.exchanges.to_string(),
            one.points.to_string(),
        ]
    });
    table(["given", "", "#exchanges", "#points"], rows)
}
