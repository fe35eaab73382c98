//! Names of files, and folders that only their owner may enter.

use std::{fs::DirBuilder, io, path::Path};

use data_encoding::HEXLOWER;

pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Returns the bytes that a name encodes in hex; `None` for any other name.
pub(super) fn unhex<const N: usize>(name: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(name.as_bytes()).ok()?.try_into().ok()
}

pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
