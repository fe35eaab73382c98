//! `wujitong rollup query`

use api::{AnswerLine, AnswerValue, Compare, ComparedDays, FiguresAnswer, Language, QuestionQuery};
use domain::{
    category::{Category, Platform},
    time::Day,
};
use topology::DivisionCode;

use super::{marked, silent_line};
use crate::{
    Failure, Output,
    labels::{moment, one_of},
    language::{self, told},
    site::Asked,
    tables::wide,
};

/// Answers a question: counts and rates by division, time, category and platform
///
/// Measures and rates are named with commas between them; all of them if left out. Lines are told
/// apart by at most three marks: one of day, week, month, quarter, year; one of category, platform;
/// one of city, county, township, division. Rates say of how many they are.
///
/// Examples:
///   wujitong rollup query --by county --from 2026-11-01 --to 2026-11-30 --compare before
///   wujitong rollup query --measure completion-rate,in-time-rate --by city,month --node 33
///   wujitong rollup query --measure closed --by category --platform enforcement --csv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Query {
    /// Measures and rates, such as completion-rate,closed
    #[arg(long, value_name = "LIST", default_value = "")]
    measure: String,
    /// What lines are told apart by, such as county,month
    #[arg(long, value_name = "LIST", default_value = "")]
    by: String,
    /// First day, in Asia/Shanghai
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Last day, inclusive
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// Only this platform
    #[arg(long, value_parser = one_of::<Platform>())]
    platform: Option<Platform>,
    /// Only this category
    #[arg(long)]
    category: Option<Category>,
    /// Only what this division did, with everything below it
    #[arg(long, value_name = "CODE")]
    within: Option<DivisionCode>,
    /// Also what it was before; needs both days and no mark of time
    #[arg(long, value_parser = one_of::<Compare>())]
    compare: Option<Compare>,
    /// Prints CSV: counts and parts as numbers, one line each
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

impl Query {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let query = QuestionQuery {
            measure: self.measure,
            by: self.by,
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            platform: self.platform.map(|platform| platform.code().to_owned()),
            category: self.category.map(|category| category.to_string()),
            within: self.within,
            compare: self.compare,
        };
        let answer: FiguresAnswer = asked
            .client
            .find(&asked.path("rollup/query"), &query)
            .await?;
        match self.csv {
            true => output.text(&answer.csv()),
            false => output.facts(&answer, || drawn(&answer, language::of_terminal())),
        }
    }
}

/// Writes a value as people read it: a count, or a share with its parts.
fn written(value: &AnswerValue) -> String {
    let before = value.before.as_deref().map(written);
    let now = match (value.whole, value.per_mille) {
        (None, _) => value.count.to_string(),
        (Some(whole), None) => format!("– ({}/{whole})", value.count),
        (Some(whole), Some(share)) => {
            let rank = value
                .rank
                .map(|rank| format!(" #{rank}"))
                .unwrap_or_default();
            let (percent, tenth) = (share / 10, share % 10);
            format!("{percent}.{tenth}% ({}/{whole}){rank}", value.count)
        }
    };
    match before {
        Some(before) => format!("{now} ← {before}"),
        None => now,
    }
}

fn drawn(answer: &FiguresAnswer, language: Language) -> String {
    let marks = answer.by.iter().map(|mark| match language {
        Language::Chinese => mark.chinese().to_owned(),
        Language::English => mark.code().to_owned(),
    });
    let columns = answer
        .columns
        .iter()
        .map(|column| format!("#{}", told(language, &column.english, &column.chinese)));
    let headings: Vec<String> = marks.chain(columns).collect();
    let headings: Vec<&str> = headings.iter().map(String::as_str).collect();
    let row = |line: &AnswerLine| {
        let keys = line.keys.iter().map(|key| key.name.clone());
        keys.chain(line.values.iter().map(written)).collect()
    };
    let lines: Vec<Vec<String>> = answer.lines.iter().map(row).collect();
    let mut total: Vec<String> = answer.by.iter().map(|_| String::new()).collect();
    if let Some(first) = total.first_mut() {
        told(language, "total", "合计").clone_into(first);
    }
    total.extend(answer.total.iter().map(written));
    let mut text = wide(&headings, lines.into_iter().chain([total]));
    for column in answer.columns.iter().filter(|column| column.is_rate) {
        text += &match language {
            Language::Chinese => format!("{}：{}\n", column.chinese, column.formula_chinese),
            Language::English => format!("{}: {}\n", column.english, column.formula),
        };
    }
    if let Some(ComparedDays { from, to }) = &answer.compared {
        text += &match language {
            Language::Chinese => format!("← {from} 至 {to}\n"),
            Language::English => format!("← {from} to {to}\n"),
        };
    }
    let (up, expected) = (answer.children_up, answer.children_expected);
    let at = moment(answer.as_of_ms);
    text += &match language {
        Language::Chinese => {
            format!("截至 {at}；{expected} 个下级中 {up} 个已连通，其他按最近一次收到的\n")
        }
        Language::English => {
            format!(
                "as of {at}; {up} of {expected} children are linked, the others as last received\n"
            )
        }
    };
    for child in &answer.silent {
        text += &silent_line(child);
    }
    text + &marked(&answer.marked)
}
