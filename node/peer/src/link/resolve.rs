//! Resolves the addresses of a parent: from the configuration, or from DNS SRV records of its
//! division name.

use std::{net::SocketAddr, sync::RwLock, time::Duration};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
    proto::rr::RData,
};

/// The reason no address of the parent is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// A configured address cannot be resolved.
    #[error("the address `{0}` cannot be resolved ({1}); check `parent` in the configuration")]
    Address(String, String),
    /// The SRV record cannot be found.
    #[error("no SRV record {0} ({1}); publish one, or set `parent` in the configuration")]
    Srv(String, String),
}

/// The source of the parent's addresses.
#[derive(Clone)]
pub enum Parents {
    /// `host:port`, tried in order.
    Configured(Vec<String>),
    /// SRV records below this DNS name, found by this resolver.
    Discovered(Box<TokioResolver>, String),
}

/// The source of the parent's addresses that counts now.
pub struct CurrentParents(RwLock<Parents>);

impl CurrentParents {
    /// Begins with this source.
    pub const fn of(parents: Parents) -> Self {
        Self(RwLock::new(parents))
    }

    /// Takes another source from the next dial on.
    pub fn set(&self, parents: Parents) {
        *self.0.write().expect("no holder panics") = parents;
    }

    /// Returns the addresses to try; see [`Parents::addresses`].
    pub(super) async fn addresses(
        &self,
        chance: impl FnMut() -> f64,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        let parents = self.0.read().expect("no holder panics").clone();
        parents.addresses(chance).await
    }
}

/// Builds a resolver that asks these servers, or the system's if there are none.
pub fn resolver(servers: &[SocketAddr]) -> Result<TokioResolver, String> {
    let builder = if servers.is_empty() {
        TokioResolver::builder_tokio().map_err(|error| error.to_string())?
    } else {
        let mut config = ResolverConfig::default();
        for server in servers {
            let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
            for connection in &mut name_server.connections {
                connection.port = server.port();
            }
            config.add_name_server(name_server);
        }
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let mut builder = builder;
    builder.options_mut().timeout = Duration::from_secs(2);
    builder.options_mut().attempts = 2;
    builder.build().map_err(|error| error.to_string())
}

/// Returns the SRV name under which a division's listeners are published.
pub fn srv_name(division_name: &str) -> String {
    format!("_wujitong._tcp.{division_name}.")
}

impl Parents {
    /// Returns the addresses to try, best first. `chance` returns 0 to 1 and picks among equal
    /// priorities by weight. Called for every attempt; the resolver caches answers for their TTL.
    pub async fn addresses(
        &self,
        mut chance: impl FnMut() -> f64,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        match self {
            Self::Configured(hosts) => {
                let mut found = vec![];
                let mut trouble = None;
                for host in hosts {
                    match tokio::net::lookup_host(host).await {
                        Ok(addresses) => found.extend(addresses),
                        Err(error) => {
                            trouble = Some(Unresolved::Address(host.clone(), error.to_string()));
                        }
                    }
                }
                match trouble {
                    Some(trouble) if found.is_empty() => Err(trouble),
                    _ => Ok(found),
                }
            }
            Self::Discovered(resolver, name) => {
                let name = srv_name(name);
                let failed = |error: String| Unresolved::Srv(name.clone(), error);
                let answer = resolver
                    .srv_lookup(name.as_str())
                    .await
                    .map_err(|error| failed(error.to_string()))?;
                let mut targets: Vec<_> = answer
                    .answers()
                    .iter()
                    .filter_map(|record| match &record.data {
                        RData::SRV(srv) => Some(srv.clone()),
                        _ => None,
                    })
                    .map(|srv| {
                        // Weighted random order within one priority (RFC 2782).
                        let key = chance().powf(1.0 / f64::from(srv.weight.max(1)));
                        (srv.priority, key, srv)
                    })
                    .collect();
                targets.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                let mut found = vec![];
                for (_, _, srv) in targets {
                    if let Ok(addresses) = resolver.lookup_ip(srv.target.clone()).await {
                        found.extend(addresses.iter().map(|ip| SocketAddr::new(ip, srv.port)));
                    }
                }
                if found.is_empty() {
                    return Err(failed("its targets have no address".to_owned()));
                }
                Ok(found)
            }
        }
    }
}
