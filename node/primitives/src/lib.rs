//! Terms that every part of a node shares: ids, time, suites of algorithms, signed statements, flows and epochs, and
//! records with versions. No rule, no input or output, no async.

pub mod flow;
pub mod ids;
pub mod life;
pub mod month;
pub mod record;
pub mod statement;
pub mod suite;
pub mod time;
