//! Divisions, tiers, codes, names, trees. Pure.

mod code;

pub use code::{CodeError, DivisionCode, Tier};
