//! Builds the rooms inside-out, starts and stops them. One process hosts
//! one node or many: one listener, one store, one runtime; each node its own identity and office.

mod causes;
mod certificates;
mod clock;
mod due;
mod health;
mod host;
mod last_backup;
mod log_keys;
mod probes;
mod renewal;
mod restored;
mod seals;
mod sign_in;
mod sweep;

pub use clock::{Chance, SystemClock, WatchedClock};
pub use host::{
    Host, Plan, StartError, TooFewDescriptors, hosted, needed_descriptors, socket_path,
};
pub use last_backup::{LAST_BACKUP, last_backup};
pub use log_keys::OwnLogKeys;
pub use restored::{RESTORED, RestoredMark};
pub use seals::OwnSeal;
pub use sign_in::BadSecret;
pub use web::state::Entrance;
