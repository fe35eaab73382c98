//! What policy says about one matter.

use std::collections::BTreeMap;

use topology::{DivisionCode, Tier, Tree, UnitKind};

use super::{
    Allowance, At, Category, Channel, Fits, Handles, Limits, Line, NamedDepartment, Pattern,
    Platform, Policy, Priority, RuleRef, Ruled, SHIPPED_SHEET, Sheet, Stage, limits::shorter,
};
use crate::clock::{Bounds, Terms};

/// What policy must know of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case<'a> {
    /// What it is about.
    pub category: &'a Category,
    /// How urgent it is.
    pub priority: Priority,
    /// How it came in.
    pub channel: Channel,
    /// Where it was reported.
    pub origin: DivisionCode,
}

/// What policy says about one matter. Every answer names its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Which platform takes it on; the category's own where no line says otherwise.
    pub platform: Ruled<Platform>,
    /// Which department handles it.
    pub department: Option<Ruled<NamedDepartment>>,
    /// Which tier handles it.
    pub tier: Ruled<Handles>,
    /// How much time each stage has. A stage without a clock is missing.
    pub clocks: BTreeMap<Stage, Ruled<Allowance>>,
    /// The longest extension.
    pub extension: Ruled<Option<Allowance>>,
    /// Whether it goes one tier up when the response or the work is overdue.
    pub escalate_on_breach: Ruled<bool>,
    /// Whether it goes to its tier at report, without waiting for a person.
    pub at_once: Ruled<bool>,
    /// The limits.
    pub limits: Limits,
}

/// One decision, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// About what.
    pub what: String,
    /// What was decided.
    pub value: String,
    /// By which line.
    pub rule: RuleRef,
}

impl Ruling {
    /// The tier that is to handle it, if that stands above `me`.
    pub fn goes_up(&self, me: Tier) -> Option<Tier> {
        match self.tier.value {
            Handles::Tier(tier) if tier < me => Some(tier),
            _ => None,
        }
    }

    /// As [`Ruling::goes_up`], if it is to go there at once.
    pub fn goes_up_at_once(&self, me: Tier) -> Option<Tier> {
        self.goes_up(me).filter(|_| self.at_once.value)
    }

    /// Whether the matter goes one tier up when the clock of this stage is overdue.
    pub const fn escalates_on(&self, stage: Stage) -> bool {
        self.escalate_on_breach.value && stage.may_escalate()
    }

    /// What a clock of this stage starts with, if the stage has one.
    pub fn terms(&self, stage: Stage) -> Option<Terms> {
        self.clocks.get(&stage).map(|clock| Terms {
            stage,
            rule: clock.rule.clone(),
            allowance: clock.value,
            warn_percent: self.limits.warn_percent.value,
        })
    }

    /// How far the clocks of this matter may be stopped and stretched.
    pub const fn bounds(&self) -> Bounds {
        Bounds {
            pauses: self.limits.pauses.value,
            pause_days: self.limits.pause_days.value,
            extension: self.extension.value,
        }
    }

    /// Each decision about this matter, in words, with its line. The limits have their own.
    pub fn decisions(&self) -> Vec<Decided> {
        let mut decisions = vec![];
        let mut say = |what: &str, value: String, rule: &RuleRef| {
            decisions.push(Decided {
                what: what.to_owned(),
                value,
                rule: rule.clone(),
            });
        };
        let platform = self.platform.value;
        let platform = format!("{} {}", platform.name(), platform.chinese());
        say("platform", platform, &self.platform.rule);
        if let Some(Ruled { value, rule }) = &self.department {
            say("department", format!("{} {}", value.code, value.name), rule);
        }
        say("tier", self.tier.value.to_string(), &self.tier.rule);
        for (stage, clock) in &self.clocks {
            let what = format!("time to {stage}");
            say(&what, clock.value.to_string(), &clock.rule);
        }
        let extension = match self.extension.value {
            Some(by) => by.to_string(),
            None => "none".to_owned(),
        };
        say("longest extension", extension, &self.extension.rule);
        let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let Ruled { value, rule } = &self.escalate_on_breach;
        say("escalates when overdue", word(*value), rule);
        let Ruled { value, rule } = &self.at_once;
        say("escalates at once", word(*value), rule);
        decisions
    }
}

/// How specific a line is, greatest first: urgency, category, place, kind of unit, channel.
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

/// The lines of all templates that fit one matter.
struct Fitting<'a> {
    /// Per template, highest issuer first.
    sheets: Vec<(&'a Sheet, Vec<&'a Line>)>,
    /// Those of the shipped policy.
    shipped: (&'a Sheet, Vec<&'a Line>),
}

impl<'a> Fitting<'a> {
    /// What the most specific line of each template says, the templates in their order; what the
    /// shipped policy says if no template says anything.
    fn said<T>(&self, pick: impl Fn(&'a Line) -> Option<&'a At<T>>) -> Vec<(Weight, Ruled<T>)>
    where
        T: Clone + 'a,
    {
        let best = |(sheet, lines): &(&'a Sheet, Vec<&'a Line>)| {
            let mut best: Option<(Weight, &At<T>)> = None;
            for line in lines {
                let weight = line.fits.weight();
                let beats = best.is_none_or(|(known, _)| weight > known);
                if let Some(at) = pick(line).filter(|_| beats) {
                    best = Some((weight, at));
                }
            }
            best.map(|(weight, at)| (weight, sheet.at(at)))
        };
        let said: Vec<_> = self.sheets.iter().filter_map(best).collect();
        if said.is_empty() {
            return best(&self.shipped).into_iter().collect();
        }
        said
    }

    /// The most specific line of all; of equals, the first template's.
    fn most_specific<T>(&self, pick: impl Fn(&'a Line) -> Option<&'a At<T>>) -> Option<Ruled<T>>
    where
        T: Clone + 'a,
    {
        let said = self.said(pick).into_iter();
        let best = said.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, ruled)| ruled)
    }

    /// What the first template says, unless a later one is stricter.
    fn strictest<T>(
        &self,
        pick: impl Fn(&'a Line) -> Option<&'a At<T>>,
        stricter: impl Fn(&T, &T) -> bool,
    ) -> Option<Ruled<T>>
    where
        T: Clone + 'a,
    {
        let said = self.said(pick).into_iter().map(|(_, ruled)| ruled);
        said.reduce(|first, later| {
            let counts = stricter(&later.value, &first.value);
            if counts { later } else { first }
        })
    }
}

impl Policy {
    /// What policy says about a matter. A pure function of the templates in force and the case.
    pub fn rule(&self, case: &Case<'_>, tree: &Tree) -> Ruling {
        let kind = tree.get(case.origin).and_then(|division| division.kind);
        let fitting = Fitting {
            sheets: self
                .sheets
                .iter()
                .map(|s| (s, s.fitting(case, kind, tree)))
                .collect(),
            shipped: (&SHIPPED_SHEET, SHIPPED_SHEET.fitting(case, kind, tree)),
        };
        const STATED: &str = "the shipped policy says it of any matter, by a test";
        let limits = self.limits();
        let clock = |stage: Stage| {
            let shorter = |a: &Allowance, b: &Allowance| a.rough_minutes() < b.rough_minutes();
            let clock = fitting.strictest(|line| line.clocks.get(&stage), shorter)?;
            Some((stage, clock))
        };
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
        let general = || limits.extension.clone();
        let extension = match fitting.strictest(|line| line.extension.as_ref(), shorter) {
            Some(by_line) if general().rule.source.is_template() => {
                if by_line.rule.source.is_template() {
                    by_line
                } else {
                    general()
                }
            }
            Some(by_line) => by_line,
            None => general(),
        };
        Ruling {
            platform: platform.unwrap_or_else(own),
            department: fitting.most_specific(|line| line.department.as_ref()),
            clocks: Stage::ALL.into_iter().filter_map(clock).collect(),
            extension,
            escalate_on_breach: fitting
                .most_specific(|line| line.escalate_on_breach.as_ref())
                .expect(STATED),
            at_once: fitting
                .most_specific(|line| line.at_once.as_ref())
                .expect(STATED),
            tier,
            limits,
        }
    }
}
