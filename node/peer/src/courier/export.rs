//! Makes courier files.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    authority::Neighbour,
    courier::{self, CarriedSegment, CourierHead, MOST_FILE_BYTES, segment_digest},
    envelope::Lane,
    seal::SealedBody,
    time::Timestamp,
};
use office::{Carried, CourierLoad, Failed, RequestContext};
use records::outbox::{queue::Queued, sender::Parcel};
use topology::DivisionCode;
use wire::{
    courier::{CourierBody, CourierFile, encode_body, encode_head},
    frame::{Frame, MOST_KEYS_SHOWN},
};

use super::{Courier, CourierRefusal};
use crate::{
    session::{greeting::own_hello, greeting::own_statements, keys::lower},
    sign::{BatchSigner, Unsealed},
};

/// Most envelopes in one batch.
const BATCH_ENVELOPES: usize = 64;
/// Bytes of envelopes and bodies after which a batch ends.
const BATCH_BYTES: usize = 96 * 1024;

/// A courier file that was made.
#[derive(Debug)]
pub struct Exported {
    /// The bytes of the file.
    pub file: Bytes,
    /// The neighbour it is for.
    pub to: DivisionCode,
    /// Count of the files for this neighbour, from 1.
    pub number: u64,
    /// When it was made.
    pub made: Timestamp,
    /// Envelopes in it.
    pub envelopes: usize,
    /// Answers in it, to what files of the neighbour brought.
    pub answers: usize,
    /// Segments that wait and are in none of the files up to this one.
    pub left: u64,
}

impl Courier<'_> {
    /// Makes the next file for a neighbour: from the beginning of what waits for it, or from where the last file ended. The
    /// outbox is not changed.
    ///
    /// # Errors
    /// [`CourierRefusal`], or an error of the store.
    pub async fn export(
        self,
        to: DivisionCode,
        go_on: bool,
        by: impl Into<RequestContext>,
    ) -> Result<Exported, Failed<CourierRefusal>> {
        let (office, me) = (self.office, self.office.me());
        let neighbour = Neighbour::of(me, to, office.tree());
        let neighbour = neighbour.ok_or(CourierRefusal::NotANeighbour(to))?;
        let recipient = self.keys.sealing(to).ok_or(CourierRefusal::NoKey(to))?;
        let recipient = self.identity.recipient(recipient);
        let load = office.courier().load(to, go_on).await?;
        let (number, epoch, made) = office.courier().make(to, &load, by).await?;
        let (answers, left) = (load.answers.len(), load.left);
        let (body, envelopes) = self.body(neighbour, load).await?;
        let fresh = recipient.fresh().map_err(CourierRefusal::from)?;
        let signer = self.identity.signer();
        let head = encode_head(&CourierHead {
            network: self.network(),
            from: me,
            to,
            key: signer.key_id(),
            suite: signer.suite(),
            epoch,
            number,
            made,
            seal_suite: fresh.suite,
            wrap: fresh.wrap,
            key_statements: own_statements(self.parts()),
        });
        let sealed = Bytes::from(courier::seal(encode_body(body), &fresh.key, &head));
        let signed = courier::signed_bytes(signer.suite(), &head, &sealed);
        let signature = signer.sign(&signed).await.map_err(CourierRefusal::from)?;
        let file = CourierFile {
            head,
            sealed,
            signature: signature.into(),
        };
        let file = file.encode();
        if file.len() > MOST_FILE_BYTES {
            return Err(CourierRefusal::TooLong(file.len()).into());
        }
        Ok(Exported {
            file: file.into(),
            to,
            number,
            made,
            envelopes,
            answers,
            left,
        })
    }

    /// Returns the body of a file, and the number of envelopes in it.
    async fn body(
        self,
        to: Neighbour,
        load: CourierLoad,
    ) -> Result<(CourierBody, usize), Failed<CourierRefusal>> {
        let (office, me) = (self.office, self.office.me());
        let hello = own_hello(self.parts(), self.network(), to).await?;
        let mut frames = vec![Frame::Hello(Box::new(hello))];
        let about = office.keys().statements_about(lower(me, to)).await?;
        let about: Vec<_> = about.into_iter().map(|stated| stated.bytes).collect();
        let about = about.chunks(MOST_KEYS_SHOWN);
        frames.extend(about.map(|some| Frame::Keys(some.to_vec())));
        let segments = load.segments.iter().map(named).collect();
        let mut signer = BatchSigner::new(
            Arc::clone(self.identity),
            self.network(),
            Arc::clone(self.keys),
            to.division(),
        );
        let mut envelopes = 0;
        for parcel in parcels(load.segments) {
            envelopes += parcel.entries.len();
            let batch = signer.seal(parcel).await.map_err(|error| match error {
                Unsealed::NoKey(of) => CourierRefusal::NoKey(of),
                error => CourierRefusal::OwnKey(error.to_string()),
            })?;
            frames.push(Frame::Batch(batch));
        }
        let body = CourierBody {
            frames,
            segments,
            answers: load.answers,
            settled_below: load.settled_below,
            waiting: load.left,
        };
        Ok((body, envelopes))
    }
}

/// Returns the name of a segment in a file.
fn named(carried: &Carried) -> CarriedSegment {
    let envelopes = carried.entries.iter().map(|(queued, _)| &queued.bytes[..]);
    CarriedSegment {
        lane: carried.lane,
        number: carried.number,
        envelopes: carried.entries.len() as u32,
        digest: segment_digest(envelopes),
    }
}

/// Cuts segments into parcels of one lane each, none so long that its frame is not read.
fn parcels(segments: Vec<Carried>) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = vec![];
    let mut next = [1; 4];
    let mut bytes = 0;
    let flat = segments.into_iter().flat_map(|carried| {
        let lane = carried.lane;
        carried.entries.into_iter().map(move |entry| (lane, entry))
    });
    for (lane, entry) in flat {
        let length = length(&entry);
        let fits = parcels.last().is_some_and(|last| {
            last.lane == lane
                && last.entries.len() < BATCH_ENVELOPES
                && bytes + length <= BATCH_BYTES
        });
        if !fits {
            bytes = 0;
            parcels.push(Parcel {
                lane,
                first: position(&mut next, lane, 0),
                entries: vec![],
                generation: Default::default(),
            });
        }
        bytes += length;
        position(&mut next, lane, 1);
        if let Some(last) = parcels.last_mut() {
            last.entries.push(entry);
        }
    }
    parcels
}

/// Returns the next position of a lane, and moves it on.
fn position(next: &mut [u64; 4], lane: Lane, by: u64) -> u64 {
    let at = next[lane.index()];
    next[lane.index()] += by;
    at
}

fn length((queued, bodies): &(Queued, Vec<SealedBody>)) -> usize {
    queued.bytes.len() + bodies.iter().map(SealedBody::bytes).sum::<usize>()
}
