//! The nodes of this process, by division.

use std::{collections::BTreeMap, sync::Arc};

use api::{LastBackup, LinkState};
use domain::{
    actor::Actor,
    ids::{EpochId, KeyId, MatterId},
    receipt::{DisclosureEvidence, Evidence, LogProof},
    revocation::{Reason, Revocation},
    time::Timestamp,
};
use identity::{Identity, KeyError, KeyRing, Network};
use office::{CountersignRefusal, Failed, Office, RequestContext, RevokeRefusal, Stated};
use outbound::{oidc::SignIn, webhooks::WebhookDispatcher};
use peer::{courier::Courier, fetch::Fetches, keys, revoked, session::Links};
use proof::ReceiptFile;
use telemetry::Collector;
use tokio::sync::watch;
use topology::{DivisionCode, Tree};
use workers::Workers;

use super::{
    live::{Live, Settings},
    problem::Rejection,
    public_figures::MonthFigures,
};

/// A hosted node.
#[derive(Clone)]
pub struct Node {
    /// Its office.
    pub office: Arc<Office>,
    /// State of its links.
    pub links: Arc<Links>,
    /// Fetches files from other nodes.
    pub fetches: Arc<Fetches>,
    /// Public keys of all authors it knows.
    pub keys: Arc<KeyRing>,
    /// Sends change events to webhooks.
    pub dispatcher: Arc<WebhookDispatcher>,
    /// Its own keys.
    pub identity: Arc<Identity>,
    /// What it counted last for everybody.
    pub month: Arc<MonthFigures>,
    /// The divisions whose nodes run in this process, itself included.
    pub hosted: Arc<[DivisionCode]>,
}

impl Node {
    /// Revokes a key of a child, or every key that still counts; see [`revoked::revoke`].
    ///
    /// # Errors
    /// [`RevokeRefusal`], or an error of the store.
    pub async fn revoke(
        &self,
        key: (DivisionCode, Option<KeyId>),
        reason: Reason,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<Arc<Revocation>>, Failed<RevokeRefusal>> {
        let parts = (&*self.office, &*self.keys, &*self.links);
        revoked::revoke(parts, key, reason, by).await
    }

    /// Countersigns a new key of a division two tiers below; see [`keys::countersign`].
    ///
    /// # Errors
    /// [`CountersignRefusal`], or an error of the store.
    pub async fn countersign(
        &self,
        key: (DivisionCode, Option<KeyId>),
        actor: &Actor,
    ) -> Result<Stated, Failed<CountersignRefusal>> {
        let parts = (&*self.office, &*self.identity, &*self.keys);
        keys::countersign(parts, key, actor).await
    }

    /// Makes and reads courier files.
    pub fn courier(&self) -> Courier<'_> {
        Courier {
            office: &self.office,
            identity: &self.identity,
            keys: &self.keys,
            links: &self.links,
        }
    }

    /// Builds the receipt file of a matter, signed by this node.
    ///
    /// # Errors
    /// [`KeyError`] if the node's key cannot be used.
    pub async fn receipt(
        &self,
        matter: MatterId,
        evidence: Evidence,
    ) -> Result<ReceiptFile, KeyError> {
        let with = (&*self.identity, &*self.keys, &*self.hosted);
        proof::export(with, matter, evidence).await
    }

    /// Builds the receipt file of a disclosure, signed by this node.
    ///
    /// # Errors
    /// [`KeyError`] if the node's keys cannot be used.
    pub async fn disclosure_receipt(
        &self,
        evidence: DisclosureEvidence,
    ) -> Result<ReceiptFile, KeyError> {
        let with = (&*self.identity, &*self.keys, &*self.hosted);
        proof::export_disclosure(with, evidence).await
    }

    /// Builds the file with the keys of a log, signed by this node in the present life of its store.
    ///
    /// # Errors
    /// [`KeyError`] if the node's keys cannot be used.
    pub async fn log_keys(
        &self,
        present: (Timestamp, EpochId),
        head: &LogProof,
    ) -> Result<ReceiptFile, KeyError> {
        let with = (&*self.identity, &*self.keys, &*self.hosted);
        proof::export_log_keys(with, present, head).await
    }
}

/// What the node knows of its neighbours, and they of it.
impl Node {
    /// Returns when the node last heard of a neighbour, in milliseconds since 1970: now while it is linked, when the link
    /// ended, or the moment through which the neighbour had told everything, which is kept over restarts.
    pub(super) fn last_contact(&self, neighbour: DivisionCode, state: &LinkState) -> Option<i64> {
        if state.up {
            return Some(self.office.now().0);
        }
        let through = self.office.inbox().told_through(neighbour);
        state.ended_ms.max(through.map(|through| through.0))
    }
}

/// State shared by all handlers of one process.
#[derive(Clone)]
pub struct AppState {
    /// The network of the nodes.
    pub network: Arc<Network>,
    /// The tree of divisions.
    pub tree: Arc<Tree>,
    /// The nodes, by division.
    pub nodes: Arc<BTreeMap<DivisionCode, Node>>,
    /// When the process started, in milliseconds since 1970.
    pub started_ms: i64,
    /// What of the configuration may change while the process runs.
    pub live: Live,
    /// The configuration in force, and how it is read anew; `None` for a process that has no file.
    pub settings: Option<Settings>,
    /// The trace collector, if configured.
    pub collector: Option<Collector>,
    /// The last backup of its directory, as far as is known.
    pub backup: watch::Receiver<Option<LastBackup>>,
    /// What the process does by itself.
    pub workers: Workers,
    /// People whom a demonstration lets in without a password; empty everywhere else.
    pub entrances: Arc<[Entrance]>,
}

/// A person of a demonstration, whom everybody who opens it may be.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The node where the person has an account.
    pub division: DivisionCode,
    /// The login name.
    pub login: String,
    /// The password.
    pub password: String,
    /// What one is and sees as this person, in Chinese and English.
    pub about: (String, String),
    /// The path of the page where the person begins.
    pub begins: String,
}

impl AppState {
    /// Returns the host names and footer of pages.
    pub fn pages(&self) -> Arc<config::Pages> {
        Arc::clone(&self.live.now().pages)
    }

    /// Returns the sign-in provider, if configured.
    pub fn sign_in(&self) -> Option<Arc<SignIn>> {
        self.live.now().sign_in.clone()
    }

    /// Returns the node of a division, if this process hosts it.
    pub fn node(&self, division: DivisionCode) -> Option<&Node> {
        self.nodes.get(&division)
    }

    /// Returns the node of a division.
    ///
    /// # Errors
    /// If there is no such division, or this process does not host its node.
    pub fn hosted(&self, division: DivisionCode) -> Result<&Node, Rejection> {
        if let Some(node) = self.node(division) {
            return Ok(node);
        }
        self.tree.require(division)?;
        Err(Rejection::missing((
            format!(
                "this process does not host the node of {division}; `wujitong status` lists those it hosts"
            ),
            format!("{division} 的节点不在这里；请用那个单位的网址"),
        )))
    }
}
