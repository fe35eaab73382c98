//! Networks of real nodes for scenarios: real mTLS on loopback, real stores, port 0.
//!
//! [`Network`] runs nodes; [`peer::Peer`] is a neighbour written by hand, to say what no honest node
//! says; [`detour::Detour`] is a slow way between two neighbours; [`meddler::Meddler`] stands between two honest ones and repeats, reorders and replays;
//! [`audit`] counts by itself what must hold when everything has come to rest.

pub mod audit;
pub mod collector;
pub mod crowd;
pub mod detour;
pub mod meddler;
mod network;
pub mod peer;
mod people;
pub mod pictures;
mod port;
pub mod program;
pub mod wire;

use std::time::{Duration, Instant};

use topology::DivisionCode;
use wujitong::domain::actor::Actor;

pub use network::{Network, Options, Twin};
pub use people::{direct, emergency, holds, known, rubbish};

/// The zone of test networks.
pub const ZONE: &str = "zj.example";

/// Somebody at the node's own machine.
pub const CLERK: Actor = Actor::OsUser(1000);

/// Whoever verifies what the clerk did.
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

/// A division by its code.
///
/// # Panics
/// On anything that is no code.
pub fn code(text: &str) -> DivisionCode {
    text.parse().expect("a division code")
}

/// Waits until something holds.
///
/// # Panics
/// If it does not hold within 30 seconds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let patience = Instant::now();
    while !holds().await {
        assert!(
            patience.elapsed() < Duration::from_secs(30),
            "never came true: {what}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
