//! Services: the categories of the policy in force.

use domain::{
    category::Category,
    policy::{Listed, Policy},
};
use serde::Serialize;

use super::{Visit, fault::Fault};

/// A kind of request.
#[derive(Debug, Serialize)]
pub(super) struct Service {
    service_code: String,
    service_name: String,
    description: String,
    metadata: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    keywords: String,
    group: &'static str,
}

/// Additional fields of a kind of request: none, because policy has no such fields.
#[derive(Debug)]
pub(super) struct Definition {
    service_code: String,
}

/// `attributes` is an empty list, which each format writes in its own way.
#[derive(Serialize)]
struct Written<'a, A> {
    service_code: &'a str,
    attributes: A,
}

impl Definition {
    pub(super) fn json(&self) -> impl Serialize {
        Written {
            service_code: &self.service_code,
            attributes: [(); 0],
        }
    }

    pub(super) fn xml(&self) -> impl Serialize {
        Written {
            service_code: &self.service_code,
            attributes: (),
        }
    }
}

/// Returns the code of a category for paths and lists: `enforcement-rubbish`.
pub(super) fn code(category: &Category) -> String {
    category.as_str().replacen('/', "-", 1)
}

/// Parses the code of a category, with a dash or with the usual slash.
pub(super) fn category(code: &str) -> Option<Category> {
    match code.contains('/') {
        true => code.parse().ok(),
        false => code.replacen('-', "/", 1).parse().ok(),
    }
}

/// Returns the category of a code, if policy lists it.
pub(super) fn listed(code: &str, policy: &Policy) -> Result<(Category, Listed), Fault> {
    let found = category(code).and_then(|category| {
        let listed = policy.category(&category)?;
        Some((category, listed.value))
    });
    found.ok_or_else(|| Fault::missing("service_code was not found; services.json lists them"))
}

impl Visit<'_> {
    pub(super) async fn services(&self) -> Result<Vec<Service>, Fault> {
        let policy = self.node()?.office.templates().policy_in_force().await?;
        let services = policy.categories().into_iter().map(|(category, listed)| {
            let group = category.platform().chinese();
            let name = listed.value.name;
            Service {
                service_code: code(category),
                description: format!("{group}：{name}"),
                metadata: false,
                kind: "realtime",
                keywords: format!("{name}, {group}"),
                group,
                service_name: name.into(),
            }
        });
        Ok(services.collect())
    }

    pub(super) async fn definition(&self, service: &str) -> Result<Definition, Fault> {
        let policy = self.node()?.office.templates().policy_in_force().await?;
        let (category, _) = listed(service, &policy)?;
        Ok(Definition {
            service_code: code(&category),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back_to_every_category_of_the_shipped_policy() {
        for (name, _) in Policy::default().categories() {
            assert_eq!(category(&code(name)).as_ref(), Some(name));
            assert_eq!(category(name.as_str()).as_ref(), Some(name));
            assert!(!code(name).contains(['/', '.', ',']));
        }
        assert!(category("001").is_none());
    }
}
