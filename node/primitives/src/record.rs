//! Records that can change: each kind of value that a node keeps has a version, and says how it is made of the
//! version before.
//!
//! What is written begins with the version. An older one is read as what it was and brought forward one version
//! at a time, so a store of an earlier program stays readable. To change a record: keep the old form under another
//! name (`DocketV5`), give the new one the next version with the old one as [`Record::Previous`], and add its bytes
//! to the golden records.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A value that is kept in a store.
pub trait Record: Serialize + DeserializeOwned {
    /// Number of this form, more than that of the previous one.
    const VERSION: u8;
    /// The form before this one; [`First`] if there was none.
    type Previous: Record;

    /// Makes this form of the one before.
    fn migrate(previous: Self::Previous) -> Self;
}

/// Version of every record that has not changed since there are versions.
pub const BASE: u8 = 5;

/// What stood before the first form of a record: nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum First {}

impl Record for First {
    const VERSION: u8 = 0;
    type Previous = Self;

    fn migrate(previous: Self) -> Self {
        previous
    }
}

/// Declares types as records that have had one form.
#[macro_export]
macro_rules! records {
    ($($record:ty),* $(,)?) => {
        $(impl $crate::record::Record for $record {
            const VERSION: u8 = $crate::record::BASE;
            type Previous = $crate::record::First;

            fn migrate(previous: Self::Previous) -> Self {
                match previous {}
            }
        })*
    };
}

records! {
    (),
    u32,
    u64,
    String,
    bytes::Bytes,
    (topology::DivisionCode, crate::time::Timestamp),
    crate::flow::Seen,
    crate::ids::Epoch,
    crate::time::Timestamp,
}

impl<T: Record> Record for Vec<T> {
    const VERSION: u8 = T::VERSION;
    type Previous = Vec<T::Previous>;

    fn migrate(previous: Self::Previous) -> Self {
        previous.into_iter().map(T::migrate).collect()
    }
}
