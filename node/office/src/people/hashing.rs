//! Argon2id (RFC 9106), off the threads that answer requests. A few hashes run at a time, in memory
//! that is reused.

use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use domain::people::HashCost;
use tokio::sync::Semaphore;

use super::PeopleRefusal;
use crate::Fault;
pub(crate) use crate::tables::people::PasswordHash;

/// The most hashes computed at once in this process: each takes its memory and a processor.
const AT_ONCE: usize = 2;
/// The most hashes that wait; more are refused.
const WAITING: usize = 64;

/// Idle memory. At most [`AT_ONCE`] pieces, because each belongs to a permit holder while in use.
static IDLE: Mutex<Vec<Vec<Block>>> = Mutex::new(Vec::new());

static WORKING: Semaphore = Semaphore::const_new(AT_ONCE);
static QUEUE: Semaphore = Semaphore::const_new(AT_ONCE + WAITING);

impl PasswordHash {
    /// Returns a hash that no password has, at a cost. Logins that nobody has are checked against
    /// it.
    pub(super) const fn of_nobody(cost: HashCost) -> Self {
        Self {
            cost,
            salt: [0; 16],
            hash: [0; 32],
            is_first: false,
        }
    }

    /// Returns the hash of a password that its owner must replace, if `is_first`.
    pub(super) const fn that_is_first(self, is_first: bool) -> Self {
        Self { is_first, ..self }
    }
}

/// A permit to compute a hash.
pub(super) struct Place {
    _working: tokio::sync::SemaphorePermit<'static>,
    _queued: tokio::sync::SemaphorePermit<'static>,
}

/// Waits for a permit.
pub(super) async fn place() -> Result<Place, PeopleRefusal> {
    let queued = QUEUE.try_acquire().map_err(|_| PeopleRefusal::Crowded)?;
    let working = WORKING
        .acquire()
        .await
        .map_err(|_| PeopleRefusal::Crowded)?;
    Ok(Place {
        _working: working,
        _queued: queued,
    })
}

/// Hashes a password.
pub(super) async fn hash(
    place: Place,
    password: String,
    salt: [u8; 16],
    cost: HashCost,
) -> Result<PasswordHash, Fault> {
    Ok(hash_on(place, password, salt, cost).await?.0)
}

/// Does the same and returns the permit, for a caller who keeps it.
pub(super) async fn hash_on(
    place: Place,
    password: String,
    salt: [u8; 16],
    cost: HashCost,
) -> Result<(PasswordHash, Place), Fault> {
    let (hash, place) = off_thread(place, move || derive(&password, salt, cost)).await?;
    let hash = PasswordHash {
        cost,
        salt,
        hash,
        is_first: false,
    };
    Ok((hash, place))
}

/// Returns whether a password has this hash, in the same time either way. Returns the permit, too:
/// the caller keeps it until a wrong password was counted, otherwise more could be tried than the
/// lock allows.
pub(super) async fn fits(
    place: Place,
    password: String,
    stored: PasswordHash,
) -> Result<(bool, Place), Fault> {
    let PasswordHash {
        cost, salt, hash, ..
    } = stored;
    let (found, place) = off_thread(place, move || derive(&password, salt, cost)).await?;
    // blake3's own comparison takes the same time for all values.
    let fits = blake3::Hash::from_bytes(found) == blake3::Hash::from_bytes(hash);
    Ok((fits, place))
}

async fn off_thread(
    place: Place,
    work: impl FnOnce() -> Result<[u8; 32], Fault> + Send + 'static,
) -> Result<([u8; 32], Place), Fault> {
    let hashed = tokio::task::spawn_blocking(move || Ok((work()?, place)));
    hashed
        .await
        .map_err(|error| Fault::Hash(error.to_string()))?
}

fn idle() -> MutexGuard<'static, Vec<Vec<Block>>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn derive(password: &str, salt: [u8; 16], cost: HashCost) -> Result<[u8; 32], Fault> {
    let failed = |error: argon2::Error| Fault::Hash(error.to_string());
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; 32];
    let mut memory = idle().pop().unwrap_or_default();
    // The cost of a stored hash may differ from today's.
    memory.resize(
        argon2.params().block_count().max(memory.len()),
        Block::new(),
    );
    let hashed = argon2.hash_password_into_with_memory(
        password.as_bytes(),
        &salt,
        &mut hash,
        &mut memory[..argon2.params().block_count()],
    );
    memory.fill(Block::new());
    idle().push(memory);
    hashed.map_err(failed)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: HashCost = HashCost {
        memory_kib: 64,
        passes: 1,
        lanes: 1,
    };

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other_one_does() {
        let password = || "东华街道路灯".to_owned();
        let salted = |salt| async move {
            hash(place().await.unwrap(), password(), [salt; 16], CHEAP)
                .await
                .unwrap()
        };
        let stored = salted(1).await;
        assert!(stored.hash != salted(2).await.hash);
        assert!(
            fits(place().await.unwrap(), password(), stored)
                .await
                .unwrap()
                .0
        );
        let other = "东华街道路灯。".to_owned();
        assert!(!fits(place().await.unwrap(), other, stored).await.unwrap().0);
        let nobody = PasswordHash::of_nobody(CHEAP);
        assert!(
            !fits(place().await.unwrap(), password(), nobody)
                .await
                .unwrap()
                .0
        );
    }

    #[tokio::test]
    async fn any_number_of_logins_works_in_a_few_pieces_of_memory_which_hold_nothing_afterwards() {
        let nobody = PasswordHash::of_nobody(CHEAP);
        let guesses = (0..40).map(|n| async move {
            let place = place().await.unwrap();
            fits(place, format!("guess {n}"), nobody).await.unwrap().0
        });
        assert!(!futures::future::join_all(guesses).await.contains(&true));
        // Other tests hash at the same time, within the same bound.
        let idle = idle();
        assert!((1..=AT_ONCE).contains(&idle.len()), "{}", idle.len());
        let left = |memory: &Vec<Block>| memory.iter().any(|b| b.as_ref().iter().any(|w| *w != 0));
        assert!(!idle.iter().any(left));
    }

    #[test]
    fn a_hash_is_the_same_in_memory_that_was_used_before_at_another_cost() {
        let dear = HashCost {
            memory_kib: 256,
            ..CHEAP
        };
        let fresh = derive("东华街道", [7; 16], CHEAP).unwrap();
        derive("other", [8; 16], dear).unwrap();
        assert_eq!(derive("东华街道", [7; 16], CHEAP).unwrap(), fresh);
        let whole = Params::new(64, 1, 1, Some(32)).unwrap();
        let mut plain = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, whole)
            .hash_password_into("东华街道".as_bytes(), &[7; 16], &mut plain)
            .unwrap();
        assert_eq!(fresh, plain);
    }

    #[test]
    fn the_usual_cost_is_at_least_what_owasp_recommends() {
        let cost = HashCost::default();
        assert!(cost.memory_kib >= 19_456 && cost.passes >= 2 && cost.lanes >= 1);
    }
}
