//! Finds lines that are looser than what already applies. Such a line would have no effect, because
//! the strictest wins. Its author evidently expects otherwise, so the template is refused, and the
//! refusal names the clause.

use std::fmt;

use topology::{DivisionCode, Tree};

use super::{
    At, BadPolicy, Fits, Line, Pattern, PolicyFault, SHIPPED_SHEET, Sheet,
    limits::extension_minutes,
};

/// A text and the subtree that its lines apply to.
#[derive(Clone, Copy)]
struct Stating<'a> {
    sheet: &'a Sheet,
    /// The subtree that a line without a place applies to; `None` for any place.
    under: Option<DivisionCode>,
}

impl Sheet {
    /// Checks that every clock and limit is as strict as what applies to all the same matters.
    /// Compares it with the other lines of this text and with the shipped policy.
    ///
    /// # Errors
    /// The first line that is looser, with the clause it would loosen.
    pub fn check_loosens(&self, issuer: DivisionCode, tree: &Tree) -> Result<(), BadPolicy> {
        self.check_against(issuer, self, tree)?;
        self.check_against(issuer, &SHIPPED_SHEET, tree)
    }

    /// Checks the same against another text in force, of the same issuer or one above.
    ///
    /// # Errors
    /// As for [`Sheet::check_loosens`].
    pub fn check_against(
        &self,
        issuer: DivisionCode,
        above: &Self,
        tree: &Tree,
    ) -> Result<(), BadPolicy> {
        let mine = Stating {
            sheet: self,
            under: Some(issuer),
        };
        let above = Stating {
            sheet: above,
            under: None,
        };
        for line in &self.lines {
            mine.check_line(line, above, tree)?;
        }
        mine.check_limits(above)
    }
}

impl Sheet {
    /// Returns every line that is looser than another text in force, the first clause of each, and then the first
    /// limit.
    pub fn every_looser(&self, issuer: DivisionCode, above: &Self, tree: &Tree) -> Vec<BadPolicy> {
        let mine = Stating {
            sheet: self,
            under: Some(issuer),
        };
        let above = Stating {
            sheet: above,
            under: None,
        };
        let lines = self.lines.iter();
        lines
            .map(|line| mine.check_line(line, above, tree))
            .chain([mine.check_limits(above)])
            .filter_map(Result::err)
            .collect()
    }
}

impl Stating<'_> {
    fn check_line(self, line: &Line, above: Self, tree: &Tree) -> Result<(), BadPolicy> {
        let covers = |wide: &&Line| wide.fits.covers(&line.fits, self.under, tree);
        for wide in above.sheet.lines.iter().filter(covers) {
            for (stage, mine) in &line.clocks {
                let looser = |given: &&At<_>| longer(&mine.value, &given.value);
                if let Some(given) = wide.clocks.get(stage).filter(looser) {
                    let what = format!("time to {stage}");
                    return Err(above.loosened(what, mine, given));
                }
            }
            above.check_extension(line.extension.as_ref(), wide.extension.as_ref())?;
            if let (Some(mine), Some(given)) = (&line.escalate_on_breach, &wide.escalate_on_breach)
                && !mine.value
                && given.value
            {
                return Err(above.loosened("escalate_on_breach".to_owned(), mine, given));
            }
        }
        let general = above.sheet.limits.extension.as_ref();
        above.check_extension(line.extension.as_ref(), general)
    }

    fn check_limits(self, above: Self) -> Result<(), BadPolicy> {
        let (mine, given) = (&self.sheet.limits, &above.sheet.limits);
        above.check_least("pauses", mine.pauses.as_ref(), given.pauses.as_ref())?;
        let days = given.pause_days.as_ref();
        above.check_least("pause_days", mine.pause_days.as_ref(), days)?;
        above.check_extension(mine.extension.as_ref(), given.extension.as_ref())
    }

    fn check_least<T: Ord + fmt::Display>(
        self,
        what: &str,
        mine: Option<&At<T>>,
        given: Option<&At<T>>,
    ) -> Result<(), BadPolicy> {
        match (mine, given) {
            (Some(mine), Some(given)) if mine.value > given.value => {
                Err(self.loosened(what.to_owned(), mine, given))
            }
            _ => Ok(()),
        }
    }

    fn check_extension(
        self,
        mine: Option<&At<Option<super::Allowance>>>,
        given: Option<&At<Option<super::Allowance>>>,
    ) -> Result<(), BadPolicy> {
        let (Some(mine), Some(given)) = (mine, given) else {
            return Ok(());
        };
        if extension_minutes(&mine.value) <= extension_minutes(&given.value) {
            return Ok(());
        }
        let word = |at: &At<Option<super::Allowance>>| At {
            value: at
                .value
                .map_or_else(|| "none".to_owned(), |by| by.to_string()),
            line: at.line,
        };
        Err(self.loosened("extension".to_owned(), &word(mine), &word(given)))
    }

    /// Builds the fault of a line that is looser than `given`, a line of this text.
    fn loosened<T: fmt::Display>(self, what: String, mine: &At<T>, given: &At<T>) -> BadPolicy {
        BadPolicy {
            line: mine.line,
            fault: PolicyFault::Loosens {
                what: what.into(),
                mine: mine.value.to_string().into(),
                given: given.value.to_string().into(),
                by: self.sheet.source.to_string().into(),
                line: given.line,
            },
        }
    }
}

fn longer(mine: &super::Allowance, given: &super::Allowance) -> bool {
    mine.rough_minutes() > given.rough_minutes()
}

impl Fits {
    /// Returns whether these match every matter that `other` matches. A line without a place
    /// applies at most to the subtree `under`, its issuer's.
    fn covers(&self, other: &Self, under: Option<DivisionCode>, tree: &Tree) -> bool {
        let category = match (&self.category, &other.category) {
            (Pattern::Any, _) => true,
            (Pattern::Platform(wide), Pattern::Platform(narrow)) => wide == narrow,
            (Pattern::Platform(wide), Pattern::One(narrow)) => *wide == narrow.platform(),
            (Pattern::One(wide), Pattern::One(narrow)) => wide == narrow,
            (_, Pattern::Any) | (Pattern::One(_), Pattern::Platform(_)) => false,
        };
        let place = self.origin.is_none_or(|wide| {
            let narrow = other.origin.or(under);
            narrow.is_some_and(|narrow| tree.contains(wide, narrow))
        });
        category
            && place
            && self.priority.is_none_or(|p| other.priority == Some(p))
            && self.channel.is_none_or(|c| other.channel == Some(c))
            && self.kind.is_none_or(|k| other.kind == Some(k))
    }
}
