//! Exchange of points (兑换): the list of what a village rewards, and the ledgers of its households.
//!
//! Purse, stock, sum and entry are written in one unit. An entry never changes; a counter-entry takes it back.

use domain::{
    audit::Subject,
    points::{
        Asked, BadExchange, Consent, Exchange, ExchangeId, ExchangeSum, HouseholdId, MOST_REWARDS,
        Purse, Reward, RewardChange, RewardId,
    },
    suite::Digest,
    time::{Day, Timestamp},
};
use records::table::{Table, Tables, View};

use super::{household, rules};
use crate::{
    Failed, Fault, RefusalReason, RequestContext, people::Token, services::Points, tables,
    unit_of_work::UnitOfWork,
};

impl RefusalReason for BadExchange {}

/// What a household gives points for.
#[derive(Clone, Debug)]
pub struct NewExchange {
    /// The reward.
    pub reward: RewardId,
    /// How many of it.
    pub count: u16,
    /// How the household agrees.
    pub consent: NewConsent,
}

/// How a household agrees to an exchange.
#[derive(Clone, Debug)]
pub enum NewConsent {
    /// Its slip is shown.
    Slip(Token),
    /// Somebody signs: the name.
    Signature(String),
}

/// An entry in the ledger of a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    /// The entry.
    pub entry: Exchange,
    /// The counter-entry that takes it back, if there is one.
    pub taken_back: Option<ExchangeId>,
}

/// What was given of a reward in a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewardGiven {
    /// The reward.
    pub reward: Reward,
    /// The sum.
    pub sum: ExchangeSum,
}

/// Returns the points of a household. Those of a store of before, which has no purse yet, are counted from its ratings.
pub(super) async fn purse<V: View>(view: &mut Tables<V>, id: HouseholdId) -> Result<Purse, Fault> {
    if let Some(purse) = view.get::<tables::Purses>(&id).await? {
        return Ok(purse);
    }
    let mut purse = Purse::default();
    let ratings = view.scan(tables::RatingsOf::under(&id), usize::MAX).await?;
    for ((.., rating), ()) in ratings {
        if let Some(rating) = view.get::<tables::Ratings>(&rating).await? {
            purse.earn(rating.points.into());
        }
    }
    Ok(purse)
}

/// Returns the place of an entry in the ledger of its household, the newest first.
fn place(entry: &Exchange) -> (HouseholdId, u64, ExchangeId) {
    let before_the_end = u64::MAX - u64::try_from(entry.at.0).unwrap_or_default();
    (entry.household, before_the_end, entry.id)
}

/// Returns the ledger of a household, the newest entry first, at most so many.
pub(super) async fn ledger<V: View>(
    view: &mut Tables<V>,
    id: HouseholdId,
    most: usize,
) -> Result<Vec<LedgerLine>, Fault> {
    let rows = view.scan(tables::ExchangesOf::under(&id), most).await?;
    let mut lines = vec![];
    for ((.., exchange), ()) in rows {
        if let Some(entry) = view.get::<tables::Exchanges>(&exchange).await? {
            let taken_back = view.get::<tables::TakenBack>(&exchange).await?;
            lines.push(LedgerLine { entry, taken_back });
        }
    }
    Ok(lines)
}

/// Returns what was given in the period that begins with a day, by reward.
pub(super) async fn given<V: View>(
    view: &mut Tables<V>,
    from: Day,
) -> Result<Vec<RewardGiven>, Fault> {
    let rows = view.scan(tables::ExchangeSums::under(&from), MOST_REWARDS);
    let mut all = vec![];
    for ((_, id), sum) in rows.await? {
        if let Some(reward) = view.get::<tables::Rewards>(&id).await? {
            all.push(RewardGiven { reward, sum });
        }
    }
    Ok(all)
}

impl Points<'_> {
    /// Returns what is offered, by number; with `withdrawn` also what is given no more.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn rewards(self, withdrawn: bool) -> Result<Vec<Reward>, Fault> {
        let all = self.list(tables::Rewards::all(), MOST_REWARDS).await?;
        let all = all.into_iter().map(|(_, reward)| reward);
        Ok(all
            .filter(|reward| withdrawn || !reward.withdrawn)
            .collect())
    }

    /// Puts something on the list. Durable when it returns.
    ///
    /// # Errors
    /// [`BadExchange::Reward`], [`BadExchange::ManyRewards`].
    pub async fn add_reward(
        self,
        said: RewardChange,
        by: impl Into<RequestContext>,
    ) -> Result<Reward, Failed<BadExchange>> {
        let mut unit = self.begin(by).await?;
        let all = unit.view.scan(tables::Rewards::all(), MOST_REWARDS).await?;
        if all.len() >= MOST_REWARDS {
            return Err(BadExchange::ManyRewards.into());
        }
        let last = all.last().map_or(0, |(id, _)| id.0);
        let reward = Reward::new(RewardId(last + 1), said, unit.now)?;
        unit.put_reward(&reward);
        unit.commit().await?;
        Ok(reward)
    }

    /// Changes a reward; what was booked stays as it was. Durable when it returns.
    ///
    /// # Errors
    /// [`BadExchange::NoReward`], [`BadExchange::Reward`].
    pub async fn change_reward(
        self,
        id: RewardId,
        said: RewardChange,
        by: impl Into<RequestContext>,
    ) -> Result<Reward, Failed<BadExchange>> {
        let mut unit = self.begin(by).await?;
        let mut reward = unit.reward(id).await?;
        reward.change(said, unit.now)?;
        unit.put_reward(&reward);
        unit.commit().await?;
        Ok(reward)
    }

    /// Books an exchange of a household. Durable when it returns.
    ///
    /// # Errors
    /// [`BadExchange`].
    pub async fn exchange(
        self,
        id: HouseholdId,
        new: NewExchange,
        by: impl Into<RequestContext>,
    ) -> Result<LedgerLine, Failed<BadExchange>> {
        let suite = self.dependencies.suite;
        let number = self.exchange_number();
        let mut unit = self.begin(by).await?;
        let (_, rules) = rules(&mut unit.view, self.tree())
            .await
            .map_err(Failed::widen)?;
        let household = household(&mut unit.view, id).await.map_err(Failed::widen)?;
        let consent = match new.consent {
            NewConsent::Signature(name) => Consent::Signature(name.into()),
            NewConsent::Slip(slip) => {
                let digest: Digest = slip.digest(suite);
                if !household.opens(&digest) {
                    return Err(BadExchange::Slip(id).into());
                }
                Consent::Slip
            }
        };
        let mut reward = unit.reward(new.reward).await?;
        let mut purse = purse(&mut unit.view, id).await?;
        let asked = Asked {
            count: new.count,
            consent,
        };
        let at: Timestamp = unit.now;
        let by = (unit.actor.clone(), at, rules.around(at.day()).from);
        let both = (&mut reward, &mut purse);
        let entry = Exchange::book(number, &household, both, asked, by)?;
        unit.enter_exchange(&entry, Some(&reward), &purse).await?;
        unit.commit().await?;
        Ok(LedgerLine {
            entry,
            taken_back: None,
        })
    }

    /// Takes an exchange back by a counter-entry, which it returns. Durable when it returns.
    ///
    /// # Errors
    /// [`BadExchange`].
    pub async fn take_back(
        self,
        id: ExchangeId,
        reason: &str,
        by: impl Into<RequestContext>,
    ) -> Result<LedgerLine, Failed<BadExchange>> {
        let number = self.exchange_number();
        let mut unit = self.begin(by).await?;
        let found = unit.view.get::<tables::Exchanges>(&id).await?;
        let of: Exchange = found.ok_or(BadExchange::NoExchange(id))?;
        if unit.view.has::<tables::TakenBack>(&id).await? {
            return Err(BadExchange::TakenBack(id).into());
        }
        let mut reward = unit.view.get::<tables::Rewards>(&of.reward).await?;
        let mut purse = purse(&mut unit.view, of.household).await?;
        let by = (unit.actor.clone(), unit.now);
        let entry = of.take_back(number, (reward.as_mut(), &mut purse), reason, by)?;
        unit.view.put::<tables::TakenBack>(&id, &entry.id);
        unit.enter_exchange(&entry, reward.as_ref(), &purse).await?;
        unit.commit().await?;
        Ok(LedgerLine {
            entry,
            taken_back: None,
        })
    }

    fn exchange_number(self) -> ExchangeId {
        let drawn: [u8; 16] = self.dependencies.entropy.bytes();
        let (first, _) = drawn.split_first_chunk().expect("16 bytes are drawn");
        ExchangeId(*first)
    }
}

impl UnitOfWork<'_> {
    async fn reward(&mut self, id: RewardId) -> Result<Reward, Failed<BadExchange>> {
        let found = self.view.get::<tables::Rewards>(&id).await?;
        Ok(found.ok_or(BadExchange::NoReward(id))?)
    }

    fn put_reward(&mut self, reward: &Reward) {
        self.detail = Some(format!("reward {}", reward.id));
        self.view.put::<tables::Rewards>(&reward.id, reward);
    }

    /// Writes an entry, with the purse, the stock and the sum as they are after it.
    async fn enter_exchange(
        &mut self,
        entry: &Exchange,
        reward: Option<&Reward>,
        purse: &Purse,
    ) -> Result<(), Fault> {
        self.subject = Some(Subject::Household(entry.household));
        let points = entry.points;
        self.detail = Some(match &entry.entry {
            domain::points::Entry::Given(consent) => {
                let consent = consent.kind();
                format!("exchange {}: {points} points given, {consent}", entry.id)
            }
            domain::points::Entry::TakenBack { of, .. } => {
                format!("exchange {}: {points} points of {of} given back", entry.id)
            }
        });
        self.view.put::<tables::Exchanges>(&entry.id, entry);
        self.view.put::<tables::ExchangesOf>(&place(entry), &());
        self.view.put::<tables::Purses>(&entry.household, purse);
        if let Some(reward) = reward {
            self.view.put::<tables::Rewards>(&reward.id, reward);
        }
        let key = (entry.period, entry.reward);
        let sum = self.view.get::<tables::ExchangeSums>(&key).await?;
        let mut sum = sum.unwrap_or_default();
        sum.enter(entry);
        match sum == ExchangeSum::default() {
            true => self.view.delete::<tables::ExchangeSums>(&key),
            false => self.view.put::<tables::ExchangeSums>(&key, &sum),
        }
        Ok(())
    }

    /// Notes what a rating or its correction changes of what a household earned. Has to be asked before the rating
    /// is written.
    pub(super) async fn earn(
        &mut self,
        household: HouseholdId,
        (was, is): (i16, i16),
    ) -> Result<(), Fault> {
        let mut purse = purse(&mut self.view, household).await?;
        purse.earn(i64::from(is) - i64::from(was));
        self.view.put::<tables::Purses>(&household, &purse);
        Ok(())
    }
}
