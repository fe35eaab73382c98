//! POST requests: reports.

use std::sync::Arc;

use domain::{
    audit::Subject,
    clock::Stage,
    ids::MatterId,
    matter::{Channel, Contact, Datum, Detail, Place},
    people::{Permission, Who},
    policy::{self, Policy},
};
use office::{
    NewReport, Office, Request, RequestContext,
    people::{Begun, KeyReused, TokenKind},
};
use topology::UnknownTerm;
use tracing::{Instrument, info_span};
use web::{
    credentials::Credentials,
    idempotency::{idempotency_key, key_of_repetition},
    trace,
};

use super::{Visit, answer::Answer, fault::Fault, form::Form, parts::Photos, services, show};

/// The longest description in characters, by the protocol; policy may allow less.
const MOST_DESCRIPTION: usize = 4_000;
/// The longest `address_string`, in characters.
const MOST_ADDRESS: usize = Detail::MOST_ADDRESS;
/// The longest `address_id`, and the longest code of an attribute, in characters.
const MOST_WORD: usize = 64;
/// The longest `media_url`, in characters.
const MOST_URL: usize = 2_000;
/// The longest value of an attribute in characters, and the most attributes.
const MOST_ATTRIBUTE: usize = 500;
const MOST_ATTRIBUTES: usize = 32;

/// Path that identifies repeated reports, whichever ending they use.
const ROUTE: &str = "/open311/v2/requests";

impl Visit<'_> {
    /// Takes a report. With an `Idempotency-Key` it is made once; a repetition gets the same number
    /// and the same token, which is derived from the API key and stored nowhere.
    ///
    /// `device_id` and `account_id` are accepted and not stored, because nothing here needs the
    /// reporter's telephone or their account at the app's maker.
    pub(super) async fn report(&mut self) -> Result<Answer, Fault> {
        let photos = self.photos.take();
        let mut asker = self.asker(Permission::Report).await?;
        let actor = asker.guest.known.actor().ok_or_else(Fault::no_key)?;
        let mut said = self.form.said();
        said.extend(photos.iter().flat_map(Photos::said));
        let idempotency = key_of_repetition(&self.parts)?
            .map(|key| idempotency_key(&actor, ROUTE, &key, ("", &said)));
        let request = Request::new(self.whence, Permission::Report).idempotent(idempotency);
        asker.guest.request = Arc::new(request);
        let (guest, office) = (&asker.guest, &asker.node.office);
        let (Who::Key(key), Credentials::Bearer(shown)) = (&guest.known.who, guest.credentials)
        else {
            return Err(Fault::no_key());
        };
        guest.must(Permission::Report).await?;
        let slip = match &idempotency {
            Some(idempotency) => shown.reporter_token_of(&idempotency.key, &idempotency.body),
            None => office.people().new_token(TokenKind::ReporterToken),
        };
        let _in_hand = match idempotency {
            None => None,
            Some(idempotency) => match office.people().begin_idempotent(idempotency).await? {
                Begun::First(in_hand) => Some(in_hand),
                Begun::Replay(done) => {
                    let Some(Subject::Matter(id)) = done.subject else {
                        return Err(Fault::of(&KeyReused.into()));
                    };
                    let notice = notice(office, id).await?;
                    return Ok(Answer::FiledBefore(show::Filed::new(id, notice, slip)));
                }
            },
        };
        let policy = office.templates().policy_in_force().await?;
        let helps = guest.may(Permission::ReportForAnother).is_ok();
        let channel = channel(&key.name, helps);
        let mut new = read(&self.form, &policy, channel)?;
        if matches!(channel, Channel::Hotline | Channel::Paper) {
            guest.must(Permission::ReportForAnother).await?;
        }
        let header = self.parts.headers.get("traceparent");
        let span = info_span!("open311", division = %office.me(), category = new.category.as_str());
        new.trace = trace(&span, header.and_then(|value| value.to_str().ok()));
        guest.request.hand_out(slip);
        if let Some(photos) = &photos {
            new.attachments = photos.keep().await?;
        }
        let by = RequestContext::new(actor, Arc::clone(&guest.request));
        let reported = office.matters().report(new, by);
        let id = reported.instrument(span).await?;
        photos.into_iter().for_each(Photos::used);
        let notice = notice(office, id).await?;
        Ok(Answer::Filed(show::Filed::new(id, notice, slip)))
    }
}

/// Returns when the work is due, as known now.
async fn notice(office: &Office, id: MatterId) -> Result<Option<String>, Fault> {
    let docket = office.matters().docket(id).await?;
    Ok(docket.and_then(|docket| {
        let mut clocks = docket.matter.clocks.iter();
        let finish = clocks.find(|clock| clock.stage == Stage::Finish)?;
        Some(format!("应于 {} 前办结", finish.due.day()))
    }))
}

/// Returns the channel of a report: the first word of the key's name if it is a channel; else the
/// hotline if the key may report for others, and 随手拍 otherwise.
fn channel(name: &str, helps: bool) -> Channel {
    let first = name.split(|c: char| !c.is_ascii_alphabetic()).next();
    match first.map(str::to_ascii_lowercase).as_deref() {
        Some("snapshot") => Channel::Snapshot,
        Some("mailbox") => Channel::Mailbox,
        Some("service") => Channel::Service,
        Some("grid") => Channel::Grid,
        Some("hotline") => Channel::Hotline,
        Some("sensor") => Channel::Sensor,
        Some("paper") => Channel::Paper,
        _ if helps => Channel::Hotline,
        _ => Channel::Snapshot,
    }
}

/// Reads a report out of a form, or says everything that is wrong with it.
pub(super) fn read(form: &Form, policy: &Policy, channel: Channel) -> Result<NewReport, Fault> {
    let mut faults = vec![];
    let service = form.get("service_code");
    if service.is_none() {
        faults.push("service_code was not provided; services.json lists them".to_owned());
    }
    let place = place(form).unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let words = Words::read(form, policy).unwrap_or_else(|fault| {
        faults.push(fault);
        Words::default()
    });
    let nowhere = place.is_none() && !words.say_where();
    if nowhere && faults.is_empty() {
        faults.push(
            "no place was provided; send lat and long, or address_string, or address_id".to_owned(),
        );
    }
    let (Some(service), true) = (service, faults.is_empty()) else {
        return Err(Fault::all(faults));
    };
    let (category, listed) = services::listed(service, policy)?;
    let contact = contact(form);
    // Without a description the name of the service is the text.
    let text = words.description.unwrap_or_else(|| listed.name.to_string());
    Ok(NewReport {
        channel,
        details: words.details,
        place,
        contact,
        ..NewReport::new(category, text)
    })
}

fn place(form: &Form) -> Result<Option<Place>, String> {
    let (north, east) = match (form.get("lat"), form.get("long")) {
        (None, None) => return Ok(None),
        (Some(north), Some(east)) => (north, east),
        _ => return Err("lat and long belong together; send both or neither".to_owned()),
    };
    // Not in the protocol: maps and phones in China use GCJ-02.
    let datum = match form.get("coordinates") {
        None => Datum::default(),
        Some(name) => name
            .parse()
            .map_err(|unknown: UnknownTerm| unknown.to_string())?,
    };
    match (north.parse(), east.parse()) {
        (Ok(north), Ok(east)) => {
            let place = Place::in_system(datum, north, east);
            place.map(Some).map_err(|bad| bad.to_string())
        }
        _ => Err("lat and long are not numbers; send degrees, such as lat=29.0285".to_owned()),
    }
}

/// Returns the contact of the reporter, if given. The mail address is stored as the address,
/// because it is how to reach the person.
fn contact(form: &Form) -> Option<Contact> {
    let get = |name| form.get(name).unwrap_or_default();
    let (first, last) = (get("first_name"), get("last_name"));
    // 王 and 小明 give 王小明; John and Smith give John Smith.
    let name = match last.is_ascii() && first.is_ascii() {
        true => format!("{first} {last}").trim().to_owned(),
        false => format!("{last}{first}"),
    };
    let contact = Contact {
        name,
        phone: get("phone").to_owned(),
        address: get("email").to_owned(),
    };
    Some(contact).filter(|contact| *contact != Contact::default())
}

/// The description, and the details that the protocol has in fields of their own.
#[derive(Debug, Default, PartialEq, Eq)]
struct Words {
    description: Option<String>,
    details: Vec<Detail>,
}

impl Words {
    fn read(form: &Form, policy: &Policy) -> Result<Self, String> {
        let most = policy.most_characters(policy::Words::Report);
        let line = |name: &str, most: usize| match form.get(name) {
            Some(text) if text.chars().count() > most => Err(format!(
                "{name} has more than {most} characters; shorten it"
            )),
            Some(text) if name != "description" && text.contains(char::is_control) => Err(format!(
                "{name} has a line break or a control character; send one line"
            )),
            text => Ok(text.map(str::to_owned)),
        };
        let description = line("description", most.min(MOST_DESCRIPTION))?;
        let mut details = vec![];
        for (field, name, most) in [
            ("address_string", Detail::ADDRESS, MOST_ADDRESS),
            ("address_id", Detail::ADDRESS_ID, MOST_WORD),
            ("media_url", Detail::MEDIA_URL, MOST_URL),
        ] {
            let text = line(field, most)?;
            details.extend(text.map(|text| Detail {
                name: name.to_owned(),
                text,
            }));
        }
        let is_web = |detail: &Detail| Detail::is_web_address(&detail.text);
        let mut media = details
            .iter()
            .filter(|detail| detail.name == Detail::MEDIA_URL);
        if !media.all(is_web) {
            return Err(
                "media_url is not a web address; send one that begins with https://".to_owned(),
            );
        }
        let fits = |(code, value): &(&str, &str)| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            (1..=MOST_WORD).contains(&code.len())
                && code.chars().all(plain)
                && value.chars().count() <= MOST_ATTRIBUTE
                && !value.contains(char::is_control)
        };
        let attributes: Vec<(&str, &str)> = form.attributes().collect();
        if attributes.len() > MOST_ATTRIBUTES || !attributes.iter().all(fits) {
            return Err(format!(
                "the attributes are not valid; send at most {MOST_ATTRIBUTES} of one line with at most \
                 {MOST_ATTRIBUTE} characters each"
            ));
        }
        details.extend(attributes.into_iter().map(|(code, value)| Detail {
            name: format!("{}{code}", Detail::ATTRIBUTE),
            text: value.to_owned(),
        }));
        Ok(Self {
            description,
            details,
        })
    }

    fn say_where(&self) -> bool {
        let places = [Detail::ADDRESS, Detail::ADDRESS_ID];
        let mut details = self.details.iter();
        details.any(|detail| places.contains(&&*detail.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        let mut form = Form::default();
        form.read(text).unwrap();
        form
    }

    #[test]
    fn what_the_protocol_keeps_apart_comes_back_apart() {
        let form = form(
            "service_code=enforcement-lighting&lat=29.0285&long=119.1722&address_string=%E6%9D%91%E5%8F%A3&\
             description=a%0Ab&media_url=https%3A%2F%2Fx.example%2F1.jpg&last_name=%E7%8E%8B&\
             first_name=%E5%B0%8F%E6%98%8E&attribute[POLE]=17",
        );
        let new = read(&form, &Policy::default(), Channel::Snapshot).unwrap();
        assert_eq!(new.contact.unwrap().name, "王小明");
        assert_eq!(new.text, "a\nb");
        let details: Vec<_> = new.details.iter().map(|d| (&*d.name, &*d.text)).collect();
        assert_eq!(
            details,
            [
                ("address", "村口"),
                ("media-url", "https://x.example/1.jpg"),
                ("attribute/POLE", "17"),
            ]
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let fault = read(&form("lat=x&long=1"), &Policy::default(), Channel::Snapshot).unwrap_err();
        assert_eq!((fault.status.as_u16(), fault.descriptions.len()), (400, 2));
        for (bad, names) in [
            ("service_code=enforcement-road", "no place was provided"),
            ("service_code=enforcement-road&lat=91&long=0", "91"),
            (
                "service_code=enforcement-road&lat=NaN&long=0",
                "not a place",
            ),
            ("service_code=enforcement-road&lat=29", "belong together"),
            ("service_code=enforcement-road&address_string=a%0Ab", "line"),
            (
                "service_code=enforcement-road&address_id=1&media_url=file:///etc",
                "web",
            ),
            (
                "service_code=enforcement-road&address_id=1&attribute[]=1",
                "attributes",
            ),
        ] {
            let fault = read(&form(bad), &Policy::default(), Channel::Snapshot).unwrap_err();
            assert_eq!(fault.status, 400, "{bad}");
            assert!(fault.descriptions[0].contains(names), "{bad}: {fault:?}");
        }
        let long = format!(
            "service_code=enforcement-road&address_id=1&description={}",
            "字".repeat(4_001)
        );
        assert!(read(&form(&long), &Policy::default(), Channel::Snapshot).is_err());
        let unknown = form("service_code=001&address_id=1");
        let fault = read(&unknown, &Policy::default(), Channel::Snapshot).unwrap_err();
        assert_eq!(fault.status, 404);
    }

    #[test]
    fn the_key_says_how_a_report_came_in() {
        for (name, helps, expected) in [
            ("snapshot app of the county", false, Channel::Snapshot),
            ("Hotline-12345", true, Channel::Hotline),
            ("城市通", false, Channel::Snapshot),
            ("城市通", true, Channel::Hotline),
            ("sensor: river gauges", false, Channel::Sensor),
        ] {
            assert_eq!(channel(name, helps), expected, "{name}");
        }
    }
}
