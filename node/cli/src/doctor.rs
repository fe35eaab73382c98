//! `wujitong doctor`: looks at everything that a node needs of its machine, its network and its keys.
//!
//! What was found is gathered in [`machine`] and [`node`], and judged in [`rules`], which look at nothing themselves.

mod machine;
mod node;
mod rules;

use std::path::PathBuf;

use api::{InBoth, Language};
use app::socket_path;
use config::Config;
use serde::Serialize;
use topology::saying::Saying;

use super::{
    Failure, Output,
    client::{Client, ClientError},
    language::{self, told},
    settings::{Examined, Sources},
    tables::table,
};

/// Checks everything that a node needs, and says what to do about what is wrong
///
/// Looks at the configuration, the keys and certificates, the ports, the parent's name, address and
/// certificate, the clock, the disk, permissions, file descriptors and memory. It works while the
/// node runs and while it is stopped, and changes nothing but a file of 4 KiB in the data directory,
/// which it writes twenty times to measure the disk and then removes. Run it as the user of the node,
/// for example `sudo -u wujitong wujitong doctor`. Exit code 1 if there is a fault; warnings alone
/// are 0.
///
/// Examples:
///   wujitong doctor
///   wujitong doctor --data /srv/county --json
///   wujitong doctor --config /etc/wujitong/node.toml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Doctor {
    /// Configuration file [default: the one that `wujitong run` would read]
    #[arg(long, value_name = "FILE", env = "WUJITONG_CONFIG")]
    config: Option<PathBuf>,
    /// Data directory; overrides the configuration
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
}

/// What comes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// It is as it should be.
    Ok,
    /// The node works; somebody should look at it.
    Warning,
    /// The node does not work, or will not for long.
    Fault,
}

impl Verdict {
    const fn label(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Ok, Language::English) => "ok",
            (Self::Ok, Language::Chinese) => "正常",
            (Self::Warning, Language::English) => "warning",
            (Self::Warning, Language::Chinese) => "注意",
            (Self::Fault, Language::English) => "FAULT",
            (Self::Fault, Language::Chinese) => "故障",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// The code of the check, and its name in both languages.
    check: rules::Check,
    /// What of: a setting, a path, an address; empty if there is only one.
    subject: String,
    found: Saying,
    verdict: Verdict,
    /// What to do; empty if nothing is.
    remedy: Saying,
}

/// A row as JSON.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    subject: String,
    verdict: Verdict,
    found: InBoth,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<InBoth>,
}

#[derive(Debug, Serialize)]
struct Report {
    running: bool,
    checks: Vec<Line>,
}

impl Doctor {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let sources = Sources {
            config: self.config,
            data: self.data,
            ..Sources::default()
        };
        let Examined {
            typed,
            faults,
            config,
        } = Examined::of(sources.read()?);
        let file = typed.file.as_ref().map(|file| file.display().to_string());
        let mut rows = rules::configuration(file.as_deref(), &faults);
        // Of a configuration with faults in some settings the others still count.
        let config = config.or_else(|| typed.layer.check(&typed.base).ok());
        let mut running = false;
        if let Some(config) = &config {
            let process = process(config).await?;
            running = process.is_some();
            rows.push(rules::process(process.as_deref()));
            rows.extend(machine::rows(config, running));
            rows.extend(node::rows(config).await);
        }
        let found = rows
            .iter()
            .filter(|row| row.verdict == Verdict::Fault)
            .count();
        let report = Report {
            running,
            checks: rows.iter().map(Line::from).collect(),
        };
        output.facts(&report, || for_people(&rows, language::of_terminal()))?;
        match found {
            0 => Ok(()),
            found => Err(Failure::Unwell(found)),
        }
    }
}

/// Returns the version of the running process; `None` if none runs.
async fn process(config: &Config) -> Result<Option<String>, Failure> {
    let client = Client::new(socket_path(&config.data));
    match client.status(true).await {
        Ok(status) => Ok(Some(status.version)),
        Err(ClientError::Unreachable { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl From<&Row> for Line {
    fn from(row: &Row) -> Self {
        let has_remedy = !row.remedy.english.is_empty();
        Self {
            check: row.check.code(),
            subject: row.subject.clone(),
            verdict: row.verdict,
            found: row.found.clone().into(),
            remedy: has_remedy.then(|| row.remedy.clone().into()),
        }
    }
}

fn for_people(rows: &[Row], language: Language) -> String {
    let headings = match language {
        Language::Chinese => ["结果", "检查", "对象", "看到", "怎么办"],
        Language::English => ["verdict", "check", "of", "found", "what to do"],
    };
    let say = |said: &Saying| told(language, &said.english, &said.chinese).to_owned();
    let lines = rows.iter().map(|row| {
        [
            row.verdict.label(language).to_owned(),
            row.check.label(language).to_owned(),
            row.subject.clone(),
            say(&row.found),
            say(&row.remedy),
        ]
    });
    table(headings, lines)
}
