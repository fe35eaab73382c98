//! Reads a policy from a text. Every fault names its line.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, de::IgnoredAny};
use toml::Spanned;
use topology::{DivisionCode, Tier, Tree, UnitKind};

use super::{
    Allowance, At, BadPolicy, Category, Channel, Fits, Handles, Line, Listed, NamedDepartment,
    Pattern, Platform, PolicyFault, Priority, Sheet, Source, Stage, issuers::RawIssuers,
    limits::Stated, places::RawPlaces, service::RawSaying,
};
use crate::{calendar::RawCalendar, category::CATALOGUE};

/// The most `[[dispatch]]` lines of one text.
pub const MOST_LINES: usize = 400;

/// The most `[[category]]` entries of one text.
pub const MOST_CATEGORIES: usize = 200;

/// Finds the line number, from 1, of a position in the text.
pub(super) struct Lines<'a>(&'a str);

pub(super) type Read<T> = Result<T, BadPolicy>;

impl Lines<'_> {
    fn of(&self, byte: usize) -> u32 {
        let before = self.0.as_bytes().iter().take(byte);
        let breaks = before.filter(|b| **b == b'\n').count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn at<T>(&self, spanned: &Spanned<T>) -> u32 {
        self.of(spanned.span().start)
    }

    pub(super) fn fault<T, U>(&self, spanned: &Spanned<T>, fault: PolicyFault) -> Read<U> {
        let line = self.at(spanned);
        Err(BadPolicy { line, fault })
    }

    /// Reads a number that must lie within `range`.
    fn number<N: TryFrom<i64>>(
        &self,
        name: &'static str,
        range: Range<i64>,
        raw: Option<Spanned<i64>>,
    ) -> Read<Option<At<N>>> {
        let Some(raw) = raw else { return Ok(None) };
        let found = *raw.get_ref();
        let fits = range.contains(&found).then(|| N::try_from(found).ok());
        match fits.flatten() {
            Some(value) => {
                let line = self.at(&raw);
                Ok(Some(At { value, line }))
            }
            None => self.fault(
                &raw,
                PolicyFault::Range {
                    name,
                    found,
                    least: range.start,
                    most: range.end - 1,
                },
            ),
        }
    }

    pub(super) fn name(&self, raw: &Spanned<String>) -> Read<Box<str>> {
        let text = raw.get_ref();
        if !(1..=40).contains(&text.chars().count()) || text.chars().any(char::is_control) {
            return self.fault(raw, PolicyFault::Name);
        }
        Ok(text.as_str().into())
    }

    fn allowance(&self, raw: &Spanned<String>) -> Read<At<Allowance>> {
        match raw.get_ref().parse() {
            Ok(value) => {
                let line = self.at(raw);
                Ok(At { value, line })
            }
            Err(fault) => self.fault(raw, PolicyFault::Allowance(fault)),
        }
    }

    /// Reads an allowance, or `none`.
    fn extension(&self, raw: Option<Spanned<String>>) -> Read<Option<At<Option<Allowance>>>> {
        let Some(raw) = raw else { return Ok(None) };
        if raw.get_ref() == "none" {
            let line = self.at(&raw);
            return Ok(Some(At { value: None, line }));
        }
        let At { value, line } = self.allowance(&raw)?;
        let value = Some(value);
        Ok(Some(At { value, line }))
    }

    fn plain<T>(&self, raw: Option<Spanned<T>>) -> Option<At<T>> {
        raw.map(|raw| {
            let line = self.at(&raw);
            let value = raw.into_inner();
            At { value, line }
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    #[serde(rename = "format")]
    _format: Option<IgnoredAny>,
    #[serde(rename = "needs")]
    _needs: Option<IgnoredAny>,
    calendar: Option<Spanned<RawCalendar>>,
    #[serde(default)]
    category: Vec<Spanned<RawCategory>>,
    #[serde(default)]
    dispatch: Vec<Spanned<RawLine>>,
    #[serde(default)]
    places: Vec<Spanned<RawPlaces>>,
    #[serde(default)]
    issuers: Vec<Spanned<RawIssuers>>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default)]
    attachments: RawAttachments,
    #[serde(default)]
    texts: RawTexts,
    #[serde(default)]
    templates: RawTemplates,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCategory {
    code: Spanned<String>,
    name: Spanned<String>,
    name_en: Option<Spanned<String>>,
    #[serde(default)]
    severity: Priority,
    needs: Option<Spanned<Vec<Spanned<RawSaying>>>>,
    window: Option<Spanned<RawSaying>>,
    hours: Option<Spanned<RawSaying>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    category: Spanned<String>,
    priority: Option<Priority>,
    channel: Option<Channel>,
    origin: Option<Spanned<String>>,
    kind: Option<UnitKind>,
    platform: Option<Spanned<Platform>>,
    department: Option<Spanned<RawDepartment>>,
    tier: Option<Spanned<String>>,
    #[serde(default)]
    clocks: BTreeMap<Stage, Spanned<String>>,
    extension: Option<Spanned<String>>,
    escalate_on_breach: Option<Spanned<bool>>,
    at_once: Option<Spanned<bool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDepartment {
    code: Spanned<String>,
    name: Spanned<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawLimits {
    pauses: Option<Spanned<i64>>,
    pause_days: Option<Spanned<i64>>,
    extension: Option<Spanned<String>>,
    contest_days: Option<Spanned<i64>>,
    contests: Option<Spanned<i64>>,
    verify_first: Option<Spanned<bool>>,
    verify_by_another: Option<Spanned<Vec<Spanned<String>>>>,
    bounces: Option<Spanned<i64>>,
    warn_percent: Option<Spanned<i64>>,
    anonymous: Option<Spanned<bool>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawAttachments {
    max_bytes: Option<Spanned<i64>>,
    max_count: Option<Spanned<i64>>,
    types: Option<Spanned<Vec<Spanned<String>>>>,
    retention_days: Option<Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTexts {
    report: Option<Spanned<i64>>,
    note: Option<Spanned<i64>>,
    answer: Option<Spanned<i64>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTemplates {
    list_days: Option<Spanned<i64>>,
}

impl Sheet {
    /// Reads the policy in a text. [`Sheet::check_places`] checks its places.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn read(text: &str, source: Source) -> Result<Self, BadPolicy> {
        let lines = Lines(text);
        let raw: RawPolicy = toml::from_str(text).map_err(|error| {
            let line = lines.of(error.span().map_or(0, |span| span.start));
            let message = error.message().trim().replace('\n', " ");
            let fault = PolicyFault::Toml(message.chars().take(300).collect());
            BadPolicy { line, fault }
        })?;
        let calendar = raw.calendar.map(|raw| {
            let line = lines.at(&raw);
            let fault = |(byte, fault)| BadPolicy {
                line: lines.of(byte),
                fault: PolicyFault::Calendar(fault),
            };
            let value = raw.into_inner().read().map_err(fault)?;
            Ok(At { value, line })
        });
        let categories = lines.categories(raw.category)?;
        Ok(Self {
            source,
            calendar: calendar.transpose()?,
            lines: lines.dispatch(raw.dispatch, &categories)?,
            categories,
            places: lines.places(raw.places)?,
            issuers: lines.issuers(raw.issuers)?,
            limits: lines.limits(raw.limits, raw.attachments, raw.texts, raw.templates)?,
        })
    }

    /// Checks that every place a line names lies in the issuer's subtree.
    ///
    /// # Errors
    /// The first place that does not, with its line.
    pub fn check_places(&self, issuer: DivisionCode, tree: &Tree) -> Result<(), BadPolicy> {
        let elsewhere = |line: &Line| {
            let origin = line.fits.origin?;
            (!tree.contains(issuer, origin)).then_some(BadPolicy {
                line: line.line,
                fault: PolicyFault::Elsewhere(origin),
            })
        };
        self.lines.iter().find_map(elsewhere).map_or(Ok(()), Err)?;
        let outside = self.places_outside(|division| tree.contains(issuer, division));
        outside.map_or(Ok(()), |(line, division)| {
            let fault = PolicyFault::Elsewhere(division);
            Err(BadPolicy { line, fault })
        })
    }
}

impl Lines<'_> {
    fn categories(&self, raw: Vec<Spanned<RawCategory>>) -> Read<BTreeMap<Category, At<Listed>>> {
        let mut categories: BTreeMap<Category, At<Listed>> = BTreeMap::new();
        for spanned in raw {
            if categories.len() == MOST_CATEGORIES {
                return self.fault(&spanned, PolicyFault::TooMany(MOST_CATEGORIES));
            }
            let line = self.at(&spanned);
            let raw = spanned.into_inner();
            let category: Category = match raw.code.get_ref().parse() {
                Ok(category) => category,
                Err(fault) => return self.fault(&raw.code, PolicyFault::Category(fault)),
            };
            if let Some(known) = categories.get(&category) {
                let known = known.line;
                return self.fault(&raw.code, PolicyFault::ListedTwice(category, known));
            }
            let name = self.name(&raw.name)?;
            let english = raw.name_en.map(|name| self.name(&name)).transpose()?;
            let facts = (raw.needs, raw.window, raw.hours);
            let value = Listed {
                name,
                english: english.or_else(|| category.english().map(Box::from)),
                severity: raw.severity,
                service: self.service(&category, facts)?,
            };
            categories.insert(category, At { value, line });
        }
        Ok(categories)
    }

    fn dispatch(
        &self,
        raw: Vec<Spanned<RawLine>>,
        listed: &BTreeMap<Category, At<Listed>>,
    ) -> Read<Vec<Line>> {
        let mut lines: Vec<Line> = Vec::with_capacity(raw.len().min(MOST_LINES));
        for spanned in raw {
            if lines.len() == MOST_LINES {
                return self.fault(&spanned, PolicyFault::TooMany(MOST_LINES));
            }
            let number = self.at(&spanned);
            let bad = |fault| BadPolicy {
                line: number,
                fault,
            };
            let line = self.line(number, spanned.into_inner(), listed)?;
            if let Some(same) = lines.iter().find(|known| known.fits == line.fits) {
                return Err(bad(PolicyFault::SameAs(same.line)));
            }
            if line.decides_nothing() {
                return Err(bad(PolicyFault::Empty));
            }
            let at_once = line.at_once.as_ref().is_some_and(|at| at.value);
            let whereto = line.tier.as_ref().map(|at| at.value);
            if at_once && !matches!(whereto, Some(Handles::Tier(_))) {
                return Err(bad(PolicyFault::AtOnceWhereto));
            }
            lines.push(line);
        }
        Ok(lines)
    }

    fn line(&self, line: u32, raw: RawLine, listed: &BTreeMap<Category, At<Listed>>) -> Read<Line> {
        let origin = raw.origin.map(|raw| match raw.get_ref().parse() {
            Ok(origin) => Ok(origin),
            Err(_) => self.fault(&raw, PolicyFault::Origin(shown(raw.get_ref()))),
        });
        let department = raw.department.map(|spanned| {
            let line = self.at(&spanned);
            let RawDepartment { code, name } = spanned.into_inner();
            let name = self.name(&name)?;
            let code = match code.get_ref().parse() {
                Ok(code) => code,
                Err(fault) => return self.fault(&code, PolicyFault::Department(fault)),
            };
            let value = NamedDepartment { code, name };
            Ok(At { value, line })
        });
        let tier = raw.tier.map(|raw| {
            let line = self.at(&raw);
            let value = match raw.get_ref().as_str() {
                "stay" => Handles::Stay,
                tier => match tier.parse() {
                    Ok(tier) => Handles::Tier(tier),
                    Err(_) => return self.fault(&raw, PolicyFault::Tier(shown(tier))),
                },
            };
            Ok(At { value, line })
        });
        let clocks = raw.clocks.iter();
        let clocks = clocks.map(|(stage, raw)| Ok((*stage, self.allowance(raw)?)));
        Ok(Line {
            line,
            fits: Fits {
                category: self.pattern(&raw.category, listed)?,
                priority: raw.priority,
                channel: raw.channel,
                origin: origin.transpose()?,
                kind: raw.kind,
            },
            platform: self.plain(raw.platform),
            department: department.transpose()?,
            tier: tier.transpose()?,
            clocks: clocks.collect::<Read<_>>()?,
            extension: self.extension(raw.extension)?,
            escalate_on_breach: self.plain(raw.escalate_on_breach),
            at_once: self.plain(raw.at_once),
        })
    }

    fn pattern(
        &self,
        raw: &Spanned<String>,
        listed: &BTreeMap<Category, At<Listed>>,
    ) -> Read<Pattern> {
        let text = raw.get_ref();
        if text == "*" {
            return Ok(Pattern::Any);
        }
        if let Some(word) = text.strip_suffix("/*") {
            let named = |platform: &Platform| platform.code() == word;
            return match Platform::ALL.into_iter().find(named) {
                Some(platform) => Ok(Pattern::Platform(platform)),
                None => self.fault(raw, PolicyFault::Pattern(shown(text))),
            };
        }
        let Ok(category) = text.parse::<Category>() else {
            return self.fault(raw, PolicyFault::Pattern(shown(text)));
        };
        let shipped = CATALOGUE.iter().any(|(code, ..)| *code == text);
        if !shipped && !listed.contains_key(&category) {
            return self.fault(raw, PolicyFault::Unlisted(category));
        }
        Ok(Pattern::One(category))
    }

    fn limits(
        &self,
        limits: RawLimits,
        attachments: RawAttachments,
        texts: RawTexts,
        templates: RawTemplates,
    ) -> Read<Stated> {
        let chars = 1..12_001;
        Ok(Stated {
            pauses: self.number("pauses", 0..17, limits.pauses)?,
            pause_days: self.number("pause_days", 0..367, limits.pause_days)?,
            extension: self.extension(limits.extension)?,
            contest_days: self.number("contest_days", 1..367, limits.contest_days)?,
            contests: self.number("contests", 0..11, limits.contests)?,
            verify_first: self.plain(limits.verify_first),
            verify_by_another: limits
                .verify_by_another
                .map(|t| self.tiers(t))
                .transpose()?,
            bounces: self.number("bounces", 1..21, limits.bounces)?,
            warn_percent: self.number("warn_percent", 1..91, limits.warn_percent)?,
            anonymous: self.plain(limits.anonymous),
            max_bytes: self.number("max_bytes", 1..104_857_601, attachments.max_bytes)?,
            max_count: self.number("max_count", 0..101, attachments.max_count)?,
            types: attachments.types.map(|t| self.types(t)).transpose()?,
            retention_days: self.number("retention_days", 1..36_501, attachments.retention_days)?,
            report_chars: self.number("report", chars.clone(), texts.report)?,
            note_chars: self.number("note", chars.clone(), texts.note)?,
            answer_chars: self.number("answer", chars, texts.answer)?,
            // A list is said daily, and no longer life is believed.
            list_days: self.number("list_days", 2..61, templates.list_days)?,
        })
    }

    pub(super) fn tiers(&self, raw: Spanned<Vec<Spanned<String>>>) -> Read<At<Vec<Tier>>> {
        let line = self.at(&raw);
        let mut value = vec![];
        for word in raw.into_inner() {
            match word.get_ref().parse::<Tier>() {
                Ok(tier) if !value.contains(&tier) => value.push(tier),
                _ => return self.fault(&word, PolicyFault::TierOnce(shown(word.get_ref()))),
            }
        }
        value.sort_unstable();
        Ok(At { value, line })
    }

    fn types(&self, raw: Spanned<Vec<Spanned<String>>>) -> Read<At<Vec<Box<str>>>> {
        let line = self.at(&raw);
        let mut value: Vec<Box<str>> = vec![];
        if raw.get_ref().len() > 32 {
            return self.fault(&raw, PolicyFault::TooMany(32));
        }
        for kind in raw.into_inner() {
            let text = kind.get_ref();
            let plain = |part: &str| {
                let fits =
                    |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b);
                !part.is_empty() && part.bytes().all(fits)
            };
            let fits = text
                .split_once('/')
                .is_some_and(|(a, b)| plain(a) && plain(b));
            if !fits || text.len() > 100 || value.iter().any(|known| **known == **text) {
                return self.fault(&kind, PolicyFault::MediaType(shown(text)));
            }
            value.push(text.as_str().into());
        }
        Ok(At { value, line })
    }
}

impl Line {
    fn decides_nothing(&self) -> bool {
        self.platform.is_none()
            && self.department.is_none()
            && self.tier.is_none()
            && self.clocks.is_empty()
            && self.extension.is_none()
            && self.escalate_on_breach.is_none()
            && self.at_once.is_none()
    }
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}
