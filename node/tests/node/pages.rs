//! Pages for people, as a browser gets them: without scripts, over real TCP.

mod acts;
mod browser;
mod bundles;
mod desk;
mod every;
mod network;
mod policy;
mod signing_in;
mod unread;
