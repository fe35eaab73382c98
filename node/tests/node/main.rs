//! The program from outside: its commands, its API, Open311, and the structure of its crates.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod cli;
mod commands;
mod demo;
mod files;
mod open311;
mod people;
mod reference;
mod staircase;
mod web;
