//! Requests about matters that neighbours bring, and the answers to this node's own.

use bytes::Bytes;
use domain::{
    category::Class,
    custody::{
        self, Standing,
        requests::{self, Heard, Next},
    },
    request::{Answer, OpenRequest, Reply, Request, RequestKind},
};
use topology::DivisionCode;

use super::receive::NotReceived;
use crate::{Failed, Fault, matters::sealing::Arrived, tables, unit_of_work::UnitOfWork};

impl UnitOfWork<'_> {
    /// Keeps the note that came beside a request; returns its key. `None` if it does not belong to
    /// the request.
    pub(super) async fn keep_asked(
        &mut self,
        request: &Request,
        bodies: &[Arrived],
    ) -> Result<Option<Vec<Bytes>>, Failed<NotReceived>> {
        let body = match bodies {
            [] => return Ok(Some(vec![])),
            [Arrived::Open(body)] => body,
            _ => return Ok(None),
        };
        let own =
            Some(body.commitment(request.suite)) == request.note && body.class == Class::Public;
        if !own || body.text.len() > domain::matter::Body::MOST_BYTES {
            return Ok(None);
        }
        if self.is_past(request).await? {
            return Ok(Some(vec![]));
        }
        let commitment = body.commitment(request.suite);
        let key = self.keep_arrived(request.matter, request.suite, &commitment, &bodies[0]);
        Ok(Some(vec![key.await.map_err(Failed::widen)?]))
    }

    pub(super) async fn hear_request(&mut self, request: Request) -> Result<(), Fault> {
        let known = self.docket(request.matter).await?;
        if let (RequestKind::Merge(into), Some(docket)) = (request.kind, &known)
            && docket.standing == Standing::Holding
            && !docket.answered.contains(&request.id)
        {
            let into_here = self.docket(into).await?;
            let absorbs =
                custody::check_absorbs(into_here.as_ref(), into, request.matter, self.office.me);
            if absorbs.is_err() {
                let answer = Answer {
                    request: request.id,
                    matter: request.matter,
                    reply: Reply::NotNow,
                };
                return self.send(custody::reply_to(request.id.by, answer)).await;
            }
        }
        let answer = match requests::hear_request(known.as_ref(), request, self.context()) {
            Heard::Repeated => return Ok(()),
            Heard::Parked(docket) => {
                if docket.awaits {
                    self.view.put::<tables::Learnt>(&request.matter, &());
                }
                self.put_docket(docket);
                return Ok(());
            }
            Heard::Answered(docket, answer) => {
                if let Some(docket) = docket {
                    self.put_docket(docket);
                }
                answer
            }
            Heard::Granted(decision, answer) => {
                self.apply(*decision).await?;
                answer
            }
        };
        self.send(custody::reply_to(request.id.by, answer)).await
    }

    pub(crate) async fn hear_answer(
        &mut self,
        from: DivisionCode,
        answer: &Answer,
    ) -> Result<(), Fault> {
        let docket = self.docket(answer.matter).await?;
        // The request was made when the matter was unknown here; it may be known by now.
        let name = (answer.request.epoch, answer.request.number);
        let unseen = self.view.get::<tables::Requests>(&name).await?;
        let Some(docket) = docket.filter(|_| unseen.is_none()) else {
            return self.hear_answer_unseen(unseen, from, answer).await;
        };
        let again = self.office.matters().next_request(self);
        match requests::take_answer(&docket, from, answer, again, self.context()) {
            None => Ok(()),
            Some((decision, next)) => {
                tracing::info!(matter = %answer.matter, ?next, "recall answered");
                self.apply(decision).await
            }
        }
    }

    /// Handles the answer to a request about a matter that never came here: follows the pointer, or
    /// logs the result.
    async fn hear_answer_unseen(
        &mut self,
        asked: Option<OpenRequest>,
        from: DivisionCode,
        answer: &Answer,
    ) -> Result<(), Fault> {
        let next = requests::hear_answer(asked.as_ref(), from, answer, self.context());
        let Some(OpenRequest { request: asked, .. }) = asked.filter(|_| next != Next::Ignore)
        else {
            return Ok(());
        };
        self.view
            .delete::<tables::Requests>(&(answer.request.epoch, answer.request.number));
        if asked.kind == RequestKind::Supervise && answer.reply != Reply::Granted {
            self.view.delete::<tables::AskedToSee>(&answer.matter);
        }
        match next {
            Next::Again(to, seen) => {
                let id = self.office.matters().next_request(self);
                self.ask_unseen(Request { id, seen, ..asked }, to).await
            }
            _ => {
                tracing::info!(matter = %answer.matter, kind = ?asked.kind, ?next, "answered");
                Ok(())
            }
        }
    }
}
