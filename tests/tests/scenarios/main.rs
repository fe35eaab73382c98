//! Scenarios on real nodes over real mTLS.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod custody;
mod dns;
mod epochs;
mod hostile;
mod links;
mod rollups;
mod strangers;
mod suites;
mod templates;
mod trace;
