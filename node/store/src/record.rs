//! Records as bytes: the version of the record's form, then the value in postcard. A record of a
//! later program is refused by its version.

use bytes::Bytes;
use primitives::record::{BASE, Record};

/// Buffer size that is enough for most records.
const USUAL_BYTES: usize = 512;

/// The reason why stored bytes are not a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A later program wrote the record.
    #[error("a record has version {0}, this program knows up to {1}; install the newer one")]
    Newer(u8, u8),
    /// The record was written before the first release. No such store is in use.
    #[error(
        "a record has version {0}, older than the first release; begin with an empty directory"
    )]
    Older(u8),
    /// The bytes differ from what was written.
    #[error(
        "a record of type {0} cannot be read; stop the node and put back a sound copy of its directory"
    )]
    Damaged(&'static str),
}

/// Returns the bytes of a record.
pub fn write<T: Record>(value: &T) -> Bytes {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(T::VERSION);
    postcard::to_extend(value, bytes)
        .expect("records hold no maps of unknown length and no custom errors")
        .into_boxed_slice()
        .into()
}

/// Returns the bytes of a list of records, which [`read`] reads as a `Vec`.
pub fn write_all<T: Record>(values: &[T]) -> Bytes {
    let bytes = vec![<Vec<T>>::VERSION];
    postcard::to_extend(values, bytes)
        .expect("records hold no maps of unknown length and no custom errors")
        .into_boxed_slice()
        .into()
}

/// Reads a record, and migrates it if it was written in an older form.
pub fn read<T: Record>(bytes: &[u8]) -> Result<T, RecordError> {
    match bytes.split_first() {
        Some((&version, _)) if version > T::VERSION => Err(RecordError::Newer(version, T::VERSION)),
        Some((&version @ 1.., value)) => read_form(version, value),
        _ => Err(RecordError::Damaged(std::any::type_name::<T>())),
    }
}

fn read_form<T: Record>(version: u8, value: &[u8]) -> Result<T, RecordError> {
    if version == T::VERSION {
        return match postcard::take_from_bytes(value) {
            Ok((record, [])) => Ok(record),
            _ => Err(RecordError::Damaged(std::any::type_name::<T>())),
        };
    }
    if T::VERSION <= BASE {
        return Err(RecordError::Older(version));
    }
    read_form::<T::Previous>(version, value).map(T::migrate)
}

#[cfg(test)]
mod tests {
    use primitives::record::Record;
    use serde::{Deserialize, Serialize};

    use super::*;

    /// The form of a lamp before it had a colour.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct LampV5(String);

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct LampV6(String, Option<u32>);

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Lamp {
        place: String,
        colours: Vec<u32>,
    }

    primitives::records!(LampV5);

    impl Record for LampV6 {
        const VERSION: u8 = 6;
        type Previous = LampV5;

        fn migrate(LampV5(place): LampV5) -> Self {
            Self(place, None)
        }
    }

    impl Record for Lamp {
        const VERSION: u8 = 7;
        type Previous = LampV6;

        fn migrate(LampV6(place, colour): LampV6) -> Self {
            let colours = colour.into_iter().collect();
            Self { place, colours }
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_is_newer_is_named() {
        let bytes = write(&"lamp".to_owned());
        assert_eq!(read(&bytes), Ok("lamp".to_owned()));
        assert_eq!(read::<u32>(&[9, 1]), Err(RecordError::Newer(9, BASE)));
        assert_eq!(read::<u32>(&[1, 1]), Err(RecordError::Older(1)));
        assert!(matches!(
            read::<String>(&bytes[..2]),
            Err(RecordError::Damaged(_))
        ));
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(
            read::<String>(&longer),
            Err(RecordError::Damaged(_))
        ));
        assert!(matches!(read::<u32>(&[]), Err(RecordError::Damaged(_))));
        assert!(matches!(read::<u32>(&[0]), Err(RecordError::Damaged(_))));
    }

    #[test]
    fn an_older_form_is_brought_forward_one_version_at_a_time() {
        let place = "east gate".to_owned();
        let now = |colours: &[u32]| Lamp {
            place: place.clone(),
            colours: colours.to_vec(),
        };
        assert_eq!(read(&write(&LampV5(place.clone()))), Ok(now(&[])));
        assert_eq!(read(&write(&LampV6(place.clone(), Some(3)))), Ok(now(&[3])));
        let bytes = write(&now(&[1, 2]));
        assert_eq!(bytes[0], 7);
        assert_eq!(read(&bytes), Ok(now(&[1, 2])));
        assert_eq!(read::<LampV6>(&bytes), Err(RecordError::Newer(7, 6)));
        assert_eq!(read::<Lamp>(&[4, 0]), Err(RecordError::Older(4)));
        let many = write(&vec![LampV5(place.clone())]);
        assert_eq!(read(&many), Ok(vec![now(&[])]));
    }
}
