//! `wujitong init`

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use api::{KeyStatements, Named, Revocations, RevokeRequest};
use app::{SystemClock, socket_path};
use domain::{ids::KeyId, revocation::Reason, suite::Suite};
use identity::{
    CertificateProfile, Endorser, Founding, IdentityError, Network, Replacing, SignedKeyStatement,
    enrol, files,
};
use office::Clock;
use rustls_pki_types::UnixTime;
use serde::Serialize;
use topology::{DivisionCode, Tree};

use super::{
    Failure, Output,
    client::{Client, ClientError},
    labels::one_of,
    node_file::{CONFIG, NodeFile},
    site::{data_directory, tree},
    tables::pairs,
};

/// Founds a network, or enrols a division in one
///
/// For the province it founds the network: a random network id, the root certificate, and the
/// province's own node. Every other division is enrolled by its parent, whose data directory must
/// be on this machine. The configuration is written beside the keys; start the node with `wujitong
/// run --data DIR`.
///
/// --replaces gives an enrolled division a new key. For `stolen` and `lost` the parent's node,
/// which must be running, revokes the old key; everything the parent received under it so far stays
/// valid. For `replaced` the old key signs the new one and is revoked later. If the old key cannot
/// sign, the new key counts once the division above the parent has countersigned it: with
/// --countersign if its directory is on this machine, otherwise with `wujitong key countersign`
/// there.
///
/// Examples:
///   wujitong init --division 33 --zone zj.example --data /srv/province
///   wujitong init --division 3308 --issuer /srv/province --data /srv/city --parent gw.zj.example:7450
///   wujitong init --division 330825 --issuer /srv/city --data /srv/county --http off
///   wujitong init --division 330825002 --with-branch --issuer /srv/county --data /srv/township
///   wujitong init --division 330825002 --issuer /srv/county --data /srv/township --renew
///   wujitong init --division 330825002 --issuer /srv/county --data /srv/township --replaces replaced
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Init {
    /// The division, short or padded
    #[arg(long, value_name = "CODE")]
    division: DivisionCode,
    /// Directory for keys, configuration and store [default: ./wujitong-data if it exists, else
    /// /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
    /// DNS zone of all division names; only for the founder, other divisions get it from their
    /// issuer
    #[arg(long, value_name = "NAME", conflicts_with = "issuer")]
    zone: Option<String>,
    /// Data directory of the parent division, whose issuing key signs
    #[arg(long, value_name = "DIR")]
    issuer: Option<PathBuf>,
    /// Gives an enrolled division its next key; the reason says what happened to the old key
    #[arg(long, value_name = "REASON", value_parser = one_of::<Reason>(),
        requires = "issuer", conflicts_with = "with_branch")]
    replaces: Option<Reason>,
    /// With --replaces: data directory of the division above the parent, which countersigns at once
    #[arg(long, value_name = "DIR", requires = "replaces")]
    countersign: Option<PathBuf>,
    /// Gives an enrolled division new certificates for its present keys
    #[arg(long, requires = "issuer", conflicts_with_all = ["with_branch", "replaces"])]
    renew: bool,
    /// Also enrols every division below, all hosted by this one process
    #[arg(long)]
    with_branch: bool,
    /// Marks the network as a demonstration, whose figures mean nothing
    #[arg(long, conflicts_with = "issuer")]
    demo: bool,
    /// Algorithms of the network's signatures and digests
    #[arg(long, value_parser = one_of::<Suite>(), default_value = Suite::Ed25519Blake3.code())]
    suite: Suite,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    /// Written to the configuration: address for neighbours
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Written to the configuration: address for HTTP, or `off`
    #[arg(long, value_name = "ADDRESS")]
    http: Option<String>,
    /// Written to the configuration: address of the parent; looked up in DNS if left out
    #[arg(long, value_name = "HOST:PORT")]
    parent: Vec<String>,
}

/// Origin of a division's identity.
enum Origin {
    /// It founds a network in this zone.
    Founds(String),
    /// Its parent enrols it.
    EnrolledBy {
        issuer: PathBuf,
        parent: DivisionCode,
        network: Arc<Network>,
    },
}

struct Keys {
    nodes: usize,
    replaced: Option<Replacement>,
}

/// A key that replaces another.
#[derive(Debug, Serialize)]
struct Replacement {
    serial: u32,
    key: String,
    old_key: String,
    by_old_key: bool,
    /// The division that must countersign before the key counts.
    waits_for: Option<DivisionCode>,
    /// Divisions below, in the same directory, that got new certificates.
    renewed: Vec<DivisionCode>,
}

impl Replacement {
    fn for_people(&self, division: DivisionCode, tree: &Tree) -> String {
        let key = &self.key;
        let next = match self.waits_for {
            Some(above) => format!(
                "It counts once {} has countersigned; tell its operator the key, who then runs: \
                 wujitong key countersign {} --key {key}\n",
                named(tree, above),
                division.short(),
            ),
            None if self.by_old_key => format!(
                "The old key still counts. Once the node has run with the new one, run at the parent: \
                 wujitong revoke {} --reason replaced --key {}, then: wujitong init --division {} --issuer DIR --renew\n",
                division.short(),
                self.old_key,
                division.short(),
            ),
            None => String::new(),
        };
        format!("Key number {} is {key}.\n{next}", self.serial)
    }
}

#[derive(Debug, Serialize)]
struct Made {
    data: PathBuf,
    division: DivisionCode,
    name: String,
    parent: Option<DivisionCode>,
    nodes: usize,
    network: String,
    zone: String,
    demo: bool,
    root_sha256: Vec<String>,
    config: PathBuf,
    config_written: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<Replacement>,
}

impl Init {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let data = data_directory(self.data.as_deref());
        let tree = tree(self.topology.as_deref())?;
        let name = tree.require(self.division)?.short_name().into_owned();
        if !tree.has_node(self.division) {
            return Err(Failure::NoNode(self.division));
        }
        // Checks everything that can be wrong before it writes the first byte.
        let origin = self.origin(&tree, &data)?;
        let path = data.join(CONFIG);
        let config = self.checked_config(&tree, &origin, &data)?;
        let existed = data.exists();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&data);
        made.map_err(|error| Failure::File(data.clone(), error))?;
        let config_written = !path.exists();
        if config_written {
            files::write(&path, config.as_bytes()).map_err(IdentityError::from)?;
        }
        let made = self.make_keys(&data, &tree, &origin).await;
        let Keys { nodes, replaced } = match made {
            Ok(made) => made,
            Err(error) => {
                // Removes the files that were just written; files that existed before stay.
                if config_written {
                    let _best_effort = fs::remove_file(&path);
                }
                if !existed {
                    let _best_effort = fs::remove_dir(&data);
                }
                return Err(error);
            }
        };
        let network = Network::load(&data)?;
        let made = Made {
            data,
            division: self.division,
            name,
            parent: tree.parent(self.division),
            nodes,
            network: network.id_hex(),
            zone: network.zone.to_string(),
            demo: network.demo,
            root_sha256: network.fingerprints.clone(),
            config: path,
            config_written,
            replaced,
        };
        output.facts(&made, || made.for_people(&tree))
    }

    /// Returns whether the division founds a network, or whose directory enrols it.
    fn origin(&self, tree: &Tree, data: &Path) -> Result<Origin, Failure> {
        let Some(parent) = tree.parent(self.division) else {
            return match (&self.zone, &self.issuer) {
                (Some(zone), None) => {
                    identity::finish_founding(data)?;
                    identity::check_zone(zone, tree)?;
                    identity::check_not_founded(data, tree)?;
                    Ok(Origin::Founds(zone.clone()))
                }
                _ => Err(Failure::Usage(format!(
                    "{} is the province, which founds the network; give the DNS zone \
                     of its names with --zone",
                    named(tree, self.division)
                ))),
            };
        };
        let Some(issuer) = &self.issuer else {
            return Err(Failure::Usage(format!(
                "{} is enrolled by its parent, {}; give the parent's data directory with --issuer",
                named(tree, self.division),
                named(tree, parent)
            )));
        };
        let network = Network::load(issuer)?;
        if !identity::can_enrol(issuer, parent) {
            let others = identity::enrolled_in(issuer);
            let found = match &others[..] {
                [] => "nobody".to_owned(),
                some => {
                    let some: Vec<_> = some.iter().take(3).map(|of| named(tree, *of)).collect();
                    some.join(", ")
                }
            };
            return Err(Failure::Usage(format!(
                "{} is enrolled by its parent, {}, but {} has the keys of {found}; give \
                 the parent's own data directory with --issuer",
                named(tree, self.division),
                named(tree, parent),
                issuer.display(),
            )));
        }
        if self.replaces.is_none() && !self.renew {
            identity::check_not_enrolled(data, self.division)?;
        }
        Ok(Origin::EnrolledBy {
            issuer: issuer.clone(),
            parent,
            network,
        })
    }

    /// Creates all identities and returns how many.
    async fn make_keys(&self, data: &Path, tree: &Tree, origin: &Origin) -> Result<Keys, Failure> {
        let mut divisions: Vec<DivisionCode> = if self.with_branch {
            tree.nodes(self.division).collect()
        } else {
            vec![self.division]
        };
        let nodes = divisions.len();
        let mut replaced = None;
        match origin {
            Origin::Founds(zone) => {
                let founding = Founding {
                    zone: zone.clone(),
                    demo: self.demo,
                    suite: self.suite,
                };
                divisions.retain(|division| *division != self.division);
                identity::found_with(data, &divisions, tree, &founding, &terms(0))?;
            }
            Origin::EnrolledBy { issuer, .. } if self.renew => {
                identity::renew(data, self.division, issuer, tree, &terms(2))?;
            }
            Origin::EnrolledBy { issuer, parent, .. } => match self.replaces {
                None => enrol(data, &divisions, issuer, tree, &terms(0))?,
                Some(reason) => {
                    replaced = Some(self.replace(data, tree, (issuer, *parent), reason).await?);
                }
            },
        }
        Ok(Keys { nodes, replaced })
    }

    /// Gives the division its next key, after the parent's node has fixed up to where the old key
    /// counts.
    async fn replace(
        &self,
        data: &Path,
        tree: &Tree,
        (issuer, parent): (&Path, DivisionCode),
        reason: Reason,
    ) -> Result<Replacement, Failure> {
        let client = Client::new(socket_path(issuer));
        let path = format!("/v1/nodes/{parent}/key-statements");
        let asked = client.get::<Named<KeyStatements>>(&path).await;
        let mut lines = match asked {
            Ok(found) => found.facts.statements,
            // The old key signs the new one, so the parent does not have to limit what the old key
            // said.
            Err(ClientError::Unreachable { .. }) if reason == Reason::Replaced => vec![],
            Err(ClientError::Unreachable { .. }) => {
                return Err(Failure::Usage(format!(
                    "the node of {} must be running, so that it can fix up to where the old key of {} counts; \
                     start it: wujitong run --data {}",
                    named(tree, parent),
                    named(tree, self.division),
                    issuer.display()
                )));
            }
            Err(error) => return Err(error.into()),
        };
        lines.retain(|line| line.division == self.division);
        let known: Vec<_> = lines
            .iter()
            .filter_map(|line| SignedKeyStatement::from_hex(&line.statement))
            .collect();
        let stands = lines
            .iter()
            .any(|line| line.vouched.is_some() && !line.revoked);
        let mut revoked: Vec<_> = lines.iter().filter(|line| line.revoked).collect();
        if reason != Reason::Replaced {
            if stands {
                let request = RevokeRequest {
                    division: self.division,
                    reason,
                    key: None,
                };
                let path = format!("/v1/nodes/{parent}/revocations");
                let _answer: Named<Revocations> = client.post(&path, &request).await?;
            }
            revoked = lines.iter().collect();
        }
        let revoked: Vec<_> = revoked
            .iter()
            .filter_map(|line| KeyId::from_hex(&line.key))
            .collect();
        let replacing = Replacing {
            known: &known,
            revoked: &revoked,
            countersign: self.countersign.as_deref(),
        };
        // Certificates have a resolution of seconds and must be later than the revocation.
        let how = (tree, &terms(2));
        let done = identity::replace(data, self.division, issuer, replacing, how)?;
        let endorsement = done.signed.endorsement.as_ref().map(|it| it.by);
        let above = tree.parent(parent);
        Ok(Replacement {
            serial: done.statement.serial,
            key: done.statement.key_id().to_string(),
            old_key: done.old.to_string(),
            by_old_key: endorsement == Some(Endorser::OldKey),
            waits_for: above.filter(|_| endorsement.is_none()),
            renewed: done.renewed,
        })
    }

    /// Returns the text of the configuration, after the same checks that `wujitong run` makes.
    fn checked_config(&self, tree: &Tree, origin: &Origin, data: &Path) -> Result<String, Failure> {
        let (zone, network) = match origin {
            Origin::Founds(zone) => (zone.as_str(), None),
            Origin::EnrolledBy { network, .. } => (&*network.zone, Some(network)),
        };
        let id = network.map(|network| network.id_hex());
        let file = NodeFile {
            division: self.division,
            with_branch: self.with_branch,
            topology: self.topology.as_deref(),
            listen: self.listen.as_deref(),
            http: self.http.as_deref(),
            parent: &self.parent,
        };
        file.checked((tree, zone), id.as_deref(), data)
    }
}

/// Returns code and name of a division.
pub(super) fn named(tree: &Tree, division: DivisionCode) -> String {
    let name = tree
        .get(division)
        .map(|found| found.short_name().into_owned());
    format!("{division} {}", name.unwrap_or_default())
}

fn terms(seconds: u64) -> CertificateProfile {
    let now = Duration::from_millis(u64::try_from(SystemClock.now().0).unwrap_or_default());
    CertificateProfile::at(UnixTime::since_unix_epoch(
        now + Duration::from_secs(seconds),
    ))
}

impl Made {
    fn for_people(&self, tree: &Tree) -> String {
        let facts = pairs([
            ("division", format!("{} {}", self.division, self.name)),
            (
                "parent",
                self.parent
                    .map_or_else(|| "none".to_owned(), |parent| named(tree, parent)),
            ),
            ("identities made", self.nodes.to_string()),
            (
                "network",
                format!("{}{}", self.network, if self.demo { " (demo)" } else { "" }),
            ),
            ("zone", self.zone.clone()),
            ("root SHA-256", self.root_sha256.join(", ")),
            ("configuration", self.config.display().to_string()),
        ]);
        if let Some(replaced) = &self.replaced {
            return format!("{facts}{}", replaced.for_people(self.division, tree));
        }
        let next = if self.config_written {
            format!(
                "Look it over, then: wujitong run --data {}",
                self.data.display()
            )
        } else {
            "It existed already and was not changed: add the division to its `nodes`.".to_owned()
        };
        format!("{facts}{next}\n")
    }
}
