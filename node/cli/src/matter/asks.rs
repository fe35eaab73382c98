//! `wujitong matter asks`

use std::collections::BTreeMap;

use api::{ElementView, InBoth, Language, Promises};
use domain::standard::ElementKind;

use crate::{
    Failure, Output,
    language::{self, told},
    site::Asked,
    tables::table,
};

/// Lists the data that are asked for beside a report in a category (数据标准)
///
/// Examples:
///   wujitong matter asks order/dispute
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Asks {
    /// Category: platform/word
    category: String,
}

impl Asks {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let promises: Promises = asked.client.get(&asked.path("promises")).await?;
        let mut categories = promises.categories.into_iter();
        let found = categories.find(|one| one.code == self.category);
        let found = found.ok_or_else(|| {
            Failure::Usage(format!(
                "this node takes no reports in the category {}; use one of its `promises`",
                self.category
            ))
        })?;
        output.facts(&found.asks, || lines(&found.asks, language::of_terminal()))
    }
}

/// Reads a value with the code of its element.
pub(super) fn value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((code, value)) if !code.is_empty() => Ok((code.to_owned(), value.to_owned())),
        _ => Err("write element and value, such as dispute-kind=neighbours".to_owned()),
    }
}

/// Returns the values by the code of their element.
///
/// # Errors
/// If an element is given twice.
pub(super) fn once(values: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    for (code, value) in values {
        if all.insert(code.clone(), value).is_some() {
            let twice = format!("--element gives {code} twice; give it once");
            return Err(Failure::Usage(twice));
        }
    }
    Ok(all)
}

fn lines(asks: &[ElementView], language: Language) -> String {
    if asks.is_empty() {
        let nothing = "no data are asked for in this category\n";
        return told(language, nothing, "这一类别不用填数据\n").to_owned();
    }
    let headings = match language {
        Language::Chinese => ["数据元", "名称", "类型", "必填", "取值"],
        Language::English => ["element", "name", "type", "required", "values"],
    };
    let both = |both: &InBoth| told(language, &both.en, &both.zh).to_owned();
    let rows = asks.iter().map(|one| {
        let required = match one.required {
            true => told(language, "yes", "是"),
            false => "",
        };
        [
            one.code.clone(),
            both(&one.name),
            one.kind.label(),
            required.to_owned(),
            values(one, both),
        ]
    });
    table(headings, rows)
}

/// Tells which values an element takes.
fn values(one: &ElementView, both: impl Fn(&InBoth) -> String) -> String {
    let range = |least: Option<&String>, most: Option<&String>| {
        let end = |end: Option<&String>| end.cloned().unwrap_or_default();
        match (least, most) {
            (None, None) => String::new(),
            (least, most) => format!("{}..{}", end(least), end(most)),
        }
    };
    match one.kind {
        ElementKind::Code => {
            let codes = one.codes.iter();
            let codes = codes.map(|code| format!("{} {}", code.code, both(&code.name)));
            codes.collect::<Vec<_>>().join(", ")
        }
        ElementKind::Number => {
            let unit = one.unit.as_ref().map(both).unwrap_or_default();
            let range = range(one.least.as_ref(), one.most.as_ref());
            format!("{range} {unit}").trim().to_owned()
        }
        ElementKind::Date => range(one.earliest.as_ref(), one.latest.as_ref()),
        ElementKind::Text if !one.forms.is_empty() => one.forms.join(" | "),
        ElementKind::Text => one
            .longest
            .map_or_else(String::new, |most| format!("..{most}")),
        ElementKind::Telephone | ElementKind::Place => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_given_once_with_its_element() {
        assert_eq!(value("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(value("a").is_err() && value("=b").is_err());
        let pair = |value: &str| ("a".to_owned(), value.to_owned());
        assert_eq!(once(vec![pair("1")]).unwrap().len(), 1);
        assert!(once(vec![pair("1"), pair("1")]).is_err());
    }
}
