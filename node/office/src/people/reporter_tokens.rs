//! Slips: tokens with which a reporter reads and contests their own matter. The number of a matter
//! gives no access.

use domain::{
    actor::Actor,
    custody::{Docket, Standing},
    ids::MatterId,
    matter::Matter,
    people::Account,
    suite::Suite,
};

use super::{Token, TokenKind};
use crate::{
    Failed, Fault, NoSuchMatter, RequestContext, services::People, tables, unit_of_work::UnitOfWork,
};

/// The relation of an account to a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Whether the account reported it, or a matter that was merged into it.
    pub reported: bool,
    /// Whether the account reported only a matter that was merged into it.
    pub absorbed: bool,
    /// Whether it was dispatched to the account.
    pub charged: bool,
}

impl UnitOfWork<'_> {
    /// Records the reporter of a matter and the slip of the report.
    pub(crate) fn note_reporter(&mut self, reported: &Matter) {
        let matter = reported.id;
        if let Actor::ApiKey(key) = self.actor {
            self.note_filer(reported, key);
        }
        if let Actor::Account(account) = self.actor {
            let key = (account, reported.reported_at(), matter);
            self.view.put::<tables::OwnMatters>(&key, &());
        }
        if self.actor.is_person() {
            self.view.put::<tables::Reporters>(&matter, &self.actor);
        }
        if let Some(slip) = self
            .request
            .as_ref()
            .and_then(|request| request.take_reporter_token())
        {
            let digest = slip.digest(self.office.dependencies.suite);
            self.view
                .put::<tables::ReporterTokens>(&(matter, digest), &self.now);
        }
    }
}

impl People<'_> {
    /// Draws a new token.
    pub fn new_token(self, kind: TokenKind) -> Token {
        Token {
            kind,
            secret: self.dependencies.entropy.bytes(),
        }
    }

    /// Makes a further slip for a matter known here.
    pub async fn make_reporter_token(
        self,
        id: MatterId,
        by: impl Into<RequestContext>,
    ) -> Result<Token, Failed<NoSuchMatter>> {
        let slip = self.new_token(TokenKind::ReporterToken);
        let mut unit = self.begin(by).await?;
        let docket: Docket = unit.docket(id).await?.ok_or(NoSuchMatter(id))?;
        unit.subject = Some(domain::audit::Subject::Matter(docket.matter.id));
        let digest = slip.digest(self.dependencies.suite);
        let at = unit.now;
        unit.view.put::<tables::ReporterTokens>(&(id, digest), &at);
        unit.commit().await?;
        Ok(slip)
    }

    /// Returns whether a slip belongs to a matter.
    pub async fn is_reporter_token_of(self, slip: &Token, id: MatterId) -> Result<bool, Fault> {
        if slip.kind != TokenKind::ReporterToken {
            return Ok(false);
        }
        for suite in self.suites() {
            let key = (id, slip.digest(suite));
            if self.one::<tables::ReporterTokens>(&key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the matter of a slip if the slip opens this one: it is this one, or one that was
    /// merged into it.
    pub(super) async fn opened_by(
        self,
        slip: &Token,
        id: MatterId,
    ) -> Result<Option<MatterId>, Fault> {
        for own in std::iter::once(id).chain(self.absorbed(id).await?) {
            if self.is_reporter_token_of(slip, own).await? {
                return Ok(Some(own));
            }
        }
        Ok(None)
    }

    /// Returns the matters that were merged into this one, as far as this node knows.
    async fn absorbed(self, id: MatterId) -> Result<Vec<MatterId>, Fault> {
        let docket = self.matters().docket(id).await?;
        Ok(docket.map_or_else(Vec::new, |docket| docket.matter.absorbed().collect()))
    }

    /// Returns the relation of an account to a matter: whether it reported it, or one that was
    /// merged into it, and whether it was dispatched to it.
    pub async fn tie(self, id: MatterId, account: &Account) -> Result<Tie, Fault> {
        let me = Some(Actor::Account(account.id));
        let docket = self.matters().docket(id).await?;
        let reported = self.one::<tables::Reporters>(&id).await? == me;
        let mut absorbed = false;
        for other in docket.iter().flat_map(|docket| docket.matter.absorbed()) {
            absorbed |= self.one::<tables::Reporters>(&other).await? == me;
        }
        let held = docket.filter(|docket| docket.standing == Standing::Holding);
        let target = held.and_then(|docket| docket.matter.dispatched());
        Ok(Tie {
            reported: reported || absorbed,
            absorbed: absorbed && !reported,
            charged: target.is_some_and(|target| account.is_charged_with(&target)),
        })
    }

    /// Lists this node's suite first, then the others, because a node may have changed its suite.
    pub(super) fn suites(self) -> impl Iterator<Item = Suite> {
        let own = self.dependencies.suite;
        let all = [Suite::Ed25519Blake3, Suite::P256Sha256];
        std::iter::once(own).chain(all.into_iter().filter(move |suite| *suite != own))
    }
}
