//! `wujitong config list`

use std::path::PathBuf;

use api::{Language, SettingOrigin, SettingView, SettingsView};
use app::socket_path;

use crate::{
    Failure, Output,
    client::{Client, ClientError},
    language,
    settings::Sources,
    site::data_directory,
    tables::table,
};

/// Lists every setting with its value and where that came from
///
/// Asks the running process. If none runs, it shows what the next start would use, with the
/// environment of this terminal. `reload` in the last column means that a change counts with
/// `wujitong reload`, `restart` with the next start; `waits` that the configuration has another
/// value by now, for which a restart is needed.
///
/// Examples:
///   wujitong config list
///   wujitong config list --data /srv/county --set-only
///   wujitong config list --config ./node.toml --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct List {
    /// Configuration file; asks no running process
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory [default: ./wujitong-data if it exists, else /var/lib/wujitong]
    #[arg(long, value_name = "DIR", env = "WUJITONG_DATA")]
    data: Option<PathBuf>,
    /// Leaves out settings that have their default
    #[arg(long)]
    set_only: bool,
}

impl List {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let (mut view, runs) = match self.running().await? {
            Some(view) => (view, true),
            None => (self.at_next_start()?, false),
        };
        if self.set_only {
            let set = |line: &SettingView| line.origin != SettingOrigin::Default;
            view.settings
                .retain(|line| set(line) || line.waits_for_restart);
        }
        output.facts(&view, || for_people(&view, runs, language::of_terminal()))
    }

    async fn running(&self) -> Result<Option<SettingsView>, Failure> {
        if self.config.is_some() {
            return Ok(None);
        }
        let socket = socket_path(&data_directory(self.data.as_deref()));
        match Client::new(socket).get("/v1/settings").await {
            Ok(view) => Ok(Some(view)),
            Err(ClientError::Unreachable { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn at_next_start(&self) -> Result<SettingsView, Failure> {
        let sources = Sources {
            config: self.config.clone(),
            data: self.data.clone(),
            ..Sources::default()
        };
        let typed = sources.read()?;
        typed.resolve()?;
        Ok(typed.view(&typed.layer))
    }
}

fn for_people(view: &SettingsView, runs: bool, language: Language) -> String {
    let file = view.file.as_deref();
    let (state, headings) = match language {
        Language::Chinese => (
            match runs {
                true => "正在生效的配置",
                false => "进程没有运行；下次启动将使用",
            },
            ["设置", "值", "来源", "变更"],
        ),
        Language::English => (
            match runs {
                true => "in force",
                false => "nothing runs; the next start would use",
            },
            ["setting", "value", "from", "change"],
        ),
    };
    let rows = view.settings.iter().map(|line| {
        [
            line.key.clone(),
            line.value.clone().unwrap_or_else(|| "-".to_owned()),
            from(line, file, language),
            change(line, language).to_owned(),
        ]
    });
    format!("{state}\n{}", table(headings, rows))
}

fn from(line: &SettingView, file: Option<&str>, language: Language) -> String {
    match (line.origin, line.line, file) {
        (SettingOrigin::File, Some(number), Some(file)) => format!("{file}:{number}"),
        (SettingOrigin::Environment, ..) => line.variable.clone(),
        (origin, ..) => match language {
            Language::Chinese => origin.chinese().to_owned(),
            Language::English => origin.code().to_owned(),
        },
    }
}

const fn change(line: &SettingView, language: Language) -> &'static str {
    match (line.waits_for_restart, line.reload, language) {
        (true, _, Language::English) => "waits for a restart",
        (true, _, Language::Chinese) => "待重启",
        (false, true, Language::English) => "reload",
        (false, true, Language::Chinese) => "重新加载",
        (false, false, Language::English) => "restart",
        (false, false, Language::Chinese) => "重启",
    }
}
