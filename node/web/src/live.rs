//! What of the configuration may change while a process runs, and the way to whoever reads it.

use std::{
    num::NonZeroU32,
    sync::{Arc, RwLock},
};

use api::{Reloaded, SettingFault, SettingsView};
use config::{Pages, Subnet};
use outbound::oidc::SignIn;
use telemetry::hosts::{self, AllowHosts};
use tokio::sync::{mpsc, oneshot, watch};
use topology::DivisionCode;

/// Rate limits. A request above a limit is answered with 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Requests per second from one address over TCP, with bursts of ten times as many.
    pub address_per_s: NonZeroU32,
    /// Requests per second of one account or key, with bursts of ten times as many.
    pub caller_per_s: NonZeroU32,
    /// Logins, and as many requests with a slip, per minute from one address over TCP.
    pub logins_per_min: NonZeroU32,
    /// Reports per minute from one address over TCP without an account.
    pub reports_per_min: NonZeroU32,
}

/// Settings that count as soon as they are set.
#[derive(Clone)]
pub struct LiveSettings {
    /// The rate limits.
    pub rates: Rates,
    /// Host names and footer of pages.
    pub pages: Arc<Pages>,
    /// Host names that a request may ask for, besides those of pages.
    pub hosts: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For` is trusted.
    pub proxies: Vec<Subnet>,
    /// Sites whose pages may send requests from a browser.
    pub origins: Vec<String>,
    /// The sign-in provider, if configured.
    pub sign_in: Option<Arc<SignIn>>,
}

/// The settings in force; all clones share them.
#[derive(Clone)]
pub struct Live {
    settings: Arc<RwLock<Arc<LiveSettings>>>,
    hosts: AllowHosts,
    hosted: Arc<[DivisionCode]>,
}

impl Live {
    /// Returns these settings, for a process that hosts these divisions.
    pub fn new(settings: LiveSettings, hosted: impl IntoIterator<Item = DivisionCode>) -> Self {
        let none: [&str; 0] = [];
        let live = Self {
            settings: Arc::new(RwLock::new(Arc::new(settings.clone()))),
            hosts: hosts::allow(&none),
            hosted: hosted.into_iter().collect(),
        };
        live.set(settings);
        live
    }

    /// Replaces the settings, for requests from now on.
    pub fn set(&self, settings: LiveSettings) {
        let mut hosts = settings.hosts.clone();
        let hosted = self.hosted.iter();
        hosts.extend(hosted.flat_map(|division| settings.pages.names(*division)));
        self.hosts.set(&hosts);
        *self.settings.write().expect("no holder panics") = Arc::new(settings);
    }

    /// Returns the settings in force now.
    pub fn now(&self) -> Arc<LiveSettings> {
        Arc::clone(&self.settings.read().expect("no holder panics"))
    }

    /// Returns the layer that refuses other hosts.
    pub(crate) fn allowed_hosts(&self) -> AllowHosts {
        self.hosts.clone()
    }
}

/// What reading the configuration anew did, or everything that is wrong with it; nothing changed then.
pub type ReloadAnswer = Result<Reloaded, Vec<SettingFault>>;

/// A request to read the configuration anew.
pub type ReloadRequest = oneshot::Sender<ReloadAnswer>;

/// The configuration of the process, and the way to whoever reads it.
#[derive(Clone)]
pub struct Settings {
    /// What is in force.
    pub view: watch::Receiver<Arc<SettingsView>>,
    /// Takes requests to read it anew.
    pub reload: mpsc::Sender<ReloadRequest>,
}
