//! The policy in force, line by line, in words: for everybody.

use std::sync::Arc;

use api::{CategoryPolicy, PolicyInForce, PolicyLine, PolicySubject, PolicyValue};
use askama::Template;
use domain::calendar::Allowance;
use topology::DivisionCode;

use crate::{answer::Answer, form::odd, frame::Frame, visit::Visit, when::When, words::Words};

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    frame: Frame,
    w: Words,
    as_of: When,
    limits: Vec<Row>,
    /// Every category, by name and address.
    categories: Vec<(String, String)>,
    /// The category that was asked for, with its lines: all at once would be too much for a phone.
    shown: Option<Kind>,
}

/// What holds in one category.
struct Kind {
    name: String,
    code: String,
    rows: Vec<Row>,
}

struct Row {
    what: String,
    value: String,
    /// The text that the line stands in, with who issued it.
    text: String,
    line: u32,
    holds: bool,
}

/// Shows the lines that hold for all matters, and those of the category in the address.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let policy: PolicyInForce = visit.calls.get(&visit.api("policy")?).await?;
    let rows = |lines: &[PolicyLine]| lines.iter().map(|line| row(&visit, line)).collect();
    let named = |one: &CategoryPolicy| w.category(&one.code, Some(&one.name));
    let links = policy.categories.iter();
    let links = links.map(|one| (named(one), format!("/policy?category={}", odd(&one.code))));
    let asked = visit.query.typed("category");
    let shown = policy.categories.iter().find(|one| *one.code == *asked);
    let shown = shown.map(|one| Kind {
        name: named(one),
        code: one.code.clone(),
        rows: rows(&one.lines),
    });
    visit.show(&PolicyPage {
        frame: Frame::of(&visit, w.policy_title()),
        w,
        as_of: visit.when(visit.now_ms()),
        limits: rows(&policy.limits),
        categories: links.collect(),
        shown,
    })
}

fn row(visit: &Visit, line: &PolicyLine) -> Row {
    let w = visit.w;
    let subject = w.term(line.subject);
    let what = match (line.stage, line.kind, &line.from) {
        (Some(stage), ..) => w.policy_time_of(w.short(stage)),
        (None, Some(kind), Some(from)) => w.policy_issuers_of(w.term(kind), from),
        (None, Some(kind), None) => w.policy_issuers(w.term(kind)),
        (None, ..) => subject.to_owned(),
    };
    let text = match (line.issuer, &line.template) {
        (Some(issuer), Some(template)) => {
            w.policy_template(visit.name_of(issuer), template, line.version)
        }
        _ => w.policy_shipped(line.version),
    };
    Row {
        what,
        value: value(w, line),
        text,
        line: line.line,
        holds: line.holds,
    }
}

fn value(w: Words, line: &PolicyLine) -> String {
    match &line.value {
        PolicyValue::Text(text) => text.clone(),
        PolicyValue::Platform(platform) => w.short(*platform),
        PolicyValue::Tiers(tiers) if tiers.is_empty() => match line.subject {
            PolicySubject::Tier => w.policy_stays().to_owned(),
            _ => w.none().to_owned(),
        },
        PolicyValue::Tiers(tiers) => {
            let tiers: Vec<_> = tiers.iter().map(|tier| w.short(*tier)).collect();
            tiers.join(w.of("、", ", "))
        }
        PolicyValue::Time(None) => w.none().to_owned(),
        PolicyValue::Time(Some(text)) => match text.parse() {
            Ok(Allowance::WorkingDays(n)) => w.policy_working_days(n),
            Ok(Allowance::WorkingHours(n)) => w.policy_working_hours(n),
            Ok(Allowance::Days(n)) => w.policy_days(n),
            Ok(Allowance::Hours(n)) => w.policy_hours(n),
            Err(_) => text.clone(),
        },
        PolicyValue::Count(count) => counted(w, line.subject, *count),
        PolicyValue::Yes(true) => w.yes().to_owned(),
        PolicyValue::Yes(false) => w.no().to_owned(),
    }
}

fn counted(w: Words, subject: PolicySubject, number: u64) -> String {
    use PolicySubject as S;
    let count = crate::when::count(number);
    match subject {
        S::PauseDays | S::ContestDays | S::FileDays | S::ListDays => w.policy_days(count),
        S::Pauses | S::Contests | S::Returns => w.policy_times(count),
        S::WarnPercent => format!("{count} %"),
        S::FileBytes => match number % (1 << 20) {
            0 => format!("{} MiB", number >> 20),
            _ => w.policy_bytes(count),
        },
        S::ReportLength | S::NoteLength | S::AnswerLength => w.policy_characters(count),
        _ => count,
    }
}

/// Tells in words which line of which text a clock goes by. The API writes it like
/// `shipped policy 3, line 206` or `330825000000/policy/dispatch version 3, line 4`; anything else stays
/// as it is.
pub(crate) fn rule(w: Words, name_of: impl Fn(DivisionCode) -> String, text: &str) -> String {
    let in_words = || {
        let (source, line) = text.rsplit_once(", line ")?;
        let text = match source.strip_prefix("shipped policy ") {
            Some(edition) => w.policy_shipped(edition),
            None => {
                let (key, version) = source.split_once(" version ")?;
                let (issuer, rest) = key.split_once('/')?;
                let (_, name) = rest.split_once('/')?;
                w.policy_template(name_of(issuer.parse().ok()?), name, version)
            }
        };
        Some(format!("{text} {}", w.policy_line_number(line)))
    };
    in_words().unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::{
        rule::{RuleRef, Source},
        scope::TemplateKey,
    };

    use super::*;
    use crate::words::Language;

    #[test]
    fn a_rule_is_told_in_words_of_the_language() {
        let told = |rule: &str| rule_in(Language::Chinese, rule);
        let shipped = Source::Shipped(3);
        let shipped = RuleRef {
            source: shipped,
            line: 206,
        };
        assert_eq!(
            told(&shipped.to_string()),
            "程序自带的规定（按浙江省标准）第 3 版 第 206 行"
        );
        let key: TemplateKey = "330825000000/policy/dispatch".parse().unwrap();
        let source = Source::Template { key, version: 7 };
        let template = RuleRef { source, line: 4 }.to_string();
        assert_eq!(
            told(&template),
            "330825000000制发的模板 dispatch 第 7 版 第 4 行"
        );
        let english = rule_in(Language::English, &template);
        assert_eq!(
            english,
            "template dispatch of 330825000000, version 7, line 4"
        );
        assert_eq!(told("another form"), "another form");
    }

    fn rule_in(language: Language, text: &str) -> String {
        rule(Words(language), |issuer| issuer.to_string(), text)
    }
}
