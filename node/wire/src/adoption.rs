//! Adoption reports: the outcome of a template in a child's subtree.

use domain::{
    envelope::Stamp,
    template::{AdoptionReport, BadTemplate, MOST_REFUSALS, Need, TemplateRefusal},
};
use proto::v1::{self, template_refusal::Reason};
use topology::DivisionCode;

use super::{
    Malformed, choice,
    malformed::{check_length, division, within},
    template::{key_in, key_out, name_in, version_in},
};

/// Largest count of nodes: more than the country has divisions, and sums do not overflow.
const MOST_NODES: u32 = 1_000_000;

/// Longest text in a refusal in bytes: 160 characters of four bytes.
const MOST_CLAUSE_BYTES: usize = 640;

pub(super) fn adoption_out(report: &AdoptionReport) -> v1::AdoptionReport {
    v1::AdoptionReport {
        key: Some(key_out(&report.key)),
        version: report.version,
        applied: report.applied,
        refused: report.refused,
        superseded: report.superseded,
        held: report.held,
        paused: report.paused,
        stale: report.stale,
        refusals: report
            .refusals
            .iter()
            .map(|(division, refusal)| v1::TemplateRefusal {
                division: division.as_u64(),
                reason: Some(reason_out(refusal)),
            })
            .collect(),
    }
}

pub(super) fn adoption_in(report: v1::AdoptionReport) -> Result<AdoptionReport, Malformed> {
    let count = |number, field| within(number, 0..=MOST_NODES, field);
    if report.refusals.len() > MOST_REFUSALS {
        return Err(Malformed::TooMany {
            field: "adoption.refusals",
            most: MOST_REFUSALS,
        });
    }
    Ok(AdoptionReport {
        key: key_in(report.key)?,
        version: version_in(report.version)?,
        applied: count(report.applied, "adoption.applied")?,
        refused: count(report.refused, "adoption.refused")?,
        superseded: count(report.superseded, "adoption.superseded")?,
        held: count(report.held, "adoption.held")?,
        paused: count(report.paused, "adoption.paused")?,
        stale: count(report.stale, "adoption.stale")?,
        refusals: report
            .refusals
            .into_iter()
            .filter_map(|refusal| refusal_in(refusal).transpose())
            .collect::<Result<_, _>>()?,
        stamp: Stamp::default(),
    })
}

fn reason_out(refusal: &TemplateRefusal) -> Reason {
    match refusal {
        TemplateRefusal::Bad(bad) => bad_out(bad),
        TemplateRefusal::MissingNeed(need) => Reason::MissingNeed(v1::TemplateNeed {
            kind: need.kind.number(),
            name: need.name.to_string(),
        }),
        TemplateRefusal::MissingBase(base) => Reason::MissingBase(key_out(base)),
        TemplateRefusal::Drops { base, item } => Reason::DropsItem(v1::Drops {
            base: Some(key_out(base)),
            item: item.to_string(),
            field: String::new(),
        }),
        TemplateRefusal::DropsField { base, item, field } => Reason::DropsField(v1::Drops {
            base: Some(key_out(base)),
            item: item.to_string(),
            field: field.to_string(),
        }),
        TemplateRefusal::Lengthens {
            base,
            item,
            from,
            to,
        } => Reason::Lengthens(v1::Lengthens {
            base: Some(key_out(base)),
            item: item.to_string(),
            from: (*from).into(),
            to: (*to).into(),
        }),
        TemplateRefusal::Loosens(clause) => Reason::Loosens(clause.to_string()),
    }
}

fn bad_out(bad: &BadTemplate) -> Reason {
    match bad {
        BadTemplate::NoIssuer(issuer) => Reason::NoIssuer(issuer.as_u64()),
        BadTemplate::MayNotIssue(kind, tier) => Reason::MayNotIssue(v1::MayNotIssue {
            kind: kind.number(),
            tier: tier.number(),
        }),
        BadTemplate::NotEntitled {
            kind,
            tier,
            table,
            version,
            line,
        } => Reason::NotEntitled(v1::NotEntitled {
            kind: kind.number(),
            tier: tier.number(),
            table: Some(key_out(table)),
            version: *version,
            line: *line,
        }),
        BadTemplate::Heading(clause) => Reason::Heading(clause.to_string()),
        BadTemplate::TooLong(bytes) => Reason::TooLong(*bytes),
        BadTemplate::Content(clause) => Reason::Content(clause.to_string()),
        BadTemplate::NewerFormat(format) => Reason::NewerFormat(*format),
        BadTemplate::Unsupported(what) => Reason::Unsupported(what.to_string()),
    }
}

/// Decodes a refusal; `None` if its reason is from a later version.
fn refusal_in(
    refusal: v1::TemplateRefusal,
) -> Result<Option<(DivisionCode, TemplateRefusal)>, Malformed> {
    let division = division(refusal.division, "refusal.division")?;
    match refusal.reason.map(reason_in).transpose() {
        Ok(reason) => Ok(reason.map(|reason| (division, reason))),
        Err(Malformed::Choice { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn reason_in(reason: Reason) -> Result<TemplateRefusal, Malformed> {
    let bad = match reason {
        Reason::MissingNeed(need) => {
            return Ok(TemplateRefusal::MissingNeed(Need {
                kind: choice::read(need.kind, "need.kind")?,
                name: name_in(need.name)?,
            }));
        }
        Reason::MissingBase(base) => {
            return Ok(TemplateRefusal::MissingBase(key_in(Some(base))?));
        }
        Reason::DropsItem(drops) => {
            return Ok(TemplateRefusal::Drops {
                base: key_in(drops.base)?,
                item: text_in(drops.item)?,
            });
        }
        Reason::DropsField(drops) => {
            return Ok(TemplateRefusal::DropsField {
                base: key_in(drops.base)?,
                item: text_in(drops.item)?,
                field: text_in(drops.field)?,
            });
        }
        Reason::Lengthens(lengthens) => {
            return Ok(TemplateRefusal::Lengthens {
                base: key_in(lengthens.base)?,
                item: text_in(lengthens.item)?,
                from: days_in(lengthens.from)?,
                to: days_in(lengthens.to)?,
            });
        }
        Reason::Loosens(clause) => return Ok(TemplateRefusal::Loosens(text_in(clause)?)),
        Reason::NoIssuer(issuer) => BadTemplate::NoIssuer(division(issuer, "refusal.no_issuer")?),
        Reason::MayNotIssue(which) => BadTemplate::MayNotIssue(
            choice::read(which.kind, "may_not_issue.kind")?,
            choice::read(which.tier, "may_not_issue.tier")?,
        ),
        Reason::NotEntitled(which) => BadTemplate::NotEntitled {
            kind: choice::read(which.kind, "not_entitled.kind")?,
            tier: choice::read(which.tier, "not_entitled.tier")?,
            table: key_in(which.table)?,
            version: version_in(which.version)?,
            line: which.line,
        },
        Reason::Heading(clause) => BadTemplate::Heading(text_in(clause)?),
        Reason::TooLong(bytes) => BadTemplate::TooLong(bytes),
        Reason::Content(clause) => BadTemplate::Content(text_in(clause)?),
        Reason::NewerFormat(format) => BadTemplate::NewerFormat(format),
        Reason::Unsupported(what) => BadTemplate::Unsupported(text_in(what)?),
    };
    Ok(TemplateRefusal::Bad(bad))
}

fn text_in(text: String) -> Result<Box<str>, Malformed> {
    check_length(text.len(), MOST_CLAUSE_BYTES, "refusal.clause")?;
    Ok(text.into())
}

fn days_in(days: u32) -> Result<u16, Malformed> {
    u16::try_from(days).map_err(|_| Malformed::Range("lengthens.days"))
}
