//! Invitations of children: made, withdrawn and admitted by people, and bound to the machine that joins.

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    audit::Ending,
    ids::KeyId,
    invitation::{
        BadAddresses, BadValidity, Invitation, InvitationKey, JoinAsk, JoinRefusal, JoinVerdict,
        Joiner, State, Validity, check_addresses,
    },
    saying::Saying,
    time::Timestamp,
};
use records::table::Table;
use topology::DivisionCode;

use crate::{
    Failed, Fault, RefusalReason, RequestContext, Stated,
    services::Invitations,
    tables,
    unit_of_work::{LogDraft, UnitOfWork},
};

/// The most keys of one division, as an invitation can number them.
const MOST_KEYS: u32 = 64;

/// An invitation to make.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The child.
    pub division: DivisionCode,
    /// The public half of the invitation key.
    pub key: InvitationKey,
    /// For how many hours it is good; 14 days if left out.
    pub hours: Option<u32>,
    /// Whether a person compares the machine's number before it is admitted.
    pub confirm: bool,
    /// Whether the key that joins replaces the one that the division has.
    pub replaces: bool,
    /// Where this node is reached; as in the last invitation if there are none.
    pub addresses: Vec<String>,
    /// The newest key that was ever stated for the child, with its number.
    pub latest: Option<(u32, KeyId)>,
}

/// The reason why an invitation is not made, withdrawn or admitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InviteRefusal {
    /// Only the division directly above invites.
    #[error(
        "{0} is not a division with a node directly below this one; its own parent invites it, `wujitong topology show` \
         names it"
    )]
    NotAChild(DivisionCode),
    /// This node has no keys to enrol others with.
    #[error(
        "the keys with which this node enrols others are not here; start it from the directory that has them"
    )]
    NoIssuingKey,
    /// The division has a key.
    #[error(
        "{0} is enrolled with key {1}; start the machine that has it, or if its keys are gone, invite with \
         `--replaces lost`"
    )]
    Enrolled(DivisionCode, KeyId),
    /// The division has no key that could be replaced.
    #[error("{0} was never enrolled here, so there is no key to replace; leave `--replaces` out")]
    NeverEnrolled(DivisionCode),
    /// It cannot have more keys.
    #[error(
        "{0} has had {MOST_KEYS} keys, and there cannot be more; ask whoever maintains the program"
    )]
    NoMoreKeys(DivisionCode),
    /// It would be good for too short or too long.
    #[error(transparent)]
    Validity(#[from] BadValidity),
    /// It does not say where this node is.
    #[error(transparent)]
    Addresses(#[from] BadAddresses),
    /// No invitation of the division is open.
    #[error("no invitation of {0} is open; `wujitong invite list` shows those that there are")]
    NoneOpen(DivisionCode),
    /// No machine waits.
    #[error("no machine waits to be admitted as {0}; have it run `wujitong join` first")]
    NobodyWaits(DivisionCode),
    /// The number is not that of the machine that waits.
    #[error(
        "the number is not that of the machine that waits as {0}; let its operator read it out again, and if it \
         differs, withdraw the invitation"
    )]
    OtherNumber(DivisionCode),
}

impl RefusalReason for InviteRefusal {}
impl RefusalReason for JoinRefusal {}

type Failure = Failed<InviteRefusal>;

impl Invitations<'_> {
    /// Draws the secret of a new invitation.
    pub fn new_secret(self) -> [u8; 16] {
        self.dependencies.entropy.bytes()
    }

    /// Makes an invitation; one of the same child that is open is withdrawn. Durable when it returns.
    ///
    /// # Errors
    /// [`InviteRefusal`], or the store's.
    pub async fn invite(
        self,
        new: NewInvitation,
        by: impl Into<RequestContext>,
    ) -> Result<Invitation, Failure> {
        let division = new.division;
        let tree = &self.dependencies.tree;
        if tree.parent(division) != Some(self.me) || !tree.has_node(division) {
            return Err(InviteRefusal::NotAChild(division).into());
        }
        let validity = new
            .hours
            .map_or(Ok(Validity::default()), Validity::of_hours);
        let validity = validity.map_err(InviteRefusal::Validity)?;
        let serial = serial_of(&new)?;
        let mut unit = self.begin(by).await?;
        let known = unit.invitations_of(division).await?;
        let addresses = match new.addresses.is_empty() {
            true => self.last_addresses().await?,
            false => new.addresses,
        };
        check_addresses(&addresses).map_err(InviteRefusal::Addresses)?;
        for old in known {
            unit.end_for_another(old);
        }
        let invitation = Invitation {
            division,
            key: new.key,
            serial,
            made_at: unit.now,
            expires_at: validity.end(unit.now),
            confirm: new.confirm,
            addresses,
            state: State::Open,
        };
        unit.put_invitation(&invitation);
        unit.detail = Some(format!(
            "invited {division} for key number {serial} until {}",
            invitation.expires_at
        ));
        unit.commit().await?;
        Ok(invitation)
    }

    /// Returns every invitation that is kept, by division, the newest first.
    pub async fn all(self) -> Result<Vec<Invitation>, Fault> {
        let records = self.list(tables::Invitations::all(), usize::MAX).await?;
        let mut all: Vec<Invitation> = records.into_iter().map(|(_, it)| it).collect();
        all.sort_by_key(|it| (it.division, std::cmp::Reverse(it.made_at)));
        Ok(all)
    }

    /// The addresses in the newest invitation of any child.
    async fn last_addresses(self) -> Result<Vec<String>, Fault> {
        let all = self.all().await?;
        let newest = all.into_iter().max_by_key(|it| it.made_at);
        Ok(newest.map(|it| it.addresses).unwrap_or_default())
    }

    /// Withdraws the open invitation of a child.
    ///
    /// # Errors
    /// [`InviteRefusal::NoneOpen`], or the store's.
    pub async fn withdraw(
        self,
        division: DivisionCode,
        by: impl Into<RequestContext>,
    ) -> Result<Invitation, Failure> {
        let mut unit = self.begin(by).await?;
        let mut known = unit.invitations_of(division).await?.into_iter();
        let open = known.find(|it| it.is_open(unit.now));
        let mut invitation = open.ok_or(InviteRefusal::NoneOpen(division))?;
        invitation.state = State::Withdrawn(unit.now);
        unit.put_invitation(&invitation);
        unit.detail = Some(format!("withdrew the invitation of {division}"));
        unit.commit().await?;
        Ok(invitation)
    }

    /// Admits the machine that waits, if its number is the one that its operator read out; `is_number` says so of its
    /// key.
    ///
    /// # Errors
    /// [`InviteRefusal::NobodyWaits`], [`InviteRefusal::OtherNumber`], or the store's.
    pub async fn admit(
        self,
        division: DivisionCode,
        is_number: impl Fn(KeyId) -> bool,
        by: impl Into<RequestContext>,
    ) -> Result<Invitation, Failure> {
        let mut unit = self.begin(by).await?;
        let known = unit.invitations_of(division).await?.into_iter();
        let mut open = known.filter(|it| it.is_open(unit.now));
        let waits = open.find_map(|it| match &it.state {
            State::Waiting(joiner) => Some((joiner.clone(), it)),
            _ => None,
        });
        let (joiner, mut invitation) = waits.ok_or(InviteRefusal::NobodyWaits(division))?;
        if !is_number(joiner.key) {
            return Err(InviteRefusal::OtherNumber(division).into());
        }
        unit.detail = Some(format!("admitted key {} as {division}", joiner.key));
        invitation.state = State::Admitted(joiner);
        unit.put_invitation(&invitation);
        unit.commit().await?;
        Ok(invitation)
    }

    /// Returns the invitation of a child with this key.
    pub async fn find(
        self,
        division: DivisionCode,
        key: InvitationKey,
    ) -> Result<Option<Invitation>, Fault> {
        let mut view = self.tables();
        Ok(view.get::<tables::Invitations>(&(division, key)).await?)
    }

    /// Returns the grant that was given for an invitation, as it was sent.
    pub async fn grant(
        self,
        division: DivisionCode,
        key: InvitationKey,
    ) -> Result<Option<Bytes>, Fault> {
        let mut view = self.tables();
        Ok(view.get::<tables::Grants>(&(division, key)).await?)
    }

    /// Notes the machine that waits for a person to compare its number. Durable when it returns.
    ///
    /// # Errors
    /// [`JoinRefusal`] if the invitation changed since it was judged, or the store's.
    pub async fn let_wait(
        self,
        ask: &JoinAsk,
        judge: impl Fn(Option<&Invitation>) -> Result<JoinVerdict, JoinRefusal>,
    ) -> Result<(), Failed<JoinRefusal>> {
        let mut unit = self.begin(Actor::Rule("join".to_owned())).await?;
        let mut invitation = unit.judged(ask, JoinVerdict::Wait, judge).await?;
        if let State::Open = invitation.state {
            invitation.state = State::Waiting(joiner(ask, unit.now));
            unit.put_invitation(&invitation);
            let what = format!("key {} waits to be {}", ask.key, ask.division);
            unit.detail = Some(format!("{what}, from {}", ask.from));
            unit.enter(None, Ending::Done).await?;
        }
        unit.commit().await?;
        Ok(())
    }

    /// Binds an invitation to the machine that asked, with the statement of its key, the leaf of the public log and the
    /// grant: all of it is one unit, durable when this returns.
    ///
    /// # Errors
    /// [`JoinRefusal`] if the invitation changed since it was judged, or the store's.
    pub async fn bind(
        self,
        ask: &JoinAsk,
        judge: impl Fn(Option<&Invitation>) -> Result<JoinVerdict, JoinRefusal>,
        granted: Granted,
    ) -> Result<(), Failed<JoinRefusal>> {
        let Granted {
            stated,
            grant,
            alarm,
        } = granted;
        let division = ask.division;
        let mut unit = self.begin(Actor::Rule("join".to_owned())).await?;
        let mut invitation = unit.judged(ask, JoinVerdict::Bind, judge).await?;
        invitation.state = State::Bound(joiner(ask, unit.now));
        unit.put_invitation(&invitation);
        unit.view
            .put::<tables::Grants>(&(division, ask.invitation), &grant);
        unit.view
            .put::<tables::StatedKeys>(&(division, stated.key), &stated);
        if stated.refused.is_none() {
            unit.log
                .push(LogDraft::key(division, stated.key, &stated.bytes));
        }
        if let Some((kind, detail)) = alarm {
            unit.raise(kind, Some(division), &detail).await?;
        }
        let what = format!("key {} joined as {division}", ask.key);
        unit.detail = Some(format!("{what}, from {}", ask.from));
        unit.enter(None, Ending::Done).await?;
        unit.commit().await?;
        self.stated.send_modify(|count| *count += 1);
        Ok(())
    }
}

/// What a machine is granted.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The statement of its key.
    pub stated: Stated,
    /// The grant, as it is sent.
    pub grant: Bytes,
    /// What an operator must know of it.
    pub alarm: Option<(AlarmKind, Saying)>,
}

fn joiner(ask: &JoinAsk, now: Timestamp) -> Joiner {
    Joiner {
        key: ask.key,
        request: ask.request,
        at: now,
        from: ask.from,
    }
}

/// The number of the key that an invitation is for.
fn serial_of(new: &NewInvitation) -> Result<u32, InviteRefusal> {
    let division = new.division;
    match (new.latest, new.replaces) {
        (None, false) => Ok(1),
        (None, true) => Err(InviteRefusal::NeverEnrolled(division)),
        (Some((_, key)), false) => Err(InviteRefusal::Enrolled(division, key)),
        (Some((serial, _)), true) if serial >= MOST_KEYS => {
            Err(InviteRefusal::NoMoreKeys(division))
        }
        (Some((serial, _)), true) => Ok(serial + 1),
    }
}

impl UnitOfWork<'_> {
    async fn invitations_of(&mut self, division: DivisionCode) -> Result<Vec<Invitation>, Fault> {
        let rows = tables::Invitations::under(&division);
        let rows = self.view.scan(rows, usize::MAX).await?;
        Ok(rows.into_iter().map(|(_, it)| it).collect())
    }

    fn put_invitation(&mut self, invitation: &Invitation) {
        let key = (invitation.division, invitation.key);
        self.view.put::<tables::Invitations>(&key, invitation);
    }

    /// Ends an earlier invitation when another one is made: withdraws it if it is open, and forgets it if it is long
    /// over.
    fn end_for_another(&mut self, mut old: Invitation) {
        let key = (old.division, old.key);
        if old.is_over(self.now) {
            self.view.delete::<tables::Invitations>(&key);
            self.view.delete::<tables::Grants>(&key);
        } else if old.is_open(self.now) {
            old.state = State::Withdrawn(self.now);
            self.put_invitation(&old);
        }
    }

    /// Judges once more, with the turn: nothing can pass in between.
    async fn judged(
        &mut self,
        ask: &JoinAsk,
        expected: JoinVerdict,
        judge: impl Fn(Option<&Invitation>) -> Result<JoinVerdict, JoinRefusal>,
    ) -> Result<Invitation, Failed<JoinRefusal>> {
        let key = (ask.division, ask.invitation);
        let invitation = self.view.get::<tables::Invitations>(&key).await?;
        let verdict = judge(invitation.as_ref())?;
        match invitation {
            Some(invitation) if verdict == expected => Ok(invitation),
            _ => Err(JoinRefusal::Busy.into()),
        }
    }
}

#[cfg(test)]
mod tests;
