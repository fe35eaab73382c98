//! Slips: what a reporter shows to read and contest their own matter. A matter's number opens
//! nothing.

use domain::{
    actor::Actor,
    custody::{Docket, Standing},
    ids::MatterId,
    matter::Matter,
    people::Account,
    suite::Suite,
};
use store::record;

use super::{Token, TokenKind};
use crate::{Office, OfficeError, RequestContext, keys, unit_of_work::UnitOfWork};

/// How an account stands to a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Whether it reported it, or one that was merged into it.
    pub reported: bool,
    /// Whether only one that was merged into it.
    pub absorbed: bool,
    /// Whether it was dispatched to it.
    pub charged: bool,
}

impl UnitOfWork<'_> {
    /// Who reported a matter, and what slip they were given for it.
    pub(crate) fn note_reporter(&mut self, reported: &Matter) {
        let matter = reported.id;
        if let Actor::ApiKey(key) = self.actor {
            self.note_filer(reported, key);
        }
        if self.actor.is_person() {
            self.view
                .put(keys::reporter(matter), record::write(&self.actor));
        }
        if let Some(slip) = self
            .request
            .as_ref()
            .and_then(|request| request.take_slip())
        {
            let digest = slip.digest(self.office.dependencies.suite);
            self.view
                .put(keys::slip(matter, &digest), record::write(&self.now));
        }
    }
}

impl Office {
    /// A new secret.
    pub fn new_token(&self, kind: TokenKind) -> Token {
        Token {
            kind,
            secret: self.dependencies.entropy.bytes(),
        }
    }

    /// Makes a further slip for a matter known here.
    pub async fn make_slip(
        &self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<Token, OfficeError> {
        let slip = self.new_token(TokenKind::Slip);
        let mut unit = self.begin(by).await?;
        let docket: Docket = unit
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        unit.subject = Some(domain::audit::Subject::Matter(docket.matter.id));
        let digest = slip.digest(self.dependencies.suite);
        let at = unit.now;
        unit.view.put(keys::slip(id, &digest), record::write(&at));
        unit.commit().await?;
        Ok(slip)
    }

    /// Whether a slip was given for a matter.
    pub async fn is_slip_of(&self, slip: &Token, id: MatterId) -> Result<bool, OfficeError> {
        if slip.kind != TokenKind::Slip {
            return Ok(false);
        }
        for suite in self.suites() {
            let key = keys::slip(id, &slip.digest(suite));
            if self.fetch::<domain::time::Timestamp>(&key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The matter a slip was given for, if it opens this one: itself, or one that was merged into it.
    pub(super) async fn opened_by(
        &self,
        slip: &Token,
        id: MatterId,
    ) -> Result<Option<MatterId>, OfficeError> {
        for own in std::iter::once(id).chain(self.absorbed(id).await?) {
            if self.is_slip_of(slip, own).await? {
                return Ok(Some(own));
            }
        }
        Ok(None)
    }

    /// Matters that were merged into this one, as far as this node knows.
    async fn absorbed(&self, id: MatterId) -> Result<Vec<MatterId>, OfficeError> {
        let docket = self.docket(id).await?;
        Ok(docket.map_or_else(Vec::new, |docket| docket.matter.absorbed().collect()))
    }

    /// How an account stands to a matter: whether it reported it, or one that was merged into it, and
    /// whether it was dispatched to it.
    pub async fn tie(&self, id: MatterId, account: &Account) -> Result<Tie, OfficeError> {
        let me = Some(Actor::Account(account.id));
        let docket = self.docket(id).await?;
        let reported = self.fetch(&keys::reporter(id)).await? == me;
        let mut absorbed = false;
        for other in docket.iter().flat_map(|docket| docket.matter.absorbed()) {
            absorbed |= self.fetch(&keys::reporter(other)).await? == me;
        }
        let held = docket.filter(|docket| docket.standing == Standing::Holding);
        let target = held.and_then(|docket| docket.matter.dispatched());
        Ok(Tie {
            reported: reported || absorbed,
            absorbed: absorbed && !reported,
            charged: target.is_some_and(|target| account.is_charged_with(&target)),
        })
    }

    /// This node's suite, then the others: a node may have changed its suite.
    pub(super) fn suites(&self) -> impl Iterator<Item = Suite> {
        let own = self.dependencies.suite;
        let all = [Suite::Ed25519Blake3, Suite::P256Sha256];
        std::iter::once(own).chain(all.into_iter().filter(move |suite| *suite != own))
    }
}
