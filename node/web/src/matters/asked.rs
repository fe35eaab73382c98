//! Conversion of requests about matters into calls of the office.

use std::str::FromStr;

use api::{Channel, Charge, MattersQuery, OwnMattersQuery, Priority, ReportRequest};
use domain::{
    category::Category,
    matter::{Detail, Place},
    people::Who,
    time::Day,
};
use office::{About, BadCursor, Charged, Cursor, NewReport, Search};

use crate::{
    ask::NodePath,
    problem::{InChinese, Rejection},
};

/// Matters on a page by default.
const USUAL_PAGE: usize = 100;
/// The most matters on a page.
const MOST_PAGE: usize = 1_000;
/// The most characters of a search text.
const MOST_WORDS: usize = 64;

/// Converts a report, without `escalate_to`. Fails if the category or the location is not valid.
pub(crate) fn new_report(request: ReportRequest) -> Result<NewReport, Rejection> {
    if request.objects_to_rating.is_some() {
        return Err(Rejection::unfit((
            "a rating is objected to by a report of its own; leave `objects_to_rating` out here",
            "对评分的异议要单独提交；请从本户记录里提出",
        )));
    }
    let category = request.category.parse::<Category>()?;
    let place = request
        .place
        .map(|point| Place::in_system(request.coordinates, point.latitude, point.longitude));
    let place = place.transpose();
    let address = request.address.map(Detail::address).transpose();
    let address = address.map_err(|error| Rejection::unfit(&error))?;
    let objects_to = request.objects_to.as_deref().map(str::parse).transpose();
    Ok(NewReport {
        details: address.into_iter().collect(),
        data: request.data.into_iter().collect(),
        channel: request.channel,
        priority: request.priority,
        visibility: request.visibility,
        class: request.class,
        about: request.about,
        place: place.map_err(|error| Rejection::unfit(&error))?,
        contact: request.contact,
        attachments: request.attachments,
        objects_to: objects_to.map_err(|error| Rejection::unfit(&error))?,
        ..NewReport::new(category, request.text)
    })
}

/// Writes the place of the division's list that a report names before its address. Fails if the list
/// has no such place.
pub(crate) async fn in_named_place(
    at: &NodePath,
    mut request: ReportRequest,
) -> Result<ReportRequest, Rejection> {
    let Some(named) = request.named_place.take() else {
        return Ok(request);
    };
    let policy = at.node.office.templates().policy_in_force().await?;
    let places = policy.places(at.division);
    if places.iter().all(|place| *place.value.name != *named) {
        let (named, division) = (named.chars().take(40).collect::<String>(), at.division);
        return Err(Rejection::unfit((
            format!(
                "`{named}` is not in the list of places of {division}; take one of `places` in its promises, or \
                 write the place into `address`"
            ),
            format!("“{named}”不在 {division} 的地点表中；请从表中选，或把地点写出来"),
        )));
    }
    let words = request.address.take();
    let words = words.filter(|words| !words.trim().is_empty());
    request.address =
        Some(words.map_or_else(|| named.clone(), |words| format!("{named}，{words}")));
    Ok(request)
}

/// Converts a query. Fails if a parameter is not valid.
pub(super) fn search(query: MattersQuery, who: &Who) -> Result<Search, Rejection> {
    fn read<T: FromStr>(text: Option<&String>) -> Result<Option<T>, Rejection>
    where
        T::Err: InChinese,
    {
        let read = text.map(|text| text.parse()).transpose();
        read.map_err(|error: T::Err| Rejection::unfit(&error))
    }
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=MOST_PAGE).contains(&limit) {
        return Err(Rejection::unfit((
            format!("a page cannot have {limit} matters; ask for 1 to {MOST_PAGE}"),
            format!("一页不能有 {limit} 件；请写 1 到 {MOST_PAGE}"),
        )));
    }
    if query
        .q
        .as_ref()
        .is_some_and(|q| q.chars().count() > MOST_WORDS)
    {
        return Err(Rejection::unfit((
            format!("the search text has more than {MOST_WORDS} characters; shorten it"),
            format!("查找的文字超过 {MOST_WORDS} 个字；请写短些"),
        )));
    }
    Ok(Search {
        state: query.state,
        about: read::<About>(query.category.as_ref())?,
        origin: query.origin,
        holder: query.holder,
        urgency: query.clock,
        charge: query
            .charge
            .map(|charge| charged(charge, who))
            .transpose()?,
        from: read::<Day>(query.from.as_ref())?,
        to: read::<Day>(query.to.as_ref())?,
        words: query.q,
        order: query.order,
        after: read::<Cursor>(query.after.as_ref())?,
        limit,
    })
}

/// Reads where a page of own matters begins and how long it is. Fails if a parameter is not valid.
pub(super) fn own_page(query: &OwnMattersQuery) -> Result<(Option<Cursor>, usize), Rejection> {
    let after = query.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|error: BadCursor| Rejection::unfit(&error))?;
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    match (1..=USUAL_PAGE).contains(&limit) {
        true => Ok((after, limit)),
        false => Err(Rejection::unfit((
            format!("a page cannot have {limit} matters; ask for 1 to {USUAL_PAGE}"),
            format!("一页不能有 {limit} 件；请要 1 到 {USUAL_PAGE} 件"),
        ))),
    }
}

fn charged(charge: Charge, who: &Who) -> Result<Charged, Rejection> {
    let account = match who {
        Who::Account(account) => Ok(account),
        _ => Err(Rejection::unfit((
            "only a person with an account has matters of their own; log in, or leave `charge` out",
            "有账号的人才有“我的”事项；请登录，或不按此筛选",
        ))),
    };
    match charge {
        Charge::Nobody => Ok(Charged::Nobody),
        Charge::Mine => Ok(Charged::To(Box::new(account?.clone()))),
        Charge::Department => account?.department.map(Charged::Within).ok_or_else(|| {
            Rejection::unfit((
                "your account belongs to no department; use `charge=mine`",
                "您的账号不属于任何部门；请改看“我的”",
            ))
        }),
    }
}

/// Returns whether a report is one that somebody takes for another: by telephone or on paper, or more
/// urgent than a reporter says by themselves.
pub(super) fn is_for_another(request: &ReportRequest) -> bool {
    matches!(request.channel, Channel::Hotline | Channel::Paper)
        || request.priority != Priority::Normal
}
