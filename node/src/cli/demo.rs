//! `wujitong demo`

mod life;
mod network;
mod proof;
mod story;
mod tell;

use std::path::{Path, PathBuf};

use ::topology::{DivisionCode, Tree};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Failure, Output};

/// Forms a whole branch of Zhejiang on this machine and shows it at work
///
/// Starts the province, the city and the county with all its townships and villages: by default
/// 306 nodes of 龙游县 (Longyou), every one with its own keys, certificate and records on disk, linked by mutually
/// authenticated TLS on loopback. Then it reports matters, hands them through the tiers, publishes a template, cuts
/// one township off and lets it catch up, checks every claim it makes, and stays up until Ctrl-C.
///
/// Examples:
///   wujitong demo
///   wujitong demo --once --json
///   wujitong demo --data ./longyou --division 330825
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Demo {
    /// Ends after the story; the exit code is 0 only if everything claimed was checked
    #[arg(long)]
    once: bool,
    /// Keeps the network here for the next start; a temporary directory without it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The county, township or village whose branch is formed
    #[arg(long, value_name = "CODE", default_value = "330825")]
    division: DivisionCode,
}

/// Where the demo keeps its network.
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
}

impl Demo {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = Tree::zhejiang();
        let branch = network::Branch::of(self.division, &tree)?;
        let home = match self.data {
            Some(path) => Home::Kept(path),
            None => Home::Temporary(
                tempfile::Builder::new()
                    .prefix("wujitong-demo-")
                    .tempdir()
                    .map_err(|error| Failure::File(std::env::temp_dir(), error))?,
            ),
        };
        let progress = Progress {
            shown: output.for_person(),
        };
        let started = std::time::Instant::now();
        let network = network::form(&branch, home.path(), &progress).await?;
        let formed_ms = started.elapsed().as_millis() as u64;
        let mut story = story::tell(&network, &branch, &progress).await?;
        story.formed_ms = formed_ms;
        story.elapsed_ms = started.elapsed().as_millis() as u64;
        output.facts(&story, || tell::tell(&story, &tree))?;
        if !self.once {
            if output.for_person() {
                output.text(
                    "\nThe network stays up. Ctrl-C ends it. 网络保持运行，按 Ctrl-C 结束。",
                )?;
            }
            let _interrupted = tokio::signal::ctrl_c().await;
        }
        network.stop().await;
        Ok(())
    }
}

/// Shows how far long work has come, to people.
pub(super) struct Progress {
    shown: bool,
}

impl Progress {
    /// A bar over `length` steps.
    pub(super) fn bar(&self, what: &'static str, length: usize) -> ProgressBar {
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
