//! Signing keys of divisions: their statements and revocations.

pub(crate) mod revocations;
pub(crate) mod statements;
