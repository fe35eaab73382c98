//! What a household gave points for, as it and those who look after it read it.

use api::{ExchangeView, HouseholdRecord, RewardGivenView, RewardView};
use domain::points::ConsentKind;

use crate::{visit::Visit, when::When, words::Words};

/// An entry in the ledger of a household.
pub(crate) struct LedgerRow {
    pub(crate) number: String,
    pub(crate) at: When,
    pub(crate) what: String,
    /// Points with their sign.
    pub(crate) points: String,
    /// How the household agreed, or why the entry takes another back.
    pub(crate) says: String,
    /// Whether it was taken back.
    pub(crate) is_taken_back: bool,
    /// Whether it takes another back.
    pub(crate) is_counter: bool,
}

/// Returns the ledger of a household, the newest entry first.
pub(crate) fn ledger(visit: &Visit, record: &HouseholdRecord) -> Vec<LedgerRow> {
    let w = visit.w;
    let row = |one: &ExchangeView| {
        let says = match (&one.takes_back, one.consent) {
            (Some(of), _) => w.pt_takes_back(of, one.reason.as_deref().unwrap_or_default()),
            (None, Some(ConsentKind::Signature)) => {
                w.pt_signed_by(one.signed_by.as_deref().unwrap_or_default())
            }
            (None, consent) => consent.map(|kind| w.short(kind)).unwrap_or_default(),
        };
        LedgerRow {
            number: one.number.clone(),
            at: visit.when(one.at_ms),
            what: w.pt_so_many(&one.name, one.count, &one.unit),
            points: format!("{:+}", one.points),
            says,
            is_taken_back: one.taken_back_by.is_some(),
            is_counter: one.takes_back.is_some(),
        }
    };
    record.exchanges.iter().map(row).collect()
}

/// Tells the points of a household; `None` if it never earned or gave any.
pub(crate) fn purse(w: Words, record: &HouseholdRecord) -> Option<String> {
    let purse = record.points;
    (purse.earned != 0 || purse.spent != 0)
        .then(|| w.pt_purse(purse.left, purse.earned, purse.spent))
}

/// A reward on the list.
pub(crate) struct RewardRow {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) cost: String,
    /// How many are left, in words; empty if nobody counts them.
    pub(crate) left: String,
    pub(crate) is_withdrawn: bool,
}

impl RewardRow {
    pub(crate) fn of(w: Words, view: &RewardView) -> Self {
        Self {
            number: view.reward,
            name: view.name.clone(),
            cost: w.pt_reward_cost(view.cost, &view.unit),
            left: view
                .left
                .map(|left| w.pt_reward_left(left, &view.unit))
                .unwrap_or_default(),
            is_withdrawn: view.withdrawn,
        }
    }
}

/// Tells what points were given for in a period: name, how many, exchanges, points.
pub(crate) fn given(given: &[RewardGivenView]) -> Vec<(String, String, u32, u64)> {
    let row = |one: &RewardGivenView| {
        let many = format!("{} {}", one.count, one.unit);
        (one.name.clone(), many, one.exchanges, one.points)
    };
    given.iter().map(row).collect()
}
