//! Uploads and downloads over the control socket.

use std::{io, time::Duration};

use api::{Media, OFFSET_STREAM, UPLOAD_OFFSET, UploadId, UploadRequest, UploadView};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::de::DeserializeOwned;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    time::sleep,
};
use topology::DivisionCode;

use super::{Client, ClientError, MOST_ANSWER_BYTES, answered};

/// Bytes of one chunk.
const CHUNK_BYTES: u64 = 512 * 1024;

/// Pauses before a node that went away is tried again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// Why an upload failed.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The node did not answer, or refused.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
}

impl Client {
    /// Uploads a file in chunks; continues where it stopped if the node goes away for a moment.
    /// Calls `told` with the number of bytes that have arrived.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn upload(
        &self,
        node: DivisionCode,
        media: Media,
        file: &mut File,
        told: impl FnMut(u64),
    ) -> Result<UploadView, UploadError> {
        self.upload_for((node, ""), media, file, told).await
    }

    /// Does the same for what the query says.
    ///
    /// # Errors
    /// [`UploadError`].
    pub async fn upload_for(
        &self,
        (node, query): (DivisionCode, &str),
        media: Media,
        file: &mut File,
        mut told: impl FnMut(u64),
    ) -> Result<UploadView, UploadError> {
        let bytes = file.metadata().await?.len();
        let request = UploadRequest {
            media: media.code().to_owned(),
            bytes,
        };
        let path = format!("/v1/nodes/{node}/uploads");
        let begin = format!("{path}{query}");
        let mut upload: UploadView = self.post(&begin, &request).await?;
        let path = format!("{path}/{}", upload.id);
        let mut pauses = PAUSES.iter();
        while upload.ready.is_none() {
            told(upload.offset);
            file.seek(std::io::SeekFrom::Start(upload.offset)).await?;
            let mut chunk = vec![];
            let mut next = file.take(CHUNK_BYTES.min(bytes - upload.offset));
            next.read_to_end(&mut chunk).await?;
            match self.chunk(&path, upload.offset, chunk.into()).await {
                Ok(now) => {
                    upload = now;
                    pauses = PAUSES.iter();
                }
                Err(error @ ClientError::Unreachable { .. }) => {
                    // The node may have stored the chunk before it went away, so nothing is sent
                    // before it said what it has.
                    upload = loop {
                        let Some(pause) = pauses.next() else {
                            return Err(error.into());
                        };
                        sleep(*pause).await;
                        match self.get(&path).await {
                            Err(ClientError::Unreachable { .. }) => {}
                            asked => break asked?,
                        }
                    };
                }
                Err(error) => return Err(error.into()),
            }
        }
        told(bytes);
        Ok(upload)
    }

    /// Deletes an upload.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn drop_upload(&self, node: DivisionCode, id: UploadId) -> Result<(), ClientError> {
        let path = format!("/v1/nodes/{node}/uploads/{id}");
        self.bytes(Method::DELETE, &path).await.map(drop)
    }

    /// Puts a file of a media type.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_file<T: DeserializeOwned>(
        &self,
        path: &str,
        kind: &'static str,
        file: Bytes,
    ) -> Result<T, ClientError> {
        let request = Request::builder()
            .method(Method::PUT)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, kind)
            .header(header::ACCEPT_LANGUAGE, self.language.tag())
            .body(Full::new(file));
        let request = request.map_err(|error| ClientError::Answer(error.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        let body = answered(status, body)?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// Returns a whole file.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn file(&self, path: &str) -> Result<Bytes, ClientError> {
        self.bytes(Method::GET, path).await
    }

    /// Reads an answer of any length piece by piece over a connection of its own, until it ends or `take` returns `false`.
    ///
    /// # Errors
    /// [`ClientError`]; it is unreachable only if nothing was read.
    pub async fn stream(
        &self,
        path: &str,
        mut take: impl AsyncFnMut(Bytes) -> bool,
    ) -> Result<(), ClientError> {
        let request = Request::builder()
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::ACCEPT_LANGUAGE, self.language.tag())
            .body(Full::new(Bytes::new()));
        let request = request.map_err(|error| ClientError::Answer(error.to_string()))?;
        let unreachable = |error: hyper::Error| self.unreachable(io::Error::other(error));
        let connection = self.in_time(self.connect()).await?;
        let mut connection = connection.map_err(|cause| self.unreachable(cause))?;
        let response = self
            .in_time(connection.sender.send_request(request))
            .await?;
        let response = response.map_err(unreachable)?;
        let status = response.status();
        let mut body = response.into_body();
        if !status.is_success() {
            let body = self
                .in_time(Limited::new(body, MOST_ANSWER_BYTES).collect())
                .await?;
            let body = body.map_err(|error| self.unreachable(io::Error::other(error)))?;
            return answered(status, body.to_bytes()).map(drop);
        }
        while let Some(frame) = self.in_time(body.frame()).await? {
            let frame = frame.map_err(|error| {
                ClientError::Answer(format!("it was broken off: {error}; see the node's log"))
            })?;
            if let Ok(piece) = frame.into_data()
                && !take(piece).await
            {
                break;
            }
        }
        Ok(())
    }

    async fn bytes(&self, method: Method, path: &str) -> Result<Bytes, ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .body(Full::new(Bytes::new()));
        let request = request.map_err(|error| ClientError::Answer(error.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        answered(status, body)
    }

    async fn chunk(
        &self,
        path: &str,
        offset: u64,
        chunk: Bytes,
    ) -> Result<UploadView, ClientError> {
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, OFFSET_STREAM)
            .header(UPLOAD_OFFSET, offset)
            .body(Full::new(chunk));
        let request = request.map_err(|error| ClientError::Answer(error.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        let body = answered(status, body)?;
        serde_json::from_slice(&body).map_err(|error| ClientError::Answer(error.to_string()))
    }
}
