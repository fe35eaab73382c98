//! Logs of divisions below, which this node countersigns.
//!
//! A head is recorded, and its countersignature queued, in one unit with the check against what was recorded before; it
//! leaves when the unit is durable. What contradicts the record is kept with both heads as they were signed, and nothing
//! of that log is countersigned until a person has looked into it.

use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    audit::Subject,
    envelope::Payload,
    heads::{HeadAnswer, Resolution, Rewritten, SaidHead, Since, TimedSignature, Verdict},
    ids::EpochId,
    suite::Digest,
    time::Timestamp,
};
use log::{
    Checkpoint, Cosignature, Entry, Vkey,
    witness::{Contradiction, ProvenFrom, Recorded, Ruling, forgotten, rule},
};
use records::table::Table;
use topology::{DivisionCode, Term};

use super::countersigned::{Unfit, contradiction, in_short};
use crate::{
    Failed, Fault, Received, RefusalReason, RequestContext,
    services::Log,
    tables::{
        self,
        log::{LogEvidence, LogResolved, WitnessedHead},
    },
    unit_of_work::{LogDraft, UnitOfWork},
};

/// So many lives of one division are kept.
const MOST_LIVES: usize = 4;

/// The log of a division below, as this node has recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessedLog {
    /// The division.
    pub division: DivisionCode,
    /// The life of its store.
    pub epoch: EpochId,
    /// Key of the log, as text; its name is the name of the log.
    pub key: String,
    /// Number of leaves that were countersigned last.
    pub size: u64,
    /// Root then.
    pub root: [u8; 32],
    /// When, in seconds since 1970.
    pub time: u64,
    /// Whether nothing is countersigned until a person has looked into a contradiction.
    pub stopped: bool,
}

/// The evidence that a log contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The division of the log.
    pub division: DivisionCode,
    /// Digest of the log's name.
    pub log: Digest,
    /// How it does.
    pub how: Option<Contradiction>,
    /// Who found it.
    pub found_by: DivisionCode,
    /// When.
    pub at: Timestamp,
    /// Key of the log, as text.
    pub key: String,
    /// The checkpoint that was recorded before.
    pub earlier: String,
    /// The checkpoint that contradicts it.
    pub later: String,
    /// When a person resolved it, which head counts since, and why.
    pub resolved: Option<(Timestamp, Resolution, String)>,
}

/// The refusal to resolve what does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no contradiction of a log of {0} stands here; `wujitong log children` shows those that do"
)]
pub struct NoSuchEvidence(pub DivisionCode);

impl RefusalReason for NoSuchEvidence {}

impl Log<'_> {
    /// Returns the logs of divisions below that this node has recorded.
    ///
    /// # Errors
    /// The store's.
    pub async fn witnessed(self) -> Result<Vec<WitnessedLog>, Fault> {
        let all = self.list(tables::WitnessedLogs::all(), usize::MAX).await?;
        let seen = |((division, epoch), known): (_, tables::log::WitnessedLog)| WitnessedLog {
            division,
            epoch,
            key: known.head.key,
            size: known.head.size,
            root: known.head.root,
            time: known.time,
            stopped: known.stopped,
        };
        Ok(all.into_iter().map(seen).collect())
    }

    /// Returns the evidence against logs of divisions below, also what is resolved.
    ///
    /// # Errors
    /// The store's.
    pub async fn evidence(self) -> Result<Vec<Evidence>, Fault> {
        let all = self.list(tables::LogEvidences::all(), usize::MAX).await?;
        let seen = |((division, log), kept): (_, LogEvidence)| Evidence {
            division,
            log,
            how: known_contradiction(kept.how),
            found_by: kept.found_by,
            at: kept.at,
            key: kept.key,
            earlier: kept.earlier,
            later: kept.later,
            resolved: kept.resolved.map(|resolved| {
                let counts = match resolved.later {
                    true => Resolution::Later,
                    false => Resolution::Earlier,
                };
                (resolved.at, counts, resolved.reason)
            }),
        };
        Ok(all.into_iter().map(seen).collect())
    }

    /// Says which head of a log that contradicts itself counts from now on, and closes the alarm about it; the audit
    /// trail records who did, and why. Durable when it returns.
    ///
    /// # Errors
    /// [`NoSuchEvidence`]; or the store's.
    pub async fn resolve(
        self,
        division: DivisionCode,
        counts: Resolution,
        reason: &str,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<NoSuchEvidence>> {
        let mut unit = self.begin(by).await?;
        if unit.settle_logs(division, counts, reason).await? == 0 {
            return Err(NoSuchEvidence(division).into());
        }
        let key = (Some(division), AlarmKind::LogRewritten);
        if unit.view.get::<tables::Alarms>(&key).await?.is_some() {
            unit.view.delete::<tables::Alarms>(&key);
            unit.alarms.push((AlarmKind::LogRewritten, -1));
        }
        unit.subject = Some(Subject::Alarm(AlarmKind::LogRewritten));
        unit.detail = Some(format!(
            "about {division}: the {counts} head counts: {reason}"
        ));
        unit.commit().await?;
        Ok(())
    }
}

fn known_contradiction(number: u32) -> Option<Contradiction> {
    let number = i32::try_from(number).ok()?;
    Contradiction::of_number(number)
}

/// A head from a division below whose signature and name hold.
struct Checked<'h> {
    said: &'h SaidHead,
    key: Vkey,
    head: Checkpoint,
    since: Option<&'h Since>,
}

impl UnitOfWork<'_> {
    /// Applies the head of the log of a division below: countersigns it, asks for another proof, or raises an alarm.
    pub(crate) async fn hear_head(
        &mut self,
        said: &SaidHead,
        received: &Received,
    ) -> Result<Result<(), Unfit>, Fault> {
        let envelope = &received.envelope;
        let (author, epoch) = (envelope.author, envelope.epoch);
        let network = self.office.dependencies.network.0;
        let Some(checked) = check(said, self.office.me) else {
            return Ok(Err(Unfit));
        };
        // It waited while its division began a new life, and was issued anew in that.
        if !log::name::is_origin_of(checked.key.name(), author, &network, &epoch.id.0) {
            return Ok(Ok(()));
        }
        let lives = tables::WitnessedLogs::under(&author);
        let lives = self.view.scan(lives, usize::MAX).await?;
        let newer = |life: &((_, EpochId), tables::log::WitnessedLog)| {
            life.0.1 != epoch.id && life.1.order >= epoch.order
        };
        let known = lives.iter().find(|((_, id), _)| *id == epoch.id);
        let known = known.map(|(_, known)| known.clone());
        let seen =
            |known: &tables::log::WitnessedLog| known.stopped || known.stamp >= envelope.stamp();
        if lives.iter().any(newer) || known.as_ref().is_some_and(seen) {
            return Ok(Ok(()));
        }
        if known.is_none() && lives.len() >= MOST_LIVES {
            let oldest = lives.iter().min_by_key(|(_, life)| life.order);
            if let Some((key, _)) = oldest {
                self.view.delete::<tables::WitnessedLogs>(key);
            }
        }
        self.judge_head(checked, known, received).await?;
        Ok(Ok(()))
    }

    async fn judge_head(
        &mut self,
        checked: Checked<'_>,
        known: Option<tables::log::WitnessedLog>,
        received: &Received,
    ) -> Result<(), Fault> {
        let recorded = known.as_ref().and_then(recorded);
        let own_time = checked
            .since
            .and_then(|since| self.own_time(&checked, since));
        let from = checked.since.map(|since| ProvenFrom {
            size: since.size,
            root: &since.root,
            proof: &since.proof,
            own_time,
        });
        let now = u64::try_from(self.now.0 / 1000).unwrap_or_default();
        let key = checked.key.public();
        if let Some(size) = forgotten(recorded.as_ref(), key, from.as_ref()) {
            let known = recorded.as_ref().map_or(0, |recorded| recorded.size);
            let author = received.envelope.author;
            let detail = details::witness_went_back(author, size, known);
            self.raise(AlarmKind::WitnessWentBack, None, &detail)
                .await?;
        }
        let ruling = rule(recorded.as_ref(), &checked.head, key, from.as_ref(), now);
        let author = received.envelope.author;
        let log = checked.said.log;
        let verdict = match ruling {
            Ruling::Cosign { time } => {
                let Some(verdict) = self.cosign(&checked.head, time).await else {
                    return Ok(());
                };
                self.record_head(&checked, known, time, received).await?;
                verdict
            }
            Ruling::Behind { size } => {
                if let Some(mut known) = known {
                    known.stamp = received.envelope.stamp();
                    let key = (author, received.envelope.epoch.id);
                    self.view.put::<tables::WitnessedLogs>(&key, &known);
                }
                Verdict::Behind { size }
            }
            Ruling::Contradicts(how) => {
                let Some(known) = known else {
                    return Ok(());
                };
                self.stop_log(&checked, known, how, received).await?
            }
        };
        let answer = Box::new(HeadAnswer { log, verdict });
        self.say_of_log(author, Payload::Countersignature(answer))
            .await
    }

    /// Returns the time of this node's own countersignature of the head from which a log proves another, if the log shows
    /// one that verifies.
    fn own_time(&self, checked: &Checked<'_>, since: &Since) -> Option<u64> {
        let TimedSignature { time, signature } = since.own?;
        let key = self.office.dependencies.log_keys.witness_key().ok()?;
        let head = Checkpoint::new(checked.head.origin(), since.size, since.root).ok()?;
        let holds = key.verifies(&head, &Cosignature { time, signature });
        holds.then_some(time)
    }

    /// Countersigns a head. `None` if the key cannot be used: then nothing is recorded, and the head comes again.
    async fn cosign(&self, head: &Checkpoint, time: u64) -> Option<Verdict> {
        let keys = &self.office.dependencies.log_keys;
        let signed = async {
            let key = keys.witness_key()?;
            Ok::<_, super::LogKeyFails>((key, keys.countersign(head, time).await?))
        };
        match signed.await {
            Ok((key, Cosignature { time, signature })) => Some(Verdict::Cosigned {
                key: key.to_string(),
                size: head.size(),
                root: *head.root(),
                signed: TimedSignature { time, signature },
            }),
            Err(error) => {
                tracing::error!(division = %self.office.me, %error, "a head cannot be countersigned");
                None
            }
        }
    }

    async fn record_head(
        &mut self,
        checked: &Checked<'_>,
        known: Option<tables::log::WitnessedLog>,
        time: u64,
        received: &Received,
    ) -> Result<(), Fault> {
        let envelope = &received.envelope;
        let today = self.day();
        let mut leaf = known.and_then(|known| known.leaf);
        let is_child =
            self.office.dependencies.tree.parent(envelope.author) == Some(self.office.me);
        if is_child && leaf.is_none_or(|day| day < today) {
            leaf = Some(today);
            self.log.push(LogDraft::from(Entry::ChildHead {
                log: checked.said.log,
                size: checked.head.size(),
                root: *checked.head.root(),
            }));
        }
        let new = tables::log::WitnessedLog {
            order: envelope.epoch.order,
            stamp: envelope.stamp(),
            head: checked.kept(received),
            time,
            leaf,
            stopped: false,
        };
        let key = (envelope.author, envelope.epoch.id);
        self.view.put::<tables::WitnessedLogs>(&key, &new);
        Ok(())
    }

    /// Keeps the evidence against a log, raises the alarm, and tells the division above if the log is a child's.
    async fn stop_log(
        &mut self,
        checked: &Checked<'_>,
        mut known: tables::log::WitnessedLog,
        how: Contradiction,
        received: &Received,
    ) -> Result<Verdict, Fault> {
        let (author, epoch) = (received.envelope.author, received.envelope.epoch.id);
        known.stamp = received.envelope.stamp();
        known.stopped = true;
        let later = checked.kept(received);
        let signed = |head: &WitnessedHead| (head.bytes.clone(), head.proof.clone());
        let evidence = LogEvidence {
            how: how.number().unsigned_abs(),
            found_by: self.office.me,
            at: self.now,
            key: known.head.key.clone(),
            earlier: known.head.note.clone(),
            later: later.note.clone(),
            signed: vec![signed(&known.head), signed(&later)],
            resolved: None,
        };
        self.view
            .put::<tables::WitnessedLogs>(&(author, epoch), &known);
        self.keep_evidence(author, checked.said.log, &evidence)
            .await?;
        let tree = &self.office.dependencies.tree;
        if let Some(above) = self.office.parent
            && tree.parent(author) == Some(self.office.me)
        {
            let told = Box::new(Rewritten {
                division: author,
                log: checked.said.log,
                key: evidence.key,
                how: evidence.how,
                earlier: evidence.earlier.clone(),
                later: evidence.later,
            });
            self.say_of_log(above, Payload::Rewritten(told)).await?;
        }
        Ok(Verdict::Contradicts {
            how: evidence.how,
            earlier: evidence.earlier,
        })
    }

    async fn keep_evidence(
        &mut self,
        division: DivisionCode,
        log: Digest,
        evidence: &LogEvidence,
    ) -> Result<(), Fault> {
        self.view
            .put::<tables::LogEvidences>(&(division, log), evidence);
        let detail = details::log_rewritten(
            evidence.found_by,
            contradiction(evidence.how),
            in_short(&evidence.earlier),
            in_short(&evidence.later),
        );
        self.raise(AlarmKind::LogRewritten, Some(division), &detail)
            .await
    }

    /// Applies the evidence of a child against one of its children. What was found here itself is not replaced.
    pub(crate) async fn hear_rewritten(
        &mut self,
        told: &Rewritten,
        found_by: DivisionCode,
    ) -> Result<Result<(), Unfit>, Fault> {
        let Ok(key) = told.key.parse::<Vkey>() else {
            return Ok(Err(Unfit));
        };
        let earlier = Checkpoint::open(told.earlier.as_bytes(), &key);
        let fits = log::name::digest(key.name()) == told.log && earlier.is_ok();
        if !fits || Checkpoint::read(told.later.as_bytes()).is_err() {
            return Ok(Err(Unfit));
        }
        let at = (told.division, told.log);
        let known = self.view.get::<tables::LogEvidences>(&at).await?;
        let same = |known: &LogEvidence| {
            known.found_by == self.office.me
                || (&known.earlier, &known.later) == (&told.earlier, &told.later)
        };
        if known.as_ref().is_some_and(same) {
            return Ok(Ok(()));
        }
        let evidence = LogEvidence {
            how: told.how,
            found_by,
            at: self.now,
            key: told.key.clone(),
            earlier: told.earlier.clone(),
            later: told.later.clone(),
            signed: vec![],
            resolved: None,
        };
        self.keep_evidence(told.division, told.log, &evidence)
            .await?;
        Ok(Ok(()))
    }

    /// Says which head of each log of a division that contradicts itself counts from now on. Returns how many there
    /// were.
    pub(crate) async fn settle_logs(
        &mut self,
        division: DivisionCode,
        counts: Resolution,
        reason: &str,
    ) -> Result<usize, Fault> {
        let rows = tables::LogEvidences::under(&division);
        let mut settled = 0;
        for (key, mut evidence) in self.view.scan(rows, usize::MAX).await? {
            if evidence.resolved.is_some() {
                continue;
            }
            settled += 1;
            evidence.resolved = Some(LogResolved {
                at: self.now,
                later: counts == Resolution::Later,
                reason: reason.to_owned(),
            });
            self.view.put::<tables::LogEvidences>(&key, &evidence);
            self.go_on_with(key, &evidence, counts).await?;
        }
        Ok(settled)
    }

    /// Countersigns a log again, from the head that counts.
    async fn go_on_with(
        &mut self,
        (division, log): (DivisionCode, Digest),
        evidence: &LogEvidence,
        counts: Resolution,
    ) -> Result<(), Fault> {
        let rows = tables::WitnessedLogs::under(&division);
        for (key, mut known) in self.view.scan(rows, usize::MAX).await? {
            let name = known.head.key.parse::<Vkey>();
            let of_this = name.is_ok_and(|key| log::name::digest(key.name()) == log);
            if !of_this || !known.stopped {
                continue;
            }
            known.stopped = false;
            if let (Resolution::Later, [_, (bytes, proof)]) = (counts, &evidence.signed[..])
                && let Some(later) = said_in(bytes)
                && let Ok(head) = Checkpoint::read(later.note.as_bytes())
            {
                known.head = WitnessedHead {
                    key: later.key,
                    note: later.note,
                    size: head.size(),
                    root: *head.root(),
                    bytes: bytes.clone(),
                    proof: proof.clone(),
                };
            }
            self.view.put::<tables::WitnessedLogs>(&key, &known);
        }
        Ok(())
    }
}

/// Reads the head in a kept envelope.
fn said_in(bytes: &Bytes) -> Option<SaidHead> {
    match wire::decode_envelope(bytes).ok()?.payload {
        Payload::Head(said) => Some(*said),
        _ => None,
    }
}

/// Checks that a head is signed with the log's key, which names the log that it says.
fn check(said: &SaidHead, me: DivisionCode) -> Option<Checked<'_>> {
    let key: Vkey = said.key.parse().ok()?;
    let head = Checkpoint::open(said.note.as_bytes(), &key).ok()?;
    let since = said.since.iter().find(|since| since.witness == me);
    (log::name::digest(key.name()) == said.log).then_some(Checked {
        said,
        key,
        head,
        since,
    })
}

impl Checked<'_> {
    fn kept(&self, received: &Received) -> WitnessedHead {
        WitnessedHead {
            key: self.said.key.clone(),
            note: self.said.note.clone(),
            size: self.head.size(),
            root: *self.head.root(),
            bytes: received.bytes.clone(),
            proof: received.proof.clone(),
        }
    }
}

fn recorded(known: &tables::log::WitnessedLog) -> Option<Recorded> {
    let key: Vkey = known.head.key.parse().ok()?;
    Some(Recorded {
        key: *key.public(),
        size: known.head.size,
        root: known.head.root,
        time: known.time,
    })
}
