//! Leaves of what a unit makes true.

use domain::{
    ids::{Epoch, EpochId, MatterId},
    suite::{Digest, Suite},
    template::{Rollout, Template, TemplateKey},
};
use log::{Commitment, Entry, Opening, Predecessor, leaf_hash};
use records::table::{Plain, Table, Tables};
use store::Transaction;

use super::{
    openings::{add_opening, forget_openings},
    pack::pack,
};
use crate::{
    Fault, Office,
    tables::{
        self,
        log::{LeafOpening, LogState, MatterLeaf},
        templates::{RolloutRecord, TemplateRecord},
    },
    unit_of_work::{DocketChange, LogDraft, Opens, UnitOfWork},
};

/// Hashes or entries of a full tile.
pub(super) const TILE: u64 = log::Tile::FULL as u64;

/// Says that a template came into force.
pub(super) fn of_template(record: &TemplateRecord) -> LogDraft {
    came_into_force(&record.template, &record.bytes)
}

/// Says that a version came into force by its rollout.
fn of_rollout(record: &RolloutRecord) -> LogDraft {
    came_into_force(&record.rollout.template, &record.bytes)
}

fn came_into_force(template: &Template, bytes: &[u8]) -> LogDraft {
    LogDraft::from(Entry::Template {
        issuer: template.key.issuer.as_u64(),
        name: digest_of_name(&template.key),
        version: template.version.into(),
        envelope: Suite::P256Sha256.digest(&[bytes]),
    })
}

fn digest_of_name(TemplateKey { kind, name, .. }: &TemplateKey) -> Digest {
    let named = format!("{kind}/{name}");
    Suite::P256Sha256.digest(&[named.as_bytes()])
}

impl UnitOfWork<'_> {
    /// Adds a leaf for a template that came into force.
    pub(crate) fn log_template(&mut self, record: &TemplateRecord) {
        self.log.push(of_template(record));
    }

    /// Adds a leaf for a version that came into force by its rollout.
    pub(crate) fn log_rolled_out(&mut self, record: &RolloutRecord) {
        self.log.push(of_rollout(record));
    }

    /// Adds a leaf for an act of a rollout.
    pub(crate) fn log_rollout(&mut self, record: &RolloutRecord) {
        let Rollout {
            template,
            number,
            act,
            ..
        } = &record.rollout;
        self.log.push(LogDraft::from(Entry::Rollout {
            issuer: template.key.issuer.as_u64(),
            name: digest_of_name(&template.key),
            version: template.version.into(),
            number: *number,
            act: u8::try_from(act.number()).expect("there are five acts"),
            envelope: Suite::P256Sha256.digest(&[&record.bytes]),
        }));
    }

    /// Adds a leaf if the steps of a matter are others than before.
    pub(crate) fn project_log(&mut self, change: DocketChange<'_>) {
        let matter = &change.new.matter;
        let same = |old: &domain::custody::Docket| old.matter.steps == matter.steps;
        if change.old.is_some_and(same) {
            return;
        }
        let steps = matter.steps.len();
        let salt = self.office.dependencies.entropy.bytes();
        let digest = wire::history_digest(matter, steps);
        let network = self.office.dependencies.network.0;
        let suite = matter.suite.id();
        let leaf = MatterLeaf {
            steps: u32::try_from(steps).unwrap_or(u32::MAX),
            salt,
        };
        self.log.push(LogDraft {
            entry: Entry::Custody(Commitment::to_custody(&network, &salt, suite, &digest)),
            opens: Some(Opens::Matter(matter.id, leaf)),
        });
    }

    /// Forgets what opens the leaves of a matter.
    pub(crate) async fn close_leaves(&mut self, id: MatterId) -> Result<(), Fault> {
        forget_openings(&mut self.view, id).await
    }

    /// Writes the leaves of this unit.
    pub(crate) async fn write_log(&mut self) -> Result<(), Fault> {
        let drafts = std::mem::take(&mut self.log);
        let (office, epoch) = (self.office, self.ledger.epoch);
        let any = !drafts.is_empty();
        office.append(&mut self.view, epoch, drafts).await?;
        if let Some(due) = office.head_due().filter(|_| any) {
            self.due_by(due);
        }
        Ok(())
    }
}

impl Office {
    /// Adds leaves to the log of an epoch, which begins with them if it has none.
    pub(crate) async fn append(
        &self,
        view: &mut Tables<Transaction>,
        epoch: Epoch,
        drafts: Vec<LogDraft>,
    ) -> Result<(), Fault> {
        if drafts.is_empty() {
            return Ok(());
        }
        let known = view.get::<tables::LogStates>(&epoch.id).await?;
        let (mut state, mut all) = match known {
            Some(state) => (state, vec![]),
            None => (LogState::default(), self.beginning(view, epoch).await?),
        };
        // What the beginning says already is not said twice.
        let begun = all.len();
        for draft in drafts {
            if !all[..begun].iter().any(|said| said.entry == draft.entry) {
                all.push(draft);
            }
        }
        for LogDraft { entry, opens } in all {
            let index = state.frontier.size();
            let bytes = entry.encode();
            state.frontier.push(leaf_hash(&bytes));
            view.put::<tables::LogEntries>(&(epoch.id, index), &Plain(bytes.into()));
            match opens {
                Some(Opens::Matter(id, leaf)) => {
                    add_opening(view, (id, epoch.id), LeafOpening { index, leaf }).await?;
                }
                Some(Opens::Edition(id, edition, leaf)) => {
                    view.put::<tables::EditionLeaves>(&(id, edition, epoch.id, index), &leaf);
                }
                None => {}
            }
        }
        pack(view, epoch.id, &mut state).await?;
        view.put::<tables::LogStates>(&epoch.id, &state);
        Ok(())
    }

    /// Returns what a log begins with: whose it is, which log it follows, and the templates in force.
    async fn beginning(
        &self,
        view: &mut Tables<Transaction>,
        epoch: Epoch,
    ) -> Result<Vec<LogDraft>, Fault> {
        let opening = Entry::Opening(Opening {
            network: self.dependencies.network.0,
            division: self.me.as_u64(),
            epoch: epoch.id.0,
            divisions: self.dependencies.tree.digest(),
            predecessor: self.predecessor(view, epoch).await?,
        });
        let mut drafts = vec![LogDraft::from(opening)];
        let in_force = view.scan(tables::TemplatesInForce::all(), usize::MAX);
        for (key, template) in in_force.await? {
            let record = view.get::<tables::Templates>(&key).await?;
            // The bytes of a version before the latest one are not kept.
            let record = record.filter(|record| record.template.version == template.version);
            let draft = record.as_ref().map(of_template);
            let draft = match draft {
                Some(draft) => Some(draft),
                None => {
                    let record = view.get::<tables::Rollouts>(&key).await?;
                    let rolled_out = |record: &RolloutRecord| {
                        record.rollout.template.version == template.version
                    };
                    record.filter(rolled_out).as_ref().map(of_rollout)
                }
            };
            drafts.extend(draft);
        }
        Ok(drafts)
    }

    /// Returns the end of the log before, as this store knows it.
    async fn predecessor(
        &self,
        view: &mut Tables<Transaction>,
        epoch: Epoch,
    ) -> Result<Option<Predecessor>, Fault> {
        let known = |epoch: &EpochId, state: LogState| Predecessor {
            epoch: epoch.0,
            size: state.frontier.size(),
            root: state.frontier.root(),
        };
        // The life before may be one that this store has lost, or one without a log.
        let mut lives = view.get::<tables::Epochs>(&()).await?.unwrap_or_default();
        lives.sort_by_key(|life| life.order);
        for life in lives.iter().rev().filter(|life| life.id != epoch.id) {
            if let Some(state) = view.get::<tables::LogStates>(&life.id).await? {
                return Ok(Some(known(&life.id, state)));
            }
        }
        Ok(None)
    }
}
