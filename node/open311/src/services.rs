//! Services: the categories of the policy in force.

use api::ElementView;
use domain::{
    category::Category,
    policy::{Listed, Policy},
    standard::ElementKind,
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

/// Additional fields of a kind of request: the data that the standard in force asks for.
#[derive(Debug)]
pub(super) struct Definition {
    service_code: String,
    attributes: Vec<Attribute>,
}

/// The attributes as a format writes them: JSON as a list, XML in elements of their own.
#[derive(Serialize)]
struct Written<'a, A> {
    service_code: &'a str,
    attributes: A,
}

#[derive(Serialize)]
struct Elements<'a> {
    attribute: Vec<Attribute<Keys<'a>>>,
}

/// One additional field. Its values are a list in JSON, and elements of their own in XML.
#[derive(Debug, Serialize)]
struct Attribute<V = Vec<Key>> {
    /// Always true: it is for the caller to answer.
    variable: bool,
    code: String,
    datatype: &'static str,
    required: bool,
    datatype_description: Option<String>,
    order: usize,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<V>,
}

/// A code that may be chosen.
#[derive(Debug, Serialize)]
struct Key {
    key: String,
    name: String,
}

#[derive(Serialize)]
struct Keys<'a> {
    value: &'a [Key],
}

impl Attribute {
    fn of((n, one): (usize, ElementView)) -> Self {
        let hint = one.hint.map(|hint| format!("（{}）", hint.zh));
        let values = one.codes.into_iter().map(|code| Key {
            key: code.code,
            name: code.name.zh,
        });
        Self {
            variable: true,
            code: one.code,
            datatype: match one.kind {
                ElementKind::Code => "singlevaluelist",
                ElementKind::Number => "number",
                _ => "string",
            },
            required: one.required,
            datatype_description: written_like(one.kind, &one.forms),
            order: n + 1,
            description: format!("{}{}", one.name.zh, hint.unwrap_or_default()),
            values: (one.kind == ElementKind::Code).then(|| values.collect()),
        }
    }

    fn in_xml(&self) -> Attribute<Keys<'_>> {
        let values = self.values.as_deref();
        Attribute {
            variable: self.variable,
            code: self.code.clone(),
            datatype: self.datatype,
            required: self.required,
            datatype_description: self.datatype_description.clone(),
            order: self.order,
            description: self.description.clone(),
            values: values.map(|value| Keys { value }),
        }
    }
}

/// Says how a value is written that the protocol has no type for.
fn written_like(kind: ElementKind, forms: &[String]) -> Option<String> {
    match kind {
        ElementKind::Date => Some("日期，写成 2026-03-01 a day, written 2026-03-01".to_owned()),
        ElementKind::Telephone => Some("电话号码 a telephone number".to_owned()),
        ElementKind::Place => {
            Some("北纬和东经 degrees north and east, such as 29.0285,119.1722".to_owned())
        }
        ElementKind::Text if !forms.is_empty() => Some(forms.join(" | ")),
        ElementKind::Text | ElementKind::Code | ElementKind::Number => None,
    }
}

impl Definition {
    pub(super) fn json(&self) -> impl Serialize {
        Written {
            service_code: &self.service_code,
            attributes: &self.attributes,
        }
    }

    pub(super) fn xml(&self) -> impl Serialize {
        let attribute = self.attributes.iter().map(Attribute::in_xml);
        Written {
            service_code: &self.service_code,
            attributes: Elements {
                attribute: attribute.collect(),
            },
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
        let templates = self.node()?.office.templates();
        let policy = templates.policy_in_force().await?;
        let standard = templates.standard_in_force().await?;
        let services = policy.categories().into_iter().map(|(category, listed)| {
            let group = category.platform().chinese();
            let name = listed.value.name;
            Service {
                service_code: code(category),
                description: format!("{group}：{name}"),
                metadata: standard.asked(category).next().is_some(),
                kind: "realtime",
                keywords: format!("{name}, {group}"),
                group,
                service_name: name.into(),
            }
        });
        Ok(services.collect())
    }

    pub(super) async fn definition(&self, service: &str) -> Result<Definition, Fault> {
        let templates = self.node()?.office.templates();
        let promises = templates.promises().await?;
        let policy = templates.policy_in_force().await?;
        let (category, _) = listed(service, &policy)?;
        let mut promised = promises.categories.into_iter();
        let asks = promised
            .find(|one| one.code == category.as_str())
            .map_or_else(Vec::new, |one| one.asks);
        Ok(Definition {
            service_code: code(&category),
            attributes: asks.into_iter().enumerate().map(Attribute::of).collect(),
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
