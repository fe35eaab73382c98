//! Ids of networks, epochs, matters and keys.

use std::{fmt, str::FromStr};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;
use utoipa::openapi::{
    RefOr,
    schema::{ObjectBuilder, Schema, Type},
};

use super::suite::Suite;

/// The random id of one network. What was signed in one network is not valid in another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NetworkId(pub [u8; 16]);

/// The random id of one life of a store. A node opens a new epoch when its store was restored,
/// re-created, or found to have gone back in time.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EpochId(pub [u8; 16]);

/// The short id of a public key: the first 16 bytes of a digest, in the key's own suite, of a
/// domain tag, the suite's number and the public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(pub [u8; 16]);

impl KeyId {
    /// Reads an id as people write it, 32 hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }
}

macro_rules! hex_name {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                HEXLOWER.encode_display(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

hex_name!(NetworkId);
hex_name!(EpochId);
hex_name!(KeyId);

impl EpochId {
    /// Returns the first 4 bytes of the epoch. They are part of the numbers given in the run in
    /// which it began.
    pub fn short(self) -> u32 {
        u32::from_be_bytes([self.0[0], self.0[1], self.0[2], self.0[3]])
    }
}

impl KeyId {
    /// Returns the id of a public key.
    pub fn of(suite: Suite, public: &[u8]) -> Self {
        let digest = suite.digest(&[b"wujitong/key-id/1", &suite.id().to_be_bytes(), public]);
        Self(digest[..16].try_into().expect("a digest has 32 bytes"))
    }
}

/// One life of a node's store. Lives are in order: a later one has the greater `order`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Epoch {
    /// 1 for a node's first life, one more for each that follows.
    pub order: u64,
    /// Its random name.
    pub id: EpochId,
    /// The life before it; all zeros for the first.
    pub predecessor: EpochId,
}

/// The number of a matter: the division where it was reported, the run of that node, and a count.
/// Printed as `330825002222-1f3a9c04-17`. Every process draws another middle part at its start, so
/// that a store that went back in time without noticing never gives a number twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MatterId {
    /// The division where it was reported.
    pub origin: DivisionCode,
    /// The number that the origin drew at random when its process started or its epoch began.
    pub epoch: u32,
    /// 1 for the first matter of an epoch, one more for each that follows, over all its runs.
    pub number: u64,
}

/// Id of a request: the asking division, and a count within that node's epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// The division that asks.
    pub by: DivisionCode,
    /// The number that the asker drew at random when its process started or its epoch began.
    pub epoch: u32,
    /// Count within that epoch; every attempt has its own.
    pub number: u64,
}

/// The error for a text that is not a matter number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a matter number; one looks like 330825002222-1f3a9c04-17")]
pub struct BadMatterId(pub String);

impl MatterId {
    /// Returns twenty bytes that sort like the id: origin, epoch, number, each big-endian.
    pub fn to_bytes(self) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[..8].copy_from_slice(&self.origin.as_u64().to_be_bytes());
        bytes[8..12].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[12..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// Reads back [`MatterId::to_bytes`]; `None` for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (origin, rest) = bytes.split_first_chunk()?;
        let (epoch, number) = rest.split_first_chunk()?;
        Some(Self {
            origin: DivisionCode::from_u64(u64::from_be_bytes(*origin))?,
            epoch: u32::from_be_bytes(*epoch),
            number: u64::from_be_bytes(number.try_into().ok()?),
        })
    }
}

/// Writes the id as text in human-readable formats, and as numbers in records.
impl Serialize for MatterId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (self.origin, self.epoch, self.number).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for MatterId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            return text.parse().map_err(serde::de::Error::custom);
        }
        let (origin, epoch, number) = Deserialize::deserialize(deserializer)?;
        Ok(Self {
            origin,
            epoch,
            number,
        })
    }
}

impl fmt::Display for MatterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!(
            "{}-{:08x}-{}",
            self.origin, self.epoch, self.number
        ))
    }
}

impl fmt::Debug for MatterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MatterId {
    type Err = BadMatterId;

    fn from_str(text: &str) -> Result<Self, BadMatterId> {
        let parse = || {
            let mut parts = text.trim().split('-');
            let origin = parts.next()?.parse().ok()?;
            // No sign may stand before a number, which Rust would take.
            let plain = |part: &&str| part.bytes().all(|b| b.is_ascii_hexdigit());
            let epoch = parts.next().filter(|part| part.len() == 8).filter(plain)?;
            let epoch = u32::from_str_radix(epoch, 16).ok()?;
            let number = parts.next().filter(plain)?;
            let number = number.parse().ok().filter(|number| *number > 0)?;
            parts.next().is_none().then_some(Self {
                origin,
                epoch,
                number,
            })
        };
        parse().ok_or_else(|| BadMatterId(text.chars().take(60).collect()))
    }
}

impl utoipa::PartialSchema for MatterId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The number of a matter"))
            .examples([serde_json::Value::from("330825002222-1f3a9c04-17")])
            .into()
    }
}

impl utoipa::ToSchema for MatterId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matter_number_is_read_back_from_its_text() {
        let text = "330825002222-1f3a9c04-17";
        let id: MatterId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!(MatterId::from_bytes(&id.to_bytes()), Some(id));
        for bad in [
            "330825002222-1f3a9c04",
            "330825002222-1f3a9c04-0",
            "x",
            "330825002222-1-1",
            "330825002222-+1f3a9c0-17",
            "330825002222-1f3a9c04-+17",
        ] {
            assert_eq!(bad.parse::<MatterId>(), Err(BadMatterId(bad.to_owned())));
        }
    }
}
