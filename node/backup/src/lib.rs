//! Backups: what is in the file, and how it is sealed. Bytes in, parts out.
//!
//! A backup is an age file (age-encryption.org/v1) whose plaintext is written by [`Writer`] and read by
//! [`Reader`]: a header, the records of the store, files, and an end with a digest of everything before. A running
//! node gives out its records in the same form.

mod parts;
mod read;
mod sealed;
mod stream;
#[cfg(test)]
mod tests;
mod write;

pub use parts::{FORMAT, Header, Part, Source, Totals};
pub use read::{ReadError, Reader};
pub use sealed::{BadKey, KeyPair, LEAST_PASSPHRASE, OpenFailure, Opened, Opener, Sealer, Sealing};
pub use stream::RecordStream;
pub use write::Writer;
