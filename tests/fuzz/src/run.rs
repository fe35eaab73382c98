//! Runs a target over its corpus and mutants of it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::{Mutator, Target};

/// Most time of a processor for one input of at most 64 KiB, in a build without optimisation.
const PATIENCE: Duration = Duration::from_secs(10);

/// An input that shows something wrong.
#[derive(Debug)]
pub struct Failure {
    /// The name of the target.
    pub target: &'static str,
    /// The input.
    pub input: Vec<u8>,
    /// What the target says of it.
    pub why: String,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{0}: {1}\nrun it again with: cargo run -p wujitong-fuzz -- replay {0} hex:",
            self.target, self.why
        )?;
        self.input
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Runs a target over its inputs, and over so many mutants of them.
///
/// # Errors
/// The first input that shows something wrong.
pub fn run(target: &Target, seed: u64, mutants: u32) -> Result<(), Failure> {
    let inputs = target.inputs();
    inputs.iter().try_for_each(|input| read(target, input))?;
    let mut mutator = of(target, seed);
    (0..mutants).try_for_each(|_| read(target, &mutator.mutant(&inputs)))
}

/// Runs a target over mutants of its inputs for some time. Returns how many there were, or the first input that
/// shows something wrong.
///
/// # Errors
/// That input.
pub fn run_for(target: &Target, seed: u64, time: Duration) -> Result<u64, Failure> {
    let inputs = target.inputs();
    let mut mutator = of(target, seed);
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < time {
        read(target, &mutator.mutant(&inputs))?;
        count += 1;
    }
    Ok(count)
}

/// Draws for one target apart from those for the others.
fn of(target: &Target, seed: u64) -> Mutator {
    let name = target.name.bytes();
    Mutator::new(name.fold(seed, |seed, byte| {
        seed.rotate_left(7).wrapping_add(byte.into())
    }))
}

fn read(target: &Target, input: &[u8]) -> Result<(), Failure> {
    let failed = |why| Failure {
        target: target.name,
        input: input.to_vec(),
        why,
    };
    let begun = Instant::now();
    catch_unwind(AssertUnwindSafe(|| (target.read)(input))).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        failed(text.unwrap_or_else(|| "it panicked".to_owned()))
    })?;
    if begun.elapsed() <= PATIENCE {
        return Ok(());
    }
    // The machine may have had others to do: what counts is the time of this thread.
    let begun = thread_time();
    (target.read)(input);
    match thread_time().saturating_sub(begun) {
        took if took > PATIENCE => Err(failed(format!("it took {took:?}"))),
        _ => Ok(()),
    }
}

/// How long this thread has run on a processor; zero where the system does not say.
pub fn thread_time() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let running = told
        .split(' ')
        .next()
        .and_then(|running| running.parse().ok());
    Duration::from_nanos(running.unwrap_or_default())
}
