//! Matters in readable form.

use api::{Act, AlikeMatters, Answers, Asking, Contact, MatterPage, MatterView, Named};
use domain::matter::Detail;

use super::super::{
    labels::{self, Names, moment},
    tables::{pairs, table},
    terminal::{escape, escape_lines},
};

fn category(code: &str, chinese: Option<&String>) -> String {
    match chinese {
        Some(chinese) => format!("{code} {chinese}"),
        None => code.to_owned(),
    }
}

pub(super) fn page(page: &Named<MatterPage>) -> String {
    let names = Names(&page.names);
    let headings = [
        "matter", "reported", "category", "priority", "status", "due", "holder", "here",
    ];
    let rows = page.facts.matters.iter().map(|line| {
        [
            line.id.clone(),
            moment(line.reported_ms),
            category(&line.category, line.category_name.as_ref()),
            line.priority.label(),
            labels::status(line.status),
            labels::due(line.due_ms, line.provisional),
            names.of(line.holder),
            names.standing(&line.standing),
        ]
    });
    let mut text = table(headings, rows);
    if page.facts.matters.is_empty() {
        text = "no matters\n".to_owned();
    }
    if let Some(next) = &page.facts.next {
        text += &format!("more: repeat the command with --after {next}\n");
    }
    text
}

pub(super) fn alike(alike: &AlikeMatters) -> String {
    if alike.matters.is_empty() {
        return "no similar open matter here\n".to_owned();
    }
    let rows = alike.matters.iter().map(|one| {
        let metres = one.metres.map(|metres| metres.to_string());
        [
            one.id.clone(),
            one.likeness.to_string(),
            metres.unwrap_or_default(),
        ]
    });
    table(["matter", "#likeness", "#metres"], rows)
}

pub(super) fn answers(found: &Answers) -> String {
    if found.answers.is_empty() {
        return "no matching answer\n".to_owned();
    }
    let rows = found.answers.iter().map(|answer| {
        [
            moment(answer.at_ms),
            category(&answer.category, answer.category_name.as_ref()),
            escape(&answer.text),
            answer.matter.clone(),
        ]
    });
    table(["answered", "category", "answer", "matter"], rows)
}

/// Returns the text for a request that is on its way to the holder.
pub(super) fn asking(asking: &Asking) -> String {
    match &asking.matter {
        Some(matter) => one(matter),
        None => "asked; this node has no copy of the matter, so the answer will be in its log\n"
            .to_owned(),
    }
}

/// Returns a person in one line.
pub(super) fn person(contact: &Contact) -> String {
    let fields = [&contact.name, &contact.phone, &contact.address];
    let said: Vec<&str> = fields.into_iter().map(|field| &**field).collect();
    said.join(" ").trim().to_owned()
}

pub(super) fn one(shown: &Named<MatterView>) -> String {
    let (matter, names) = (&shown.facts, Names(&shown.names));
    let mut text = pairs(facts(matter, names));
    text += "\n";
    for line in escape_lines(&labels::body(&matter.body)).lines() {
        text += &format!("  {line}\n");
    }
    text += "\n";
    text += &steps(matter, names);
    text
}

fn facts(matter: &MatterView, names: Names<'_>) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("matter", matter.id.clone()),
        (
            "category",
            category(&matter.category, matter.category_name.as_ref()),
        ),
        ("platform", matter.platform.label()),
        ("priority", matter.priority.label()),
        ("channel", matter.channel.label()),
        ("visibility", matter.visibility.label()),
        ("status", labels::status(matter.status)),
        ("reported at", names.of(matter.origin)),
        ("responsible", names.of(matter.responsible)),
        ("holder", names.of(matter.holder)),
        ("here", names.standing(&matter.standing)),
        ("last step", moment(matter.as_of_ms)),
        ("known", names.known(matter.known.as_ref())),
    ];
    for clock in &matter.clocks {
        facts.push(("clock", labels::clock(clock)));
    }
    if let Some(place) = matter.place {
        let degrees = format!("{:.6}, {:.6}", place.latitude, place.longitude);
        facts.push(("place", degrees));
    }
    for one in &matter.data {
        let (name, shown) = (&one.name.zh, &one.shown.zh);
        let said = format!("{name} ({}): {shown} ({})", one.code, one.value);
        facts.push(("data", escape(&said)));
    }
    let is_data = |name: &str| {
        let code = name.strip_prefix(Detail::ATTRIBUTE);
        matter.data.iter().any(|one| Some(&*one.code) == code)
    };
    let details = matter.details.iter();
    for Detail { name, text } in details.filter(|detail| !is_data(&detail.name)) {
        let said = format!("{}: {}", labels::detail(name), escape(text));
        facts.push(("said", said));
    }
    if let Some(contact) = &matter.contact {
        facts.push(("reporter", escape(&person(contact))));
    }
    if let Some(target) = matter.dispatched {
        facts.push(("dispatched", names.act(Act::Dispatch(target))));
    }
    if let Some(bundle) = &matter.part_of {
        facts.push(("part of", bundle.clone()));
    }
    for part in &matter.parts {
        let ended = part.ended.map(labels::outcome);
        let ended = ended.unwrap_or_else(|| "open".to_owned());
        facts.push(("part", format!("{}, {ended}", part.id)));
    }
    for line in &matter.receipts {
        facts.push(("receipt", labels::receipt_line(line, names)));
    }
    for request in &matter.requests {
        facts.push(("asked", labels::request(request)));
    }
    facts
}

fn steps(matter: &MatterView, names: Names<'_>) -> String {
    let rows = matter.steps.iter().map(|step| {
        let note = step.note.as_ref().map(labels::body).unwrap_or_default();
        [
            moment(step.at_ms),
            names.of(step.by),
            match (step.act, &step.category) {
                (Act::Recategorise, Some(to)) => format!("{} {to}", names.act(step.act)),
                _ => names.act(step.act) + &labels::voice(step.voice),
            },
            note,
        ]
    });
    table(["at", "by", "step", "note"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::BodyView;

    #[test]
    fn what_a_person_wrote_cannot_move_the_cursor() {
        let json = serde_json::json!({
            "id": "330825002222-1f3a9c04-17", "channel": "grid", "category": "order/other",
            "category_name": "其他综治", "platform": "order", "priority": "normal",
            "visibility": "path", "status": { "closed": "solved" }, "origin": "330825002222",
            "responsible": "330825002222", "holder": "330825002222", "transit": null,
            "standing": { "is": "holding" },
            "version": { "cv": { "term": 0, "n": 1 }, "rev": 2 }, "as_of_ms": 1_772_294_400_000_i64,
            "known": { "by": "330825002222", "through_ms": 1_772_294_400_000_i64, "shown_ms": 1_772_294_461_000_i64 },
            "body": { "text": "first\nsecond \u{1b}[2J\u{202e}" },
            "steps": [
                { "at_ms": 1_772_294_400_000_i64, "by": "330825002222", "act": "report", "note": null },
                { "at_ms": 1_772_294_400_000_i64, "by": "330825002222", "act": { "escalate": "330825002" },
                  "note": { "text": "\u{9b}31mred" } }
            ],
            "dispatched": null, "clocks": [], "details": [], "place": null, "contact": null, "parts": [], "part_of": null, "receipts": [], "requests": [], "names": { "330825002222": "张王村" },
        });
        let shown: Named<MatterView> = serde_json::from_value(json).unwrap();
        let text = one(&shown);
        assert!(text.contains("330825002222 张王村"), "{text}");
        assert!(text.contains("2026-03-01 00:00:00"), "{text}");
        assert!(
            text.contains("by 330825002222 张王村, 1 min 1 s before this was shown"),
            "{text}"
        );
        assert!(text.contains("  second \\u{1b}[2J\\u{202e}"), "{text}");
        assert!(text.contains("\\u{9b}31mred"), "{text}");
        assert!(text.contains("escalate 上报 to 330825002"), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{text}");
    }

    #[test]
    fn what_is_masked_says_so() {
        assert_eq!(labels::body(&BodyView::Masked), "(only the holder sees it)");
    }
}
