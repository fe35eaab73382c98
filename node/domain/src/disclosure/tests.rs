//! A disclosure of the income and spending of a village, which the tests change.

mod act;
mod content;
mod due;
mod item;

use super::*;
use crate::{calendar::Calendar, people::AccountId, policy::Policy, time::Day};

pub(super) const NOW: Timestamp = Timestamp(1_793_000_000_000); // 2026-10-26 in Shanghai

/// The calendar that the program is shipped with.
pub(super) fn zhejiang() -> Calendar {
    Policy::default().calendar().value.clone()
}

pub(super) fn item(text: &str) -> Item {
    let raw: RawItem = toml::from_str(text).unwrap();
    raw.read().unwrap()
}

pub(super) fn fault(text: &str) -> String {
    let raw: RawItem = toml::from_str(text).unwrap();
    raw.read().unwrap_err().said.english
}

pub(super) fn finance() -> Item {
    item(
        r#"
name = "村集体收支"
english = "Income and spending"
class = "finance"
period = "month"
due = "10d"
fields = [
    { name = "期初余额", kind = "money" },
    { name = "收入", kind = "money" },
    { name = "支出", kind = "money" },
    { name = "期末余额", kind = "money" },
    { name = "说明", required = false },
]
columns = [
    { name = "日期", kind = "date" },
    { name = "事由" },
    { name = "支出金额", kind = "money" },
]
sums = [
    { total = "期末余额", plus = ["期初余额", "收入"], minus = ["支出"] },
    { total = "支出", column = "支出金额" },
]
"#,
    )
}

pub(super) fn event() -> Item {
    item("name = \"重大事项\"\nperiod = \"event\"\ndue = \"5d\"\nfields = [\"内容\"]")
}

pub(super) fn texts(all: &[&str]) -> Vec<Box<str>> {
    all.iter().map(|text| (*text).into()).collect()
}

pub(super) fn right() -> Content {
    Content {
        fields: texts(&["1000", "500.5", "300", "1,200.50", ""]),
        rows: vec![
            texts(&["2026-09-03", "路灯电费", "120"]),
            texts(&["2026-09-20", "清运", "180.00"]),
        ],
        note: "".into(),
    }
}

pub(super) fn who(number: u64) -> Actor {
    Actor::Account(AccountId(number))
}

pub(super) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(super) fn span(from: &str, to: &str) -> Span {
    Span {
        from: day(from),
        to: day(to),
    }
}

pub(super) fn begun(content: Content) -> Disclosure {
    let origin = Origin {
        template: "330825/disclosure/finance".parse().unwrap(),
        version: 3,
        item: finance(),
        span: span("2026-09-01", "2026-09-30"),
        title: "".into(),
    };
    Disclosure::begin(origin, content, &zhejiang(), (who(1), NOW)).unwrap()
}

/// Lets what was begun go through both committees.
pub(super) fn hand_on(one: &mut Disclosure) {
    one.submit((who(1), NOW)).unwrap();
    one.agree("", (who(2), NOW)).unwrap();
    one.review(("", false), (who(3), NOW)).unwrap();
}
