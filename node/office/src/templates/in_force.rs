//! The policy in force, number by number, each with the line behind it.

use api::{CategoryPolicy, PolicyInForce, PolicyLine, PolicySubject as S, PolicyValue as V};
use domain::{
    category::{Category, Priority},
    matter::Channel,
    policy::{Case, Handles, IssuingTiers, Limits, Listed, Policy, Ruled, Ruling},
};

use crate::{Fault, services::Templates};

impl Templates<'_> {
    /// Returns every number of the policy in force, with its line.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn every_line(self) -> Result<PolicyInForce, Fault> {
        let policy = self.policy_in_force().await?;
        let calendar = policy.calendar();
        let (_, last) = calendar.value.covered();
        let announced = PolicyLine::new(S::Calendar, V::Text(last.to_string()), &calendar.rule);
        let categories = policy.categories().into_iter();
        let lines = |(category, listed): (&Category, Ruled<Listed>)| CategoryPolicy {
            code: category.to_string(),
            name: listed.value.name.into(),
            name_en: listed.value.english.map(String::from),
            lines: self.lines_of(&policy, category),
        };
        Ok(PolicyInForce {
            limits: [announced]
                .into_iter()
                .chain(limits(&policy.limits()))
                .chain(policy.issuers().iter().flat_map(issuing))
                .collect(),
            categories: categories.map(lines).collect(),
        })
    }

    fn lines_of(self, policy: &Policy, category: &Category) -> Vec<PolicyLine> {
        let case = Case {
            category,
            priority: Priority::Normal,
            channel: Channel::Snapshot,
            origin: self.me,
        };
        decisions(&policy.rule(&case, self.tree()))
    }
}

fn decisions(ruling: &Ruling) -> Vec<PolicyLine> {
    let platform = V::Platform(ruling.platform.value);
    let mut lines = vec![PolicyLine::new(
        S::Platform,
        platform,
        &ruling.platform.rule,
    )];
    if let Some(Ruled { value, rule }) = &ruling.department {
        let name = V::Text(value.name.to_string());
        lines.push(PolicyLine::new(S::Department, name, rule));
    }
    let tiers = match ruling.tier.value {
        Handles::Stay => vec![],
        Handles::Tier(tier) => vec![tier],
    };
    lines.push(PolicyLine::new(S::Tier, V::Tiers(tiers), &ruling.tier.rule));
    for (stage, shortest) in &ruling.clocks {
        let longer = ruling.longer.get(stage).into_iter().flatten();
        let given = [shortest].into_iter().chain(longer);
        lines.extend(given.enumerate().map(|(n, time)| PolicyLine {
            stage: Some(*stage),
            holds: n == 0,
            ..PolicyLine::new(S::Time, Some(time.value).into(), &time.rule)
        }));
    }
    let extensions = [&ruling.extension]
        .into_iter()
        .chain(&ruling.longer_extensions);
    lines.extend(extensions.enumerate().map(|(n, time)| PolicyLine {
        holds: n == 0,
        ..PolicyLine::new(S::Extension, time.value.into(), &time.rule)
    }));
    let up = &ruling.escalate_on_breach;
    lines.push(PolicyLine::new(
        S::OverdueGoesUp,
        V::Yes(up.value),
        &up.rule,
    ));
    let at_once = &ruling.at_once;
    lines.push(PolicyLine::new(
        S::AtOnce,
        V::Yes(at_once.value),
        &at_once.rule,
    ));
    lines
}

fn issuing(line: &IssuingTiers) -> impl Iterator<Item = PolicyLine> {
    let stated = [&line.tiers].into_iter().chain(&line.wider).enumerate();
    stated.map(move |(n, ruled)| PolicyLine {
        kind: Some(line.kind),
        from: (!line.holds_always()).then(|| line.from.to_string()),
        holds: n == 0,
        ..PolicyLine::new(S::Issuers, V::Tiers(ruled.value.clone()), &ruled.rule)
    })
}

fn limits(limits: &Limits) -> Vec<PolicyLine> {
    fn count<T: Copy + Into<u64>>(subject: S, ruled: &Ruled<T>) -> PolicyLine {
        PolicyLine::new(subject, V::Count(ruled.value.into()), &ruled.rule)
    }
    let yes =
        |subject, ruled: &Ruled<bool>| PolicyLine::new(subject, V::Yes(ruled.value), &ruled.rule);
    let extension = limits.extension.value.into();
    let tiers = V::Tiers(limits.verify_by_another.value.clone());
    let types = V::Text(limits.types.value.join(", "));
    vec![
        count(S::Pauses, &limits.pauses),
        count(S::PauseDays, &limits.pause_days),
        PolicyLine::new(S::Extension, extension, &limits.extension.rule),
        count(S::ContestDays, &limits.contest_days),
        count(S::Contests, &limits.contests),
        yes(S::VerifyFirst, &limits.verify_first),
        PolicyLine::new(S::VerifyByAnother, tiers, &limits.verify_by_another.rule),
        count(S::Returns, &limits.bounces),
        count(S::WarnPercent, &limits.warn_percent),
        yes(S::Anonymous, &limits.anonymous),
        count(S::FileBytes, &limits.max_bytes),
        count(S::Files, &limits.max_count),
        PolicyLine::new(S::FileTypes, types, &limits.types.rule),
        count(S::FileDays, &limits.retention_days),
        count(S::ReportLength, &limits.report_chars),
        count(S::NoteLength, &limits.note_chars),
        count(S::AnswerLength, &limits.answer_chars),
        count(S::ListDays, &limits.list_days),
    ]
}
