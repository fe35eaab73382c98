use std::io::{self, Read};

use bytes::{Buf, Bytes};
use store::{Copied, KEY_LIMIT, Shard, VALUE_LIMIT};

use super::parts::{
    DELETED, FORMAT, FRAME_BYTES, Header, MAGIC, MOST_HEADER, MOST_PATH, MOST_PAYLOAD, Part,
    Totals, kind,
};

/// Why a backup cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is something else.
    #[error("it is not a backup of a node; name another file")]
    Foreign,
    /// A later program wrote it.
    #[error(
        "it has format {found}, this program knows formats up to {FORMAT}; use a newer wujitong"
    )]
    Newer {
        /// The format found.
        found: u32,
    },
    /// Its end is missing.
    #[error("it was cut off; take another copy of it, or an earlier backup")]
    Cut,
    /// It is not what was written.
    #[error("it is damaged ({0}); take another copy of it, or an earlier backup")]
    Damaged(&'static str),
    /// Whoever wrote it gave up.
    #[error("{0}")]
    GivenUp(String),
    /// The file cannot be read.
    #[error("it cannot be read: {0}; check the disk")]
    Io(io::Error),
}

/// Reads a backup, and checks everything that it reads.
pub struct Reader<R> {
    input: R,
    digest: blake3::Hasher,
    totals: Totals,
    missing: u64,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn open(input: R) -> Result<(Header, Self), ReadError> {
        let mut reader = Self {
            input,
            digest: blake3::Hasher::new(),
            totals: Totals::default(),
            missing: 0,
            ended: false,
        };
        let mut magic = [0; MAGIC.len()];
        reader.fill(&mut magic).map_err(|error| match error {
            ReadError::Cut => ReadError::Foreign,
            error => error,
        })?;
        if magic != MAGIC {
            return Err(ReadError::Foreign);
        }
        reader.digest.update(&magic);
        let (kind, payload) = reader.frame(MOST_HEADER)?;
        if kind == kind::FAILED {
            return Err(given_up(&payload));
        }
        // The format is read first: the rest of a later header may be another.
        let format = serde_json::from_slice::<serde_json::Value>(&payload).ok();
        let format = format.and_then(|header| header.get("format")?.as_u64());
        let format = format.and_then(|format| u32::try_from(format).ok());
        match format {
            _ if kind != kind::HEADER => Err(ReadError::Damaged("it does not begin with a header")),
            Some(found) if found > FORMAT => Err(ReadError::Newer { found }),
            _ => match serde_json::from_slice(&payload) {
                Ok(header) => Ok((header, reader)),
                Err(_) => Err(ReadError::Damaged("its header")),
            },
        }
    }

    /// Returns the next part; `None` after the end, if the digest there is that of everything before.
    /// Whatever was made of the parts counts only then.
    ///
    /// # Errors
    /// [`ReadError`]
    pub fn next_part(&mut self) -> Result<Option<Part>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let before = self.digest.finalize();
        let (kind, payload) = self.frame(MOST_PAYLOAD)?;
        if self.missing > 0 && kind != kind::BYTES && kind != kind::FAILED {
            return Err(ReadError::Damaged("a file that ends early"));
        }
        let part = match kind {
            kind::RECORDS => {
                let records = records(payload).ok_or(ReadError::Damaged("a record"))?;
                self.totals.records += records.len() as u64;
                Part::Records(records)
            }
            kind::FILE => self.file(&payload)?,
            kind::BYTES => {
                let left = self.missing.checked_sub(payload.len() as u64);
                self.missing = left.ok_or(ReadError::Damaged("a file that goes on too long"))?;
                Part::Bytes(payload)
            }
            kind::END => {
                let said = [&self.totals.encode()[..], before.as_bytes()].concat();
                if payload != said {
                    return Err(ReadError::Damaged("its digest"));
                }
                self.nothing_follows()?;
                self.ended = true;
                return Ok(None);
            }
            kind::FAILED => return Err(given_up(&payload)),
            _ => return Err(ReadError::Damaged("an unknown part")),
        };
        Ok(Some(part))
    }

    /// Returns what was counted so far.
    pub const fn totals(&self) -> Totals {
        self.totals
    }

    fn file(&mut self, mut payload: &[u8]) -> Result<Part, ReadError> {
        let damaged = || ReadError::Damaged("the name of a file");
        let length = payload.try_get_u64().map_err(|_| damaged())?;
        let mode = payload.try_get_u32().map_err(|_| damaged())?;
        let path = std::str::from_utf8(payload).map_err(|_| damaged())?;
        if !is_inside(path) {
            return Err(damaged());
        }
        self.totals.files += 1;
        let bytes = self.totals.bytes.checked_add(length);
        self.totals.bytes = bytes.ok_or_else(damaged)?;
        self.missing = length;
        Ok(Part::File {
            path: path.to_owned(),
            mode,
            length,
        })
    }

    fn frame(&mut self, most: usize) -> Result<(u8, Vec<u8>), ReadError> {
        let mut head = [0; FRAME_BYTES];
        self.fill(&mut head)?;
        let [kind, length @ ..] = head;
        let length = u32::from_be_bytes(length) as usize;
        if length > most {
            return Err(ReadError::Damaged("a part that is too long"));
        }
        // Memory is taken for what comes, not for what is said to come.
        let mut payload = vec![];
        let mut input = self.input.by_ref().take(length as u64);
        input.read_to_end(&mut payload).map_err(of_input)?;
        if payload.len() < length {
            return Err(ReadError::Cut);
        }
        self.digest.update(&head);
        self.digest.update(&payload);
        Ok((kind, payload))
    }

    fn fill(&mut self, into: &mut [u8]) -> Result<(), ReadError> {
        self.input.read_exact(into).map_err(of_input)
    }

    fn nothing_follows(&mut self) -> Result<(), ReadError> {
        let mut more = [0];
        loop {
            match self.input.read(&mut more) {
                Ok(0) => return Ok(()),
                Ok(_) => return Err(ReadError::Damaged("something follows its end")),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(of_input(error)),
            }
        }
    }
}

/// What a reader of the ciphertext says if it was cut or changed has these kinds.
fn of_input(error: io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ReadError::Cut,
        io::ErrorKind::InvalidData => ReadError::Damaged("its ciphertext"),
        _ => ReadError::Io(error),
    }
}

fn given_up(payload: &[u8]) -> ReadError {
    ReadError::GivenUp(String::from_utf8_lossy(payload).into_owned())
}

/// Returns whether a path names something below the directory that it is taken from.
fn is_inside(path: &str) -> bool {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= MOST_PATH && !path.contains('\0') && path.split('/').all(plain)
}

fn records(payload: Vec<u8>) -> Option<Vec<Copied>> {
    let mut left = Bytes::from(payload);
    let mut records = vec![];
    while !left.is_empty() {
        let shard = Shard::from_u64(left.try_get_u64().ok()?)?;
        let key = usize::from(left.try_get_u16().ok()?);
        let value = left.try_get_u32().ok()?;
        if key > KEY_LIMIT || left.len() < key {
            return None;
        }
        let key = left.split_to(key);
        let value = match value {
            DELETED => None,
            length => {
                let length = usize::try_from(length).ok()?;
                if length > VALUE_LIMIT || left.len() < length {
                    return None;
                }
                Some(left.split_to(length))
            }
        };
        records.push(Copied { shard, key, value });
    }
    Some(records)
}
