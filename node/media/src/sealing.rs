//! Seals files. Content is split into chunks of [`CHUNK_BYTES`], each sealed under the attachment's
//! own key, so that any range can be opened and verified without the rest.
//!
//! The nonce of a chunk holds the part it belongs to, whether it is the last, and its index. Chunks
//! therefore cannot be reordered, dropped at the end, or moved from one part to the other (the
//! STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015). A key seals one
//! attachment.

use domain::{
    attachment::{CHUNK_BYTES, ContentKey, Part, TAG_BYTES},
    suite::Suite,
};
use ring::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// The sealed bytes are not what was sealed under this key; holds the index of the chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chunk {0} of the sealed bytes is not what was sealed")]
pub struct BrokenSeal(pub u64);

/// Seals and opens one part of one attachment.
pub struct Seal {
    key: LessSafeKey,
    suite: Suite,
    part: Part,
    bytes: u64,
}

/// Length of every sealed chunk except the last.
pub const SEALED_CHUNK_BYTES: u64 = CHUNK_BYTES + TAG_BYTES;

impl Seal {
    /// Builds the seal of a part that has `bytes` bytes before sealing.
    pub fn new(suite: Suite, key: &ContentKey, part: Part, bytes: u64) -> Self {
        let algorithm = match suite {
            Suite::Ed25519Blake3 => &CHACHA20_POLY1305,
            Suite::P256Sha256 => &AES_256_GCM,
        };
        let key = UnboundKey::new(algorithm, &key.0).expect("both ciphers have keys of 32 bytes");
        Self {
            key: LessSafeKey::new(key),
            suite,
            part,
            bytes,
        }
    }

    /// Returns the number of chunks.
    pub const fn chunks(&self) -> u64 {
        self.bytes.div_ceil(CHUNK_BYTES)
    }

    /// Seals the whole part.
    pub fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let mut sealed =
            Vec::with_capacity(plain.len() + self.chunks() as usize * TAG_BYTES as usize);
        for (index, chunk) in (0..).zip(plain.chunks(CHUNK_BYTES as usize)) {
            let mut chunk = chunk.to_vec();
            let (nonce, aad) = self.terms(index);
            self.key
                .seal_in_place_append_tag(nonce, aad, &mut chunk)
                .expect("a chunk is shorter than either cipher allows");
            sealed.extend(chunk);
        }
        sealed
    }

    /// Opens one chunk in place.
    ///
    /// # Errors
    /// [`BrokenSeal`] if it is not the chunk of this index that was sealed under this key.
    pub fn open<'a>(&self, index: u64, sealed: &'a mut [u8]) -> Result<&'a [u8], BrokenSeal> {
        let (nonce, aad) = self.terms(index);
        let opened = self.key.open_in_place(nonce, aad, sealed);
        opened.map(|plain| &*plain).map_err(|_| BrokenSeal(index))
    }

    fn terms(&self, index: u64) -> (Nonce, Aad<[u8; 32]>) {
        let mut nonce = [0; NONCE_LEN];
        nonce[0] = match self.part {
            Part::Whole => 0,
            Part::Thumb => 1,
        };
        nonce[1] = u8::from(index + 1 == self.chunks());
        nonce[4..].copy_from_slice(&index.to_be_bytes());
        let mut aad = [0; 32];
        aad[..20].copy_from_slice(b"wujitong/attachment1");
        aad[20..24].copy_from_slice(&self.suite.id().to_be_bytes());
        aad[24..].copy_from_slice(&self.bytes.to_be_bytes());
        (Nonce::assume_unique_for_key(nonce), Aad::from(aad))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: ContentKey = ContentKey([7; 32]);
    const SUITES: [Suite; 2] = [Suite::Ed25519Blake3, Suite::P256Sha256];

    fn plain(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|n| (n % 251) as u8).collect()
    }

    fn opened(seal: &Seal, sealed: &[u8]) -> Result<Vec<u8>, BrokenSeal> {
        let mut plain = vec![];
        for (index, chunk) in (0..).zip(sealed.chunks(SEALED_CHUNK_BYTES as usize)) {
            plain.extend(seal.open(index, &mut chunk.to_vec())?);
        }
        Ok(plain)
    }

    #[test]
    fn what_was_sealed_is_opened_again_whatever_its_length() {
        let chunk = CHUNK_BYTES as usize;
        for suite in SUITES {
            for bytes in [1, chunk - 1, chunk, chunk + 1, 3 * chunk] {
                let seal = Seal::new(suite, &KEY, Part::Whole, bytes as u64);
                let sealed = seal.seal(&plain(bytes));
                let told = domain::attachment::Sealed {
                    digest: [0; 32],
                    bytes: bytes as u64,
                };
                assert_eq!(sealed.len() as u64, told.sealed_bytes());
                assert_eq!(opened(&seal, &sealed), Ok(plain(bytes)));
            }
        }
    }

    #[test]
    fn nothing_but_the_same_chunk_in_the_same_place_is_opened() {
        let bytes = 2 * CHUNK_BYTES + 5;
        for suite in SUITES {
            let seal = Seal::new(suite, &KEY, Part::Whole, bytes);
            let sealed = seal.seal(&plain(bytes as usize));
            let mut flipped = sealed.clone();
            flipped[70_000] ^= 1;
            assert_eq!(opened(&seal, &flipped), Err(BrokenSeal(1)));
            let mut swapped = sealed.clone();
            let chunk = SEALED_CHUNK_BYTES as usize;
            swapped[..2 * chunk].rotate_left(chunk);
            assert_eq!(opened(&seal, &swapped), Err(BrokenSeal(0)));
            let other = |key, part, bytes| Seal::new(suite, key, part, bytes);
            for other in [
                other(&ContentKey([8; 32]), Part::Whole, bytes),
                other(&KEY, Part::Thumb, bytes),
                other(&KEY, Part::Whole, bytes - 1),
                other(&KEY, Part::Whole, 2 * CHUNK_BYTES),
            ] {
                assert_eq!(opened(&other, &sealed), Err(BrokenSeal(0)));
            }
        }
    }
}
