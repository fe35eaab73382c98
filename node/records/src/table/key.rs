//! Keys as bytes that sort like what they stand for.

use bytes::Bytes;
use domain::{
    alarm::AlarmKind,
    attachment::{FileNo, Part, UploadId},
    board::{BoardCode, PostId},
    category::Category,
    disclosure::{Class, DisclosureId},
    envelope::{Destination, Lane},
    hook::HookId,
    ids::{EpochId, KeyId, MatterId},
    import::Source,
    month::Month,
    people::{AccountId, ApiKeyId, GridId},
    plea::PleaId,
    points::{ExchangeId, HouseholdId, RatingId, RewardId},
    rollup::CellKey,
    suite::Digest,
    template::{Scope, TemplateKey, TemplateKind},
    time::{Day, Timestamp},
};
use topology::{DivisionCode, Term};

/// What a record is found by, or a part of it. Two that differ have different bytes; the bytes of none are the
/// beginning of another's, unless it can only stand last.
pub trait Key: Sized {
    /// Appends its bytes.
    fn write(&self, key: &mut Vec<u8>);

    /// Reads it and takes its bytes off the front; `None` if they are not one.
    fn read(key: &mut &[u8]) -> Option<Self>;
}

/// The first parts of a key.
pub trait Begins<K>: Key {}

fn take<const N: usize>(key: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = key.split_first_chunk::<N>()?;
    *key = rest;
    Some(*first)
}

fn take_text<'k>(key: &mut &'k [u8]) -> Option<&'k str> {
    std::str::from_utf8(std::mem::take(key)).ok()
}

/// Keys of a fixed length: to bytes, and from them.
macro_rules! fixed {
    ($($key:ty: |$it:ident| $bytes:expr, |$read:ident $(: $form:ty)?| $made:expr;)*) => {
        $(impl Key for $key {
            fn write(&self, key: &mut Vec<u8>) {
                let $it = self;
                key.extend_from_slice(&$bytes);
            }

            fn read(key: &mut &[u8]) -> Option<Self> {
                let $read $(: $form)? = take(key)?;
                $made
            }
        })*
    };
}

fixed! {
    u32: |it| it.to_be_bytes(), |bytes| Some(Self::from_be_bytes(bytes));
    u64: |it| it.to_be_bytes(), |bytes| Some(Self::from_be_bytes(bytes));
    Digest: |it| *it, |bytes| Some(bytes);
    bool: |it| [u8::from(*it)], |bytes: [u8; 1]| (bytes[0] < 2).then_some(bytes[0] == 1);
    UploadId: |it| it.0, |bytes| Some(Self(bytes));
    EpochId: |it| it.0, |bytes| Some(Self(bytes));
    KeyId: |it| it.0, |bytes| Some(Self(bytes));
    HookId: |it| it.0, |bytes| Some(Self(bytes));
    ApiKeyId: |it| it.0, |bytes| Some(Self(bytes));
    DisclosureId: |it| it.0, |bytes| Some(Self(bytes));
    Month: |it| it.0.to_be_bytes(), |bytes| Some(Self(u16::from_be_bytes(bytes)));
    Class: |it| [it.number() as u8], |bytes: [u8; 1]| Self::of_number(bytes[0].into());
    PostId: |it| it.0, |bytes| Some(Self(bytes));
    ExchangeId: |it| it.0, |bytes| Some(Self(bytes));
    RatingId: |it| it.0, |bytes| Some(Self(bytes));
    AccountId: |it| it.0.to_be_bytes(), |bytes| Some(Self(u64::from_be_bytes(bytes)));
    RewardId: |it| it.0.to_be_bytes(), |bytes| Some(Self(u32::from_be_bytes(bytes)));
    HouseholdId: |it| it.0.to_be_bytes(), |bytes| Some(Self(u32::from_be_bytes(bytes)));
    PleaId: |it| it.0.to_be_bytes(), |bytes| Some(Self(u32::from_be_bytes(bytes)));
    GridId: |it| it.0.to_be_bytes(), |bytes| Some(Self(u32::from_be_bytes(bytes)));
    DivisionCode: |it| it.as_u64().to_be_bytes(), |bytes| Self::from_u64(u64::from_be_bytes(bytes));
    MatterId: |it| it.to_bytes(), |bytes: [u8; 20]| Self::from_bytes(&bytes);
    // A moment before 1970 stands at 1970.
    Timestamp: |it| it.0.max(0).to_be_bytes(), |bytes| Some(Self(i64::from_be_bytes(bytes)));
    // Sorts days before 1970 behind all others; nothing rests on their order.
    Day: |it| it.0.to_be_bytes(), |bytes| Some(Self(i32::from_be_bytes(bytes)));
    Lane: |it| [it.index() as u8], |bytes: [u8; 1]| Self::from_index(bytes[0].into());
    Part: |it| [*it as u8], |bytes: [u8; 1]| match bytes[0] {
        0 => Some(Self::Whole),
        1 => Some(Self::Thumb),
        _ => None,
    };
}

impl Key for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl Key for FileNo {
    fn write(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(&self.to_bytes());
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        Some(Self {
            step: u16::from_be_bytes(take(key)?),
            index: u16::from_be_bytes(take(key)?),
        })
    }
}

impl Key for Destination {
    /// Eleven bytes: whether it is a scope, the division, tiers and kinds.
    fn write(&self, key: &mut Vec<u8>) {
        let (form, division, tiers, kinds) = match self {
            Self::Division(division) => (0, *division, 0, 0),
            Self::Scope(scope) => (1, scope.under, scope.tiers, scope.kinds),
        };
        key.push(form);
        division.write(key);
        key.extend_from_slice(&[tiers, kinds]);
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        let [form] = take(key)?;
        let under = DivisionCode::read(key)?;
        let [tiers, kinds] = take(key)?;
        match form {
            0 => Some(Self::Division(under)),
            1 => Some(Self::Scope(Scope {
                under,
                tiers,
                kinds,
            })),
            _ => None,
        }
    }
}

/// The neighbour or child that something is about; eight zeros for nobody.
impl Key for Option<DivisionCode> {
    fn write(&self, key: &mut Vec<u8>) {
        let code = self.map_or(0, DivisionCode::as_u64);
        key.extend_from_slice(&code.to_be_bytes());
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        match u64::from_be_bytes(take(key)?) {
            0 => Some(None),
            code => DivisionCode::from_u64(code).map(Some),
        }
    }
}

/// Text ended by a zero.
macro_rules! ended {
    ($($key:ty),*) => {
        $(impl Key for $key {
            fn write(&self, key: &mut Vec<u8>) {
                key.extend_from_slice(self.as_str().as_bytes());
                key.push(0);
            }

            fn read(key: &mut &[u8]) -> Option<Self> {
                let end = key.iter().position(|byte| *byte == 0)?;
                let (text, rest) = key.split_at(end);
                *key = &rest[1..];
                std::str::from_utf8(text).ok()?.parse().ok()
            }
        })*
    };
}

ended! { Source, BoardCode }

/// Text, which stands last.
macro_rules! text {
    ($($key:ty: |$it:ident| $text:expr, |$read:ident| $made:expr;)*) => {
        $(impl Key for $key {
            fn write(&self, key: &mut Vec<u8>) {
                let $it = self;
                key.extend_from_slice($text.as_bytes());
            }

            fn read(key: &mut &[u8]) -> Option<Self> {
                let $read = take_text(key)?;
                $made
            }
        })*
    };
}

text! {
    String: |it| it, |text| Some(text.to_owned());
    Category: |it| it.as_str(), |text| text.parse().ok();
    AlarmKind: |it| it.code(), |text| text.parse().ok();
}

/// Any bytes, which stand last.
impl Key for Bytes {
    fn write(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(self);
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        Some(Self::copy_from_slice(std::mem::take(key)))
    }
}

/// Stands last: day, acting, origin, category.
impl Key for CellKey {
    fn write(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(&self.to_bytes());
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        Self::from_bytes(std::mem::take(key))
    }
}

/// Stands last: issuer, kind, name.
impl Key for TemplateKey {
    fn write(&self, key: &mut Vec<u8>) {
        key.extend_from_slice(&self.to_bytes());
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        let issuer = DivisionCode::read(key)?;
        let [kind] = take(key)?;
        let kind = TemplateKind::ALL.into_iter().find(|k| *k as u8 == kind)?;
        let name = take_text(key)?.into();
        Some(Self { issuer, kind, name })
    }
}

macro_rules! tuples {
    ($(($($part:ident),*))*) => {
        $(impl<$($part: Key),*> Key for ($($part,)*) {
            #[expect(non_snake_case, reason = "parts are named like their types")]
            fn write(&self, key: &mut Vec<u8>) {
                let ($($part,)*) = self;
                $($part.write(key);)*
            }

            fn read(key: &mut &[u8]) -> Option<Self> {
                Some(($($part::read(key)?,)*))
            }
        })*
    };
}

tuples! { (A, B) (A, B, C) (A, B, C, D) }

impl<A: Key, B> Begins<(A, B)> for A {}
impl<A: Key, B, C> Begins<(A, B, C)> for A {}
impl<A: Key, B: Key, C> Begins<(A, B, C)> for (A, B) {}
impl<A: Key, B, C, D> Begins<(A, B, C, D)> for A {}
impl<A: Key, B: Key, C, D> Begins<(A, B, C, D)> for (A, B) {}
impl<A: Key, B: Key, C: Key, D> Begins<(A, B, C, D)> for (A, B, C) {}
