//! What an issuer may do with a rollout.

use topology::Tree;

use super::{BadReach, Reach, Rollout, RolloutAct, RolloutState};
use crate::{template::Template, time::Timestamp};

/// What an issuer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolloutAsk {
    /// To go to more of the scope; `None` for all of it.
    Widen(Option<Reach>),
    /// That nobody else takes the version for now.
    Pause,
    /// To go on.
    Resume,
    /// That the version before is in force again.
    RollBack,
}

/// What the issuer says then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next word on the rollout.
    Word(Rollout),
    /// The version is for all from now on.
    ForAll(Template),
    /// The text of an earlier version, as the next version for all.
    Earlier(Template),
}

/// The reason why nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolloutRefusal {
    /// The latest version is for all.
    #[error("no version of it is being rolled out; publish the next one with a share or divisions")]
    NotUnderWay,
    /// A rollout of an earlier version has not ended.
    #[error(
        "version {0} is still being rolled out; widen it to all, or roll it back, before the next"
    )]
    UnderWay(u32),
    /// The rollout is paused.
    #[error("the rollout is paused; resume it first, or roll it back")]
    Paused,
    /// The rollout is not paused.
    #[error("the rollout is not paused; nothing is to be resumed")]
    NotPaused,
    /// The new reach leaves out somebody or is the same.
    #[error("a rollout only grows; name at least the share and the divisions of now, and more")]
    NotWider,
    /// Whom it should go to is not fit.
    #[error(transparent)]
    Reach(#[from] BadReach),
    /// No earlier version is kept.
    #[error("no earlier version is kept here; publish the earlier text as the next version")]
    NothingEarlier,
}

/// Decides what an issuer says next of a template, of which `base` is the latest version for all, `rollout` the latest word on a
/// rollout and `earlier` the version for all before `base`.
///
/// # Errors
/// [`RolloutRefusal`].
pub fn next(
    ask: RolloutAsk,
    base: Option<&Template>,
    rollout: Option<&Rollout>,
    earlier: Option<&Template>,
    now: Timestamp,
    tree: &Tree,
) -> Result<Next, RolloutRefusal> {
    let Some(word) = rollout.filter(|rollout| rollout.is_under_way(base)) else {
        return match ask {
            RolloutAsk::RollBack if rollout.is_none_or(|word| !word.is_later_than(base)) => {
                let earlier = earlier.ok_or(RolloutRefusal::NothingEarlier)?;
                Ok(Next::Earlier(earlier.clone()))
            }
            _ => Err(RolloutRefusal::NotUnderWay),
        };
    };
    let paused = word.act.state() == RolloutState::Paused;
    let said = |act, reach: Option<Reach>| {
        let mut word = Rollout {
            number: word.number + 1,
            act,
            at: now,
            ..word.clone()
        };
        if let Some(reach) = reach {
            word.reach = reach;
        }
        Next::Word(word)
    };
    match ask {
        RolloutAsk::RollBack => Ok(said(RolloutAct::RollBack, None)),
        RolloutAsk::Resume if paused => Ok(said(RolloutAct::Resume, None)),
        RolloutAsk::Resume => Err(RolloutRefusal::NotPaused),
        RolloutAsk::Pause | RolloutAsk::Widen(_) if paused => Err(RolloutRefusal::Paused),
        RolloutAsk::Pause => Ok(said(RolloutAct::Pause, None)),
        RolloutAsk::Widen(None) => Ok(Next::ForAll(word.template.clone())),
        RolloutAsk::Widen(Some(reach)) => {
            reach.check(&word.template.scope, tree)?;
            if reach == word.reach || !reach.includes(&word.reach, tree) {
                return Err(RolloutRefusal::NotWider);
            }
            Ok(said(RolloutAct::Widen, Some(reach)))
        }
    }
}
