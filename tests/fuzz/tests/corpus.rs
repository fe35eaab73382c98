//! Every target over its corpus and some thousand mutants of it.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use wujitong_fuzz::{Mutator, TARGETS, run, thread_time};

const SEED: u64 = 2026;

/// Most memory of the process in MiB, however long the inputs say that they are.
const MOST_MEMORY: u64 = 1024;

#[test]
fn no_target_finds_anything_in_its_corpus_or_in_mutants_of_it() {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(target) = TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = thread_time();
                    if let Err(failure) = run(target, SEED, target.mutants) {
                        failures
                            .lock()
                            .expect("nobody panics with it")
                            .push(failure.to_string());
                    }
                    println!("{}: {:?}", target.name, thread_time().saturating_sub(begun));
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics with it");
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    if let Some(most) = most_memory() {
        assert!(most < MOST_MEMORY, "{most} MiB");
    }
}

/// The most memory that this process had so far, in MiB, where the system says so.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024)
}

#[test]
fn every_target_has_inputs_of_which_most_differ_from_their_mutants() {
    for target in &TARGETS {
        let inputs = target.inputs();
        assert!(!inputs.is_empty(), "{} has no input", target.name);
        let mut mutator = Mutator::new(SEED);
        let mutants = (0..100).map(|_| mutator.mutant(&inputs));
        let changed = mutants.filter(|mutant| !inputs.contains(mutant)).count();
        assert!(changed > 50, "{}: {changed}", target.name);
    }
}

#[test]
fn every_folder_of_the_corpus_belongs_to_a_target() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let name = entry.expect("a folder").file_name();
        let known = TARGETS.iter().any(|target| name == target.name);
        assert!(known, "{} is of no target", name.display());
    }
}
