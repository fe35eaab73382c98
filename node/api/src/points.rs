//! Points and honours: rules, the public lists, households, ratings.

use domain::{
    disclosure::Rhythm,
    points::{
        BlackLine, Every, Household, Mark, Past, PointRules, RatedItem, Rating, RedLine, Standing,
    },
};
use serde::{Deserialize, Serialize};

use super::{ExchangeView, PurseView, RewardGivenView, UploadId};

/// Header with the slip that opens the record of a household.
pub const HOUSEHOLD_SLIP: &str = "household-slip";

/// An item that households are rated by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RatedItemView {
    /// Its name for programs.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// The points of good.
    pub good: i16,
    /// The points of fair.
    pub fair: i16,
    /// The points of poor.
    pub poor: i16,
    /// How often it is rated.
    pub every: Every,
}

impl From<&RatedItem> for RatedItemView {
    fn from(item: &RatedItem) -> Self {
        Self {
            code: item.code.to_string(),
            name: item.name.to_string(),
            english: item.english.as_deref().map(str::to_owned),
            good: item.points(Mark::Good),
            fair: item.points(Mark::Fair),
            poor: item.points(Mark::Poor),
            every: item.every,
        }
    }
}

/// The rules of points in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PointRulesView {
    /// The templates that they come from, with their versions, the highest first.
    pub templates: Vec<String>,
    /// The period of ranking.
    pub period: Rhythm,
    /// Days for which a rating may be objected to.
    pub objection_days: u8,
    /// Days for which a rating counts and is shown.
    pub keep_days: u16,
    /// Points that a household needs to be on the red list.
    pub red_from: u16,
    /// Whether the red list is public.
    pub red_public: bool,
    /// Whether households of the black side are named in public.
    pub black_names: bool,
    /// The items.
    pub items: Vec<RatedItemView>,
}

impl PointRulesView {
    /// Returns rules with the templates that they come from.
    pub fn of(rules: &PointRules, templates: Vec<String>) -> Self {
        Self {
            templates,
            period: rules.period,
            objection_days: rules.objection_days,
            keep_days: rules.keep_days,
            red_from: rules.red_from,
            red_public: rules.red_public,
            black_names: rules.black_names,
            items: rules.items.iter().map(RatedItemView::from).collect(),
        }
    }
}

/// A household on the red list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RedLineView {
    /// Its place on the list; households with the same points share one.
    pub place: u32,
    /// Its number.
    pub household: u32,
    /// The name of its head.
    pub name: String,
    /// Its points.
    pub points: i64,
}

impl From<&RedLine> for RedLineView {
    fn from(line: &RedLine) -> Self {
        Self {
            place: line.place,
            household: line.household.0,
            name: line.name.to_string(),
            points: line.points,
        }
    }
}

/// What was found poor of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BlackLineView {
    /// Name of the item for programs.
    pub item: String,
    /// Name of the item for people; that for programs if the rules no longer have it.
    pub name: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// Number of marks poor.
    pub poor: u32,
    /// The households by number and name; empty unless the rules publish names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub households: Vec<NamedHousehold>,
}

/// A household by number and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedHousehold {
    /// Its number.
    pub household: u32,
    /// The name of its head.
    pub name: String,
}

impl BlackLineView {
    /// Returns a line under the rules in force.
    pub fn of(line: &BlackLine, rules: &PointRules) -> Self {
        let item = rules.item(&line.item);
        let households = line.households.iter();
        Self {
            item: line.item.to_string(),
            name: item.map_or(&line.item, |item| &item.name).to_string(),
            english: item.and_then(|item| item.english.as_deref().map(str::to_owned)),
            poor: line.poor,
            households: households
                .map(|(household, name)| NamedHousehold {
                    household: household.0,
                    name: name.to_string(),
                })
                .collect(),
        }
    }
}

/// What everybody reads of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PointsView {
    /// The rules in force.
    pub rules: PointRulesView,
    /// The first day of the period.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The first days of the last eight periods, latest first.
    pub periods: Vec<String>,
    /// Number of households.
    pub households: u32,
    /// Number of households that were rated in the period.
    pub rated: u32,
    /// The red list; absent if the rules do not publish it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red: Option<Vec<RedLineView>>,
    /// The black side, by item.
    pub black: Vec<BlackLineView>,
    /// What points were given for in the period, by reward.
    pub given: Vec<RewardGivenView>,
    /// When it was made out, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// Which period is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PointsQuery {
    /// A day of the period: `2026-11-30`; today if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<String>,
}

/// The place of a household in the present period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdPlace {
    /// Its place; households with the same points share one.
    pub place: u32,
    /// Its points.
    pub points: i64,
    /// Number of marks good.
    pub good: u32,
    /// Number of marks fair.
    pub fair: u32,
    /// Number of marks poor.
    pub poor: u32,
}

impl From<&Standing> for HouseholdPlace {
    fn from(standing: &Standing) -> Self {
        Self {
            place: standing.place,
            points: standing.tally.points,
            good: standing.tally.good,
            fair: standing.tally.fair,
            poor: standing.tally.poor,
        }
    }
}

/// A household, for those who may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdView {
    /// Its number.
    pub household: u32,
    /// The name of its head.
    pub name: String,
    /// Number of its grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
    /// Numbers of the accounts that see its record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<u64>,
    /// How many persons it has, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u16>,
    /// Whether a slip opens its record.
    pub has_slip: bool,
    /// Whether it moved away.
    pub gone: bool,
    /// Its place in the present period, if it was rated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<HouseholdPlace>,
}

impl HouseholdView {
    /// Returns a household with its place.
    pub fn of(household: &Household, standing: Option<&Standing>) -> Self {
        Self {
            household: household.id.0,
            name: household.name.to_string(),
            grid: household.grid.map(|grid| grid.0),
            accounts: household.accounts.iter().map(|account| account.0).collect(),
            persons: household.persons,
            has_slip: household.slip.is_some(),
            gone: household.gone,
            standing: standing.map(HouseholdPlace::from),
        }
    }
}

/// The households of a division that have not moved away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdList {
    /// The households, by their numbers.
    pub households: Vec<HouseholdView>,
    /// When the list was made, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// A household to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddHousehold {
    /// The name of its head, 1 to 40 characters.
    pub name: String,
    /// Number of its grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
}

/// Households to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddHouseholds {
    /// 1 to 50 of them; they get the next numbers in this order.
    pub households: Vec<AddHousehold>,
}

/// A change of a household; what is left out stays, and 0 takes the grid or the number of persons away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeHousehold {
    /// The name of its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number of its grid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grid: Option<u32>,
    /// Numbers of the accounts that see its record, at most 10; none if the list is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<u64>>,
    /// How many persons it has, 1 to 99.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persons: Option<u16>,
    /// Whether it moved away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<bool>,
}

/// A slip that opens the record of a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdSlip {
    /// Number of the household.
    pub household: u32,
    /// The slip, which is shown once: `wjh_` and 32 hexadecimal digits.
    pub slip: String,
}

/// What a rating said before a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PastRating {
    /// The mark; absent if it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Its points.
    pub points: i16,
    /// When it was corrected, in milliseconds since 1970.
    pub at_ms: i64,
    /// Why.
    pub reason: String,
}

impl From<&Past> for PastRating {
    fn from(past: &Past) -> Self {
        Self {
            mark: past.mark,
            points: past.points,
            at_ms: past.at.0,
            reason: past.reason.to_string(),
        }
    }
}

/// A rating of a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RatingView {
    /// Its number, 16 hexadecimal digits.
    pub number: String,
    /// The household.
    pub household: u32,
    /// Name of the item for programs.
    pub item: String,
    /// Name of the item for people.
    pub name: String,
    /// Its English name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub english: Option<String>,
    /// The mark as it stands; absent if it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The points as they stand.
    pub points: i16,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
    /// What was found; may be empty.
    pub remark: String,
    /// Number of photos.
    pub photos: u8,
    /// Until when the household may object.
    pub object_until_ms: i64,
    /// When it goes by itself.
    pub until_ms: i64,
    /// What it said before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<PastRating>,
    /// Number of the matter that objects to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objection: Option<String>,
}

impl RatingView {
    /// Returns a rating with the matter that objects to it.
    pub fn of(rating: &Rating, objection: Option<String>) -> Self {
        Self {
            number: rating.id.to_string(),
            household: rating.household.0,
            item: rating.item.to_string(),
            name: rating.name.to_string(),
            english: rating.english.as_deref().map(str::to_owned),
            mark: rating.mark,
            points: rating.points,
            at_ms: rating.at.0,
            remark: rating.remark.to_string(),
            photos: u8::try_from(rating.photos.len()).unwrap_or(u8::MAX),
            object_until_ms: rating.object_until.0,
            until_ms: rating.until.0,
            past: rating.past.iter().map(PastRating::from).collect(),
            objection,
        }
    }
}

/// The record of a household: for itself, and for those who may see households.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdRecord {
    /// The household with its place.
    pub household: HouseholdView,
    /// The first day of the present period.
    pub from: String,
    /// The last day.
    pub to: String,
    /// Its points: earned, given, left.
    pub points: PurseView,
    /// Its ratings, newest first, at most 200.
    pub ratings: Vec<RatingView>,
    /// What it gave points for, newest first, at most 200.
    pub exchanges: Vec<ExchangeView>,
    /// When it was read, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// A rating to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateHousehold {
    /// Name of the item for programs.
    pub item: String,
    /// The mark.
    pub mark: Mark,
    /// What was found, at most 200 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// Uploads of the caller that become its photos, at most 4. Those of a draft are named by the header `Draft-Key`
    /// besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub photos: Vec<UploadId>,
}

/// A correction of a rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectRating {
    /// The mark from now on; left out to cancel the rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// Why, 1 to 200 characters. The household reads it.
    pub reason: String,
}

/// The rating that a report objects to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObjectedRating {
    /// Its number.
    pub rating: String,
    /// The slip of the household; left out if the caller's account belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slip: Option<String>,
}
