//! Links between nodes: who dials, who listens, what two neighbours say to each other, and how
//! every envelope that comes is checked.

pub mod fetch;
pub mod grpc;
pub mod keys;
pub mod link;
pub mod listen;
pub mod permits;
pub mod revoked;
pub mod session;
pub mod sign;
pub mod verify;
