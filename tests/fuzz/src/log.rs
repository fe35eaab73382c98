//! What is read of public logs: checkpoints, keys, paths of tiles, bundles, entries.

use log::{Checkpoint, Entry, MOST_ENTRY_BYTES, MOST_LEAVES, Tile, Vkey, bundle};

/// Any bytes, as each of them.
pub(crate) fn public_log(bytes: &[u8]) {
    if let Ok(entry) = Entry::decode(bytes) {
        assert_eq!(entry.encode(), bytes);
        assert!(bytes.len() <= MOST_ENTRY_BYTES);
    }
    if let Some(entries) = bundle::entries(bytes, Tile::FULL.into()) {
        let mut again = vec![];
        entries
            .iter()
            .for_each(|entry| bundle::push(&mut again, entry));
        assert!(again == bytes && entries.len() <= Tile::FULL.into());
    }
    if let Ok(head) = Checkpoint::read(bytes) {
        assert!((1..=MOST_LEAVES).contains(&head.size()));
        assert!(
            bytes.starts_with(head.to_string().as_bytes()),
            "the text is what was signed"
        );
        let other = Vkey::new(head.origin(), [1; 32]).expect("the origin was checked");
        assert!(
            Checkpoint::open(bytes, &other).is_err(),
            "nobody signs with this key"
        );
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(key) = text.parse::<Vkey>() {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    if let Ok(tile) = text.parse::<Tile>() {
        assert_eq!(tile.to_string(), text);
        assert!((1..=Tile::FULL).contains(&tile.width));
    }
}
