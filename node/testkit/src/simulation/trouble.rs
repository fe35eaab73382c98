//! What goes wrong in a simulated network, and when it is right again.

use std::{collections::BTreeMap, time::Duration};

use rand::{RngExt, rngs::StdRng};
use tokio::time::Instant;

use super::{
    Simulation, Weather,
    wires::{Health, QUICK_MS},
};
use crate::tampering::Mischief;

/// One event in so many goes wrong.
const SELDOM: u32 = 6;

/// What makes something right again, on one machine or on the wire above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relief {
    /// The power comes back.
    Start,
    /// The wire is whole.
    Mend,
    /// The wire is quick.
    Quicken,
    /// Nobody tampers with the wire.
    LeaveAlone,
    /// The clock is set right.
    SetClock,
    /// There is room on the disk.
    MakeRoom,
}

/// What is wrong and will be right again, each at its moment.
pub(super) struct Troubles {
    chance: StdRng,
    due: BTreeMap<(Instant, usize), (usize, Relief)>,
    drawn: usize,
}

impl Troubles {
    pub(super) fn new(chance: StdRng) -> Self {
        Self {
            chance,
            due: BTreeMap::new(),
            drawn: 0,
        }
    }

    fn relieve_within(&mut self, most_ms: u64, machine: usize, relief: Relief) {
        let after = Duration::from_millis(self.chance.random_range(1..=most_ms));
        self.drawn += 1;
        let at = (Instant::now() + after, self.drawn);
        self.due.insert(at, (machine, relief));
    }
}

impl Simulation<'_> {
    /// Something may go wrong, and what was wrong long enough is right again.
    pub(super) async fn trouble(&mut self) {
        while let Some(first) = self.troubles.due.first_entry()
            && first.key().0 <= Instant::now()
        {
            let (machine, relief) = first.remove();
            self.relieve(machine, relief).await;
        }
        self.look_after().await;
        if !self.troubles.chance.random_ratio(1, SELDOM) {
            return;
        }
        let machine = self.troubles.chance.random_range(0..self.machines.len());
        if !self.machines[machine].runs() {
            return;
        }
        let kind = match self.weather {
            // Only a power cut shows what a disk that lies has lost.
            Weather::Lying => 0,
            _ => self.troubles.chance.random_range(0..11),
        };
        self.befall(machine, kind).await;
    }

    /// One thing goes wrong with a machine or the wire above it.
    async fn befall(&mut self, machine: usize, kind: u32) {
        let division = self.machines[machine].division;
        let has_wire = self.homes.tree.parent(division).is_some();
        match kind {
            0 | 1 => self.cut_power(machine).await,
            2 => {
                let disk = &self.machines[machine].disk;
                let sync = self.troubles.chance.random_range(1..=8);
                disk.cut_at_sync(disk.sync_count() + sync);
                self.wrong(machine, "the power will go at a sync");
            }
            3 => {
                self.wrong(machine, "it is stopped");
                self.machines[machine].stop().await;
                self.troubles.relieve_within(2_000, machine, Relief::Start);
            }
            4 if has_wire => {
                let silent = self.troubles.chance.random_bool(0.3);
                let (health, what) = match silent {
                    true => (Health::Silent, "its wire falls silent"),
                    false => (Health::Cut, "its wire is cut"),
                };
                self.wrong(machine, what);
                self.wires.set_health(division, health);
                self.troubles.relieve_within(8_000, machine, Relief::Mend);
            }
            5 if has_wire => {
                self.wrong(machine, "its wire is slow");
                let ms = self.troubles.chance.random_range(20..=900);
                self.wires.set_slow(division, ms);
                self.troubles
                    .relieve_within(6_000, machine, Relief::Quicken);
            }
            6 | 7 if has_wire => {
                self.wrong(machine, "its wire is tampered with");
                let seed = self.troubles.chance.random();
                self.wires.tamper(division, Mischief::all(seed));
                self.troubles
                    .relieve_within(8_000, machine, Relief::LeaveAlone);
            }
            8 => {
                self.wrong(machine, "its clock is wrong");
                let ms = self.troubles.chance.random_range(-90_000_000..=90_000_000);
                self.machines[machine].wall.set_ahead(ms);
                self.troubles
                    .relieve_within(10_000, machine, Relief::SetClock);
            }
            9 => {
                self.wrong(machine, "its disk fills up");
                let bytes = self.troubles.chance.random_range(0..=90_000);
                self.machines[machine].disk.leave_room(Some(bytes));
                self.troubles
                    .relieve_within(6_000, machine, Relief::MakeRoom);
            }
            10 => {
                self.wrong(machine, "its disk will fail a sync");
                self.machines[machine].disk.fail_sync_next();
            }
            _ => {}
        }
    }

    fn wrong(&mut self, machine: usize, what: &'static str) {
        self.count(what);
        let division = self.machines[machine].division;
        self.trace.note(format_args!("{division}: {what}"));
    }

    async fn cut_power(&mut self, machine: usize) {
        self.wrong(machine, "its power is cut");
        let survives = self.troubles.chance.random();
        self.machines[machine]
            .cut_power(survives, &self.wires)
            .await;
        if self.weather == Weather::Lying {
            self.machines[machine].disk.sync_late();
        }
        self.troubles.relieve_within(3_000, machine, Relief::Start);
    }

    /// Machines whose power went at a sync are dark; those whose disk failed start their process anew,
    /// as the program does.
    async fn look_after(&mut self) {
        for machine in 0..self.machines.len() {
            let here = &self.machines[machine];
            if here.runs() && here.disk.is_cut() {
                self.cut_power(machine).await;
            }
            let here = &self.machines[machine];
            let failed = here.office().and_then(|office| office.store().failure());
            if failed.is_some() {
                self.wrong(machine, "its process starts anew");
                self.machines[machine].stop().await;
                self.start(machine).await;
            }
        }
    }

    async fn relieve(&mut self, machine: usize, relief: Relief) {
        let division = self.machines[machine].division;
        self.trace.note(format_args!("{division}: {relief:?}"));
        match relief {
            Relief::Start if self.machines[machine].runs() => {}
            Relief::Start => {
                self.start(machine).await;
                if !self.machines[machine].runs() {
                    self.cut_power(machine).await;
                }
            }
            Relief::Mend => self.wires.set_health(division, Health::Whole),
            Relief::Quicken => self.wires.set_slow(division, QUICK_MS),
            Relief::LeaveAlone => self.wires.tamper(division, Mischief::none()),
            Relief::SetClock => self.machines[machine].wall.set_ahead(0),
            Relief::MakeRoom => self.machines[machine].disk.leave_room(None),
        }
    }

    /// Everything is set right, and nothing more is arranged to go wrong.
    pub(super) fn heal(&mut self) {
        self.troubles.due.clear();
        for machine in &self.machines {
            let division = machine.division;
            machine.wall.set_ahead(0);
            machine.disk.leave_room(None);
            machine.disk.cut_at_sync(u64::MAX);
            if self.homes.tree.parent(division).is_some() {
                self.wires.set_health(division, Health::Whole);
                self.wires.set_slow(division, QUICK_MS);
                self.wires.tamper(division, Mischief::none());
            }
        }
        self.trace.note(format_args!("everything is healed"));
    }

    /// Starts whatever does not run, and processes whose disk failed.
    pub(super) async fn revive(&mut self) {
        self.look_after().await;
        for machine in 0..self.machines.len() {
            if self.machines[machine].disk.is_cut() {
                self.cut_power(machine).await;
            }
            if !self.machines[machine].runs() {
                self.start(machine).await;
            }
        }
    }
}
