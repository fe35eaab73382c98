//! Links between nodes: dialling, listening, the sessions of two neighbours, and the checks of
//! every incoming envelope.

pub mod courier;
pub mod fetch;
pub mod grpc;
pub mod join;
pub mod keys;
pub mod link;
pub mod listen;
pub mod permits;
pub mod renewal;
pub mod revoked;
pub mod session;
pub mod sign;
pub mod verify;

pub use wire::frame::PROTOCOL;
