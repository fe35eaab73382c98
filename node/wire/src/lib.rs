//! Converts between domain types and protobuf, strictly and totally. What a peer sends is checked
//! here for shape and range, so that no other crate meets a number that could overflow; whether it
//! is true is decided elsewhere.
//!
//! Envelopes are decoded to be understood, never to be forwarded: a hop forwards the exact bytes.

mod adoption;
mod attachment;
mod choice;
mod clock;
mod compliance;
pub mod courier;
mod envelope;
mod figures;
pub mod frame;
mod heads;
mod health;
mod malformed;
mod matter;
pub mod refusal;
mod request;
mod revocation;
mod rollout;
mod template;

#[cfg(test)]
mod arbitrary;
#[cfg(test)]
mod tests;

pub use envelope::{decode_envelope, encode_envelope};
pub use malformed::Malformed;
pub use matter::{
    decode_body, decode_step, digest_of_history, encode_body, encode_steps, history_digest,
};

/// Longest key of a replaceable envelope in bytes: a cell's key with the longest category.
pub const MOST_KEY_BYTES: usize = 72;
