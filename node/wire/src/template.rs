//! Templates. A heading or content outside its limits is not malformed: the node reports it in its
//! adoption report.

use domain::{
    envelope::Stamp,
    template::{Scope, Template, TemplateKey, is_name},
};
use proto::v1;

use super::{
    Malformed, choice,
    malformed::{FROM_ONE, division, moment, required, within},
};

/// One bit per tier.
const ALL_TIERS: u32 = 0b1_1111;

pub(super) fn key_out(key: &TemplateKey) -> v1::TemplateKey {
    v1::TemplateKey {
        issuer: key.issuer.as_u64(),
        kind: key.kind.number(),
        name: key.name.to_string(),
    }
}

pub(super) fn key_in(key: Option<v1::TemplateKey>) -> Result<TemplateKey, Malformed> {
    let key = required(key, "template.key")?;
    Ok(TemplateKey {
        issuer: division(key.issuer, "template.issuer")?,
        kind: choice::read(key.kind, "template.kind")?,
        name: name_in(key.name)?,
    })
}

pub(super) fn name_in(name: String) -> Result<Box<str>, Malformed> {
    if is_name(&name) {
        Ok(name.into())
    } else {
        Err(Malformed::Spelling("template.name"))
    }
}

pub(super) fn version_in(version: u32) -> Result<u32, Malformed> {
    within(version, FROM_ONE, "template.version")
}

pub(super) fn scope_out(scope: Scope) -> v1::Scope {
    v1::Scope {
        under: scope.under.as_u64(),
        tiers: scope.tiers.into(),
        kinds: scope.kinds.into(),
    }
}

pub(super) fn scope_in(scope: v1::Scope) -> Result<Scope, Malformed> {
    let bits = |number: u32, most: u32, field| match u8::try_from(number) {
        Ok(bits) if number <= most => Ok(bits),
        _ => Err(Malformed::Range(field)),
    };
    Ok(Scope {
        under: division(scope.under, "scope.under")?,
        tiers: bits(scope.tiers, ALL_TIERS, "scope.tiers")?,
        // A kind of unit that this version does not know matches no unit it knows.
        kinds: bits(scope.kinds, u8::MAX.into(), "scope.kinds")?,
    })
}

pub(super) fn template_out(template: &Template) -> v1::Template {
    v1::Template {
        key: Some(key_out(&template.key)),
        version: template.version,
        scope: Some(scope_out(template.scope)),
        title: template.title.clone(),
        content: template.content.clone(),
        issued_at: template.issued_at.0,
    }
}

pub(super) fn template_in(template: v1::Template) -> Result<Template, Malformed> {
    Ok(Template {
        key: key_in(template.key)?,
        version: version_in(template.version)?,
        scope: scope_in(required(template.scope, "template.scope")?)?,
        title: template.title,
        content: template.content,
        issued_at: moment(template.issued_at, "template.issued_at")?,
        stamp: Stamp::default(),
    })
}
