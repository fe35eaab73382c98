//! Divisions, tiers, codes, names, trees and outlines: which division is above which, the way
//! between any two, and where each lies. The code is pure.

mod code;
pub mod dns;
mod kind;
mod outline;
mod outlines;
mod tree;

pub use code::{CodeError, DivisionCode, Tier, UnknownTier};
pub use kind::{UnitKind, UnknownKind};
pub use outline::Outline;
pub use outlines::{FeatureError, FeatureFault, OutlineErrors, Outlines};
pub use tree::{Division, LoadErrors, RowError, RowFault, Tree, UnknownDivision};
