//! Fault tests: power cuts, kills, damaged and full disks. Each test prints its seed;
//! `WUJITONG_TEST_SEED` sets it.

mod backups;
mod canary;
mod crash;
mod disk;
mod drill;
mod full;
mod power;
mod seeds;
mod trace;
mod uploads;

/// Returns the seed of this run.
fn seed() -> u64 {
    let given = std::env::var("WUJITONG_TEST_SEED").ok();
    let seed = given.map_or_else(rand::random, |text| text.parse().unwrap());
    println!("WUJITONG_TEST_SEED={seed}");
    seed
}
