//! The parent's side: makes invitations, and answers those who join with them.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    ids::{KeyId, NetworkId},
    invitation::{
        BadJoinKeys, Invitation, InvitationKey, InvitationText, JoinAsk, JoinContext, JoinRefusal,
        JoinVerdict, MOST_WRONG_TRIES, WrongTries, judge,
    },
    readmission::Consent,
    suite::Suite,
    time::Timestamp,
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use identity::{
    CertificateProfile, CheckedApplication, Expected, Identity, IdentityError, InvitationSigner,
    JOIN_EXPORTER, KeyRing, SignedKeyStatement, grant, issuer_ends, keep_stated,
    signed_for_connection, stated_by,
};
use office::{
    Failed, Fault, Granted, InviteRefusal, NewInvitation, Office, RequestContext, Stated, blocking,
};
use proto::v1::join_answer::What;
use rustls_pki_types::UnixTime;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::server::TlsStream;
use tokio_util::task::TaskTracker;
use topology::DivisionCode;
use wire::frame::PROTOCOL;

use super::{
    MOST_CALL_BYTES,
    message::{self, Asked, Call},
};
use crate::permits::Source;

mod readmit;

/// From the end of the handshake until the whole call is here, and again until the answer is gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// Calls a minute that one address may make.
const CALLS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("above zero");

/// Addresses after which idle ones are forgotten.
const MANY: usize = 1_000;

/// How long a wrong try is let wait while there were many.
const DELAY: Duration = Duration::from_secs(1);

/// Answers those who join a division below one node.
pub struct JoinService {
    office: Arc<Office>,
    identity: Arc<Identity>,
    keys: Arc<KeyRing>,
    tasks: TaskTracker,
    calls: DefaultKeyedRateLimiter<Source>,
    wrong: Mutex<HashMap<DivisionCode, Wrong>>,
    /// How long a child may have been away and still come back without a person.
    consent: Consent,
    /// Held while one request is decided: two never sign at once.
    deciding: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Wrong {
    tries: WrongTries,
    /// Whether the last hour had so many that answers are let wait.
    many_at: Option<Timestamp>,
}

/// An invitation with its text, which is shown once.
#[derive(Clone, Debug)]
pub struct NewText {
    /// The invitation.
    pub invitation: Invitation,
    /// Its text.
    pub text: InvitationText,
}

/// What somebody wants who invites.
#[derive(Clone, Debug)]
pub struct Inviting {
    /// The child.
    pub division: DivisionCode,
    /// For how many hours it is good; 14 days if left out.
    pub hours: Option<u32>,
    /// Whether a person compares the machine's number before it is admitted.
    pub confirm: bool,
    /// Whether the key that joins replaces the one that the division has.
    pub replaces: bool,
    /// Where this node is reached; as in the last invitation if there are none.
    pub addresses: Vec<String>,
}

/// Makes an invitation. Its secret is in the text alone.
///
/// # Errors
/// [`InviteRefusal`], or an error of the store.
pub async fn invite(
    (office, identity): (&Office, &Identity),
    inviting: Inviting,
    secret: [u8; 16],
    by: impl Into<RequestContext>,
) -> Result<NewText, Failed<InviteRefusal>> {
    let (division, network) = (inviting.division, identity.network());
    let pin = identity.root_pin().filter(|_| identity.can_issue());
    let pin = pin.ok_or(InviteRefusal::NoIssuingKey)?;
    let latest = latest(office, identity, division).await?;
    let signer = InvitationSigner::derive(&secret, network.id, division);
    let new = NewInvitation {
        division,
        key: signer.public(),
        hours: inviting.hours,
        confirm: inviting.confirm,
        replaces: inviting.replaces,
        addresses: inviting.addresses,
        latest: latest.map(|(serial, key, _)| (serial, key)),
    };
    let invitation = office.invitations().invite(new, by).await?;
    let text = InvitationText {
        network: NetworkId(network.id),
        division,
        parent: office.me(),
        suite: network.suite,
        serial: u8::try_from(invitation.serial).expect("no more keys than an invitation numbers"),
        pin,
        secret,
        expires_at: invitation.expires_at,
        addresses: invitation.addresses.clone(),
    };
    Ok(NewText { invitation, text })
}

/// The newest key that was ever stated for a division, whether it counts or not, and every statement of its keys.
type Latest = (u32, KeyId, Vec<SignedKeyStatement>);

async fn latest(
    office: &Office,
    identity: &Identity,
    division: DivisionCode,
) -> Result<Option<Latest>, Fault> {
    let kept = office.keys().statements_about(division).await?;
    let mut known: Vec<_> = kept
        .iter()
        .filter_map(|stated| SignedKeyStatement::decode(&stated.bytes).ok())
        .collect();
    let (home, me) = (identity.home().to_owned(), office.me());
    // A ledger that cannot be read stops the node when it starts; here the store is enough.
    let ledger = blocking(move || stated_by(&home, me).unwrap_or_default()).await;
    known.extend(ledger);
    known.retain(|signed| signed.statement().is_ok_and(|it| it.division == division));
    let newest = known.iter().filter_map(|signed| signed.statement().ok());
    let newest = newest.max_by_key(|statement| statement.serial);
    Ok(newest.map(|statement| (statement.serial, statement.key_id(), known)))
}

impl JoinService {
    /// Answers for one node.
    pub fn new(
        (office, identity, keys): (&Arc<Office>, &Arc<Identity>, &Arc<KeyRing>),
        consent: Consent,
        tasks: TaskTracker,
    ) -> Self {
        Self {
            office: Arc::clone(office),
            identity: Arc::clone(identity),
            keys: Arc::clone(keys),
            tasks,
            calls: RateLimiter::keyed(Quota::per_minute(CALLS_PER_MINUTE)),
            wrong: Mutex::default(),
            consent,
            deciding: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the identity of the node.
    pub const fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Reads one call and answers it.
    ///
    /// # Errors
    /// If the connection ends, or brings something else than a call.
    pub async fn serve(
        self: Arc<Self>,
        mut tls: TlsStream<TcpStream>,
        address: SocketAddr,
    ) -> io::Result<()> {
        if self.calls.len() > MANY {
            self.calls.retain_recent();
        }
        let source = Source::of(address.ip());
        let is_calm = self.calls.check_key(&source).is_ok();
        let exported = tls
            .get_ref()
            .1
            .export_keying_material([0; 32], JOIN_EXPORTER, None);
        let exported = exported.map_err(io::Error::other)?;
        let call = timeout(PATIENCE, super::read(&mut tls, MOST_CALL_BYTES)).await??;
        let call = Asked::read(&call).filter(|_| is_calm);
        // In a task of its own: what is decided is finished even if the connection ends meanwhile.
        let (answering, from) = (Arc::clone(&self), address.ip());
        let answer = self.tasks.spawn(async move {
            match call {
                Some(Asked::Join(call)) => answering.answer(*call, exported, from).await,
                Some(Asked::Back(call)) => answering.answer_back(*call, exported, from).await,
                None => said(&JoinRefusal::Busy),
            }
        });
        let what = answer.await.map_err(io::Error::other)?;
        let edition = self.office.tree().digest();
        let answer = message::answer(self.office.now().0, edition, what);
        timeout(PATIENCE, super::write(&mut tls, &answer)).await??;
        tokio::io::AsyncWriteExt::shutdown(&mut tls).await
    }

    async fn answer(&self, call: Call, exported: [u8; 32], from: IpAddr) -> What {
        let (division, edition) = (call.division, call.edition);
        if edition != self.office.tree().digest() {
            tracing::warn!(me = %self.office.me(), %division, "whoever joins has another edition of the list of divisions");
        }
        let decided = {
            let _alone = self.deciding.lock().await;
            self.decide(&call, &exported, from).await
        };
        match decided {
            Ok(Some(grant)) => What::Grant(grant),
            Ok(None) => What::Pending(proto::v1::JoinPending::default()),
            Err(Failed::Refused(refusal)) => {
                tracing::warn!(me = %self.office.me(), %division, %from, %refusal, "not joined");
                if refusal.is_wrong_try() {
                    self.note_wrong(division, from).await;
                }
                said(&refusal)
            }
            Err(Failed::Aborted(error)) => {
                tracing::error!(me = %self.office.me(), %division, %error, "joining failed");
                said(&JoinRefusal::Busy)
            }
        }
    }

    /// Returns the grant, or nothing while a person has to compare the number.
    async fn decide(
        &self,
        call: &Call,
        exported: &[u8; 32],
        from: IpAddr,
    ) -> Result<Option<Bytes>, Failed<JoinRefusal>> {
        let (office, division) = (&*self.office, call.division);
        let invitations = office.invitations();
        let known = invitations.find(division, call.invitation).await?;
        let latest = latest(office, &self.identity, division).await?;
        let serial = known.as_ref().map_or(1, |it| it.serial);
        let checked = self.check_keys(call, serial);
        let ask = self.ask(call, checked.as_ref(), (exported, from));
        let issuer_ends = self.issuer_ends().await?;
        let judging = |invitation: Option<&Invitation>| {
            let context = JoinContext {
                network: NetworkId(self.identity.network().id),
                me: office.me(),
                tree: office.tree(),
                now: office.now(),
                latest: latest.as_ref().map(|(serial, key, _)| (*serial, *key)),
                issuer_ends,
                protocols: (PROTOCOL, PROTOCOL),
            };
            judge(&ask, invitation, context)
        };
        match (judging(known.as_ref())?, checked) {
            (JoinVerdict::Repeat, _) => self.repeat(division, call.invitation).await.map(Some),
            (JoinVerdict::Wait, _) => {
                invitations.let_wait(&ask, judging).await?;
                Ok(None)
            }
            (JoinVerdict::Bind, Ok(checked)) => {
                let known = latest.as_ref().map_or(&[][..], |(_, _, known)| known);
                let (signed, granted) = self.issue(checked, known).await?;
                let grant = granted.grant.clone();
                invitations.bind(&ask, judging, granted).await?;
                self.keep(signed).await?;
                Ok(Some(grant))
            }
            (JoinVerdict::Bind, Err(bad)) => Err(JoinRefusal::Keys(bad).into()),
        }
    }

    fn check_keys(&self, call: &Call, serial: u32) -> Result<CheckedApplication, BadJoinKeys> {
        let network = self.identity.network();
        let expected = Expected {
            network: network.id,
            division: call.division,
            serial,
            suite: network.suite,
        };
        let checked = call.application.check(expected, self.office.tree())?;
        match self.keys.owner(checked.statement.key_id()) {
            Some(other) if other != call.division => Err(BadJoinKeys::OfAnother(other)),
            _ => Ok(checked),
        }
    }

    fn ask(
        &self,
        call: &Call,
        checked: Result<&CheckedApplication, &BadJoinKeys>,
        (exported, from): (&[u8; 32], IpAddr),
    ) -> JoinAsk {
        JoinAsk {
            network: call.network,
            division: call.division,
            parent: call.parent,
            invitation: call.invitation,
            key: call.key(),
            request: Suite::P256Sha256.digest(&[&call.request]),
            from,
            signed: signed_for_connection(
                &call.invitation,
                exported,
                &call.request,
                &call.signature,
            ),
            keys: checked.map(|_| ()).map_err(Clone::clone),
            protocol: call.protocol,
        }
    }

    async fn issuer_ends(&self) -> Result<Timestamp, Failed<JoinRefusal>> {
        let (home, me) = (self.identity.home().to_owned(), self.office.me());
        let ends = blocking(move || issuer_ends(&home, me)).await;
        let ends = ends.map_err(|error| self.cannot(&error))?;
        Ok(Timestamp(ends.saturating_mul(1000)))
    }

    fn cannot(&self, error: &IdentityError) -> JoinRefusal {
        tracing::error!(me = %self.office.me(), %error, "the keys to enrol others cannot be used");
        JoinRefusal::Busy
    }

    /// Returns the grant that was given before. The ledger may lack the statement if the process ended in between.
    async fn repeat(
        &self,
        division: DivisionCode,
        key: InvitationKey,
    ) -> Result<Bytes, Failed<JoinRefusal>> {
        let grant = self.office.invitations().grant(division, key).await?;
        let grant = grant.ok_or(JoinRefusal::Busy)?;
        for stated in self.office.keys().statements_about(division).await? {
            let mine = stated.division == division && stated.from.is_none();
            if let Some(signed) = SignedKeyStatement::decode(&stated.bytes)
                .ok()
                .filter(|_| mine)
            {
                self.keep(signed).await?;
            }
        }
        Ok(grant)
    }

    /// Signs what the machine gets. Nothing of it counts before it is bound.
    async fn issue(
        &self,
        checked: CheckedApplication,
        known: &[SignedKeyStatement],
    ) -> Result<(SignedKeyStatement, Granted), Failed<JoinRefusal>> {
        let (home, me) = (self.identity.home().to_owned(), self.office.me());
        let (tree, known) = (Arc::clone(self.office.tree()), known.to_vec());
        let statement = checked.statement.clone();
        // Certificates count whole seconds and must be later than a revocation of the key before.
        let later = u64::from(statement.serial > 1) * 2;
        let now = u64::try_from(self.office.now().0 / 1000).unwrap_or_default();
        let terms =
            CertificateProfile::at(UnixTime::since_unix_epoch(Duration::from_secs(now + later)));
        let made = blocking(move || grant(&home, me, checked, &known, (&tree, &terms))).await;
        let (signed, given) = made.map_err(|error| self.cannot(&error))?;
        let admitted = self.keys.would_admit(&signed, self.office.tree());
        let (division, key) = (statement.division, statement.key_id());
        let shown = details::key_shown(key, statement.serial, details::own_files());
        let alarm = match &admitted {
            Ok(vouched) if vouched.without_the_old_key() => {
                Some((AlarmKind::KeyCountersigned, shown))
            }
            Ok(_) => None,
            Err(refusal) if refusal.was_stated() => {
                Some((AlarmKind::KeyRefused, details::key_refused(shown, refusal)))
            }
            Err(refusal) => {
                tracing::error!(%division, %refusal, "the key that was just stated does not count");
                return Err(JoinRefusal::Busy.into());
            }
        };
        let stated = Stated {
            division,
            key,
            serial: statement.serial,
            endorsed: false,
            bytes: Bytes::from(signed.encode()),
            refused: admitted.err().map(|refusal| refusal.to_string()),
            from: None,
            heard: self.office.now(),
        };
        let granted = Granted {
            stated,
            grant: message::grant(&given),
            alarm,
        };
        Ok((signed, granted))
    }

    /// Writes a bound statement into the ledger beside the keys, and adds its key to the ring.
    async fn keep(&self, signed: SignedKeyStatement) -> Result<(), Failed<JoinRefusal>> {
        let (home, me) = (self.identity.home().to_owned(), self.office.me());
        let kept = signed.clone();
        let written = blocking(move || keep_stated(&home, me, &kept)).await;
        written.map_err(|error| self.cannot(&error))?;
        let tree = self.office.tree();
        if let Err(refusal) = self.keys.admit(std::slice::from_ref(&signed), tree) {
            tracing::warn!(%me, %refusal, "the key of whoever joined does not count yet");
        }
        Ok(())
    }

    /// Counts a wrong try: many within an hour are an alarm, and answers to them are let wait for an hour.
    async fn note_wrong(&self, division: DivisionCode, from: IpAddr) {
        let now = self.office.now();
        if self.office.tree().parent(division) != Some(self.office.me()) {
            return;
        }
        let (is_alarm, waits) = {
            let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
            let wrong = wrong.entry(division).or_default();
            let is_alarm = wrong.tries.note(now);
            if is_alarm {
                wrong.many_at = Some(now);
            }
            let recent = |at: Timestamp| now.0 - at.0 < domain::invitation::WRONG_TRIES_WITHIN_MS;
            (is_alarm, wrong.many_at.is_some_and(recent))
        };
        if is_alarm {
            let detail = details::invitations_guessed(MOST_WRONG_TRIES, from);
            let kind = AlarmKind::InvitationsGuessed;
            let raised = self.office.alarms().raise(kind, Some(division), &detail);
            if let Err(error) = raised.await {
                tracing::error!(%division, %error, "the alarm about wrong invitations is not raised");
            }
        }
        if waits {
            sleep(DELAY).await;
        }
    }
}

fn said(refusal: &JoinRefusal) -> What {
    message::refused(refusal.number(), refusal.said())
}
