//! Seeded schedules: leaves, time, lost and repeated envelopes, power cuts, a witness put back to an old copy.

use std::collections::HashMap;

use log::{Frontier, leaf_hash};
use store::MemoryDisk;

use super::{
    entries, head,
    line::{COUNTY, Cosigned, Line, OnItsWay, TOWNSHIP, VILLAGE, code},
};

/// A small generator, so that a seed gives the same schedule everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// Everything that was ever countersigned.
#[derive(Default)]
struct Signed(Vec<Cosigned>);

impl Signed {
    fn note(&mut self, said: &[OnItsWay]) {
        self.0.extend(Line::cosigned(said));
    }

    /// Checks that each is of the village's one history, and that nobody signed one head twice in different bytes at
    /// the same time.
    async fn check(&self, line: &Line, seed: u64) {
        let village = &line.nodes[VILLAGE];
        let mut tree = Frontier::default();
        let mut roots = HashMap::new();
        for entry in entries(village, head(village).await).await {
            tree.push(leaf_hash(&entry));
            roots.insert(tree.size(), tree.root());
        }
        let mut known: HashMap<(usize, u64, u64), [u8; 64]> = HashMap::new();
        for one in &self.0 {
            assert_eq!(roots.get(&one.size), Some(&one.root), "seed {seed}");
            let key = (one.by, one.size, one.time);
            let before = known.insert(key, one.signature);
            assert!(before.is_none_or(|before| before == one.signature));
        }
    }
}

async fn cut(line: &mut Line, draw: &mut Draw, at: usize) {
    let disk = line.disks[at].power_cut(draw.below(1 << 32));
    line.reopen(at, disk).await;
}

/// Some of what is on its way arrives, is lost, or arrives and comes again.
async fn deliver_some(line: &mut Line, draw: &mut Draw, on_the_way: &mut Vec<OnItsWay>) {
    for _ in 0..draw.below(4) {
        if on_the_way.is_empty() {
            break;
        }
        let at = draw.below(on_the_way.len() as u64) as usize;
        match draw.below(4) {
            0 => _ = on_the_way.swap_remove(at),
            1 => _ = line.deliver(&on_the_way[at]).await,
            _ => _ = line.deliver(&on_the_way.swap_remove(at)).await,
        }
    }
}

async fn run(seed: u64) {
    let mut draw = Draw(seed);
    let mut line = Line::new().await;
    let mut signed = Signed::default();
    let mut on_the_way: Vec<OnItsWay> = vec![];
    let mut old: Option<MemoryDisk> = None;
    line.leaf().await;
    for _ in 0..40 {
        match draw.below(12) {
            0..=2 | 6 => line.leaf().await,
            3..=5 => {
                let seconds = [6, 61, 61, 700, 90_000][draw.below(5) as usize];
                line.pass(seconds).await;
            }
            7 => {
                let at = draw.below(3) as usize;
                cut(&mut line, &mut draw, at).await;
            }
            8 => {
                // An old copy of the township's store is kept, and later put back.
                match old.take() {
                    Some(disk) => line.reopen(TOWNSHIP, disk).await,
                    None => {
                        old = Some(line.disks[TOWNSHIP].power_cut(1));
                        cut(&mut line, &mut draw, TOWNSHIP).await;
                    }
                }
            }
            _ => {}
        }
        let some = line.collect().await;
        signed.note(&some);
        on_the_way.extend(some);
        deliver_some(&mut line, &mut draw, &mut on_the_way).await;
    }
    // Then everything is well: after a few rounds the whole log is under heads of both.
    for _ in 0..6 {
        line.pass(3_601).await;
        signed.note(&line.settle().await);
    }
    signed.check(&line, seed).await;
    let size = head(&line.nodes[VILLAGE]).await.size;
    for by in [TOWNSHIP, COUNTY] {
        let covered = signed.0.iter().filter(|one| one.by == by);
        let covered = covered.map(|one| one.size).max();
        assert_eq!(
            covered,
            Some(size),
            "seed {seed}: leaves without a head of {by}"
        );
    }
    // Of the township's own log the county may complain: nobody greets here, so a store that is put back begins no new
    // life.
    for at in [VILLAGE, TOWNSHIP, COUNTY] {
        let alarms = line.nodes[at].alarms().all().await.unwrap();
        let about = alarms
            .iter()
            .find(|alarm| alarm.about == Some(code(VILLAGE)));
        assert_eq!(about, None, "seed {seed}: the village did nothing wrong");
    }
}

#[tokio::test]
async fn whatever_is_lost_repeated_or_put_back_no_witness_signs_two_histories() {
    for seed in 0..150 {
        run(seed).await;
    }
}
