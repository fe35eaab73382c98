//! The lives of a store: how a neighbour tells a later life from a copy and from a false claim.
//!
//! A new life has the order of the greatest known life plus one, and names that life as its
//! predecessor. A neighbour accepts a life only if the one that it knows is in the line before it,
//! so nobody can cut a store off by claiming a greatest life; a store that finds an unknown life of
//! its own begins a new one after it.

use super::ids::{Epoch, EpochId};

/// The most lives that are shown of one store; older ones are left out.
pub const MOST_LIVES: usize = 32;

/// The most by which a line may be ahead of the life that a neighbour knows. Real stores begin a
/// handful of lives; a thief of the keys would need 2^29 sessions to come near the end of the
/// count.
const MOST_AHEAD: u64 = 1 << 32;

/// The greatest order a life may have.
pub const GREATEST_ORDER: u64 = 1 << 61;

/// The lives of one store as far as it knows them, oldest first. The last is the current one, so
/// the list is never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage(Vec<Epoch>);

/// Error for lives that are not the line of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its lives do not follow one another: each has the order of the greatest before it plus one, and names it"
)]
pub struct BrokenLine;

/// The reason why a neighbour's current life is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The neighbour came back with a store older than one already met.
    #[error(
        "the neighbour's store is of an earlier life than the one met before; \
             it must not come back from an old copy without opening a new epoch"
    )]
    SupersededEpoch,
    /// Two stores claim the same order in the line of lives.
    #[error("two stores claim to be the same life of this neighbour; one is a copy: stop it")]
    Fork,
    /// The life met before is not in the line before the current one.
    #[error(
        "the neighbour's life does not follow the one met before; it must open one that names it"
    )]
    Unconnected,
}

impl Lineage {
    /// Builds the line of a store in its first known life.
    pub fn beginning(present: Epoch) -> Self {
        Self(vec![present])
    }

    /// Checks the lives that a neighbour states, oldest first.
    ///
    /// # Errors
    /// [`BrokenLine`] if there are none or more than [`MOST_LIVES`], if an id occurs twice, if the
    /// orders do not ascend, or if the last life does not follow the one before it.
    pub fn of(lives: Vec<Epoch>) -> Result<Self, BrokenLine> {
        let (present, before) = lives.split_last().ok_or(BrokenLine)?;
        let ascending = lives.is_sorted_by_key(|life| life.order);
        let follows = before.last().is_none_or(|last| {
            last.order.checked_add(1) == Some(present.order) && present.predecessor == last.id
        });
        let mut ids: Vec<EpochId> = lives.iter().map(|life| life.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let whole = lives.len() <= MOST_LIVES && ids.len() == lives.len();
        match ascending && follows && whole {
            true => Ok(Self(lives)),
            false => Err(BrokenLine),
        }
    }

    /// Returns the current life, which is the last of the line.
    ///
    /// # Panics
    /// Never: a line is not empty.
    pub fn present(&self) -> Epoch {
        *self.0.last().expect("a line is not empty")
    }

    /// Returns all lives, oldest first.
    pub fn lives(&self) -> &[Epoch] {
        &self.0
    }

    /// Returns whether this life is in the line, with the same order and predecessor.
    pub fn has(&self, life: &Epoch) -> bool {
        let same = |known: &&Epoch| known.id == life.id;
        self.0.iter().find(same).is_some_and(|known| known == life)
    }

    /// Returns the line with a new life `id` after all others. An unknown life of the same store,
    /// `strange`, is first inserted by its order. Only the last [`MOST_LIVES`] lives are kept.
    #[must_use]
    pub fn begin(&self, id: EpochId, strange: Option<Epoch>) -> Self {
        let mut lives = self.0.clone();
        let unknown = |life: &Epoch| self.0.iter().all(|known| known.id != life.id);
        if let Some(strange) = strange.filter(unknown) {
            let at = lives.partition_point(|life| life.order <= strange.order);
            lives.insert(at, strange);
        }
        let last = *lives.last().expect("a line is not empty");
        lives.push(Epoch {
            order: last.order + 1,
            id,
            predecessor: last.id,
        });
        lives.drain(..lives.len().saturating_sub(MOST_LIVES));
        Self(lives)
    }

    /// Decides whether the current life of this line is the same as, or later than, `known`. That
    /// is the life in which a neighbour last heard signed messages of this store; `None` if it
    /// never heard any.
    ///
    /// # Errors
    /// [`Rejected`]
    pub fn follows(&self, known: Option<Epoch>) -> Result<(), Rejected> {
        let present = self.present();
        let Some(known) = known else {
            return match present.order <= MOST_AHEAD {
                true => Ok(()),
                false => Err(Rejected::Unconnected),
            };
        };
        if self.has(&known) && present.order - known.order <= MOST_AHEAD {
            return Ok(());
        }
        Err(match present.order.cmp(&known.order) {
            std::cmp::Ordering::Less => Rejected::SupersededEpoch,
            std::cmp::Ordering::Equal => Rejected::Fork,
            std::cmp::Ordering::Greater => Rejected::Unconnected,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn life(order: u64, name: u8, predecessor: u8) -> Epoch {
        Epoch {
            order,
            id: EpochId([name; 16]),
            predecessor: EpochId([predecessor; 16]),
        }
    }

    fn first() -> Lineage {
        Lineage::beginning(life(1, 1, 0))
    }

    #[test]
    fn a_later_life_is_taken_only_if_the_known_one_stands_before_it() {
        let known = first().present();
        let second = first().begin(EpochId([2; 16]), None);
        assert_eq!(second.present(), life(2, 2, 1));
        assert_eq!(second.follows(Some(known)), Ok(()));
        let made_up = Lineage::beginning(life(2, 9, 8));
        assert_eq!(made_up.follows(Some(known)), Err(Rejected::Unconnected));
        assert_eq!(
            first().follows(Some(second.present())),
            Err(Rejected::SupersededEpoch)
        );
        let twin = first().begin(EpochId([3; 16]), None);
        assert_eq!(twin.follows(Some(second.present())), Err(Rejected::Fork));
    }

    #[test]
    fn nobody_can_name_a_greatest_life() {
        let known = first().present();
        let far = life(GREATEST_ORDER, 9, 1);
        assert_eq!(Lineage::of(vec![known, far]), Err(BrokenLine));
        let leap = vec![
            known,
            life(GREATEST_ORDER - 1, 8, 1),
            life(GREATEST_ORDER, 9, 8),
        ];
        let leap = Lineage::of(leap).unwrap();
        assert_eq!(leap.follows(Some(known)), Err(Rejected::Unconnected));
        assert_eq!(
            Lineage::beginning(far).follows(None),
            Err(Rejected::Unconnected)
        );
    }

    #[test]
    fn lives_that_do_not_follow_one_another_are_no_line() {
        let (one, two) = (life(1, 1, 0), life(2, 2, 1));
        assert!(Lineage::of(vec![one, two]).is_ok());
        for broken in [
            vec![],
            vec![two, one],
            vec![one, life(2, 2, 7)],
            vec![one, life(3, 3, 1)],
            vec![one, one],
        ] {
            assert_eq!(Lineage::of(broken), Err(BrokenLine));
        }
    }

    proptest! {
        // Whatever lives a thief of the key claims for a store, the store can continue in a life
        // that is accepted both by a neighbour that believed the thief and by one that never heard
        // of it.
        #[test]
        fn a_store_can_always_come_back(
            strange in prop::collection::vec((1u64..1 << 27, any::<[u8; 16]>(), any::<[u8; 16]>()), 0..12),
        ) {
            let mut line = first();
            for (n, (order, id, predecessor)) in strange.into_iter().enumerate() {
                let theirs = Epoch { order, id: EpochId(id), predecessor: EpochId(predecessor) };
                let before = line.present();
                line = line.begin(EpochId([n as u8 + 100; 16]), Some(theirs));
                let read = Lineage::of(line.lives().to_vec());
                prop_assert_eq!(read.as_ref(), Ok(&line));
                prop_assert!(line.present().order > before.order.max(order));
                for known in [before, theirs, first().present()] {
                    prop_assert_eq!(line.follows(Some(known)), Ok(()), "{:?}", known);
                }
            }
        }
    }
}
