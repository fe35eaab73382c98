//! The province's process: a node that tells how many matters it holds durably whenever that
//! changes.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    time::Duration,
};

use cli::{Failure, Output};
use domain::{measure::Measure, time::Day};
use office::Office;

use super::NodeArgs;

/// Rate at which the count is read. Each read costs the province a little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Pace {
    /// Every two milliseconds.
    Calm = 0,
    /// Every 50 microseconds, or as soon after as the system wakes a thread.
    Close = 1,
}

impl Pace {
    const fn pause(self) -> Duration {
        match self {
            Self::Calm => Duration::from_millis(2),
            Self::Close => Duration::from_micros(50),
        }
    }
}

/// Runs until the village's process is gone.
pub(crate) async fn run(args: NodeArgs, output: &mut Output<'_>) -> Result<(), Failure> {
    let (host, telemetry) = args.start().await?;
    output.text("{}")?;
    let failed = |error| Failure::File(args.observer.clone(), error);
    let mut village = loop {
        match UnixStream::connect(&args.observer) {
            Ok(village) => break village,
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    village.set_nonblocking(true).map_err(failed)?;
    let node = host.app_state().nodes.values().next();
    let office = &node.expect("init wrote one division").office;
    let (mut told, mut pace) = (0, Pace::Calm);
    while heard(&mut village, &mut pace) {
        let held = held(office).await?;
        if held != told && village.write_all(&held.to_le_bytes()).is_err() {
            break;
        }
        told = held;
        // The unit of the runtime's timer is a millisecond, which is too long. This task has a
        // thread of its own.
        std::thread::sleep(pace.pause());
    }
    host.stop().await;
    telemetry.shutdown().await;
    Ok(())
}

/// Reads a new pace; returns false if the village is gone.
fn heard(village: &mut UnixStream, pace: &mut Pace) -> bool {
    let mut byte = [0];
    match village.read(&mut byte) {
        Ok(0) => false,
        Ok(_) => {
            *pace = if byte[0] == Pace::Close as u8 {
                Pace::Close
            } else {
                Pace::Calm
            };
            true
        }
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Returns how many times this node took custody; it never gives any away.
async fn held(office: &Office) -> Result<u64, Failure> {
    let cells = office.figures().cells(Day(i32::MIN), Day(i32::MAX)).await;
    let cells = cells.map_err(|error| Failure::Failed(error.to_string()))?;
    let own = cells.iter().filter(|(key, _)| key.acting == office.me());
    Ok(own.map(|(_, counters)| counters[Measure::TAKEN]).sum())
}
