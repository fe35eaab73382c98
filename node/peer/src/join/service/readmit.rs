//! Answers children that come back after their certificate ended.

use std::{net::IpAddr, time::Duration};

use domain::{
    ids::NetworkId,
    readmission::{Ask, Context, Readmissions, Refusal, Standing, Verdict, judge},
};
use identity::{Certificates, IdentityError, readmission_message};
use office::{Failed, blocking};
use proto::v1::{JoinPending, join_answer::What};
use rustls_pki_types::UnixTime;
use wire::frame::PROTOCOL;

use super::JoinService;
use crate::join::{
    message,
    readmission::{ReadmitCall, readmitted},
};

impl JoinService {
    /// Answers a child that asks to be readmitted.
    pub(super) async fn answer_back(
        &self,
        call: ReadmitCall,
        exported: [u8; 32],
        from: IpAddr,
    ) -> What {
        let (me, division) = (self.office.me(), call.division);
        if call.edition != self.office.tree().digest() {
            tracing::warn!(%me, %division, "whoever comes back has another edition of the list of divisions");
        }
        let decided = {
            let _alone = self.deciding.lock().await;
            self.decide_back(&call, &exported, from).await
        };
        match decided {
            Ok((Verdict::Readmit, issued)) => What::Readmitted(readmitted(&issued)),
            Ok((Verdict::Wait(why), _)) => {
                let said = why.said();
                What::Pending(JoinPending {
                    english: said.english,
                    chinese: said.chinese,
                })
            }
            Err(Failed::Refused(refusal)) => {
                tracing::warn!(%me, %division, %from, %refusal, "not readmitted");
                message::refused(refusal.number(), refusal.said())
            }
            Err(Failed::Aborted(error)) => {
                tracing::error!(%me, %division, %error, "readmission failed");
                message::refused(Refusal::Busy.number(), Refusal::Busy.said())
            }
        }
    }

    /// Signs before the readmission is recorded: what was signed counts for nobody who does not get it.
    async fn decide_back(
        &self,
        call: &ReadmitCall,
        exported: &[u8; 32],
        from: IpAddr,
    ) -> Result<(Verdict, Certificates), Failed<Refusal>> {
        let office = &*self.office;
        let readmissions = office.readmissions();
        let known = readmissions.of(call.division).await?;
        let ask = self.asked_back(call, exported, from)?;
        let issuer_ends = self.issuer_ends().await.map_err(|_| Refusal::Busy)?;
        let judging = |known: &Readmissions| {
            let context = Context {
                network: NetworkId(self.identity.network().id),
                me: office.me(),
                tree: office.tree(),
                now: office.now(),
                issuer_ends,
                protocols: (PROTOCOL, PROTOCOL),
                consent: self.consent,
            };
            judge(&ask, known, context)
        };
        let issued = match judging(&known)? {
            Verdict::Wait(_) => Certificates::default(),
            Verdict::Readmit => self.sign_back(call).await?,
        };
        let verdict = readmissions.note(&ask, judging).await?;
        Ok((verdict, issued))
    }

    fn asked_back(
        &self,
        call: &ReadmitCall,
        exported: &[u8; 32],
        from: IpAddr,
    ) -> Result<Ask, Refusal> {
        let (division, key) = (call.division, call.key);
        let known = self.keys.get(division, key);
        let standing = match (&known, self.keys.revoked().holds(division, key)) {
            (_, true) => Standing::Revoked,
            (Some(_), false) if self.keys.standing(division).last() == Some(&key) => {
                Standing::Counts
            }
            _ => Standing::Unknown,
        };
        let message = readmission_message(exported, &call.request);
        let signed =
            known.is_some_and(|key| key.verify(key.suite, &message, &call.signature).is_ok());
        let ended = self.identity.ended_at(division, &call.shown);
        if let Err(refusal) = &ended {
            tracing::debug!(%division, %refusal, "what was shown is no certificate of the child");
        }
        let requested = call.requests.node_key();
        Ok(Ask {
            network: call.network,
            division,
            parent: call.parent,
            key,
            standing,
            signed,
            shown: ended.is_ok(),
            ended_at: domain::time::Timestamp(ended.unwrap_or_default().saturating_mul(1_000)),
            requested: requested.map_err(|error| Refusal::BadRequest(error.to_string()))?,
            from,
            protocol: call.protocol,
        })
    }

    async fn sign_back(&self, call: &ReadmitCall) -> Result<Certificates, Refusal> {
        let seconds = u64::try_from(self.office.now().0 / 1_000).map_err(|_| Refusal::Busy)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let identity = std::sync::Arc::clone(&self.identity);
        let (child, requests) = (call.division, call.requests.clone());
        let issued = blocking(move || identity.certify(child, &requests, now)).await;
        issued.map_err(|error| match error {
            IdentityError::BadRequest(why) => Refusal::BadRequest(why),
            error => {
                tracing::error!(me = %self.office.me(), %child, %error, "a child that came back got no certificate");
                Refusal::Busy
            }
        })
    }
}
