//! Opening a matter.

use topology::{DivisionCode, Tree};

use super::{Count, Decision, Docket, Refusal, Standing};
use crate::domain::{
    category::{Category, Class, Priority, Visibility},
    ids::MatterId,
    matter::{Act, Channel, CustodyVersion, Matter, Status, Step, Version},
    suite::{Digest, Suite},
    time::Timestamp,
};

/// What a person reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How it came in.
    pub channel: Channel,
    /// What it is about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// How protected the body is.
    pub class: Class,
    /// The division complained about.
    pub about: Option<DivisionCode>,
    /// Algorithms of the commitment.
    pub suite: Suite,
    /// Commitment to the body.
    pub body: Digest,
}

/// Opens a matter at `me`. A direct complaint is opened only above whom it is about.
///
/// # Errors
/// [`Refusal::AboutWhom`], [`Refusal::NoNode`] or [`Refusal::FileAbove`] for a direct matter.
pub fn report(
    id: MatterId,
    report: Report,
    me: DivisionCode,
    now: Timestamp,
    tree: &Tree,
) -> Result<Decision, Refusal> {
    match (report.visibility, report.about) {
        (Visibility::Direct, Some(about)) => {
            if !tree.has_node(about) {
                return Err(Refusal::NoNode(about));
            }
            if about == me || !tree.contains(me, about) {
                return Err(Refusal::FileAbove(
                    about,
                    tree.parent(about).unwrap_or(about),
                ));
            }
        }
        (Visibility::Direct, None) | (_, Some(_)) => return Err(Refusal::AboutWhom),
        _ => {}
    }
    let version = Version {
        cv: CustodyVersion { term: 0, n: 1 },
        rev: 1,
    };
    let matter = Matter {
        id,
        channel: report.channel,
        category: report.category,
        priority: report.priority,
        visibility: report.visibility,
        class: report.class,
        about: report.about,
        responsible: me,
        suite: report.suite,
        body: report.body,
        status: Status::Reported,
        version,
        holder: me,
        transit: None,
        steps: vec![Step {
            version,
            at: now,
            by: me,
            act: Act::Report,
            note: None,
        }],
    };
    let docket = Docket::copy_of(matter, Standing::Holding, version.cv);
    Ok(Decision {
        docket,
        sends: vec![],
        facts: vec![Count::Reported],
    })
}
