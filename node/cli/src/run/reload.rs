//! Reads the configuration anew while the process runs: on SIGHUP, and when `wujitong reload` asks.

use std::sync::Arc;

use api::{Reloaded, SettingsView};
use app::Host;
use config::{Config, Effect, Problem};
use telemetry::Telemetry;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{mpsc, watch},
};
use topology::saying::Saying;
use web::live::{ReloadAnswer, ReloadRequest, Settings};

use crate::{
    Failure,
    settings::{Examined, Sources, Typed, change, fault, file_faults},
};

/// Requests that wait while one is done.
const WAITING: usize = 8;

/// The configuration in force, and those who want it to be read anew.
pub(super) struct Reloads {
    sources: Sources,
    in_force: Typed,
    view: watch::Sender<Arc<SettingsView>>,
    requests: mpsc::Receiver<ReloadRequest>,
    hangups: Signal,
}

/// Who asked: somebody who waits for the answer, or a signal.
pub(super) struct Asked(Option<ReloadRequest>);

impl Asked {
    pub(super) fn answer(self, answer: ReloadAnswer) {
        if let Some(request) = self.0 {
            let _went_away = request.send(answer);
        }
    }
}

impl Reloads {
    /// Reads the configuration for the first time. Returns it, and what the API needs to show it and to ask.
    pub(super) fn begin(sources: Sources) -> Result<(Self, Config, Settings), Failure> {
        let hangups = signal(SignalKind::hangup()).map_err(Failure::Runtime)?;
        let in_force = sources.read()?;
        let config = in_force.resolve()?;
        let (view, seen) = watch::channel(Arc::new(in_force.view(&in_force.layer)));
        let (ask, requests) = mpsc::channel(WAITING);
        let settings = Settings {
            view: seen,
            reload: ask,
        };
        let begun = Self {
            sources,
            in_force,
            view,
            requests,
            hangups,
        };
        Ok((begun, config, settings))
    }

    /// Warns of secrets that others may read.
    pub(super) fn warn(&self) {
        for problem in file_faults(&self.in_force) {
            let (cause, remedy) = (&problem.cause.english, &problem.remedy.english);
            tracing::warn!(setting = %problem.key, cause, remedy, "a setting needs attention");
        }
    }

    /// Waits until somebody wants it to be read anew.
    pub(super) async fn asked(&mut self) -> Asked {
        tokio::select! {
            Some(request) = self.requests.recv() => Asked(Some(request)),
            Some(()) = self.hangups.recv() => Asked(None),
            else => std::future::pending().await,
        }
    }

    /// Reads and checks it whole. What may change while the process runs counts at once; one with a fault changes
    /// nothing.
    pub(super) fn reload(
        &mut self,
        (host, telemetry): (&Host, &Telemetry),
        config: &mut Config,
    ) -> ReloadAnswer {
        let answer = self
            .read()
            .and_then(|wanted| self.apply(wanted, (host, telemetry), config));
        match &answer {
            Ok(Reloaded { changed, restart }) => {
                let keys = |changes: &[api::SettingChange]| {
                    let keys: Vec<&str> = changes.iter().map(|one| one.key.as_str()).collect();
                    keys.join(" ")
                };
                tracing::info!(
                    changed = keys(changed),
                    restart = keys(restart),
                    "configuration read anew"
                );
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!(%problem, "the configuration has a fault; nothing was changed");
                }
            }
        }
        answer.map_err(|problems| problems.into_iter().map(fault).collect())
    }

    fn read(&self) -> Result<Typed, Vec<Problem>> {
        let typed = self
            .sources
            .read()
            .map_err(|failure| vec![unread(&failure)])?;
        let Examined { typed, faults, .. } = Examined::of(typed);
        match faults.is_empty() {
            true => Ok(typed),
            false => Err(faults),
        }
    }

    fn apply(
        &mut self,
        wanted: Typed,
        (host, telemetry): (&Host, &Telemetry),
        config: &mut Config,
    ) -> Result<Reloaded, Vec<Problem>> {
        let changes = self.in_force.layer.changes(&wanted.layer);
        let layer = self.in_force.layer.reloaded(&wanted.layer);
        let checked = layer.check(&wanted.base);
        // New settings may need others that count from the next start only.
        let mut new = checked.map_err(|errors| errors.problems().to_vec())?;
        host.reload(&new)
            .map_err(|error| vec![refused(error.to_string())])?;
        telemetry
            .set_filter(&new.telemetry.log)
            .map_err(|error| vec![refused(error.to_string())])?;
        // The addresses that were bound, and the directory, do not change.
        new.listen = config.listen;
        new.http.listen = config.http.listen;
        new.data = std::mem::take(&mut config.data);
        *config = new;
        self.in_force = Typed {
            file: wanted.file.clone(),
            base: wanted.base.clone(),
            layer,
            problems: Default::default(),
        };
        self.view
            .send_replace(Arc::new(self.in_force.view(&wanted.layer)));
        let (live, rest): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.effect == Effect::Reload);
        Ok(Reloaded {
            changed: live.into_iter().map(change).collect(),
            restart: rest.into_iter().map(change).collect(),
        })
    }
}

fn unread(failure: &Failure) -> Problem {
    refused(failure.to_string())
}

/// Returns a fault that is told in one sentence whose remedy is after its last semicolon.
fn refused(sentence: String) -> Problem {
    let (cause, remedy) = match sentence.rsplit_once("; ") {
        Some((cause, remedy)) => (cause.to_owned(), remedy.to_owned()),
        None => (sentence, String::new()),
    };
    Problem::of("", Saying::foreign(cause), Saying::foreign(remedy))
}
