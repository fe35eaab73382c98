//! What a node may decide. Pure: no clock, no disk, no network, no async; time, ids and randomness
//! come in as arguments.

pub mod suite;
