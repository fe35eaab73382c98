//! The ledger `stated.bin`: every key statement a parent made for its children, kept beside its own
//! keys. It prevents a serial number from being used twice even if the child's disk and the
//! parent's store are lost.

use std::path::Path;

use topology::DivisionCode;

use crate::{
    IdentityError, directory,
    files::{self, Folders},
    statement::{KeyStatement, SignedKeyStatement},
};

const FILE: &str = "stated.bin";

/// Reads every key statement that `issuer`, whose identity is in `dir`, made for its children.
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
    // A division that has enrolled no child yet has no such file.
    if !path.exists() {
        return Ok(vec![]);
    }
    let unreadable = |why: String| IdentityError::Unreadable {
        path: path.clone(),
        why,
    };
    let bytes = files::read(&path)?;
    let cut = || unreadable("it is empty or cut short".to_owned());
    let (count, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
    let read = SignedKeyStatement::decode_all(rest).map_err(|why| unreadable(why.to_string()))?;
    match read.len() == u32::from_be_bytes(*count) as usize {
        true => Ok(read),
        false => Err(cut()),
    }
}

/// Encodes the number of statements, then each of them, so that a truncated file is detected.
fn encode(statements: &[SignedKeyStatement]) -> Vec<u8> {
    let count = u32::try_from(statements.len()).expect("no division has so many children");
    let all = SignedKeyStatement::encode_all(statements);
    [&count.to_be_bytes()[..], &all].concat()
}

/// Replaces the ledger of an issuer durably.
pub(super) fn write(
    dir: &Path,
    issuer: DivisionCode,
    statements: &[SignedKeyStatement],
) -> Result<(), IdentityError> {
    let path = directory(dir, issuer).join(FILE);
    Ok(files::write(&path, &encode(statements))?)
}

/// Adds the ledger of an issuer that is itself being enrolled to its new directory.
pub(super) fn put(
    folders: &mut Folders,
    target: &Path,
    statements: &[SignedKeyStatement],
) -> Result<(), IdentityError> {
    Ok(folders.put_into(target, FILE, &encode(statements))?)
}

/// Returns the statement about a division with the highest serial number.
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

/// Returns whether the directory with exactly this key is complete but not in place yet.
pub(super) fn is_staged(target: &Path, statement: &KeyStatement) -> bool {
    let path = files::staged(target).join("keys.bin");
    let Ok(chain) = files::read(&path) else {
        return false;
    };
    let own = SignedKeyStatement::decode_all(&chain);
    let own = own.ok().and_then(|chain| chain.first()?.statement().ok());
    own.as_ref() == Some(statement)
}
