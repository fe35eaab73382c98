//! What a node may decide. Pure: no clock, no disk, no network, no async; time, ids and randomness
//! come in as arguments.

pub mod actor;
pub mod authority;
pub mod category;
pub mod custody;
pub mod envelope;
pub mod flow;
pub mod ids;
pub mod journal;
pub mod matter;
pub mod request;
pub mod rollup;
pub mod statement;
pub mod suite;
pub mod template;
pub mod time;
