//! A filled form for trying: what villagers would see of an item before anybody has published one.

use super::{CellFault, Content, Field, FieldKind, Item, Spot};
use crate::time::Day;

/// Rows of the table in a sample.
const ROWS: usize = 2;

impl Item {
    /// Returns the form filled with made-up values, so that its sums agree. `day` stands where a day is asked for.
    pub fn sample(&self, day: Day) -> Content {
        let fill = |fields: &[Field]| -> Vec<Box<str>> {
            fields.iter().map(|field| made_up(field, day)).collect()
        };
        let rows = match self.columns.is_empty() {
            true => 0,
            false => ROWS,
        };
        let mut content = Content {
            fields: fill(&self.fields),
            rows: vec![fill(&self.columns); rows],
            note: "".into(),
        };
        // A sum may be a part of another one: as many rounds as there are sums settle all of them.
        for _ in &self.sums {
            for fault in content.every_fault(self) {
                if let (Spot::Field(at), CellFault::Sum { expected }) = (fault.at, fault.fault) {
                    content.fields[at] = expected.into();
                }
            }
        }
        content
    }
}

fn made_up(field: &Field, day: Day) -> Box<str> {
    match field.kind {
        FieldKind::Text => "示例".into(),
        FieldKind::Money => "100.00".into(),
        FieldKind::Number => "1".into(),
        FieldKind::Date => day.to_string().into(),
        FieldKind::Choice => field.options.first().cloned().unwrap_or_default(),
    }
}
