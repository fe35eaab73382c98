//! Typed tables: each kind of record that a node keeps, with its keys, in one declaration.
//!
//! A table is a stretch of a node's keyspace: all keys that begin with its prefix. What stands behind the prefix is
//! a [`Key`], whose bytes sort like what they stand for; what stands at a key is a [`Value`], as a rule a
//! [`domain::record::Record`] with its version. [`Tables`] reads and writes them.

mod key;
mod rows;
mod view;

use std::marker::PhantomData;

use bytes::Bytes;
use domain::record::Record;
use store::record::{self, RecordError};

pub use key::{Begins, Key};
pub use rows::Rows;
pub use view::{Found, ReadError, Tables, View};

/// A kind of record.
pub trait Table: Sized {
    /// What is kept, in a few words.
    const NAME: &'static str;
    /// What the keys of the table begin with, and those of no other.
    const PREFIX: &'static [u8];
    /// What a record is found by.
    type Key: Key;
    /// What is kept.
    type Record: Value;

    /// Returns the bytes of a key.
    fn key(key: &Self::Key) -> Bytes {
        begin::<Self>(key)
    }

    /// Reads back [`Self::key`]; `None` for a key of another table.
    fn parse(key: &[u8]) -> Option<Self::Key> {
        let mut rest = key.strip_prefix(Self::PREFIX)?;
        let key = Self::Key::read(&mut rest)?;
        rest.is_empty().then_some(key)
    }

    /// Returns all records of the table.
    fn all() -> Rows<Self> {
        Rows::begin_with(Self::PREFIX)
    }

    /// Returns the records whose keys begin with these parts.
    fn under<P: Begins<Self::Key>>(parts: &P) -> Rows<Self> {
        Rows::begin_with(&begin::<Self>(parts))
    }
}

/// Returns the bytes that keys with these first parts begin with.
fn begin<T: Table>(parts: &impl Key) -> Bytes {
    let mut bytes = Vec::with_capacity(T::PREFIX.len() + 48);
    bytes.extend_from_slice(T::PREFIX);
    parts.write(&mut bytes);
    bytes.into()
}

/// What may stand in a table.
pub trait Value: Sized {
    /// The version of its form; 0 if it has none.
    const VERSION: u8;

    /// Returns its bytes.
    fn to_bytes(&self) -> Bytes;

    /// Reads it.
    ///
    /// # Errors
    /// [`RecordError`] if it is of a later program, or damaged.
    fn from_bytes(bytes: Bytes) -> Result<Self, RecordError>;

    /// Reads it and returns the bytes it has when it is written today.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    fn rewrite(bytes: Bytes) -> Result<Bytes, RecordError> {
        Ok(Self::from_bytes(bytes)?.to_bytes())
    }
}

impl<T: Record> Value for T {
    const VERSION: u8 = T::VERSION;

    fn to_bytes(&self) -> Bytes {
        record::write(self)
    }

    fn from_bytes(bytes: Bytes) -> Result<Self, RecordError> {
        record::read(&bytes)
    }
}

/// Bytes that have a form of their own, or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plain(pub Bytes);

impl Value for Plain {
    const VERSION: u8 = 0;

    fn to_bytes(&self) -> Bytes {
        self.0.clone()
    }

    fn from_bytes(bytes: Bytes) -> Result<Self, RecordError> {
        Ok(Self(bytes))
    }
}

/// A record that is read where it is needed, and whose very bytes matter, as for a digest over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The bytes as they lie in the store.
    pub bytes: Bytes,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Written<T> {
    /// Writes a record.
    pub fn of(record: &T) -> Self {
        Self {
            bytes: record::write(record),
            record: PhantomData,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`RecordError`] if it is of a later program, or damaged.
    pub fn read(&self) -> Result<T, RecordError> {
        record::read(&self.bytes)
    }
}

impl<T: Record> Value for Written<T> {
    const VERSION: u8 = T::VERSION;

    fn to_bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    fn from_bytes(bytes: Bytes) -> Result<Self, RecordError> {
        let record = PhantomData;
        Ok(Self { bytes, record })
    }

    fn rewrite(bytes: Bytes) -> Result<Bytes, RecordError> {
        Ok(record::write(&record::read::<T>(&bytes)?))
    }
}

/// What a table is, for lists of them.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// What is kept, in a few words.
    pub name: &'static str,
    /// What its keys begin with.
    pub prefix: &'static [u8],
    /// Type of its keys, as it stands in the declaration.
    pub key: &'static str,
    /// Type of its records, as it stands in the declaration.
    pub record: &'static str,
    /// Version of its records; 0 if they have none.
    pub version: u8,
    /// Returns whether a key is of the table.
    pub has: fn(&[u8]) -> bool,
    /// Reads a record and writes it as it is written today.
    pub rewrite: fn(Bytes) -> Result<Bytes, RecordError>,
}

impl Description {
    /// Describes a table.
    pub const fn of<T: Table>(key: &'static str, record: &'static str) -> Self {
        Self {
            name: T::NAME,
            prefix: T::PREFIX,
            key,
            record,
            version: T::Record::VERSION,
            has: |key| T::parse(key).is_some(),
            rewrite: T::Record::rewrite,
        }
    }

    /// Returns whether the table has one record, at a key that is its prefix.
    pub fn is_single(&self) -> bool {
        (self.has)(self.prefix) && !(self.has)(&[self.prefix, &[0]].concat())
    }

    /// Returns whether a key may be of either table.
    pub fn clashes_with(&self, other: &Self) -> bool {
        let holds = |one: &Self, other: &Self| {
            let begins = other.prefix.starts_with(one.prefix);
            begins && (!one.is_single() || one.prefix == other.prefix)
        };
        holds(self, other) || holds(other, self)
    }
}

/// Declares tables, and a list of their [`Description`]s:
///
/// ```text
/// tables! { pub NOTES:
///     /// Notes of a division.
///     Notes("note", b"N"): (DivisionCode, u64) => String;
/// }
/// ```
#[macro_export]
macro_rules! tables {
    ($vis:vis $list:ident: $(
        $(#[$doc:meta])*
        $table:ident($name:literal, $prefix:literal): $key:ty => $record:ty;
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            $vis struct $table;

            impl $crate::table::Table for $table {
                const NAME: &'static str = $name;
                const PREFIX: &'static [u8] = $prefix;
                type Key = $key;
                type Record = $record;
            }
        )*

        /// Every table declared here.
        $vis const $list: &[$crate::table::Description] = &[
            $($crate::table::Description::of::<$table>(stringify!($key), stringify!($record)),)*
        ];
    };
}

#[cfg(test)]
mod tests;
