//! People and programs over the real API: who gets in, what they may, what is done once.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod alarms;
mod alone;

mod audit;
mod commands;
mod document;
mod events;
mod hooks;
mod imports;
mod login;
mod oidc;
mod once;
mod roles;
mod slips;
mod tags;
mod words;
