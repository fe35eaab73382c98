//! The reporter's own copy of a report: sealed under the slip that was given for it, so that they read
//! what they wrote wherever the matter is held, and nobody else does.

use domain::{
    ids::MatterId,
    matter::{Body, Matter},
    seal::SealedForBearer,
};

use super::{Token, TokenKind};
use crate::{Fault, services::People, tables, unit_of_work::UnitOfWork};

impl UnitOfWork<'_> {
    /// Keeps a report for the owner of its slip.
    pub(crate) fn keep_own_words(&mut self, id: MatterId, body: &Body, slip: &Token) {
        let plain = wire::encode_body(body.clone());
        let salt = self.office.dependencies.entropy.bytes();
        let sealed = SealedForBearer::seal(&plain, &slip.secret, salt);
        self.view.put::<tables::OwnWords>(&id, &sealed);
    }
}

impl People<'_> {
    /// Returns what a reporter wrote, if it was reported here with this slip and not erased.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn own_words(self, matter: &Matter, slip: &Token) -> Result<Option<Body>, Fault> {
        if slip.kind != TokenKind::ReporterToken {
            return Ok(None);
        }
        let sealed = self.one::<tables::OwnWords>(&matter.id).await?;
        let plain = sealed.and_then(|sealed| sealed.open(&slip.secret));
        let body = plain.and_then(|plain| wire::decode_body(&plain).ok());
        Ok(body.filter(|body| body.commitment(matter.suite) == matter.body))
    }
}
