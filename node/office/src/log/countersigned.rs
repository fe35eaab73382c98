//! What those above say about the heads of this node's log.

use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    heads::{HeadAnswer, TimedSignature, Verdict, Witnesses},
    ids::EpochId,
    saying::Saying,
    statement::Proof,
};
use log::{Checkpoint, Cosignature, Hash, MOST_LEAVES, WitnessKey, witness::Contradiction};
use records::table::{Table, Tables, View};
use topology::{DivisionCode, Term};

use super::read::Reading;
use crate::{
    Fault, Received,
    services::Log,
    tables::{
        self,
        log::{Countersigned, HeadSaid, Line, WitnessHas},
    },
    unit_of_work::UnitOfWork,
};

/// So many countersigned heads of a log are kept until one has all countersignatures.
const MOST_HEADS: usize = 8;

/// A head of this node's log with what others signed under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountersignedHead {
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Countersignatures, the nearest division's first.
    pub lines: Vec<CountersignedLine>,
}

/// A countersignature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountersignedLine {
    /// Whose it is.
    pub by: DivisionCode,
    /// The key that verifies it.
    pub key: WitnessKey,
    /// Time and signature.
    pub cosignature: Cosignature,
}

/// Words on a head that cannot be, for whoever said them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unfit;

impl Log<'_> {
    /// Returns the countersigned heads of a log that are kept, the greatest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn countersigned(self, epoch: EpochId) -> Result<Vec<CountersignedHead>, Fault> {
        let rows = tables::CountersignedHeads::under(&epoch);
        let kept = self.list(rows, usize::MAX).await?;
        let read = |((_, size), kept): ((EpochId, u64), Countersigned)| CountersignedHead {
            size,
            root: kept.root,
            lines: kept.lines.iter().filter_map(read_line).collect(),
        };
        Ok(kept.into_iter().rev().map(read).collect())
    }

    /// Returns who countersigns the heads of this node's log.
    pub fn witnesses(self) -> Witnesses {
        Witnesses::of(self.me, &self.dependencies.tree)
    }
}

fn read_line(line: &Line) -> Option<CountersignedLine> {
    Some(CountersignedLine {
        by: line.by,
        key: line.key.parse().ok()?,
        cosignature: Cosignature {
            time: line.time,
            signature: line.signature[..].try_into().ok()?,
        },
    })
}

/// Chooses the head for a receipt about leaves before `leaves`: of those that contain them the one with most
/// countersignatures, and of these the greatest.
pub(super) async fn best_for<V: View + Send>(
    view: &mut Tables<V>,
    epoch: EpochId,
    leaves: u64,
) -> Result<Option<(u64, Vec<(Bytes, Proof)>)>, Fault> {
    let rows = tables::CountersignedHeads::under(&epoch).from_key(&(epoch, leaves));
    let kept = view.scan(rows, usize::MAX).await?;
    let best = kept
        .into_iter()
        .max_by_key(|((_, size), kept)| (kept.lines.len(), *size));
    Ok(best.map(|((_, size), kept)| {
        let signed = kept.lines.into_iter().map(|line| (line.bytes, line.proof));
        (size, signed.collect())
    }))
}

impl UnitOfWork<'_> {
    /// Applies what a witness says about a head of this node's log.
    pub(crate) async fn hear_countersignature(
        &mut self,
        answer: &HeadAnswer,
        received: &Received,
    ) -> Result<Result<(), Unfit>, Fault> {
        let by = received.envelope.author;
        let epoch = self.ledger.epoch.id;
        let said = self.view.get::<tables::HeadsSaid>(&epoch).await?;
        // About the log of an earlier life nobody needs to know more.
        let ours = |said: &HeadSaid| log::name::digest(&said.name) == answer.log;
        let Some(said) = said.filter(ours) else {
            return Ok(Ok(()));
        };
        match &answer.verdict {
            Verdict::Cosigned {
                key,
                size,
                root,
                signed,
            } => {
                let head = (*size, root);
                let Some(key) = self.checked((by, key), &said.name, head, signed) else {
                    return Ok(Err(Unfit));
                };
                let line = Line {
                    by,
                    key: key.to_string(),
                    time: signed.time,
                    signature: Bytes::copy_from_slice(&signed.signature),
                    bytes: received.bytes.clone(),
                    proof: received.proof.clone(),
                };
                self.hear_cosigned((epoch, said), head, line).await?;
            }
            Verdict::Behind { size } => self.hear_behind((epoch, said), by, *size).await?,
            Verdict::Contradicts { how, earlier } => {
                let detail = details::log_doubted(by, contradiction(*how), in_short(earlier));
                self.raise(AlarmKind::LogRewritten, Some(self.office.me), &detail)
                    .await?;
            }
        }
        Ok(Ok(()))
    }

    /// Keeps a countersignature that was checked, unless this node's log is not as it was signed.
    async fn hear_cosigned(
        &mut self,
        (epoch, mut said): (EpochId, HeadSaid),
        (size, root): (u64, &Hash),
        line: Line,
    ) -> Result<(), Fault> {
        if self.own_root(epoch, size).await? != Some(*root) {
            let detail = details::log_not_as_signed(line.by, size);
            return self
                .raise(AlarmKind::LogRewritten, Some(self.office.me), &detail)
                .await;
        }
        said.note(WitnessHas {
            witness: line.by,
            size,
            own: Some((line.time, line.signature.clone())),
        });
        self.keep_line((epoch, size), *root, line).await?;
        self.view.put::<tables::HeadsSaid>(&epoch, &said);
        Ok(())
    }

    /// Notes that a witness has recorded less than was said to it, so that the head is said again.
    async fn hear_behind(
        &mut self,
        (epoch, mut said): (EpochId, HeadSaid),
        witness: DivisionCode,
        size: u64,
    ) -> Result<(), Fault> {
        if self.own_root(epoch, size).await?.is_none() {
            tracing::warn!(division = %self.office.me, by = %witness, size,
                "a witness has recorded more of this node's log than the node has");
            return Ok(());
        }
        said.witnesses.retain(|has| has.witness != witness);
        said.witnesses.push(WitnessHas {
            witness,
            size,
            own: None,
        });
        said.again = true;
        if let Some(due) = self.office.head_due() {
            self.due_by(due);
        }
        self.view.put::<tables::HeadsSaid>(&epoch, &said);
        Ok(())
    }

    /// Checks a countersignature: the key is that of the division that says it, and it signed this head.
    fn checked(
        &self,
        (by, key): (DivisionCode, &str),
        log: &str,
        (size, root): (u64, &Hash),
        signed: &TimedSignature,
    ) -> Option<WitnessKey> {
        let key: WitnessKey = key.parse().ok()?;
        let network = self.office.dependencies.network.0;
        let head = (1..=MOST_LEAVES).contains(&size);
        let head = Checkpoint::new(log, size, *root).ok().filter(|_| head)?;
        let cosignature = Cosignature {
            time: signed.time,
            signature: signed.signature,
        };
        let holds =
            log::name::is_witness_of(key.name(), by, &network) && key.verifies(&head, &cosignature);
        holds.then_some(key)
    }

    /// Returns the root of this node's log when it had so many leaves; `None` if it has fewer.
    async fn own_root(&mut self, epoch: EpochId, size: u64) -> Result<Option<Hash>, Fault> {
        match Reading::begin(&mut self.view, epoch).await? {
            Some(mut reading) if (1..=reading.head().size).contains(&size) => {
                Ok(Some(reading.root_at(size).await?))
            }
            _ => Ok(None),
        }
    }

    /// Keeps a countersignature. Once a head has all of them, smaller heads are of no use any more.
    async fn keep_line(
        &mut self,
        key: (EpochId, u64),
        root: Hash,
        line: Line,
    ) -> Result<(), Fault> {
        let witnesses = self.office.log().witnesses();
        let known = self.view.get::<tables::CountersignedHeads>(&key).await?;
        let mut known = known.unwrap_or(Countersigned {
            root,
            lines: vec![],
        });
        let later = |known: &Line| known.by == line.by && known.time > line.time;
        if known.lines.iter().any(later) {
            return Ok(());
        }
        known.lines.retain(|known| known.by != line.by);
        known.lines.push(line);
        // Those above in their order, then as many from below as are needed: who has signed earlier stays.
        let place = |line: &Line| {
            let above = witnesses.above.iter().position(|above| *above == line.by);
            above.unwrap_or(witnesses.above.len())
        };
        known.lines.sort_by_key(place);
        let enough = witnesses.enough();
        let above = known
            .lines
            .iter()
            .filter(|line| place(line) < witnesses.above.len());
        let most = above.count() + witnesses.from_below();
        known.lines.truncate(most);
        let complete = known.lines.len() >= enough;
        self.view.put::<tables::CountersignedHeads>(&key, &known);
        let rows = tables::CountersignedHeads::under(&key.0);
        let kept = self.view.scan(rows, usize::MAX).await?;
        let most = kept.iter().map(|(_, kept)| kept.lines.len()).max();
        let mut spare = kept.len().saturating_sub(MOST_HEADS);
        for ((epoch, size), kept) in &kept {
            let best = Some(kept.lines.len()) == most && kept.lines.len() >= enough;
            let older = complete && *size < key.1;
            if older || (spare > 0 && !best) {
                spare = spare.saturating_sub(1);
                self.view
                    .delete::<tables::CountersignedHeads>(&(*epoch, *size));
            }
        }
        Ok(())
    }
}

impl HeadSaid {
    /// Notes what a witness has recorded, unless more is known.
    fn note(&mut self, now: WitnessHas) {
        let known = self
            .witnesses
            .iter_mut()
            .find(|has| has.witness == now.witness);
        match known {
            Some(has) if has.own.is_some() && has.size > now.size => {}
            Some(has) => *has = now,
            None => self.witnesses.push(now),
        }
    }
}

/// Names a kind of contradiction by its number.
pub(super) fn contradiction(number: u32) -> Saying {
    let known = i32::try_from(number)
        .ok()
        .and_then(Contradiction::of_number);
    known.map_or_else(|| details::log_contradiction(number), Saying::term)
}

/// Returns size and root of a checkpoint as one line.
pub(super) fn in_short(note: &str) -> String {
    let lines: Vec<&str> = note.lines().skip(1).take(2).collect();
    lines.join(" ")
}
