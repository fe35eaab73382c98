//! The decisions of a node. The code here is pure: it uses no clock, disk, network or async, and
//! takes time, ids and randomness as arguments.

pub mod actor;
pub mod alarm;
pub mod attachment;
pub mod audit;
pub mod authority;
pub mod calendar;
pub mod category;
pub mod clock;
pub mod custody;
pub mod envelope;
pub mod feed;
pub mod flow;
pub mod foreign;
pub mod hook;
pub mod ids;
pub mod import;
pub mod journal;
pub mod life;
pub mod likeness;
pub mod matter;
pub mod people;
pub mod policy;
pub mod receipt;
pub mod record;
pub mod request;
pub mod revocation;
pub mod rollup;
pub mod seal;
pub mod statement;
pub mod suite;
pub mod template;
pub mod time;
pub mod timekeeper;
