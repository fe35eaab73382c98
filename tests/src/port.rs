//! Ports to listen on that no outgoing connection takes meanwhile: a node that is stopped and started
//! again comes back at its own, so it must lie outside the range the system gives out by itself.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// Below what Linux gives to outgoing connections (32768 and up), and above the well-known.
const LEAST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port of loopback that is free now.
pub(crate) fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % u32::from(u16::MAX)).unwrap_or_default();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = LEAST + start.wrapping_mul(61).wrapping_add(step) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
