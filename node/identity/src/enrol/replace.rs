//! Replaces the key of a division that was enrolled before: after a revocation, after the loss of
//! its disk, or as planned maintenance.

use std::path::Path;

use domain::ids::KeyId;
use topology::{DivisionCode, Tree};

use super::{Authority, NewKeys, Scope, check_network, ledger, parent, renew, share_network};
use crate::{
    IdentityError, KeyRing, directory,
    files::{self, Folders},
    keystore::{FileKeyStore, KeyStore},
    network::Network,
    profile::CertificateProfile,
    statement::{Endorser, KeyStatement, SignedKeyStatement},
};

const OLD_SEALING_KEY: &str = "seal-old-";

/// Returns whether a file of an identity holds a sealing key that was replaced.
pub(crate) fn is_old_sealing_key(name: &str) -> bool {
    name.starts_with(OLD_SEALING_KEY) && name.ends_with(".key")
}

/// Input for replacing a division's key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replacing<'a> {
    /// Statements about it that others know, in addition to those in the files of both directories.
    pub known: &'a [SignedKeyStatement],
    /// Its revoked keys, which may not endorse the new one.
    pub revoked: &'a [KeyId],
    /// The data directory of the division above the parent, if it countersigns at once.
    pub countersign: Option<&'a Path>,
}

/// The result of replacing a division's key.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// Its new key statement.
    pub statement: KeyStatement,
    /// The new statement with its signatures.
    pub signed: SignedKeyStatement,
    /// The key it replaces.
    pub old: KeyId,
    /// Divisions below it in the same directory whose certificates were renewed.
    pub renewed: Vec<DivisionCode>,
}

/// Gives a division a new key with the next serial number.
///
/// The previous key endorses it if it is in `dir` and is not revoked. Otherwise the division above
/// the parent must endorse it, now or later. The store is untouched; the directory with the old
/// keys is moved aside.
///
/// # Errors
/// [`IdentityError::NeverEnrolled`], [`IdentityError::NoMoreKeys`], and those of [`super::enrol`].
pub fn replace(
    dir: &Path,
    division: DivisionCode,
    issuer_dir: &Path,
    replacing: Replacing<'_>,
    (tree, terms): (&Tree, &CertificateProfile),
) -> Result<Replaced, IdentityError> {
    let network = Network::load(issuer_dir)?;
    check_network(dir, &network)?;
    let issuer = parent(tree, division)?;
    let authority = Authority::load(issuer_dir, issuer, tree)?;
    let target = directory(dir, division);
    let mut stated = ledger::read(issuer_dir, issuer)?;
    let own = own_statements(&target);
    let older = newest_first(division, replacing.known.iter().chain(&stated).chain(&own));
    let (old, _) = older
        .first()
        .ok_or(IdentityError::NeverEnrolled(division))?;
    let old = old.clone();
    if old.serial as usize >= KeyRing::MAX_KEYS {
        return Err(IdentityError::NoMoreKeys(division));
    }

    let scope = Scope {
        id: network.id,
        zone: &network.zone,
        suite: network.suite,
        tree,
        terms,
    };
    let keys = NewKeys::generate(division, network.suite, tree)?;
    let statement = KeyStatement {
        serial: old.serial + 1,
        ..scope.statement(division, &keys.signing, &keys.sealing)
    };
    let signed = statement.sign_now(&keys.signing, &authority.signing)?;
    let above = tree.parent(issuer);
    let signed = endorsed(signed, (&old, &target), above, &replacing)?;

    let mut folders = Folders::default();
    folders.begin(&target)?;
    let older = older.into_iter().map(|(_, signed)| signed).collect();
    let of_it = (division, signed.clone(), older);
    scope.put_division(&mut folders, of_it, keys, &authority)?;
    carry_over(&mut folders, &target, old.serial)?;
    folders.sync()?;
    share_network(dir, issuer_dir)?;
    stated.push(signed.clone());
    ledger::write(issuer_dir, issuer, &stated)?;
    folders.told();
    let aside = target.with_file_name(format!("{division}.before-{}", statement.serial));
    folders.appear(Some(&aside))?;

    let below = renew_below(dir, division, (tree, terms))?;
    Ok(Replaced {
        statement,
        signed,
        old: old.key_id(),
        renewed: below,
    })
}

/// Has a statement endorsed by the key that it replaces, if that is here and counts; else by the grandparent, if its keys are here.
fn endorsed(
    signed: SignedKeyStatement,
    (old, target): (&KeyStatement, &Path),
    above: Option<DivisionCode>,
    replacing: &Replacing<'_>,
) -> Result<SignedKeyStatement, IdentityError> {
    let old_key = FileKeyStore::load(&target.join("sign.key")).ok();
    let old_key = old_key.filter(|key| key.key_id() == old.key_id());
    let old_key = old_key.filter(|_| !replacing.revoked.contains(&old.key_id()));
    if let Some(key) = &old_key {
        return Ok(signed.endorse_now(Endorser::OldKey, key)?);
    }
    match (above, replacing.countersign) {
        (Some(above), Some(home)) => {
            let above = FileKeyStore::load(&directory(home, above).join("sign.key"))?;
            Ok(signed.endorse_now(Endorser::Grandparent, &above)?)
        }
        _ => Ok(signed),
    }
}

/// Renews the certificates of every division below that is here: those of before fell with the key. Returns which.
fn renew_below(
    dir: &Path,
    division: DivisionCode,
    (tree, terms): (&Tree, &CertificateProfile),
) -> Result<Vec<DivisionCode>, IdentityError> {
    let below = tree.nodes(division).filter(|below| *below != division);
    let below: Vec<_> = below
        .filter(|below| directory(dir, *below).exists())
        .collect();
    for below in &below {
        renew(dir, *below, dir, tree, terms)?;
    }
    Ok(below)
}

/// Reads the division's own key statements; none if its directory is lost. They may come from an
/// older copy.
fn own_statements(target: &Path) -> Vec<SignedKeyStatement> {
    let chain = files::read(&target.join("keys.bin")).ok();
    let chain = chain.and_then(|bytes| SignedKeyStatement::decode_all(&bytes).ok());
    chain.unwrap_or_default()
}

/// Returns each statement about a division once, newest first.
pub(super) fn newest_first<'a>(
    division: DivisionCode,
    all: impl Iterator<Item = &'a SignedKeyStatement>,
) -> Vec<(KeyStatement, SignedKeyStatement)> {
    let read = all.filter_map(|signed| Some((signed.statement().ok()?, signed.clone())));
    let mut found: Vec<_> = read.filter(|(of, _)| of.division == division).collect();
    // Of two copies of a statement, the endorsed one is kept.
    found.sort_by_key(|(of, signed)| (std::cmp::Reverse(of.serial), signed.endorsement.is_none()));
    found.dedup_by_key(|(of, _)| of.serial);
    found
}

/// Copies old sealing keys and the ledger, so that what was sealed for an old key still opens.
pub(super) fn carry_over(
    folders: &mut Folders,
    target: &Path,
    serial: u32,
) -> Result<(), IdentityError> {
    let Ok(names) = files::list(target) else {
        return Ok(());
    };
    for name in names {
        let kept = match name.as_str() {
            "seal.key" => format!("{OLD_SEALING_KEY}{serial}.key"),
            "stated.bin" => name.clone(),
            other if is_old_sealing_key(other) => name.clone(),
            _ => continue,
        };
        let private = kept.ends_with(".key");
        folders.put(&kept, &files::read(&target.join(&name))?, private)?;
    }
    Ok(())
}
