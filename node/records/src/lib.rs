//! What a node keeps: typed tables, and what waits for its neighbours.

pub mod outbox;
pub mod table;
