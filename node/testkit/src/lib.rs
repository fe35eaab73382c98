//! What tests of whole nodes share: real mTLS on loopback, real stores, port 0. No product crate depends on it.
//!
//! [`province::Province`] is one node alone, with what people and programs ask it ([`asking`]); [`command`] is the
//! program as an operator types it.
//!
//! [`Network`] runs nodes of all tiers; [`program::Programs`] runs each in a process of its own, which can be killed.
//! [`peer::Peer`] is a neighbour written by hand, to say what no honest node says; [`detour::Detour`] is a slow way
//! between two neighbours; [`meddler::Meddler`] stands between two honest ones and repeats, reorders and replays;
//! [`simulation::run`] is a network in virtual time, in memory and in one thread; [`audit`] counts by itself what must
//! hold when everything has come to rest.

pub mod asking;
pub mod audit;
pub mod clock;
pub mod collector;
pub mod command;
pub mod crowd;
pub mod detour;
pub mod heads;
pub mod homes;
pub mod meddler;
mod network;
mod no_log_keys;
pub mod peer;
mod people;
pub mod pictures;
pub mod port;
pub mod program;
pub mod provider;
pub mod province;
pub mod simulation;
mod tampering;
pub mod wire;

use std::time::{Duration, Instant};

use domain::actor::Actor;
use topology::DivisionCode;

pub use network::{Network, Options, Twin};
pub use people::{direct, emergency, holds, known, rubbish};

/// The zone of test networks.
pub const ZONE: &str = "zj.example";

/// Somebody at the node's own machine.
pub const CLERK: Actor = Actor::OsUser(1000);

/// The person who verifies the clerk's work.
pub const INSPECTOR: Actor = Actor::OsUser(1001);

/// 浙江省.
pub const PROVINCE: &str = "33";
/// 衢州市.
pub const CITY: &str = "3308";
/// 龙游县.
pub const COUNTY: &str = "330825";
/// 东华街道.
pub const TOWNSHIP: &str = "330825002";
/// 张王村.
pub const VILLAGE: &str = "330825002222";

/// From the village to the province.
pub const PATH: [&str; 5] = [VILLAGE, TOWNSHIP, COUNTY, CITY, PROVINCE];

/// Parses a division code.
///
/// # Panics
/// If the text is not a division code.
pub fn code(text: &str) -> DivisionCode {
    text.parse().expect("a division code")
}

/// Waits until something holds.
///
/// # Panics
/// If it does not hold within two minutes, which only a machine that does much else at once needs.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let patience = Instant::now();
    while !holds().await {
        assert!(
            patience.elapsed() < Duration::from_secs(120),
            "never came true: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
