//! The filter of a list of matters: what the address says, what the node is asked, and what is saved.

use api::{Charge, MatterFilter, MatterOrder, MattersQuery, Urgency};
use serde_json::{Map, Value};
use topology::{DivisionCode, Term};

use crate::{
    desk::{Choice, terms},
    form::{Form, odd},
    frame::Link,
    visit::Visit,
    words::{Label, Words},
};

/// A list: name in the address, label, and what it asks the node for.
type Tab = (&'static str, Label, &'static [(&'static str, &'static str)]);

/// The lists.
pub(super) const TABS: [Tab; 10] = [
    ("mine", Words::desk_tab_mine, &[("charge", "mine")]),
    (
        "department",
        Words::desk_tab_department,
        &[("charge", "department")],
    ),
    (
        "hand",
        Words::desk_tab_hand,
        &[("holder", ME), ("order", "due")],
    ),
    ("nobody", Words::desk_tab_nobody, &[("charge", "nobody")]),
    ("late", Words::desk_tab_late, &[("clock", "overdue")]),
    ("soon", Words::desk_tab_soon, &[("clock", "due-soon")]),
    (
        "below",
        Words::desk_tab_below,
        &[("origin", ME), ("state", "open")],
    ),
    (
        "open",
        Words::desk_tab_open,
        &[("state", "open"), ("order", "newest")],
    ),
    (
        "closed",
        Words::desk_tab_closed,
        &[("state", "closed"), ("order", "newest")],
    ),
    ("all", Words::desk_tab_all, &[("order", "newest")]),
];

/// Stands for the division of the page.
const ME: &str = "{me}";
/// Field of the address that names who has a matter: a value of [`Charge`], or a division.
const HOLDER: &str = "holder";

/// Fields of the address that filter, with their labels.
const FIELDS: [(&str, Label); 9] = [
    ("q", Words::desk_words),
    ("category", Words::desk_category),
    ("origin", Words::desk_origin),
    (HOLDER, Words::desk_holder),
    ("state", Words::desk_state),
    ("clock", Words::desk_clock),
    ("from", Words::desk_from),
    ("to", Words::desk_until),
    ("order", Words::desk_order),
];

/// A filter.
pub(super) struct Filter {
    /// The list that it begins with.
    pub(super) tab: &'static str,
    /// What the node is asked for, by the names of the API.
    asked: Vec<(&'static str, String)>,
}

impl Filter {
    /// Reads the address of a page.
    pub(super) fn of(visit: &Visit, query: &Form, usual: &'static str) -> Self {
        let wanted = query.get("tab").unwrap_or(usual);
        let tab = TABS.iter().find(|(name, ..)| *name == wanted);
        let (tab, _, begins) = *tab.unwrap_or(&TABS[0]);
        let me = visit.division().map(|me| me.to_string());
        let me = me.unwrap_or_default();
        let mut asked: Vec<(&str, String)> = vec![];
        for (name, value) in begins {
            asked.push((*name, value.replace(ME, &me)));
        }
        for (name, _) in FIELDS {
            let Some(value) = query.get(name) else {
                continue;
            };
            // Whose it is and who holds it are one question on the page, and two of the API.
            let is_charge = name == HOLDER && Charge::of_code(value).is_some();
            let of = if is_charge { "charge" } else { name };
            asked.retain(|(known, _)| *known != name && !(name == HOLDER && *known == "charge"));
            asked.push((of, value.to_owned()));
        }
        Self { tab, asked }
    }

    /// Returns the parameters for the API, each after `&`.
    pub(super) fn query(&self) -> String {
        let pairs = self.asked.iter();
        let pairs = pairs.map(|(name, value)| format!("&{name}={}", odd(value)));
        pairs.collect()
    }

    /// Returns the filter for the API to save.
    pub(super) fn to_save(&self) -> Value {
        let pairs = self.asked.iter();
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
        Value::Object(pairs.collect::<Map<_, _>>())
    }

    /// Returns the address of the first page of a list that was saved.
    pub(super) fn address_of(saved: &MattersQuery) -> String {
        let Ok(Value::Object(pairs)) = serde_json::to_value(saved) else {
            return "/desk".to_owned();
        };
        let mut address = "/desk?tab=all".to_owned();
        for (name, value) in pairs {
            let name = if name == "charge" { HOLDER } else { &name };
            if let Value::String(value) = value {
                address += &format!("&{name}={}", odd(&value));
            }
        }
        address
    }

    /// Returns what filters the list beside its tab, each with the address of the list without it.
    pub(super) fn badges(visit: &Visit, query: &Form) -> Vec<Link> {
        let filters = FIELDS.iter().filter_map(|(name, label)| {
            let value = query.get(name)?;
            let is_usual = *name == "state" && value == MatterFilter::default().code();
            (!is_usual && *name != "order").then_some((*name, label, value))
        });
        let badge = |(name, label, value): (&str, &Label, &str)| Link {
            href: format!("/desk?{}", query.query_without(&[name, "after"])),
            label: format!("{} {}", label(visit.w), named(visit, name, value)),
            current: false,
        };
        filters.map(badge).collect()
    }
}

/// Returns what people call a value of a filter.
fn named(visit: &Visit, name: &str, value: &str) -> String {
    let w = visit.w;
    let known = match name {
        "category" => Some(w.category(value, None)),
        "state" => MatterFilter::of_code(value).map(|term| w.short(term)),
        "clock" => Urgency::of_code(value).map(|term| w.short(term)),
        HOLDER | "origin" => {
            let charge = Charge::of_code(value).filter(|_| name == HOLDER);
            let division = value.parse::<DivisionCode>();
            let division = division.ok().map(|division| visit.name_of(division));
            charge.map(|term| w.short(term)).or(division)
        }
        _ => None,
    };
    known.unwrap_or_else(|| value.to_owned())
}

/// The choices of the form.
pub(super) struct Choices {
    pub(super) holders: Vec<Choice>,
    pub(super) states: Vec<Choice>,
    pub(super) clocks: Vec<Choice>,
    pub(super) orders: Vec<Choice>,
}

impl Choices {
    /// Returns the choices, those chosen that the address names.
    pub(super) fn of(visit: &Visit, query: &Form) -> Self {
        let w = visit.w;
        let typed = |name: &str| query.typed(name);
        Self {
            holders: holders(visit, typed(HOLDER)),
            states: terms(w, &MatterFilter::ALL, typed("state")),
            clocks: terms(w, &Urgency::ALL, typed("clock")),
            orders: terms(w, &MatterOrder::ALL, typed("order")),
        }
    }
}

/// Returns who may have a matter: people here, this division, and those directly above and below.
fn holders(visit: &Visit, chosen: &str) -> Vec<Choice> {
    let mut all = terms(visit.w, &Charge::ALL, chosen);
    let Ok(me) = visit.division() else {
        return all;
    };
    let tree = &visit.state.tree;
    let mut divisions = vec![me];
    divisions.extend(tree.ancestors(me).filter(|above| *above != me));
    divisions.extend(tree.children(me));
    divisions.retain(|one| tree.has_node(*one));
    divisions.extend(
        chosen
            .parse::<DivisionCode>()
            .ok()
            .filter(|one| !divisions.contains(one)),
    );
    let choice = |one: DivisionCode| Choice {
        value: one.to_string(),
        label: visit.name_of(one),
        chosen: chosen.parse() == Ok(one),
    };
    all.extend(divisions.into_iter().map(choice));
    all
}
