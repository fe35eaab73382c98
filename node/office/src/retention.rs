//! What goes by itself once its time is over.

use domain::time::Timestamp;
use records::table::{Table, Tables, View};

use crate::{Fault, Office};

impl Office {
    /// Lets what is due in a table go, with `one` what is due first, until nothing is. Returns when the next is due.
    pub(crate) async fn expire_due<T, K, F>(
        &self,
        one: impl Fn() -> F + Send,
    ) -> Result<Option<Timestamp>, Fault>
    where
        T: Table<Key = (Timestamp, K), Record = ()>,
        F: Future<Output = Result<(), Fault>> + Send,
    {
        loop {
            let first = self.list(T::all(), 1).await?;
            match first.first() {
                Some(((at, _), ())) if *at <= self.now() => one().await?,
                first => return Ok(first.map(|((at, _), ())| *at)),
            }
        }
    }
}

/// Returns what is due first in a table, if its time is over.
pub(crate) async fn first_due<T, K, V>(
    view: &mut Tables<V>,
    now: Timestamp,
) -> Result<Option<(Timestamp, K)>, Fault>
where
    T: Table<Key = (Timestamp, K), Record = ()>,
    V: View + Send,
{
    let first = view.scan(T::all(), 1).await?.into_iter().next();
    Ok(first.map(|(key, ())| key).filter(|(at, _)| *at <= now))
}
