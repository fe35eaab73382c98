//! Rollouts of templates, and lists of current versions.

use domain::{
    envelope::Stamp,
    template::{Listed, MOST_LISTED, MOST_NAMED, Reach, Rollout, TemplateKey, TemplateList},
};
use proto::v1;
use topology::DivisionCode;

use super::{
    Malformed, choice,
    malformed::{FROM_ONE, division, moment, required, within},
    template::{name_in, scope_in, template_in, template_out, version_in},
};

pub(super) fn rollout_out(rollout: &Rollout) -> v1::Rollout {
    let divisions = rollout.reach.divisions.iter();
    v1::Rollout {
        template: Some(template_out(&rollout.template)),
        number: rollout.number,
        act: rollout.act.number(),
        share: rollout.reach.share.into(),
        divisions: divisions.map(|code| code.as_u64()).collect(),
        at: rollout.at.0,
    }
}

pub(super) fn rollout_in(rollout: v1::Rollout) -> Result<Rollout, Malformed> {
    if rollout.divisions.len() > MOST_NAMED {
        return Err(Malformed::TooMany {
            field: "rollout.divisions",
            most: MOST_NAMED,
        });
    }
    let named = rollout.divisions.into_iter();
    let named: Vec<DivisionCode> = named
        .map(|code| division(code, "rollout.divisions"))
        .collect::<Result<_, _>>()?;
    if !named.is_sorted_by(|one, next| one < next) {
        return Err(Malformed::Range("rollout.divisions"));
    }
    let share = within(rollout.share, 0..=99, "rollout.share")?;
    Ok(Rollout {
        template: template_in(required(rollout.template, "rollout.template")?)?,
        number: within(rollout.number, FROM_ONE, "rollout.number")?,
        act: choice::read(rollout.act, "rollout.act")?,
        reach: Reach::new(u8::try_from(share).unwrap_or(99), named),
        at: moment(rollout.at, "rollout.at")?,
    })
}

pub(super) fn list_out(list: &TemplateList) -> v1::TemplateList {
    let listed = list.listed.iter().map(|listed| v1::ListedTemplate {
        kind: listed.key.kind.number(),
        name: listed.key.name.to_string(),
        version: listed.version,
        tiers: listed.scope.tiers.into(),
        kinds: listed.scope.kinds.into(),
        act: listed.act,
    });
    v1::TemplateList {
        made_at: list.made_at.0,
        expires_at: list.expires_at.0,
        listed: listed.collect(),
        more: list.more,
    }
}

/// Reads the list of an author. A template of a kind that this version does not know is left out.
pub(super) fn list_in(
    list: v1::TemplateList,
    issuer: DivisionCode,
) -> Result<TemplateList, Malformed> {
    if list.listed.len() > MOST_LISTED {
        return Err(Malformed::TooMany {
            field: "template_list.listed",
            most: MOST_LISTED,
        });
    }
    let mut listed = vec![];
    for one in list.listed {
        match listed_in(one, issuer) {
            Ok(one) => listed.push(one),
            Err(Malformed::Choice { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(TemplateList {
        issuer,
        made_at: moment(list.made_at, "template_list.made_at")?,
        expires_at: moment(list.expires_at, "template_list.expires_at")?,
        listed,
        more: list.more,
        stamp: Stamp::default(),
    })
}

fn listed_in(listed: v1::ListedTemplate, issuer: DivisionCode) -> Result<Listed, Malformed> {
    Ok(Listed {
        key: TemplateKey {
            issuer,
            kind: choice::read(listed.kind, "listed.kind")?,
            name: name_in(listed.name)?,
        },
        version: version_in(listed.version)?,
        scope: scope_in(v1::Scope {
            under: issuer.as_u64(),
            tiers: listed.tiers,
            kinds: listed.kinds,
        })?,
        act: listed.act,
    })
}
