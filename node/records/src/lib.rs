//! What a node keeps: what waits for its neighbours.

pub mod outbox;
