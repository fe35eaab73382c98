//! What villagers ask to be made public: asked, supported once by each, owed once one in ten do.
//!
//! Who supports a plea is kept as marks that only its salt opens; salt and marks are erased once they have done their work.
//! These decisions are the node's own by rule, so that no trail names who asked.

use domain::{
    actor::Actor,
    disclosure::{Content, Disclosure, DutyState, Line, Origin, Rhythm, demanded_item},
    people::{AccountId, Role},
    plea::{
        BadPlea, MOST_OPEN, NewPlea, Owed, Plea, PleaId, PleaState, Residents, Supporter,
        demanded_template,
    },
    points::HouseholdId,
    suite::Digest,
};
use records::table::{Table, Tables, View};

use crate::{
    Failed, Fault, RefusalReason, RequestContext, people::Token, services::Disclosures, tables,
    unit_of_work::UnitOfWork,
};

impl RefusalReason for BadPlea {}

/// The rule by which the node decides on pleas.
const RULE: &str = "one-in-ten";
/// What stands in the place of a salt that was erased.
const ERASED: [u8; 16] = [0; 16];

/// Who asks or supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pleader {
    /// Whoever has the slip of a household.
    Slip(HouseholdId, Token),
    /// An account.
    Account(AccountId),
}

/// A plea with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PleaSeen {
    /// The plea.
    pub plea: Plea,
    /// What became of it.
    pub state: PleaState,
}

/// All pleas.
#[derive(Clone, Debug)]
pub struct PleasSeen {
    /// The pleas, newest first.
    pub pleas: Vec<PleaSeen>,
    /// How many residents there are, if anybody said so.
    pub residents: Option<Residents>,
}

/// Finds out who asks: a household that is here, or a resident whose account belongs to none.
async fn supporter<V: View>(
    view: &mut Tables<V>,
    by: Pleader,
    suite: domain::suite::Suite,
) -> Result<Supporter, Failed<BadPlea>> {
    match by {
        Pleader::Slip(id, slip) => {
            let found = view.get::<tables::Households>(&id).await?;
            let opens = found.filter(|one| !one.gone && one.opens(&slip.digest(suite)));
            Ok(opens
                .map(|one| Supporter::Household(one.id))
                .ok_or(BadPlea::NoResident)?)
        }
        Pleader::Account(id) => {
            let account = view.get::<tables::Accounts>(&id).await?;
            let is_resident =
                account.is_some_and(|account| account.roles.contains(&Role::Resident));
            if !is_resident {
                return Err(BadPlea::NoResident.into());
            }
            let households = view.scan(tables::Households::all(), usize::MAX).await?;
            let own = households
                .into_iter()
                .find(|(_, one)| one.accounts.contains(&id) && !one.gone);
            Ok(own.map_or(Supporter::Account(id), |(id, _)| Supporter::Household(id)))
        }
    }
}

impl Disclosures<'_> {
    /// Returns all pleas, newest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn pleas(self) -> Result<PleasSeen, Fault> {
        let lines = self.lines().await?;
        let now = self.now();
        let mut view = self.read()?;
        let found = view.scan(tables::Pleas::all(), usize::MAX).await?;
        let residents = view.get::<tables::ResidentCount>(&()).await?;
        let seen = |(_, plea): (PleaId, Plea)| PleaSeen {
            state: plea.state(&lines, now),
            plea,
        };
        let pleas = found.into_iter().rev().map(seen).collect();
        Ok(view.finish(PleasSeen { pleas, residents }).await?)
    }

    /// Asks that something be made public. Durable when it returns.
    ///
    /// # Errors
    /// [`BadPlea`].
    pub async fn plead(self, new: NewPlea, by: Pleader) -> Result<PleaSeen, Failed<BadPlea>> {
        if let Some(about) = &new.about {
            let is_overdue = self.duties(|_, duties| {
                duties.iter().any(|duty| {
                    (&duty.demand.item.name, duty.span) == (&about.0, about.1)
                        && duty.state == DutyState::Overdue
                })
            });
            if !is_overdue.await? {
                return Err(BadPlea::NotOverdue(about.0.chars().take(100).collect()).into());
            }
        }
        let mut unit = self.begin(Actor::Rule(RULE.to_owned())).await?;
        let suite = unit.office.dependencies.suite;
        let by = supporter(&mut unit.view, by, suite).await?;
        let all = unit.pleas_now().await?;
        let id = PleaId(all.last().map_or(0, |(one, _)| one.id.0) + 1);
        let salt = unit.office.dependencies.entropy.bytes();
        let mut plea = Plea::make((id, salt), new, by, unit.now)?;
        let waits = |state: PleaState| matches!(state, PleaState::Open | PleaState::Owed);
        for (known, state) in all.iter().filter(|(_, state)| waits(*state)) {
            if known.title == plea.title {
                return Err(BadPlea::Known(known.id).into());
            }
            if *state == PleaState::Open && known.asked_by == by.mark(&known.salt) {
                return Err(BadPlea::Own(known.id).into());
            }
        }
        let open = all.iter().filter(|(_, state)| *state == PleaState::Open);
        if open.count() >= MOST_OPEN {
            return Err(BadPlea::Many.into());
        }
        for (lapsed, state) in all {
            if state == PleaState::Lapsed && lapsed.salt != ERASED {
                let salt = ERASED;
                let id = lapsed.id;
                unit.view
                    .put::<tables::Pleas>(&id, &Plea { salt, ..lapsed });
                unit.forget_supporters(id).await?;
            }
        }
        let mark = by.mark(&plea.salt);
        unit.keep_plea(&mut plea, Some(mark)).await?;
        unit.commit().await?;
        self.plea(id).await
    }

    /// Supports a plea. Durable when it returns.
    ///
    /// # Errors
    /// [`BadPlea`].
    pub async fn support(self, id: PleaId, by: Pleader) -> Result<PleaSeen, Failed<BadPlea>> {
        let mut unit = self.begin(Actor::Rule(RULE.to_owned())).await?;
        let suite = unit.office.dependencies.suite;
        let by = supporter(&mut unit.view, by, suite).await?;
        let (mut plea, state) = unit.plea_now(id).await?;
        let key = (id, by.mark(&plea.salt));
        if state == PleaState::Open && unit.view.get::<tables::PleaSupports>(&key).await?.is_some()
        {
            return Err(BadPlea::Twice.into());
        }
        plea.support(state)?;
        unit.keep_plea(&mut plea, Some(key.1)).await?;
        unit.commit().await?;
        self.plea(id).await
    }

    /// Declines a plea on a lawful ground; what was begun for it is forgotten. Durable when it returns.
    ///
    /// # Errors
    /// [`BadPlea`].
    pub async fn decline(
        self,
        id: PleaId,
        ground: &str,
        by: impl Into<RequestContext>,
    ) -> Result<PleaSeen, Failed<BadPlea>> {
        let mut unit = self.begin(by).await?;
        let (mut plea, state) = unit.plea_now(id).await?;
        plea.decline(ground, state)?;
        plea.salt = ERASED;
        unit.forget_supporters(id).await?;
        let begun = plea.owed.as_ref().and_then(|owed| owed.disclosure);
        let mut left = vec![];
        if let Some(begun) = begun
            && let Some(one) = unit.view.get::<tables::Disclosures>(&begun).await?
            && one.editions == 0
        {
            left = unit.forget_files(begun).await?;
            unit.forget_disclosure(&one);
        }
        unit.view.put::<tables::Pleas>(&id, &plea);
        unit.commit().await?;
        self.files().remove_unowned(left).await?;
        self.plea(id).await
    }

    /// Notes how many residents there are. Pleas that enough support by this number are owed from now on. Durable when
    /// it returns.
    ///
    /// # Errors
    /// [`BadPlea`].
    pub async fn count_residents(
        self,
        (count, source): (u32, &str),
        by: impl Into<RequestContext>,
    ) -> Result<Residents, Failed<BadPlea>> {
        let mut unit = self.begin(by).await?;
        let residents = Residents::said(count, source, unit.now)?;
        unit.view.put::<tables::ResidentCount>(&(), &residents);
        for (mut plea, state) in unit.pleas_now().await? {
            if state == PleaState::Open {
                unit.keep_plea(&mut plea, None).await?;
            }
        }
        unit.commit().await?;
        Ok(residents)
    }

    async fn plea(self, id: PleaId) -> Result<PleaSeen, Failed<BadPlea>> {
        let mut all = self.pleas().await?.pleas.into_iter();
        let found = all.find(|seen| seen.plea.id == id);
        Ok(found.ok_or(BadPlea::Unknown(id))?)
    }
}

impl UnitOfWork<'_> {
    /// Returns all pleas with what became of them, oldest first.
    async fn pleas_now(&mut self) -> Result<Vec<(Plea, PleaState)>, Fault> {
        let lines: Vec<Line> = self
            .lines()
            .await?
            .into_iter()
            .map(|(_, line)| line)
            .collect();
        let found = self.view.scan(tables::Pleas::all(), usize::MAX).await?;
        let now = self.now;
        let seen = found.into_iter().map(|(_, plea)| {
            let state = plea.state(&lines, now);
            (plea, state)
        });
        Ok(seen.collect())
    }

    async fn plea_now(&mut self, id: PleaId) -> Result<(Plea, PleaState), Failed<BadPlea>> {
        let mut all = self.pleas_now().await?.into_iter();
        let found = all.find(|(plea, _)| plea.id == id);
        Ok(found.ok_or(BadPlea::Unknown(id))?)
    }

    /// Deletes the marks of those who support a plea.
    async fn forget_supporters(&mut self, id: PleaId) -> Result<(), Fault> {
        let marks = tables::PleaSupports::under(&id);
        for (key, ()) in self.view.scan(marks, usize::MAX).await? {
            self.view.delete::<tables::PleaSupports>(&key);
        }
        Ok(())
    }

    /// Writes a plea that gathers support, with the mark of who supports it now; one that enough support now is owed, and its
    /// disclosure begins.
    async fn keep_plea(
        &mut self,
        plea: &mut Plea,
        mark: Option<Digest>,
    ) -> Result<(), Failed<BadPlea>> {
        let residents = self.view.get::<tables::ResidentCount>(&()).await?;
        if let Some(residents) = residents.filter(|residents| plea.is_reached(Some(residents))) {
            let disclosure = match plea.about {
                Some(_) => None,
                None => Some(self.begin_demanded(plea).await?),
            };
            plea.owed = Some(Owed {
                since: self.now,
                residents: residents.count,
                disclosure,
            });
            plea.salt = ERASED;
            self.forget_supporters(plea.id).await?;
        } else if let Some(mark) = mark {
            self.view.put::<tables::PleaSupports>(&(plea.id, mark), &());
        }
        self.view.put::<tables::Pleas>(&plea.id, plea);
        Ok(())
    }

    /// Begins the disclosure of what villagers demanded; returns its number. One of the same words and day is taken.
    async fn begin_demanded(
        &mut self,
        plea: &Plea,
    ) -> Result<domain::disclosure::DisclosureId, Failed<BadPlea>> {
        let origin = Origin {
            template: demanded_template(self.office.me),
            version: 0,
            item: demanded_item(),
            span: Rhythm::Event.around(self.now.day()),
            title: plea.title.clone(),
        };
        let policy = self.policy.clone();
        let calendar = policy.calendar().value;
        let by = (Actor::Rule(RULE.to_owned()), self.now);
        let begun = Disclosure::begin(origin, Content::default(), calendar, by);
        let begun = begun.map_err(|_| BadPlea::Title)?;
        if self
            .view
            .get::<tables::Disclosures>(&begun.id)
            .await?
            .is_none()
        {
            self.put_disclosure(&begun, None);
        }
        Ok(begun.id)
    }
}
