//! Networks of real nodes: what they do together, what survives when things go wrong, and their pages
//! in a real browser.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod browser;
mod faults;
mod scenarios;
