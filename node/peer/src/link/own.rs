//! Links between nodes of one process: both ends are here, so that its own listener knows them.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The addresses from which this process dialled itself. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct OwnLinks(Arc<Mutex<HashSet<SocketAddr>>>);

/// One of them, as long as its connection is open.
#[derive(Debug)]
pub struct OwnLink {
    links: OwnLinks,
    from: SocketAddr,
}

impl OwnLinks {
    /// This process dials itself from here.
    pub fn note(&self, from: SocketAddr) -> OwnLink {
        let from = canonical(from);
        self.addresses().insert(from);
        OwnLink {
            links: self.clone(),
            from,
        }
    }

    /// Whether a connection from here is this process's own. Known by the time its first byte arrives.
    pub fn has(&self, from: SocketAddr) -> bool {
        self.addresses().contains(&canonical(from))
    }

    fn addresses(&self) -> MutexGuard<'_, HashSet<SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OwnLink {
    fn drop(&mut self) {
        self.links.addresses().remove(&self.from);
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
