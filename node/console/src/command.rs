//! The command screen (指挥屏): what is late, where, how it goes, and who is silent, for a period that the address names.

mod chart;
mod period;

use std::sync::Arc;

use api::{AnswerLine, AnswerValue, FiguresAnswer, MatterPage, Named, problem::Problem};
use askama::Template;
use axum::Router;
use domain::{people::Permission, rate::FEW};
use topology::{DivisionCode, Tier};
use web::state::AppState;

use self::{chart::Chart, period::Days};
use crate::{
    answer::Answer,
    desk::{check_may, clock::State},
    disclosures::sheet::file,
    frame::{Frame, Link},
    page,
    visit::Visit,
    when::{When, count},
    words::Words,
};

/// Late matters that are shown; more are behind the link.
const SHOWN: usize = 5;
/// Late matters that are counted; of more it says so.
const COUNTED: usize = 500;
/// Silent divisions that an answer names at most.
const MOST_SILENT: usize = 16;
/// Categories that are shown.
const CATEGORIES: usize = 10;
/// The columns of the table of divisions.
const RANKED: [&str; 9] = [
    "in-time-rate",
    "completion-rate",
    "solved-rate",
    "satisfied-rate",
    "contested-rate",
    "reopened-rate",
    "returned-rate",
    "closed",
    "open",
];

/// Adds the command screen.
pub(crate) fn routes(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/command", page(show))
        .route("/command/table.csv", page(sheet))
}

/// A matter that is late.
struct Late {
    id: String,
    state: State,
    category: String,
    holder: String,
}

/// A division or category in a table.
struct Row {
    name: String,
    href: Option<String>,
    cells: Vec<Cell>,
}

/// A value, with the name of its column for narrow screens.
struct Cell {
    label: String,
    value: String,
    /// What it is of, and what it was before.
    of: String,
    rank: Option<u32>,
    /// Whether it is of too few to compare.
    is_few: bool,
}

/// A line of the table beside a chart.
struct Trend {
    name: String,
    counts: Vec<String>,
}

/// A child that is not linked.
struct Silent {
    name: String,
    last: Option<When>,
}

#[derive(Template)]
#[template(path = "command.html")]
struct CommandPage {
    frame: Frame,
    w: Words,
    as_of: When,
    days: String,
    compared: String,
    periods: Vec<Link>,
    from: String,
    to: String,
    late: Option<Vec<Late>>,
    late_count: String,
    heads: Vec<(String, String)>,
    rows: Vec<Row>,
    total: Row,
    csv: String,
    flow: Chart,
    open: Chart,
    trend: Vec<Trend>,
    categories: Vec<Row>,
    silent: Vec<Silent>,
    silent_count: String,
    up: String,
    expected: String,
    marked: Vec<String>,
    /// Alarms of this node.
    sees_status: bool,
}

fn check(visit: &Visit) -> Result<(), Problem> {
    let told = (
        "this page is for those who read figures; sign in",
        "这一页供查看统计的人使用；请登录",
    );
    check_may(visit, Permission::ReadRollups, told)
}

/// The mark of the divisions below one of this tier.
const fn mark_below(tier: Tier) -> &'static str {
    match tier {
        Tier::Province => "city",
        Tier::City => "county",
        Tier::County => "township",
        Tier::Township | Tier::Village => "division",
    }
}

async fn ask(visit: &Visit, days: &Days, more: String) -> Result<FiguresAnswer, Problem> {
    let (from, to) = (days.span.from, days.span.to);
    let path = format!("rollup/query?from={from}&to={to}{more}");
    visit.calls.get(&visit.api(&path)?).await
}

fn cell(w: Words, label: &str, value: &AnswerValue) -> Cell {
    let said = |value: &AnswerValue| match (value.whole, value.per_mille) {
        (None, _) => count(value.count),
        (Some(_), None) => w.cmd_none().to_owned(),
        (Some(_), Some(share)) => format!("{}.{}%", share / 10, share % 10),
    };
    let of = value
        .whole
        .map(|whole| format!("{}/{}", count(value.count), count(whole)));
    let before = value.before.as_deref();
    // Of nothing there is nothing to compare with.
    let before = before.filter(|before| before.whole != Some(0));
    let before = before.map(|before| w.cmd_before(said(before)));
    let of: Vec<_> = of.into_iter().chain(before).collect();
    Cell {
        label: label.to_owned(),
        value: said(value),
        of: of.join(w.of("，", ", ")),
        rank: value.rank,
        is_few: value.whole.is_some_and(|whole| (1..FEW).contains(&whole)),
    }
}

fn row(visit: &Visit, answer: &FiguresAnswer, line: &AnswerLine) -> Row {
    let heads = heads(visit.w, answer);
    let cells = heads.iter().zip(&line.values);
    let key = line.keys.first();
    Row {
        name: key.map(|key| key.name.clone()).unwrap_or_default(),
        href: None,
        cells: cells
            .map(|((label, _), value)| cell(visit.w, label, value))
            .collect(),
    }
}

/// The names of the columns with what they count.
fn heads(w: Words, answer: &FiguresAnswer) -> Vec<(String, String)> {
    let columns = answer.columns.iter();
    let said = |chinese: &str, english: &str| w.of(chinese, english).to_owned();
    columns
        .map(|column| {
            let name = said(&column.chinese, &column.english);
            (name, said(&column.formula_chinese, &column.formula))
        })
        .collect()
}

/// Returns the page of a division below, if this process serves it.
fn site(visit: &Visit, code: &str, here: &str) -> Option<String> {
    let division: DivisionCode = code.parse().ok()?;
    if Some(division) == visit.division().ok() {
        return None;
    }
    visit.state.node(division)?;
    Some(format!("{}/command?{here}", visit.site(division)))
}

/// Shows the screen.
async fn show(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let w = visit.w;
    let own = visit.division()?;
    let days = Days::of(&visit.query, visit.now_ms());
    let measures = RANKED.join(",");
    let below = mark_below(own.tier());
    let units = ask(
        &visit,
        &days,
        format!("&measure={measures}&by={below}&compare=before"),
    );
    let units = units.await?;
    let trend = ask(
        &visit,
        &days,
        format!("&measure=reported,closed,open&by={}", days.mark()),
    );
    let trend = trend.await?;
    let kinds = "&measure=reported,closed,in-time-rate&by=category&compare=before";
    let kinds = ask(&visit, &days, kinds.to_owned()).await?;
    let late = late(&visit).await?;
    let mut rows: Vec<(Option<u32>, Row)> = units
        .lines
        .iter()
        .map(|line| {
            let code = line.keys.first().map(|key| key.code.as_str());
            let href = code.and_then(|code| site(&visit, code, &days.here()));
            let row = Row {
                href,
                ..row(&visit, &units, line)
            };
            (line.values[0].rank, row)
        })
        .collect();
    // The best first; those of too few stand last, in the order of their codes.
    rows.sort_by_key(|(rank, _)| rank.unwrap_or(u32::MAX));
    let mut by_number: Vec<&AnswerLine> = kinds.lines.iter().collect();
    by_number.sort_by_key(|line| std::cmp::Reverse(line.values[0].count));
    let categories = by_number.into_iter().take(CATEGORIES);
    let (names, series) = days.filled(&trend);
    let [came, went, open] = series;
    let told = names.iter().enumerate().map(|(at, name)| Trend {
        name: name.clone(),
        counts: [&came, &went, &open].map(|counts| count(counts[at])).into(),
    });
    let trend_lines: Vec<Trend> = told.collect();
    let late_count = match &late {
        Some((_, counted)) if *counted >= COUNTED => w.cmd_more_than(count(COUNTED)),
        Some((_, counted)) => count(*counted),
        None => String::new(),
    };
    let marked = units.marked.iter().map(|child| visit.name_of(child.child));
    visit.show(&CommandPage {
        frame: Frame::desk(&visit, w.cmd_title()),
        w,
        as_of: visit.when(units.as_of_ms),
        days: days.said(w),
        compared: match &units.compared {
            Some(days) => w.cmd_compared(&days.from, &days.to),
            None => String::new(),
        },
        periods: days.links(w),
        from: days.span.from.to_string(),
        to: days.span.to.to_string(),
        late: late.map(|(late, _)| late),
        late_count,
        heads: heads(w, &units),
        total: Row {
            name: w.cmd_total().to_owned(),
            ..row(
                &visit,
                &units,
                &AnswerLine {
                    keys: vec![],
                    values: units.total.clone(),
                },
            )
        },
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        csv: format!("/command/table.csv?{}", days.here()),
        flow: Chart::of(
            &[("came", w.cmd_came(), came), ("went", w.cmd_went(), went)],
            &names,
        ),
        open: Chart::of(&[("open", w.cmd_open(), open)], &names),
        trend: trend_lines,
        categories: categories.map(|line| row(&visit, &kinds, line)).collect(),
        silent: units
            .silent
            .iter()
            .map(|child| Silent {
                name: child.name.clone(),
                last: child.last_contact_ms.map(|at| visit.when(at)),
            })
            .collect(),
        silent_count: match units.silent.len() {
            // No more are named.
            MOST_SILENT.. => w.cmd_more_than(count(MOST_SILENT)),
            silent => count(silent),
        },
        up: count(units.children_up),
        expected: count(units.children_expected),
        marked: marked.collect(),
        sees_status: visit.may(Permission::ViewStatus),
    })
}

/// Returns the matters that are late longest, and how many are; `None` if the person may not list matters.
async fn late(visit: &Visit) -> Result<Option<(Vec<Late>, usize)>, Problem> {
    if !visit.may(Permission::ViewList) {
        return Ok(None);
    }
    let w = visit.w;
    let path = visit.api(&format!("matters?clock=overdue&order=due&limit={COUNTED}"))?;
    let found: Named<MatterPage> = visit.calls.get(&path).await?;
    let now = visit.now_ms();
    let matters = found.facts.matters;
    let counted = matters.len();
    let line = |line: api::MatterLine| Late {
        state: State::of_line(w, line.due_ms, false, now),
        category: w.category(&line.category, line.category_name.as_deref()),
        holder: visit.name_of(line.holder),
        id: line.id,
    };
    let shown = matters.into_iter().take(SHOWN).map(line).collect();
    Ok(Some((shown, counted)))
}

/// Answers with the table of divisions as CSV.
async fn sheet(visit: Arc<Visit>) -> Answer {
    check(&visit)?;
    let days = Days::of(&visit.query, visit.now_ms());
    let own = visit.division()?;
    let below = mark_below(own.tier());
    let more = format!("&measure={}&by={below}&compare=before", RANKED.join(","));
    let answer = ask(&visit, &days, more).await?;
    let name = format!("{own}-{}-{}.csv", days.span.from, days.span.to);
    file(&name, "text/csv; charset=utf-8", answer.csv())
}
