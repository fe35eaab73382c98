//! Gathers what a node needs of its keys, its parent and its clock.

use std::{fs, path::Path, sync::Arc, time::SystemTime};

use app::hosted;
use config::Config;
use identity::{Identity, Network, Surroundings};
use peer::link::{
    connect::{ConnectConfig, TlsConnect},
    dial::DialError,
    probe::{Answered, names_of},
    resolve::{CurrentParents, Parents, resolver},
};
use topology::{DivisionCode, Tree};

use super::{
    Row,
    rules::{self, Check, Other, Reached, Valid},
};
use crate::site::configured_tree;

/// Bytes that a parent may send before they are read.
const UNREAD: u32 = 1 << 20;

/// Looks at keys, parent and clock.
pub(super) async fn rows(config: &Config) -> Vec<Row> {
    let now = now();
    let mut rows = vec![];
    if let Some(newest) = newest_file(&config.data.join("store")) {
        rows.push(rules::clock(Other::Store, seconds(now) - seconds(newest)));
    }
    let Ok(tree) = configured_tree(config) else {
        return rows;
    };
    let divisions = match hosted(config, &tree) {
        Ok(divisions) => divisions,
        Err(error) => {
            rows.push(rules::keys("", Err(error.to_string())));
            return rows;
        }
    };
    let identities = match identities(config, &divisions, &tree) {
        Ok(identities) => identities,
        Err((division, error)) => {
            rows.push(rules::keys(division, Err(error)));
            return rows;
        }
    };
    rows.push(rules::keys("", Ok(identities.len())));
    rows.extend(certificates(&identities, seconds(now)));
    // All topmost divisions have the same addresses of parents, and mostly the same parent.
    let top = identities.into_iter().find(|identity| {
        let parent = tree.parent(identity.division());
        parent.is_some_and(|parent| divisions.binary_search(&parent).is_err())
    });
    if let Some(identity) = top
        && let Some(parent) = tree.parent(identity.division())
    {
        rows.extend(parent_rows(config, identity, parent).await);
    }
    rows
}

#[expect(
    clippy::disallowed_methods,
    reason = "it is the clock of the machine that is looked at"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

fn identities(
    config: &Config,
    divisions: &[DivisionCode],
    tree: &Arc<Tree>,
) -> Result<Vec<Arc<Identity>>, (String, String)> {
    let failed = |subject: String, error: identity::IdentityError| (subject, error.to_string());
    let network = Network::load(&config.data)
        .map_err(|error| failed(config.data.display().to_string(), error))?;
    let around = Surroundings::default();
    let opened = divisions.iter().map(|division| {
        let opened = Identity::open(&network, &config.data, *division, tree, &around);
        opened
            .map(Arc::new)
            .map_err(|error| failed(division.to_string(), error))
    });
    opened.collect()
}

/// Rows for the certificates that end first.
fn certificates(identities: &[Arc<Identity>], now: i64) -> Vec<Row> {
    let first = |check: Check, ends: Vec<(DivisionCode, Valid)>| {
        let first = ends.into_iter().min_by_key(|(_, valid)| valid.through);
        first.map(|(division, valid)| rules::certificate(check, division, valid, now))
    };
    let valid = |validity: domain::certificate::Validity| Valid {
        from: validity.from,
        through: validity.through,
    };
    let own = identities.iter();
    let own = own.map(|identity| (identity.division(), valid(identity.validity())));
    let issuing = identities
        .iter()
        .filter_map(|identity| Some((identity.division(), valid(identity.issuing_validity()?))));
    let rows = [
        first(Check::Certificate, own.collect()),
        first(Check::IssuingCertificate, issuing.collect()),
    ];
    rows.into_iter().flatten().collect()
}

async fn parent_rows(config: &Config, identity: Arc<Identity>, parent: DivisionCode) -> Vec<Row> {
    let mut rows = vec![];
    let name = identity.name_of(parent);
    let asked = resolver(&config.dns.servers);
    let sources: Vec<(String, Parents)> = match (&config.parent[..], &asked) {
        ([], Ok(resolver)) => {
            let source = Parents::Discovered(Box::new(resolver.clone()), name.clone());
            vec![(peer::link::resolve::srv_name(&name), source)]
        }
        ([], Err(error)) => {
            let told =
                format!("the resolver cannot be set up: {error}; set `parent` or `dns.servers`");
            return vec![rules::parent_name(name, Err(told))];
        }
        (named, _) => named
            .iter()
            .map(|one| (one.to_string(), Parents::Configured(vec![one.to_string()])))
            .collect(),
    };
    let mut addresses = vec![];
    for (name, source) in sources {
        let found = match source.addresses(|| 0.5).await {
            Ok(found) => {
                let mut named = vec![];
                for address in &found {
                    let names = match &asked {
                        Ok(resolver) => names_of(resolver, address.ip()).await,
                        Err(_) => vec![],
                    };
                    named.push((address.to_string(), names));
                }
                addresses.extend(found);
                Ok(named)
            }
            Err(error) => Err(error.to_string()),
        };
        rows.push(rules::parent_name(name, found));
    }
    addresses.dedup();
    let dial = TlsConnect {
        identity,
        parent,
        parents: CurrentParents::of(Parents::Configured(vec![])),
        terms: ConnectConfig {
            connect_timeout: config.limits.handshake_timeout,
            unread: UNREAD,
            ping: config.links.keep_alive,
            keep_alive: config.links.keep_alive,
            frame_bytes: config.limits.frame_bytes,
        },
        own: None,
    };
    let mut reached = vec![];
    let mut clock = None;
    for address in addresses {
        let answer = dial.probe(address).await;
        if let Ok(Answered {
            time: Some(time), ..
        }) = &answer
        {
            clock = clock.or(Some(seconds(now()) - seconds(*time)));
        }
        reached.push((address, judged(answer)));
    }
    let is_answer = |reached: &Reached| matches!(reached, Reached::Answered(_));
    let any = reached.iter().any(|(_, reached)| is_answer(reached));
    rows.extend(
        reached
            .iter()
            .map(|(address, reached)| rules::parent(address, reached, any)),
    );
    rows.push(match clock {
        Some(ahead) => rules::clock(Other::Parent, ahead),
        None => rules::no_clock(),
    });
    rows
}

fn judged(answer: Result<Answered, DialError>) -> Reached {
    match answer {
        Ok(answered) => Reached::Answered(answered.took_ms),
        Err(DialError::Unreachable(_, error)) => Reached::Nobody(error.to_string()),
        Err(DialError::Refused(_, refusal)) => Reached::Refused(refusal.to_string()),
        Err(DialError::Stream(why)) => Reached::Odd(why),
        Err(error @ DialError::Unresolved(_)) => Reached::Nobody(error.to_string()),
    }
}

/// Returns when the file of the store was written last that is the newest.
fn newest_file(store: &Path) -> Option<SystemTime> {
    let mut newest = None;
    let mut folders = vec![store.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let Ok(found) = entry.metadata() else {
                continue;
            };
            match found.is_dir() {
                true => folders.push(entry.path()),
                false => newest = newest.max(found.modified().ok()),
            }
        }
    }
    newest
}
