use std::marker::PhantomData;

use bytes::Bytes;
use store::Range;

use super::{Begins, Table, begin};

/// A stretch of a table, in the order of its keys.
pub struct Rows<T> {
    range: Range,
    table: PhantomData<fn() -> T>,
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self {
            range: self.range.clone(),
            table: PhantomData,
        }
    }
}

impl<T: Table> Rows<T> {
    pub(super) fn begin_with(prefix: &[u8]) -> Self {
        Self {
            range: Range::prefix(prefix),
            table: PhantomData,
        }
    }

    /// Leaves out what comes before these first parts of a key.
    #[must_use]
    pub fn from<P: Begins<T::Key>>(mut self, parts: &P) -> Self {
        self.range.from = self.range.from.max(begin::<T>(parts));
        self
    }

    /// Leaves out what comes before a key.
    #[must_use]
    pub fn from_key(mut self, key: &T::Key) -> Self {
        self.range.from = self.range.from.max(T::key(key));
        self
    }

    /// Leaves out a key and what comes before it; nothing if there is none.
    #[must_use]
    pub fn after(mut self, key: Option<&T::Key>) -> Self {
        if let Some(key) = key {
            let after: Bytes = [&T::key(key)[..], &[0]].concat().into();
            self.range.from = self.range.from.max(after);
        }
        self
    }

    /// Leaves out these first parts of a key, and what comes after them.
    #[must_use]
    pub fn until<P: Begins<T::Key>>(self, parts: &P) -> Self {
        self.before(begin::<T>(parts))
    }

    /// Leaves out a key and what comes after it.
    #[must_use]
    pub fn until_key(self, key: &T::Key) -> Self {
        self.before(T::key(key))
    }

    fn before(mut self, end: Bytes) -> Self {
        self.range.to = match self.range.to {
            Some(to) => Some(to.min(end)),
            None => Some(end),
        };
        self
    }

    /// Returns the stretch of keys.
    pub fn range(self) -> Range {
        self.range
    }
}
