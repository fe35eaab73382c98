//! Closing the accounts of those who leave, from a sheet: their open matters are handed over first.

use std::collections::BTreeSet;

use domain::{
    people::{Account, AccountId, Permission, Reach, Who, may_change, reach},
    roster::{Column, Fault, Leaving, MOST_CLOSED, Person, Row, Why},
    rows::BadCell,
};

use super::{RosterManner, RosterOutcome};
use crate::{
    Failed, RequestContext, Successor,
    people::{AccountChange, PeopleRefusal},
    services::People,
};

/// Matters of one account handed over at a time.
const AT_ONCE: usize = 100;
/// The most rounds of that for one account.
const MOST_ROUNDS: usize = 10;

/// An account that a row closes.
struct Closing {
    account: Account,
    /// Who takes its open matters; `None` if nobody has to, or they stay.
    to: Option<Successor>,
    /// Whether open matters stay without a handler.
    leaves: bool,
    /// How many open matters it has.
    matters: usize,
}

type Judged = Result<Closing, Vec<Fault>>;

impl People<'_> {
    /// Closes the account of each row, and hands its open matters over first. Every account is decided by itself:
    /// the matters of one are dispatched one after the other, and it is closed once it has none; one that keeps
    /// matters stays open. The caller has checked that `who` manages accounts.
    ///
    /// # Errors
    /// If the store cannot be read or written. What cannot be done is a fault of its row.
    pub async fn close_roster(
        self,
        who: &Who,
        by: &RequestContext,
        rows: &[Row],
        manner: RosterManner,
    ) -> Result<Vec<RosterOutcome>, Failed<PeopleRefusal>> {
        let mut unit = self.begin(by.clone()).await?;
        let (read, _) = unit.read_roster(rows, (false, false)).await?;
        drop(unit);
        let leavers = read.iter().flatten();
        let leavers = leavers.filter_map(|person| Some(person.account.as_ref()?.id));
        let leavers: BTreeSet<AccountId> = leavers.collect();
        let mut judged: Vec<Judged> = vec![];
        for (row, person) in rows.iter().zip(read) {
            judged.push(match person {
                Err(faults) => Err(faults),
                Ok(_) if rows.len() > MOST_CLOSED => {
                    Err(vec![Fault::of(row, Column::Close, Why::TooManyClosed)])
                }
                Ok(person) => {
                    let judged = self.judge_leaver(who, person, &leavers).await?;
                    judged.map_err(|(column, why)| vec![Fault::of(row, column, why)])
                }
            });
        }
        let is_bad = judged.iter().any(Result::is_err);
        let does = !manner.dry_run && (!is_bad || manner.only_right);
        let mut outcomes = vec![];
        for (row, judged) in rows.iter().zip(judged) {
            outcomes.push(match judged {
                Err(faults) => RosterOutcome::Bad(faults),
                Ok(closing) if closing.account.disabled => {
                    RosterOutcome::Already(closing.account.id)
                }
                Ok(closing) if does => self.close_one(who, by, row, closing).await?,
                Ok(closing) if manner.dry_run => {
                    RosterOutcome::ReadyToClose(closing.account.id, closing.matters)
                }
                Ok(_) => RosterOutcome::Withheld,
            });
        }
        Ok(outcomes)
    }

    async fn judge_leaver(
        self,
        who: &Who,
        person: Person,
        leavers: &BTreeSet<AccountId>,
    ) -> Result<Result<Closing, (Column, Why)>, Failed<PeopleRefusal>> {
        let Some(account) = person.account else {
            return Ok(Err((Column::Login, Why::NobodyToClose)));
        };
        let Some(leaving) = person.leaving else {
            return Ok(Err((Column::Close, BadCell::Missing.into())));
        };
        if let Err(bad) = may_change(who, &account) {
            return Ok(Err((Column::Login, Why::Grant(bad))));
        }
        let matters = self.matters().charged_with(account.id, 0).await?.count;
        let leaves = leaving == Leaving::Leave;
        let to = match leaving {
            Leaving::IfNone if matters > 0 => {
                return Ok(Err((Column::Close, Why::HasMatters(matters))));
            }
            Leaving::IfNone | Leaving::Leave => None,
            Leaving::Department => Some(Successor::Department),
            Leaving::Nobody => Some(Successor::Nobody),
            Leaving::To(name) => match self.successor(&name, leavers).await? {
                Ok(officer) => Some(Successor::Officer(Box::new(officer))),
                Err(why) => return Ok(Err((Column::Close, why))),
            },
        };
        Ok(Ok(Closing {
            account,
            to,
            leaves,
            matters,
        }))
    }

    /// Returns the account that takes the matters of another, by its login or number.
    async fn successor(
        self,
        name: &str,
        leavers: &BTreeSet<AccountId>,
    ) -> Result<Result<Account, Why>, Failed<PeopleRefusal>> {
        let account = match self.find_account(name).await {
            Ok(account) => account,
            Err(Failed::Refused(_)) => return Ok(Err(Why::NoSuccessor)),
            Err(error) => return Err(error),
        };
        let mut roles = account.roles.iter();
        let handles = roles.any(|role| reach(*role, Permission::Handle) != Reach::None);
        Ok(match (leavers.contains(&account.id), account.disabled) {
            (true, _) => Err(Why::Leaves),
            (_, true) => Err(Why::NoSuccessor),
            _ if !handles => Err(Why::NoSuccessor),
            _ => Ok(account),
        })
    }

    async fn close_one(
        self,
        who: &Who,
        by: &RequestContext,
        row: &Row,
        closing: Closing,
    ) -> Result<RosterOutcome, Failed<PeopleRefusal>> {
        let Closing { account, to, .. } = &closing;
        let (mut handed_over, mut why) = (0, None);
        if let Some(to) = to {
            for _ in 0..MOST_ROUNDS {
                let done = self.matters().hand_over(account, to, AT_ONCE, by).await?;
                let (tried, mut failed) = (done.len(), 0);
                for (_, outcome) in done {
                    if let Err(error) = outcome {
                        failed += 1;
                        why.get_or_insert_with(|| error.to_string());
                    }
                }
                handed_over += tried - failed;
                if tried < AT_ONCE || failed == tried {
                    break;
                }
            }
        }
        let change = AccountChange {
            disabled: Some(true),
            leaves_matters: closing.leaves,
            ..AccountChange::default()
        };
        match self
            .change_account(who, by.clone(), account.id, change)
            .await
        {
            Ok(_) => Ok(RosterOutcome::Closed(account.id, handed_over)),
            Err(Failed::Refused(PeopleRefusal::HasMatters(_, left))) => {
                let why =
                    why.unwrap_or_else(|| "others were dispatched to it meanwhile".to_owned());
                let why = Why::NotHandedOver(left, why);
                Ok(RosterOutcome::Bad(vec![Fault::of(row, Column::Close, why)]))
            }
            Err(Failed::Refused(PeopleRefusal::Grant(bad))) => {
                Ok(RosterOutcome::Bad(vec![Fault::of(
                    row,
                    Column::Login,
                    Why::Grant(bad),
                )]))
            }
            Err(error) => Err(error),
        }
    }
}
