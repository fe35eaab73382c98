//! Whether a template was issued by a tier that may, by the table of issuers that the root states.

use topology::Tree;

use super::{BadTemplate, InForce, Template, TemplateKind};
use crate::{
    policy::Sheet,
    rule::{RuleRef, Source},
};

/// Returns whether a template is of those that may have the table: policy of the root.
pub(super) fn has_table(template: &Template, tree: &Tree) -> bool {
    template.key.issuer == tree.root() && template.key.kind == TemplateKind::Policy
}

/// Checks a template against every table in force, by the line that held on the day on which it was issued.
pub(super) fn check(
    template: &Template,
    in_force: &dyn InForce,
    tree: &Tree,
) -> Result<(), BadTemplate> {
    let (kind, tier) = (template.key.kind, template.key.issuer.tier());
    let day = template.issued_at.day();
    let texts = in_force.all(TemplateKind::Policy).into_iter();
    // A version is not judged by the version before it.
    let mut texts = texts.filter(|known| has_table(known, tree) && known.key != template.key);
    let denied = texts.find_map(|known| {
        let source = Source::Template {
            key: known.key.clone(),
            version: known.version,
        };
        // What could be read when it was applied and no longer can be has no effect.
        let table = Sheet::read(&known.content, source).ok()?;
        table.denies(kind, tier, day)
    });
    match denied {
        Some(RuleRef {
            source: Source::Template { key, version },
            line,
        }) => Err(BadTemplate::NotEntitled {
            kind,
            tier,
            table: key,
            version,
            line,
        }),
        _ => Ok(()),
    }
}
