//! The nodes of this process, for those who ask by division.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use domain::{
    actor::Actor,
    ids::{KeyId, MatterId},
    receipt::Evidence,
    revocation::{Reason, Revocation},
};
use identity::{Identity, KeyError, KeyRing, Network};
use office::{Office, OfficeError, RequestContext, Stated};
use outbound::{oidc::SignIn, webhooks::WebhookDispatcher};
use peer::{fetch::Fetches, keys, revoked, session::Links};
use proof::ReceiptFile;
use telemetry::Collector;
use topology::{DivisionCode, Tree};

/// One hosted node.
#[derive(Clone)]
pub struct Node {
    /// Its office.
    pub office: Arc<Office>,
    /// How its links are doing.
    pub links: Arc<Links>,
    /// Brings files from other nodes.
    pub fetches: Arc<Fetches>,
    /// Keys of authors.
    pub keys: Arc<KeyRing>,
    /// Who tells other systems of changes.
    pub couriers: Arc<WebhookDispatcher>,
    /// Its own keys.
    pub identity: Arc<Identity>,
}

impl Node {
    /// Revokes a key of a child, or every one that still counts; see [`revoked::revoke`].
    ///
    /// # Errors
    /// [`office::RevokeRefusal`], or the store's.
    pub async fn revoke(
        &self,
        key: (DivisionCode, Option<KeyId>),
        reason: Reason,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<Arc<Revocation>>, OfficeError> {
        let parts = (&*self.office, &*self.keys, &*self.links);
        revoked::revoke(parts, key, reason, by).await
    }

    /// Countersigns a later key of a division two tiers below; see [`keys::countersign`].
    ///
    /// # Errors
    /// [`office::CountersignRefusal`], or the store's.
    pub async fn countersign(
        &self,
        key: (DivisionCode, Option<KeyId>),
        actor: &Actor,
    ) -> Result<Stated, OfficeError> {
        let parts = (&*self.office, &*self.identity, &*self.keys);
        keys::countersign(parts, key, actor).await
    }

    /// Makes the receipt file of a matter, signed by this node.
    ///
    /// # Errors
    /// [`KeyError`] if the node's key cannot be used.
    pub async fn receipt(
        &self,
        matter: MatterId,
        evidence: Evidence,
    ) -> Result<ReceiptFile, KeyError> {
        proof::export((&self.identity, &self.keys), matter, evidence).await
    }
}

/// All nodes of one process.
#[derive(Clone)]
pub struct AppState {
    /// The network they belong to.
    pub network: Arc<Network>,
    /// All divisions.
    pub tree: Arc<Tree>,
    /// The nodes, by division.
    pub nodes: Arc<BTreeMap<DivisionCode, Node>>,
    /// When the process started, in milliseconds since 1970.
    pub started_ms: i64,
    /// How often people and programs may ask.
    pub rates: Rates,
    /// The provider by whose word people sign in, if there is one.
    pub sign_in: Option<Arc<SignIn>>,
    /// Where traces go, if they go anywhere.
    pub collector: Option<Collector>,
}

/// Requests in a time. One more than allowed is answered 429.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// From one address in a second over TCP; tenfold at once.
    pub address_per_s: NonZeroU32,
    /// By one account or key in a second; tenfold at once.
    pub caller_per_s: NonZeroU32,
    /// Logins from one address in a minute over TCP.
    pub logins_per_min: NonZeroU32,
}

impl AppState {
    /// The node of a division, if this process hosts it.
    pub fn node(&self, division: DivisionCode) -> Option<&Node> {
        self.nodes.get(&division)
    }
}
