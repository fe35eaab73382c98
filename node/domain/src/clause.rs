//! What is wrong in a text that people write, such as a template, and where: the way to the value from the top of the
//! text, and the fault in both languages.

use crate::saying::Saying;

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a key.
    Key(Box<str>),
    /// An entry of a list, from 0.
    Nth(usize),
}

/// A fault, and the way to what is at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// The way, from the value that was read.
    pub(crate) way: Vec<Step>,
    /// The fault. It says what to do after the last semicolon.
    pub(crate) said: Saying,
}

impl From<Saying> for Clause {
    fn from(said: Saying) -> Self {
        Self { way: vec![], said }
    }
}

impl Clause {
    /// Returns a fault of the value of a key.
    pub(crate) fn of_key(key: &str, said: Saying) -> Self {
        let way = vec![Step::Key(key.into())];
        Self { way, said }
    }
}

/// Adds to the way of a fault while it leaves the readers.
pub(crate) trait Within<T> {
    /// Adds that the fault is in the value of this key.
    fn at(self, key: &str) -> Result<T, Clause>;

    /// Adds that the fault is in this entry of the list of this key.
    fn nth(self, key: &str, number: usize) -> Result<T, Clause>;

    /// Says in whom the fault is, without changing the way.
    fn of(self, whose: impl Fn(Saying) -> Saying) -> Result<T, Clause>;
}

impl<T, E: Into<Clause>> Within<T> for Result<T, E> {
    fn at(self, key: &str) -> Result<T, Clause> {
        self.map_err(|fault| {
            let mut clause: Clause = fault.into();
            clause.way.insert(0, Step::Key(key.into()));
            clause
        })
    }

    fn nth(self, key: &str, number: usize) -> Result<T, Clause> {
        self.map_err(|fault| {
            let mut clause: Clause = fault.into();
            let steps = [Step::Key(key.into()), Step::Nth(number)];
            clause.way.splice(0..0, steps);
            clause
        })
    }

    fn of(self, whose: impl Fn(Saying) -> Saying) -> Result<T, Clause> {
        self.map_err(|fault| {
            let Clause { way, said } = fault.into();
            let said = whose(said);
            Clause { way, said }
        })
    }
}

crate::sayings! {
    pub(crate) fn not_listed(found, expected): "“{found}”不在可选之列；可以写：{expected}", "`{found}` is none of those that there are; use {expected}";
}

/// Tells of a code that an enumeration does not have.
pub(crate) fn unknown(unknown: &topology::UnknownTerm) -> Saying {
    let chinese = not_listed(unknown.found(), unknown.expected()).chinese;
    let english = unknown.to_string();
    Saying { english, chinese }
}
