//! Signs that a form was filled in only to be green: shown with their evidence to whoever reviews it. They stop nothing.

use super::{Content, Item, Span, content::read_number};
use crate::time::Timestamp;

/// A sign that a form may say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No number in it differs from zero; holds how many there are.
    AllZero(usize),
    /// It says the same as the disclosure of the period before.
    Copied,
    /// The table is empty, and the form has one.
    NoRows,
    /// This many fields that may be left empty are all empty.
    OnlyRequired(usize),
    /// The days that it is about are not over.
    Early,
}

topology::vocabulary! {
    /// A doubt, without its evidence.
    #[derive(utoipa::ToSchema)]
    pub enum DoubtName names Doubt: "doubt about a form" {
        AllZero = 1, "all-zero", "数字全部为零", "all numbers are zero";
        Copied = 2, "copied", "与上一期完全相同", "the same as the period before";
        NoRows = 3, "no-rows", "明细表为空", "the table is empty";
        OnlyRequired = 4, "only-required", "选填的全部没有填", "everything voluntary is left out";
        Early = 5, "early", "本期尚未结束", "its days are not over";
    }
}

/// Returns the doubts about a form that is published now, about days; `before` is what was published for the period
/// before.
pub fn doubts(
    item: &Item,
    content: &Content,
    before: Option<&Content>,
    (span, now): (Span, Timestamp),
) -> Vec<Doubt> {
    let mut all = vec![];
    if now < span.after().start() && item.rhythm.days().is_some() {
        all.push(Doubt::Early);
    }
    let fields = item.fields.iter().zip(&content.fields);
    let cells = content
        .rows
        .iter()
        .flat_map(|row| item.columns.iter().zip(row));
    let numbers: Vec<i128> = fields
        .chain(cells)
        .filter_map(|(field, text)| read_number(field, text))
        .collect();
    if !numbers.is_empty() && numbers.iter().all(|number| *number == 0) {
        all.push(Doubt::AllZero(numbers.len()));
    }
    let says_something =
        !content.rows.is_empty() || content.fields.iter().any(|text| !text.is_empty());
    if says_something
        && before
            .is_some_and(|before| before.fields == content.fields && before.rows == content.rows)
    {
        all.push(Doubt::Copied);
    }
    if !item.columns.is_empty() && content.rows.is_empty() {
        all.push(Doubt::NoRows);
    }
    let voluntary = || {
        item.fields
            .iter()
            .zip(&content.fields)
            .filter(|(field, _)| !field.required)
    };
    if voluntary().count() > 1 && voluntary().all(|(_, text)| text.is_empty()) {
        all.push(Doubt::OnlyRequired(voluntary().count()));
    }
    all
}
