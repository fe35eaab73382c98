//! Records: one format byte, then the value. A format newer than this binary knows is refused by
//! its number.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

/// The format in which every record is written.
const FORMAT: u8 = 5;

/// Buffer size that is enough for most records.
const USUAL_BYTES: usize = 512;

/// The reason why stored bytes are not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A later version wrote the record.
    #[error("a record has format {0}, this binary knows up to {FORMAT}; install the newer version")]
    Newer(u8),
    /// The record was written before there was a release. No such store is in use.
    #[error("a record has format {0}, of before the first release; begin with an empty directory")]
    Older(u8),
    /// The bytes are not what was written.
    #[error(
        "a record of type {0} cannot be read; stop the node and put back a sound copy of its directory"
    )]
    Damaged(&'static str),
}

/// Returns the bytes of a record.
pub fn write<T: Serialize + ?Sized>(value: &T) -> Bytes {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(FORMAT);
    postcard::to_extend(value, bytes)
        .expect("records hold no maps of unknown length and no custom errors")
        .into_boxed_slice()
        .into()
}

/// Reads a record back.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordError> {
    match bytes.split_first() {
        Some((&FORMAT, value)) => postcard::from_bytes(value)
            .map_err(|_| RecordError::Damaged(std::any::type_name::<T>())),
        Some((&format, _)) if format > FORMAT => Err(RecordError::Newer(format)),
        Some((&format @ 1.., _)) => Err(RecordError::Older(format)),
        _ => Err(RecordError::Damaged(std::any::type_name::<T>())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_newer_is_named() {
        let bytes = write(&(7u32, "lamp"));
        assert_eq!(read(&bytes), Ok((7u32, "lamp".to_owned())));
        assert_eq!(read::<u32>(&[9, 1]), Err(RecordError::Newer(9)));
        assert_eq!(read::<u32>(&[1, 1]), Err(RecordError::Older(1)));
        assert!(matches!(
            read::<(u32, String)>(&bytes[..2]),
            Err(RecordError::Damaged(_))
        ));
        assert!(matches!(read::<u32>(&[]), Err(RecordError::Damaged(_))));
    }
}
