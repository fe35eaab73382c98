//! Cosignatures: what others who saw a head sign under it (C2SP tlog-cosignature v1, type 0x04).
//!
//! A cosigner signs a time and the text of the checkpoint, and says by it that it has recorded this head as one that
//! goes on from all it recorded before. The line under a note is
//!
//! ```text
//! — NAME BASE64( id 4 ‖ u64 time ‖ Ed25519( "cosignature/v1\ntime " time "\n" text ) )
//! ```

use ring::signature::{ED25519, UnparsedPublicKey};

use super::{
    checkpoint::Checkpoint,
    note::{self, NamedKey},
};

/// Signature type of Ed25519 keys that cosign checkpoints.
const COSIGNATURE_TYPE: u8 = 4;

/// A signature with the time at which it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since 1970-01-01T00:00:00Z, by the cosigner's clock; never 0.
    pub time: u64,
    /// Ed25519 over [`Cosignature::message`].
    pub signature: [u8; 64],
}

impl Cosignature {
    /// Returns what a cosigner signs.
    pub fn message(head: &Checkpoint, time: u64) -> Vec<u8> {
        format!("cosignature/v1\ntime {time}\n{head}").into_bytes()
    }

    /// Reads what follows the id in a signature line.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (time, signature) = bytes.split_first_chunk()?;
        let time = u64::from_be_bytes(*time);
        let signature = signature.try_into().ok()?;
        (time > 0).then_some(Self { time, signature })
    }
}

/// A key that verifies cosignatures.
pub type WitnessKey = NamedKey<COSIGNATURE_TYPE>;

impl WitnessKey {
    /// Returns the line that shows a cosignature under a note.
    pub fn line(&self, cosignature: &Cosignature) -> String {
        let time = cosignature.time.to_be_bytes();
        note::line(
            self.name(),
            &[&self.id()[..], &time, &cosignature.signature].concat(),
        )
    }

    /// Returns whether a cosignature is this key's of this head.
    pub fn verifies(&self, head: &Checkpoint, cosignature: &Cosignature) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.public());
        let message = Cosignature::message(head, cosignature.time);
        cosignature.time > 0 && key.verify(&message, &cosignature.signature).is_ok()
    }

    /// Returns this key's cosignature of a note; `None` if the note has none that verifies, or has one that does
    /// not.
    pub fn find(&self, note: &[u8]) -> Option<Cosignature> {
        let (_, lines) = note::read(note)?;
        let head = Checkpoint::read(note).ok()?;
        let mut found = None;
        for line in lines.iter().filter(|line| self.is_of(line)) {
            let read = Cosignature::read(&line.signature)?;
            found = Some(read).filter(|read| self.verifies(&head, read));
            found?;
        }
        found
    }
}
