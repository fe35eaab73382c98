//! Tests of logs that were torn, cut, flipped or exchanged.

use std::sync::{Condvar, atomic::AtomicBool};

use super::*;

/// Returns a unit of few bytes.
fn small(n: u8) -> WriteBatch {
    WriteBatch {
        put: vec![
            (vec![n].into(), vec![n; 5].into()),
            (bytes("last"), vec![n].into()),
        ],
        delete: vec![vec![n.wrapping_sub(1)].into()],
        ..empty(village())
    }
}

/// Returns a store whose process was killed right after units 0..n. Everything is in the log.
async fn killed_after(n: u8) -> (Content, Vec<State>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quiet(dir.path());
    let mut states = vec![State::new()];
    for n in 0..n {
        let unit = small(n);
        let mut state = states.last().unwrap().clone();
        state.extend(unit.put.iter().cloned());
        unit.delete.iter().for_each(|key| drop(state.remove(key)));
        states.push(state);
        store.commit(unit).await.unwrap();
    }
    let image = content(dir.path());
    store.close().await.unwrap();
    (image, states)
}

fn segments(content: &Content) -> Vec<PathBuf> {
    let names = content.keys().filter(|name| is_segment(name));
    names.cloned().collect()
}

async fn recovered(image: &Content) -> Result<State, OpenError> {
    let dir = laid_out(image);
    let store = open(dir.path(), pace(4 << 20, None), AckWhen::Synced)?;
    let found: State = everything(&store, village()).await.into_iter().collect();
    store.close().await.unwrap();
    let again = everything(&open_quiet(dir.path()), village()).await;
    assert_eq!(
        found,
        again.into_iter().collect(),
        "it opens the same twice"
    );
    Ok(found)
}

const FIRST: &str = "redo/00000000000000000001.log";
const SYNCED: &str = "redo/synced";

/// Recovers a log alone, over an engine in memory.
async fn recovered_alone(log: &[u8], synced: Option<&[u8]>) -> Result<State, OpenError> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("redo")).unwrap();
    fs::write(dir.path().join(FIRST), log).unwrap();
    if let Some(synced) = synced {
        fs::write(dir.path().join(SYNCED), synced).unwrap();
    }
    let engine = Arc::new(MemoryDisk::new().engine().unwrap());
    let redo = crate::redo::recover(dir.path(), &*engine, pace(4 << 20, None), Check::Content)?;
    let store = Committer::start(engine, Some(redo), AckWhen::Synced)?;
    Ok(everything(&store, village()).await.into_iter().collect())
}

/// Returns the length of the log without the zeros after its groups.
fn trimmed(log: &[u8]) -> usize {
    log.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

#[tokio::test]
async fn a_log_cut_at_any_byte_keeps_a_prefix_or_is_refused_if_its_header_is_cut() {
    let (image, states) = killed_after(4).await;
    let log = &image[&segments(&image)[0]];
    let end = trimmed(log);
    for length in 0..SEGMENT_HEADER {
        let error = recovered_alone(&log[..length], None).await.unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }
    let mut found_before = State::new();
    let mut place = 0;
    for length in SEGMENT_HEADER..=end {
        let found = recovered_alone(&log[..length], None).await.unwrap();
        if found != found_before {
            place += 1;
            assert_eq!(found, states[place], "cut at {length}");
            found_before = found;
        }
    }
    assert_eq!(place, states.len() - 1, "the whole log holds everything");
}

#[tokio::test]
async fn a_log_that_lost_what_was_noted_as_synced_is_refused_at_every_cut() {
    let (image, states) = killed_after(4).await;
    let log = &image[&segments(&image)[0]];
    let synced = Some(&image[Path::new(SYNCED)][..]);
    let end = trimmed(log);
    for length in 0..end {
        let error = recovered_alone(&log[..length], synced).await.unwrap_err();
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "cut at {length}: {error}"
        );
    }
    let mut zeroed = log.clone();
    zeroed[end / 2..].fill(0);
    let error = recovered_alone(&zeroed, synced).await.unwrap_err();
    assert!(error.to_string().contains("was synced"), "{error}");
    let found = recovered_alone(log, synced).await.unwrap();
    assert_eq!(found, states[4]);
}

#[tokio::test]
async fn a_flip_before_the_last_group_is_named_and_in_the_last_one_drops_it_whole() {
    let (image, states) = killed_after(3).await;
    let log = &image[&segments(&image)[0]];
    let synced = &image[Path::new(SYNCED)];
    let (mut damaged, mut dropped) = (0, 0);
    for at in 0..trimmed(log) {
        let mut log = log.clone();
        log[at] ^= 0x10;
        let named = |error| match error {
            OpenError::Damaged { what, .. } => what,
            error => panic!("flip at {at}: {error}"),
        };
        // A group that was noted as synced is never taken for torn.
        named(recovered_alone(&log, Some(synced)).await.unwrap_err());
        match recovered_alone(&log, None).await {
            Err(error) => {
                let what = named(error);
                assert_eq!(dropped, 0, "flip at {at}: {what}");
                assert!(what.starts_with(&format!("{FIRST} at byte")), "{what}");
                damaged += 1;
            }
            Ok(found) => {
                assert_eq!(found, states[2], "flip at {at}");
                dropped += 1;
            }
        }
    }
    assert!(
        damaged > 0 && dropped > 0,
        "{damaged} damaged, {dropped} dropped"
    );
    // Without a sound note the log counts as it is.
    for at in 0..synced.len() {
        let mut synced = synced.clone();
        synced[at] ^= 0x10;
        let found = recovered_alone(log, Some(&synced)).await.unwrap();
        assert_eq!(found, states[3]);
    }
}

#[tokio::test]
async fn groups_that_were_exchanged_repeated_or_of_another_log_are_refused() {
    let (image, _) = killed_after(4).await;
    let (other, _) = killed_after(4).await;
    let log = &image[&segments(&image)[0]];
    let other = &other[&segments(&other)[0]];
    let synced = Some(&image[Path::new(SYNCED)][..]);
    let end = trimmed(log);
    let group = (end - SEGMENT_HEADER) / 4;
    for (what, bytes) in [
        (
            "another log's end",
            [&log[..end - group], &other[end - group..end]].concat(),
        ),
        (
            "another log's header",
            [&other[..SEGMENT_HEADER], &log[SEGMENT_HEADER..]].concat(),
        ),
        (
            "a repeated group",
            [&log[..end], &log[end - group..end]].concat(),
        ),
    ] {
        let error = recovered_alone(&bytes, synced).await.unwrap_err();
        assert!(
            matches!(error, OpenError::Damaged { .. }),
            "{what}: {error}"
        );
    }
}

/// Cuts the power at the first batch of a checkpoint, when the log has two segments.
async fn two_segments() -> Content {
    let dir = tempfile::tempdir().unwrap();
    open_quiet(dir.path()).close().await.unwrap();
    let taken = Arc::new((Mutex::new(None), Condvar::new()));
    let closed = AtomicBool::new(false);
    let (there, path) = (taken.clone(), dir.path().to_owned());
    let probe: Probe = Arc::new(move |point| {
        let (image, changed) = &*there;
        let mut image = image.lock().unwrap();
        match point {
            Point::SegmentClosed => closed.store(true, Ordering::SeqCst),
            // The first group after the segment was closed: the next one has it.
            Point::Synced if closed.load(Ordering::SeqCst) && image.is_none() => {
                *image = Some(content(&path));
                changed.notify_all();
            }
            // Until then the checkpoint must not remove the first.
            Point::BatchApplied => {
                drop(changed.wait_while(image, |image| image.is_none()).unwrap());
                return Err("the power was cut".to_owned());
            }
            _ => {}
        }
        Ok(())
    });
    let store = open(dir.path(), pace(6000, Some(probe)), AckWhen::Synced).unwrap();
    for n in 0..24 {
        if store.commit(unit(n)).await.is_err() {
            break;
        }
    }
    let _ = store.close().await;
    let image = taken.0.lock().unwrap().take().unwrap();
    assert_eq!(segments(&image).len(), 2);
    image
}

#[tokio::test]
async fn a_segment_that_is_missing_cut_or_has_a_torn_end_before_another_is_named() {
    let image = two_segments().await;
    recovered(&image).await.unwrap();
    let names = segments(&image);
    let refused = async |image: &Content, name: &Path| {
        let error = recovered(image).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, OpenError::Damaged { .. }), "{text}");
        assert!(text.contains(name.to_str().unwrap()), "{text}");
    };
    for name in &names {
        let mut without = image.clone();
        without.remove(name);
        refused(&without, name).await;
        let mut emptied = image.clone();
        emptied.get_mut(name).unwrap().clear();
        refused(&emptied, name).await;
        let mut blanked = image.clone();
        blanked.get_mut(name).unwrap().fill(0);
        refused(&blanked, name).await;
    }
    let end = trimmed(&image[&names[0]]);
    let mut cut = image.clone();
    cut.get_mut(&names[0]).unwrap().truncate(end - 1);
    refused(&cut, &names[0]).await;
    let mut flipped = image.clone();
    flipped.get_mut(&names[0]).unwrap()[end - 1] ^= 1;
    refused(&flipped, &names[0]).await;
    let mut none = image.clone();
    none.retain(|name, _| !name.starts_with("redo"));
    let first = names[0].clone();
    refused(&none, &first).await;
}
