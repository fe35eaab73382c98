//! `wujitong demo`

mod affairs;
mod boarded;
mod issued;
mod life;
pub mod network;
mod people;
mod proven;
mod rated;
mod standards;
mod story;
mod tell;

use std::{
    fs,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use clap::Args;
use cli::{Failure, Output, Run, wait};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use ::topology::{DivisionCode, Tree};

/// Runs a whole branch of Zhejiang on this machine and shows it at work
///
/// Starts the province, the city, and the county with all its townships and villages: by default
/// 306 nodes of 龙游县 (Longyou), each with its own keys, certificate and records on disk, linked
/// by mutually authenticated TLS on loopback. It then reports matters, hands them through the
/// tiers, publishes a template, cuts one township off and lets it catch up, and checks every result
/// it shows. It runs until Ctrl-C.
///
/// Examples:
///   wujitong demo
///   wujitong demo --once --json
///   wujitong demo --data ./longyou --division 330825
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Demo {
    /// Ends after the story; the exit code is 0 only if every check passed
    #[arg(long)]
    once: bool,
    /// Keeps the network in this directory for the next start; without it the directory is
    /// temporary
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The county, township or village whose branch is started
    #[arg(long, value_name = "CODE", default_value = "330825")]
    division: DivisionCode,
}

/// Pause between two attempts to remove a directory whose files are being closed.
const CLOSING: Duration = Duration::from_millis(50);
/// Number of attempts.
const TRIES: usize = 100;

/// Directory of the demo's network.
enum Home {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Home {
    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }

    /// Removes a temporary directory. The store of an interrupted demo closes in the background.
    async fn leave(self) -> Result<(), Failure> {
        let Self::Temporary(dir) = self else {
            return Ok(());
        };
        let path = dir.keep();
        for _ in 1..TRIES {
            if fs::remove_dir_all(&path).is_ok() && !path.exists() {
                return Ok(());
            }
            tokio::time::sleep(CLOSING).await;
        }
        fs::remove_dir_all(&path).map_err(|error| Failure::File(path, error))
    }
}

impl Run for Demo {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        wait(self.tell(output))
    }
}

impl Demo {
    async fn tell(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = Tree::zhejiang();
        let branch = network::Branch::of(self.division, &tree)?;
        let mut signals = Signals::new()?;
        let home = match &self.data {
            Some(path) => Home::Kept(path.clone()),
            None => Home::Temporary(
                tempfile::Builder::new()
                    .prefix("wujitong-demo-")
                    .tempdir()
                    .map_err(|error| Failure::File(std::env::temp_dir(), error))?,
            ),
        };
        let shown = self.show(&branch, &tree, home.path(), output, &mut signals);
        let shown = shown.await;
        // Removes temporary files whatever the result.
        let left = home.leave().await;
        shown.and(left)
    }

    async fn show(
        &self,
        branch: &network::Branch,
        tree: &Tree,
        home: &Path,
        output: &mut Output<'_>,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        let progress = Progress {
            shown: output.for_person(),
        };
        let started = std::time::Instant::now();
        let stop = CancellationToken::new();
        let mut forming = pin!(network::form(branch, home, &progress, &stop));
        let network = tokio::select! {
            formed = &mut forming => formed?,
            () = signals.next() => {
                stop.cancel();
                // Ends as soon as the running step is done.
                forming.await?
            }
        };
        let formed_ms = started.elapsed().as_millis() as u64;
        let told = tokio::select! {
            told = story::tell(&network, branch, &progress) => told,
            () = signals.next() => Err(cut_short()),
            () = stop.cancelled() => Err(cut_short()),
        };
        let told = match told {
            Ok(story) => match people::open(&network, branch).await {
                Ok(()) => village(&network, branch).await.map(|affairs| story::Story {
                    affairs: Some(affairs),
                    ..story
                }),
                Err(failure) => Err(failure),
            },
            Err(failure) => Err(failure),
        };
        let told = told.and_then(|mut story| {
            story.formed_ms = formed_ms;
            story.elapsed_ms = started.elapsed().as_millis() as u64;
            output.facts(&story, || tell::tell(&story, tree))?;
            if !self.once && output.for_person() {
                output.text(
                    "\nThe network stays up. Ctrl-C ends it. 网络保持运行，按 Ctrl-C 结束。",
                )?;
            }
            Ok(())
        });
        if told.is_ok() && !self.once {
            signals.next().await;
        }
        network.stop().await;
        told
    }
}

/// Lets the villages live: things are made public, asked for, posted and rated, and data are asked for.
async fn village(
    network: &network::Network,
    branch: &network::Branch,
) -> Result<story::Affairs, Failure> {
    let affairs = affairs::tell(network, branch).await?;
    boarded::post(network, branch).await?;
    rated::rate(network, branch).await?;
    standards::ask(network, branch).await?;
    Ok(affairs)
}

fn cut_short() -> Failure {
    Failure::Failed("the demo was interrupted".to_owned())
}

/// Signals that end the demo.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(Failure::Runtime);
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Shows the progress of long steps to people.
pub struct Progress {
    /// Whether it is shown.
    pub shown: bool,
}

impl Progress {
    /// Returns a bar with `length` steps.
    fn bar(&self, what: &'static str, length: usize) -> ProgressBar {
        let bar = ProgressBar::new(length as u64);
        if !self.shown {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{msg:34} {bar:30} {pos}/{len} {elapsed}")
            .expect("a constant template");
        bar.set_style(style);
        bar.set_message(what);
        bar
    }
}
