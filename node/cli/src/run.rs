//! `wujitong run`

mod reload;

use std::{io, path::PathBuf, time::Duration};

use app::{Host, Plan};
use config::Raw;
use serde::Serialize;
use telemetry::Telemetry;
use tokio::signal::unix::{Signal, SignalKind, signal};
use topology::DivisionCode;

use super::{
    Failure, Output, exit::Exit, settings::Sources, site::configured_tree, supervisor::Supervisor,
    tables::pairs,
};
use reload::Reloads;

/// Runs one node, or many in one process, until Ctrl-C or SIGTERM
///
/// A setting comes from the configuration file, the environment (`WUJITONG_HTTP_LISTEN` for
/// `http.listen`) or a flag; the last of them wins. Without --config it reads DIR/node.toml; without
/// --data as well, /etc/wujitong/node.toml if that is there.
/// Without a zone or nodes in the configuration, it takes the zone and every enrolled division from
/// the data directory. On SIGHUP it reads the configuration anew, as `wujitong reload` does.
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
        let supervisor = Supervisor::of_environment();
        tokio::select! {
            ended = self.serve(output, &supervisor) => ended,
            never = supervisor.watch() => match never {},
        }
    }

    async fn serve(&self, output: &mut Output<'_>, supervisor: &Supervisor) -> Result<(), Failure> {
        let (mut reloads, config, settings) = Reloads::begin(self.sources())?;
        let mut interrupts = interrupts(SignalKind::interrupt())?;
        let mut terminations = interrupts_or_end()?;
        end_in_any_case()?;
        let telemetry = Telemetry::start(&config.telemetry)?;
        reloads.warn();
        let tree = configured_tree(&config)?;
        let mut stopped = async || {
            tokio::select! {
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
        };
        let mut plan = Plan {
            collector: telemetry.collector(),
            settings: Some(settings),
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
        supervisor.ready(host.health(), &running.hosted());
        // Keeps the addresses after a restart, even if they had any free port.
        plan.config.listen = host.address();
        plan.config.http.listen = host.http();
        while told.is_ok() {
            tokio::select! {
                () = stopped() => {
                    tracing::info!("stopping");
                    supervisor.stopping();
                    break;
                }
                asked = reloads.asked() => {
                    supervisor.reloading();
                    let answer = reloads.reload((&host, &telemetry), &mut plan.config);
                    supervisor.reloaded();
                    asked.answer(answer);
                    continue;
                }
                () = host.ailing() => {}
            }
            tracing::warn!("reopening the store");
            supervisor.reopening();
            host = match reopened(host, plan.clone()).await {
                Ok(host) => host,
                Err(failure) => {
                    telemetry.shutdown().await;
                    return Err(failure);
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

    /// Where the settings come from.
    fn sources(&self) -> Sources {
        let texts = |codes: &[DivisionCode]| codes.iter().map(ToString::to_string).collect();
        let mut flags = Raw {
            nodes: (!self.nodes.is_empty()).then(|| texts(&self.nodes)),
            subtree: self.subtree.map(|code| code.to_string()),
            listen: self.listen.clone(),
            parent: (!self.parent.is_empty()).then(|| self.parent.clone()),
            ..Raw::default()
        };
        flags.http.listen.clone_from(&self.http);
        Sources {
            config: self.config.clone(),
            data: self.data.clone(),
            flags,
            settings: self.settings.clone(),
        }
    }
}

/// Stops the nodes and starts them anew, so that the store is opened and checked again.
async fn reopened(host: Host, plan: Plan) -> Result<Host, Failure> {
    let stopped = tokio::time::timeout(STOP_WITHIN, host.stop()).await;
    stopped.map_err(|_| {
        Failure::Failed(
            "the store did not close after its disk failed; start the node again".to_owned(),
        )
    })?;
    Ok(Host::start(plan).await?)
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

    fn hosted(&self) -> String {
        match &self.nodes[..] {
            [only] => only.to_string(),
            [first, .., last] => format!("{} nodes, {first} to {last}", self.nodes.len()),
            [] => "none".to_owned(),
        }
    }

    fn for_people(&self) -> String {
        let network = format!("{}{}", self.network, if self.demo { " (demo)" } else { "" });
        let http = match &self.http {
            Some(address) => format!("http://{address}/readyz, /healthz, /metrics"),
            None => "off".to_owned(),
        };
        let facts = pairs([
            ("running", self.hosted()),
            ("network", network),
            ("neighbours", self.listen.clone()),
            ("http", http),
            ("socket", self.socket.display().to_string()),
        ]);
        format!("{facts}Ctrl-C stops it.\n")
    }
}
