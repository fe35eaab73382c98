//! Opening a matter from a person's report.

use topology::DivisionCode;

use super::{Context, Decision, Docket, Refusal, Standing, time::keep_time};
use crate::{
    category::{Category, Class, Priority, Visibility},
    clock::Clocks,
    ids::MatterId,
    matter::{Act, Channel, CustodyVersion, Matter, Sort, State, Step, Version},
    suite::{Digest, Suite},
};

/// A person's report, which opens a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The channel by which it came in.
    pub channel: Channel,
    /// Its category.
    pub category: Category,
    /// Its urgency.
    pub priority: Priority,
    /// Its visibility.
    pub visibility: Visibility,
    /// The protection class of the body.
    pub class: Class,
    /// The division complained about; only in a direct complaint.
    pub about: Option<DivisionCode>,
    /// Algorithms of the commitments.
    pub suite: Suite,
    /// Commitment to the body.
    pub body: Digest,
    /// Commitment to the body with the reporter's contact, if that is known.
    pub contact: Option<Digest>,
    /// The bundle it is a part of, if any.
    pub part_of: Option<MatterId>,
}

/// Opens a matter at `context.me`. A direct complaint is opened only above the division it is about.
///
/// # Errors
/// [`Refusal::AboutWhom`], [`Refusal::NoNode`] or [`Refusal::FileAbove`] for a direct matter.
pub fn report(id: MatterId, report: Report, context: Context<'_>) -> Result<Decision, Refusal> {
    let Context { me, now, tree, .. } = context;
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
    let sort = Sort {
        category: report.category,
        priority: report.priority,
    };
    let State {
        category,
        priority,
        status,
    } = State::reported(sort.clone());
    let mut matter = Matter {
        id,
        channel: report.channel,
        category,
        priority,
        visibility: report.visibility,
        class: report.class,
        about: report.about,
        responsible: me,
        suite: report.suite,
        body: report.body,
        contact: report.contact,
        part_of: report.part_of,
        status,
        version,
        holder: me,
        transit: None,
        clocks: Clocks::default(),
        steps: vec![Step {
            version,
            at: now,
            by: me,
            act: Act::Report,
            sort: Some(sort),
            note: None,
            request: None,
            voice: None,
        }],
    };
    keep_time(&mut matter, context);
    let docket = Docket::copy_of(matter, Standing::Holding, version.cv);
    Ok(Decision {
        facts: Act::Report.facts().to_vec(),
        ..Decision::of(docket)
    })
}
