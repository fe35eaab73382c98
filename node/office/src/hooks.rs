//! Webhooks: which other systems are told of changes, and how far each has come.
//!
//! A webhook reads the log of changes from a place of its own, which is stored after each change it
//! took. A crash in between makes it take one twice, never miss one. What a webhook signs with lies in
//! the store sealed for the node, and is opened for each delivery.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{
    alarm::AlarmKind,
    audit::Subject,
    feed::ChangeKind,
    hook::{BadHook, Course, Hook, HookId},
    seal::{ObjectKey, SealSuite},
    suite::Suite,
};
use serde::{Deserialize, Serialize};
use store::{CommitError, Range, record};
use tokio::sync::watch;
use topology::DivisionCode;

use super::{Office, OfficeError, SealFailure, Unsealable, keys};
use crate::RequestContext;

/// Webhooks of one node.
const MOST_HOOKS: usize = 64;

/// A webhook to name.
#[derive(Clone, Debug)]
pub struct NewHook {
    /// What it is for.
    pub name: String,
    /// Where it listens.
    pub url: String,
    /// Of what it is told; of everything if empty.
    pub kinds: BTreeSet<ChangeKind>,
    /// Only of what concerns this division and what is below it; this node's if left out.
    pub division: Option<DivisionCode>,
}

/// What a webhook signs with: 256 bits that nobody can guess, and that are in no store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HookSecret(pub [u8; 32]);

/// What a webhook's secret is made of again by whoever has the node's sealing key, and by nobody else:
/// the wrap of a random key of which the secret is the digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    suite: SealSuite,
    wrap: Bytes,
}

domain::records!(SealedSecret);

/// Webhooks as somebody who delivers sees them.
#[derive(Clone)]
pub struct InHand {
    /// The webhook.
    pub hook: Hook,
    /// How far it has come.
    pub course: Course,
    /// What it signs with, sealed.
    pub secret: SealedSecret,
}

impl Office {
    /// Names another system that is told of changes from now on; the secret is shown once.
    pub async fn add_hook(
        &self,
        new: NewHook,
        by: impl Into<RequestContext>,
    ) -> Result<(Hook, HookSecret), OfficeError> {
        let entropy = &self.dependencies.entropy;
        let random = u128::from_be_bytes(entropy.bytes());
        let id = HookId(((random >> 64) as u64).to_be_bytes());
        let fresh = self.dependencies.seals.fresh().map_err(Unsealable::Key)?;
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
        let range = Range::prefix(keys::HOOKS);
        let known = unit.view.scan(range, MOST_HOOKS, false).await?.len();
        if known >= MOST_HOOKS {
            return Err(BadHook::TooMany(known).into());
        }
        let begin = self.begin_after(None).await?;
        unit.subject = Some(Subject::Hook(id));
        unit.detail = Some(format!("named for {}", hook.division));
        unit.view.put(keys::hook(id), record::write(&hook));
        unit.view.put(keys::hook_secret(id), record::write(&sealed));
        let course = Course::from(begin.after);
        unit.view.put(keys::hook_course(id), record::write(&course));
        unit.commit().await?;
        self.hooks_bell.send_modify(|_| {});
        Ok((hook, secret))
    }

    /// Tells another system nothing more.
    pub async fn remove_hook(
        &self,
        id: HookId,
        by: impl Into<RequestContext>,
    ) -> Result<Hook, OfficeError> {
        let mut unit = self.begin(by).await?;
        let hook: Option<Hook> = unit.read(&keys::hook(id)).await?;
        let hook = hook.ok_or(BadHook::Unknown(id))?;
        unit.subject = Some(Subject::Hook(id));
        unit.detail = Some("removed".to_owned());
        for key in [keys::hook(id), keys::hook_secret(id), keys::hook_course(id)] {
            unit.view.delete(key);
        }
        unit.commit().await?;
        self.hooks_bell.send_modify(|_| {});
        Ok(hook)
    }

    /// Tries a webhook again at once, also one that was given up. It goes on where it stopped.
    pub async fn resume_hook(
        &self,
        id: HookId,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        let key = keys::hook_course(id);
        let course = unit.view.get(&key).await?;
        let course = course.ok_or(BadHook::Unknown(id))?;
        let mut course: Course = record::read(&course)?;
        course.resume();
        unit.subject = Some(Subject::Hook(id));
        unit.detail = Some("resumed".to_owned());
        unit.view.put(key, record::write(&course));
        unit.commit().await?;
        self.hooks_bell.send_modify(|_| {});
        Ok(())
    }

    /// All webhooks with how far they have come, by when they were named.
    pub async fn hooks(&self) -> Result<Vec<(Hook, Course)>, OfficeError> {
        let range = Range::prefix(keys::HOOKS);
        let hooks: Vec<(_, Hook)> = self.read_all(range, usize::MAX).await?;
        let mut all = Vec::with_capacity(hooks.len());
        for (_, hook) in hooks {
            if let Some(in_hand) = self.hook_in_hand(hook.id).await? {
                all.push((in_hand.hook, in_hand.course));
            }
        }
        all.sort_by_key(|(hook, _)| (hook.made_at, hook.id));
        Ok(all)
    }

    /// One webhook with everything that is needed to deliver; `None` if there is none any more.
    pub async fn hook_in_hand(&self, id: HookId) -> Result<Option<InHand>, OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        let hook = view.peek(&keys::hook(id)).await?;
        let course = view.peek(&keys::hook_course(id)).await?;
        let secret = view.peek(&keys::hook_secret(id)).await?;
        view.wait_durable().await?;
        let (Some(hook), Some(course), Some(secret)) = (hook, course, secret) else {
            return Ok(None);
        };
        Ok(Some(InHand {
            hook: record::read(&hook)?,
            course: record::read(&course)?,
            secret: record::read(&secret)?,
        }))
    }

    /// What a webhook signs with, opened to sign one delivery.
    ///
    /// # Errors
    /// [`SealFailure`] if the node's sealing key does not open it.
    pub async fn hook_secret(&self, in_hand: &InHand) -> Result<HookSecret, SealFailure> {
        let SealedSecret { suite, wrap } = &in_hand.secret;
        let key = self.dependencies.seals.unwrap(*suite, wrap).await?;
        Ok(HookSecret::of(in_hand.hook.id, &key))
    }

    /// Notes how a webhook went on; gives whether it still is as it was `seen`. Not waited for: what
    /// is lost makes it take a change twice.
    pub async fn hook_went(
        &self,
        id: HookId,
        seen: &Course,
        now: &Course,
    ) -> Result<bool, OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        let key = keys::hook_course(id);
        let known = view.get(&key).await?;
        let known: Option<Course> = known.map(|bytes| record::read(&bytes)).transpose()?;
        if known.as_ref() != Some(seen) {
            return Ok(false);
        }
        view.is_outcome();
        view.put(key, record::write(now));
        match view.submit().await {
            Ok(_not_awaited) => Ok(true),
            Err(CommitError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Notes that webhooks are taken again, once each of them is. Durable when it returns.
    ///
    /// # Errors
    /// The store's.
    pub async fn look_after_hooks(&self) -> Result<(), OfficeError> {
        let hooks = self.hooks().await?;
        if hooks.iter().all(|(_, course)| course.is_well()) {
            self.settle_alarm(AlarmKind::WebhookFails, None).await?;
        }
        Ok(())
    }

    /// Rings when webhooks are named, removed or resumed.
    pub fn hooks_bell(&self) -> watch::Receiver<()> {
        self.hooks_bell.subscribe()
    }
}

impl HookSecret {
    /// The secret of a webhook, of the key that was sealed for it.
    fn of(id: HookId, key: &ObjectKey) -> Self {
        Self(Suite::Ed25519Blake3.digest(&[b"wujitong/hook-secret/1", &id.0, &key.0]))
    }

    /// Which secret it is, for receivers with several: no part of it.
    pub fn id(&self) -> String {
        let digest = blake3::hash(&self.0);
        let id = &digest.as_bytes()[..4];
        id.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl std::fmt::Display for HookSecret {
    /// `whsec_` and 64 hexadecimal digits, so that one left lying about is recognised.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("whsec_")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
