//! What a parent has stated of its children's keys, beside its own keys: `stated.bin`. With it a number is
//! never given twice, even if the child's disk and the parent's store are lost.

use std::path::Path;

use topology::DivisionCode;

use crate::identity::{
    IdentityError, directory,
    files::{self, Folders},
    statement::{KeyStatement, SignedKeyStatement},
};

const FILE: &str = "stated.bin";

/// Every key statement that `issuer`, whose identity is in `dir`, made for its children.
///
/// # Errors
/// [`IdentityError::File`], [`IdentityError::Unreadable`].
pub fn stated_by(
    dir: &Path,
    issuer: DivisionCode,
) -> Result<Vec<SignedKeyStatement>, IdentityError> {
    read(dir, issuer)
}

pub(super) fn read(
    dir: &Path,
    issuer: DivisionCode,
) -> Result<Vec<SignedKeyStatement>, IdentityError> {
    let path = directory(dir, issuer).join(FILE);
    // Whoever has enrolled nobody yet has no such file.
    if !path.exists() {
        return Ok(vec![]);
    }
    SignedKeyStatement::decode_all(&files::read(&path)?).map_err(|why| IdentityError::Unreadable {
        path,
        why: why.to_string(),
    })
}

/// Replaces the ledger of an issuer, durably.
pub(super) fn write(
    dir: &Path,
    issuer: DivisionCode,
    statements: &[SignedKeyStatement],
) -> Result<(), IdentityError> {
    let path = directory(dir, issuer).join(FILE);
    let bytes = SignedKeyStatement::encode_all(statements);
    Ok(files::write(&path, &bytes)?)
}

/// Puts the ledger of an issuer that is being made itself beside its keys.
pub(super) fn put(
    folders: &mut Folders,
    target: &Path,
    statements: &[SignedKeyStatement],
) -> Result<(), IdentityError> {
    let bytes = SignedKeyStatement::encode_all(statements);
    Ok(folders.put_into(target, FILE, &bytes)?)
}

/// The statement with the highest number about a division.
pub(super) fn latest(
    statements: &[SignedKeyStatement],
    division: DivisionCode,
) -> Option<KeyStatement> {
    let all = statements
        .iter()
        .filter_map(|signed| signed.statement().ok());
    let of_it = all.filter(|statement| statement.division == division);
    of_it.max_by_key(|statement| statement.serial)
}

/// Whether the directory with this very key is made and durable, and only did not appear yet.
pub(super) fn is_staged(target: &Path, statement: &KeyStatement) -> bool {
    let path = files::staged(target).join("keys.bin");
    let Ok(chain) = files::read(&path) else {
        return false;
    };
    let own = SignedKeyStatement::decode_all(&chain);
    let own = own.ok().and_then(|chain| chain.first()?.statement().ok());
    own.as_ref() == Some(statement)
}
