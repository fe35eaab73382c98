//! Replayed attacks of a node with real keys: statements beyond its own division change nothing.

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
