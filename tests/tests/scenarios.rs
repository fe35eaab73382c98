//! Scenarios on real nodes over real mTLS.

mod attacks;
mod away;
mod clock;
mod complying;
mod custody;
mod disclosed;
mod dns;
mod epochs;
mod files;
mod heads;
mod hostile;
mod life;
mod links;
mod metrics;
mod neighbours;
mod open311;
mod receipts;
mod revocation;
mod rollups;
mod sealing;
mod slow;
mod strangers;
mod suites;
mod templates;
mod trace;
mod went_back;
