//! Bundles of entries: each entry after its length as u16, big-endian (C2SP tlog-tiles).

/// Adds an entry to a bundle.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) {
    let length = u16::try_from(entry.len()).expect("an entry has at most 224 bytes");
    bundle.extend(length.to_be_bytes());
    bundle.extend(entry);
}

/// Returns the entries of a bundle in order; `None` if it ends within one, or has more than `most`.
pub fn entries(mut bundle: &[u8], most: usize) -> Option<Vec<&[u8]>> {
    let mut entries = vec![];
    while !bundle.is_empty() {
        if entries.len() == most {
            return None;
        }
        let (length, rest) = bundle.split_first_chunk()?;
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}
