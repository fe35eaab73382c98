//! Reads what an operator typed and checks it into the configuration a node runs with.
//!
//! A setting may come from a TOML file, from the environment (`WUJITONG_HTTP_LISTEN` for
//! `http.listen`) or from a command's flags. Each of them is a [`Layer`], which knows where each of its
//! settings came from; later ones are [merged](Layer::merge) over earlier ones, and the whole is
//! [checked](Layer::check) once, into a [`Config`] that other crates may trust. Every problem is reported, not
//! only the first. A [`Raw`] is a layer that does not know where it came from.
//!
//! What each setting is for, its default, range and unit, and whether a change of it counts before the next start
//! is a [table](all_settings), which the checks read too.
//!
//! ```
//! # use wujitong_config as config;
//! let file = config::Raw::from_toml("data = 'store'\nzone = 'zj.example'\nnodes = ['330825']")?;
//! let env = config::Raw::from_env([("WUJITONG_LISTEN".to_owned(), "[::]:7451".to_owned())])?;
//! let config = file.merge(env).check(std::path::Path::new("/etc/wujitong"))?;
//! assert_eq!(config.listen.port(), 7451);
//! assert_eq!(config.data, std::path::Path::new("/etc/wujitong/store"));
//! # Ok::<(), config::ConfigErrors>(())
//! ```

mod address;
mod check;
mod checked;
mod example;
mod layer;
mod pages;
mod problem;
mod raw;
mod table;

pub use address::{HostPort, Subnet};
pub use checked::{
    ClientSecret, Config, Dns, Engine, Hosting, Http, Limits, Links, LogFormat, Oidc, Outlines,
    Store, Telemetry, Webhooks,
};
pub use example::example;
pub use layer::{Change, InForce, Layer, Origin};
pub use pages::Pages;
pub use problem::{ConfigErrors, Place, Problem};
pub use raw::{
    FILE_END, FILE_ENDS_SO, Raw, RawDns, RawHttp, RawLimits, RawLinks, RawOidc, RawPages, RawStore,
    RawTelemetry, RawWebhooks, all_settings,
};
pub use table::{Effect, Fallback, Kind, Setting, Value};
pub use topology::DivisionCode;
