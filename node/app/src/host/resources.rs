//! Directory, store and addresses of a process.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use store::{OpenError, SledOptions, Store};
use tokio::net::TcpListener;

use super::{Listener, Plan, StartError};

/// Returns the path of the control socket of a data directory.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join("wujitong.sock")
}

pub(super) fn open_store(plan: &Plan) -> Result<Store, OpenError> {
    match (&plan.memory, plan.config.store.engine) {
        (Some(disk), _) => Store::open_memory(disk),
        (None, config::Engine::Sled) => {
            let options = SledOptions {
                cache_bytes: plan.config.store.cache_bytes,
                ..SledOptions::default()
            };
            Store::open_sled(&plan.config.data.join("store"), options)
        }
    }
}

pub(super) async fn bind(of: Listener, address: SocketAddr) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| StartError::Listen(of, address.to_string(), error))
}

/// Returns the address under which this process reaches its own listener.
pub(super) fn loopback(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Restricts a data directory to its owner. It must run before the directory contains a socket.
pub(super) fn make_private(dir: &Path) -> Result<(), StartError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |cause| StartError::Directory {
        path: dir.to_owned(),
        cause,
    };
    std::fs::create_dir_all(dir).map_err(failed)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).map_err(failed)
}
