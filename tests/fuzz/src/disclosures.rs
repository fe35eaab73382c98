//! The form of a disclosure as a sheet, which officials send to a node.

use domain::{
    calendar::Allowance,
    disclosure::{Class, Content, Field, FieldKind, Item, Rhythm},
};
use sheet::{
    Limits,
    form::{FormId, read, written},
};

fn id() -> FormId {
    FormId {
        division: "330825002222".parse().expect("a division"),
        number: "1f3a9c0411223344".parse().expect("a number"),
        edition: 1,
        template: "330825/disclosure/affairs".parse().expect("a template"),
        version: 3,
    }
}

fn item() -> Item {
    let field = |name: &str, kind| Field {
        name: name.into(),
        kind,
        unit: None,
        required: true,
        options: vec![],
    };
    Item {
        name: "村集体收支".into(),
        english: None,
        class: Class::Finance,
        rhythm: Rhythm::Month,
        period_days: 31,
        due: Allowance::Days(10),
        objection: Allowance::Days(5),
        source: None,
        fields: vec![field("支出", FieldKind::Money)],
        columns: vec![
            field("日期", FieldKind::Date),
            field("事由", FieldKind::Text),
            field("金额", FieldKind::Number),
        ],
        sums: vec![],
    }
}

/// A form that is read is, once it has the shape of its item, read from a sheet as it was.
pub(crate) fn form(bytes: &[u8]) {
    let Ok(typed) = read(bytes, &id(), &item(), &Limits::SENT) else {
        return;
    };
    let content = typed.content.shaped(&item());
    let _faults = content.faults(&item());
    let most = domain::disclosure::MOST_CONTENT_BYTES;
    if content.bytes() > most {
        return;
    }
    let again = written(&id(), &item(), "", &content);
    let again = read(&again, &id(), &item(), &Limits::SENT);
    let again = again.expect("what the program writes is read");
    assert_eq!(again.content.shaped(&item()), content);
}

/// A form with something in every kind of cell, and an empty one.
pub(crate) fn forms() -> Vec<Vec<u8>> {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).into()).collect();
    let filled = Content {
        fields: texts(&["300.50"]),
        rows: vec![
            texts(&["2026-09-03", "=1+1", "7"]),
            texts(&["三月", "清运", "-0.25"]),
        ],
        note: "一\n二".into(),
    };
    [filled, item().blank()]
        .iter()
        .map(|content| written(&id(), &item(), "2026-09", content))
        .collect()
}
