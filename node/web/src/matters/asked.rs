//! What a request about matters means to the office.

use std::str::FromStr;

use api::{Ending, MatterAction, MattersQuery, ReportRequest};
use domain::{
    calendar::Allowance,
    category::Category,
    custody::Turn,
    matter::{Act, Outcome, Place, Target},
    time::Day,
};
use office::{About, Cursor, NewReport, OfficeError, Search, Work};

use crate::problem::Rejection;

/// Matters on a page unless asked for otherwise.
const USUAL_PAGE: usize = 100;
/// Matters on a page at most.
const MOST_PAGE: usize = 1_000;
/// Characters of what is looked for.
const MOST_WORDS: usize = 64;

/// Reads what the office takes, without what is to follow; fails for a text that is no category, or a
/// place that is none.
pub(super) fn new_report(request: ReportRequest) -> Result<NewReport, Rejection> {
    let category = request.category.parse().map_err(OfficeError::Category)?;
    let place = request
        .place
        .map(|point| Place::in_system(request.coordinates, point.latitude, point.longitude));
    let place = place.transpose();
    Ok(NewReport {
        channel: request.channel,
        priority: request.priority,
        visibility: request.visibility,
        class: request.class,
        about: request.about,
        place: place.map_err(|error| Rejection::unfit(&error.to_string()))?,
        contact: request.contact,
        attachments: request.attachments,
        ..NewReport::new(category, request.text)
    })
}

/// Reads what the office is asked from a query; fails if something in it is not what it should be.
pub(super) fn search(query: MattersQuery) -> Result<Search, Rejection> {
    fn read<T: FromStr>(text: Option<&String>) -> Result<Option<T>, Rejection>
    where
        T::Err: std::fmt::Display,
    {
        let read = text.map(|text| text.parse()).transpose();
        read.map_err(|error: T::Err| Rejection::unfit(&error.to_string()))
    }
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=MOST_PAGE).contains(&limit) {
        return Err(Rejection::unfit(&format!(
            "a page of {limit} matters does not fit; ask for 1 to {MOST_PAGE}"
        )));
    }
    if query
        .q
        .as_ref()
        .is_some_and(|q| q.chars().count() > MOST_WORDS)
    {
        return Err(Rejection::unfit(&format!(
            "what is looked for has more than {MOST_WORDS} characters; shorten it"
        )));
    }
    Ok(Search {
        state: query.state,
        about: read::<About>(query.category.as_ref())?,
        origin: query.origin,
        holder: query.holder,
        urgency: query.clock,
        from: read::<Day>(query.from.as_ref())?,
        to: read::<Day>(query.to.as_ref())?,
        words: query.q,
        order: query.order,
        after: read::<Cursor>(query.after.as_ref())?,
        limit,
    })
}

/// Returns what the office calls it; fails for a text that is no category or no length of time.
pub(super) fn work(deed: MatterAction) -> Result<Work, OfficeError> {
    let close = |outcome| Work::Do(Act::Close(outcome));
    Ok(match deed {
        MatterAction::Accept => Work::Do(Act::Accept),
        MatterAction::Reject { reason } => close(Outcome::Rejected(reason)),
        MatterAction::Dispatch {
            platform,
            department,
            officer,
        } => Work::Do(Act::Dispatch(Target {
            platform,
            department,
            officer,
        })),
        MatterAction::Handle => Work::Do(Act::Handle),
        MatterAction::Feedback => Work::Do(Act::Feedback),
        MatterAction::Verify { passed } => Work::Do(Act::Verify(passed)),
        MatterAction::Close { outcome } => close(match outcome {
            Ending::Solved => Outcome::Solved,
            Ending::Unfounded => Outcome::Unfounded,
            Ending::Unsolvable => Outcome::Unsolvable,
        }),
        MatterAction::Escalate { to } => Work::Escalate(to),
        MatterAction::Assign { to } => Work::Give(Act::Assign(to)),
        MatterAction::Return => Work::Return,
        MatterAction::Object { ground } => Work::Object(ground),
        MatterAction::Arbitrate { to } => Work::Give(Act::Arbitrate(to)),
        MatterAction::Remark { audience } => Work::Do(Act::Remark(audience)),
        MatterAction::Reply { publicity } => Work::Do(Act::Reply(publicity)),
        MatterAction::Recategorise { category } => {
            Work::Recategorise(category.parse::<Category>()?)
        }
        MatterAction::Prioritise { priority } => Work::Do(Act::Prioritise(priority)),
        MatterAction::Pause { reason } => Work::Time(Turn::Pause(reason)),
        MatterAction::Resume => Work::Time(Turn::Resume),
        MatterAction::Extend { stage, by, reason } => {
            Work::Time(Turn::Extend(stage, by.parse::<Allowance>()?, reason))
        }
        MatterAction::Merge { into } => Work::Merge(into),
    })
}
