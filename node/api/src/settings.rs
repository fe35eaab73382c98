//! The configuration of a process: what is in force, where it came from, and what reading it anew changed.

use serde::{Deserialize, Serialize};

use crate::InBoth;

topology::vocabulary! {
    /// Where the value of a setting came from.
    #[derive(utoipa::ToSchema)]
    pub enum SettingOrigin: "origin of a setting" {
        Default = 1, "default", "默认值", "it is the default";
        Enrolment = 2, "enrolment", "入网资料", "the enrolment in the data directory gives it";
        File = 3, "file", "配置文件", "the configuration file sets it";
        Environment = 4, "environment", "环境变量", "an environment variable sets it";
        Argument = 5, "argument", "命令行", "an argument of the command sets it";
    }
}

/// The configuration of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingsView {
    /// The configuration file; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Every setting, in the order of the file.
    pub settings: Vec<SettingView>,
}

/// A setting in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingView {
    /// Its key in the file.
    #[schema(example = "http.listen")]
    pub key: String,
    /// Its value as a file has it; absent if it has none. A secret is never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where that came from.
    pub origin: SettingOrigin,
    /// The line of the file that sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The environment variable that sets it.
    pub variable: String,
    /// Whether a change counts without a restart.
    pub reload: bool,
    /// Whether the configuration has another value by now, which counts from the next start.
    pub waits_for_restart: bool,
}

/// A setting whose value changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingChange {
    /// Its key in the file.
    pub key: String,
    /// The value before, as a file has it; absent if it had none. A secret is never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value now; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What reading the configuration anew did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reloaded {
    /// Settings that count as of now with another value.
    pub changed: Vec<SettingChange>,
    /// Settings that have another value and count from the next start.
    pub restart: Vec<SettingChange>,
}

/// A fault of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettingFault {
    /// The setting; empty if the file cannot be read at all.
    pub key: String,
    /// The line of the file, from 1; absent if it does not come from the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The character in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What is wrong.
    pub cause: InBoth,
    /// What to do.
    pub remedy: InBoth,
}
