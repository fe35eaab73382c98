use bytes::Bytes;
use store::Export;

use super::{Header, Writer};

const IN_MEMORY: &str = "a vector takes what is written, and a header can be written as JSON";

/// The records of a store as the bytes of a backup without files, made as they are asked for.
pub struct RecordStream {
    export: Export,
    writer: Option<Writer<Vec<u8>>>,
}

impl RecordStream {
    /// Begins with the header.
    pub fn of(export: Export, header: &Header) -> Self {
        let writer = Some(Writer::begin(vec![], header).expect(IN_MEMORY));
        Self { export, writer }
    }

    /// Returns the next bytes; `None` after the end. If the store fails, the last bytes say why.
    pub async fn next(&mut self) -> Option<Bytes> {
        let mut writer = self.writer.take()?;
        match self.export.next().await {
            Ok(Some(records)) => {
                writer.records(&records).expect(IN_MEMORY);
                let bytes = std::mem::take(writer.out());
                self.writer = Some(writer);
                Some(bytes.into())
            }
            Ok(None) => {
                let (bytes, _) = writer.end().expect(IN_MEMORY);
                Some(bytes.into())
            }
            Err(error) => {
                let bytes = writer.fail(&error.to_string()).expect(IN_MEMORY);
                Some(bytes.into())
            }
        }
    }
}
