//! The form of an act or a request: only its own fields.

use api::{ActionName, Ending, Ground, MatterView, Platform, Priority, Reason, Satisfaction};
use domain::{
    clock::{ExtensionReason, PauseReason, Stage},
    request::RequestKindName,
};
use topology::Term;

use crate::{
    desk::{
        Choice,
        matter::Seen,
        replies::{self, REPLY_FIELD},
        terms,
    },
    villagers::draft::Draft,
    visit::Visit,
    words::Words,
};

/// A field of a form.
pub(in crate::desk) struct Field {
    pub(in crate::desk) name: &'static str,
    pub(in crate::desk) label: &'static str,
    pub(in crate::desk) value: String,
    /// Values to choose from; without them something is typed.
    pub(in crate::desk) choices: Vec<Choice>,
    /// Whether the values stand open, because they are few.
    pub(in crate::desk) is_open: bool,
    pub(in crate::desk) is_required: bool,
    pub(in crate::desk) hint: Option<&'static str>,
}

/// The form of an act or a request.
pub(in crate::desk) struct ActForm {
    /// Path that the form is sent to.
    pub(in crate::desk) path: String,
    pub(in crate::desk) label: String,
    pub(in crate::desk) fields: Vec<Field>,
    pub(in crate::desk) note: String,
    /// The texts for frequent replies that can be taken into the text.
    pub(in crate::desk) replies: Vec<Choice>,
    pub(in crate::desk) needs_note: bool,
    /// Version of the matter that the page shows.
    pub(in crate::desk) seen: String,
    /// The draft that keeps its photos; `None` if the act takes none.
    pub(in crate::desk) draft: Option<Draft>,
    /// What will happen, for acts that cannot be taken back.
    pub(in crate::desk) warning: Option<&'static str>,
}

impl ActForm {
    /// Returns the form of an action, with what was typed and the photos that are kept in `draft`.
    pub(in crate::desk) fn of(
        visit: &Visit,
        seen: &Seen,
        action: ActionName,
        draft: Option<Draft>,
    ) -> Self {
        let (w, view) = (visit.w, &seen.view);
        Self {
            path: format!("/desk/m/{}/act/{}", view.id, action.code()),
            label: w.short(action),
            fields: fields(visit, seen, action),
            note: replies::filled(visit, &seen.replies),
            replies: offered(visit, seen),
            needs_note: needs_note(action),
            seen: seen.tag.clone(),
            draft: takes_photos(action)
                .then(|| draft.unwrap_or_else(Draft::fresh))
                .filter(|_| seen.offers.attach),
            warning: warning(w, action),
        }
    }

    pub(in crate::desk) fn of_request(visit: &Visit, seen: &Seen, kind: RequestKindName) -> Self {
        let (w, view) = (visit.w, &seen.view);
        let satisfaction = |chosen| terms(w, &Satisfaction::ALL, chosen);
        let chosen = visit.form.typed("satisfaction");
        Self {
            path: format!("/desk/m/{}/ask/{}", view.id, kind.code()),
            label: w.short(kind),
            fields: match kind {
                RequestKindName::Rate => vec![open(
                    w.desk_satisfaction(),
                    "satisfaction",
                    satisfaction(chosen),
                )],
                _ => vec![],
            },
            note: replies::filled(visit, &seen.replies),
            replies: offered(visit, seen),
            needs_note: matches!(
                kind,
                RequestKindName::Contest
                    | RequestKindName::Review
                    | RequestKindName::Supervise
                    | RequestKindName::Remark
            ),
            seen: String::new(),
            draft: None,
            warning: None,
        }
    }
}

/// Returns the texts for frequent replies as choices.
fn offered(visit: &Visit, seen: &Seen) -> Vec<Choice> {
    let picked = visit.form.get(REPLY_FIELD);
    let choice = |text: &api::ReplyTextView| Choice {
        value: text.name.clone(),
        label: text.name.clone(),
        chosen: picked == Some(&text.name),
    };
    seen.replies.iter().map(choice).collect()
}

pub(in crate::desk) fn open(
    label: &'static str,
    name: &'static str,
    choices: Vec<Choice>,
) -> Field {
    Field {
        name,
        label,
        value: String::new(),
        is_open: choices.len() <= 6,
        choices,
        is_required: true,
        hint: None,
    }
}

fn typed(
    visit: &Visit,
    label: &'static str,
    name: &'static str,
    is_required: bool,
    hint: &'static str,
) -> Field {
    Field {
        name,
        label,
        // A link may fill in a field, such as the number of the matter to merge into.
        value: match visit.form.get(name) {
            Some(value) => value.to_owned(),
            None => visit.query.typed(name).to_owned(),
        },
        choices: vec![],
        is_open: false,
        is_required,
        hint: Some(hint),
    }
}

/// Returns the fields of an action beside its text.
fn fields(visit: &Visit, seen: &Seen, action: ActionName) -> Vec<Field> {
    use ActionName as A;
    let w = visit.w;
    let Seen { view, offers, .. } = seen;
    match action {
        A::Accept | A::Handle | A::Feedback | A::Visit | A::Return | A::Resume => vec![],
        A::Reject => pick(visit, w.desk_reason(), "reason", &Reason::ALL, ""),
        A::Dispatch => to_dispatch(visit, view),
        A::Verify => vec![open(w.desk_found(), "passed", found(visit))],
        A::Close => pick(visit, w.desk_outcome(), "outcome", &Ending::ALL, ""),
        A::Escalate => vec![open(w.desk_to(), "to", above(visit))],
        A::Assign | A::Arbitrate => vec![open(w.desk_to(), "to", below(visit))],
        A::Object => pick(visit, w.desk_ground(), "ground", &Ground::ALL, ""),
        A::Remark => pick(visit, w.desk_audience(), "audience", &offers.audiences, ""),
        A::Reply => pick(
            visit,
            w.desk_publicity(),
            "publicity",
            &offers.publicities,
            "",
        ),
        A::Recategorise => vec![open(
            w.desk_category(),
            "category",
            recategorise(visit, seen),
        )],
        A::Prioritise => {
            let now = view.priority.code();
            pick(visit, w.desk_priority(), "priority", &Priority::ALL, now)
        }
        A::Pause => pick(visit, w.desk_reason(), "reason", &PauseReason::ALL, ""),
        A::Extend => to_extend(visit, view),
        A::Merge => {
            let hint = w.desk_merge_hint();
            vec![typed(visit, w.desk_merge_into(), "into", true, hint)]
        }
        A::Join => {
            let hint = w.desk_merge_hint();
            vec![typed(visit, w.desk_join_bundle(), "bundle", true, hint)]
        }
    }
}

/// Returns a field with the values of an enumeration. What was typed is chosen, else `usual`.
fn pick<T: Term>(
    visit: &Visit,
    label: &'static str,
    name: &'static str,
    all: &[T],
    usual: &str,
) -> Vec<Field> {
    let chosen = visit.form.get(name).unwrap_or(usual);
    vec![open(label, name, terms(visit.w, all, chosen))]
}

fn to_dispatch(visit: &Visit, view: &MatterView) -> Vec<Field> {
    let w = visit.w;
    let usual = view.platform.code();
    let mut fields = pick(visit, w.desk_platform(), "platform", &Platform::ALL, usual);
    for (label, name, hint) in [
        (w.desk_department(), "department", w.desk_department_hint()),
        (w.desk_officer_number(), "officer", w.desk_officer_hint()),
    ] {
        fields.push(typed(visit, label, name, false, hint));
    }
    fields
}

fn to_extend(visit: &Visit, view: &MatterView) -> Vec<Field> {
    let w = visit.w;
    let clocks = view.clocks.iter();
    let open = clocks.filter(|clock| clock.stands != api::Stands::Cancelled);
    let stages: Vec<Stage> = open.map(|clock| clock.stage).collect();
    let mut fields = pick(visit, w.desk_clock(), "stage", &stages, "");
    let hint = w.desk_extend_hint();
    fields.push(typed(visit, w.desk_extend_by(), "by", true, hint));
    let reasons = &ExtensionReason::ALL;
    fields.extend(pick(visit, w.desk_reason(), "reason", reasons, ""));
    fields
}

/// Returns what a check may find.
fn found(visit: &Visit) -> Vec<Choice> {
    let choice = |value: &str, label: &str| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen: visit.form.typed("passed") == value,
    };
    let w = visit.w;
    vec![
        choice("true", w.desk_verified()),
        choice("false", w.desk_not_verified()),
    ]
}

/// Returns the categories, with the one chosen that the matter has or was typed.
fn recategorise(visit: &Visit, seen: &Seen) -> Vec<Choice> {
    let chosen = visit.form.get("category").unwrap_or(&seen.view.category);
    let mut all = seen.categories.clone();
    for one in &mut all {
        one.chosen = one.value == chosen;
    }
    all
}

/// Returns the divisions above with a node, the nearest first.
fn above(visit: &Visit) -> Vec<Choice> {
    let Ok(me) = visit.division() else {
        return vec![];
    };
    let tree = &visit.state.tree;
    let above = tree
        .ancestors(me)
        .filter(|above| *above != me && tree.has_node(*above));
    let choice = |(n, code): (usize, topology::DivisionCode)| Choice {
        value: code.to_string(),
        label: visit.name_of(code),
        chosen: n == 0,
    };
    above.enumerate().map(choice).collect()
}

/// Returns the divisions directly below with a node.
fn below(visit: &Visit) -> Vec<Choice> {
    let Ok(me) = visit.division() else {
        return vec![];
    };
    let tree = &visit.state.tree;
    let below = tree.children(me).filter(|below| tree.has_node(*below));
    let choice = |code: topology::DivisionCode| Choice {
        value: code.to_string(),
        label: visit.name_of(code),
        chosen: visit.form.typed("to") == code.to_string(),
    };
    below.map(choice).collect()
}

/// Whether the action says nothing without a text.
const fn needs_note(action: ActionName) -> bool {
    use ActionName as A;
    matches!(
        action,
        A::Handle
            | A::Feedback
            | A::Visit
            | A::Close
            | A::Reject
            | A::Object
            | A::Pause
            | A::Extend
            | A::Remark
            | A::Reply
    )
}

/// Whether photos may show what the text of the action says.
const fn takes_photos(action: ActionName) -> bool {
    matches!(action, ActionName::Verify | ActionName::Return) || needs_note(action)
}

/// Returns what will happen, for an action that is done on a page of its own after a second look.
pub(super) const fn warning(w: Words, action: ActionName) -> Option<&'static str> {
    match action {
        ActionName::Close => Some(w.desk_sure_close()),
        ActionName::Reject => Some(w.desk_sure_reject()),
        ActionName::Merge => Some(w.desk_sure_merge()),
        ActionName::Join => Some(w.desk_sure_join()),
        ActionName::Reply => Some(w.desk_sure_reply()),
        _ => None,
    }
}
