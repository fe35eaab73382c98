//! Ports to listen on. A node that is stopped and started again uses the same port, so the port
//! must be outside the range that the system gives to outgoing connections, and no other test may
//! take it in between.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::{
        Mutex,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below the range that Linux gives to outgoing connections (32768 and up), and above the
/// well-known ports.
const LEAST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// Returns a loopback port that is free, and that no other test takes as long as this process
/// lives: it claims the UDP port of the same number.
///
/// # Panics
/// If a test that claimed one panicked meanwhile.
pub fn free() -> u16 {
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
