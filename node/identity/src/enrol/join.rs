//! The child's part of enrolment over the network: makes keys, keeps them until the grant is there, checks it as a
//! stranger would, and puts all of it where `init --issuer` would.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use data_encoding::HEXLOWER;
use domain::invitation::InvitationText;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls_pki_types::UnixTime;
use topology::{DivisionCode, Tree};
use webpki::KeyUsage;

use super::{
    Issued, NewKeys, check_not_enrolled, failed, grant::Application, grant::Grant, load_key,
    pem_chain, replace::carry_over, sign,
};
use crate::{
    IdentityError, KeyRing, Network, Roots, Surroundings, directory,
    files::{self, Folders},
    invited::{InvitationSigner, RootFacts, judge_of},
    keystore::{FileKeyStore, KeyStore},
    network::{self, NetworkFile},
    profile::{self, CertificateProfile},
    sealing::{FileSealingKey, SealingKey},
    statement::{KeyStatement, Purpose, read_parts, write_parts},
    verify::{Judge, parse},
};

const APPLICATION: &str = "application.bin";
const REQUEST: &str = "request.bin";

/// A division that asks to join: its keys are on the disk, and nobody granted anything yet.
pub struct Joining {
    dir: PathBuf,
    keys: NewKeys,
    text: InvitationText,
    application: Application,
}

/// A grant that holds.
#[derive(Clone, Debug)]
pub struct CheckedGrant {
    /// End of the division's certificate, in seconds since 1970.
    pub certificate_ends: i64,
    /// The division above the parent, if the key counts only once that one has countersigned it.
    pub waits_for: Option<DivisionCode>,
    province: DivisionCode,
    facts: RootFacts,
    grant: Grant,
}

impl CheckedGrant {
    /// Returns the zone of the network's names.
    pub fn zone(&self) -> &str {
        &self.facts.zone
    }

    /// Returns whether the network is a demonstration.
    pub const fn demo(&self) -> bool {
        self.grant.demo
    }

    /// Returns SHA-256 of the root, in hexadecimal.
    pub fn root_sha256(&self) -> String {
        network::fingerprint(&self.grant.root)
    }
}

/// Returns where the keys of a division lie that asked to join.
fn waiting_at(dir: &Path, division: DivisionCode) -> PathBuf {
    dir.join("identity").join(format!(".{division}.joining"))
}

impl Joining {
    /// Makes the keys for an invitation, durable before this returns. Goes on with those that an earlier call made for
    /// the same division and number.
    ///
    /// # Errors
    /// [`IdentityError::AlreadyEnrolled`], [`IdentityError::OtherNetwork`], [`IdentityError::UnknownDivision`], or an
    /// error of the disk.
    pub fn begin(
        dir: &Path,
        text: InvitationText,
        tree: &Tree,
        now: UnixTime,
    ) -> Result<Self, IdentityError> {
        let division = text.division;
        if tree.parent(division) != Some(text.parent) || !tree.has_node(division) {
            return Err(IdentityError::UnknownDivision(division));
        }
        if text.serial == 1 {
            check_not_enrolled(dir, division)?;
        }
        if dir.join(network::FILE).exists() && Network::load(dir)?.id != text.network.0 {
            return Err(IdentityError::OtherNetwork(dir.to_owned()));
        }
        let waiting = waiting_at(dir, division);
        if waiting.exists()
            && let Some((keys, application)) = load(&waiting, &text)?
        {
            return Ok(Self {
                dir: dir.to_owned(),
                keys,
                text,
                application,
            });
        }
        let keys = NewKeys::generate(division, text.suite, tree)?;
        let application = apply(&keys, &text, now)?;
        files::remove_all(&waiting)?;
        let mut folders = Folders::default();
        folders.begin(&waiting)?;
        keys.put(&mut folders)?;
        folders.put(APPLICATION, &encode(&application), true)?;
        folders.commit()?;
        Ok(Self {
            dir: dir.to_owned(),
            keys,
            text,
            application,
        })
    }

    /// Returns the invitation.
    pub const fn invitation(&self) -> &InvitationText {
        &self.text
    }

    /// Returns the signing key that the division will have.
    pub fn key(&self) -> domain::ids::KeyId {
        self.keys.signing.key_id()
    }

    /// Returns the request, the same bytes every time the same invitation is used. `make` writes it when it is asked
    /// for first.
    ///
    /// # Errors
    /// [`IdentityError::File`].
    pub fn request(
        &self,
        make: impl FnOnce(&Application) -> Vec<u8>,
    ) -> Result<Vec<u8>, IdentityError> {
        let path = waiting_at(&self.dir, self.text.division).join(REQUEST);
        let invitation = InvitationSigner::of(&self.text).public();
        if path.exists()
            && let Some(made) = files::read(&path)?.strip_prefix(&invitation[..])
        {
            return Ok(made.to_vec());
        }
        let made = make(&self.application);
        files::write_private(&path, &[&invitation[..], &made].concat())?;
        Ok(made)
    }

    /// Checks a grant as a stranger would. Keeps nothing.
    ///
    /// # Errors
    /// [`IdentityError::Grant`].
    pub fn check(
        &self,
        grant: Grant,
        tree: &Arc<Tree>,
        surroundings: &Surroundings,
    ) -> Result<CheckedGrant, IdentityError> {
        let bad = |why: &str| IdentityError::Grant(why.to_owned());
        let facts = RootFacts::pinned(&grant.root, &self.text, tree)
            .ok_or_else(|| bad("its root is not the one that the invitation names"))?;
        let judge = judge_of(&grant.root, &facts, tree, &surroundings.provider)
            .ok_or_else(|| bad("its root cannot be read"))?;
        let now = surroundings.clock.current_time();
        let now = now.ok_or_else(|| bad("this machine has no time to check it by"))?;
        let certificate_ends = self.check_node(&grant, &judge, now)?;
        self.check_issuing(&grant, &judge, &facts, now)?;
        let counts = self.check_statements(&grant, tree)?;
        Ok(CheckedGrant {
            certificate_ends,
            waits_for: tree.parent(self.text.parent).filter(|_| !counts),
            province: tree.root(),
            facts,
            grant,
        })
    }

    /// Puts everything into place: the network's files first, then the identity, which appears complete.
    ///
    /// # Errors
    /// [`IdentityError::File`].
    pub fn finish(self, checked: CheckedGrant) -> Result<(), IdentityError> {
        self.put(checked)?;
        Ok(files::remove_all(&waiting_at(
            &self.dir,
            self.text.division,
        ))?)
    }

    /// The node certificate is this division's, for the key made here, and leads to the root. Returns when it ends.
    fn check_node(
        &self,
        grant: &Grant,
        judge: &Judge,
        now: UnixTime,
    ) -> Result<i64, IdentityError> {
        let bad = |why: String| IdentityError::Grant(why);
        let (leaf, above) = grant
            .node
            .split_first()
            .ok_or_else(|| bad("it holds no certificate".to_owned()))?;
        for usage in [KeyUsage::client_auth(), KeyUsage::server_auth()] {
            let named = judge.verify(leaf, above, usage, now);
            match named.map_err(|refusal| bad(refusal.to_string()))? {
                named if named == self.text.division => {}
                other => return Err(bad(format!("its certificate is that of {other}"))),
            }
        }
        let parsed = parse(leaf).map_err(|refusal| bad(refusal.to_string()))?;
        match parsed.public_key().raw == self.keys.tls.subject_public_key_info() {
            true => Ok(parsed.validity().not_after.timestamp()),
            false => Err(bad("its certificate is for another key".to_owned())),
        }
    }

    /// A certificate that the issuing key made here signs for a child leads to the root.
    fn check_issuing(
        &self,
        grant: &Grant,
        judge: &Judge,
        facts: &RootFacts,
        now: UnixTime,
    ) -> Result<(), IdentityError> {
        let bad = |why: String| IdentityError::Grant(why);
        let division = self.text.division;
        let Some(key) = &self.keys.issuing else {
            return match grant.issuing.is_empty() {
                true => Ok(()),
                false => Err(bad(
                    "it has an issuing certificate that was not asked for".to_owned()
                )),
            };
        };
        let own = grant.issuing.first();
        let own = own.ok_or_else(|| bad("it holds no issuing certificate".to_owned()))?;
        let copy = KeyPair::from_pem(&key.serialize_pem());
        let copy = copy.map_err(|cause| failed(division, cause))?;
        let issuer = profile::issuer(own, copy);
        let issuer = issuer.map_err(|cause| bad(format!("its issuing certificate: {cause}")))?;
        let child = judge
            .tree
            .children(division)
            .find(|it| judge.tree.has_node(*it));
        let Some(child) = child else {
            return Ok(());
        };
        let tried = super::new_key(child)?;
        let params = profile::node(child, &facts.zone, &CertificateProfile::at(now));
        let tried = sign(child, &params, &tried, &issuer)?;
        let named = judge.verify(&tried, &grant.issuing, KeyUsage::client_auth(), now);
        named.map_err(|refusal| bad(format!("its issuing certificate: {refusal}")))?;
        Ok(())
    }

    /// The statements lead from the key made here to a key that the root names. Returns whether the key counts
    /// already: one that replaces another waits for the division above the parent.
    fn check_statements(&self, grant: &Grant, tree: &Tree) -> Result<bool, IdentityError> {
        let bad = |why: String| IdentityError::Grant(why);
        let root = pem_chain(std::slice::from_ref(&grant.root));
        let roots = Roots::of(root.as_bytes()).map_err(bad)?;
        let known = !grant.anchors.is_empty() && grant.anchors.iter().all(|it| roots.vouch_for(it));
        if !known {
            return Err(bad("its anchor is not named by the root".to_owned()));
        }
        let own = grant.key_chain.first();
        if own.is_none_or(|own| own.bytes != self.application.statement) {
            return Err(bad(
                "its first key statement is not of the key made here".to_owned()
            ));
        }
        let anchors = grant.anchors.clone();
        let ring = KeyRing::new(self.text.network.0, anchors, Arc::default());
        let mut counts = true;
        for signed in grant.key_chain.iter().rev() {
            match ring.admit(std::slice::from_ref(signed), tree) {
                Ok(()) => {}
                Err(refusal) if self.text.serial > 1 && refusal.was_stated() => counts = false,
                Err(refusal) => return Err(bad(refusal.to_string())),
            }
        }
        Ok(counts)
    }

    fn put(&self, checked: CheckedGrant) -> Result<(), IdentityError> {
        let CheckedGrant {
            province,
            facts,
            grant,
            ..
        } = checked;
        let target = directory(&self.dir, self.text.division);
        let mut folders = Folders::default();
        folders.begin(&target)?;
        self.keys.put(&mut folders)?;
        let issued = Issued {
            key_chain: grant.key_chain,
            node: grant.node,
            issuing: grant.issuing,
        };
        issued.put(&mut folders)?;
        if target.exists() {
            let replaced = u32::from(self.text.serial) - 1;
            carry_over(&mut folders, &target, replaced)?;
        }
        folders.sync()?;
        let network = NetworkFile {
            network: HEXLOWER.encode(&facts.network),
            province,
            zone: facts.zone,
            demo: grant.demo,
            suite: self.text.suite,
            root_sha256: vec![network::fingerprint(&grant.root)],
        };
        network.write_if_missing(&self.dir, &grant.root, &grant.anchors)?;
        let name = format!("{}.before-{}", self.text.division, self.text.serial);
        Ok(folders.appear(Some(&target.with_file_name(name)))?)
    }
}

impl fmt::Debug for Joining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Joining({:?}, {})", self.text, self.key())
    }
}

/// Reads the keys of an earlier call; `None` if they are for another number or network.
fn load(
    waiting: &Path,
    text: &InvitationText,
) -> Result<Option<(NewKeys, Application)>, IdentityError> {
    let path = waiting.join(APPLICATION);
    let Some(application) = decode(&files::read(&path)?) else {
        return Ok(None);
    };
    let Ok(statement) = KeyStatement::decode(&application.statement) else {
        return Ok(None);
    };
    let fits = statement.network == text.network.0
        && statement.serial == u32::from(text.serial)
        && statement.suite == text.suite;
    if !fits {
        return Ok(None);
    }
    let issuing = waiting.join("issuing.key");
    let issuing = application.issuing.is_some().then(|| load_key(&issuing));
    let text_of = |name: &str| {
        let read = files::read_private(&waiting.join(name))?;
        Ok::<_, IdentityError>(String::from_utf8_lossy(&read).into_owned())
    };
    let keys = NewKeys {
        signing: FileKeyStore::load(&waiting.join("sign.key"))?,
        sealing: FileSealingKey::load(&waiting.join("seal.key"))?,
        tls: load_key(&waiting.join("tls.key"))?,
        issuing: issuing.transpose()?,
        pem: (text_of("sign.key")?, text_of("seal.key")?),
    };
    Ok(Some((keys, application)))
}

/// Says what the keys are, each signed by itself.
fn apply(
    keys: &NewKeys,
    text: &InvitationText,
    now: UnixTime,
) -> Result<Application, IdentityError> {
    let statement = KeyStatement {
        network: text.network.0,
        division: text.division,
        suite: keys.signing.suite(),
        public: keys.signing.public().to_vec(),
        purpose: Purpose::Sign,
        serial: text.serial.into(),
        issued_at: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        sealing: keys.sealing.public().clone(),
    };
    let request = |key: &KeyPair| {
        let made = CertificateParams::default().serialize_request(key);
        let made = made.map_err(|cause| failed(text.division, cause))?;
        Ok::<_, IdentityError>(made.der().to_vec())
    };
    Ok(Application {
        possession: statement.prove(&keys.signing)?,
        statement: statement.encode(),
        tls: request(&keys.tls)?,
        issuing: keys.issuing.as_ref().map(request).transpose()?,
    })
}

fn encode(application: &Application) -> Vec<u8> {
    let issuing = application.issuing.as_deref().unwrap_or_default();
    write_parts([
        &application.statement,
        &application.possession,
        &application.tls,
        issuing,
    ])
}

fn decode(bytes: &[u8]) -> Option<Application> {
    let [statement, possession, tls, issuing] = read_parts(bytes)?;
    Some(Application {
        statement,
        possession,
        tls,
        issuing: Some(issuing).filter(|bytes| !bytes.is_empty()),
    })
}

#[cfg(test)]
mod tests;
