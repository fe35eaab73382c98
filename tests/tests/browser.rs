//! Pages in a real browser: chromium with chromedriver, on the nodes of a real demo. Everything is
//! walked through as a person would, at the width of a telephone and of a desk.
//!
//! `SCREENSHOTS=DIR cargo test -p wujitong-tests --test networks browser::` also keeps a picture of every page.

mod desk;
mod driver;
mod line;
mod looks;
mod paint;
mod phone;
mod pictures;
mod town;
mod villagers;
mod ways;
