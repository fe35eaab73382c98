//! The answers of policy about one matter.

use std::collections::BTreeMap;

use topology::{DivisionCode, Tier, Tree, UnitKind};

use super::{
    Allowance, At, Category, Channel, Fits, Handles, Limits, Line, NamedDepartment, Pattern,
    Platform, Policy, Priority, RuleRef, Ruled, SHIPPED_SHEET, Sheet, Stage,
    limits::extension_minutes,
};
use crate::{
    calendar::Calendar,
    clock::{Bounds, ClockTerms},
    time::Timestamp,
};

/// The facts of a matter that policy depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case<'a> {
    /// Category of the matter.
    pub category: &'a Category,
    /// Its urgency.
    pub priority: Priority,
    /// The channel by which it came in.
    pub channel: Channel,
    /// The division where it was reported.
    pub origin: DivisionCode,
}

/// The answers of policy about one matter, each with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The platform that handles it; the category's own platform if no line says otherwise.
    pub platform: Ruled<Platform>,
    /// The department that handles it, if any.
    pub department: Option<Ruled<NamedDepartment>>,
    /// The tier that handles it.
    pub tier: Ruled<Handles>,
    /// Time for each stage: the shortest that any line gives. A stage without a clock is missing.
    pub clocks: BTreeMap<Stage, Ruled<Allowance>>,
    /// The other times that lines give each stage, shortest first.
    pub longer: BTreeMap<Stage, Vec<Ruled<Allowance>>>,
    /// The longest extension: the shortest that is stated; a value of `None` allows none.
    pub extension: Ruled<Option<Allowance>>,
    /// The other extensions stated, shortest first.
    pub longer_extensions: Vec<Ruled<Option<Allowance>>>,
    /// Whether it goes one tier up when the response or the work is overdue: yes if any line says
    /// so.
    pub escalate_on_breach: Ruled<bool>,
    /// Whether it goes to its tier when it is reported, without waiting for a person.
    pub at_once: Ruled<bool>,
    /// The limits.
    pub limits: Limits,
}

/// One decision, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The subject of the decision.
    pub what: String,
    /// The decision.
    pub value: String,
    /// The line that decided it.
    pub rule: RuleRef,
    /// Whether it is in effect. A line that a stricter one overrides also applies, but is not in
    /// effect.
    pub holds: bool,
}

impl Ruling {
    /// Returns the tier that must handle it, if that is above `me`.
    pub fn goes_up(&self, me: Tier) -> Option<Tier> {
        match self.tier.value {
            Handles::Tier(tier) if tier < me => Some(tier),
            _ => None,
        }
    }

    /// Like [`Ruling::goes_up`], but only if the matter must go there at once.
    pub fn goes_up_at_once(&self, me: Tier) -> Option<Tier> {
        self.goes_up(me).filter(|_| self.at_once.value)
    }

    /// Returns whether the matter goes one tier up when the clock of this stage is overdue.
    pub const fn escalates_on(&self, stage: Stage) -> bool {
        self.escalate_on_breach.value && stage.may_escalate()
    }

    /// Returns every time that lines give this stage, shortest first.
    fn given(&self, stage: Stage) -> impl Iterator<Item = &Ruled<Allowance>> {
        let longer = self.longer.get(&stage).into_iter().flatten();
        self.clocks.get(&stage).into_iter().chain(longer)
    }

    /// Returns the terms with which a clock of this stage starts at `now`: of all given times, the
    /// one that ends first; `None` if the stage has no clock. Working time and wall-clock time can
    /// only be compared by the calendar.
    pub fn terms(&self, stage: Stage, calendar: &Calendar, now: Timestamp) -> Option<ClockTerms> {
        let due = |clock: &&Ruled<Allowance>| calendar.add(now, clock.value);
        self.given(stage).min_by_key(due).map(|clock| ClockTerms {
            stage,
            rule: clock.rule.clone(),
            allowance: clock.value,
            warn_percent: self.limits.warn_percent.value,
        })
    }

    /// Returns the bounds on pauses and extensions of this matter's clocks.
    pub const fn bounds(&self) -> Bounds {
        Bounds {
            pauses: self.limits.pauses.value,
            pause_days: self.limits.pause_days.value,
            extension: self.extension.value,
        }
    }

    /// Returns each decision about this matter as text, with its line. The limits are not among
    /// them; see [`Limits::decisions`].
    pub fn decisions(&self) -> Vec<Decided> {
        let mut decisions = vec![];
        let mut say = |what: &str, value: String, rule: &RuleRef, holds: bool| {
            decisions.push(Decided {
                what: what.to_owned(),
                value,
                rule: rule.clone(),
                holds,
            });
        };
        let platform = self.platform.value;
        let platform = platform.label();
        say("platform", platform, &self.platform.rule, true);
        if let Some(Ruled { value, rule }) = &self.department {
            let department = format!("{} {}", value.code, value.name);
            say("department", department, rule, true);
        }
        say("tier", self.tier.value.to_string(), &self.tier.rule, true);
        for stage in self.clocks.keys() {
            let what = format!("time to {stage}");
            for (n, clock) in self.given(*stage).enumerate() {
                say(&what, clock.value.to_string(), &clock.rule, n == 0);
            }
        }
        let stated = std::iter::once(&self.extension).chain(&self.longer_extensions);
        for (n, Ruled { value, rule }) in stated.enumerate() {
            let extension = value.map_or_else(|| "none".to_owned(), |by| by.to_string());
            say("longest extension", extension, rule, n == 0);
        }
        let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let Ruled { value, rule } = &self.escalate_on_breach;
        say("escalates when overdue", word(*value), rule, true);
        let Ruled { value, rule } = &self.at_once;
        say("escalates at once", word(*value), rule, true);
        decisions
    }
}

/// The specificity of a line, compared from first to last: urgency, category, place, kind of unit,
/// channel.
type Weight = (bool, u8, usize, bool, bool);

impl Fits {
    fn weight(&self) -> Weight {
        let category = match self.category {
            Pattern::Any => 0,
            Pattern::Platform(_) => 1,
            Pattern::One(_) => 2,
        };
        let place = self.origin.map_or(0, |origin| 1 + origin.tier() as usize);
        let urgency = self.priority.is_some();
        (
            urgency,
            category,
            place,
            self.kind.is_some(),
            self.channel.is_some(),
        )
    }

    fn fits(&self, case: &Case<'_>, kind: Option<UnitKind>, tree: &Tree) -> bool {
        let category = match &self.category {
            Pattern::Any => true,
            Pattern::Platform(platform) => *platform == case.category.platform(),
            Pattern::One(category) => category == case.category,
        };
        category
            && self.priority.is_none_or(|p| p == case.priority)
            && self.channel.is_none_or(|c| c == case.channel)
            && self.kind.is_none_or(|k| Some(k) == kind)
            && self.origin.is_none_or(|o| tree.contains(o, case.origin))
    }
}

impl Sheet {
    fn fitting(&self, case: &Case<'_>, kind: Option<UnitKind>, tree: &Tree) -> Vec<&Line> {
        let fits = |line: &&Line| line.fits.fits(case, kind, tree);
        self.lines.iter().filter(fits).collect()
    }
}

/// The lines of each text that fit one matter: templates first, highest issuer first, the shipped
/// policy last.
struct Fitting<'a>(Vec<(&'a Sheet, Vec<&'a Line>)>);

impl<'a> Fitting<'a> {
    /// Returns the values of all lines that state one. They are in the order of the texts and then
    /// of the lines.
    fn said<T>(&self, pick: impl Fn(&'a Line) -> Option<&'a At<T>>) -> Vec<(Weight, Ruled<T>)>
    where
        T: Clone + 'a,
    {
        let mut said = vec![];
        for (sheet, lines) in &self.0 {
            for line in lines {
                let at = pick(line);
                said.extend(at.map(|at| (line.fits.weight(), sheet.at(at))));
            }
        }
        said
    }

    /// Returns the answer of the most specific line; among equals, that of the first text.
    fn most_specific<T>(&self, pick: impl Fn(&'a Line) -> Option<&'a At<T>>) -> Option<Ruled<T>>
    where
        T: Clone + 'a,
    {
        let said = self.said(pick).into_iter();
        let best = said.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, ruled)| ruled)
    }

    /// Returns the values of all lines, strictest first, which is the one with the least measure.
    /// Among equals the first text's comes first, then the more specific line's.
    fn strictest_first<T, M: Ord>(
        &self,
        pick: impl Fn(&'a Line) -> Option<&'a At<T>>,
        measure: impl Fn(&T) -> M,
    ) -> Vec<Ruled<T>>
    where
        T: Clone + 'a,
    {
        let mut said = self.said(pick);
        said.sort_by(|(a_weight, a), (b_weight, b)| {
            let by_text = || a.rule.source.rank().cmp(&b.rule.source.rank());
            let specific = || b_weight.cmp(a_weight);
            let measured = measure(&a.value).cmp(&measure(&b.value));
            measured.then_with(by_text).then_with(specific)
        });
        said.into_iter().map(|(_, ruled)| ruled).collect()
    }
}

impl Policy {
    /// Returns what policy says about a matter. It depends only on the templates in force, the case
    /// and the tree.
    pub fn rule(&self, case: &Case<'_>, tree: &Tree) -> Ruling {
        let kind = tree.get(case.origin).and_then(|division| division.kind);
        let texts = self.sheets.iter().chain([&*SHIPPED_SHEET]);
        let fitting = Fitting(texts.map(|s| (s, s.fitting(case, kind, tree))).collect());
        const STATED: &str = "the shipped policy says it of any matter, by a test";
        let limits = self.limits();
        let mut clocks = BTreeMap::new();
        let mut longer = BTreeMap::new();
        for stage in Stage::ALL {
            let given =
                fitting.strictest_first(|line| line.clocks.get(&stage), |a| a.rough_minutes());
            let mut given = given.into_iter();
            if let Some(shortest) = given.next() {
                clocks.insert(stage, shortest);
                longer.insert(stage, given.collect());
            }
        }
        let tier = fitting.most_specific(|line| line.tier.as_ref());
        let tier = tier.expect(STATED);
        let platform = fitting.most_specific(|line| line.platform.as_ref());
        let own = || Ruled {
            value: case.category.platform(),
            rule: match self.category(case.category) {
                Some(listed) => listed.rule,
                None => tier.rule.clone(),
            },
        };
        let mut extensions =
            fitting.strictest_first(|line| line.extension.as_ref(), extension_minutes);
        // The general limit on extensions also binds a line that states a longer one.
        let general = limits.extension.clone();
        let minutes = extension_minutes(&general.value);
        let at = extensions.partition_point(|e| extension_minutes(&e.value) <= minutes);
        extensions.insert(at, general);
        let extension = extensions.remove(0);
        Ruling {
            platform: platform.unwrap_or_else(own),
            department: fitting.most_specific(|line| line.department.as_ref()),
            clocks,
            longer,
            extension,
            longer_extensions: extensions,
            escalate_on_breach: fitting
                .strictest_first(|line| line.escalate_on_breach.as_ref(), |yes| !yes)
                .into_iter()
                .next()
                .expect(STATED),
            at_once: fitting
                .most_specific(|line| line.at_once.as_ref())
                .expect(STATED),
            tier,
            limits,
        }
    }
}
