use bytes::Bytes;
use store::{CommitError, Range, Snapshot, StoreError, Ticket, Transaction, record::RecordError};

use super::{Rows, Table, Value};

/// Why something was not read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What stands there is not what belongs there.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Something with keys and values to read.
pub trait View {
    /// Returns the value of a key.
    fn value(
        &mut self,
        key: &[u8],
    ) -> impl Future<Output = Result<Option<Bytes>, StoreError>> + Send;

    /// Returns at most `limit` keys of a range with their values, the last ones first if `reverse`.
    fn values(
        &mut self,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> impl Future<Output = Result<Vec<(Bytes, Bytes)>, StoreError>> + Send;
}

impl View for Transaction {
    async fn value(&mut self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.peek(key).await
    }

    async fn values(
        &mut self,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.scan(range, limit, reverse).await
    }
}

impl View for Snapshot {
    async fn value(&mut self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.get(key).await
    }

    async fn values(
        &mut self,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.scan(range, limit, reverse).await
    }
}

/// Records with their keys.
pub type Found<T> = Vec<(<T as Table>::Key, <T as Table>::Record)>;

/// The tables of a node: those of a [`Transaction`] are read and written, those of a [`Snapshot`] read.
#[derive(Debug)]
pub struct Tables<V>(V);

impl<V: View> Tables<V> {
    /// Reads tables through a view.
    pub const fn new(view: V) -> Self {
        Self(view)
    }

    /// Returns the record at a key.
    ///
    /// # Errors
    /// [`ReadError`]. So for all that follow.
    pub async fn get<T: Table>(&mut self, key: &T::Key) -> Result<Option<T::Record>, ReadError> {
        let value = self.0.value(&T::key(key)).await?;
        Ok(value.map(T::Record::from_bytes).transpose()?)
    }

    /// Returns whether there is a record at a key.
    pub async fn has<T: Table>(&mut self, key: &T::Key) -> Result<bool, ReadError> {
        Ok(self.0.value(&T::key(key)).await?.is_some())
    }

    /// Returns the first records of a stretch, at most `limit`, with their keys.
    pub async fn scan<T: Table>(
        &mut self,
        rows: Rows<T>,
        limit: usize,
    ) -> Result<Found<T>, ReadError> {
        read::<T>(self.0.values(rows.range(), limit, false).await?)
    }

    /// Returns the last records of a stretch, at most `limit`, the last one first.
    pub async fn scan_back<T: Table>(
        &mut self,
        rows: Rows<T>,
        limit: usize,
    ) -> Result<Found<T>, ReadError> {
        read::<T>(self.0.values(rows.range(), limit, true).await?)
    }

    /// Returns the view, for keys that came from a record.
    pub const fn raw(&mut self) -> &mut V {
        &mut self.0
    }

    /// Gives the view back.
    pub fn into_inner(self) -> V {
        self.0
    }
}

fn read<T: Table>(found: Vec<(Bytes, Bytes)>) -> Result<Found<T>, ReadError> {
    let read = |(key, value): (Bytes, Bytes)| {
        let key = T::parse(&key).ok_or(RecordError::Damaged(T::NAME))?;
        Ok((key, T::Record::from_bytes(value)?))
    };
    found.into_iter().map(read).collect()
}

impl Tables<Snapshot> {
    /// Ends the snapshot and returns what was made of it once all it rests on is durable.
    ///
    /// # Errors
    /// [`ReadError`] if that never will be.
    pub async fn finish<A>(self, answer: A) -> Result<A, ReadError> {
        self.0.durable().await?;
        Ok(answer)
    }
}

impl Tables<Transaction> {
    /// Returns the record at a key; nothing is committed if it is another one by then.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn expect<T: Table>(&mut self, key: &T::Key) -> Result<Option<T::Record>, ReadError> {
        let value = self.0.get(&T::key(key)).await?;
        Ok(value.map(T::Record::from_bytes).transpose()?)
    }

    /// Sets the record at a key.
    pub fn put<T: Table>(&mut self, key: &T::Key, record: &T::Record) {
        self.0.put(T::key(key), record.to_bytes());
    }

    /// Deletes the record at a key.
    pub fn delete<T: Table>(&mut self, key: &T::Key) {
        self.0.delete(T::key(key));
    }

    /// Lets it be taken even while the disk is full for new work, because it ends something begun.
    pub fn is_outcome(&mut self) {
        self.0.is_outcome();
    }

    /// Returns how many keys are to be written.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until everything read is durable, for an answer that writes nothing.
    ///
    /// # Errors
    /// [`ReadError`] if it never will be.
    pub async fn wait_durable(&self) -> Result<(), ReadError> {
        Ok(self.0.wait_durable().await?)
    }

    /// Submits what was written.
    ///
    /// # Errors
    /// [`CommitError`] if it was not taken.
    pub async fn submit(self) -> Result<Ticket, CommitError> {
        self.0.submit().await
    }
}
