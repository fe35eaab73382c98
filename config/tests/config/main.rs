//! Tests of the crate as its users see it: examples, ranges, and errors that help.

#![expect(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod errors;
mod examples;
mod merging;
