//! Pages for people, as a browser gets them: without scripts, over real TCP.

mod acts;
mod boards;
mod browser;
mod bundles;
mod command;
mod data;
mod desk;
mod disclosures;
mod documents;
mod every;
mod households;
mod network;
mod people;
mod points;
mod policy;
mod replies;
mod services;
mod signing_in;
mod site;
mod templates;
mod town;
mod unread;
