//! The rules on what an envelope says: for whom its author speaks, and from which side it comes.

use topology::{DivisionCode, Tree};

use super::{Denied, Neighbour};
use crate::{
    disclosure::{ComplianceReport, Overdue},
    envelope::{Destination, Envelope, Payload},
    heads::{Rewritten, Witnesses},
    health::{HealthReport, NodeTrouble},
    matter::{CustodyVersion, Matter, Step},
    request::{Answer, Reply, Request},
    rollup::CellReport,
    scope::Scope,
    template::{AdoptionReport, Listed, Rollout, Template, TemplateList},
};

/// Checks the content of an envelope that came from this neighbour to `me`.
pub(super) fn check_content(
    envelope: &Envelope,
    from: Neighbour,
    me: DivisionCode,
    tree: &Tree,
) -> Result<(), Denied> {
    let heard = Heard {
        author: envelope.author,
        destination: envelope.destination,
        from,
        me,
        tree,
    };
    match &envelope.payload {
        Payload::Give { matter, bound_for } => heard.check_give(matter, *bound_for),
        Payload::Shown(matter) => heard.check_shown(matter),
        Payload::Showing(_) => heard.check_own_word(),
        Payload::Notice(matter) => heard.check_notice(matter),
        Payload::Request(request) => heard.check_request(request),
        Payload::Answer(answer) => heard.check_answer(answer),
        Payload::Template(template) => heard.check_template(template),
        Payload::Rollout(rollout) => heard.check_rollout(rollout),
        Payload::TemplateList(list) => heard.check_list(list),
        Payload::CellsComplete => heard.sent_up().and_then(|_| heard.check_own_word()),
        Payload::Adoption(report) => heard.check_adoption(report),
        Payload::Compliance(report) => heard.check_compliance(report),
        Payload::Health(report) => heard.check_health(report),
        Payload::Cell(report) => heard.check_cell(report),
        Payload::Head(_) => heard.check_head(),
        Payload::Countersignature(_) => heard.check_countersignature(),
        Payload::Rewritten(evidence) => heard.check_rewritten(evidence),
        Payload::Unknown(_) if heard.is_for_me() => Err(Denied::UnknownKind),
        // Revocations were checked before, since they are for everybody.
        Payload::Unknown(_) | Payload::Revocation(_) => Ok(()),
    }
}

/// Who says something to whom, and who brings it.
struct Heard<'a> {
    author: DivisionCode,
    destination: Destination,
    from: Neighbour,
    me: DivisionCode,
    tree: &'a Tree,
}

impl Heard<'_> {
    fn is_for_me(&self) -> bool {
        self.destination == Destination::Division(self.me)
    }

    fn check_scope(&self, scope: Scope) -> Result<(), Denied> {
        speaks(self.destination == Destination::Scope(scope))
    }

    /// Checks that the neighbour says it itself, to this node.
    fn check_own_word(&self) -> Result<(), Denied> {
        if self.author == self.from.division() && self.is_for_me() {
            Ok(())
        } else {
            Err(Denied::NotTheNeighbour)
        }
    }

    fn sent_up(&self) -> Result<DivisionCode, Denied> {
        match self.from {
            Neighbour::Child(child) => Ok(child),
            Neighbour::Parent(_) => Err(Denied::WrongDirection),
        }
    }

    fn sent_down(&self) -> Result<(), Denied> {
        match self.from {
            Neighbour::Child(_) => Err(Denied::WrongDirection),
            Neighbour::Parent(_) => Ok(()),
        }
    }
}

/// Matters and requests.
impl Heard<'_> {
    fn check_give(&self, matter: &Matter, bound_for: DivisionCode) -> Result<(), Denied> {
        self.check_own_word()?;
        self.check_held(matter)?;
        speaks(matter.transit == Some(self.me))?;
        if self.tree.has_node(bound_for) {
            Ok(())
        } else {
            Err(Denied::UnknownDivision)
        }
    }

    fn check_shown(&self, matter: &Matter) -> Result<(), Denied> {
        self.check_own_word()?;
        check_terms(matter)?;
        self.check_named(matter)
    }

    fn check_notice(&self, matter: &Matter) -> Result<(), Denied> {
        self.check_held(matter)?;
        let erased = matter.erased().next().is_some();
        let concerned = |division| {
            let named = |step: &Step| {
                step.by == division
                    || step.act.asked_by() == Some(division)
                    || step.request.is_some_and(|request| request.by == division)
            };
            // A division above may have made a request with a note and in vain; that note must
            // be erased, too.
            matter.reporters().contains(&division)
                || matter.steps.iter().any(named)
                || erased && self.tree.contains(division, self.author)
        };
        match self.destination {
            Destination::Division(to) if concerned(to) => Ok(()),
            _ => Err(Denied::WrongWay),
        }
    }

    fn check_request(&self, request: &Request) -> Result<(), Denied> {
        check_term(request.seen.cv)?;
        speaks(request.id.by == self.author)
    }

    fn check_answer(&self, answer: &Answer) -> Result<(), Denied> {
        if let Reply::Moved { version, .. } = answer.reply {
            check_term(version.cv)?;
        }
        match self.destination {
            Destination::Division(to) => speaks(answer.request.by == to),
            Destination::Scope(_) => Err(Denied::WrongWay),
        }
    }

    /// Checks that the author holds the matter and made its latest step. Nobody else may report its
    /// state.
    fn check_held(&self, matter: &Matter) -> Result<(), Denied> {
        check_terms(matter)?;
        let own_step = matter
            .steps
            .last()
            .is_some_and(|step| step.by == self.author && step.version == matter.version);
        if matter.holder != self.author || !own_step {
            return Err(Denied::SpeaksForAnother);
        }
        self.check_named(matter)
    }

    /// Checks that every division the matter names has a node. Also rejects a complaint about this
    /// node.
    fn check_named(&self, matter: &Matter) -> Result<(), Denied> {
        let named = [matter.id.origin, matter.responsible]
            .into_iter()
            .chain(matter.about)
            .chain(matter.transit)
            .chain(matter.steps.iter().map(|step| step.by))
            .chain(matter.steps.iter().filter_map(|step| step.act.bound_for()))
            .chain(matter.steps.iter().filter_map(|step| step.act.asked_by()));
        if !named
            .into_iter()
            .all(|division| self.tree.has_node(division))
        {
            return Err(Denied::UnknownDivision);
        }
        if matter.concerns(self.me, self.tree) {
            return Err(Denied::Concerned);
        }
        Ok(())
    }
}

/// Templates, and what is made of them.
impl Heard<'_> {
    fn check_template(&self, template: &Template) -> Result<(), Denied> {
        self.sent_down()?;
        speaks(template.key.issuer == self.author)?;
        self.check_scope(template.scope)
    }

    fn check_rollout(&self, rollout: &Rollout) -> Result<(), Denied> {
        self.sent_down()?;
        let template = &rollout.template;
        speaks(template.key.issuer == self.author)?;
        self.check_scope(template.scope)?;
        let mut named = rollout.reach.divisions.iter();
        speaks(named.all(|named| self.tree.contains(self.author, *named)))
    }

    fn check_list(&self, list: &TemplateList) -> Result<(), Denied> {
        self.sent_down()?;
        let author = self.author;
        let own = |listed: &Listed| listed.key.issuer == author && listed.scope.under == author;
        speaks(list.issuer == author && list.listed.iter().all(own))?;
        self.check_scope(Scope::new(author, &[], &[]))
    }

    fn check_adoption(&self, report: &AdoptionReport) -> Result<(), Denied> {
        let child = self.sent_up()?;
        self.check_own_word()?;
        if !self.tree.contains(report.key.issuer, self.me) {
            return Err(Denied::NotAbove);
        }
        let below = |division| self.tree.contains(child, division);
        speaks(report.refusals.iter().all(|(division, _)| below(*division)))
    }
}

/// Reports of children about their subtree.
impl Heard<'_> {
    fn check_compliance(&self, report: &ComplianceReport) -> Result<(), Denied> {
        let child = self.sent_up()?;
        self.check_own_word()?;
        let below = |overdue: &Overdue| self.tree.contains(child, overdue.division);
        speaks(report.overdue.iter().all(below))?;
        speaks(report.is_possible_for(child.tier()))
    }

    fn check_health(&self, report: &HealthReport) -> Result<(), Denied> {
        let child = self.sent_up()?;
        self.check_own_word()?;
        let below = |one: &NodeTrouble| self.tree.contains(child, one.division);
        speaks(report.troubles.iter().all(below))?;
        speaks(report.is_possible_for(child.tier()))
    }

    fn check_cell(&self, report: &CellReport) -> Result<(), Denied> {
        let child = self.sent_up()?;
        self.check_own_word()?;
        speaks(self.tree.contains(child, report.key.acting))?;
        if self.tree.get(report.key.origin).is_some() {
            Ok(())
        } else {
            Err(Denied::UnknownDivision)
        }
    }
}

/// Heads of public logs.
impl Heard<'_> {
    fn check_head(&self) -> Result<(), Denied> {
        let witnesses = Witnesses::of(self.author, self.tree);
        match self.from {
            Neighbour::Child(_) => {
                // It goes to the farthest one above that countersigns, and the others stand on its way.
                let farthest = witnesses.above.last().copied();
                match farthest.is_some_and(|to| self.destination == Destination::Division(to)) {
                    true => Ok(()),
                    false => Err(Denied::WrongWay),
                }
            }
            Neighbour::Parent(_) => {
                self.check_own_word()?;
                speaks(witnesses.below.contains(&self.me))
            }
        }
    }

    fn check_countersignature(&self) -> Result<(), Denied> {
        let witnesses = |of| Witnesses::of(of, self.tree);
        match (self.from, self.destination) {
            (Neighbour::Child(_), _) => {
                self.check_own_word()?;
                speaks(witnesses(self.me).below.contains(&self.author))
            }
            (_, Destination::Division(to)) => speaks(witnesses(to).above.contains(&self.author)),
            (_, Destination::Scope(_)) => Err(Denied::WrongWay),
        }
    }

    fn check_rewritten(&self, evidence: &Rewritten) -> Result<(), Denied> {
        self.sent_up()?;
        self.check_own_word()?;
        speaks(self.tree.parent(evidence.division) == Some(self.author))
    }
}

const fn speaks(holds: bool) -> Result<(), Denied> {
    if holds {
        Ok(())
    } else {
        Err(Denied::SpeaksForAnother)
    }
}

/// Denies every term but 0: only an ancestor's signed statement raises a term, and there are none
/// yet.
const fn check_term(cv: CustodyVersion) -> Result<(), Denied> {
    match cv.term {
        0 => Ok(()),
        _ => Err(Denied::Unseated),
    }
}

fn check_terms(matter: &Matter) -> Result<(), Denied> {
    let steps = matter.steps.iter().map(|step| step.version);
    let mut versions = steps.chain([matter.version]);
    versions.try_for_each(|version| check_term(version.cv))
}
