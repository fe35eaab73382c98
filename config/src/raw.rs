//! Settings as typed. Every setting is optional, and nothing is checked beyond its shape.

mod groups;
mod pages;
mod settings;

use crate::{
    ConfigErrors,
    layer::Layer,
    table::{Kind, Row, Value},
};

pub use groups::{
    Raw, RawDns, RawHttp, RawLimits, RawLinks, RawOidc, RawStore, RawTelemetry, RawWebhooks,
};
pub use pages::RawPages;
pub use settings::all_settings;
pub(crate) use settings::{from_env, from_settings, nearest, renamed, set, setting, setting_of};

/// The last line of a configuration file that a program wrote.
pub const FILE_END: &str = "# end of file";
/// The beginning of such a file, which states its last line.
pub const FILE_ENDS_SO: &str = "# The last line of this file is `# end of file`";

/// A setting of a group.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) about: &'static str,
    pub(crate) row: Row,
}

/// A type that a setting may have.
pub(crate) trait Shape: Clone {
    const KIND: Kind;

    fn shown(&self) -> Value;
}

impl Shape for String {
    const KIND: Kind = Kind::Text;

    fn shown(&self) -> Value {
        Value::Text(self.clone())
    }
}

impl Shape for i64 {
    const KIND: Kind = Kind::Number;

    fn shown(&self) -> Value {
        Value::Number(*self)
    }
}

impl Shape for Vec<String> {
    const KIND: Kind = Kind::List;

    fn shown(&self) -> Value {
        Value::List(self.clone())
    }
}

/// Declares a group of settings together with its rows of the table and how two groups merge.
macro_rules! group {
    ($(#[$about:meta])* $group:ident { $($(#[doc = $doc:literal])* $key:ident: $type:ty = $row:expr,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $group { $($(#[doc = $doc])* pub $key: Option<$type>,)* }

        impl $group {
            pub(super) const KEYS: &[$crate::raw::Key] = &[$($crate::raw::Key {
                name: stringify!($key),
                kind: <$type as $crate::raw::Shape>::KIND,
                about: concat!($($doc),*),
                row: $row,
            }),*];

            pub(super) fn merge(self, over: Self) -> Self {
                Self { $($key: over.$key.or(self.$key)),* }
            }

            pub(super) fn said(&self, group: &str, said: &mut Vec<(String, $crate::table::Value)>) {
                $(if let Some(value) = &self.$key {
                    let key = format!("{group}.{}", stringify!($key));
                    said.push((key, $crate::raw::Shape::shown(value)));
                })*
            }
        }
    };
}
pub(crate) use group;

/// Declares the whole: its own settings first, then the groups.
macro_rules! whole {
    (
        $(#[$about:meta])* $whole:ident { $($(#[doc = $doc:literal])* $key:ident: $type:ty = $row:expr,)* }
        groups { $($(#[$gdoc:meta])* $group:ident: $gtype:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $whole {
            $($(#[doc = $doc])* pub $key: Option<$type>,)*
            $($(#[$gdoc])* #[serde(default)] pub $group: $gtype,)*
        }

        impl $whole {
            pub(super) const KEYS: &[$crate::raw::Key] = &[$($crate::raw::Key {
                name: stringify!($key),
                kind: <$type as $crate::raw::Shape>::KIND,
                about: concat!($($doc),*),
                row: $row,
            }),*];
            pub(super) const GROUPS: &[(&str, &[$crate::raw::Key])] =
                &[$((stringify!($group), <$gtype>::KEYS)),*];

            /// Merges two: takes the settings of `over` where it has them, else these. A list
            /// replaces a list.
            pub fn merge(self, over: Self) -> Self {
                Self {
                    $($key: over.$key.or(self.$key),)*
                    $($group: self.$group.merge(over.$group),)*
                }
            }

            /// Returns the settings that are set, with their keys, in the order of the file.
            pub fn said(&self) -> Vec<(String, $crate::table::Value)> {
                let mut said = vec![];
                $(if let Some(value) = &self.$key {
                    said.push((stringify!($key).to_owned(), $crate::raw::Shape::shown(value)));
                })*
                $(self.$group.said(stringify!($group), &mut said);)*
                said
            }
        }
    };
}
pub(crate) use whole;

impl Raw {
    /// Returns every setting at its default, where it has one. What a configuration is unless it is set.
    pub fn defaults() -> Self {
        let rows =
            all_settings().filter_map(|row| Some((row.key.clone(), row.fallback().value()?)));
        set(rows)
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// If the text is not TOML, has a key that is not a setting, or has a value of the wrong type.
    /// Each problem names its line.
    pub fn from_toml(text: &str) -> Result<Self, ConfigErrors> {
        let (layer, problems) = Layer::of_toml(text);
        ConfigErrors::unless_empty(problems)?;
        Ok(layer.raw)
    }

    /// Reads a whole configuration file, like [`Raw::from_toml`]. Refuses a file without any
    /// setting, because only a crash leaves one behind. A file that states its last line must end
    /// with it.
    ///
    /// # Errors
    /// As [`Raw::from_toml`], and for a file that is empty or truncated.
    pub fn from_file(text: &str) -> Result<Self, ConfigErrors> {
        let (layer, problems) = Layer::of_file(text);
        ConfigErrors::unless_empty(problems)?;
        Ok(layer.raw)
    }

    /// Reads settings from environment variables: `WUJITONG_` and the key in capitals, with `_` for
    /// a dot; lists are separated by commas. Ignores other variables, and also `WUJITONG_CONFIG`,
    /// `WUJITONG_TOKEN`, `WUJITONG_TOKEN_FILE`, `WUJITONG_TEST_*` and what Kubernetes sets for a
    /// service called `wujitong` (`WUJITONG_SERVICE_*`, `WUJITONG_PORT*`).
    ///
    /// # Errors
    /// All variables that begin with `WUJITONG_` and name no setting, and texts that are not
    /// numbers where a number is expected.
    pub fn from_env(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let (raw, problems) = from_env(variables);
        ConfigErrors::unless_empty(problems)?;
        Ok(raw)
    }

    /// Reads settings as `key`, `value` texts, with keys as in the file (`http.listen`), for flags
    /// such as `--set http.listen=off`. Lists are separated by commas.
    ///
    /// # Errors
    /// All keys that name no setting, texts that are not numbers where a number is expected, and
    /// secrets, because every user of the machine can see arguments.
    pub fn from_settings(
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let (raw, problems) = from_settings(settings);
        ConfigErrors::unless_empty(problems)?;
        Ok(raw)
    }

    /// Returns every setting's key as written in the file, in the file's order.
    pub fn keys() -> Vec<String> {
        all_settings().map(|setting| setting.key).collect()
    }
}
