//! Drafts: what somebody is still writing on the pages of a node, kept there so that an error, a step
//! back, a reload or a restart of the node loses nothing.
//!
//! Whoever has the key of a draft reads, changes and hands it in; nobody else does, the node's owner
//! included: the node keeps a digest of the key, and the words sealed under it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    attachment::{Media, UploadId},
    ids::MatterId,
    suite::Digest,
    time::Timestamp,
};

/// Time for which a draft is kept, in milliseconds: a day, like an unused upload.
pub const LIFE_MS: u64 = 24 * 3_600_000;
/// Time for which the slip of a draft that was handed in is shown again, in milliseconds: a
/// repetition may be all that the reporter gets to see.
pub const SLIP_MS: u64 = 10 * 60_000;
/// The most photos of a draft.
pub const MOST_PHOTOS: usize = 4;
/// The most fields of a draft.
pub const MOST_FIELDS: usize = 48;
/// The most bytes of all fields of a draft together.
pub const MOST_BYTES: usize = 64 * 1024;
/// The most drafts of one network address, which may be that of a whole town hall.
pub const MOST_OF_NETWORK: usize = 256;
/// The most drafts of a node.
pub const MOST_OF_NODE: usize = 4_096;
/// The most bytes of all photos of drafts together.
pub const MOST_PHOTO_BYTES: u64 = 1 << 30;

/// The reason why a draft is not begun, changed or handed in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDraft {
    /// There are too many drafts.
    #[error(
        "too many reports are being written here at the moment; try again in an hour, or telephone"
    )]
    TooMany,
    /// It has too many fields or bytes.
    #[error("what was typed is longer than {MOST_BYTES} bytes; shorten it")]
    TooLong,
    /// It has as many files as it may.
    #[error("at most {0} files are taken at once; remove one first")]
    TooManyPhotos(usize),
    /// It is a document, and whoever adds it does not work on matters.
    #[error("a report takes photos, not files of type {0}; send a photo as JPEG, PNG or WebP")]
    NotAPhoto(Media),
    /// All drafts have too many photos together.
    #[error(
        "there is no more room for photos of reports that are being written; send it without, or try again in an hour"
    )]
    NoRoom,
    /// There is no such draft, or its time is over.
    #[error("what was typed is kept for a day, and this was longer ago; write it again")]
    Over,
    /// It was handed in before.
    #[error("this was handed in already; its number is {0}")]
    HandedIn(MatterId),
}

/// Id of a draft. It gives no access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DraftId(pub [u8; 16]);

impl DraftId {
    /// Returns the id of the draft with this digest of its key.
    pub const fn of(key: &Digest) -> Self {
        let (first, _) = key.split_first_chunk().expect("a digest has 32 bytes");
        Self(*first)
    }
}

/// A draft, without what was typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// When it was begun.
    pub begun: Timestamp,
    /// Digest of the network address from which it was begun.
    pub network: Digest,
    /// Its photos and documents, in order.
    pub photos: Vec<UploadId>,
    /// The matter that it became, and when.
    pub sent: Option<(MatterId, Timestamp)>,
}

impl Draft {
    /// Begins a draft, if there are not too many: `of_network` of the same network, `all` at this
    /// node.
    ///
    /// # Errors
    /// [`BadDraft::TooMany`].
    pub const fn begin(
        begun: Timestamp,
        network: Digest,
        (of_network, all): (usize, usize),
    ) -> Result<Self, BadDraft> {
        if of_network >= MOST_OF_NETWORK || all >= MOST_OF_NODE {
            return Err(BadDraft::TooMany);
        }
        Ok(Self {
            begun,
            network,
            photos: vec![],
            sent: None,
        })
    }

    /// Returns whether its time is over.
    pub const fn is_over(&self, now: Timestamp) -> bool {
        now.since(self.begun) > LIFE_MS
    }

    /// Returns the matter that it became, and whether its slip is still shown.
    pub fn handed_in(&self, now: Timestamp) -> Option<(MatterId, bool)> {
        let (matter, at) = self.sent?;
        Some((matter, now.since(at) <= SLIP_MS))
    }

    /// Checks that it can be changed.
    ///
    /// # Errors
    /// [`BadDraft::Over`] or [`BadDraft::HandedIn`].
    pub fn check_open(&self, now: Timestamp) -> Result<(), BadDraft> {
        match self.sent {
            _ if self.is_over(now) => Err(BadDraft::Over),
            Some((matter, _)) => Err(BadDraft::HandedIn(matter)),
            None => Ok(()),
        }
    }

    /// Checks the type of a file. Everybody may add photos, and those who work on matters documents.
    ///
    /// # Errors
    /// [`BadDraft::NotAPhoto`].
    pub fn check_media(media: Media, by_official: bool) -> Result<(), BadDraft> {
        match media.is_image() || by_official {
            true => Ok(()),
            false => Err(BadDraft::NotAPhoto(media)),
        }
    }

    /// Adds a photo or a document. Policy here allows `most` attachments.
    ///
    /// # Errors
    /// [`BadDraft`].
    pub fn add_photo(&mut self, id: UploadId, most: usize, now: Timestamp) -> Result<(), BadDraft> {
        self.check_open(now)?;
        let most = most.min(MOST_PHOTOS);
        if self.photos.len() >= most {
            return Err(BadDraft::TooManyPhotos(most));
        }
        self.photos.push(id);
        Ok(())
    }

    /// Makes it the matter with this number. That can be done once.
    ///
    /// # Errors
    /// [`BadDraft::Over`] or [`BadDraft::HandedIn`].
    pub fn hand_in(&mut self, matter: MatterId, now: Timestamp) -> Result<(), BadDraft> {
        self.check_open(now)?;
        self.photos.clear();
        self.sent = Some((matter, now));
        Ok(())
    }
}

/// What was typed, by the names of the fields of a form.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields(Vec<(String, String)>);

/// What was typed is never printed.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}

impl Fields {
    /// Returns a value; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        let mut pairs = self.0.iter();
        pairs
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// Returns whether a field was typed, even if it is empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Sets a value.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Iterates over names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Checks their number and length.
    ///
    /// # Errors
    /// [`BadDraft::TooLong`].
    pub fn check(&self) -> Result<(), BadDraft> {
        let bytes: usize = self
            .0
            .iter()
            .map(|(name, text)| name.len() + text.len())
            .sum();
        match self.0.len() > MOST_FIELDS || bytes > MOST_BYTES {
            true => Err(BadDraft::TooLong),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_780_000_000_000);

    fn later(by_ms: u64) -> Timestamp {
        Timestamp(NOW.0 + by_ms as i64)
    }

    fn draft() -> Draft {
        Draft::begin(NOW, [1; 32], (0, 0)).unwrap()
    }

    fn matter() -> MatterId {
        "330825002222-00000001-1".parse().unwrap()
    }

    #[test]
    fn a_draft_becomes_one_matter_and_shows_its_slip_for_a_while() {
        let mut draft = draft();
        draft.add_photo(UploadId([1; 16]), 9, NOW).unwrap();
        assert_eq!(draft.hand_in(matter(), NOW), Ok(()));
        let again = draft.hand_in("330825002222-00000001-2".parse().unwrap(), NOW);
        assert_eq!(again, Err(BadDraft::HandedIn(matter())));
        let photo = draft.add_photo(UploadId([2; 16]), 9, NOW);
        assert_eq!(photo, Err(BadDraft::HandedIn(matter())));
        assert_eq!(draft.handed_in(later(SLIP_MS)), Some((matter(), true)));
        assert_eq!(draft.handed_in(later(SLIP_MS + 1)), Some((matter(), false)));
    }

    #[test]
    fn everybody_adds_photos_and_documents_are_for_those_who_work_on_matters() {
        for media in Media::ALL {
            assert_eq!(Draft::check_media(media, true), Ok(()));
            let by_anybody = Draft::check_media(media, false);
            assert_eq!(by_anybody.is_ok(), media.is_image(), "{media}");
        }
    }

    #[test]
    fn drafts_and_their_photos_are_bounded_and_end_after_a_day() {
        for (counts, may) in [
            ((MOST_OF_NETWORK - 1, MOST_OF_NODE - 1), true),
            ((MOST_OF_NETWORK, MOST_OF_NETWORK), false),
            ((0, MOST_OF_NODE), false),
        ] {
            assert_eq!(Draft::begin(NOW, [1; 32], counts).is_ok(), may);
        }
        let mut draft = draft();
        for n in 0..MOST_PHOTOS {
            draft.add_photo(UploadId([n as u8; 16]), 9, NOW).unwrap();
        }
        let fifth = draft.add_photo(UploadId([9; 16]), 9, NOW);
        assert_eq!(fifth, Err(BadDraft::TooManyPhotos(4)));
        let strict = Draft::begin(NOW, [1; 32], (0, 0)).unwrap();
        let none = strict.clone().add_photo(UploadId([9; 16]), 0, NOW);
        assert_eq!(none, Err(BadDraft::TooManyPhotos(0)));
        assert_eq!(strict.check_open(later(LIFE_MS)), Ok(()));
        assert_eq!(strict.check_open(later(LIFE_MS + 1)), Err(BadDraft::Over));
        let mut fields = Fields::default();
        fields.set("text", &"字".repeat(MOST_BYTES / 3 - 2));
        assert_eq!(fields.check(), Ok(()));
        fields.set("more", "x");
        assert_eq!(fields.check(), Err(BadDraft::TooLong));
    }
}
