//! Names of files, and folders that only their owner may enter.

use std::{fs::DirBuilder, io, path::Path};

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the bytes that a name stands for; `None` for any other name.
pub(super) fn unhex<const N: usize>(name: &str) -> Option<[u8; N]> {
    if name.len() != 2 * N || !name.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&name[at..at + 2], 16).ok()?;
    }
    (hex(&bytes) == name).then_some(bytes)
}

pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
