//! The rollout of a template: whom its latest version goes to first, and what its issuer does with that.

use std::sync::Arc;

use api::{Named, ReachRequest, RolloutRequest, RolloutView, TemplateStatus, problem::Problem};
use askama::Template;
use domain::template::{RolloutAct, RolloutState};
use http::Method;
use topology::{DivisionCode, Term};
use web::problem::Rejection;

use super::issuers_only;
use crate::{
    answer::{Answer, lead_to},
    desk::{Choice, act::SurePage},
    form::{is_beside, odd},
    frame::Frame,
    visit::Visit,
    when::When,
    words::Words,
};

/// The fields that say who takes a version first.
pub(super) struct ReachForm {
    pub(super) share: String,
    /// The divisions directly below.
    pub(super) below: Vec<Choice>,
    /// Codes of further divisions, with spaces between them.
    pub(super) others: String,
}

impl ReachForm {
    /// Returns the fields as they were typed.
    pub(super) fn typed(visit: &Visit) -> Result<Self, Problem> {
        let form = &visit.form;
        let chosen: Vec<&str> = form.all("below").collect();
        Ok(Self {
            share: form.typed("share").to_owned(),
            below: below(visit, |code| chosen.contains(&code.to_string().as_str()))?,
            others: form.typed("others").to_owned(),
        })
    }

    /// Returns the fields with what a rollout reaches now.
    fn of(visit: &Visit, rollout: &RolloutView) -> Result<Self, Problem> {
        let below = below(visit, |code| rollout.divisions.contains(&code))?;
        let is_below = |code: &&DivisionCode| {
            let code = code.to_string();
            below.iter().any(|choice| choice.value == code)
        };
        let others = rollout.divisions.iter().filter(|code| !is_below(code));
        let others: Vec<_> = others.map(ToString::to_string).collect();
        Ok(Self {
            share: match rollout.share {
                0 => String::new(),
                share => share.to_string(),
            },
            others: others.join(" "),
            below,
        })
    }
}

fn below(visit: &Visit, chosen: impl Fn(DivisionCode) -> bool) -> Result<Vec<Choice>, Problem> {
    let division = visit.division()?;
    let tree = &visit.state.tree;
    let children = tree.children(division).filter(|code| tree.has_node(*code));
    let choice = |code: DivisionCode| Choice {
        value: code.to_string(),
        label: visit.name_of(code),
        chosen: chosen(code),
    };
    Ok(children.map(choice).collect())
}

/// Returns a problem with what was filled in, in the language of the page.
fn unfit(visit: &Visit, english: String, chinese: String) -> Problem {
    let rejection = Rejection::unfit((english, chinese));
    rejection.0.in_language(visit.view.language)
}

/// Reads who takes a version first; `None` if nothing was filled in.
pub(super) fn reach(visit: &Visit) -> Result<Option<ReachRequest>, Problem> {
    let form = &visit.form;
    let share = match form.get("share") {
        None => 0,
        Some(text) => text.parse().map_err(|_| {
            let english = "the share is not a whole number; write 1 to 99";
            unfit(
                visit,
                english.to_owned(),
                "比例不是整数；请填 1 到 99".to_owned(),
            )
        })?,
    };
    let others = form.typed("others").split_whitespace();
    let codes = form.all("below").chain(others);
    let divisions: Vec<DivisionCode> = codes
        .map(|text| {
            let bad = |_| {
                let shown: String = text.chars().take(40).collect();
                let english = format!("`{shown}` is not the code of a division; write its digits");
                let chinese = format!("“{shown}”不是区划代码；请写数字代码");
                unfit(visit, english, chinese)
            };
            text.parse().map_err(bad)
        })
        .collect::<Result<_, _>>()?;
    let is_empty = share == 0 && divisions.is_empty();
    Ok((!is_empty).then_some(ReachRequest { share, divisions }))
}

/// What the pages say of a rollout.
pub(super) struct Told {
    pub(super) state: String,
    pub(super) said: String,
    pub(super) to: String,
    pub(super) at: When,
    pub(super) act: String,
}

impl Told {
    pub(super) fn of(visit: &Visit, status: &TemplateStatus) -> Option<Self> {
        let w = visit.w;
        let rollout = status.template.rollout.as_ref()?;
        let mut to = vec![];
        if rollout.share > 0 {
            to.push(w.tpl_share_of(rollout.share));
        }
        to.extend(rollout.divisions.iter().map(|code| visit.name_of(*code)));
        let mut to = to.join(w.of("、", ", "));
        if let Some(reach) = status.reach {
            to += &w.tpl_reached(reach.selected, reach.scope);
        }
        let version = rollout.version;
        Some(Self {
            state: w.short(rollout.state),
            said: match (rollout.state, rollout.before) {
                (RolloutState::RolledBack, Some(before)) => w.tpl_back_to(version, before),
                (RolloutState::RolledBack, None) => w.tpl_back_to_nothing(version),
                (_, Some(before)) => w.tpl_others_keep(version, before),
                (_, None) => w.tpl_others_have_nothing(version),
            },
            to,
            at: visit.when(rollout.at_ms),
            act: w.tpl_act(rollout.number, w.short(rollout.act)),
        })
    }
}

#[derive(Template)]
#[template(path = "desk/templates/rollout.html")]
struct RolloutPage {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    title: String,
    key: String,
    version: u32,
    told: Option<Told>,
    is_going: bool,
    is_paused: bool,
    reach: ReachForm,
}

async fn status(visit: &Visit) -> Result<TemplateStatus, Problem> {
    let [issuer, kind, name] = ["issuer", "kind", "name"].map(|part| odd(visit.param(part)));
    let path = visit.api(&format!("templates/{issuer}/{kind}/{name}"))?;
    let found: Named<TemplateStatus> = visit.calls.get(&path).await?;
    Ok(found.facts)
}

fn page(visit: &Visit, found: &TemplateStatus, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let template = &found.template;
    let (frame, status) = Frame::desk(visit, w.tpl_rollout()).after(problem.as_ref());
    let rollout = template.rollout.as_ref();
    let state = rollout.map(|rollout| rollout.state);
    let reach = match rollout {
        Some(rollout) if problem.is_none() => ReachForm::of(visit, rollout)?,
        _ => ReachForm::typed(visit)?,
    };
    visit.page(
        status,
        &RolloutPage {
            frame,
            w,
            title: template.title.clone(),
            key: template.key.clone(),
            version: template.version,
            told: Told::of(visit, found),
            is_going: state == Some(RolloutState::Going),
            is_paused: state == Some(RolloutState::Paused),
            reach,
            problem,
        },
    )
}

/// Shows how the rollout stands and what the issuer may do with it.
pub(in crate::desk) async fn show(visit: Arc<Visit>) -> Answer {
    issuers_only(&visit)?;
    let found = status(&visit).await?;
    page(&visit, &found, None)
}

/// Does what the issuer asks for. What all divisions feel is asked for once more.
pub(in crate::desk) async fn act(visit: Arc<Visit>) -> Answer {
    issuers_only(&visit)?;
    let found = status(&visit).await?;
    let act = RolloutAct::of_code(visit.form.typed("act"));
    let to_all = visit.form.get("all").is_some();
    let request = match act {
        Some(RolloutAct::Widen) if to_all => RolloutRequest::Widen { to: None },
        Some(RolloutAct::Widen) => match reach(&visit) {
            Ok(Some(to)) => RolloutRequest::Widen { to: Some(to) },
            Ok(None) => {
                let english = "nobody is named; write a share, or choose divisions";
                let chinese = "没有选给谁；请填比例，或选单位";
                let nobody = unfit(&visit, english.to_owned(), chinese.to_owned());
                return page(&visit, &found, Some(nobody));
            }
            Err(problem) => return page(&visit, &found, Some(problem)),
        },
        Some(RolloutAct::Pause) => RolloutRequest::Pause,
        Some(RolloutAct::Resume) => RolloutRequest::Resume,
        Some(RolloutAct::RollBack) => RolloutRequest::Rollback,
        Some(RolloutAct::Begin) | None => return page(&visit, &found, None),
    };
    let template = &found.template;
    let path = format!("/desk/templates/{}/rollout", template.key);
    let asks = matches!(
        request,
        RolloutRequest::Rollback | RolloutRequest::Widen { to: None }
    );
    if asks && visit.form.get("sure").is_none() {
        return sure(&visit, &found, &request, path);
    }
    let api = visit.api(&format!("templates/{}/rollout", template.key))?;
    let calls = visit.with_form_headers();
    match calls.ask(Method::POST, &api, &request).await {
        Ok(_) => lead_to(&format!("/desk/templates/{}?done=1", template.key)),
        Err(problem) if is_beside(&problem) => page(&visit, &found, Some(problem)),
        Err(problem) => Err(problem),
    }
}

/// Asks once more, and repeats what will happen.
fn sure(visit: &Visit, found: &TemplateStatus, request: &RolloutRequest, path: String) -> Answer {
    let w = visit.w;
    let template = &found.template;
    let goes_back = *request == RolloutRequest::Rollback;
    let mut fields: Vec<(String, String)> = vec![];
    let mut field = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
    match goes_back {
        true => field("act", RolloutAct::RollBack.code()),
        false => {
            field("act", RolloutAct::Widen.code());
            field("all", "1");
        }
    }
    let mut rows = vec![
        (w.tpl_template(), template.title.clone()),
        (w.tpl_version(), template.version.to_string()),
    ];
    if let Some(told) = Told::of(visit, found) {
        rows.push((w.tpl_rollout(), told.said));
    }
    visit.show(&SurePage {
        frame: Frame::desk(visit, w.tpl_rollout()),
        w,
        id: template.key.clone(),
        path,
        label: match goes_back {
            true => w.tpl_roll_back().to_owned(),
            false => w.tpl_to_all().to_owned(),
        },
        warning: match (goes_back, &template.rollout) {
            (true, Some(_)) => w.tpl_back_warning(),
            (true, None) => w.tpl_again_warning(),
            (false, _) => w.tpl_all_warning(),
        },
        rows,
        fields,
        key: visit.form.typed("key").to_owned(),
    })
}
