//! `wujitong points`

mod exchange;

use std::path::PathBuf;

use api::{CorrectRating, HouseholdRecord, PointsQuery, PointsView, RateHousehold, RatingView};
use clap::Subcommand;
use domain::{
    foreign::escape,
    points::{HouseholdId, Mark, RatingId},
    time::Day,
};

use super::{
    Failure, Output,
    labels::{moment, one_of},
    matter::attach,
    site::{Asked, Site},
    tables::{pairs, table},
};

/// Points and honours (积分、红黑榜): rates households, shows how they stand, and books what they give points for
///
/// Templates of the kind `points` say what is rated, with how many points, and what of it is public.
///
/// Examples:
///   wujitong points show --node 330825002222
///   wujitong points rate 12 --item sorting --mark good --node 330825002222
///   wujitong points record 12
///   wujitong points exchange 12 --reward 3 --signed-by 张大山
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Points {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Record(Record),
    Rate(Rate),
    Correct(Correct),
    Rewards(exchange::List),
    Reward(exchange::Reward),
    Exchange(exchange::Exchange),
    TakeBack(exchange::TakeBack),
}

/// Shows the rules, the red list and the black side of a period, as everybody reads them
///
/// Examples:
///   wujitong points show
///   wujitong points show --day 2026-09-30
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    /// A day of the period; today if left out
    #[arg(long)]
    day: Option<Day>,
}

/// Shows the ratings of a household, and what it gave points for
///
/// Examples:
///   wujitong points record 12
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Record {
    /// Number of the household
    household: HouseholdId,
}

/// Rates a household by an item
///
/// Examples:
///   wujitong points rate 12 --item sorting --mark good
///   wujitong points rate 12 --item sorting --mark poor --remark "厨余混投" --attach bin.jpg
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Rate {
    /// Number of the household
    household: HouseholdId,
    /// Code of the item, as `wujitong points show` lists it
    #[arg(long)]
    item: String,
    /// What was found
    #[arg(long, value_parser = one_of::<Mark>())]
    mark: Mark,
    /// What else there is to say, at most 200 characters
    #[arg(long, default_value = "")]
    remark: String,
    /// A photo; may be repeated
    #[arg(long, value_name = "FILE")]
    attach: Vec<PathBuf>,
}

/// Corrects a rating; what it said before stays beside it
///
/// Examples:
///   wujitong points correct 1f3a9c0411223344 --mark fair --why "看错了桶"
///   wujitong points correct 1f3a9c0411223344 --cancel --why "不是这一户"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Correct {
    /// Number of the rating, as `wujitong points record` shows it
    number: RatingId,
    /// The mark from now on
    #[arg(long, value_parser = one_of::<Mark>(), required_unless_present = "cancel", conflicts_with = "cancel")]
    mark: Option<Mark>,
    /// Cancels the rating
    #[arg(long)]
    cancel: bool,
    /// Why, at most 200 characters; the household reads it
    #[arg(long)]
    why: String,
}

impl Points {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Show(Show { day }) => {
                let query = PointsQuery {
                    day: day.map(|day| day.to_string()),
                };
                let view: PointsView = asked.client.find(&asked.path("points"), &query).await?;
                output.facts(&view, || shown(&view))
            }
            What::Record(Record { household }) => {
                let path = asked.path(&format!("households/{household}/record"));
                let record: HouseholdRecord = asked.client.get(&path).await?;
                output.facts(&record, || recorded(&record))
            }
            What::Rate(rate) => rate.run(&asked, output).await,
            What::Rewards(list) => list.run(&asked, output).await,
            What::Reward(reward) => reward.run(&asked, output).await,
            What::Exchange(exchange) => exchange.run(&asked, output).await,
            What::TakeBack(back) => back.run(&asked, output).await,
            What::Correct(Correct {
                number,
                mark,
                cancel: _,
                why,
            }) => {
                let request = CorrectRating { mark, reason: why };
                let path = asked.path(&format!("ratings/{number}/correct"));
                let rating: RatingView = asked.client.post(&path, &request).await?;
                output.facts(&rating, || ratings(std::slice::from_ref(&rating)))
            }
        }
    }
}

impl Rate {
    async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let request = RateHousehold {
            item: self.item,
            mark: self.mark,
            remark: self.remark,
            photos: attach(asked, &self.attach, output).await?,
        };
        let path = asked.path(&format!("households/{}/ratings", self.household));
        let rating: RatingView = asked.client.post(&path, &request).await?;
        output.facts(&rating, || ratings(std::slice::from_ref(&rating)))
    }
}

fn shown(view: &PointsView) -> String {
    let rules = &view.rules;
    let mut text = pairs([
        ("period", format!("{} – {}", view.from, view.to)),
        ("rated", format!("{} of {}", view.rated, view.households)),
        ("templates", rules.templates.join(", ")),
        ("objections", format!("for {} days", rules.objection_days)),
        ("kept", format!("{} days", rules.keep_days)),
    ]);
    let rows = rules.items.iter().map(|item| {
        [
            item.code.clone(),
            item.name.clone(),
            item.good.to_string(),
            item.fair.to_string(),
            item.poor.to_string(),
            item.every.label(),
        ]
    });
    text += "\n";
    text += &table(["item", "name", "#good", "#fair", "#poor", "rated"], rows);
    text += "\n";
    text += &match &view.red {
        None => "the red list is not public\n".to_owned(),
        Some(red) if red.is_empty() => "nobody is on the red list\n".to_owned(),
        Some(red) => {
            let rows = red.iter().map(|line| {
                [
                    line.place.to_string(),
                    line.household.to_string(),
                    escape(&line.name),
                    line.points.to_string(),
                ]
            });
            table(["#place", "#household", "head", "#points"], rows)
        }
    };
    if !view.black.is_empty() {
        let rows = view.black.iter().map(|line| {
            let households = line.households.iter();
            let households: Vec<_> = households.map(|one| one.household.to_string()).collect();
            [
                line.name.clone(),
                line.poor.to_string(),
                households.join(", "),
            ]
        });
        text += "\n";
        text += &table(["poor", "#times", "households"], rows);
    }
    if !view.given.is_empty() {
        text += "\n";
        text += &exchange::given(&view.given);
    }
    text
}

fn recorded(record: &HouseholdRecord) -> String {
    let household = &record.household;
    let standing = household.standing.map_or_else(
        || "not rated".to_owned(),
        |one| format!("{} points, place {}", one.points, one.place),
    );
    let mut text = pairs([
        (
            "household",
            format!("{} {}", household.household, escape(&household.name)),
        ),
        ("period", format!("{} – {}", record.from, record.to)),
        ("stands", standing),
        (
            "points",
            format!(
                "{} to give ({} earned, {} given)",
                record.points.left, record.points.earned, record.points.spent
            ),
        ),
    ]);
    text += "\n";
    text += &ratings(&record.ratings);
    if !record.exchanges.is_empty() {
        text += "\n";
        text += &exchange::ledger(&record.exchanges);
    }
    text
}

fn ratings(all: &[RatingView]) -> String {
    if all.is_empty() {
        return "no ratings\n".to_owned();
    }
    let mark =
        |mark: Option<Mark>| mark.map_or_else(|| "cancelled".to_owned(), |mark| mark.label());
    let headings = [
        "number",
        "rated",
        "item",
        "mark",
        "#points",
        "before",
        "remark",
        "objection",
    ];
    let rows = all.iter().map(|rating| {
        let past: Vec<_> = rating.past.iter().map(|past| mark(past.mark)).collect();
        [
            rating.number.clone(),
            moment(rating.at_ms),
            rating.name.clone(),
            mark(rating.mark),
            rating.points.to_string(),
            past.join(", "),
            escape(&rating.remark),
            rating.objection.clone().unwrap_or_default(),
        ]
    });
    table(headings, rows)
}
