//! Tests of files beside the records: power cuts, full disks, failed syncs, damage.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;

use super::*;
use primitives::suite::Suite;

use crate::files::{FileError, Files, PartId, Point, Probe};

const SUITE: Suite = Suite::Ed25519Blake3;
const PART: PartId = PartId([5; 16]);

fn area() -> (TempDir, Files) {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(&dir.path().join("store/files/area")).unwrap();
    (dir, files)
}

fn noise(bytes: usize, seed: u8) -> Vec<u8> {
    (0..bytes)
        .map(|n| (n as u8).wrapping_mul(31) ^ seed)
        .collect()
}

#[test]
fn a_part_grows_where_it_was_left_and_what_does_not_count_is_cut_off() {
    let (_dir, files) = area();
    assert_eq!(files.append(PART, 0, b"abcd").unwrap(), 4);
    // The record of the second append was never committed.
    assert_eq!(files.append(PART, 4, b"efgh").unwrap(), 8);
    assert_eq!(files.append(PART, 4, b"xy").unwrap(), 6);
    assert_eq!(files.part(PART, 6).unwrap(), b"abcdxy");
    assert_eq!(files.part(PART, 3).unwrap(), b"abc");
    assert!(matches!(
        files.part(PART, 7),
        Err(FileError::Damaged { .. })
    ));
    assert!(matches!(
        files.append(PART, 9, b"z"),
        Err(FileError::Damaged { .. })
    ));
    files.remove_part(PART).unwrap();
    assert!(matches!(
        files.append(PART, 6, b"z"),
        Err(FileError::Absent)
    ));
    files.remove_part(PART).unwrap();
}

#[test]
fn what_is_kept_is_found_by_its_digest_and_by_no_other() {
    let (dir, files) = area();
    let content = noise(200_000, 1);
    let in_hand = files.keep(SUITE, &content).unwrap();
    let digest = in_hand.digest();
    assert_eq!(digest, SUITE.digest(&[&content]));
    assert_eq!(files.sound(SUITE, digest).unwrap().1, 200_000);
    assert_eq!(
        files.read(&digest, 199_990, 100).unwrap(),
        content[199_990..]
    );
    assert_eq!(files.digests(digest[0]).unwrap(), [digest]);
    assert!(files.digests(digest[0] ^ 1).unwrap().is_empty());
    assert!(files.part_ids().unwrap().is_empty());
    assert!(matches!(
        files.sound(SUITE, [0; 32]),
        Err(FileError::Absent)
    ));
    let mode = fs::metadata(dir.path().join("store/files/area"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
}

#[test]
fn a_file_in_hand_is_not_removed() {
    let (_dir, files) = area();
    let first = files.keep(SUITE, b"sealed").unwrap();
    let digest = first.digest();
    let (second, _) = files.sound(SUITE, digest).unwrap();
    drop(first);
    assert!(!files.remove(&digest).unwrap());
    drop(second);
    assert!(files.remove(&digest).unwrap());
    assert!(!files.has(&digest));
}

#[test]
fn a_flipped_bit_is_found_and_named() {
    let (dir, files) = area();
    let digest = files.keep(SUITE, &noise(70_000, 2)).unwrap().digest();
    let kept = dir.path().join("store/files/area/kept");
    let folder = fs::read_dir(kept).unwrap().next().unwrap().unwrap().path();
    let path = fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = fs::read(&path).unwrap();
    bytes[66_000] ^= 4;
    fs::write(&path, bytes).unwrap();
    let error = files.sound(SUITE, digest).err().unwrap();
    assert!(
        matches!(&error, FileError::Damaged { path: named, .. } if *named == path),
        "{error}"
    );
}

#[test]
fn a_part_is_adopted_only_under_its_own_digest() {
    let (_dir, files) = area();
    let content = noise(1_000, 3);
    let digest = SUITE.digest(&[&content]);
    files.append(PART, 0, &content).unwrap();
    let refused = files.adopt(PART, 1_000, SUITE, [9; 32]).err().unwrap();
    assert!(matches!(refused, FileError::Damaged { .. }));
    assert!(files.part_ids().unwrap().is_empty());
    files.append(PART, 0, &content).unwrap();
    files.append(PART, 1_000, b"never acknowledged").unwrap();
    files.adopt(PART, 1_000, SUITE, digest).unwrap();
    assert_eq!(files.read(&digest, 0, 2_000).unwrap(), content);
}

/// Returns a probe that fails where it is told to once it is armed.
fn failing(kind: io::ErrorKind, at: fn(&Point<'_>) -> bool) -> (Arc<Mutex<bool>>, Probe) {
    let armed = Arc::new(Mutex::new(false));
    let probe: Probe = {
        let armed = Arc::clone(&armed);
        Arc::new(move |point| match *armed.lock().unwrap() && at(&point) {
            true => Err(kind.into()),
            false => Ok(()),
        })
    };
    (armed, probe)
}

#[test]
fn a_full_disk_changes_nothing_and_the_same_bytes_are_taken_later() {
    let dir = tempfile::tempdir().unwrap();
    let written = |point: &Point<'_>| matches!(point, Point::Written(_));
    let (full, probe) = failing(io::ErrorKind::StorageFull, written);
    let files = Files::probed(&dir.path().join("store/files/area"), Some(probe)).unwrap();
    files.append(PART, 0, b"abcd").unwrap();
    *full.lock().unwrap() = true;
    assert!(matches!(
        files.append(PART, 4, b"efgh"),
        Err(FileError::Full)
    ));
    assert!(matches!(files.keep(SUITE, b"sealed"), Err(FileError::Full)));
    *full.lock().unwrap() = false;
    assert_eq!(files.part(PART, 4).unwrap(), b"abcd");
    assert_eq!(files.append(PART, 4, b"efgh").unwrap(), 8);
    assert_eq!(files.part(PART, 8).unwrap(), b"abcdefgh");
}

#[test]
fn after_a_failed_sync_a_part_is_thrown_away() {
    let dir = tempfile::tempdir().unwrap();
    let synced = |point: &Point<'_>| matches!(point, Point::Synced(_));
    let (fails, probe) = failing(io::ErrorKind::Other, synced);
    let files = Files::probed(&dir.path().join("store/files/area"), Some(probe)).unwrap();
    files.append(PART, 0, b"abcd").unwrap();
    *fails.lock().unwrap() = true;
    let error = files.append(PART, 4, b"efgh").unwrap_err();
    assert!(matches!(error, FileError::Unsynced { .. }), "{error}");
    *fails.lock().unwrap() = false;
    assert!(matches!(
        files.append(PART, 4, b"efgh"),
        Err(FileError::Absent)
    ));
}

/// The state of the disk after a power cut: contents as of their last sync, and entries of folders
/// as of theirs. Later changes are there in full, in part or not at all, as drawn.
#[derive(Default)]
struct Disk {
    root: PathBuf,
    contents: BTreeMap<u64, Vec<u8>>,
    entries: BTreeMap<PathBuf, BTreeMap<PathBuf, Option<u64>>>,
}

impl Disk {
    fn note(&mut self, point: Point<'_>) {
        match point {
            Point::Synced(path) => {
                let inode = fs::metadata(path).unwrap().ino();
                self.contents.insert(inode, fs::read(path).unwrap());
            }
            Point::FolderSynced(folder) => {
                self.entries.insert(folder.to_owned(), listed(folder));
            }
            Point::Written(_) | Point::Renamed(_) => {}
        }
    }

    fn left(&self, seed: u64) -> TempDir {
        let left = tempfile::tempdir().unwrap();
        let mut draw = super::redo::Draw(seed);
        self.lay(&self.root, left.path(), &mut draw);
        left
    }

    fn lay(&self, folder: &Path, into: &Path, draw: &mut super::redo::Draw) {
        fs::create_dir_all(into).unwrap();
        let (synced, now) = (self.entries.get(folder).cloned(), listed(folder));
        let synced = synced.unwrap_or_default();
        let all: BTreeSet<_> = synced.keys().chain(now.keys()).cloned().collect();
        for path in all {
            let (old, new) = (synced.get(&path), now.get(&path));
            let entry = match (old, new) {
                (Some(old), Some(new)) if old == new => old,
                (old, new) => match [old, new][draw.below(2)] {
                    Some(entry) => entry,
                    None => continue,
                },
            };
            let to = into.join(path.file_name().unwrap());
            let Some(inode) = entry else {
                self.lay(&path, &to, draw);
                continue;
            };
            let mut content = self.contents.get(inode).cloned().unwrap_or_default();
            // A file that was renamed is still read under its new name.
            let grown = find(&self.root, *inode).unwrap_or_default();
            if grown.starts_with(&content) {
                let more = draw.below(grown.len() - content.len() + 1);
                content = grown[..content.len() + more].to_vec();
            }
            fs::write(to, content).unwrap();
        }
    }
}

/// Returns the entries of a folder with their inodes; `None` for folders.
fn listed(folder: &Path) -> BTreeMap<PathBuf, Option<u64>> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeMap::new();
    };
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        (entry.path(), metadata.is_file().then(|| metadata.ino()))
    };
    entries.map(entry).collect()
}

fn find(folder: &Path, inode: u64) -> Option<Vec<u8>> {
    listed(folder)
        .into_iter()
        .find_map(|(path, entry)| match entry {
            None => find(&path, inode),
            Some(found) => (found == inode).then(|| fs::read(path).unwrap()),
        })
}

/// Hands a file in, in three chunks, keeps another, and cuts the power at the `nth` point. Returns
/// what was acknowledged and what is left, or `None` if there was no such point.
fn cut_at(nth: usize, seed: u64) -> Option<(u64, Option<[u8; 32]>, TempDir)> {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("store/files/area");
    fs::create_dir_all(dir.path().join("store")).unwrap();
    let disk = Arc::new(Mutex::new((Disk::default(), 0, None::<TempDir>)));
    disk.lock().unwrap().0.root = dir.path().to_owned();
    let probe: Probe = {
        let disk = Arc::clone(&disk);
        Arc::new(move |point| {
            let (disk, met, left) = &mut *disk.lock().unwrap();
            if left.is_some() {
                return Err(io::ErrorKind::Other.into());
            }
            disk.note(point);
            *met += 1;
            if *met == nth {
                *left = Some(disk.left(seed));
                return Err(io::ErrorKind::Other.into());
            }
            Ok(())
        })
    };
    let (mut acknowledged, mut kept) = (0, None);
    if let Ok(files) = Files::probed(&root, Some(probe)) {
        let whole = noise(300, 7);
        while acknowledged < 300 {
            let at = acknowledged as usize;
            match files.append(PART, acknowledged, &whole[at..at + 100]) {
                Ok(now) => acknowledged = now,
                Err(_) => break,
            }
        }
        kept = files
            .keep(SUITE, &noise(400, 8))
            .ok()
            .map(|kept| kept.digest());
        // Append once more, so that the power is also cut after the file was kept.
        let _cut_here = files.append(PartId([6; 16]), 0, b"later");
    }
    let left = disk.lock().unwrap().2.take()?;
    Some((acknowledged, kept, left))
}

#[test]
fn whatever_was_acknowledged_is_there_after_a_power_cut_at_any_point() {
    let mut cuts = 0;
    for nth in 1.. {
        let mut last = true;
        for seed in 0..3 {
            let Some((acknowledged, kept, left)) = cut_at(nth, seed) else {
                continue;
            };
            last = false;
            cuts += 1;
            let files = Files::open(&left.path().join("store/files/area")).unwrap();
            if acknowledged > 0 {
                let part = files.part(PART, acknowledged).unwrap();
                assert_eq!(part, noise(300, 7)[..acknowledged as usize], "point {nth}");
            }
            let whole = noise(300, 7);
            let at = acknowledged as usize;
            if at < 300 {
                files.append(PART, acknowledged, &whole[at..]).unwrap();
            }
            assert_eq!(files.part(PART, 300).unwrap(), whole);
            if let Some(digest) = kept {
                files.sound(SUITE, digest).unwrap();
            }
            // Half of a file that is left never passes for the file.
            let digest = SUITE.digest(&[&noise(400, 8)]);
            match files.sound(SUITE, digest) {
                Ok((_, length)) => assert_eq!(length, 400),
                Err(error) => assert!(matches!(error, FileError::Absent), "{nth}: {error}"),
            }
        }
        if last {
            break;
        }
    }
    assert!(cuts > 40, "{cuts} cuts");
}
