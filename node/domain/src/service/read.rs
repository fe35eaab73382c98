//! Reading a service from its template.

use serde::Deserialize;
use topology::Term;

use super::{MOST_DEPARTMENTS, MOST_MATERIALS, Material, MaterialForm, Service};
use crate::{
    calendar::{Allowance, BadAllowance},
    category::{BadCategory, Category, Platform},
    clause::{Clause, Within},
    foreign::is_harmful,
    policy::{MOST_SERVICE_TEXT, NamedDepartment},
    saying::Saying,
    scope::is_name,
};

/// A text in both languages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawText {
    zh: String,
    en: String,
}

/// A service as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawService {
    category: String,
    promise: Option<String>,
    fee: Option<RawText>,
    window: Option<RawText>,
    hours: Option<RawText>,
    source: Option<String>,
    departments: Option<Vec<RawDepartment>>,
    materials: Option<Vec<RawMaterial>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDepartment {
    code: String,
    name: String,
}

/// A material as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawMaterial {
    code: String,
    name: RawText,
    form: Option<String>,
    from: Option<RawText>,
}

impl RawService {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 8] = [
        "category",
        "promise",
        "fee",
        "window",
        "hours",
        "source",
        "departments",
        "materials",
    ];

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong and where.
    pub(crate) fn read(self) -> Result<Service, Clause> {
        let category: Result<Category, BadCategory> = self.category.parse();
        let is_one = |category: &Category| category.platform() == Platform::Service;
        let category = category.ok().filter(is_one);
        let shown: String = self.category.chars().take(60).collect();
        let category = category.ok_or_else(|| no_service(&shown)).at("category")?;
        let promise = self.promise.map(|text| text.parse());
        let promise = promise.transpose();
        let promise: Option<Allowance> = promise
            .map_err(|bad: BadAllowance| bad.said())
            .at("promise")?;
        let article = match self.source {
            Some(text) if !is_line(&text, 200) => return Err(bad_line("source", 200)).at("source"),
            text => text.map(String::into_boxed_str),
        };
        let service = Service {
            promise,
            fee: self.fee.map(|raw| text(raw, "fee")).transpose()?,
            window: self.window.map(|raw| text(raw, "window")).transpose()?,
            hours: self.hours.map(|raw| text(raw, "hours")).transpose()?,
            article,
            departments: self.departments.map(departments).transpose()?,
            materials: self.materials.map(materials).transpose()?,
            category,
        };
        let says_nothing = Service {
            promise: None,
            fee: None,
            window: None,
            hours: None,
            article: None,
            departments: None,
            materials: None,
            category: service.category.clone(),
        };
        match service == says_nothing {
            true => Err(empty(&service.category).into()),
            false => Ok(service),
        }
    }
}

/// Whether a text has 1 to so many characters that everybody sees, and no blanks around them.
pub(crate) fn is_line(text: &str, most: usize) -> bool {
    let length = text.chars().count();
    (1..=most).contains(&length) && text.trim() == text && !text.chars().any(is_harmful)
}

/// Returns a text in both languages, each of 1 to [`MOST_SERVICE_TEXT`] characters.
pub(crate) fn text(raw: RawText, key: &str) -> Result<Saying, Clause> {
    match is_line(&raw.zh, MOST_SERVICE_TEXT) && is_line(&raw.en, MOST_SERVICE_TEXT) {
        true => Ok(Saying {
            english: raw.en,
            chinese: raw.zh,
        }),
        false => Err(bad_text(key, MOST_SERVICE_TEXT)).at(key),
    }
}

fn departments(raw: Vec<RawDepartment>) -> Result<Vec<NamedDepartment>, Clause> {
    if raw.len() > MOST_DEPARTMENTS {
        return Err(too_many(MOST_DEPARTMENTS)).at("departments");
    }
    let mut all: Vec<NamedDepartment> = vec![];
    for (n, raw) in raw.into_iter().enumerate() {
        let code = raw.code.parse();
        let code = code.map_err(|bad: crate::department::BadDepartment| bad_department(bad.0));
        let code = code.nth("departments", n)?;
        if !is_line(&raw.name, 40) {
            return Err(bad_line("name", 40)).nth("departments", n);
        }
        if all.iter().any(|known| known.code == code) {
            return Err(twice(raw.code)).nth("departments", n);
        }
        let name = raw.name.into();
        all.push(NamedDepartment { code, name });
    }
    Ok(all)
}

impl RawMaterial {
    /// The keys that are read.
    pub(crate) const KEYS: [&'static str; 4] = ["code", "name", "form", "from"];

    fn read(self) -> Result<Material, Clause> {
        let code: String = self.code.chars().take(60).collect();
        if !is_name(&self.code) {
            return Err(bad_code(code)).at("code");
        }
        let form = match self.form {
            None => MaterialForm::Original,
            Some(text) => {
                let form = MaterialForm::of_code(&text);
                form.ok_or_else(bad_form).at("form")?
            }
        };
        Ok(Material {
            code: code.into(),
            name: text(self.name, "name")?,
            form,
            from: self.from.map(|raw| text(raw, "from")).transpose()?,
        })
    }
}

fn materials(raw: Vec<RawMaterial>) -> Result<Vec<Material>, Clause> {
    if raw.len() > MOST_MATERIALS {
        return Err(too_many(MOST_MATERIALS)).at("materials");
    }
    let mut all: Vec<Material> = vec![];
    for (n, raw) in raw.into_iter().enumerate() {
        let material = raw.read().nth("materials", n)?;
        if all.iter().any(|known| known.code == material.code) {
            return Err(twice(&material.code)).nth("materials", n);
        }
        all.push(material);
    }
    Ok(all)
}

crate::sayings! {
    fn no_service(code): "“{code}”不是便民服务平台的类别；请写成 service/relief 这样",
        "`{code}` is no category of the platform service; write one like service/relief";
    fn empty(category): "{category} 什么也没有规定；请写材料、时限、窗口等，或去掉这一条",
        "{category} says nothing; give it materials, a promise or a window, or remove it";
    fn bad_line(key, most): "{key} 要有 1 到 {most} 个字，写在一行里；请更正", "`{key}` has 1 to {most} characters, in one line; correct it";
    fn bad_text(key, most): "{key} 要有 zh 和 en，各 1 到 {most} 个字，写在一行里；请更正",
        "`{key}` has zh and en, each of 1 to {most} characters in one line; correct it";
    fn too_many(most): "这里最多 {most} 个；请精简", "there are at most {most} of them; leave some out";
    fn bad_department(code): "“{code}”不是部门代码；请用 1 到 16 个小写字母、数字和横线",
        "`{code}` is not a department; use 1 to 16 lower-case letters, digits and dashes";
    fn twice(code): "{code} 写了两次；请去掉一个", "{code} is listed twice; remove one";
    fn bad_code(code): "“{code}”不是材料的代码；请用 1 到 48 个小写字母、数字和横线",
        "`{code}` is not the code of a material; use 1 to 48 lower-case letters, digits and dashes";
    fn bad_form(): "form 是 original、copy、shown 或 filled-in；请更正", "`form` is original, copy, shown or filled-in; correct it";
}
