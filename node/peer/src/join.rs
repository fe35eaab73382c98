//! Enrolment over the network: how a division that has an invitation asks its parent, and how the parent answers; and
//! how one asks that comes back after its certificate ended. One method, over a protocol of its own on the listener for
//! neighbours.

mod ask;
mod message;
mod readmission;
mod service;

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub use ask::{Answered, AskError, Refused, Responded, ask};
pub(crate) use message::Answer;
#[cfg(feature = "fuzzing")]
pub use message::fuzzing;
pub(crate) use readmission::{NoAnswer, ask_back};
pub use service::{Inviting, JoinService, NewText, invite};

/// The longest call, in bytes.
const MOST_CALL_BYTES: usize = 16 * 1024;

/// The longest answer, in bytes: a grant for a village after many replaced keys.
const MOST_ANSWER_BYTES: usize = 64 * 1024;

/// Writes a message after its length.
async fn write(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(io::Error::other)?;
    let mut framed = BytesMut::with_capacity(message.len() + 4);
    framed.extend(length.to_be_bytes());
    framed.extend(message);
    stream.write_all(&framed).await?;
    stream.flush().await
}

/// Reads a message of at most so many bytes.
async fn read(stream: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<Bytes> {
    let length = stream.read_u32().await? as usize;
    if length > most {
        let why = format!("a message of {length} bytes, where {most} are allowed");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await?;
    Ok(message.into())
}
