//! People and programs over the real API: who gets in, what they may, what is done once.

mod alarms;
mod audit;
mod commands;
mod document;
mod events;
mod hand_over;
mod hooks;
mod idempotency;
mod imports;
mod languages;
mod login;
mod oidc;
mod roles;
mod rosters;
mod sessions;
mod setup;
mod slips;
mod tags;
mod visitors;
mod words;
