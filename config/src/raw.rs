//! Settings as typed. Every setting is optional, and nothing is checked beyond its shape.

mod settings;

use serde::Deserialize;

use crate::{ConfigErrors, Problem};
use settings::{Key, Setting};

pub use settings::{Kind, SettingLine, settings as all_settings};

/// The last line of a configuration file that a program wrote.
pub const FILE_END: &str = "# end of file";
/// The beginning of such a file, which states its last line.
pub const FILE_ENDS_SO: &str = "# The last line of this file is `# end of file`";

/// Declares a group of settings together with the list of its keys and how two groups merge.
macro_rules! settings {
    ($(#[$about:meta])* $group:ident { $($(#[doc = $doc:literal])* $key:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $group { $($(#[doc = $doc])* pub $key: Option<$type>,)* }

        impl $group {
            const KEYS: &[Key] = &[$(Key {
                name: stringify!($key),
                kind: <$type as Setting>::KIND,
                about: concat!($($doc),*),
            }),*];

            fn merge(self, over: Self) -> Self {
                Self { $($key: over.$key.or(self.$key)),* }
            }
        }
    };
}

/// Declares the whole: its own settings first, then the groups.
macro_rules! whole {
    (
        $(#[$about:meta])* $whole:ident { $($(#[doc = $doc:literal])* $key:ident: $type:ty,)* }
        groups { $($(#[$gdoc:meta])* $group:ident: $gtype:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $whole {
            $($(#[doc = $doc])* pub $key: Option<$type>,)*
            $($(#[$gdoc])* #[serde(default)] pub $group: $gtype,)*
        }

        impl $whole {
            const KEYS: &[Key] = &[$(Key {
                name: stringify!($key),
                kind: <$type as Setting>::KIND,
                about: concat!($($doc),*),
            }),*];
            const GROUPS: &[(&str, &[Key])] =
                &[$((stringify!($group), <$gtype>::KEYS)),*];

            /// Merges two: takes the settings of `over` where it has them, else these. A list
            /// replaces a list.
            pub fn merge(self, over: Self) -> Self {
                Self {
                    $($key: over.$key.or(self.$key),)*
                    $($group: self.$group.merge(over.$group),)*
                }
            }
        }
    };
}

whole! {
    /// The settings as typed. [`Config`](crate::Config) documents the meaning, range and default of
    /// each.
    Raw {
        /// Directory of the store and the identities, absolute or beside the configuration file.
        data: String,
        /// Codes of divisions whose nodes this process hosts.
        nodes: Vec<String>,
        /// A division that is hosted with every node below it.
        subtree: String,
        /// Divisions that are left out of the subtree, each with what is below it.
        except: Vec<String>,
        /// Socket address that neighbours dial, or `off`.
        listen: String,
        /// DNS zone of the divisions.
        zone: String,
        /// CSV file of divisions, absolute or beside the configuration file.
        topology: String,
        /// Outlines of divisions (GeoJSON): a file, absolute or beside the configuration file, or `off`.
        outlines: String,
        /// Addresses of the parent; without them it is found by DNS.
        parent: Vec<String>,
    }
    groups {
        /// `[dns]`
        dns: RawDns,
        /// `[http]`
        http: RawHttp,
        /// `[pages]`
        pages: RawPages,
        /// `[telemetry]`
        telemetry: RawTelemetry,
        /// `[limits]`
        limits: RawLimits,
        /// `[store]`
        store: RawStore,
        /// `[links]`
        links: RawLinks,
        /// `[webhooks]`
        webhooks: RawWebhooks,
        /// `[oidc]`
        oidc: RawOidc,
    }
}

settings! {
    /// `[dns]` as typed; see [`Dns`](crate::Dns).
    RawDns {
        /// Resolvers to ask.
        servers: Vec<String>,
    }
}

settings! {
    /// `[http]` as typed; see [`Http`](crate::Http).
    RawHttp {
        /// Socket address, or `off`.
        listen: String,
        /// Host names a request may ask for.
        hosts: Vec<String>,
        /// Reverse proxies whose `X-Forwarded-For` is trusted.
        proxies: Vec<String>,
        /// Sites whose pages may send requests from a browser.
        origins: Vec<String>,
    }
}

settings! {
    /// `[pages]` as typed; see [`Pages`](crate::Pages).
    RawPages {
        /// Suffix of the host names of pages.
        zone: String,
        /// Further host names, each with its division: `name=code`.
        hosts: Vec<String>,
        /// Host unit 主办单位.
        unit: String,
        /// Site code 网站标识码.
        site_code: String,
        /// ICP filing 备案号.
        icp: String,
        /// Police filing 公安备案号.
        police: String,
        /// Address of the mark of a party or government organ 党政机关网站标识.
        mark: String,
        /// Telephone number for the public.
        telephone: String,
        /// Hours of the service window.
        hours: String,
        /// Address of the service window.
        address: String,
    }
}

settings! {
    /// `[telemetry]` as typed; see [`Telemetry`](crate::Telemetry).
    RawTelemetry {
        /// OTLP/gRPC collector.
        otlp: String,
        /// Log filter.
        log: String,
        /// `text` or `json`.
        log_format: String,
        /// `service.name` of exported traces.
        service_name: String,
    }
}

settings! {
    /// `[limits]` as typed; see [`Limits`](crate::Limits).
    RawLimits {
        /// Seconds.
        handshake_timeout_s: i64,
        /// Open connections.
        connections_per_address: i64,
        /// Open HTTP connections.
        http_connections_per_address: i64,
        /// Streams.
        streams_per_connection: i64,
        /// KiB.
        frame_kib: i64,
        /// Envelopes per lane.
        window: i64,
        /// MiB.
        memory_mib: i64,
        /// Envelopes per second and peer.
        envelopes_per_s: i64,
        /// Waiting reports.
        reports: i64,
        /// HTTP requests per second and address.
        requests_per_address_s: i64,
        /// HTTP requests per second and account or key.
        requests_per_caller_s: i64,
        /// Logins per minute and address; requests with a slip may be twenty times as many.
        logins_per_address_min: i64,
        /// Reports without an account per minute and address.
        reports_per_address_min: i64,
    }
}

settings! {
    /// `[store]` as typed; see [`Store`](crate::Store).
    RawStore {
        /// Name of the engine.
        engine: String,
        /// MiB.
        cache_mib: i64,
    }
}

settings! {
    /// `[links]` as typed; see [`Links`](crate::Links).
    RawLinks {
        /// In milliseconds.
        backoff_min_ms: i64,
        /// In milliseconds.
        backoff_max_ms: i64,
        /// In seconds.
        keep_alive_s: i64,
        /// In seconds.
        answer_s: i64,
        /// In milliseconds.
        figures_pace_ms: i64,
        /// In milliseconds.
        watermark_pace_ms: i64,
    }
}

settings! {
    /// `[webhooks]` as typed; see [`Webhooks`](crate::Webhooks).
    RawWebhooks {
        /// Addresses and networks.
        allow: Vec<String>,
        /// PEM file, absolute or beside the configuration file.
        roots: String,
    }
}

settings! {
    /// `[oidc]` as typed; see [`Oidc`](crate::Oidc).
    RawOidc {
        /// URL of the provider.
        issuer: String,
        /// The client id that the provider has for this process.
        client_id: String,
        /// File, absolute or beside the configuration file.
        client_secret_file: String,
        /// URL where browsers reach this process.
        public_url: String,
        /// Scopes asked of the provider.
        scopes: Vec<String>,
        /// The claim that names a person.
        claim: String,
        /// PEM file, absolute or beside the configuration file.
        roots: String,
    }
}

impl Raw {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// If the text is not TOML, has a key that is not a setting, or has a value of the wrong type.
    /// The problem names the line.
    pub fn from_toml(text: &str) -> Result<Self, ConfigErrors> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            if let Some(problem) = settings::renamed_in(text) {
                return problem.into();
            }
            let line = error
                .span()
                .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            Problem {
                key: format!("line {line}"),
                value: None,
                allowed: error.message().trim_end().replace('\n', ", "),
                hint: "write texts and division codes in quotes, numbers without; config/examples \
                       has a file for every tier"
                    .to_owned(),
            }
            .into()
        })
    }

    /// Reads a whole configuration file, like [`Raw::from_toml`]. Refuses a file without any
    /// setting, because only a crash leaves one behind. A file that states its last line must end
    /// with it.
    ///
    /// # Errors
    /// As [`Raw::from_toml`], and for a file that is empty or truncated.
    pub fn from_file(text: &str) -> Result<Self, ConfigErrors> {
        let refused = |allowed: &str, hint: &str| {
            Err(Problem {
                key: format!("line {}", text.lines().count().max(1)),
                value: None,
                allowed: allowed.to_owned(),
                hint: hint.to_owned(),
            }
            .into())
        };
        let hint = "restore the file from a backup, or move it away and let `wujitong init` write \
                    another";
        let says_something = |line: &str| !line.is_empty() && !line.starts_with('#');
        if !text.lines().map(str::trim).any(says_something) {
            return refused("the file is empty: it has no setting", hint);
        }
        let ends = text.trim_end().lines().next_back() == Some(FILE_END);
        if text.contains(FILE_ENDS_SO) && !ends {
            return refused("the file is cut short: its last line is missing", hint);
        }
        Self::from_toml(text)
    }

    /// Reads settings from environment variables: `WUJITONG_` and the key in capitals, with `_` for
    /// a dot; lists are separated by commas. Ignores other variables, and also `WUJITONG_CONFIG`,
    /// `WUJITONG_TOKEN`, `WUJITONG_TEST_*` and what Kubernetes sets for a service called `wujitong`
    /// (`WUJITONG_SERVICE_*`, `WUJITONG_PORT*`).
    ///
    /// # Errors
    /// All variables that begin with `WUJITONG_` and name no setting, and texts that are not
    /// numbers where a number is expected.
    pub fn from_env(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        settings::from_env(variables)
    }

    /// Reads settings as `key`, `value` texts, with keys as in the file (`http.listen`), for flags
    /// such as `--set http.listen=off`. Lists are separated by commas.
    ///
    /// # Errors
    /// All keys that name no setting, and texts that are not numbers where a number is expected.
    pub fn from_settings(
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        settings::from_settings(settings)
    }

    /// Returns every setting's key as written in the file, in the file's order.
    pub fn keys() -> Vec<String> {
        settings::keys().map(|(key, _)| key).collect()
    }
}
