//! The search text that a person types to find a matter.

use std::collections::BTreeSet;

use topology::{DivisionCode, Tree};

use super::number::{Span, spans};
use crate::IndexEntry;

pub(super) enum Words {
    /// The beginning of a number.
    Number(String),
    /// A part of a name.
    Names(Names),
}

pub(super) struct Names {
    part: String,
    /// Divisions with such a name.
    named: BTreeSet<DivisionCode>,
    /// Those and all below them.
    within: BTreeSet<DivisionCode>,
}

impl Words {
    /// Parses a search text; `None` if it is blank.
    pub(super) fn read(text: &str, tree: &Tree) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            return Some(Self::Number(text.to_ascii_lowercase()));
        }
        let named: BTreeSet<_> = tree
            .iter()
            .filter(|division| division.name.contains(text))
            .map(|division| division.code)
            .collect();
        let within = named.iter().flat_map(|code| tree.subtree(*code)).collect();
        Some(Self::Names(Names {
            part: text.to_owned(),
            named,
            within,
        }))
    }

    /// Returns whether a matter matches.
    pub(super) fn fit(&self, line: &IndexEntry) -> bool {
        match self {
            Self::Number(number) => {
                let bytes = line.id.to_bytes();
                let within = |(from, to): &Span| from[..] <= bytes[..] && bytes[..] < to[..];
                spans(number).iter().any(within)
            }
            Self::Names(names) => {
                let has = |name: &str| name.contains(&names.part);
                has(line.category.as_str())
                    || line.category.chinese().is_some_and(has)
                    || has(line.category.platform().chinese())
                    || names.within.contains(&line.id.origin)
                    || names.named.contains(&line.holder)
            }
        }
    }
}
