//! Cutting the power of test networks whose stores lie on disks in memory.

use wujitong::{app::StartError, store::MemoryDisk};

use super::Network;
use crate::code;

impl Network {
    /// The disk of the process whose topmost division this is.
    ///
    /// # Panics
    /// If its store is not in memory.
    pub fn disk(&self, division: &str) -> MemoryDisk {
        let disk = self.options.disks.get(&code(division));
        disk.expect("its store is in memory").clone()
    }

    /// Puts another disk into a process; it is read at the next start.
    pub fn exchange_disk(&mut self, division: &str, disk: MemoryDisk) {
        self.options.disks.insert(code(division), disk);
    }

    /// Whether the process of a division was started and not stopped.
    pub fn runs(&self, division: &str) -> bool {
        self.processes[self.index(division)].host.is_some()
    }

    /// Starts the process of a division again, which may fail, as a disk may.
    pub async fn try_restart(&mut self, division: &str) -> Result<(), StartError> {
        self.try_start(self.index(division)).await
    }
}
