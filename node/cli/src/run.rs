//! `wujitong run`

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use app::{Host, Plan};
use config::{Config, Raw};
use identity::Network;
use serde::Serialize;
use telemetry::Telemetry;
use tokio::signal::unix::{Signal, SignalKind, signal};
use topology::DivisionCode;

use super::{
    Failure, Output,
    exit::Exit,
    init::CONFIG,
    site::{configured_tree, data_directory, read},
    tables::pairs,
};

/// Runs one node, or many in one process, until Ctrl-C or SIGTERM
///
/// A setting comes from the configuration file, the environment (`WUJITONG_HTTP_LISTEN` for
/// `http.listen`) or a flag; the last of them wins. Without --config it reads DIR/node.toml.
/// Without a zone or nodes in the configuration, it takes the zone and every enrolled division from
/// the data directory.
///
/// Examples:
///   wujitong run --config /etc/wujitong/node.toml
///   wujitong run --data /srv/county
///   wujitong run --data /srv/city --listen 127.0.0.1:0 --http off --parent 127.0.0.1:7450
///   wujitong run --data /srv/county --set telemetry.log=debug --set limits.window=1024
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Run {
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "WUJITONG_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory; overrides the configuration
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
    /// Divisions to host; overrides the configuration
    #[arg(long = "node", value_name = "CODE", value_delimiter = ',')]
    nodes: Vec<DivisionCode>,
    /// Hosts this division and everything below it
    #[arg(long, value_name = "CODE")]
    subtree: Option<DivisionCode>,
    /// Address for neighbours; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Address for HTTP, or `off`
    #[arg(long, value_name = "ADDRESS")]
    http: Option<String>,
    /// Address of the parent
    #[arg(long, value_name = "HOST:PORT")]
    parent: Vec<String>,
    /// Any other setting
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
}

/// Time limit for the stop of nodes.
const STOP_WITHIN: Duration = Duration::from_secs(30);

fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("write KEY=VALUE, such as http.listen=off")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

/// Addresses of a running process.
#[derive(Debug, Serialize)]
struct Running {
    pid: u32,
    nodes: Vec<DivisionCode>,
    network: String,
    demo: bool,
    listen: String,
    http: Option<String>,
    socket: PathBuf,
}

impl Run {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let config = self.resolve()?;
        let mut interrupts = interrupts(SignalKind::interrupt())?;
        let mut terminations = interrupts_or_end()?;
        end_in_any_case()?;
        let telemetry = Telemetry::start(&config.telemetry)?;
        let tree = configured_tree(&config)?;
        let mut stopped = async || {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
        };
        let mut plan = Plan {
            collector: telemetry.collector(),
            ..Plan::new(config, tree)
        };
        let started = tokio::select! {
            started = Host::start(plan.clone()) => started,
            () = stopped() => return Ok(()),
        };
        let mut host = match started {
            Ok(host) => host,
            Err(error) => {
                telemetry.shutdown().await;
                return Err(error.into());
            }
        };
        let running = Running::of(&host);
        let told = output.facts(&running, || running.for_people());
        // Keeps the addresses after a restart, even if they had any free port.
        plan.config.listen = host.address();
        plan.config.http.listen = host.http();
        while told.is_ok() {
            tokio::select! {
                () = stopped() => {
                    tracing::info!("stopping");
                    break;
                }
                () = host.ailing() => {}
            }
            tracing::warn!("reopening the store");
            if tokio::time::timeout(STOP_WITHIN, host.stop())
                .await
                .is_err()
            {
                return Err(Failure::Failed(
                    "the store did not close after its disk failed; start the node again"
                        .to_owned(),
                ));
            }
            host = match Host::start(plan.clone()).await {
                Ok(host) => host,
                Err(error) => {
                    telemetry.shutdown().await;
                    return Err(error.into());
                }
            };
        }
        let ended = tokio::select! {
            () = host.stop() => told,
            () = stopped() => Err(Failure::Failed("it was interrupted while stopping".to_owned())),
        };
        telemetry.shutdown().await;
        ended
    }

    /// Merges and checks file, environment and flags.
    fn resolve(&self) -> Result<Config, Failure> {
        let file = self.config.clone().or_else(|| {
            let beside = data_directory(self.data.as_deref()).join(CONFIG);
            beside.is_file().then_some(beside)
        });
        let from_file = match &file {
            Some(path) => Raw::from_file(&read(path)?)
                .map_err(|error| Failure::ConfigFile(path.clone(), error))?,
            None => Raw::default(),
        };
        let base = match file.as_deref().and_then(Path::parent) {
            Some(dir) => absolute(dir)?,
            None => absolute(Path::new("."))?,
        };
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let merged = from_file
            .merge(Raw::from_env(variables)?)
            .merge(self.flags()?);
        let data = match &merged.data {
            Some(data) => base.join(data),
            None => absolute(&data_directory(None))?,
        };
        let config = from_directory(&data, &merged).merge(merged).check(&base)?;
        let network = Network::load(&config.data)?;
        if *network.zone != *config.zone {
            return Err(Failure::Usage(format!(
                "the configuration has the zone {}, but {} is enrolled in a network with the zone \
                 {}; correct `zone`",
                config.zone,
                config.data.display(),
                network.zone
            )));
        }
        Ok(config)
    }

    fn flags(&self) -> Result<Raw, Failure> {
        let texts = |codes: &[DivisionCode]| codes.iter().map(ToString::to_string).collect();
        let data = self.data.as_deref().map(absolute).transpose()?;
        let mut raw = Raw {
            data: data.map(|data| data.to_string_lossy().into_owned()),
            nodes: (!self.nodes.is_empty()).then(|| texts(&self.nodes)),
            subtree: self.subtree.map(|code| code.to_string()),
            listen: self.listen.clone(),
            parent: (!self.parent.is_empty()).then(|| self.parent.clone()),
            ..Raw::default()
        };
        raw.http.listen.clone_from(&self.http);
        Ok(raw.merge(Raw::from_settings(self.settings.iter().cloned())?))
    }
}

/// Returns the settings that the data directory gives where no other source does.
fn from_directory(data: &Path, said: &Raw) -> Raw {
    let mut raw = Raw {
        data: Some(data.to_string_lossy().into_owned()),
        ..Raw::default()
    };
    if said.zone.is_none() {
        raw.zone = Network::load(data)
            .ok()
            .map(|network| network.zone.to_string());
    }
    if said.nodes.is_none() && said.subtree.is_none() {
        let enrolled = fs::read_dir(data.join("identity")).into_iter().flatten();
        let mut codes: Vec<String> = enrolled
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.parse::<DivisionCode>().is_ok())
            .collect();
        codes.sort();
        raw.nodes = (!codes.is_empty()).then_some(codes);
    }
    raw
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::File(path.to_owned(), error))
}

/// Ends the process some time after the first signal, whatever hangs: a disk may block threads for
/// ever, including those that would stop the nodes.
fn end_in_any_case() -> Result<(), Failure> {
    let watch = || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut interrupts = signal(SignalKind::interrupt())?;
            let mut terminations = signal(SignalKind::terminate())?;
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
            Ok::<_, io::Error>(())
        })?;
        std::thread::sleep(STOP_WITHIN);
        tracing::error!(
            "the process did not stop in time and is ended; the next start checks the store"
        );
        #[expect(
            clippy::disallowed_methods,
            reason = "a hanging thread cannot return an error"
        )]
        std::process::exit(Exit::Failed as i32)
    };
    let watching = std::thread::Builder::new().name("signals".to_owned());
    let watching = watching.spawn(move || {
        if let Err(error) = watch() {
            tracing::warn!(%error, "cannot watch for a hanging stop; the process may have to be killed");
        }
    });
    watching.map(drop).map_err(Failure::Runtime)
}

fn interrupts(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error: io::Error| Failure::Runtime(error))
}

fn interrupts_or_end() -> Result<Signal, Failure> {
    interrupts(SignalKind::terminate())
}

impl Running {
    fn of(host: &Host) -> Self {
        let app_state = host.app_state();
        Self {
            pid: std::process::id(),
            nodes: app_state.nodes.keys().copied().collect(),
            network: app_state.network.id_hex(),
            demo: app_state.network.demo,
            listen: host.address().to_string(),
            http: host.http().map(|address| address.to_string()),
            socket: host.socket().to_owned(),
        }
    }

    fn for_people(&self) -> String {
        let hosted = match &self.nodes[..] {
            [only] => only.to_string(),
            [first, .., last] => format!("{} nodes, {first} to {last}", self.nodes.len()),
            [] => "none".to_owned(),
        };
        let network = format!("{}{}", self.network, if self.demo { " (demo)" } else { "" });
        let http = match &self.http {
            Some(address) => format!("http://{address}/readyz, /healthz, /metrics"),
            None => "off".to_owned(),
        };
        let facts = pairs([
            ("running", hosted),
            ("network", network),
            ("neighbours", self.listen.clone()),
            ("http", http),
            ("socket", self.socket.display().to_string()),
        ]);
        format!("{facts}Ctrl-C stops it.\n")
    }
}
