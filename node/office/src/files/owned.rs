//! Files that belong to something else than a matter: who owns them is a table of its own, by a key and the record of
//! the file.

use bytes::Bytes;
use domain::{
    attachment::{Attachment, Part},
    suite::Digest,
};
use records::table::{Plain, Rows, Table, Tables};
use store::{
    Transaction,
    files::{FileError, Files},
};

use super::{
    area::account,
    attachments::OpenFile,
    refusal::FileRefusal,
    uploads::{Kept, parts},
};
use crate::{Failed, Fault, services::MatterFiles, tables};

fn owner<T: Table>(key: &T::Key, digest: Digest) -> (Digest, Bytes) {
    (digest, T::key(key))
}

/// Records that the files of attachments belong to what `key` makes of the place of each. They were counted as uploads,
/// and stay counted.
pub(crate) fn own<T: Table<Record = Kept>>(
    view: &mut Tables<Transaction>,
    attachments: &[Attachment],
    key: impl Fn(u32, Part) -> T::Key,
) {
    for (at, attachment) in (0..).zip(attachments) {
        for (part, kept) in parts(attachment) {
            let key = key(at, part);
            view.put::<tables::FileOwners>(&owner::<T>(&key, kept.digest), &Plain::default());
            view.put::<T>(&key, &kept);
        }
    }
}

/// Forgets that files belong to something, at most `most` of them. Returns their digests, for
/// [`MatterFiles::remove_unowned`].
pub(crate) async fn disown<T: Table<Record = Kept>>(
    view: &mut Tables<Transaction>,
    rows: Rows<T>,
    most: usize,
) -> Result<Vec<Digest>, Fault> {
    let files = view.scan(rows, most).await?;
    let (mut left, mut bytes) = (vec![], 0);
    for (key, kept) in files {
        view.delete::<tables::FileOwners>(&owner::<T>(&key, kept.digest));
        view.delete::<T>(&key);
        bytes += kept.sealed_bytes;
        left.push(kept.digest);
    }
    if bytes > 0 {
        account(view, 0, bytes).await?;
    }
    Ok(left)
}

impl MatterFiles<'_> {
    /// Opens a file that is kept here; the whole of a picture for which no small one was made. `None` if it is not on
    /// the disk, or damaged.
    ///
    /// # Errors
    /// [`Fault`] of the disk.
    pub(crate) async fn open_kept(
        self,
        attachment: Attachment,
        part: Part,
    ) -> Result<Option<OpenFile>, Failed<FileRefusal>> {
        let part = match attachment.part(part) {
            Some(_) => part,
            None => Part::Whole,
        };
        let Some(sealed) = attachment.part(part) else {
            return Ok(None);
        };
        let Kept { suite, digest, .. } = Kept::of(attachment.suite, &sealed);
        let sound = move |files: &Files| files.sound(suite, digest);
        match self.area().on_disk(sound).await {
            Ok((in_hand, _)) => Ok(Some(OpenFile::new(attachment, part, sealed, in_hand))),
            Err(FileError::Absent | FileError::Damaged { .. }) => Ok(None),
            Err(trouble) => Err(trouble.into()),
        }
    }
}
