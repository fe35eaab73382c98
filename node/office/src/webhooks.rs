//! Webhooks: the other systems that are told of changes, and the progress of each.
//!
//! A webhook reads the log of changes from its own position, which is stored after each accepted
//! change. After a crash it may receive a change twice, but never miss one. The secret with which a
//! webhook signs is stored sealed for the node, and is opened for each delivery.

use std::collections::BTreeSet;

use data_encoding::HEXLOWER;
use domain::{
    alarm::AlarmKind,
    audit::Subject,
    feed::ChangeKind,
    hook::{BadHook, Course, Hook, HookId},
    seal::ObjectKey,
    suite::Suite,
};
use records::table::Table;
use store::CommitError;
use tokio::sync::watch;
use topology::DivisionCode;

pub use crate::tables::webhooks::SealedSecret;
use crate::{
    Aborted, Failed, Fault, RefusalReason, RequestContext, SealFailure, SealingKeyFails,
    services::Webhooks, tables,
};

/// The most webhooks of one node.
const MOST_HOOKS: usize = 64;

/// A webhook to add.
#[derive(Clone, Debug)]
pub struct NewHook {
    /// Its purpose.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The kinds of changes it is told of; all if empty.
    pub kinds: BTreeSet<ChangeKind>,
    /// The division that changes must concern, itself or one below it; this node's if left out.
    pub division: Option<DivisionCode>,
}

/// The reason why a webhook is not added.
#[derive(Debug, thiserror::Error)]
pub enum HookRefusal {
    /// The webhook is not valid, or too many are kept.
    #[error(transparent)]
    Hook(#[from] BadHook),
    /// The node's sealing key does not seal the secret.
    #[error(transparent)]
    SealingKey(#[from] SealingKeyFails),
}

impl RefusalReason for HookRefusal {}

/// The secret with which a webhook signs: 256 random bits. It is not stored in the clear.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HookSecret(pub [u8; 32]);

/// A webhook with everything that its delivery needs.
#[derive(Clone)]
pub struct InHand {
    /// The webhook.
    pub hook: Hook,
    /// Its progress.
    pub course: Course,
    /// Its secret, sealed.
    pub secret: SealedSecret,
}

impl Webhooks<'_> {
    /// Adds a webhook; the secret is shown once.
    pub async fn add(
        self,
        new: NewHook,
        by: impl Into<RequestContext>,
    ) -> Result<(Hook, HookSecret), Failed<HookRefusal>> {
        let entropy = &self.dependencies.entropy;
        let random = u128::from_be_bytes(entropy.bytes());
        let id = HookId(((random >> 64) as u64).to_be_bytes());
        let fresh = self.matters().fresh()?;
        let secret = HookSecret::of(id, &fresh.key);
        let sealed = SealedSecret {
            suite: fresh.suite,
            wrap: fresh.wrap,
        };
        let mut unit = self.begin(by).await?;
        let hook = Hook {
            id,
            name: new.name,
            url: new.url,
            kinds: new.kinds,
            division: new.division.unwrap_or(self.me),
            made_at: unit.now,
        };
        hook.check(self.me, &self.dependencies.tree)?;
        let known = tables::Webhooks::all();
        let known = unit.view.scan(known, MOST_HOOKS).await?.len();
        if known >= MOST_HOOKS {
            return Err(BadHook::TooMany(known).into());
        }
        let begin = self.feed().begin_after(None).await?;
        unit.subject = Some(Subject::Hook(id));
        unit.detail = Some(format!("named for {}", hook.division));
        unit.view.put::<tables::Webhooks>(&id, &hook);
        unit.view.put::<tables::WebhookSecrets>(&id, &sealed);
        let course = Course::from(begin.after);
        unit.view.put::<tables::WebhookProgress>(&id, &course);
        unit.commit().await?;
        self.hooks_bell.send_modify(|_| {});
        Ok((hook, secret))
    }

    /// Removes a webhook.
    pub async fn remove(
        self,
        id: HookId,
        by: impl Into<RequestContext>,
    ) -> Result<Hook, Failed<BadHook>> {
        let mut unit = self.begin(by).await?;
        let hook: Option<Hook> = unit.view.get::<tables::Webhooks>(&id).await?;
        let hook = hook.ok_or(BadHook::Unknown(id))?;
        unit.subject = Some(Subject::Hook(id));
        unit.detail = Some("removed".to_owned());
        unit.view.delete::<tables::Webhooks>(&id);
        unit.view.delete::<tables::WebhookSecrets>(&id);
        unit.view.delete::<tables::WebhookProgress>(&id);
        unit.commit().await?;
        self.hooks_bell.send_modify(|_| {});
        Ok(hook)
    }

    /// Makes the next attempt of a webhook due at once, also of one that was given up. It continues
    /// where it stopped.
    pub async fn resume(
        self,
        id: HookId,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<BadHook>> {
        let mut unit = self.begin(by).await?;
        let course = unit.view.expect::<tables::WebhookProgress>(&id).await?;
        let mut course = course.ok_or(BadHook::Unknown(id))?;
        course.resume();
        unit.subject = Some(Subject::Hook(id));
        unit.detail = Some("resumed".to_owned());
        unit.view.put::<tables::WebhookProgress>(&id, &course);
        unit.commit().await?;
        self.hooks_bell.send_modify(|_| {});
        Ok(())
    }

    /// Returns all webhooks with their progress, in the order in which they were added.
    pub async fn all(self) -> Result<Vec<(Hook, Course)>, Fault> {
        let hooks = self.list(tables::Webhooks::all(), usize::MAX).await?;
        let mut all = Vec::with_capacity(hooks.len());
        for (_, hook) in hooks {
            if let Some(in_hand) = self.in_hand(hook.id).await? {
                all.push((in_hand.hook, in_hand.course));
            }
        }
        all.sort_by_key(|(hook, _)| (hook.made_at, hook.id));
        Ok(all)
    }

    /// Returns one webhook with everything that its delivery needs; `None` if it was removed.
    pub async fn in_hand(self, id: HookId) -> Result<Option<InHand>, Fault> {
        let mut view = self.read()?;
        let hook = view.get::<tables::Webhooks>(&id).await?;
        let course = view.get::<tables::WebhookProgress>(&id).await?;
        let secret = view.get::<tables::WebhookSecrets>(&id).await?;
        let (hook, course, secret) = view.finish((hook, course, secret)).await?;
        let (Some(hook), Some(course), Some(secret)) = (hook, course, secret) else {
            return Ok(None);
        };
        Ok(Some(InHand {
            hook,
            course,
            secret,
        }))
    }

    /// Opens the secret of a webhook for one delivery.
    ///
    /// # Errors
    /// [`SealFailure`] if the node's sealing key does not open it.
    pub async fn secret(self, in_hand: &InHand) -> Result<HookSecret, SealFailure> {
        let SealedSecret { suite, wrap } = &in_hand.secret;
        let key = self.dependencies.seals.unwrap(*suite, wrap).await?;
        Ok(HookSecret::of(in_hand.hook.id, &key))
    }

    /// Records the progress of a webhook; returns whether it is still in the state `seen`. Not
    /// awaited: if the record is lost, the webhook receives a change twice.
    pub async fn went(self, id: HookId, seen: &Course, now: &Course) -> Result<bool, Fault> {
        let mut view = self.tables();
        let known = view.expect::<tables::WebhookProgress>(&id).await?;
        if known.as_ref() != Some(seen) {
            return Ok(false);
        }
        view.is_outcome();
        view.put::<tables::WebhookProgress>(&id, now);
        match view.submit().await {
            Ok(_not_awaited) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Settles the alarm about failing webhooks once all of them accept changes again. Durable when
    /// it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn look_after(self) -> Result<(), Aborted> {
        let hooks = self.all().await?;
        if hooks.iter().all(|(_, course)| course.is_well()) {
            self.alarms().settle(AlarmKind::WebhookFails, None).await?;
        }
        Ok(())
    }

    /// Returns a receiver that is notified when webhooks are added, removed or resumed.
    pub fn bell(self) -> watch::Receiver<()> {
        self.hooks_bell.subscribe()
    }
}

impl HookSecret {
    /// Derives the secret of a webhook from the key that was sealed for it.
    fn of(id: HookId, key: &ObjectKey) -> Self {
        Self(Suite::Ed25519Blake3.digest(&[b"wujitong/hook-secret/1", &id.0, &key.0]))
    }

    /// Returns a public id of the secret, for receivers with several. It contains no part of the
    /// secret.
    pub fn id(&self) -> String {
        let digest = blake3::hash(&self.0);
        HEXLOWER.encode(&digest.as_bytes()[..4])
    }
}

impl std::fmt::Display for HookSecret {
    /// Writes `whsec_` and 64 hexadecimal digits, so that scanners recognise a leaked secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "whsec_{}", HEXLOWER.encode_display(&self.0))
    }
}
