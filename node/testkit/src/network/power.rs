//! Power cuts in test networks whose stores are on disks in memory.

use app::StartError;

use store::MemoryDisk;

use super::Network;
use crate::code;

impl Network {
    /// Returns the disk of the process with this topmost division.
    ///
    /// # Panics
    /// If its store is not in memory.
    pub fn disk(&self, division: &str) -> MemoryDisk {
        let disk = self.options.disks.get(&code(division));
        disk.expect("its store is in memory").clone()
    }

    /// Puts another disk into a process, which reads it when it starts next.
    pub fn exchange_disk(&mut self, division: &str, disk: MemoryDisk) {
        self.options.disks.insert(code(division), disk);
    }

    /// Returns whether the process of a division was started and not stopped.
    pub fn runs(&self, division: &str) -> bool {
        self.processes[self.index(division)].host.is_some()
    }

    /// Starts the process of a division again. This may fail if its disk fails.
    pub async fn try_restart(&mut self, division: &str) -> Result<(), StartError> {
        self.try_start(self.index(division)).await
    }
}
