//! Divisions, tiers, codes, names, trees: who stands above whom, and the way between any two. Pure.

mod code;
pub mod dns;
mod kind;
mod tree;

pub use code::{CodeError, DivisionCode, Tier, UnknownTier};
pub use kind::{UnitKind, UnknownKind};
pub use tree::{Division, LoadErrors, RowError, RowFault, Tree, UnknownDivision};
