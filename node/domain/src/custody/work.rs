//! What the holder does with a matter, as an official asks for it.

use topology::DivisionCode;

use super::{
    Context, Decision, Docket, Refusal, Turn, act, arbiter, change_clocks, join, merge,
    recategorise, return_to, transfer,
};
use crate::{
    category::Category,
    ids::MatterId,
    matter::{Act, Ground},
    policy::Words,
    suite::Digest,
};

/// What the holder does with a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// Something that leaves it here.
    Do(Act),
    /// 上报 to a tier above, the parent if none is named.
    Escalate(Option<DivisionCode>),
    /// 交办 or 裁定 to a division below.
    Give(Act),
    /// 退回 to the division that sent it.
    Return,
    /// 职责异议: to the division above both.
    Object(Ground),
    /// Into another category.
    Recategorise(Category),
    /// Closed as the same as another that this node knows.
    Merge(MatterId),
    /// Made a part of a bundle that this node knows.
    Join(MatterId),
    /// Clocks stopped, resumed or stretched.
    Time(Turn),
}

impl Work {
    /// Returns what the text beside it is to those who read it.
    pub const fn words(&self) -> Words {
        match self {
            Self::Do(Act::Reply(_)) => Words::Answer,
            _ => Words::Note,
        }
    }

    /// Decides about this work. `into` is the other matter of [`Self::Merge`] or [`Self::Join`].
    ///
    /// # Errors
    /// A [`Refusal`] if the matter is not held here, or its state does not allow this.
    pub fn decide(
        self,
        docket: Docket,
        into: Option<&Docket>,
        note: Option<Digest>,
        context: Context<'_>,
    ) -> Result<Decision, Refusal> {
        match self {
            Self::Do(work) => act(docket, work, note, None, context),
            Self::Escalate(to) => {
                let to = to.or_else(|| context.tree.parent(context.me));
                let to = to.ok_or(Refusal::NotAbove(context.me))?;
                transfer(docket, Act::Escalate(to), note, context)
            }
            Self::Give(act) => transfer(docket, act, note, context),
            Self::Return => {
                let to = return_to(&docket, context)?;
                transfer(docket, Act::Return(to), note, context)
            }
            Self::Object(ground) => {
                let to = arbiter(&docket, context)?;
                transfer(docket, Act::Object(to, ground), note, context)
            }
            Self::Recategorise(category) => recategorise(docket, category, note, context),
            Self::Time(turn) => change_clocks(docket, turn, note, context),
            Self::Merge(other) => {
                let into = into.ok_or(Refusal::NotHolder(other.origin))?;
                merge(docket, into, note, context)
            }
            Self::Join(bundle) => {
                let bundle = into.ok_or(Refusal::NotHolder(bundle.origin))?;
                join(docket, bundle, note, context)
            }
        }
    }
}
