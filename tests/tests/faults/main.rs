//! What a network survives: power cuts, kills, damaged and full disks. Seeds are printed;
//! `WUJITONG_TEST_SEED` sets them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod canary;
mod crash;
mod disk;
mod drill;
mod full;
mod power;
mod trace;
mod uploads;

/// The seed of this run.
fn seed() -> u64 {
    let given = std::env::var("WUJITONG_TEST_SEED").ok();
    let seed = given.map_or_else(rand::random, |text| text.parse().unwrap());
    println!("WUJITONG_TEST_SEED={seed}");
    seed
}
