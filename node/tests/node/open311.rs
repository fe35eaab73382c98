//! Open311 GeoReport v2 over real TCP, in the shapes the specification shows.

mod town;

mod cross_site;
mod faults;
mod idempotency;
mod lists;
mod page;
pub(crate) mod photos;
mod reports;
mod services;
