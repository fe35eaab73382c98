//! The links of one node: their state, and how to end them from outside.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::Mutex,
};

use api::LinkState;
use domain::{revocation::Revocation, template::TemplateKey, time::Timestamp};
use identity::KeyRing;
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;

use super::probe::{self, Probed, Prober};
use crate::link::Ended;

/// Access to a running session from outside.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// Random number of the other's process; `None` where it does not matter.
    pub(super) instance: Option<[u8; 16]>,
    /// The other's address.
    pub(super) address: SocketAddr,
    /// Asks the other whether it is there.
    pub(super) prober: Prober,
    /// Ends the session at once.
    pub(super) cancel: CancellationToken,
    /// Ends the session after the other was told that its key was revoked.
    pub(super) leave: CancellationToken,
    /// Ends the session so that the next one shows a new certificate.
    pub(super) reopen: CancellationToken,
}

/// The links of one node, for the status.
#[derive(Debug, Default)]
pub struct Links {
    links: Mutex<HashMap<DivisionCode, (LinkState, Option<Tokens>)>>,
    closed: Mutex<HashSet<DivisionCode>>,
    /// Versions of the templates that the parent greeted with last.
    above: Mutex<Vec<(TemplateKey, u32)>>,
}

impl Links {
    /// Applies a revocation from now on: nothing that the key vouched for counts, and its division's link
    /// ends. It need not be durable yet, because the process does not forget it before it ends.
    pub fn enforce(&self, revocation: &Revocation, keys: &KeyRing) {
        keys.revoked().note(revocation);
        if keys.has_fallen(revocation.division) {
            self.leave(revocation.division);
        }
    }

    /// Returns all links that were up since the start.
    pub fn states(&self) -> Vec<(DivisionCode, LinkState)> {
        let links = self.links.lock().expect("no holder panics");
        let mut states: Vec<_> = links
            .iter()
            .map(|(d, (state, _))| (*d, state.clone()))
            .collect();
        states.sort_by_key(|(division, _)| *division);
        states
    }

    /// Returns the versions of the templates that the parent had when it last greeted.
    pub fn templates_above(&self) -> Vec<(TemplateKey, u32)> {
        self.above.lock().expect("no holder panics").clone()
    }

    pub(super) fn note_templates_above(&self, templates: Vec<(TemplateKey, u32)>) {
        *self.above.lock().expect("no holder panics") = templates;
    }

    /// Returns whether the link to this neighbour is up.
    pub fn is_up(&self, neighbour: DivisionCode) -> bool {
        self.links
            .lock()
            .expect("no holder panics")
            .get(&neighbour)
            .is_some_and(|(state, _)| state.up)
    }

    /// Closes the link to a neighbour until [`Links::open`]: ends the session and allows no new
    /// one. Envelopes for the neighbour wait in the outbox.
    pub fn close(&self, neighbour: DivisionCode) {
        self.closed
            .lock()
            .expect("no holder panics")
            .insert(neighbour);
        let links = self.links.lock().expect("no holder panics");
        if let Some((_, Some(tokens))) = links.get(&neighbour) {
            tokens.cancel.cancel();
        }
    }

    /// Ends the session with a neighbour whose key was revoked, within seconds. If it reads, it is
    /// told of the revocation first.
    pub fn leave(&self, neighbour: DivisionCode) {
        let links = self.links.lock().expect("no holder panics");
        if let Some((_, Some(tokens))) = links.get(&neighbour) {
            tokens.leave.cancel();
        }
    }

    /// Ends the session with a neighbour, so that the next one is opened with this node's new certificate.
    pub fn reopen(&self, neighbour: DivisionCode) {
        let links = self.links.lock().expect("no holder panics");
        if let Some((_, Some(tokens))) = links.get(&neighbour) {
            tokens.reopen.cancel();
        }
    }

    /// Allows the link to a neighbour again.
    pub fn open(&self, neighbour: DivisionCode) {
        self.closed
            .lock()
            .expect("no holder panics")
            .remove(&neighbour);
    }

    pub(super) fn is_closed(&self, neighbour: DivisionCode) -> bool {
        self.closed
            .lock()
            .expect("no holder panics")
            .contains(&neighbour)
    }

    /// Ends the sessions with all neighbours but one, so that they greet again; returns those
    /// neighbours.
    pub(crate) fn begin_anew(
        &self,
        but_for: Option<DivisionCode>,
        now: Timestamp,
    ) -> Vec<DivisionCode> {
        let mut links = self.links.lock().expect("no holder panics");
        let others = links.iter_mut().filter(|(peer, _)| Some(**peer) != but_for);
        let ended = others.filter_map(|(peer, (state, token))| {
            token.take()?.cancel.cancel();
            note_end(state, &Ended::NewEpoch, now);
            Some(*peer)
        });
        ended.collect()
    }

    pub(super) fn why_cancelled(&self, neighbour: DivisionCode) -> Ended {
        if self.is_closed(neighbour) {
            return Ended::ClosedHere;
        }
        let links = self.links.lock().expect("no holder panics");
        match links.get(&neighbour) {
            Some((_, None)) => Ended::NewEpoch,
            _ => Ended::Replaced,
        }
    }

    /// Notes that the session with a neighbour ended.
    pub(super) fn note_end(&self, neighbour: DivisionCode, ended: &Ended, now: Timestamp) {
        self.note(neighbour, |state| note_end(state, ended, now));
    }

    pub(super) fn note(&self, neighbour: DivisionCode, change: impl FnOnce(&mut LinkState)) {
        change(
            &mut self
                .links
                .lock()
                .expect("no holder panics")
                .entry(neighbour)
                .or_default()
                .0,
        );
    }

    /// Returns the running session with a neighbour.
    pub(super) fn current(&self, neighbour: DivisionCode) -> Option<Tokens> {
        let links = self.links.lock().expect("no holder panics");
        let tokens = links.get(&neighbour).and_then(|(_, tokens)| tokens.clone());
        tokens.filter(|tokens| !tokens.cancel.is_cancelled())
    }

    /// Registers a session. It ends an older one with the same neighbour.
    pub(super) fn begin(
        &self,
        neighbour: DivisionCode,
        address: SocketAddr,
        instance: Option<[u8; 16]>,
    ) -> (Tokens, Probed) {
        let (prober, probed) = probe::pair();
        let tokens = Tokens {
            instance,
            address,
            prober,
            cancel: CancellationToken::new(),
            leave: CancellationToken::new(),
            reopen: CancellationToken::new(),
        };
        let mut links = self.links.lock().expect("no holder panics");
        let slot = &mut links.entry(neighbour).or_default().1;
        if let Some(older) = slot.replace(tokens.clone()) {
            older.cancel.cancel();
        }
        (tokens, probed)
    }
}

fn note_end(state: &mut LinkState, ended: &Ended, now: Timestamp) {
    let said = ended.said();
    state.up = false;
    state.ended_ms = Some(now.0);
    state.last_end = Some(said.english);
    state.last_end_chinese = Some(said.chinese);
}
