//! `wujitong alarm`

use api::{AlarmQuery, AlarmView, Alarms, Language};
use clap::Subcommand;
use domain::alarm::AlarmKind;
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::moment,
    language::{self, told},
    site::Site,
    tables::table,
};

/// Shows and closes the alarms (警报) of a node
///
/// An alarm reports something that an operator must look into: a store that went back in time, a
/// revoked key, impossible figures of a child. It stays open, also in `wujitong status` and in the
/// metric `wujitong_alarms`, until somebody closes it. The audit trail records who closed it. Details and
/// remedies are told in Chinese if the locale of the terminal is Chinese (LC_ALL, LC_MESSAGES, LANG), else in English.
///
/// Examples:
///   wujitong alarm list
///   wujitong alarm close key-revoked --about 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Alarm {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    List(List),
    Close(Close),
}

/// Lists the open alarms, with the remedy for each
///
/// Examples:
///   wujitong alarm list
///   wujitong alarm list --node 330825002222 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct List;

/// Closes an alarm after you have looked into it
///
/// Examples:
///   wujitong alarm close store-went-back
///   wujitong alarm close key-revoked --about 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Close {
    /// Kind of alarm, as `wujitong alarm list` shows it
    kind: AlarmKind,
    /// The division the alarm is about, if any
    #[arg(long, value_name = "CODE")]
    about: Option<DivisionCode>,
}

impl Alarm {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let all = asked.path("alarms");
        match self.what {
            What::List(List) => {
                let alarms: Alarms = asked.client.get(&all).await?;
                output.facts(&alarms, || match alarms.alarms.as_slice() {
                    [] => "no alarms 没有警报\n".to_owned(),
                    alarms => lines(alarms, language::of_terminal()),
                })
            }
            What::Close(Close { kind, about }) => {
                let path = format!("{all}/{kind}");
                asked
                    .client
                    .delete_found(&path, &AlarmQuery { about })
                    .await?;
                output.facts(
                    &serde_json::json!({ "closed": kind, "about": about }),
                    || format!("alarm {kind} is closed\n"),
                )
            }
        }
    }
}

/// Returns a table of alarms, followed by the remedy for each kind; details and remedies in this language.
pub(super) fn lines(alarms: &[AlarmView], language: Language) -> String {
    let headings = [
        "alarm", "警报", "about", "#times", "first", "last", "details",
    ];
    let rows = alarms.iter().map(|alarm| {
        let settled = alarm
            .settled_ms
            .map(|at| format!("(over since {}) ", moment(at)));
        [
            alarm.kind.code().to_owned(),
            alarm.chinese.clone(),
            alarm.about.map(DivisionCode::short).unwrap_or_default(),
            alarm.times.to_string(),
            moment(alarm.first_ms),
            moment(alarm.last_ms),
            settled.unwrap_or_default() + told(language, &alarm.detail, &alarm.detail_chinese),
        ]
    });
    let mut text = table(headings, rows);
    let mut kinds: Vec<_> = alarms
        .iter()
        .map(|alarm| {
            let remedy = told(language, &alarm.remedy, &alarm.remedy_chinese);
            (alarm.kind, remedy)
        })
        .collect();
    kinds.sort();
    kinds.dedup();
    for (kind, remedy) in kinds {
        text += &match language {
            Language::Chinese => {
                format!("{kind}：{remedy}；然后 `wujitong alarm close {kind}`\n")
            }
            Language::English => {
                format!("{kind}: {remedy}; then `wujitong alarm close {kind}`\n")
            }
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use domain::{alarm::details, time::Timestamp};

    use super::*;

    #[test]
    fn an_alarm_is_told_in_the_language_of_the_terminal() {
        let detail = details::clock_ahead(612);
        let alarm = domain::alarm::Alarm {
            kind: AlarmKind::ClockDoubted,
            about: None,
            detail,
            first: Timestamp(0),
            last: Timestamp(0),
            times: 1,
            settled: None,
        };
        let alarms = [AlarmView::from(alarm)];
        let chinese = lines(&alarms, Language::Chinese);
        assert!(
            chinese.contains("612 秒") && chinese.contains("校准时钟"),
            "{chinese}"
        );
        assert!(!chinese.contains("set the clock right"), "{chinese}");
        let english = lines(&alarms, Language::English);
        assert!(english.contains("612 s") && english.contains("set the clock right"));
        assert!(!english.contains("校准时钟"), "{english}");
    }
}
