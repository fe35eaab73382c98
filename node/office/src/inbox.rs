//! Neighbours: what they bring and take, and what is known of them.

pub(crate) mod crashes;
pub(crate) mod freshness;
pub(crate) mod greet;
pub(crate) mod queues;
pub(crate) mod receive;
pub(crate) mod relay;
pub(crate) mod requests;
pub(crate) mod restored;
pub(crate) mod runs;
pub(crate) mod second;
pub(crate) mod settle;
pub(crate) mod went_back;
