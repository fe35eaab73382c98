//! Shows matters as requests to those who may see them.

use api::{BodyView, StepView};
use domain::{
    category::Class,
    clock::Stage,
    custody::Docket,
    ids::MatterId,
    matter::{Act, Audience, Detail, Matter, Outcome, Publicity, Reason, Status},
    people::{Permission, Who, may},
    policy::Policy,
    time::Timestamp,
};
use office::{FiledBy, people};
use serde::Serialize;
use web::state::AppState;

use super::{
    Asker, Visit,
    fault::Fault,
    filter::{Filter, MOST},
    services,
};

/// The most matters read for a list, so that a filter with few matches does not read without end.
const MOST_SCANNED: usize = 5_000;

/// A request, as GET requests returns it.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    service_request_id: String,
    status: &'static str,
    status_notes: Option<String>,
    service_name: String,
    service_code: String,
    description: Option<String>,
    agency_responsible: String,
    service_notice: Option<String>,
    requested_datetime: String,
    updated_datetime: String,
    expected_datetime: Option<String>,
    address: Option<String>,
    address_id: Option<String>,
    zipcode: Option<String>,
    lat: Option<f64>,
    long: Option<f64>,
    media_url: Option<String>,
}

/// A request that was just filed.
#[derive(Debug, Serialize)]
pub(super) struct Filed {
    service_request_id: String,
    service_notice: Option<String>,
    account_id: Option<String>,
    /// Not in the protocol: gives access to this request.
    reporter_token: String,
}

impl Filed {
    pub(super) fn new(id: MatterId, notice: Option<String>, slip: people::Token) -> Self {
        Self {
            service_request_id: id.to_string(),
            service_notice: notice,
            account_id: None,
            reporter_token: slip.to_string(),
        }
    }
}

/// The request number of a token: numbers are returned at once, so each is its own token.
#[derive(Debug, Serialize)]
pub(super) struct Token {
    service_request_id: String,
    token: String,
}

/// Extent to which a caller sees a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// The published part.
    Published,
    /// Everything its reporter may see.
    Own,
}

impl Sight {
    /// Returns whether the caller may see a step.
    fn shows(self, act: Act) -> bool {
        match act {
            Act::Remark(Audience::Offices) => false,
            Act::Remark(Audience::Reporter) | Act::Reply(Publicity::Private) => self == Self::Own,
            _ => true,
        }
    }

    /// Returns when the latest step was made that the caller may see.
    fn updated(self, matter: &Matter) -> Timestamp {
        let mut steps = matter.steps.iter().rev();
        let last = steps.find(|step| self.shows(step.act));
        last.map_or(matter.reported_at(), |step| step.at)
    }
}

/// Formats a time by the W3C note NOTE-datetime, in Shanghai.
pub(super) fn w3c(at: Timestamp) -> String {
    let shanghai = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let moment = moment.to_zoned(shanghai);
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

impl Asker {
    async fn sight(&self, docket: &Docket) -> Result<Option<Sight>, Fault> {
        let (office, matter) = (&self.node.office, &docket.matter);
        let who = &self.guest.known.who;
        let mut own = match &self.slip {
            Some(slip) => {
                office
                    .people()
                    .is_reporter_token_of(slip, matter.id)
                    .await?
            }
            None => false,
        };
        if let Who::Key(key) = who {
            let place = office.people().place(who, Some(matter.id)).await?;
            let sees = may(
                who,
                Permission::ViewMatter,
                &place,
                office.now(),
                office.tree(),
            );
            own = own || sees.is_ok() || office.matters().is_filed_with(key.id, matter).await?;
        }
        Ok(match own {
            true => Some(Sight::Own),
            false => Some(Sight::Published).filter(|_| matter.published()),
        })
    }

    /// Returns a matter and how much of it the caller sees; a missing and a hidden matter look
    /// alike.
    async fn find(&self, id: &str) -> Result<Option<(Docket, Sight)>, Fault> {
        let Ok(id) = id.parse::<MatterId>() else {
            return Ok(None);
        };
        let Some(docket) = self.node.office.matters().docket(id).await? else {
            return Ok(None);
        };
        let sight = self.sight(&docket).await?;
        Ok(sight.map(|sight| (docket, sight)))
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<(Docket, Sight)>, Fault> {
        let office = &self.node.office;
        let mut shelves = vec![FiledBy::Published];
        if let Who::Key(key) = &self.guest.known.who {
            shelves.push(FiledBy::FiledWith(key.id));
        }
        let mut found = vec![];
        let mut whole = true;
        for shelf in shelves {
            let some = office
                .matters()
                .filed(shelf, filter.span, MOST_SCANNED)
                .await?;
            whole &= some.len() < MOST_SCANNED;
            found.extend(some);
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        let mut listed = vec![];
        let mut before = filter.before;
        for (_, id) in found {
            let Some(docket) = office.matters().docket(id).await? else {
                continue;
            };
            if !filter.takes(&docket.matter) {
                continue;
            }
            let Some(sight) = self.sight(&docket).await? else {
                continue;
            };
            if filter
                .updated_after
                .is_some_and(|at| sight.updated(&docket.matter) <= at)
            {
                continue;
            }
            if before > 0 {
                before -= 1;
                continue;
            }
            listed.push((docket, sight));
            if listed.len() == filter.most {
                return Ok(listed);
            }
        }
        match whole {
            true => Ok(listed),
            false => Err(Fault::unfit(
                "there are too many requests in this time to search; request a shorter span",
            )),
        }
    }

    async fn shown(
        &self,
        (docket, sight): (Docket, Sight),
        policy: &Policy,
        app_state: &AppState,
    ) -> Result<Shown, Fault> {
        let matter = docket.matter.clone();
        let view = self.node.office.matters().view(docket).await?;
        let open = sight == Sight::Own || matter.class == Class::Public;
        let description = match view.body {
            BodyView::Text(text) if open => Some(text),
            _ => None,
        };
        let detail = |name| {
            let mut details = view.details.iter().filter(|_| open);
            let found = details.find(|detail| detail.name == name);
            found.map(|detail| detail.text.clone())
        };
        // Checked again, because another node may have accepted it by another rule.
        let media_url = detail(Detail::MEDIA_URL).filter(|url| Detail::is_web_address(url));
        let place = view.place.filter(|_| open);
        let finish = view.clocks.iter().rev().find(|c| c.stage == Stage::Finish);
        let listed = policy.category(&matter.category);
        let name = listed.map(|listed| listed.value.name.into());
        let holder = app_state.tree.full_name(matter.holder);
        Ok(Shown {
            service_request_id: view.id,
            status: if matter.is_closed() { "closed" } else { "open" },
            status_notes: Some(notes(&matter, &view.steps, sight)),
            service_name: name.unwrap_or_else(|| matter.category.to_string()),
            service_code: services::code(&matter.category),
            description,
            agency_responsible: holder.unwrap_or_else(|| matter.holder.to_string()),
            service_notice: None,
            requested_datetime: w3c(matter.reported_at()),
            updated_datetime: w3c(sight.updated(&matter)),
            expected_datetime: finish.map(|clock| w3c(Timestamp(clock.due_ms))),
            address: detail(Detail::ADDRESS),
            address_id: detail(Detail::ADDRESS_ID),
            zipcode: None,
            lat: place.map(|place| place.latitude),
            long: place.map(|place| place.longitude),
            media_url,
        })
    }
}

impl Visit<'_> {
    pub(super) async fn requests(&self) -> Result<Vec<Shown>, Fault> {
        let asker = self.asker(Permission::ViewMatter).await?;
        let ids = self.form.list("service_request_id");
        let found = match ids.is_empty() {
            true => {
                let filter = Filter::read(&self.form, asker.node.office.now())?;
                asker.list(&filter).await?
            }
            false => {
                let mut found = vec![];
                for id in ids.into_iter().take(MOST) {
                    found.extend(asker.find(id).await?);
                }
                found
            }
        };
        self.write(&asker, found).await
    }

    pub(super) async fn request(&self, id: &str) -> Result<Vec<Shown>, Fault> {
        let asker = self.asker(Permission::ViewMatter).await?;
        let found = asker.find(id).await?;
        let found = found.ok_or_else(|| {
            Fault::missing("service_request_id was not found, or you may not see it; check it")
        })?;
        self.write(&asker, vec![found]).await
    }

    pub(super) async fn token(&self, token: &str) -> Result<Token, Fault> {
        let asker = self.asker(Permission::ViewMatter).await?;
        match asker.find(token).await? {
            Some((docket, _)) => Ok(Token {
                service_request_id: docket.matter.id.to_string(),
                token: token.to_owned(),
            }),
            None => Err(Fault::missing(
                "token was not found; numbers are returned at once, so tokens are not needed",
            )),
        }
    }

    async fn write(&self, asker: &Asker, found: Vec<(Docket, Sight)>) -> Result<Vec<Shown>, Fault> {
        let policy = asker.node.office.templates().policy_in_force().await?;
        let mut all = Vec::with_capacity(found.len());
        for one in found {
            all.push(asker.shown(one, &policy, self.app_state).await?);
        }
        Ok(all)
    }
}

/// Returns the status of the work and the last remark of an office that the caller may see.
fn notes(matter: &Matter, steps: &[StepView], sight: Sight) -> String {
    let to_all = |act: Act| act == Act::Reply(Publicity::Public);
    // The reporter's own words are not a remark of an office.
    let by_reporter = |act: Act| {
        matches!(
            act,
            Act::Report | Act::Reopen(_) | Act::Rate(_) | Act::Close(Outcome::Withdrawn)
        )
    };
    let said = steps.iter().rev().find_map(|step| {
        let meant = match sight {
            Sight::Published => to_all(step.act),
            Sight::Own => sight.shows(step.act) && !by_reporter(step.act),
        };
        match &step.note {
            Some(BodyView::Text(text)) if meant => Some(text.as_str()),
            _ => None,
        }
    });
    let moving = match matter.transit {
        Some(_) => "（移交中）",
        None => "",
    };
    let stands = format!("{}{moving}", stands(matter.status));
    match said {
        Some(said) => format!("{stands}。{said}"),
        None => stands,
    }
}

const fn stands(status: Status) -> &'static str {
    match status {
        Status::Reported => "已上报，待受理",
        Status::Accepted => "已受理",
        Status::Dispatched => "已派遣",
        Status::Handling => "处置中",
        Status::Answered => "已反馈",
        Status::Verified => "已核查",
        Status::Closed(outcome) => match outcome {
            Outcome::Solved => "已办结：已解决",
            Outcome::Unfounded => "已办结：经查不属实",
            Outcome::Unsolvable => "已办结：无法解决",
            Outcome::Withdrawn => "已撤回",
            Outcome::Merged(_) => "已并入另一事项",
            Outcome::Rejected(reason) => match reason {
                Reason::Private => "不予受理：不属公共事务",
                Reason::Judicial => "不予受理：属司法或仲裁程序",
                Reason::Unclear => "不予受理：内容不清",
                Reason::Decided => "不予受理：已有最终意见",
                Reason::Nonsense => "不予受理：无实质内容",
            },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_with_their_offset() {
        assert_eq!(w3c(Timestamp(784_041_330_000)), "1994-11-05T21:15:30+08:00");
        assert_eq!(w3c(Timestamp(784_041_330_999)), "1994-11-05T21:15:30+08:00");
    }
}
