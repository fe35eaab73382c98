//! Handles the neighbour's frames.

use std::num::NonZeroU32;

use bytes::Bytes;
use domain::authority::Neighbour;
use tokio::time::Instant;
use wire::{
    frame::{Ack, Batch, Frame, Probe, Refused, Watermark},
    refusal::RefusalCode,
};

use super::{Session, malformed, office_ended, room::Checked};
use crate::{link::Ended, verify::unseal};

impl Session<'_> {
    pub(super) async fn hear(&mut self, frame: Frame) -> Result<(), Ended> {
        match frame {
            Frame::Batch(_) if self.leave.is_cancelled() => Ok(()),
            Frame::Batch(batch) => self.hear_batch(batch).await,
            Frame::Ack(ack) => self.hear_ack(ack).await,
            Frame::Goodbye(goodbye) => Err(Ended::goodbye(goodbye.code, &goodbye.reason)),
            Frame::Probe(probe) => self.hear_probe(probe).await,
            Frame::Alive(nonce) => {
                self.probed.answered(nonce);
                Ok(())
            }
            Frame::Fetch(id, fetch) => {
                self.limiter.until_ready().await;
                self.errands.hear_fetch(id, fetch)
            }
            Frame::Fetched(id, fetched) => self.errands.hear_fetched(id, fetched),
            Frame::Watermark(_) if self.leave.is_cancelled() => Ok(()),
            Frame::Watermark(watermark) => self.hear_watermark(watermark).await,
            Frame::Keys(_) if self.leave.is_cancelled() => Ok(()),
            Frame::Keys(statements) => self.hear_keys(statements).await,
            Frame::Hello(_) => Err(malformed("it greeted twice")),
        }
    }

    /// Answers the parent's question whether this machine is there. The parent asks because another
    /// machine greets with this node's identity.
    async fn hear_probe(&mut self, probe: Probe) -> Result<(), Ended> {
        if !matches!(self.from, Neighbour::Parent(_)) {
            return Err(malformed("only a parent asks whether its child is there"));
        }
        self.limiter.until_ready().await;
        self.presence.push_back(Frame::Alive(probe.nonce));
        let me = self.board.office.me();
        self.board
            .note_second_machine(me, &probe.yours, &probe.other)
            .await;
        Ok(())
    }

    async fn hear_watermark(&mut self, watermark: Watermark) -> Result<(), Ended> {
        self.limiter.until_ready().await;
        self.board
            .measure_clock(self.from.division(), watermark.now);
        let here = |theirs| self.watermarks.here(theirs);
        let above: Vec<_> = watermark
            .above
            .into_iter()
            .map(|(division, through)| (division, here(through)))
            .collect();
        let heard =
            self.board
                .office
                .inbox()
                .watermark(self.from.division(), here(watermark.at), &above);
        heard.await.map_err(office_ended)
    }

    async fn hear_keys(&mut self, statements: Vec<Bytes>) -> Result<(), Ended> {
        self.limiter.until_ready().await;
        self.keys.heard(&statements);
        let from = self.from.division();
        self.board.admit_keys(&statements, from, true).await
    }

    async fn hear_batch(&mut self, batch: Batch) -> Result<(), Ended> {
        let Batch {
            lane,
            first,
            entries,
            key_statements,
        } = batch;
        let expected = &mut self.expected[lane.index()];
        if first != *expected || entries.is_empty() {
            let why = format!("position {first} came, {expected} was expected");
            return Err(malformed(&why));
        }
        *expected += entries.len() as u64;
        let through = *expected - 1;
        if let Some(count) = NonZeroU32::new(entries.len() as u32) {
            self.limiter.until_n_ready(count).await;
        }
        let peer = self.from.division();
        self.board.admit_keys(&key_statements, peer, false).await?;
        let count = entries.len() as u64;
        self.board.links.note(peer, |state| state.received += count);
        let metrics = self.board.office.metrics();
        metrics.envelopes_received.inc_by(count);
        let mut refused = Vec::new();
        let mut good = Vec::with_capacity(entries.len());
        let mut positions = Vec::with_capacity(entries.len());
        let entries = entries.into_iter();
        let entries = entries.map(|entry| entry.map_err(|error| RefusalCode::from(&error)));
        let checked = self.board.verifier.check(entries.collect(), self.from);
        for (position, checked) in (first..).zip(checked) {
            let checked = checked.and_then(|checked| match checked.0.envelope.lane == lane {
                true => Ok(checked),
                false => Err(RefusalCode::Malformed),
            });
            match checked {
                Ok((mut received, sealed)) => {
                    unseal(&self.board.office, &mut received, sealed).await;
                    good.push(received);
                    positions.push(position);
                }
                Err(code) => {
                    tracing::warn!(division = %self.board.office.me(), neighbour = %peer,
                        lane = lane.code(), position, reason = %code, "envelope refused");
                    metrics.envelopes_refused.inc();
                    refused.push(Refused {
                        position,
                        code,
                        reason: code.to_string(),
                    });
                }
            }
        }
        let checked = Checked {
            good,
            positions,
            refused,
            through,
        };
        let waited = self.for_room.is_waiting(lane.index());
        let most = self.board.terms.window.envelopes.max(count as usize);
        self.for_room.line_up(lane.index(), checked, most)?;
        if waited {
            return Ok(());
        }
        self.take_lane(lane).await
    }

    async fn hear_ack(&mut self, ack: Ack) -> Result<(), Ended> {
        let Ack {
            lane,
            through,
            refused,
        } = ack;
        let refused = refused
            .into_iter()
            .map(|refused| (refused.position, refused.code))
            .collect();
        let may_pass = |code: &RefusalCode| code.may_pass();
        let (settled, not_yet) = self
            .sender
            .acknowledged(lane, through, refused, may_pass, Instant::now().into_std())
            .ok_or_else(|| {
                malformed(&format!("it acknowledged {through}, which was never sent"))
            })?;
        let peer = self.from.division();
        self.note_not_yet(not_yet).await?;
        let count = settled.len() as u64;
        self.board.links.note(peer, |state| state.settled += count);
        self.board
            .office
            .inbox()
            .settle(peer, lane, settled)
            .await
            .map_err(office_ended)
    }
}
