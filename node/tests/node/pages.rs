//! Pages for people, as a browser gets them: without scripts, over real TCP.

mod acts;
mod browser;
mod desk;
mod every;
mod people;
mod policy;
mod signing_in;
