//! The program from outside: its commands, its API, Open311, and the structure of its crates.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod circles;
mod cli;
mod commands;
mod demo;
mod docs;
mod files;
mod log;
mod open311;
mod pages;
mod people;
mod reference;
mod requirements;
mod staircase;
mod villagers;
mod web;
