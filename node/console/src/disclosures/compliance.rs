//! How the division and those below it comply with what they have to make public (公开情况), for everybody.

use std::sync::Arc;

use api::{Compliance, CompliedCounts, DivisionCompliance};
use askama::Template;
use domain::{csv, disclosure::Complied, month::Month};
use topology::DivisionCode;

use super::{period, sheet::file};
use crate::{
    answer::Answer,
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    when::{When, count},
    words::Words,
};

/// The counts that have a column.
const COLUMNS: [Complied; 4] = [
    Complied::Demanded,
    Complied::OnTime,
    Complied::Late,
    Complied::Overdue,
];
/// Those that are told together in one column, if there are any.
const REST: [Complied; 5] = [
    Complied::Corrected,
    Complied::Withdrawn,
    Complied::Doubted,
    Complied::Objected,
    Complied::Answered,
];

/// A division in the table.
struct Row {
    name: String,
    /// Its page, if this process serves it.
    href: Option<String>,
    told: bool,
    cells: Vec<Cell>,
    rate: String,
    /// What else there was to count.
    rest: String,
}

/// A count with what it counts.
struct Cell {
    label: String,
    value: String,
    is_bad: bool,
}

#[derive(Template)]
#[template(path = "disclosures/compliance.html")]
struct CompliancePage {
    frame: Frame,
    w: Words,
    as_of: When,
    month: String,
    months: Vec<Link>,
    csv: String,
    rate: String,
    has_children: bool,
    heads: Vec<String>,
    rows: Vec<Row>,
    total: Row,
    overdue: Vec<String>,
    unnamed: u64,
}

async fn told(visit: &Visit) -> Result<Compliance, api::problem::Problem> {
    let month = visit.query.get("month").unwrap_or_default();
    let query = match month {
        "" => String::new(),
        month => format!("?month={}", odd(month)),
    };
    let path = visit.api(&format!("disclosures/compliance{query}"))?;
    visit.calls.get(&path).await
}

fn rate(w: Words, counts: &CompliedCounts) -> String {
    match counts.in_time_per_mille {
        Some(share) => format!("{}.{}%", share / 10, share % 10),
        None => w.comply_no_rate().to_owned(),
    }
}

fn row(visit: &Visit, name: String, told: bool, counts: &CompliedCounts) -> Row {
    let w = visit.w;
    let cell = |what: &Complied| Cell {
        label: w.short(*what),
        value: count(counts.of(*what)),
        is_bad: *what == Complied::Overdue && counts.of(*what) > 0,
    };
    Row {
        name,
        href: None,
        told,
        cells: COLUMNS.iter().map(cell).collect(),
        rate: rate(w, counts),
        rest: rest(w, counts),
    }
}

fn rest(w: Words, counts: &CompliedCounts) -> String {
    let some = REST.iter().filter(|what| counts.of(**what) > 0);
    let said: Vec<_> = some
        .map(|what| format!("{} {}", w.short(*what), count(counts.of(*what))))
        .collect();
    match said.is_empty() {
        true => "—".to_owned(),
        false => said.join(w.of("，", ", ")),
    }
}

/// Shows the figures of a month: the subtree, each child, and what is overdue by name.
pub(super) async fn show(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let told = told(&visit).await?;
    let own = visit.division()?;
    let line = |one: &DivisionCompliance| {
        let name = match one.division == own {
            true => w.comply_own(&one.name),
            false => one.name.clone(),
        };
        Row {
            href: (one.division != own)
                .then(|| site(&visit, one.division, &told.month))
                .flatten(),
            ..row(&visit, name, one.told, &one.total)
        }
    };
    let named = u64::try_from(told.overdue.len()).unwrap_or(u64::MAX);
    let overdue = told.overdue.iter().map(|one| {
        let period = period((&one.from, &one.to, ""));
        let by = visit.when(one.due_ms).text();
        w.comply_overdue_line(&one.name, &one.item, period, by)
    });
    let title = w.comply_title();
    visit.show(&CompliancePage {
        frame: Frame::of(&visit, title),
        w,
        as_of: visit.when(told.as_of_ms),
        months: months(&told.month),
        csv: format!("/disclosures/compliance.csv?month={}", odd(&told.month)),
        rate: rate(w, &told.total),
        has_children: told.divisions.len() > 1,
        heads: COLUMNS.iter().map(|what| w.short(*what)).collect(),
        rows: told.divisions.iter().map(line).collect(),
        total: row(&visit, w.comply_total().to_owned(), true, &told.total),
        overdue: overdue.collect(),
        unnamed: told.total.of(Complied::Overdue).saturating_sub(named),
        month: told.month,
    })
}

/// Returns links to the months before and after one.
fn months(shown: &str) -> Vec<Link> {
    let Ok(month) = shown.parse::<Month>() else {
        return vec![];
    };
    let link = |month: Month| Link {
        href: format!("/disclosures/compliance?month={month}"),
        label: month.to_string(),
        current: month.to_string() == shown,
    };
    let first = month.earlier(4);
    (0..=5).map(|later| link(first.later(later))).collect()
}

/// Returns the page of a division, if this process serves it.
fn site(visit: &Visit, division: DivisionCode, month: &str) -> Option<String> {
    visit.state.node(division)?;
    let path = format!("/disclosures/compliance?month={}", odd(month));
    Some(format!("{}{path}", visit.site(division)))
}

/// Answers with the table as CSV.
pub(super) async fn sheet(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let told = told(&visit).await?;
    let mut heads = vec!["code".to_owned(), w.comply_division().to_owned()];
    heads.extend(Complied::ALL.iter().map(|what| w.short(*what)));
    heads.push(w.comply_open().to_owned());
    heads.push(w.comply_rate().to_owned());
    let mut text = csv::MARK.to_owned() + &csv::line(&heads);
    for one in &told.divisions {
        let mut cells = vec![one.division.to_string(), one.name.clone()];
        let all = Complied::ALL.iter();
        cells.extend(all.map(|what| one.total.of(*what).to_string()));
        cells.push(one.total.open.to_string());
        cells.push(rate(w, &one.total));
        text += &csv::line(&cells);
    }
    let name = format!("compliance-{}.csv", told.month);
    file(&name, "text/csv; charset=utf-8", text)
}
