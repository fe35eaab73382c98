//! The values of policy: what holds for all matters, and in each category for a report of normal urgency.

use std::collections::BTreeMap;

use topology::{DivisionCode, Tier, Tree};

use super::{
    EffectiveValue, Subject, Template, TemplateKey, TemplateKind, none, row, source, terms, yes,
};
use crate::{
    calendar::Allowance,
    category::Priority,
    matter::Channel,
    policy::{
        Case, Handles, IssuingTiers, Limits, Policy, PolicySubject as S, RuleRef, Ruled, Ruling,
        Sheet,
    },
    saying::Saying,
    template::decide::promises,
};

/// The values of one entry while they are collected.
struct Collected {
    about: (String, Saying),
    values: Vec<EffectiveValue>,
}

impl Collected {
    fn say(&mut self, subject: S, value: Saying, rule: &RuleRef) {
        self.under(
            subject.code().to_owned(),
            Saying::term(subject),
            value,
            rule,
        );
    }

    fn under(&mut self, code: String, what: Saying, value: Saying, rule: &RuleRef) {
        self.values.push(EffectiveValue {
            subject: Subject {
                about: self.about.0.as_str().into(),
                code: code.into(),
            },
            about: self.about.1.clone(),
            what,
            value,
            source: rule.source.clone(),
            line: Some(rule.line),
            looser: vec![],
        });
    }

    /// Adds what does not hold to the last value.
    fn looser(&mut self, value: Saying, rule: &RuleRef) {
        if let Some(last) = self.values.last_mut() {
            last.looser.push((value, rule.source.clone()));
        }
    }

    fn count<T: std::fmt::Display>(&mut self, subject: S, ruled: &Ruled<T>) {
        self.say(subject, Saying::foreign(&ruled.value), &ruled.rule);
    }

    fn yes(&mut self, subject: S, ruled: &Ruled<bool>) {
        self.say(subject, yes(ruled.value), &ruled.rule);
    }
}

/// Returns the policy that these templates make.
fn policy_of(in_force: &BTreeMap<TemplateKey, Template>, tree: &Tree) -> Policy {
    let sheets = in_force.values().filter_map(|one| match one.key.kind {
        TemplateKind::Policy => Sheet::read(&one.content, source(one)).ok(),
        TemplateKind::Service => Some(promises(one, tree)),
        _ => None,
    });
    Policy::of(sheets)
}

pub(super) fn values(
    in_force: &BTreeMap<TemplateKey, Template>,
    division: DivisionCode,
    tree: &Tree,
) -> Vec<EffectiveValue> {
    let policy = policy_of(in_force, tree);
    let mut all = Collected {
        about: Default::default(),
        values: vec![],
    };
    let calendar = policy.calendar();
    let (_, last) = calendar.value.covered();
    all.say(S::Calendar, Saying::foreign(last), &calendar.rule);
    limits(&mut all, &policy.limits());
    for line in policy.issuers() {
        issuing_tiers(&mut all, &line);
    }
    for (category, listed) in policy.categories() {
        let case = Case {
            category,
            priority: Priority::Normal,
            channel: Channel::Snapshot,
            origin: division,
        };
        let name = Saying {
            english: listed
                .value
                .english
                .unwrap_or(listed.value.name.clone())
                .into(),
            chinese: listed.value.name.into(),
        };
        all.about = (category.to_string(), name);
        decisions(&mut all, &policy.rule(&case, tree));
    }
    all.values
}

fn time(allowance: Option<Allowance>) -> Saying {
    allowance.map_or_else(none, |time| time.said())
}

fn decisions(all: &mut Collected, ruling: &Ruling) {
    let platform = Saying::term(ruling.platform.value);
    all.say(S::Platform, platform, &ruling.platform.rule);
    if let Some(department) = &ruling.department {
        let name = Saying::foreign(&department.value.name);
        all.say(S::Department, name, &department.rule);
    }
    let tier = match ruling.tier.value {
        Handles::Stay => stays(),
        Handles::Tier(tier) => Saying::term(tier),
    };
    all.say(S::Tier, tier, &ruling.tier.rule);
    for (stage, shortest) in &ruling.clocks {
        let what = time_of(Saying::term(*stage));
        let code = format!("{}/{}", S::Time.code(), stage.code());
        all.under(code, what, shortest.value.said(), &shortest.rule);
        for longer in ruling.longer.get(stage).into_iter().flatten() {
            all.looser(longer.value.said(), &longer.rule);
        }
    }
    all.say(
        S::Extension,
        time(ruling.extension.value),
        &ruling.extension.rule,
    );
    for longer in &ruling.longer_extensions {
        all.looser(time(longer.value), &longer.rule);
    }
    all.yes(S::OverdueGoesUp, &ruling.escalate_on_breach);
    all.yes(S::AtOnce, &ruling.at_once);
}

fn issuing_tiers(all: &mut Collected, line: &IssuingTiers) {
    let code = format!("{}/{}/{}", S::Issuers.code(), line.kind.code(), line.from);
    let kind = Saying::term(line.kind);
    let what = match line.holds_always() {
        true => issuing(kind),
        false => issuing_from(kind, line.from),
    };
    let said = |tiers: &[Tier]| match tiers {
        [] => none(),
        tiers => terms(tiers),
    };
    all.under(code, what, said(&line.tiers.value), &line.tiers.rule);
    for wider in &line.wider {
        all.looser(said(&wider.value), &wider.rule);
    }
}

fn limits(all: &mut Collected, limits: &Limits) {
    all.count(S::Pauses, &limits.pauses);
    all.count(S::PauseDays, &limits.pause_days);
    all.say(
        S::Extension,
        time(limits.extension.value),
        &limits.extension.rule,
    );
    all.count(S::ContestDays, &limits.contest_days);
    all.count(S::Contests, &limits.contests);
    all.yes(S::VerifyFirst, &limits.verify_first);
    let tiers = match limits.verify_by_another.value.as_slice() {
        [] => none(),
        tiers => terms(tiers),
    };
    all.say(S::VerifyByAnother, tiers, &limits.verify_by_another.rule);
    all.count(S::Returns, &limits.bounces);
    all.count(S::WarnPercent, &limits.warn_percent);
    all.yes(S::Anonymous, &limits.anonymous);
    all.count(S::FileBytes, &limits.max_bytes);
    all.count(S::Files, &limits.max_count);
    let types = row(limits.types.value.iter().map(|kind| &**kind));
    all.say(S::FileTypes, types, &limits.types.rule);
    all.count(S::FileDays, &limits.retention_days);
    all.count(S::ReportLength, &limits.report_chars);
    all.count(S::NoteLength, &limits.note_chars);
    all.count(S::AnswerLength, &limits.answer_chars);
    all.count(S::ListDays, &limits.list_days);
}

crate::sayings! {
    fn stays(): "在本级", "the division that holds it";
    fn issuing(kind): "谁可以制发“{kind}”", "who issues {kind}";
    fn issuing_from(kind, day): "{day} 起谁制发“{kind}”", "who issues {kind} from {day} on";
    fn time_of(stage): "{stage}时限", "time: {stage}";
}
