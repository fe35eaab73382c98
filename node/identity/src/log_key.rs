//! The key of a division's public log, and the one with which it countersigns logs of others. Each is of no use for
//! anything else, is always Ed25519, and is stated by the division itself with its signing key, so it needs no enrolment
//! (decisions 0088, 0099).

use std::{
    path::PathBuf,
    sync::{Mutex, OnceLock},
};

use domain::suite::Suite;

use super::{
    files,
    keystore::{FileKeyStore, KeyError, KeyStore},
};

/// One of these keys: read when it is needed first, and made if there is none yet.
pub(super) struct LogKey {
    path: PathBuf,
    loaded: OnceLock<FileKeyStore>,
    loading: Mutex<()>,
}

impl LogKey {
    pub(super) fn lying_at(path: PathBuf) -> Self {
        Self {
            path,
            loaded: OnceLock::new(),
            loading: Mutex::new(()),
        }
    }

    pub(super) fn get(&self) -> Result<&FileKeyStore, KeyError> {
        if let Some(key) = self.loaded.get() {
            return Ok(key);
        }
        let _alone = self.loading.lock().expect("no holder panics");
        if let Some(key) = self.loaded.get() {
            return Ok(key);
        }
        let key = match self.path.exists() {
            true => FileKeyStore::load(&self.path)?,
            false => {
                let (key, text) = FileKeyStore::generate(Suite::Ed25519Blake3)?;
                files::write_private(&self.path, text.as_bytes())?;
                key
            }
        };
        match key.suite() {
            Suite::Ed25519Blake3 => Ok(self.loaded.get_or_init(|| key)),
            Suite::P256Sha256 => Err(KeyError::Unreadable(self.path.display().to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_log_key_is_made_once_and_is_the_same_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        let first = LogKey::lying_at(path.clone());
        let made = first.get().unwrap().public().to_vec();
        assert_eq!(first.get().unwrap().public(), made);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else may read it");
        assert_eq!(LogKey::lying_at(path).get().unwrap().public(), made);
    }

    #[test]
    fn a_damaged_log_key_is_not_replaced_by_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.key");
        std::fs::write(&path, "not a key").unwrap();
        let error = LogKey::lying_at(path.clone()).get().unwrap_err();
        assert!(error.to_string().contains("log.key"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"not a key");
        let (_, other) = FileKeyStore::generate(Suite::P256Sha256).unwrap();
        std::fs::write(&path, other).unwrap();
        assert!(
            LogKey::lying_at(path).get().is_err(),
            "checkpoints need Ed25519"
        );
    }
}
