//! Opens the sign-in provider that the operator configured.

use std::{fs, io, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use config::{ClientSecret, Oidc};
use identity::Surroundings;
use outbound::oidc::{SignIn, SignInConfig};

/// The longest secret, in bytes.
const MOST_SECRET: usize = 1_024;

/// The client secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSecret {
    /// The file cannot be read.
    #[error("the secret of `[oidc]` in {} cannot be read ({}); check the path and its owner", .0.display(), .1)]
    Unread(PathBuf, io::Error),
    /// Other users may read the file.
    #[error(
        "the secret of `[oidc]` in {} can be read by others than its owner; run chmod 600 on it, and \
         ask the provider for another if others use this machine", .0.display()
    )]
    Open(PathBuf),
    /// The file does not contain a secret.
    #[error(
        "{} does not hold a secret; write the one the provider gave into it, on one line of at most \
         1024 visible characters", .0.display()
    )]
    Unfit(PathBuf),
}

/// Builds the OpenID client. Sends no request, so a node starts even if the provider is down. One that was built from the
/// same settings is kept, with the sign-ins that are under way.
pub(super) fn open(
    settings: &Oidc,
    before: Option<Arc<SignIn>>,
    surroundings: &Surroundings,
) -> Result<Arc<SignIn>, BadSecret> {
    let terms = SignInConfig {
        issuer: settings.issuer.clone(),
        client: settings.client_id.clone(),
        secret: match &settings.client_secret {
            ClientSecret::File(path) => secret(path)?,
            ClientSecret::Value(value) => value.clone(),
        },
        public_url: settings.public_url.clone(),
        scopes: settings.scopes.clone(),
        claim: settings.claim.clone(),
        roots: settings.roots.clone(),
    };
    if let Some(before) = before.filter(|before| before.is_of(&terms)) {
        return Ok(before);
    }
    let sign_in = SignIn::over_tls(terms, surroundings.clone());
    Ok(Arc::new(sign_in))
}

fn secret(path: &PathBuf) -> Result<String, BadSecret> {
    let unread = |error| BadSecret::Unread(path.clone(), error);
    let mode = fs::metadata(path).map_err(unread)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(BadSecret::Open(path.clone()));
    }
    let text = fs::read_to_string(path).map_err(unread)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    let fits = (1..=MOST_SECRET).contains(&secret.len());
    if fits && secret.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(secret.to_owned())
    } else {
        Err(BadSecret::Unfit(path.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_others_may_read_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        assert!(matches!(secret(&path), Err(BadSecret::Unread(..))));
        fs::write(&path, "hush\n").unwrap();
        for (mode, open) in [(0o644, true), (0o640, true), (0o600, false), (0o400, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match secret(&path) {
                Ok(secret) => assert!(!open && secret == "hush", "{mode:o}"),
                Err(error) => assert!(open && matches!(error, BadSecret::Open(_)), "{error}"),
            }
        }
    }

    #[test]
    fn a_file_with_something_else_than_a_secret_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (n, text) in ["", "\n", "two words", "two\nlines", &"x".repeat(1_025)]
            .iter()
            .enumerate()
        {
            let path = dir.path().join(n.to_string());
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(
                matches!(secret(&path), Err(BadSecret::Unfit(_))),
                "{text:?}"
            );
        }
    }
}
