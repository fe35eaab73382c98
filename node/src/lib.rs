//! 五级通 Wujitong: a node of the five-tier network, as a library.
//!
//! The rooms, in reading order. `ARCHITECTURE.md` says what each may name; `tests/rooms.rs` checks it.

pub mod domain;
