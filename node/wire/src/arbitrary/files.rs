//! Strategies for attachments and requests for their bytes.

use domain::{
    attachment::{Attachment, ContentKey, FileNo, MOST_BYTES, Media, Part, Pixels, Sealed},
    fetch::{Fetch, Fetched},
};

use super::*;

fn sealed() -> impl Strategy<Value = Sealed> {
    let fields = (any::<[u8; 32]>(), 1..=MOST_BYTES);
    fields.prop_map(|(digest, bytes)| Sealed { digest, bytes })
}

pub(super) fn attachment() -> impl Strategy<Value = Attachment> {
    let pixels = (1_u32.., 1_u32..).prop_map(|(width, height)| Pixels { width, height });
    (
        suite(),
        select(Media::ALL.to_vec()),
        option::of(pixels),
        sealed(),
        option::of(sealed()),
        any::<[u8; 32]>(),
        division(),
    )
        .prop_map(
            |(suite, media, pixels, whole, thumb, key, held_by)| Attachment {
                suite,
                media,
                pixels,
                whole,
                thumb,
                key: ContentKey(key),
                held_by,
            },
        )
}

pub(super) fn fetch() -> impl Strategy<Value = Frame> {
    (
        any::<u64>(),
        matter_id(),
        any::<(u16, u16, bool, [u8; 32], u64)>(),
        division(),
        division(),
    )
        .prop_map(
            |(id, matter, (step, index, thumb, digest, at), asker, held_by)| {
                let part = if thumb { Part::Thumb } else { Part::Whole };
                let fetch = Fetch {
                    matter,
                    no: FileNo { step, index },
                    part,
                    digest,
                    at,
                    asker,
                    held_by,
                };
                Frame::Fetch(id, fetch)
            },
        )
}

pub(super) fn fetched() -> impl Strategy<Value = Frame> {
    let fetched = prop_oneof![
        bytes(0..200).prop_map(Fetched::Bytes),
        Just(Fetched::Gone),
        Just(Fetched::NotEntitled),
        division().prop_map(Fetched::Unreached),
        Just(Fetched::Busy),
    ];
    (any::<u64>(), fetched).prop_map(|(id, fetched)| Frame::Fetched(id, fetched))
}
