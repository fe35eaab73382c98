//! Reads courier files.

use std::sync::Arc;

use bytes::Bytes;
use domain::{
    authority::Neighbour,
    courier::{self, Answers, CarriedSegment, CourierHead, SegmentAnswer, Standing},
    envelope::Lane,
    ids::KeyId,
    life::Lineage,
    suite::BadSignature,
    time::Timestamp,
};
use identity::SignedKeyStatement;
use office::{
    DiskTrouble, Failed, Fault, Greeting, Outcome, ReadFile, Received, RequestContext, Way,
};
use topology::DivisionCode;
use wire::{
    courier::{CourierBody, CourierFile, decode_body, decode_head},
    frame::{Batch, Frame, Hello, PROTOCOL},
    refusal::RefusalCode,
};

use super::{Courier, CourierRefusal};
use crate::{
    keys::{NoKey, NotAdmitted, admit, check_own},
    verify::{Verifier, unseal},
};

/// What a courier file brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Who made it.
    pub from: DivisionCode,
    /// Its number among the files of its maker for this node.
    pub number: u64,
    /// When it was made, by the clock of its maker.
    pub made: Timestamp,
    /// Whether later files were read before, or this one was.
    pub late: bool,
    /// Envelopes that took effect, now or before.
    pub accepted: usize,
    /// Envelopes that were refused.
    pub refused: usize,
    /// Envelopes without an outcome: there is no room for them, or the key of their author is not known yet. They come
    /// again.
    pub not_taken: usize,
    /// Segments that left the outbox of this node, because the file answers them.
    pub settled: usize,
    /// Segments that wait at the maker and are in none of its files up to this one.
    pub left: u64,
}

/// A file whose signature and seal hold.
struct Opened {
    from: Neighbour,
    head: CourierHead,
    hello: Box<Hello>,
    keys: Vec<Vec<Bytes>>,
    batches: Vec<Batch>,
    body: CourierBody,
}

/// A key statement that is new here: its division, its key, its bytes.
type Learnt = (DivisionCode, KeyId, Bytes);

/// The outcome of one envelope; `None` if it has none.
type Told = Option<Outcome>;

impl Courier<'_> {
    /// Reads a file of a neighbour: settles what it answers, and takes what it brings. What is accepted or refused is
    /// durable when this returns, and goes back with the next file. The same file may be read again.
    ///
    /// # Errors
    /// [`CourierRefusal`], or an error of the store.
    pub async fn import(
        self,
        file: Bytes,
        by: impl Into<RequestContext>,
    ) -> Result<Imported, Failed<CourierRefusal>> {
        let Opened {
            from,
            head,
            hello,
            keys,
            batches,
            body,
        } = self.open(file).await?;
        let office = self.office;
        let standing = office.courier().judge(&head).await?;
        self.admit(&hello.key_statements, head.from, true).await?;
        let verifier = self.verifier();
        if standing == Standing::Newest {
            self.greet(&verifier, from, &hello).await?;
        }
        for statements in &keys {
            self.admit(statements, head.from, true).await?;
        }
        let settled = office.courier().settle(head.from, &body.answers).await?;
        let mut told: Vec<Told> = vec![];
        // Lanes without room; what follows in them waits, so that no flow gets more gaps than are remembered.
        let mut full = [false; 4];
        for batch in batches {
            self.admit(&batch.key_statements, head.from, false).await?;
            let (lane, count) = (batch.lane.index(), batch.entries.len());
            if full[lane] {
                told.extend(std::iter::repeat_n(None, count));
                continue;
            }
            let (some, is_full) = self.take(&verifier, from, batch).await?;
            told.extend(some);
            full[lane] = is_full;
        }
        let count = |is: fn(&Told) -> bool| told.iter().filter(|one| is(one)).count();
        let imported = Imported {
            from: head.from,
            number: head.number,
            made: head.made,
            late: standing == Standing::Late,
            accepted: count(|one| *one == Some(Outcome::Accepted)),
            refused: count(|one| matches!(one, Some(Outcome::Refused(_)))),
            not_taken: count(Option::is_none),
            settled,
            left: body.waiting,
        };
        let read = ReadFile {
            stamp: head.stamp(),
            standing,
            made: head.made,
            answers: answers(&body.segments, &told),
            settled_below: body.settled_below,
            detail: format!(
                "courier file {} of {}: {} accepted, {} refused, {} not taken, {settled} segments answered",
                head.number, head.from, imported.accepted, imported.refused, imported.not_taken
            ),
        };
        office.courier().finish(head.from, read, by).await?;
        Ok(imported)
    }

    /// Checks who made a file and for whom, its signature and its seal.
    async fn open(&self, file: Bytes) -> Result<Opened, Failed<CourierRefusal>> {
        let file = CourierFile::decode(file).map_err(CourierRefusal::from)?;
        let head = decode_head(file.head.clone()).map_err(CourierRefusal::from)?;
        let (office, me) = (self.office, self.office.me());
        if head.network != self.network() {
            return Err(CourierRefusal::OtherNetwork.into());
        }
        if head.to != me {
            return Err(CourierRefusal::ForAnother { to: head.to, me }.into());
        }
        let from = Neighbour::of(me, head.from, office.tree());
        let from = from.ok_or(CourierRefusal::FromAnother(head.from))?;
        let learnt = self.check_signature(&file, &head)?;
        if !learnt.is_empty() {
            office.templates().keep_keys(learnt).await?;
        }
        let unopened = || CourierRefusal::NotSealedForHere(head.from);
        let key = self.identity.sealing().unwrap(head.seal_suite, &head.wrap);
        let key = key.await.map_err(|_| unopened())?;
        let body = courier::open(&file.sealed, &key, &file.head).map_err(|_| unopened())?;
        let mut body = decode_body(body.into()).map_err(CourierRefusal::from)?;
        let frames = std::mem::take(&mut body.frames);
        let (hello, keys, batches) = sorted(&head, frames)?;
        check_positions(&head, &batches, &body.segments)?;
        Ok(Opened {
            from,
            head,
            hello,
            keys,
            batches,
            body,
        })
    }

    /// Checks that the key of the maker counts, up to the root, and signed the file. Returns the statements that are new
    /// here.
    fn check_signature(
        &self,
        file: &CourierFile,
        head: &CourierHead,
    ) -> Result<Vec<Learnt>, CourierRefusal> {
        let from = head.from;
        let of_key = |why: String| CourierRefusal::Key(from, why);
        // The statements that the maker's key depends on come first, as on a link. A false one is found by what follows.
        let learnt = self.learn(&head.key_statements);
        let own = check_own(self.office, self.keys, from, head.key_statements.first());
        let own = own.map_err(|no_key| match no_key {
            NoKey::Revoked => CourierRefusal::Revoked(from),
            NoKey::Refused(why) => of_key(why),
        })?;
        if own != head.key {
            return Err(of_key(
                "it is signed with another key than it states".to_owned(),
            ));
        }
        let key = self
            .keys
            .get(from, own)
            .ok_or_else(|| of_key("it is not known".to_owned()))?;
        let signed = courier::signed_bytes(head.suite, &file.head, &file.sealed);
        let checked = key.verify(head.suite, &signed, &file.signature);
        checked.map_err(|BadSignature| CourierRefusal::Forged(from))?;
        Ok(learnt)
    }

    /// Adds the statements that hold to the ring and returns those that are new in it. Stores nothing: the file may be
    /// forged, the statements cannot be.
    fn learn(&self, statements: &[Bytes]) -> Vec<Learnt> {
        let read = statements.iter().filter_map(|bytes| {
            let signed = SignedKeyStatement::decode(bytes).ok()?;
            let statement = signed.statement().ok()?;
            Some((statement, signed, bytes.clone()))
        });
        let mut read: Vec<_> = read.collect();
        read.sort_by_key(|(statement, ..)| (statement.division.tier() as u8, statement.serial));
        let mut learnt = vec![];
        for (statement, signed, bytes) in read {
            let (division, id) = (statement.division, statement.key_id());
            let known = self.keys.knows(division, id);
            match self.keys.admit(&[signed], self.office.tree()) {
                Ok(()) if known => {}
                Ok(()) => learnt.push((division, id, bytes)),
                Err(refusal) => tracing::debug!(division = %self.office.me(), %refusal,
                    "a key in a courier file is not taken"),
            }
        }
        learnt
    }

    async fn admit(
        &self,
        statements: &[Bytes],
        from: DivisionCode,
        all: bool,
    ) -> Result<(), Failed<CourierRefusal>> {
        let admitted = admit(self.parts(), statements, from, all).await;
        admitted.map_err(|failed| match failed {
            Failed::Refused(NotAdmitted(why)) => CourierRefusal::Contradicts(from, why).into(),
            Failed::Aborted(aborted) => aborted.into(),
        })
    }

    /// Applies the greeting of the newest file.
    async fn greet(
        &self,
        verifier: &Verifier,
        from: Neighbour,
        hello: &Hello,
    ) -> Result<(), Failed<CourierRefusal>> {
        let (office, peer) = (self.office, from.division());
        let lives = [hello.earlier.clone(), vec![hello.epoch]].concat();
        let broken = |why: String| CourierRefusal::Contradicts(peer, why);
        let echo = hello.echo.clone();
        let greeting = Greeting {
            lives: Lineage::of(lives).map_err(|error| broken(error.to_string()))?,
            echo: echo.filter(|echo| verifier.is_word_of(office.me(), echo)),
            templates: hello.templates.clone(),
            revocations: hello.revocations,
        };
        match office.inbox().greeted(from, &greeting, Way::File).await? {
            Ok(false) => Ok(()),
            Ok(true) => {
                // All neighbours greeted the old life.
                self.links.begin_anew(None, office.now());
                Err(CourierRefusal::WentBack(peer).into())
            }
            Err(_) => Err(CourierRefusal::Superseded(peer).into()),
        }
    }

    /// Takes the envelopes of one batch, in order, and returns what became of each, and whether there was no room for some.
    async fn take(
        &self,
        verifier: &Verifier,
        from: Neighbour,
        batch: Batch,
    ) -> Result<(Vec<Told>, bool), Failed<CourierRefusal>> {
        let office = self.office;
        let lane = batch.lane;
        let entries = batch.entries.into_iter();
        let entries = entries.map(|entry| entry.map_err(|error| RefusalCode::from(&error)));
        let mut told: Vec<Told> = vec![];
        let (mut good, mut places): (Vec<Received>, Vec<usize>) = (vec![], vec![]);
        for checked in verifier.check(entries.collect(), from) {
            match checked {
                Ok((mut received, sealed)) if received.envelope.lane == lane => {
                    unseal(office, &mut received, sealed).await;
                    places.push(told.len());
                    good.push(received);
                    told.push(None);
                }
                Ok(_) => told.push(Some(Outcome::Refused(RefusalCode::Malformed))),
                Err(code) if code.may_pass() => told.push(None),
                Err(code) => told.push(Some(Outcome::Refused(code))),
            }
        }
        office
            .metrics()
            .envelopes_received
            .inc_by(told.len() as u64);
        let receipt = match office.inbox().receive(from, &good).await {
            Ok(receipt) => receipt,
            Err(error)
                if error.fault().and_then(Fault::disk_trouble) == Some(DiskTrouble::Full) =>
            {
                return Ok((told, true));
            }
            Err(error) => return Err(error.widen()),
        };
        for revocation in receipt.revoked() {
            self.links.enforce(revocation, self.keys);
        }
        let outcomes = receipt.durable().await?;
        let is_full = outcomes.len() < good.len();
        for (place, outcome) in places.into_iter().zip(outcomes) {
            let passes = matches!(outcome, Outcome::Refused(code) if code.may_pass());
            told[place] = Some(outcome).filter(|_| !passes);
        }
        Ok((told, is_full))
    }

    fn verifier(&self) -> Verifier {
        let office = self.office;
        Verifier::new(
            office.me(),
            Arc::clone(office.tree()),
            self.network(),
            Arc::clone(self.keys),
        )
    }
}

/// Sorts the frames of a file and checks its greeting against its head.
#[expect(clippy::type_complexity, reason = "it is taken apart at once")]
fn sorted(
    head: &CourierHead,
    frames: Vec<Frame>,
) -> Result<(Box<Hello>, Vec<Vec<Bytes>>, Vec<Batch>), CourierRefusal> {
    let broken = |why: &str| CourierRefusal::Contradicts(head.from, why.to_owned());
    let mut frames = frames.into_iter();
    let Some(Frame::Hello(hello)) = frames.next() else {
        return Err(broken("the first frame is not a greeting"));
    };
    if hello.protocol != PROTOCOL {
        let theirs = hello.protocol;
        let why = format!("it speaks {theirs}, this node speaks {PROTOCOL}, one must be upgraded");
        return Err(broken(&why));
    }
    let same = hello.network == head.network
        && hello.division == head.from
        && hello.epoch == head.epoch
        && hello.key_statements.first() == head.key_statements.first();
    if !same {
        return Err(broken("its greeting is of somebody else"));
    }
    let (mut keys, mut batches) = (vec![], vec![]);
    for frame in frames {
        match frame {
            Frame::Keys(statements) => keys.push(statements),
            Frame::Batch(batch) => batches.push(batch),
            _ => return Err(broken("it has a frame that only a link carries")),
        }
    }
    Ok((hello, keys, batches))
}

/// Checks that positions count without gaps, and that the segments name what the batches hold.
fn check_positions(
    head: &CourierHead,
    batches: &[Batch],
    segments: &[CarriedSegment],
) -> Result<(), CourierRefusal> {
    let broken = |why: &str| CourierRefusal::Contradicts(head.from, why.to_owned());
    let mut next = [1; 4];
    for batch in batches {
        let next = &mut next[batch.lane.index()];
        if batch.first != *next {
            return Err(broken("a position is missing"));
        }
        *next += batch.entries.len() as u64;
    }
    let carried = batches
        .iter()
        .flat_map(|batch| batch.entries.iter().map(|_| batch.lane));
    let named = segments.iter().flat_map(|segment| {
        let count = segment.envelopes as usize;
        std::iter::repeat_n(segment.lane, count)
    });
    match carried.eq(named) {
        true => Ok(()),
        false => Err(broken("its segments are not what it carries")),
    }
}

/// Returns the answers to those segments of which every envelope has an outcome.
fn answers(segments: &[CarriedSegment], told: &[Told]) -> Answers {
    let mut rest = told;
    let mut answers = Answers::new();
    for segment in segments {
        let (of_it, after) = rest.split_at(rest.len().min(segment.envelopes as usize));
        rest = after;
        if of_it.iter().any(Option::is_none) {
            continue;
        }
        let refused = (0..).zip(of_it).filter_map(|(at, outcome)| match outcome {
            Some(Outcome::Refused(code)) => Some((at, code.code())),
            _ => None,
        });
        let key: (Lane, u64) = (segment.lane, segment.number);
        let answer = SegmentAnswer {
            digest: segment.digest,
            refused: refused.collect(),
        };
        answers.insert(key, answer);
    }
    answers
}
