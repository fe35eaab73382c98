//! Turns the cells of a row into an importable row, or into its faults.

use topology::Term;

use super::{
    Cells, Fault, Field, MOST_ID, Progress, Row, fields,
    id::{self, Ruined},
    moment::{self, moment},
    phone::{self, Phone},
};
use crate::{
    category::Category,
    custody::{Context, History},
    matter::{Channel, Contact, Datum, Outcome, Place},
    policy::{BadWords, Policy, Words},
    time::Timestamp,
};

/// The earliest accepted moment, 1990-01-01 in Shanghai; earlier ones are mistakes.
const FIRST: Timestamp = Timestamp(631_123_200_000);

/// Reads a row and finds all of its faults. `datum` is the coordinate system of its place.
///
/// # Errors
/// One [`Fault`] for each bad cell.
pub fn read(cells: &Cells, datum: Datum, context: Context<'_>) -> Result<Row, Vec<Fault>> {
    let Context { policy, now, .. } = context;
    let mut reader = Reader {
        cells,
        faults: vec![],
        noted: vec![],
    };
    let id = reader.number();
    let category = reader.category(policy);
    let text = reader.text(policy);
    let (history, progress) = reader.life(now);
    let place = reader.place(datum, context);
    let contact = reader.contact(policy);
    let channel = reader.one_of(Field::Channel, &fields::CHANNELS);
    let priority = reader.one_of(Field::Priority, &fields::PRIORITIES);
    match (category, reader.faults.is_empty()) {
        (Some(category), true) => Ok(Row {
            id,
            category,
            text,
            history,
            place,
            contact,
            // A row without a channel counts as handed in on paper.
            channel: channel.unwrap_or(Channel::Paper),
            priority: priority.unwrap_or_default(),
            progress,
            noted: reader.noted,
        }),
        _ => Err(reader.faults),
    }
}

struct Reader<'a> {
    cells: &'a Cells,
    faults: Vec<Fault>,
    noted: Vec<Fault>,
}

impl Reader<'_> {
    fn cell(&mut self, field: Field) -> Option<String> {
        let text = self.cells.get(&field)?.trim();
        if fields::ERRORS.contains(&text) {
            let reason = "the formula in this cell failed";
            self.fault(field, text, reason, "correct it in the table");
            return None;
        }
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            let reason = "it has control characters";
            self.fault(field, text, reason, "export the table again as plain text");
            return None;
        }
        if text.contains('\u{fffd}') {
            let reason = "a character of it was lost when it was converted before";
            self.fault(
                field,
                text,
                reason,
                "export the table again from where it comes from",
            );
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn fault(&mut self, field: Field, value: &str, reason: &str, hint: &str) {
        self.faults.push(Fault::new(field, value, reason, hint));
    }

    fn required(&mut self, field: Field) -> Option<String> {
        let before = self.faults.len();
        let found = self.cell(field);
        if found.is_none() && self.faults.len() == before {
            self.fault(field, "", "it is missing", "every row needs it");
        }
        found
    }

    fn number(&mut self) -> String {
        let text = self.required(Field::Id).unwrap_or_default();
        let text = id::unprotected(&text).to_owned();
        let text_column = "format the column as text (文本) in the spreadsheet, fill in the numbers again \
            from where they come from, and save it";
        match id::ruined(&text) {
            Some(Ruined::Shortened) => {
                let reason = "a spreadsheet shortened it, so its last digits are gone";
                self.fault(Field::Id, &text, reason, text_column);
            }
            Some(Ruined::Day) => {
                let reason = "a spreadsheet took it for a day";
                self.fault(Field::Id, &text, reason, text_column);
            }
            None => {}
        }
        if text.chars().count() > MOST_ID {
            let reason = format!("it has more than {MOST_ID} characters");
            self.fault(Field::Id, &text, &reason, "is this the right column?");
        }
        if text.contains(char::is_control) {
            self.fault(
                Field::Id,
                &text,
                "it has several lines",
                "is this the right column?",
            );
        }
        text
    }

    fn category(&mut self, policy: &Policy) -> Option<Category> {
        let text = self.required(Field::Category)?;
        let listed = policy.categories();
        // This program prints code and name: `enforcement/lighting 路灯照明`.
        let code = text.split_whitespace().next().unwrap_or_default();
        let by_code = code.parse::<Category>().ok();
        let by_code = by_code.filter(|category| listed.contains_key(category));
        let mut by_name = listed
            .iter()
            .filter(|(_, listed)| *listed.value.name == *text)
            .map(|(category, _)| (*category).clone());
        let found = by_code.or_else(|| by_name.next());
        if found.is_none() {
            let some: Vec<&str> = listed.values().map(|l| &*l.value.name).collect();
            let hint = format!("use a code or one of: {}", some.join(", "));
            let reason = "no category of this node has this code or name";
            self.fault(Field::Category, &text, reason, &hint);
        }
        found
    }

    fn text(&mut self, policy: &Policy) -> String {
        let text = self.required(Field::Text).unwrap_or_default();
        if let Err(long @ BadWords::TooLong { .. }) = policy.check_words(Words::Report, &text) {
            let told = long.to_string();
            let (reason, hint) = told.rsplit_once("; ").unwrap_or((&told, ""));
            self.fault(Field::Text, &text, reason, hint);
        }
        text
    }

    fn moment(&mut self, field: Field, now: Timestamp) -> Option<Timestamp> {
        let text = self.cell(field)?;
        let found = moment(&text);
        let (reason, hint) = match found {
            None if moment::is_serial(&text) => (
                "it is the number by which a spreadsheet counts days",
                "format the column as a date with time in the spreadsheet, and save it again",
            ),
            None => (
                "it is not a time",
                "write it like 2026-03-01 08:15, in the time of Shanghai",
            ),
            Some(at) if at > now => ("it is in the future", "correct the year or the day"),
            Some(at) if at < FIRST => ("it is before 1990", "correct the year"),
            Some(_) => return found,
        };
        self.fault(field, &text, reason, hint);
        None
    }

    /// Reads the moments of the history in the other system, and the progress of the work.
    fn life(&mut self, now: Timestamp) -> (Option<History>, Progress) {
        let before = self.faults.len();
        let reported = self.moment(Field::ReportedAt, now);
        let accepted = self.moment(Field::AcceptedAt, now);
        let closed = self.moment(Field::ClosedAt, now);
        let said = self.progress();
        if self.faults.len() > before {
            return (None, Progress::default());
        }
        for (field, earlier, later) in [
            (Field::AcceptedAt, reported, accepted),
            (Field::ClosedAt, accepted.or(reported), closed),
        ] {
            if let (Some(earlier), Some(later)) = (earlier, later)
                && later < earlier
            {
                let text = self.cell(field).unwrap_or_default();
                let reason = "it is before what must come before it";
                let hint = "reported, accepted, closed follow each other; correct the times";
                self.fault(field, &text, reason, hint);
            }
        }
        let progress = match (said, accepted, closed) {
            (Some(said), _, Some(_)) if !said.is_closed() => {
                let text = self.cell(Field::Status).unwrap_or_default();
                let reason = "it is not closed, but the row has a closing time";
                self.fault(Field::Status, &text, reason, "correct one of them");
                said
            }
            (Some(Progress::Reported) | None, Some(_), None) => Progress::Accepted,
            (Some(said), ..) => said,
            (None, _, Some(_)) => Progress::Closed(Outcome::Solved),
            (None, None, None) => Progress::default(),
        };
        let first = reported.or(accepted).or(closed);
        let history = first.map(|reported| History {
            reported,
            accepted,
            closed,
        });
        (history, progress)
    }

    fn place(&mut self, datum: Datum, context: Context<'_>) -> Option<Place> {
        let mut degrees = |field| {
            let text = self.cell(field)?;
            let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
            if number.is_none() {
                let hint = "write degrees as a number, such as 29.0285";
                self.fault(field, &text, "it is not a number", hint);
            }
            Some((text, number?))
        };
        let (north, east) = (degrees(Field::Latitude), degrees(Field::Longitude));
        let has = |field| self.cells.get(&field).is_some_and(|t| !t.trim().is_empty());
        match (north, east) {
            (Some((text, north)), Some((_, east))) => {
                let place = Place::in_system(datum, north, east).ok();
                if place.is_none() {
                    let swapped = Place::from_degrees(east, north).is_ok();
                    let hint = match swapped {
                        true => "latitude and longitude seem to be swapped",
                        false => "give degrees north (-90 to 90) and east (-180 to 180)",
                    };
                    self.fault(Field::Latitude, &text, "this is not a place on earth", hint);
                }
                let elsewhere = place?.check_within(&[context.me], context.tree).err();
                if let Some(elsewhere) = &elsewhere {
                    let told = elsewhere.to_string();
                    let (reason, hint) = told.rsplit_once("; ").unwrap_or((&told, ""));
                    self.fault(Field::Latitude, &text, reason, hint);
                    return place;
                }
                let other = place?.may_be_of(context.me, context.tree);
                if let Some(other) = other.filter(|_| datum == Datum::default()) {
                    let reason =
                        format!("it lies just outside, and inside if it is given in {other}");
                    let hint = "say which system of coordinates the table is in";
                    self.noted
                        .push(Fault::new(Field::Latitude, &text, reason, hint));
                }
                place
            }
            _ => {
                let halves = [Field::Latitude, Field::Longitude];
                if let [true, false] | [false, true] = halves.map(has) {
                    let missing = if has(Field::Latitude) {
                        Field::Longitude
                    } else {
                        Field::Latitude
                    };
                    let reason = "it is missing beside its other half";
                    self.fault(missing, "", reason, "give both or neither");
                }
                None
            }
        }
    }

    fn contact(&mut self, policy: &Policy) -> Option<Contact> {
        let mut part = |field, most: usize| {
            let text = self.cell(field).unwrap_or_default();
            if text.chars().count() > most {
                let reason = format!("it has more than {most} characters");
                self.fault(field, &text, &reason, "shorten it");
            }
            text
        };
        let name = part(Field::Name, Contact::MOST_NAME);
        let address = part(Field::Address, Contact::MOST_ADDRESS);
        let contact = Contact {
            phone: self.phone(),
            name,
            address,
        };
        let contact = (!contact.is_empty()).then_some(contact);
        if policy.check_contact(contact.as_ref(), false) == Err(BadWords::Anonymous) {
            let noted = std::mem::take(&mut self.noted).into_iter();
            let (faults, noted): (Vec<_>, Vec<_>) =
                noted.partition(|fault| fault.column == Field::Phone);
            self.noted = noted;
            let named = !faults.is_empty();
            self.faults.extend(faults);
            if !named {
                let reason = "nobody is named, and policy here takes no report without a name";
                self.fault(Field::Name, "", reason, "fill in the name or the telephone");
            }
        }
        contact
    }

    /// Reads the telephone numbers. A cell without a number is noted, and the row is still
    /// accepted.
    fn phone(&mut self) -> String {
        let Some(text) = self.cell(Field::Phone) else {
            return String::new();
        };
        let (reason, hint) = match phone::read(&text) {
            Phone::Numbers(numbers) if numbers.chars().count() <= Contact::MOST_PHONE => {
                return numbers;
            }
            Phone::None => return String::new(),
            Phone::Numbers(_) => ("these are too many numbers", "leave one or two"),
            Phone::Shortened => (
                "a spreadsheet shortened it, so its last digits are gone",
                "format the column as text (文本) and fill in the numbers again",
            ),
            Phone::NoNumber => ("it holds no telephone number", "is this the right column?"),
        };
        self.noted
            .push(Fault::new(Field::Phone, &text, reason, hint));
        String::new()
    }

    fn progress(&mut self) -> Option<Progress> {
        let text = self.cell(Field::Status)?;
        let found = fields::progress(&text);
        if found.is_none() {
            let hint = format!("take one of: {}", fields::states());
            self.fault(Field::Status, &text, "this word is not known", &hint);
        }
        found
    }

    fn one_of<T: Term>(&mut self, field: Field, others: &[(&str, T)]) -> Option<T> {
        let text = self.cell(field)?;
        let found = fields::one_of(&text, others);
        if found.is_none() {
            let hint = format!("take one of: {}", fields::words(others));
            self.fault(field, &text, "this word is not known", &hint);
        }
        found
    }
}
