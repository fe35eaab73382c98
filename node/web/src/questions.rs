//! Questions to figures.

use std::collections::BTreeMap;

use api::{
    AnswerKey, AnswerLine, Asked as Column, Compare, ComparedDays, FiguresAnswer, QuestionQuery,
    answer_values, rank_lines,
};
use axum::Json;
use domain::{
    category::{Category, Platform},
    disclosure::Span,
    rollup::{CellKey, Counted, Counters, Key, Mark, Question, period_name},
    time::Day,
};
use office::ChildFigures;

use super::{
    ask::{Asked, NodePath},
    links::{self, name},
    openapi::NodeParams,
    problem::Rejection,
    state::AppState,
};

type Cells = [(CellKey, Counters)];
type Lines = BTreeMap<Vec<Key>, Counted>;

/// Ask for counts and rates by division, time, category and platform
///
/// Every value says its parts, so that rates can be put together. What is open counts also what came in before the first day.
#[utoipa::path(get, path = "/v1/nodes/{code}/rollup/query", tag = "figures", params(NodeParams, QuestionQuery),
    responses((status = 200, body = FiguresAnswer)))]
pub(super) async fn ask(
    at: NodePath,
    Asked(query): Asked<QuestionQuery>,
) -> Result<Json<FiguresAnswer>, Rejection> {
    let columns = columns(&query.measure)?;
    let question = question(&query)?;
    let tree = &at.app_state.tree;
    question.check(at.division, tree)?;
    let compared = compared(&query, &question)?;
    let office = &at.node.office;
    let cells = office.figures().cells(Day(i32::MIN), *question.days.end());
    let cells = cells.await?;
    let (total, mut lines) = answer(&question, &cells, &at.app_state)?;
    let then = compared.as_ref();
    let then = then.map(|earlier| answer(earlier, &cells, &at.app_state));
    let then = then.transpose()?;
    // Who counted something then and nothing now has a line, too.
    for keys in then.iter().flat_map(|(_, lines)| lines.keys()) {
        lines.entry(keys.clone()).or_default();
    }
    let before = |keys: &Vec<Key>| {
        let lines = then.as_ref().map(|(_, lines)| lines);
        lines.map(|lines| lines.get(keys).copied().unwrap_or_default())
    };
    let mut shown: Vec<AnswerLine> = lines
        .iter()
        .map(|(keys, counted)| AnswerLine {
            keys: keys.iter().map(|key| named(key, &at.app_state)).collect(),
            values: answer_values(&columns, counted, before(keys).as_ref()),
        })
        .collect();
    rank_lines(&columns, &mut shown);
    let total_before = then.as_ref().map(|(total, _)| total);
    let children = office.figures().of_children().await?.into_iter();
    let day = |day: &Day| day.to_string();
    let known = |day: &Option<String>| day.clone();
    Ok(Json(FiguresAnswer {
        division: at.division,
        from: known(&query.from),
        to: known(&query.to),
        compared: compared.map(|it| ComparedDays {
            from: day(it.days.start()),
            to: day(it.days.end()),
        }),
        by: question.by,
        columns: columns.iter().map(|column| column.column()).collect(),
        lines: shown,
        total: answer_values(&columns, &total, total_before),
        // What is open at the end, less what the days changed.
        open_before: total.open.wrapping_sub(total.counters.open()),
        as_of_ms: office.now().0,
        children_up: tree
            .children(at.division)
            .filter(|code| at.node.links.is_up(*code))
            .count(),
        children_expected: tree.children(at.division).len(),
        silent: links::silent(at.division, &at.node, &at.app_state).await?,
        marked: children
            .filter(ChildFigures::is_marked)
            .map(Into::into)
            .collect(),
    }))
}

fn answer(
    question: &Question,
    cells: &Cells,
    state: &AppState,
) -> Result<(Counted, Lines), Rejection> {
    let cells = cells.iter().map(|(key, counters)| (key, counters));
    Ok(question.answer(cells, &state.tree)?)
}

/// Reads words with commas between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn columns(text: &str) -> Result<Vec<Column>, Rejection> {
    let mut columns = vec![];
    for word in words(text) {
        let column = Column::of_code(word).ok_or_else(|| {
            let word: String = word.chars().take(40).collect();
            let known: Vec<_> = Column::all().into_iter().map(Column::code).collect();
            let known = known.join(", ");
            Rejection::unfit((
                format!("`{word}` is no measure and no rate; there are {known}"),
                format!("“{word}”不是指标；有 {known}"),
            ))
        })?;
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(match columns.is_empty() {
        true => Column::all(),
        false => columns,
    })
}

fn question(query: &QuestionQuery) -> Result<Question, Rejection> {
    let marks = words(&query.by).map(str::parse::<Mark>);
    let by: Result<Vec<_>, _> = marks.collect();
    let day = |day: &Option<String>| day.as_deref().map(str::parse::<Day>).transpose();
    let unfit = |error| Rejection::unfit(&error);
    let first = day(&query.from).map_err(unfit)?;
    let last = day(&query.to).map_err(unfit)?;
    let platform = query.platform.as_deref().map(str::parse::<Platform>);
    let category = query.category.as_deref().map(str::parse::<Category>);
    Ok(Question {
        by: by.map_err(|error| Rejection::unfit(&error))?,
        days: first.unwrap_or(Day(i32::MIN))..=last.unwrap_or(Day(i32::MAX)),
        platform: platform
            .transpose()
            .map_err(|error| Rejection::unfit(&error))?,
        category: category.transpose()?,
        within: query.within,
    })
}

/// Returns the same question for the days of the comparison.
fn compared(query: &QuestionQuery, question: &Question) -> Result<Option<Question>, Rejection> {
    let Some(compare) = query.compare else {
        return Ok(None);
    };
    let is_timed = question.by.iter().any(|mark| mark.period().is_some());
    if is_timed || query.from.is_none() || query.to.is_none() {
        return Err(Rejection::unfit((
            "a comparison needs a first and a last day, and lines that are not told apart by time",
            "对比需要起止日期，且不能按时间分行",
        )));
    }
    let days = Span {
        from: *question.days.start(),
        to: *question.days.end(),
    };
    let Span { from, to } = match compare {
        Compare::Before => days.before(),
        Compare::LastYear => days.a_year_ago(),
    };
    Ok(Some(Question {
        days: from..=to,
        ..question.clone()
    }))
}

fn named(key: &Key, state: &AppState) -> AnswerKey {
    let (code, name, to) = match key {
        Key::Period(span) => (
            span.from.to_string(),
            period_name(*span),
            Some(span.to.to_string()),
        ),
        Key::Category(category) => {
            let chinese = category.chinese().map(str::to_owned);
            let name = chinese.unwrap_or_else(|| category.to_string());
            (category.to_string(), name, None)
        }
        Key::Platform(platform) => (
            platform.code().to_owned(),
            platform.chinese().to_owned(),
            None,
        ),
        Key::Acting(division) => (division.to_string(), name(*division, state), None),
    };
    AnswerKey { code, name, to }
}
