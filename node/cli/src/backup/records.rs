//! The records of a data directory, from the node that runs there or from its store, as a stream to read from.

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use app::{StartError, SystemClock, socket_path};
use backup::{FORMAT, Header, RecordStream, Source};
use bytes::{Buf, Bytes};
use identity::{Network, enrolled_in};
use office::{Clock, life_in};
use store::{SledOptions, Store};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Progress;
use crate::{
    Failure,
    client::{Client, ClientError},
};

/// Pieces of the stream that wait to be written.
const WAITING: usize = 8;

/// The bytes of the stream. Reading blocks; the end comes early if whoever feeds it fails.
pub(crate) struct Records {
    pieces: Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Records {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = into.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut into[..length]);
        Ok(length)
    }
}

/// Returns the stream of a data directory's records, and what feeds it.
pub(crate) fn pipe(
    data: &Path,
    network: Arc<Network>,
    progress: Progress,
) -> (Records, impl Future<Output = Result<(), Failure>> + use<>) {
    let (send, pieces) = channel(WAITING);
    let records = Records {
        pieces,
        piece: Bytes::new(),
    };
    let data = data.to_owned();
    let feed = async move {
        progress.now("records 记录");
        let client = Client::new(socket_path(&data));
        match of_running(&client, &send, &progress).await {
            Err(ClientError::Unreachable { .. }) => {}
            asked => return Ok(asked?),
        }
        of_stopped(&data, &network, &send, &progress).await
    };
    (records, feed)
}

/// Asks the node that runs. It is unreachable only before the first piece.
async fn of_running(
    client: &Client,
    send: &Sender<Bytes>,
    progress: &Progress,
) -> Result<(), ClientError> {
    client
        .stream("/v1/records", async |piece: Bytes| {
            progress.more(piece.len() as u64);
            send.send(piece).await.is_ok()
        })
        .await
}

async fn of_stopped(
    data: &Path,
    network: &Network,
    send: &Sender<Bytes>,
    progress: &Progress,
) -> Result<(), Failure> {
    let dir = data.join("store");
    let options = SledOptions::default();
    let store = tokio::task::spawn_blocking(move || Store::open_sled(&dir, options)).await;
    let store = store.map_err(|error| Failure::Failed(error.to_string()))?;
    let store = store.map_err(StartError::Store)?;
    let mut divisions = vec![];
    for division in enrolled_in(data) {
        let life = life_in(&store, division).await;
        let life = life.map_err(|error| Failure::Failed(error.to_string()))?;
        divisions.push(Source::of(division, life));
    }
    let header = Header {
        format: FORMAT,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        network: network.id_hex(),
        zone: network.zone.to_string(),
        made_ms: SystemClock.now().0,
        running: false,
        divisions,
    };
    let failed = |error: store::StoreError| Failure::Failed(error.to_string());
    let mut records = RecordStream::of(store.export().map_err(failed)?, &header);
    while let Some(piece) = records.next().await {
        progress.more(piece.len() as u64);
        if send.send(piece).await.is_err() {
            break;
        }
    }
    drop(records);
    store.close().await.map_err(failed)
}
