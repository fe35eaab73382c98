//! Ports to listen on that no outgoing connection takes meanwhile: a node that is stopped and started
//! again comes back at its own, so it must lie outside the range the system gives out by itself, and
//! nobody else's test may take it while nothing listens there.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::{
        Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below what Linux gives to outgoing connections (32768 and up), and above the well-known.
const LEAST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port of loopback that is free now, and is taken by no other test as long as this process lives:
/// the UDP port of the same number is the sign that it is spoken for.
pub(crate) fn free() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    static CLAIMS: Mutex<Vec<UdpSocket>> = Mutex::new(vec![]);
    let start = u16::try_from(std::process::id() % u32::from(u16::MAX)).unwrap_or_default();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = LEAST + start.wrapping_mul(61).wrapping_add(step) % COUNT;
        let Ok(claim) = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)) else {
            continue;
        };
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            CLAIMS.lock().expect("no holder panics").push(claim);
            return port;
        }
    }
}
