//! Filters of request lists.

use domain::{category::Category, matter::Matter, time::Timestamp};

use super::{fault::Fault, form::Form, services};

/// The most requests of a list, by the protocol.
pub(super) const MOST: usize = 1_000;

/// The longest span, and the default: 90 days.
const SPAN_MS: i64 = 90 * 86_400_000;
/// The largest page number; no list reads that many requests.
const MOST_PAGES: usize = 10_000;

/// Filters of GET requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filter {
    /// First and last time of the report, inclusive.
    pub(super) span: (Timestamp, Timestamp),
    /// Only requests with an update later than this.
    pub(super) updated_after: Option<Timestamp>,
    /// Number of matching requests on the pages before.
    pub(super) before: usize,
    /// The most requests on the page.
    pub(super) most: usize,
    categories: Option<Vec<Category>>,
    open: bool,
    closed: bool,
}

/// Filters of other servers that this one does not support. They are rejected by name, because
/// ignoring a filter gives a wrong list.
const UNSUPPORTED: [&str; 8] = [
    "q",
    "lat",
    "long",
    "radius",
    "sort",
    "updated_before",
    "per_page",
    "agency_responsible",
];

/// Reads a whole number from 1 to `most`.
fn number(form: &Form, name: &str, most: usize) -> Result<Option<usize>, Fault> {
    let Some(text) = form.get(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|n| (1..=most).contains(n));
    number.map(Some).ok_or_else(|| {
        Fault::unfit(&format!(
            "{name} is a whole number from 1 to {most}; correct it"
        ))
    })
}

impl Filter {
    pub(super) fn read(form: &Form, now: Timestamp) -> Result<Self, Fault> {
        let (mut open, mut closed) = (false, false);
        for word in form.list("status") {
            match word {
                "open" => open = true,
                "closed" => closed = true,
                _ => {
                    return Err(Fault::unfit(
                        "status is unknown; ask for open, closed or both",
                    ));
                }
            }
        }
        if let Some(name) = UNSUPPORTED
            .into_iter()
            .find(|name| form.get(name).is_some())
        {
            return Err(Fault::unfit(&format!(
                "{name} is not a filter of this server; leave it out"
            )));
        }
        let most = number(form, "page_size", MOST)?.unwrap_or(MOST);
        let page = number(form, "page", MOST_PAGES)?.unwrap_or(1);
        let codes = form.list("service_code");
        let categories = codes.iter().map(|code| services::category(code));
        let categories: Vec<_> = categories.flatten().collect();
        Ok(Self {
            span: span(moment(form, "start_date")?, moment(form, "end_date")?, now)?,
            updated_after: moment(form, "updated_after")?,
            before: (page - 1) * most,
            most,
            categories: Some(categories).filter(|_| !codes.is_empty()),
            open: open || !closed,
            closed: closed || !open,
        })
    }

    /// Returns whether the list contains a matter.
    pub(super) fn takes(&self, matter: &Matter) -> bool {
        let wanted = |categories: &Vec<Category>| categories.contains(&matter.category);
        self.categories.as_ref().is_none_or(wanted)
            && if matter.is_closed() {
                self.closed
            } else {
                self.open
            }
    }
}

fn span(
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    now: Timestamp,
) -> Result<(Timestamp, Timestamp), Fault> {
    let span = match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => (start, Timestamp(now.0.min(start.0.saturating_add(SPAN_MS)))),
        (None, end) => {
            let end = end.unwrap_or(now);
            (Timestamp(end.0.saturating_sub(SPAN_MS)), end)
        }
    };
    let (start, end) = span;
    match end.0.saturating_sub(start.0) {
        ..0 if start <= now => Err(Fault::unfit("end_date is before start_date; swap them")),
        0..=SPAN_MS => Ok(span),
        // The span is in the future, where no reports are.
        ..0 => Ok((start, start)),
        _ => Err(Fault::unfit(
            "start_date and end_date span more than 90 days; request shorter spans one after the other",
        )),
    }
}

/// Reads a time with its offset. An unescaped plus in the offset arrives as a blank.
fn moment(form: &Form, name: &str) -> Result<Option<Timestamp>, Fault> {
    let Some(text) = form.get(name) else {
        return Ok(None);
    };
    let parsed = text.replace(' ', "+").parse::<jiff::Timestamp>();
    let moment = parsed.map_err(|_| {
        Fault::unfit(&format!(
            "{name} is not a date and time; write it as 2026-03-01T00:00:00Z or 2026-03-01T08:00:00+08:00"
        ))
    })?;
    Ok(Some(Timestamp(moment.as_millisecond())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_772_323_200_000);

    fn filter(text: &str) -> Result<Filter, Fault> {
        let mut form = Form::default();
        form.read(text).unwrap();
        Filter::read(&form, NOW)
    }

    #[test]
    fn the_span_is_ninety_days_at_most_and_by_default() {
        let day = 86_400_000;
        for (text, from, to) in [
            ("", -90, 0),
            ("end_date=2026-02-19T00:00:00Z", -100, -10),
            ("start_date=2026-02-19T00:00:00Z", -10, 0),
            ("start_date=2025-11-01T00:00:00Z", -120, -30),
            ("start_date=2026-02-19T08:00:00%2B08:00", -10, 0),
            ("start_date=2026-02-19T08:00:00+08:00", -10, 0),
            ("start_date=&status=open", -90, 0),
        ] {
            let (start, end) = filter(text).unwrap().span;
            assert_eq!(
                (start.0 - NOW.0, end.0 - NOW.0),
                (from * day, to * day),
                "{text}"
            );
        }
        for bad in [
            "start_date=2026-02-19",
            "start_date=yesterday",
            "start_date=2025-11-01T00:00:00Z&end_date=2026-02-01T00:00:00Z",
            "start_date=2026-02-19T00:00:00Z&end_date=2026-02-18T00:00:00Z",
            "status=lost",
            "page=0",
            "page=x",
            "page_size=1001",
            "updated_after=yesterday",
            "q=lamp",
            "radius=5",
        ] {
            assert_eq!(filter(bad).unwrap_err().status, 400, "{bad}");
        }
    }

    #[test]
    fn a_service_nobody_has_is_a_list_of_nothing_and_not_of_everything() {
        assert_eq!(filter("service_code=001").unwrap().categories, Some(vec![]));
        assert_eq!(filter("service_code=").unwrap().categories, None);
    }
}
