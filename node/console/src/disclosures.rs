//! What the division made public (三务公开), for everybody: the list, one with its table and proof, and objections.

mod compliance;
pub(crate) mod object;
mod pleas;
pub(crate) mod sheet;

use std::sync::Arc;

use api::{
    ColumnView, DisclosureDocument, DisclosureLine, DisclosureView, Disclosures, DocumentFile,
    Duties, DutyLine, EditionLog, EditionView, FieldValue, ItemSample, Named, PrintedProof,
    problem::Problem,
};
use askama::Template;
use axum::Router;
use domain::disclosure::{Class, DutyState, FieldKind, Rhythm, Span};
use topology::Term;
use web::state::AppState;

use crate::{
    answer::Answer,
    form,
    form::odd,
    frame::{Frame, Link},
    page,
    villagers::printed,
    visit::Visit,
    when::When,
    words::Words,
};

/// The most months to choose from.
const MONTHS: usize = 12;
/// The newest disclosures on the home page.
const NEWEST: usize = 3;

/// Adds the pages of disclosures.
pub(crate) fn routes(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/disclosures", page(list))
        .route("/disclosures/compliance", page(compliance::show))
        .route("/disclosures/compliance.csv", page(compliance::sheet))
        .route("/pleas", page(pleas::list).merge(form(pleas::ask)))
        .route("/pleas/residents", form(pleas::count))
        .route("/pleas/{plea}", page(pleas::one).merge(form(pleas::act)))
        .route("/disclosures/{number}", page(one).merge(form(object::send)))
        .route("/disclosures/{number}/table.csv", page(sheet::csv))
        .route("/disclosures/{number}/files/{file}", page(sheet::attached))
        .route("/disclosures/{number}/table.xlsx", page(sheet::xlsx))
        .route("/disclosures/{number}/text.json", page(sheet::text))
        .route("/disclosures/{number}/receipt.json", page(sheet::receipt))
        .route("/disclosures/{number}/proof", page(proof))
}

/// A disclosure in a list.
pub(crate) struct Row {
    pub(crate) href: String,
    pub(crate) item: String,
    pub(crate) class: String,
    pub(crate) period: String,
    pub(crate) at: Option<When>,
    pub(crate) state: String,
}

#[derive(Template)]
#[template(path = "disclosures/list.html")]
struct ListPage {
    frame: Frame,
    w: Words,
    as_of: When,
    classes: Vec<Link>,
    months: Vec<Link>,
    is_filtered: bool,
    rows: Vec<Row>,
    overdue: Vec<String>,
    due: Vec<String>,
}

/// Names an item in the language of the page.
pub(crate) fn named(w: Words, item: &str, english: Option<&str>) -> String {
    w.of(item, english.unwrap_or(item)).to_owned()
}

/// Returns the days that a disclosure is about as people say them.
pub(crate) fn period((from, to, title): (&str, &str, &str)) -> String {
    let is_month = match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) => Rhythm::Month.fits(Span { from, to }),
        _ => false,
    };
    let days = match from.get(..7) {
        Some(month) if is_month => month.to_owned(),
        _ if from == to => from.to_owned(),
        _ => format!("{from} – {to}"),
    };
    match title {
        "" => days,
        title => format!("{title} · {days}"),
    }
}

fn row(visit: &Visit, line: &DisclosureLine) -> Row {
    let w = visit.w;
    let is_late = line.published_at_ms.is_some_and(|at| at > line.due_ms);
    let state = match line {
        DisclosureLine {
            withdrawn: true, ..
        } => w.open_taken_down().to_owned(),
        DisclosureLine { editions: 2.., .. } => w.open_corrected(line.editions),
        _ if is_late => w.open_late().to_owned(),
        _ => w.open_fresh().to_owned(),
    };
    Row {
        href: format!("/disclosures/{}", line.number),
        item: named(w, &line.item, line.english.as_deref()),
        class: w.short(line.class),
        period: period((&line.from, &line.to, &line.title)),
        at: line.latest_at_ms.map(|at| visit.when(at)),
        state,
    }
}

/// Returns the newest disclosures and the sentences about overdue ones, for the home page.
pub(crate) async fn newest(visit: &Visit) -> Result<(Vec<Row>, Vec<String>), Problem> {
    let found: Disclosures = visit.calls.get(&visit.api("disclosures")?).await?;
    let mut lines = found.disclosures;
    lines.sort_by_key(|line| std::cmp::Reverse(line.latest_at_ms));
    let rows = lines
        .iter()
        .take(NEWEST)
        .map(|line| row(visit, line))
        .collect();
    let duties: Duties = visit.calls.get(&visit.api("disclosures/due")?).await?;
    Ok((rows, told(visit, &duties, None, DutyState::Overdue)))
}

/// Tells of duties of a state, in sentences.
fn told(visit: &Visit, duties: &Duties, class: Option<Class>, state: DutyState) -> Vec<String> {
    let w = visit.w;
    let fits =
        |duty: &&DutyLine| duty.state == state && class.is_none_or(|class| duty.class == class);
    let sentence = |duty: &DutyLine| {
        let item = named(w, &duty.item, duty.english.as_deref());
        let period = period((&duty.from, &duty.to, &duty.title));
        let by = visit.when(duty.due_ms).text();
        match state {
            DutyState::Overdue => w.open_overdue_line(item, period, by),
            _ => w.open_due_line(item, period, by),
        }
    };
    duties.duties.iter().filter(fits).map(sentence).collect()
}

/// Lists what was made public, what should have been, and what comes next.
async fn list(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let class: Option<Class> = visit.query.get("class").and_then(Term::of_code);
    let month = visit.query.get("month").unwrap_or_default();
    let mut query = vec![];
    query.extend(class.map(|class| format!("class={}", class.code())));
    if !month.is_empty() {
        query.push(format!("month={}", odd(month)));
    }
    let found: Disclosures = visit
        .calls
        .get(&visit.api(&format!("disclosures?{}", query.join("&")))?)
        .await?;
    let every = match query.is_empty() {
        true => found.clone(),
        false => visit.calls.get(&visit.api("disclosures")?).await?,
    };
    let duties: Duties = visit.calls.get(&visit.api("disclosures/due")?).await?;
    let link = |chosen: Option<Class>| {
        let code = chosen.map_or("", |class| class.code());
        Link {
            href: format!("/disclosures?class={code}&month={}", odd(month)),
            label: chosen.map_or_else(|| w.open_all().to_owned(), |class| w.short(class)),
            current: class == chosen,
        }
    };
    let classes = std::iter::once(None).chain(Class::ALL.iter().copied().map(Some));
    let mut known: Vec<&str> = every
        .disclosures
        .iter()
        .filter_map(|line| line.to.get(..7))
        .collect();
    known.sort_unstable();
    known.dedup();
    let code = class.map_or("", |class| class.code());
    let months = known.into_iter().rev().take(MONTHS).map(|one| Link {
        href: format!("/disclosures?class={code}&month={one}"),
        label: one.to_owned(),
        current: one == month,
    });
    let due = told(&visit, &duties, class, DutyState::Due);
    visit.show(&ListPage {
        frame: Frame::of(&visit, w.open_title()),
        w,
        as_of: visit.when(found.as_of_ms),
        classes: classes.map(link).collect(),
        months: months.collect(),
        is_filtered: class.is_some() || !month.is_empty(),
        rows: found
            .disclosures
            .iter()
            .map(|line| row(&visit, line))
            .collect(),
        overdue: told(&visit, &duties, class, DutyState::Overdue),
        due,
    })
}

/// A document as people read it.
pub(crate) struct Document {
    pub(crate) facts: Vec<(String, String)>,
    pub(crate) fields: Vec<FieldValue>,
    pub(crate) columns: Vec<ColumnView>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) note: String,
    pub(crate) files: Vec<File>,
}

/// A file of a document.
pub(crate) struct File {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) about: String,
    pub(crate) sha256: String,
}

/// Says of which kind a file is and how long.
pub(crate) fn about(w: Words, file: &DocumentFile) -> String {
    w.open_file_about(w.short(file.media), size(file.bytes))
}

/// Returns a length as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{} KB", bytes.div_ceil(1_024)),
        _ => format!("{}.{} MB", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20),
    }
}

impl Document {
    pub(crate) fn of(visit: &Visit, document: DisclosureDocument) -> Self {
        let w = visit.w;
        let at = |ms| visit.when(ms).text();
        let mut facts = vec![
            (w.open_class().to_owned(), w.short(document.class)),
            (w.open_published().to_owned(), at(document.published_at_ms)),
            (w.open_agreed().to_owned(), at(document.agreed_at_ms)),
            (w.open_reviewed().to_owned(), at(document.reviewed_at_ms)),
        ];
        let template = format!("{} v{}", document.template, document.template_version);
        facts.push((w.open_template().to_owned(), template));
        facts.extend(
            document
                .source
                .map(|source| (w.open_source().to_owned(), source)),
        );
        facts.extend(
            document
                .reason
                .map(|reason| (w.open_reason().to_owned(), reason)),
        );
        let number = document.number;
        let file = |file: DocumentFile| File {
            href: format!("/disclosures/{number}/files/{}", file.number),
            about: about(w, &file),
            name: file.name,
            sha256: file.sha256,
        };
        Self {
            facts,
            files: document.attachments.into_iter().map(file).collect(),
            fields: document.fields,
            columns: document.columns,
            rows: document.rows,
            note: document.note,
        }
    }
}

impl Document {
    /// Returns the form of an item with made-up values.
    pub(crate) fn sample(w: Words, sample: &ItemSample) -> Self {
        let source = sample.source.clone();
        let source = source.map(|source| (w.open_source().to_owned(), source));
        let class = (w.open_class().to_owned(), w.short(sample.class));
        Self {
            facts: std::iter::once(class).chain(source).collect(),
            fields: sample.fields.clone(),
            columns: sample.columns.clone(),
            rows: sample.rows.clone(),
            note: String::new(),
            files: vec![],
        }
    }

    /// Returns it without the addresses of its files: another division may have published it.
    pub(crate) fn without_links(mut self) -> Self {
        for file in &mut self.files {
            file.href.clear();
        }
        self
    }
}

/// Returns whether a field holds a number, which stands at the right.
pub(crate) fn is_figure(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Money | FieldKind::Number)
}

#[derive(Template)]
#[template(path = "disclosures/one.html")]
struct OnePage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    number: String,
    period: String,
    edition: u32,
    editions: u32,
    document: Option<Document>,
    withdrawn: Option<String>,
    log: Option<EditionLog>,
    older: Vec<(u32, String, When)>,
    objections: u32,
    objections_until: Option<When>,
    answered: Vec<(String, When)>,
    problem: Option<Problem>,
    text: &'a str,
    name: &'a str,
    phone: &'a str,
}

/// Shows one disclosure: the edition in the address, or the latest.
async fn one(visit: Arc<Visit>) -> Answer {
    shown(&visit, None).await
}

/// Shows the proof of an edition for paper.
async fn proof(visit: Arc<Visit>) -> Answer {
    let (w, view) = (visit.w, view(&visit).await?);
    let (line, edition) = (
        &view.line,
        chosen(&visit, &view).ok_or_else(sheet::gone)?.edition,
    );
    let path = format!(
        "disclosures/{}/receipt/printed?edition={edition}",
        odd(&line.number)
    );
    let proof: Named<PrintedProof> = visit.calls.get(&visit.api(&path)?).await?;
    let item = named(w, &line.item, line.english.as_deref());
    let period = period((&line.from, &line.to, &line.title));
    let facts = vec![
        (w.verify_disclosure_number(), line.number.clone()),
        (w.verify_edition(), edition.to_string()),
    ];
    let about = Some(format!("{item} {period}"));
    printed::show(&visit, (about, facts), &proof.facts)
}

async fn view(visit: &Visit) -> Result<DisclosureView, Problem> {
    let path = format!("disclosures/{}", odd(visit.param("number")));
    visit.calls.get(&visit.api(&path)?).await
}

/// Returns the edition that the address asks for; the latest if it names none, and nothing if there is none like that.
fn chosen(visit: &Visit, view: &DisclosureView) -> Option<EditionView> {
    let Some(asked) = visit.query.get("edition") else {
        return view.editions.first().cloned();
    };
    let asked: u32 = asked.parse().ok()?;
    let found = view.editions.iter().find(|one| one.edition == asked);
    found.cloned()
}

async fn shown(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let view = view(visit).await?;
    let line = &view.line;
    let now = view.as_of_ms;
    let edition = Some(chosen(visit, &view).ok_or_else(sheet::gone)?);
    let current = edition.as_ref().map_or(0, |one| one.edition);
    let older = view.editions.iter().filter(|one| one.edition != current);
    let older = older.map(|one| {
        let href = format!("/disclosures/{}?edition={}", line.number, one.edition);
        (one.edition, href, visit.when(one.at_ms))
    });
    let (document, log) = edition.map_or((None, None), |one| (one.document, one.log));
    let title = named(w, &line.item, line.english.as_deref());
    let (frame, status) = Frame::of(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &OnePage {
            frame,
            w,
            as_of: visit.when(now),
            number: line.number.clone(),
            period: period((&line.from, &line.to, &line.title)),
            edition: current,
            editions: line.editions,
            document: document.map(|document| Document::of(visit, document)),
            withdrawn: view.withdrawn.clone(),
            log,
            older: older.collect(),
            objections: view.objections,
            objections_until: view
                .objections_until_ms
                .filter(|until| now <= *until)
                .map(|ms| visit.when(ms)),
            answered: view
                .answered
                .iter()
                .map(|one| (one.matter.clone(), visit.when(one.at_ms)))
                .collect(),
            problem,
            text: visit.form.typed("text"),
            name: visit.form.typed("name"),
            phone: visit.form.typed("phone"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_told_as_one_and_a_week_at_its_beginning_is_not() {
        let week = period(("2026-06-01", "2026-06-07", ""));
        assert_eq!(week, "2026-06-01 – 2026-06-07");
        let month = period(("2026-06-01", "2026-06-30", ""));
        assert_eq!(month, "2026-06");
        let event = period(("2026-06-01", "2026-06-01", "路灯"));
        assert_eq!(event, "路灯 · 2026-06-01");
    }
}
