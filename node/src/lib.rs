//! 五级通 Wujitong: a node of the five-tier network, as a library.
//!
//! Every name here is a crate of its own, in reading order. `ARCHITECTURE.md` says which crate may
//! depend on which; `tests/node/staircase.rs` compares it with the manifests.

pub mod commands;

pub use api;
pub use app;
pub use cli;
pub use domain;
pub use identity;
pub use log;
pub use media;
pub use office;
pub use open311;
pub use outbound;
pub use peer;
pub use proof;
pub use records;
pub use store;
pub use telemetry;
pub use web;
pub use wire;
pub use workers;
