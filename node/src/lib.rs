//! 五级通 Wujitong: a node of the five-tier network, as a library.
//!
//! The rooms, in reading order. `ARCHITECTURE.md` says what each may name; `tests/rooms.rs` checks it.

pub mod app;
pub mod cli;
pub use ::domain;
pub mod edge;
pub mod identity;
pub mod link;
pub mod office;
pub mod outbox;
pub mod papers;
pub use ::store;
pub mod telemetry;
pub mod wire;
