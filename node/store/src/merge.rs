//! Merges two scans into one order: pending writes and the engine below them.

use std::{cmp::Ordering, iter::Peekable, ops::ControlFlow, vec};

use bytes::Bytes;

use super::engine::Write;

/// Merges pending writes with a scan of the engine below them, until it has `limit` keys. Both are
/// in scan order.
pub(super) struct Merge {
    pending: Peekable<vec::IntoIter<Write>>,
    limit: usize,
    reverse: bool,
    found: Vec<(Bytes, Bytes)>,
}

impl Merge {
    pub(super) fn new(pending: Vec<Write>, limit: usize, reverse: bool) -> Self {
        Self {
            pending: pending.into_iter().peekable(),
            limit,
            reverse,
            found: Vec::new(),
        }
    }

    /// Takes the next pair of the scan below.
    pub(super) fn offer(&mut self, key: Bytes, value: Bytes) -> ControlFlow<()> {
        let mut hidden = false;
        while self.found.len() < self.limit {
            let Some((over, _)) = self.pending.peek() else {
                break;
            };
            let order = if self.reverse {
                key.cmp(over)
            } else {
                over.cmp(&key)
            };
            if order == Ordering::Greater {
                break;
            }
            hidden |= order == Ordering::Equal;
            self.take_pending();
        }
        if !hidden && self.found.len() < self.limit {
            self.found.push((key, value));
        }
        if self.found.len() < self.limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    pub(super) fn finish(mut self) -> Vec<(Bytes, Bytes)> {
        while self.found.len() < self.limit && self.pending.peek().is_some() {
            self.take_pending();
        }
        self.found
    }

    fn take_pending(&mut self) {
        if let Some((key, Some(value))) = self.pending.next() {
            self.found.push((key, value));
        }
    }
}
