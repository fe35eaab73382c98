//! Reads several key ranges as one, ordered by the part of the keys after their prefixes.

use std::collections::VecDeque;

use bytes::Bytes;
use store::{Range, Snapshot};

use crate::Fault;

/// Entries read at once.
const LEAST_CHUNK: usize = 64;
const MOST_CHUNK: usize = 512;

struct Run {
    prefix: usize,
    range: Range,
    ready: VecDeque<(Bytes, Bytes)>,
    more: bool,
}

pub(super) struct Runs {
    runs: Vec<Run>,
    backwards: bool,
    chunk: usize,
}

impl Runs {
    pub(super) fn new(
        prefixes: &[usize],
        ranges: Vec<Range>,
        backwards: bool,
        expected: usize,
    ) -> Self {
        let runs = prefixes.iter().zip(ranges).map(|(&prefix, range)| Run {
            prefix,
            range,
            ready: VecDeque::new(),
            more: true,
        });
        Self {
            runs: runs.collect(),
            backwards,
            chunk: (expected + 1).clamp(LEAST_CHUNK, MOST_CHUNK),
        }
    }

    /// Skips everything up to a position.
    pub(super) fn go_on_after(&mut self, position: &[u8]) {
        for run in &mut self.runs {
            let key = [&run.range.from[..run.prefix], position].concat();
            run.leave_out(&key, self.backwards);
        }
    }

    /// Returns the next position with its value.
    pub(super) async fn next(
        &mut self,
        read: &mut Snapshot,
    ) -> Result<Option<(Bytes, Bytes)>, Fault> {
        for run in &mut self.runs {
            if run.ready.is_empty() && run.more {
                run.fill(read, self.chunk, self.backwards).await?;
            }
        }
        let heads = self.runs.iter_mut().filter(|run| !run.ready.is_empty());
        let head = |run: &&mut Run| run.ready[0].0.slice(run.prefix..);
        let run = if self.backwards {
            heads.max_by_key(head)
        } else {
            heads.min_by_key(head)
        };
        Ok(run.and_then(|run| {
            let (key, value) = run.ready.pop_front()?;
            Some((key.slice(run.prefix..), value))
        }))
    }
}

impl Run {
    fn leave_out(&mut self, key: &[u8], backwards: bool) {
        if backwards {
            if self.range.to.as_ref().is_none_or(|to| key < &to[..]) {
                self.range.to = Some(Bytes::copy_from_slice(key));
            }
        } else {
            let beyond = [key, &[0]].concat();
            if beyond[..] > self.range.from[..] {
                self.range.from = beyond.into();
            }
        }
        let empty = |to: &Bytes| *to <= self.range.from;
        self.more = self.more && !self.range.to.as_ref().is_some_and(empty);
    }

    async fn fill(
        &mut self,
        read: &mut Snapshot,
        chunk: usize,
        backwards: bool,
    ) -> Result<(), Fault> {
        let found = read.scan(self.range.clone(), chunk, backwards).await?;
        self.ready = found.into();
        self.more = self.ready.len() == chunk;
        if let Some((last, _)) = self.ready.back() {
            let last = last.clone();
            self.leave_out(&last, backwards);
        }
        Ok(())
    }
}
