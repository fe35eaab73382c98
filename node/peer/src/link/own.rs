//! Links between nodes of one process, which its own listener must recognise.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The addresses from which this process dialled itself. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct OwnLinks(Arc<Mutex<HashSet<SocketAddr>>>);

/// One such address, listed while its connection is open.
#[derive(Debug)]
pub struct OwnLink {
    links: OwnLinks,
    from: SocketAddr,
}

impl OwnLinks {
    /// Lists an address from which this process dials itself.
    pub fn note(&self, from: SocketAddr) -> OwnLink {
        let from = canonical(from);
        self.addresses().insert(from);
        OwnLink {
            links: self.clone(),
            from,
        }
    }

    /// Returns whether a connection from this address is the process's own. It is listed before its
    /// first byte arrives.
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
