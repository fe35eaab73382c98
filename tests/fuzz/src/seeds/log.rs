//! What public logs are made of.

/// A key, a checkpoint, paths of tiles, an entry, a bundle.
pub(crate) fn public_logs() -> Vec<Vec<u8>> {
    let origin = "222.002.25.08.33.zj.example/log/07/09";
    let key = log::Vkey::new(origin, [9; 32]).expect("a name");
    let head = log::Checkpoint::new(origin, 300, [5; 32]).expect("a name");
    let entry = log::Entry::Custody(log::Commitment([7; 32])).encode();
    let mut bundle = vec![];
    log::bundle::push(&mut bundle, &entry);
    log::bundle::push(&mut bundle, &entry);
    let texts = [
        key.to_string(),
        head.signed(&key, &[3; 64]),
        "0/x001/x234/067".to_owned(),
        "entries/000.p/44".to_owned(),
    ];
    texts
        .map(String::into_bytes)
        .into_iter()
        .chain([entry, bundle])
        .collect()
}
