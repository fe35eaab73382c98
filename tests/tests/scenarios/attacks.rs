//! Attacks of a node with real keys, replayed: what it says beyond its own division changes nothing.

mod figures;
mod first_word;
mod fold;
mod keys;
mod lives;
mod relay;
mod shown;
mod stamps;
mod term;
mod words;
