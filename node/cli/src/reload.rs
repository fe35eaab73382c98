//! `wujitong reload`

use api::{Language, Reloaded, SettingChange, problem::Problem};

use super::{
    Failure, Output,
    client::ClientError,
    language::{self, told},
    site::Site,
    tables::table,
};

/// Reads the configuration anew in the running process, and says what changed and what waits for a restart
///
/// The configuration is checked whole first. If it has a fault, nothing changes, every fault is
/// told, and the exit code is 2. SIGHUP does the same and tells it to the log alone.
///
/// Examples:
///   wujitong reload
///   wujitong reload --data /srv/county --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Reload {
    #[command(flatten)]
    site: Site,
}

impl Reload {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let language = language::of_terminal();
        match self.site.client().post::<Reloaded>("/v1/reload", &()).await {
            Ok(reloaded) => output.facts(&reloaded, || for_people(&reloaded, language)),
            Err(ClientError::Problem(problem)) if !problem.fields.is_empty() => {
                output.facts(&problem.fields, || faults(&problem, language))?;
                Err(ClientError::Problem(problem).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn faults(problem: &Problem, language: Language) -> String {
    let headings = match language {
        Language::Chinese => ["设置", "问题"],
        Language::English => ["setting", "fault"],
    };
    let rows = problem.fields.iter().map(|fault| {
        let says = told(language, &fault.says.en, &fault.says.zh);
        [fault.field.clone(), says.to_owned()]
    });
    table(headings, rows)
}

fn for_people(reloaded: &Reloaded, language: Language) -> String {
    let (nothing, changed, restart) = match language {
        Language::Chinese => ("配置没有变化\n", "已生效\n", "重启后生效\n"),
        Language::English => (
            "nothing changed\n",
            "counts now\n",
            "counts from the next start\n",
        ),
    };
    if reloaded.changed.is_empty() && reloaded.restart.is_empty() {
        return nothing.to_owned();
    }
    let part = |heading: &str, changes: &[SettingChange]| match changes {
        [] => String::new(),
        changes => format!("{heading}{}", lines(changes, language)),
    };
    part(changed, &reloaded.changed) + &part(restart, &reloaded.restart)
}

fn lines(changes: &[SettingChange], language: Language) -> String {
    let headings = match language {
        Language::Chinese => ["设置", "原值", "新值"],
        Language::English => ["setting", "before", "now"],
    };
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let rows = changes.iter();
    table(
        headings,
        rows.map(|one| [one.key.clone(), value(&one.from), value(&one.to)]),
    )
}
