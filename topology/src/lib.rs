//! Divisions, tiers, codes, names, trees and outlines: which division is above which, the path
//! between any two, and where each lies. The code is pure.

mod code;
pub mod dns;
mod kind;
mod outline;
mod outlines;
pub mod saying;
pub mod text;
mod tree;
pub mod vocabulary;
pub mod zone;

pub use code::{CodeError, DivisionCode, Tier};
pub use kind::UnitKind;
pub use outline::Outline;
pub use outlines::{FeatureError, FeatureFault, OutlineErrors, Outlines};
pub use tree::{Division, LoadErrors, RowError, RowFault, Tree, UnknownDivision};
pub use vocabulary::{Enumeration, Term, UnknownTerm};

/// Returns the enumerations that are declared here.
pub fn enumerations() -> Vec<Enumeration> {
    vec![Enumeration::of::<Tier>(), Enumeration::of::<UnitKind>()]
}
