//! People and programs over the real API: who gets in, what they may, what is done once.

mod alarms;
pub(crate) mod alone;

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
