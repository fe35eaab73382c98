//! Keys for public logs in tests, made of the division's code.

use domain::ids::EpochId;
use futures::future::{BoxFuture, FutureExt};
use log::{Checkpoint, Cosignature, Hash, Vkey, WitnessKey, name};
use ring::signature::{Ed25519KeyPair, KeyPair};
use topology::{DivisionCode, dns};

use super::{LogKeyFails, LogKeys};

/// The network of all offices of the fixture.
pub(crate) const NETWORK: [u8; 16] = [7; 16];

/// Real keys that are the same in every run.
pub(crate) struct TestLogKeys(pub(crate) DivisionCode);

impl TestLogKeys {
    fn pair(&self, purpose: u8) -> (Ed25519KeyPair, [u8; 32]) {
        let mut seed = [purpose; 32];
        seed[..8].copy_from_slice(&self.0.as_u64().to_be_bytes());
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        (pair, public)
    }

    fn host(&self) -> String {
        dns::name(self.0, "zj.example")
    }

    /// Signs the head of a log of this division.
    pub(crate) fn head(&self, epoch: EpochId, size: u64, root: Hash) -> (Vkey, String) {
        let (pair, public) = self.pair(1);
        let origin = name::origin(&self.host(), &NETWORK, &epoch.0);
        let key = Vkey::new(&origin, public).unwrap();
        let head = Checkpoint::new(&origin, size, root).unwrap();
        let note = head.signed(&key, pair.sign(head.to_string().as_bytes()).as_ref());
        (key, note)
    }
}

impl LogKeys for TestLogKeys {
    fn sign_head(
        &self,
        epoch: EpochId,
        size: u64,
        root: Hash,
    ) -> BoxFuture<'_, Result<(Vkey, String), LogKeyFails>> {
        async move { Ok(self.head(epoch, size, root)) }.boxed()
    }

    fn witness_key(&self) -> Result<WitnessKey, LogKeyFails> {
        let name = name::witness_name(&self.host(), &NETWORK);
        Ok(WitnessKey::new(&name, self.pair(4).1).unwrap())
    }

    fn countersign<'a>(
        &'a self,
        head: &'a Checkpoint,
        time: u64,
    ) -> BoxFuture<'a, Result<Cosignature, LogKeyFails>> {
        let signature = self.pair(4).0.sign(&Cosignature::message(head, time));
        let signature = signature.as_ref().try_into().unwrap();
        async move { Ok(Cosignature { time, signature }) }.boxed()
    }
}
