//! Limits, and how those of several templates are combined.

use std::fmt::Display;

use topology::Tier;

use super::{Allowance, At, Decided, Policy, Ruled, SHIPPED_SHEET, Sheet};

/// The custody limits that policy sets, each with its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustodyLimits {
    /// The number of hand-backs after which the division above both must decide.
    pub bounces: usize,
    /// Days of 24 hours after closing within which the reporter may contest.
    pub contest_days: u32,
    /// The number of times that the reporter may say so; after that, only a review by the tier
    /// above is possible.
    pub contests: u32,
    /// Whether a matter must be verified before it is closed as solved, unfounded or unsolvable.
    pub verify_first: bool,
    /// Whether the person who verifies and closes a matter must be one who did not handle it here.
    pub verify_by_another: bool,
}

impl Default for CustodyLimits {
    /// Returns the usual limits: three hand-overs, because they are common in cases that go wrong,
    /// and 30 days to ask for a review (信访工作条例, art. 35).
    fn default() -> Self {
        Self {
            bounces: 3,
            contest_days: 30,
            contests: 2,
            verify_first: false,
            verify_by_another: false,
        }
    }
}

/// The limits that one text states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) pauses: Option<At<u8>>,
    pub(super) pause_days: Option<At<u16>>,
    pub(super) extension: Option<At<Option<Allowance>>>,
    pub(super) contest_days: Option<At<u16>>,
    pub(super) contests: Option<At<u8>>,
    pub(super) verify_first: Option<At<bool>>,
    pub(super) verify_by_another: Option<At<Vec<Tier>>>,
    pub(super) bounces: Option<At<u8>>,
    pub(super) warn_percent: Option<At<u8>>,
    pub(super) anonymous: Option<At<bool>>,
    pub(super) max_bytes: Option<At<u64>>,
    pub(super) max_count: Option<At<u16>>,
    pub(super) types: Option<At<Vec<Box<str>>>>,
    pub(super) retention_days: Option<At<u32>>,
    pub(super) report_chars: Option<At<u32>>,
    pub(super) note_chars: Option<At<u32>>,
    pub(super) answer_chars: Option<At<u32>>,
    pub(super) list_days: Option<At<u16>>,
}

/// The limits in force at a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most pauses of one clock, 0 to 16. The least stated counts, including the shipped
    /// policy's.
    pub pauses: Ruled<u8>,
    /// The longest total pause of one clock, in days, 0 to 366. The least stated counts, including
    /// the shipped policy's.
    pub pause_days: Ruled<u16>,
    /// The longest extension of any clock; `None` if none is allowed. The shortest stated counts,
    /// including the shipped policy's; lines can only shorten it.
    pub extension: Ruled<Option<Allowance>>,
    /// Days after closing in which the reporter may say "not solved", 1 to 366. The most stated
    /// counts.
    pub contest_days: Ruled<u16>,
    /// The number of times that the reporter may say so, 0 to 10. The most stated counts.
    pub contests: Ruled<u8>,
    /// Whether the work must be verified before a matter is closed as solved. Required if any text
    /// requires it.
    pub verify_first: Ruled<bool>,
    /// Tiers at which the person who handled a matter may not verify it (核查), highest first. The
    /// tiers of all templates count together.
    pub verify_by_another: Ruled<Vec<Tier>>,
    /// Number of returns after which the common parent decides, 1 to 20. The least stated counts.
    pub bounces: Ruled<u8>,
    /// Percentage of its time below which a clock is due soon, 1 to 90. The most stated counts.
    pub warn_percent: Ruled<u8>,
    /// Whether anonymous reports are accepted. The first issuer's statement counts.
    pub anonymous: Ruled<bool>,
    /// The largest attachment in bytes, 1 to 100 MiB. The least stated counts.
    pub max_bytes: Ruled<u64>,
    /// The most attachments of a matter, 0 to 100. The least stated counts.
    pub max_count: Ruled<u16>,
    /// Media types of attachments, like `image/jpeg`. Only those that all texts state count.
    pub types: Ruled<Vec<Box<str>>>,
    /// Days for which attachments are kept after closing, 1 to 36,500. The first issuer's statement
    /// counts.
    pub retention_days: Ruled<u32>,
    /// The longest report in characters, 1 to 12,000. The least stated counts.
    pub report_chars: Ruled<u32>,
    /// The longest remark in characters, 1 to 12,000. The least stated counts.
    pub note_chars: Ruled<u32>,
    /// The longest answer in characters, 1 to 12,000. The least stated counts.
    pub answer_chars: Ruled<u32>,
    /// Days for which a list of current versions is valid, 2 to 60. The least stated counts.
    pub list_days: Ruled<u16>,
}

impl Limits {
    /// Returns the limits for custody at a division of this tier.
    pub fn terms(&self, me: Tier) -> CustodyLimits {
        CustodyLimits {
            bounces: self.bounces.value.into(),
            contest_days: self.contest_days.value.into(),
            contests: self.contests.value.into(),
            verify_first: self.verify_first.value,
            verify_by_another: self.verify_by_another.value.contains(&me),
        }
    }

    /// Returns each limit as text, with its line.
    pub fn decisions(&self) -> Vec<Decided> {
        let say = |value: &Option<Allowance>| match value {
            Some(by) => by.to_string(),
            None => "none".to_owned(),
        };
        let extension = Ruled {
            value: say(&self.extension.value),
            rule: self.extension.rule.clone(),
        };
        let types = Ruled {
            value: self.types.value.join(", "),
            rule: self.types.rule.clone(),
        };
        let tiers: Vec<&str> = self
            .verify_by_another
            .value
            .iter()
            .map(|t| t.code())
            .collect();
        let by_another = Ruled {
            value: match tiers.is_empty() {
                true => "at no tier".to_owned(),
                false => tiers.join(", "),
            },
            rule: self.verify_by_another.rule.clone(),
        };
        vec![
            decided("most pauses", &self.pauses),
            decided("days of pause", &self.pause_days),
            decided("longest extension", &extension),
            decided("days to contest", &self.contest_days),
            decided("times to contest", &self.contests),
            decided("verified before closing", &self.verify_first),
            decided("verified by another person", &by_another),
            decided("returns before the common parent decides", &self.bounces),
            decided("due soon at percent left", &self.warn_percent),
            decided("anonymous reports", &self.anonymous),
            decided("bytes of an attachment", &self.max_bytes),
            decided("attachments", &self.max_count),
            decided("types of attachments", &types),
            decided("days attachments are kept", &self.retention_days),
            decided("characters of a report", &self.report_chars),
            decided("characters of a remark", &self.note_chars),
            decided("characters of an answer", &self.answer_chars),
            decided("days a list of versions is valid", &self.list_days),
        ]
    }
}

fn decided<T: Display>(what: &str, ruled: &Ruled<T>) -> Decided {
    Decided {
        what: what.to_owned(),
        value: ruled.value.to_string(),
        rule: ruled.rule.clone(),
        holds: true,
    }
}

/// Returns the length of an extension in minutes, for comparison. No extension counts as 0.
pub(super) fn extension_minutes(extension: &Option<Allowance>) -> u32 {
    extension.map_or(0, Allowance::rough_minutes)
}

impl Policy {
    /// Returns the limits in force.
    pub fn limits(&self) -> Limits {
        Limits {
            pauses: self.strictest(|s| &s.pauses, |pauses| *pauses),
            pause_days: self.strictest(|s| &s.pause_days, |days| *days),
            extension: self.strictest(|s| &s.extension, extension_minutes),
            contest_days: self.limit(|s| &s.contest_days, |one, other| one > other),
            contests: self.limit(|s| &s.contests, |one, other| one > other),
            verify_first: self.limit(|s| &s.verify_first, |one, other| *one && !*other),
            verify_by_another: self.verified_by_another(),
            bounces: self.limit(|s| &s.bounces, |one, other| one < other),
            warn_percent: self.limit(|s| &s.warn_percent, |one, other| one > other),
            anonymous: self.limit(|s| &s.anonymous, |_, _| false),
            max_bytes: self.limit(|s| &s.max_bytes, |one, other| one < other),
            max_count: self.limit(|s| &s.max_count, |one, other| one < other),
            types: self.types(),
            retention_days: self.limit(|s| &s.retention_days, |_, _| false),
            report_chars: self.limit(|s| &s.report_chars, |one, other| one < other),
            note_chars: self.limit(|s| &s.note_chars, |one, other| one < other),
            answer_chars: self.limit(|s| &s.answer_chars, |one, other| one < other),
            list_days: self.limit(|s| &s.list_days, |one, other| one < other),
        }
    }

    fn stated<'a, T: Clone + 'a>(
        &'a self,
        pick: impl Fn(&'a Stated) -> &'a Option<At<T>>,
    ) -> impl Iterator<Item = Ruled<T>> {
        let of = move |sheet: &'a Sheet| pick(&sheet.limits).as_ref().map(|at| sheet.at(at));
        let shipped = of(&SHIPPED_SHEET).expect("the shipped policy states it, by a test");
        let mut stated = self.sheets.iter().filter_map(of).peekable();
        let alone = stated.peek().is_none().then_some(shipped);
        stated.chain(alone)
    }

    /// Returns a limit of clocks: the least that any text states, including the shipped policy.
    fn strictest<'a, T: Clone + 'a, M: Ord>(
        &'a self,
        pick: impl Fn(&'a Stated) -> &'a Option<At<T>>,
        measure: impl Fn(&T) -> M,
    ) -> Ruled<T> {
        let texts = self.sheets.iter().chain([&*SHIPPED_SHEET]);
        let stated = texts.filter_map(|sheet| Some(sheet.at(pick(&sheet.limits).as_ref()?)));
        stated
            .min_by_key(|ruled| measure(&ruled.value))
            .expect("the shipped policy states it, by a test")
    }

    fn limit<'a, T: Clone + 'a>(
        &'a self,
        pick: impl Fn(&'a Stated) -> &'a Option<At<T>>,
        stricter: impl Fn(&T, &T) -> bool,
    ) -> Ruled<T> {
        self.stated(pick)
            .reduce(|first, later| {
                let counts = stricter(&later.value, &first.value);
                if counts { later } else { first }
            })
            .expect("the shipped policy is there if nothing else is")
    }

    fn verified_by_another(&self) -> Ruled<Vec<Tier>> {
        self.stated(|stated| &stated.verify_by_another)
            .reduce(|first, later| {
                let mut both = first.value.clone();
                both.extend(&later.value);
                both.sort_unstable();
                both.dedup();
                let widens = both.len() > first.value.len();
                let rule = if widens { later.rule } else { first.rule };
                Ruled { value: both, rule }
            })
            .expect("the shipped policy is there if nothing else is")
    }

    fn types(&self) -> Ruled<Vec<Box<str>>> {
        self.stated(|stated| &stated.types)
            .reduce(|first, later| {
                let mut both = first.value.clone();
                both.retain(|kind| later.value.contains(kind));
                let narrows = both.len() < first.value.len();
                let rule = if narrows { later.rule } else { first.rule };
                Ruled { value: both, rule }
            })
            .expect("the shipped policy is there if nothing else is")
    }
}
