//! Compares the leaves of a log with what the store holds of what they say.

use std::collections::HashMap;

use domain::{
    ids::{EpochId, KeyId, MatterId},
    suite::{Digest, Suite},
};
use log::{Commitment, Entry, Frontier, Hash, Tile, TileLevel, bundle, leaf_hash};
use records::table::{Table, Tables};
use store::{Snapshot, record::RecordError};

use super::{append::of_template, read::Reading};
use crate::{
    Failed, Fault, NotInLog, TooBusy,
    services::Log,
    tables::{self, log::LeafOpening},
};

/// Records read at a time.
const PAGE: usize = 256;

/// Most leaves that are named because they do not match.
const MOST_NAMED: usize = 100;

/// What a comparison of a log with the store found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldLeaves {
    /// Leaves in all.
    pub size: u64,
    /// Leaves of which the store holds what they say, and it is the same.
    pub same: u64,
    /// Leaves about earlier steps of matters that were set aside since, because others contradicted them.
    pub set_aside: u64,
    /// Leaves of which the store holds nothing any more: texts were erased, or a later version took the place.
    pub unheld: u64,
    /// Countersigned heads that are those of this tree.
    pub heads: u64,
    /// What does not match, at most 100.
    pub differs: Vec<Differs>,
}

/// A leaf or head that does not match what the store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Position of the leaf, or size of the head.
    pub index: u64,
    /// What it is about.
    pub about: String,
}

/// The reason why a log is not compared with the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeldRefusal {
    /// There is no such log.
    #[error(transparent)]
    NotInLog(#[from] NotInLog),
    /// Somebody else's comparison runs.
    #[error(transparent)]
    Busy(#[from] TooBusy),
}

impl crate::RefusalReason for HeldRefusal {}

impl Log<'_> {
    /// Compares every leaf of a log with what the store holds of it, every tile with its entries, and every countersigned
    /// head with the tree. Reads all of the log; one at a time.
    ///
    /// # Errors
    /// [`HeldRefusal`], or the store's.
    pub async fn held_leaves(self, epoch: EpochId) -> Result<HeldLeaves, Failed<HeldRefusal>> {
        let Ok(_one_at_a_time) = self.comparing.try_lock() else {
            return Err(HeldRefusal::Busy(TooBusy).into());
        };
        let mut view = self.read()?;
        let Some(reading) = Reading::begin(&mut view, epoch).await? else {
            return Err(HeldRefusal::NotInLog(NotInLog::Epoch).into());
        };
        let mut found = HeldLeaves {
            size: reading.head().size,
            ..HeldLeaves::default()
        };
        let entries = self.read_entries(reading, &mut found).await?;
        self.compare_matters(&mut view, (epoch, &entries.leaves), &mut found)
            .await?;
        self.compare_editions(&mut view, (epoch, &entries.leaves), &mut found)
            .await?;
        self.compare_templates(&mut view, &entries, &mut found)
            .await?;
        compare_keys(&mut view, &entries, &mut found).await?;
        let known = found.same + found.set_aside + found.differs.len() as u64;
        found.unheld = found.size.saturating_sub(known);
        Ok(view.finish(found).await?)
    }

    /// Reads all entries, and compares tiles, root and countersigned heads with them.
    async fn read_entries(
        self,
        mut reading: Reading<'_, Snapshot>,
        found: &mut HeldLeaves,
    ) -> Result<Entries, Fault> {
        let head = reading.head();
        let signed = reading.countersigned().await?;
        let mut tree = Frontier::default();
        let mut entries = Entries::default();
        for tile in Tile::all(head.size).take_while(|tile| tile.level == TileLevel::Entries) {
            let hashes = reading.hashes(0, tile.index).await?;
            let bytes = reading.entries(tile).await?;
            let bundled = bundle::entries(&bytes, tile.width.into());
            let bundled = bundled.ok_or(RecordError::Damaged("bundle of the log"))?;
            for (entry, hash) in bundled.into_iter().zip(hashes) {
                let index = tree.size();
                if leaf_hash(entry) != hash {
                    found.name(index, "the hash beside the entry");
                }
                tree.push(leaf_hash(entry));
                entries.take(index, entry);
                if let Some(root) = signed.get(&tree.size()) {
                    match *root == tree.root() {
                        true => found.heads += 1,
                        false => found.name(tree.size(), "a countersigned head"),
                    }
                }
            }
        }
        if tree.root() != head.root {
            found.name(tree.size(), "the head");
        }
        // The opening says what the store's life is.
        found.same += u64::from(tree.size() > 0);
        Ok(entries)
    }

    async fn compare_matters(
        self,
        view: &mut Tables<Snapshot>,
        (epoch, leaves): (EpochId, &[Hash]),
        found: &mut HeldLeaves,
    ) -> Result<(), Fault> {
        let mut after = None;
        loop {
            let rows = tables::LeafOpenings::all().after(after.as_ref());
            let page = view.scan(rows, PAGE).await?;
            let Some((last, _)) = page.last() else {
                break;
            };
            after = Some(*last);
            for ((id, of), openings) in page {
                if of == epoch {
                    self.compare_matter(view, (id, &openings), leaves, found)
                        .await?;
                }
            }
        }
        let mut after = None;
        loop {
            let rows = tables::MatterLeaves::all().after(after.as_ref());
            let page = view.scan(rows, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            after = Some(*last);
            for ((id, of, index), leaf) in page {
                if of == epoch {
                    let opening = LeafOpening { index, leaf };
                    self.compare_matter(view, (id, &[opening]), leaves, found)
                        .await?;
                }
            }
        }
    }

    async fn compare_matter(
        self,
        view: &mut Tables<Snapshot>,
        (id, openings): (MatterId, &[LeafOpening]),
        leaves: &[Hash],
        found: &mut HeldLeaves,
    ) -> Result<(), Fault> {
        let network = self.dependencies.network.0;
        let docket = view.get::<tables::Dockets>(&id).await?;
        for LeafOpening { index, leaf } in openings {
            let steps = leaf.steps as usize;
            let holds = docket.as_ref().is_some_and(|docket| {
                let matter = &docket.matter;
                if matter.steps.len() < steps {
                    return false;
                }
                let digest = wire::history_digest(matter, steps);
                let suite = matter.suite.id();
                let said = Commitment::to_custody(&network, &leaf.salt, suite, &digest);
                is_leaf(leaves, *index, &Entry::Custody(said))
            });
            if holds {
                found.same += 1;
            } else if view.has::<tables::SetAside>(&id).await? {
                found.set_aside += 1;
            } else {
                found.name(*index, &format!("matter {id}"));
            }
        }
        Ok(())
    }

    async fn compare_editions(
        self,
        view: &mut Tables<Snapshot>,
        (epoch, leaves): (EpochId, &[Hash]),
        found: &mut HeldLeaves,
    ) -> Result<(), Fault> {
        let network = self.dependencies.network.0;
        let rows = view.scan(tables::EditionLeaves::all(), usize::MAX).await?;
        for ((id, edition, of, index), leaf) in rows {
            if of != epoch {
                continue;
            }
            let kept = view.get::<tables::Editions>(&(id, edition)).await?;
            let kept = kept.filter(|kept| !kept.document.is_empty());
            let entry = leaves.get(index as usize).is_some();
            let Some(kept) = kept.filter(|_| entry) else {
                continue;
            };
            let said = Commitment::to_document(&network, &leaf.salt, kept.document.as_bytes());
            match super::entry(view, epoch, index).await? {
                Some((bytes, _)) if commits(&bytes, &said) => found.same += 1,
                _ => found.name(index, &format!("disclosure {id}, edition {edition}")),
            }
        }
        Ok(())
    }

    /// Compares the latest leaf of each version of a template that the store has the bytes of.
    async fn compare_templates(
        self,
        view: &mut Tables<Snapshot>,
        entries: &Entries,
        found: &mut HeldLeaves,
    ) -> Result<(), Fault> {
        for (_, record) in view.scan(tables::Templates::all(), usize::MAX).await? {
            let Entry::Template {
                issuer,
                name,
                version,
                envelope,
            } = of_template(&record).entry
            else {
                continue;
            };
            match entries.templates.get(&(issuer, name, version)) {
                Some((_, said)) if *said == envelope => found.same += 1,
                Some((index, _)) => {
                    found.name(*index, &format!("template {}", record.template.key))
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// Compares the latest leaf of each key that was stated.
async fn compare_keys(
    view: &mut Tables<Snapshot>,
    entries: &Entries,
    found: &mut HeldLeaves,
) -> Result<(), Fault> {
    for ((division, id), stated) in view.scan(tables::StatedKeys::all(), usize::MAX).await? {
        let digest = Suite::P256Sha256.digest(&[&stated.bytes]);
        match entries.keys.get(&(division.as_u64(), id)) {
            Some((_, said)) if *said == digest => found.same += 1,
            Some((index, _)) => found.name(*index, &format!("key {id} of {division}")),
            None => {}
        }
    }
    Ok(())
}

/// What the entries of a log say, as far as it is compared.
#[derive(Default)]
struct Entries {
    leaves: Vec<Hash>,
    /// The latest leaf of each version of a template: its position, and the digest of the envelope.
    templates: HashMap<(u64, Digest, u64), (u64, Digest)>,
    /// The latest leaf of each key: its position, and the digest of the statement.
    keys: HashMap<(u64, KeyId), (u64, Digest)>,
}

impl Entries {
    fn take(&mut self, index: u64, entry: &[u8]) {
        self.leaves.push(leaf_hash(entry));
        match Entry::decode(entry) {
            Ok(Entry::Template {
                issuer,
                name,
                version,
                envelope,
            }) => {
                let key = (issuer, name, version);
                self.templates.insert(key, (index, envelope));
            }
            Ok(Entry::KeyStatement {
                division,
                key,
                statement,
            }) => {
                self.keys.insert((division, KeyId(key)), (index, statement));
            }
            _ => {}
        }
    }
}

impl HeldLeaves {
    fn name(&mut self, index: u64, about: &str) {
        if self.differs.len() < MOST_NAMED {
            let about = about.to_owned();
            self.differs.push(Differs { index, about });
        }
    }
}

fn is_leaf(leaves: &[Hash], index: u64, entry: &Entry) -> bool {
    let index = usize::try_from(index).ok();
    let leaf = index.and_then(|index| leaves.get(index));
    leaf == Some(&leaf_hash(&entry.encode()))
}

/// Returns whether an entry is of a disclosure and commits so.
fn commits(entry: &[u8], said: &Commitment) -> bool {
    matches!(Entry::decode(entry), Ok(Entry::Disclosure { commitment, .. }) if commitment == *said)
}
