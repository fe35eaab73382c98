//! The form of what is made public because villagers demanded it.

use super::{Class, Disclosure, Field, FieldKind, Item, Line, Rhythm};
use crate::calendar::Allowance;

/// What such disclosures are called.
const ITEM: &str = "应村民要求公开的事项";
/// The name of what stands for their template. It has version 0, which no template has.
pub const DEMANDED_TEMPLATE: &str = "on-demand";
/// The time to publish one from the day on which enough supported it, and to object.
const DUE: Allowance = Allowance::Days(10);
const OBJECTION: Allowance = Allowance::Days(5);

/// Returns the form: words alone, because nobody knows what will be demanded.
pub fn demanded_item() -> Item {
    let field = Field {
        name: "公开的内容".into(),
        kind: FieldKind::Text,
        unit: None,
        required: true,
        options: vec![],
    };
    Item {
        name: ITEM.into(),
        english: Some("Made public because villagers demanded it".into()),
        class: Class::Village,
        rhythm: Rhythm::Event,
        period_days: 0,
        due: DUE,
        objection: OBJECTION,
        source: Some("《村民委员会组织法》第三十条、第三十一条；十分之一以上村民要求".into()),
        fields: vec![field],
        columns: vec![],
        sums: vec![],
    }
}

impl Disclosure {
    /// Returns whether it was begun because villagers demanded it.
    pub fn is_demanded(&self) -> bool {
        self.template_version == 0 && *self.template.name == *DEMANDED_TEMPLATE
    }
}

impl Line {
    /// Returns whether it was begun because villagers demanded it.
    pub fn is_demanded(&self) -> bool {
        *self.item == *ITEM && *self.template.name == *DEMANDED_TEMPLATE
    }
}
