//! Which neighbours have other versions of templates than this node.

use std::collections::BTreeMap;

use api::TemplateLag;
use domain::template::TemplateKey;
use records::table::Table;
use topology::DivisionCode;

use crate::{
    Fault,
    services::Templates,
    tables::{self, templates::AdoptionsOf},
};

impl Templates<'_> {
    /// Returns the templates of which neighbours have another version, by neighbour. A child's versions are those
    /// it reported, the parent's those it greeted with (`above`); what came through the parent since, it has.
    ///
    /// # Errors
    /// The store's.
    pub async fn lags(
        self,
        above: &[(TemplateKey, u32)],
    ) -> Result<BTreeMap<DivisionCode, Vec<TemplateLag>>, Fault> {
        let tree = self.tree();
        let met = self.inbox().met().await?;
        let children: Vec<_> = met
            .into_iter()
            .filter(|met| tree.parent(*met) == Some(self.me))
            .collect();
        let mut here: BTreeMap<TemplateKey, u32> = BTreeMap::new();
        let mut lags: BTreeMap<DivisionCode, Vec<TemplateLag>> = BTreeMap::new();
        for known in self.every().await? {
            let Some((template, _)) = known.told() else {
                continue;
            };
            let (key, version) = (template.key.clone(), template.version);
            let reported = tables::Adoptions::under(&AdoptionsOf(key.clone()));
            let reported = self.list(reported, usize::MAX).await?;
            let reported: BTreeMap<_, _> = reported
                .into_iter()
                .map(|(of, report)| (of.1, report.version))
                .collect();
            let scope = template.scope;
            let expected = self.expectations.of(&scope, self.me, tree);
            for child in &children {
                let there = reported.get(child).copied().unwrap_or_default();
                if there != version && expected.children.contains_key(child) {
                    let key = key.to_string();
                    lags.entry(*child).or_default().push(TemplateLag {
                        key,
                        here: version,
                        there,
                    });
                }
            }
            here.insert(key, version);
        }
        let Some(parent) = self.parent else {
            return Ok(lags);
        };
        for (key, there) in above {
            let here = here.get(key).copied().unwrap_or_default();
            if *there > here {
                lags.entry(parent).or_default().push(TemplateLag {
                    key: key.to_string(),
                    here,
                    there: *there,
                });
            }
        }
        Ok(lags)
    }
}
