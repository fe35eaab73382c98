//! The edges: what comes in from peers (gRPC) and from people (HTTP), checked before the office is
//! asked anything.

pub mod fetch;
pub mod grpc;
pub mod hooks;
pub mod keys;
pub mod listen;
pub mod oidc;
pub mod places;
pub mod receipt;
pub mod revoked;
pub mod roster;
pub mod seal;
pub mod session;
pub mod verify;
pub mod web;
