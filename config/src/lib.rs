//! Reads what an operator typed and checks it into the configuration a node runs with.
//!
//! A setting may come from a TOML file, from the environment (`WUJITONG_HTTP_LISTEN` for
//! `http.listen`) or from a command's flags. Each of them is a [`Raw`]; later ones are
//! [merged](Raw::merge) over earlier ones, and the whole is [checked](Raw::check) once, into a
//! [`Config`] that other crates may trust. Every problem is reported, not only the first.
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
mod pages;
mod problem;
mod raw;

pub use address::{HostPort, Subnet};
pub use checked::{
    Config, Dns, Engine, Hosting, Http, Limits, Links, LogFormat, Oidc, Outlines, Store, Telemetry,
    Webhooks,
};
pub use pages::Pages;
pub use problem::{ConfigErrors, Problem};
pub use raw::{
    FILE_END, FILE_ENDS_SO, Kind, Raw, RawDns, RawHttp, RawLimits, RawLinks, RawOidc, RawPages,
    RawStore, RawTelemetry, RawWebhooks, SettingLine, all_settings,
};
pub use topology::DivisionCode;
