//! `wujitong init`

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls_pki_types::UnixTime;
use serde::Serialize;
use topology::{DivisionCode, Tree};

use super::{
    Failure, Output,
    site::{data_directory, tree},
    tables::pairs,
    words::{SUITES, one_of},
};
use crate::{
    app::SystemClock,
    domain::suite::Suite,
    identity::{Founding, Network, Terms, enrol, found_network},
    office::Clock,
};

/// The configuration `run` looks for in a data directory.
pub(super) const CONFIG: &str = "node.toml";

/// Founds a network, or enrols a division in one
///
/// The province founds: a random network id, the root everybody trusts, the province's own node.
/// Any other division is enrolled by its parent, whose data directory must be on this machine. A
/// configuration is written beside the keys; `wujitong run --data DIR` then starts the node.
///
/// Examples:
///   wujitong init --division 33 --zone zj.example --data /srv/province
///   wujitong init --division 3308 --issuer /srv/province --data /srv/city --parent gw.zj.example:7450
///   wujitong init --division 330825 --with-branch --issuer /srv/city --data /srv/county
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Init {
    /// The division, short or padded
    #[arg(long, value_name = "CODE")]
    division: DivisionCode,
    /// Where keys, configuration and store go [default: ./wujitong-data if it exists, else
    /// /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
    /// DNS zone of all division names; the founder chooses it, others learn it from their issuer
    #[arg(long, value_name = "NAME", conflicts_with = "issuer")]
    zone: Option<String>,
    /// Data directory of the parent division, whose issuing key signs
    #[arg(long, value_name = "DIR")]
    issuer: Option<PathBuf>,
    /// Enrols every division below as well, all hosted by this one process
    #[arg(long)]
    with_branch: bool,
    /// Marks the network as a demonstration, whose figures mean nothing
    #[arg(long, conflicts_with = "issuer")]
    demo: bool,
    /// Algorithms of the network's signatures and digests
    #[arg(long, value_parser = one_of::<Suite>(&SUITES), default_value = SUITES[0].0)]
    suite: Suite,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    /// For the configuration: where neighbours connect
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// For the configuration: where health and metrics are served, or `off`
    #[arg(long, value_name = "ADDRESS")]
    http: Option<String>,
    /// For the configuration: where the parent listens; looked up in DNS if left out
    #[arg(long, value_name = "HOST:PORT")]
    parent: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Made {
    data: PathBuf,
    division: DivisionCode,
    name: String,
    nodes: usize,
    network: String,
    zone: String,
    demo: bool,
    root_sha256: Vec<String>,
    config: PathBuf,
    config_written: bool,
}

impl Init {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let data = data_directory(self.data.as_deref());
        let tree = tree(self.topology.as_deref())?;
        let name = tree.require(self.division)?.short_name().into_owned();
        if !tree.has_node(self.division) {
            return Err(Failure::NoNode(self.division));
        }
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&data);
        made.map_err(|error| Failure::File(data.clone(), error))?;
        let nodes = self.make_keys(&data, &tree)?;
        let network = Network::load(&data)?;
        let config = data.join(CONFIG);
        let config_written = self.write_config(&config, &tree, &network)?;
        let made = Made {
            data,
            division: self.division,
            name,
            nodes,
            network: network.id_hex(),
            zone: network.zone.to_string(),
            demo: network.demo,
            root_sha256: network.fingerprints.clone(),
            config,
            config_written,
        };
        output.facts(&made, || made.for_people())
    }

    /// Makes all identities; says how many.
    fn make_keys(&self, data: &Path, tree: &Tree) -> Result<usize, Failure> {
        let terms = Terms::at(UnixTime::since_unix_epoch(Duration::from_millis(
            u64::try_from(SystemClock.now().0).unwrap_or_default(),
        )));
        let mut divisions: Vec<DivisionCode> = if self.with_branch {
            tree.nodes(self.division).collect()
        } else {
            vec![self.division]
        };
        let count = divisions.len();
        let issuer = match (&self.issuer, &self.zone) {
            (Some(issuer), _) => issuer.as_path(),
            (None, Some(zone)) if self.division == tree.root() => {
                let founding = Founding {
                    zone: zone.clone(),
                    demo: self.demo,
                    suite: self.suite,
                };
                found_network(data, tree, &founding, &terms)?;
                divisions.retain(|division| *division != self.division);
                data
            }
            (None, Some(_)) => {
                return Err(Failure::Usage(format!(
                    "{} is no province, so it founds no network; name its parent's data directory \
                     with --issuer",
                    self.division
                )));
            }
            (None, None) => {
                return Err(Failure::Usage(
                    "nobody vouches for this division; found a network with --zone, or name the \
                     parent's data directory with --issuer"
                        .to_owned(),
                ));
            }
        };
        if !divisions.is_empty() {
            enrol(data, &divisions, issuer, tree, &terms)?;
        }
        Ok(count)
    }

    /// Writes the configuration, unless there is one.
    fn write_config(&self, path: &Path, tree: &Tree, network: &Network) -> Result<bool, Failure> {
        let failed = |error| Failure::File(path.to_owned(), error);
        let text = self.config(tree, network).map_err(failed)?;
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        match file {
            Ok(mut file) => file
                .write_all(text.as_bytes())
                .map_err(failed)
                .map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn config(&self, tree: &Tree, network: &Network) -> io::Result<String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let code = self.division.short();
        let hosted = if self.with_branch {
            format!("subtree = {}", quoted(&code))
        } else {
            format!("nodes = [{}]", quoted(&code))
        };
        let topology = match &self.topology {
            Some(file) => {
                let file = fs::canonicalize(file)?;
                format!("topology = {}\n", quoted(&file.to_string_lossy()))
            }
            None => String::new(),
        };
        let listen = self.listen.as_deref().unwrap_or("[::]:7450");
        let http = self.http.as_deref().unwrap_or("127.0.0.1:7480");
        let parent = match (&self.parent[..], tree.parent(self.division)) {
            (_, None) => String::new(),
            ([], Some(_)) => {
                "# Left out, the parent is looked up in DNS.\n# parent = [\"parent.example:7450\"]\n"
                    .to_owned()
            }
            (named, Some(_)) => {
                let named: Vec<String> = named.iter().map(|address| quoted(address)).collect();
                format!("parent = [{}]\n", named.join(", "))
            }
        };
        let name = tree.full_name(self.division).unwrap_or_default();
        Ok(format!(
            "# {name}, in the network {}. Every other setting stands at its default.\n\n\
             data = \".\"\n{hosted}\nzone = {}\n{topology}listen = {}\n{parent}\n\
             [http]\nlisten = {}\n",
            network.id_hex(),
            quoted(&network.zone),
            quoted(listen),
            quoted(http),
        ))
    }
}

impl Made {
    fn for_people(&self) -> String {
        let facts = pairs([
            ("division", format!("{} {}", self.division, self.name)),
            ("identities made", self.nodes.to_string()),
            (
                "network",
                format!("{}{}", self.network, if self.demo { " (demo)" } else { "" }),
            ),
            ("zone", self.zone.clone()),
            ("root SHA-256", self.root_sha256.join(", ")),
            ("configuration", self.config.display().to_string()),
        ]);
        let next = if self.config_written {
            format!(
                "Look it over, then: wujitong run --data {}",
                self.data.display()
            )
        } else {
            "It was there already and is left as it is: add the division to its `nodes`.".to_owned()
        };
        format!("{facts}{next}\n")
    }
}
