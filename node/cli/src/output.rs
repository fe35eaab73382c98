//! Output of commands: tables for people, one JSON value for programs.

use std::io::Write;

use serde::Serialize;

use super::{Failure, terminal};

/// The output of one command.
pub struct Output<'a> {
    write: Box<dyn Write + 'a>,
    json: bool,
    for_person: bool,
}

impl<'a> Output<'a> {
    /// Returns an output to `write`, as JSON if `json`. `for_person` means that a person watches,
    /// so that progress bars may be drawn.
    pub fn new(write: Box<dyn Write + 'a>, json: bool, for_person: bool) -> Self {
        Self {
            write,
            json,
            for_person,
        }
    }

    /// Returns whether the output is JSON.
    pub const fn json(&self) -> bool {
        self.json
    }

    /// Returns whether a person watches who did not ask for JSON.
    pub const fn for_person(&self) -> bool {
        self.for_person && !self.json
    }

    /// Prints a value: as JSON on one line, or as the text that `human` makes of it. `human` must
    /// escape text that other people wrote.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn facts<T: Serialize>(
        &mut self,
        facts: &T,
        human: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return self.text(&human());
        }
        let json = serde_json::to_string(facts).map_err(|error| Failure::Output(error.into()))?;
        self.text(&terminal::escape_json(&json))
    }

    /// Prints a text that is the same for people and programs, and ends its last line.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        let end = if text.ends_with('\n') || text.is_empty() {
            ""
        } else {
            "\n"
        };
        write!(self.write, "{text}{end}").map_err(Failure::Output)?;
        self.flush()
    }

    /// Flushes the output.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.write.flush().map_err(Failure::Output)
    }
}
