use std::io::{self, Write};

use bytes::BufMut;
use store::Copied;

use super::parts::{DELETED, FRAME_BYTES, Header, MAGIC, MOST_PATH, MOST_PAYLOAD, Totals, kind};

/// Writes a backup in its order: the header, records and files, the end.
pub struct Writer<W> {
    out: W,
    digest: blake3::Hasher,
    totals: Totals,
    /// Bytes of the file that was begun which are still to come.
    missing: u64,
    frame: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a backup.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn begin(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self {
            out,
            digest: blake3::Hasher::new(),
            totals: Totals::default(),
            missing: 0,
            frame: Vec::new(),
        };
        writer.put(&MAGIC)?;
        let header = serde_json::to_vec(header).map_err(io::Error::other)?;
        writer.whole(kind::HEADER, &header)?;
        Ok(writer)
    }

    /// Writes records, in as many frames as it takes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn records<'a>(&mut self, records: impl IntoIterator<Item = &'a Copied>) -> io::Result<()> {
        self.complete()?;
        self.frame.resize(FRAME_BYTES, 0);
        for Copied { shard, key, value } in records {
            let size = 14 + key.len() + value.as_ref().map_or(0, bytes::Bytes::len);
            if self.frame.len() + size > FRAME_BYTES + MOST_PAYLOAD {
                self.flush(kind::RECORDS)?;
            }
            self.frame.put_u64(shard.as_u64());
            self.frame
                .put_u16(u16::try_from(key.len()).map_err(io::Error::other)?);
            let length = value
                .as_ref()
                .map_or(Ok(DELETED), |value| u32::try_from(value.len()));
            self.frame.put_u32(length.map_err(io::Error::other)?);
            self.frame.put_slice(key);
            self.frame.put_slice(value.as_deref().unwrap_or_default());
            self.totals.records += 1;
        }
        if self.frame.len() > FRAME_BYTES {
            self.flush(kind::RECORDS)?;
        }
        Ok(())
    }

    /// Begins a file, of which exactly `length` bytes have to follow with [`Self::bytes`].
    ///
    /// # Errors
    /// Those of `out`; [`io::ErrorKind::InvalidInput`] for a path that is too long.
    pub fn file(&mut self, path: &str, mode: u32, length: u64) -> io::Result<()> {
        self.complete()?;
        if path.is_empty() || path.len() > MOST_PATH {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut payload = Vec::with_capacity(12 + path.len());
        payload.put_u64(length);
        payload.put_u32(mode);
        payload.put_slice(path.as_bytes());
        self.whole(kind::FILE, &payload)?;
        self.totals.files += 1;
        self.totals.bytes += length;
        self.missing = length;
        Ok(())
    }

    /// Writes the next bytes of the file that was begun.
    ///
    /// # Errors
    /// Those of `out`; [`io::ErrorKind::InvalidInput`] if they are more than the file has.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let left = self.missing.checked_sub(bytes.len() as u64);
        self.missing = left.ok_or(io::ErrorKind::InvalidInput)?;
        for chunk in bytes.chunks(MOST_PAYLOAD) {
            self.whole(kind::BYTES, chunk)?;
        }
        Ok(())
    }

    /// Ends the backup. Returns what it was written to, which is not flushed, and what is in it.
    ///
    /// # Errors
    /// Those of `out`; [`io::ErrorKind::UnexpectedEof`] if bytes of a file are missing.
    pub fn end(mut self) -> io::Result<(W, Totals)> {
        self.complete()?;
        let digest = self.digest.finalize();
        let payload = [&self.totals.encode()[..], digest.as_bytes()].concat();
        self.whole(kind::END, &payload)?;
        Ok((self.out, self.totals))
    }

    /// Says in place of the end why nothing more follows.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn fail(mut self, cause: &str) -> io::Result<W> {
        let end = cause.floor_char_boundary(MOST_PATH);
        self.whole(kind::FAILED, &cause.as_bytes()[..end])?;
        Ok(self.out)
    }

    /// Returns what it is written to.
    pub fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn complete(&self) -> io::Result<()> {
        match self.missing {
            0 => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn whole(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        self.frame.resize(FRAME_BYTES, 0);
        self.frame.extend_from_slice(payload);
        self.flush(kind)
    }

    /// Writes the frame that was gathered, and leaves room for the beginning of the next.
    fn flush(&mut self, kind: u8) -> io::Result<()> {
        let mut frame = std::mem::take(&mut self.frame);
        let length = u32::try_from(frame.len() - FRAME_BYTES).map_err(io::Error::other)?;
        frame[0] = kind;
        frame[1..FRAME_BYTES].copy_from_slice(&length.to_be_bytes());
        self.put(&frame)?;
        frame.truncate(FRAME_BYTES);
        self.frame = frame;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.digest.update(bytes);
        self.out.write_all(bytes)
    }
}
