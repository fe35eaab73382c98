//! Tests of damaged files: there is never a panic and never a wrong value.

use super::*;

fn record(n: usize) -> (Bytes, Bytes) {
    (
        Bytes::from(format!("{n:05}")),
        Bytes::from(format!("{n}").repeat(60)),
    )
}

const RECORDS: usize = 120;

async fn sound_store(dir: &Path) {
    let store = on_disk(dir);
    for n in 0..RECORDS {
        store
            .commit(WriteBatch {
                put: vec![record(n)],
                ..empty(village())
            })
            .await
            .unwrap();
    }
    store.close().await.unwrap();
}

/// Opens what is left and reads everything. Returns true if opening or a record is refused, or a
/// record is missing.
async fn is_noticed_and_never_wrong(dir: &Path, what: &str) -> bool {
    let store = match Store::open_sled(dir, SledOptions::default()) {
        Ok(store) => store,
        Err(error) => {
            assert!(
                !matches!(error, OpenError::Locked { .. }),
                "{what}: {error}"
            );
            return true;
        }
    };
    let mut noticed = false;
    for n in 0..RECORDS {
        let (key, value) = record(n);
        match store.get(village(), &key).await {
            Ok(found) if found.value == Some(value) => {}
            Ok(found) => {
                assert_eq!(found.value, None, "{what}: a wrong value of record {n}");
                noticed = true;
            }
            Err(_) => noticed = true,
        }
    }
    if let Ok(all) = store.scan(village(), Range::all(), usize::MAX, false).await {
        for pair in &all.value {
            assert!(
                (0..RECORDS).any(|n| *pair == record(n)),
                "{what}: a wrong pair in a scan"
            );
        }
    }
    noticed
}

#[tokio::test]
async fn flipped_bytes_anywhere_in_any_file_never_give_a_wrong_value() {
    let sound = tempfile::tempdir().unwrap();
    sound_store(sound.path()).await;
    let mut noticed = 0;
    for entry in fs::read_dir(sound.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let length = entry.metadata().unwrap().len() as usize;
        if entry.path().is_dir() || name == "lock" {
            continue;
        }
        let step = if name == "db" {
            length / 41
        } else {
            length / 5
        }
        .max(1);
        for at in (0..length).step_by(step) {
            let image = tempfile::tempdir().unwrap();
            copy_dir(sound.path(), image.path());
            let path = image.path().join(&name);
            let mut content = fs::read(&path).unwrap();
            content[at] ^= 0x55;
            fs::write(&path, content).unwrap();
            let what = format!("{name} flipped at {at}");
            noticed += u32::from(is_noticed_and_never_wrong(image.path(), &what).await);
        }
    }
    assert!(
        noticed > 0,
        "no flip changed anything: the test looks at the wrong files"
    );
}

#[tokio::test]
async fn a_truncated_log_never_gives_a_wrong_value() {
    let sound = tempfile::tempdir().unwrap();
    sound_store(sound.path()).await;
    let length = fs::metadata(sound.path().join("db")).unwrap().len();
    for at in (0..length).step_by(length as usize / 23) {
        let image = tempfile::tempdir().unwrap();
        copy_dir(sound.path(), image.path());
        let log = fs::OpenOptions::new()
            .write(true)
            .open(image.path().join("db"))
            .unwrap();
        log.set_len(at).unwrap();
        let noticed = is_noticed_and_never_wrong(image.path(), &format!("cut at {at}")).await;
        assert!(noticed, "a cut at {at} of {length} changed nothing");
    }
}
