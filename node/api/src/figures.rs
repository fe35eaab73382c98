//! Figures of a subtree, and the same figures counted from the journal.

use std::collections::BTreeMap;

use domain::{
    measure::{Measure, Row},
    rollup::Counters,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use topology::DivisionCode;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, SchemaFormat,
        schema::{Schema, Type},
    },
};

use super::{Code, SilentChild};

topology::vocabulary! {
    /// What the lines of a rollup stand for.
    #[derive(Default, utoipa::ToSchema)]
    pub enum RollupBy: "grouping" {
        /// In Asia/Shanghai.
        #[default]
        Day = 1, "day", "按日", "a line for each day";
        Category = 2, "category", "按类别", "a line for each category";
        Platform = 3, "platform", "按平台", "a line for each platform";
        Division = 4, "division", "按单位", "a line for each acting division, as fine as the node keeps them";
        Township = 5, "township", "按乡镇", "a line for each acting township, with what is below it";
        County = 6, "county", "按县", "a line for each acting county";
        City = 7, "city", "按市", "a line for each acting city";
    }
}

/// Selects figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RollupQuery {
    /// First day, such as `2026-03-01`; from the beginning if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day, inclusive; to the end if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Grouping of the lines.
    #[serde(default)]
    #[param(inline)]
    pub by: RollupBy,
}

/// Counts of facts, and values derived from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figures {
    /// How often each measure was counted.
    #[serde(flatten)]
    pub counts: MeasureCounts,
    /// Matters held and not closed; over a range of days, the change of that number.
    pub open: i64,
    /// Given minus taken: matters that left and did not come back, and matters in transit.
    pub net_given: i64,
    /// Matters in transit between two nodes. Known only for the whole network, so it is present
    /// only in the total of the province over all days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_transit: Option<i64>,
}

impl From<Counters> for Figures {
    fn from(counters: Counters) -> Self {
        Self {
            counts: MeasureCounts(counters),
            open: counters.open(),
            net_given: counters.in_transit(),
            in_transit: None,
        }
    }
}

/// How often each measure was counted. In JSON a field for each measure of this build, named by its code with
/// underscores for dashes; a field that is missing is 0, one that this build does not know is skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeasureCounts(pub Counters);

/// Returns the name of a measure's field.
fn field(row: &Row) -> String {
    row.code.replace('-', "_")
}

impl Serialize for MeasureCounts {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let rows = Measure::LIST.iter();
        to.collect_map(rows.map(|row| (field(row), self.0[row.measure])))
    }
}

impl<'de> Deserialize<'de> for MeasureCounts {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let fields = BTreeMap::<String, serde_json::Value>::deserialize(from)?;
        let mut counters = Counters::default();
        for row in Measure::LIST {
            let count = fields.get(&field(row)).and_then(serde_json::Value::as_u64);
            counters[row.measure] = count.unwrap_or_default();
        }
        Ok(Self(counters))
    }
}

impl PartialSchema for MeasureCounts {
    fn schema() -> RefOr<Schema> {
        let mut counts =
            ObjectBuilder::new().description(Some("How often each measure was counted."));
        for row in Measure::LIST {
            let count = ObjectBuilder::new()
                .schema_type(Type::Integer)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
                .minimum(Some(0))
                .description(Some(format!("{} {}", row.english, row.chinese)));
            counts = counts.property(field(row), count).required(field(row));
        }
        counts.into()
    }
}

impl ToSchema for MeasureCounts {}

/// Figures of a node's subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RollupTable {
    /// Root of the subtree.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// First day of the request.
    pub from: Option<String>,
    /// Last day of the request.
    pub to: Option<String>,
    /// Grouping of the lines.
    pub by: RollupBy,
    /// The lines, ordered by key.
    pub lines: Vec<RollupLine>,
    /// Sum of all lines.
    pub total: Figures,
    /// When the node computed the answer, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// Children with a link that is up; their figures are current. Those of other children are as
    /// last received.
    pub children_up: usize,
    /// Number of children in the list of divisions.
    pub children_expected: usize,
    /// Children that are known and not linked, longest first; at most 16.
    #[serde(default)]
    pub silent: Vec<SilentChild>,
    /// Children with faulty figures: cells were refused, do not add up, or were counted in a lost
    /// epoch of the child's store.
    #[serde(default)]
    pub marked: Vec<ChildFiguresView>,
}

/// State of the figures of one child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChildFiguresView {
    /// The child.
    #[schema(value_type = Code)]
    pub child: DivisionCode,
    /// Cells kept apart because they are impossible; no sum contains them.
    pub apart: u32,
    /// Cells refused so far, including those that could not be kept.
    pub refused: u64,
    /// Sums by division, origin and category that give or close more matters than came in. Usually
    /// some cells have not arrived yet. After an alarm, also origins whose figures contradict the
    /// matters that crossed the child's link.
    pub uneven: u32,
    /// Since when there are such sums, in milliseconds since 1970.
    pub uneven_since_ms: Option<i64>,
    /// Cells that count more than the present epoch of the child's store knows.
    pub lost: u32,
}

/// Cells of children that no sum contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellsApart {
    /// The cells, ordered by child, day, division, origin and category.
    pub cells: Vec<CellApart>,
}

/// A cell that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellApart {
    /// The child that reported it.
    #[schema(value_type = Code)]
    pub child: DivisionCode,
    /// The division that acted, according to the child.
    #[schema(value_type = Code)]
    pub acting: DivisionCode,
    /// The origin of the matters, according to the child.
    #[schema(value_type = Code)]
    pub origin: DivisionCode,
    /// The category of the matters, according to the child.
    pub category: String,
    /// The day.
    pub day: String,
    /// Code of the reason why it does not count.
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// When the child last reported it, in milliseconds since 1970.
    pub at_ms: i64,
    /// The reported figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// One line of a rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RollupLine {
    /// The day, category, platform or division of the line.
    pub key: String,
    /// Chinese name of the key, if it has one.
    pub name: Option<String>,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Figures counted from the journal of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JournalCount {
    /// The division of the journal; nodes below it are not counted.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Number of entries read.
    pub entries: u64,
    /// Sum of the entries.
    #[serde(flatten)]
    pub figures: Figures,
    /// When the node computed the answer, in milliseconds since 1970.
    pub as_of_ms: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn every_measure_is_a_field_of_a_line_and_what_another_build_says_is_read() {
        let all: Vec<_> = Measure::LIST.iter().map(|row| row.measure).collect();
        let counted = (1..).zip(all).map(|(count, measure)| (measure, count));
        let line = RollupLine {
            key: "order".to_owned(),
            name: None,
            figures: Counters::try_from(Vec::from_iter(counted)).unwrap().into(),
        };
        let mut said = serde_json::to_value(&line).unwrap();
        assert_eq!(said["recategorised_in"], json!(9));
        assert_eq!(said["open"], json!(line.figures.open));
        assert_eq!(
            serde_json::from_value::<RollupLine>(said.clone()).unwrap(),
            line
        );
        let fields: &mut serde_json::Map<String, Value> = said.as_object_mut().unwrap();
        fields.insert("danced".to_owned(), json!("often"));
        fields.remove("merged");
        let read: RollupLine = serde_json::from_value(said).unwrap();
        assert_eq!(read.figures.counts.0[Measure::MERGED], 0);
        assert_eq!(read.figures.counts.0[Measure::CLOSED], 4);
    }
}
