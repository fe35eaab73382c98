//! The matrix of who may say what, written by hand: kind × direction × author × destination. The
//! county 龙游县 judges what its parent 衢州市 and its child 东华街道 bring.

use topology::{DivisionCode, Tree};

use super::*;
use crate::{
    category::{Category, Class, Priority, Visibility},
    clock::Clocks,
    disclosure::{self, ComplianceKey, ComplianceReport, Overdue, Span},
    envelope::{Lane, Order, Showing, Stamp},
    heads::{HeadAnswer, Rewritten, SaidHead, Verdict},
    health::{HealthReport, NodeTrouble, Trouble},
    ids::{Epoch, EpochId, MatterId},
    matter::{Act, Channel, CustodyVersion, Matter, Status, Step, Version},
    month::Month,
    request::{Answer, Reply, Request, RequestId, RequestKind},
    rollup::{CellKey, CellReport, Counters},
    suite::Suite,
    template::{
        AdoptionReport, BadTemplate, Listed, Reach, Rollout, RolloutAct, Scope, Template,
        TemplateKey, TemplateKind, TemplateList, TemplateRefusal,
    },
    time::{Day, Timestamp},
};

mod content;
mod revocation;

const ME: &str = "330825";
const PARENT: &str = "3308";
const CHILD: &str = "330825002";
const NOBODY: &str = "330825999";

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn version(n: u32, rev: u32) -> Version {
    Version {
        cv: CustodyVersion { term: 0, n },
        rev,
    }
}

/// Makes a matter reported at `origin` and held by `holder`, on its way to `transit`.
fn matter(holder: DivisionCode, transit: Option<DivisionCode>, origin: DivisionCode) -> Matter {
    let step = |by, n, act| Step {
        version: version(n, 1),
        at: Timestamp(0),
        by,
        act,
        sort: None,
        note: None,
        request: None,
        voice: None,
    };
    Matter {
        id: MatterId {
            origin,
            epoch: 1,
            number: 1,
        },
        channel: Channel::Grid,
        category: "order/fire".parse().unwrap(),
        priority: Priority::Normal,
        visibility: Visibility::Path,
        class: Class::Personal,
        about: None,
        responsible: origin,
        suite: Suite::Ed25519Blake3,
        body: [0; 32],
        contact: None,
        part_of: None,
        clocks: Clocks::default(),
        status: Status::Reported,
        version: version(2, 1),
        holder,
        transit,
        steps: vec![step(origin, 1, Act::Report), step(holder, 2, Act::Take)],
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Give,
    Notice,
    Request,
    Answer,
    Template,
    Rollout,
    TemplateList,
    Adoption,
    Compliance,
    Health,
    Cell,
    CellsComplete,
    Shown,
    Showing,
    Head,
    Countersignature,
    Rewritten,
    Unknown,
}

/// Builds the payload that an honest author would send to that destination.
fn payload(kind: Kind, author: DivisionCode, to: Option<DivisionCode>) -> Payload {
    let to = to.unwrap_or(code(ME));
    let id = MatterId {
        origin: to,
        epoch: 1,
        number: 1,
    };
    let request = |by| RequestId {
        by,
        epoch: 1,
        number: 1,
    };
    match kind {
        Kind::Give => Payload::Give {
            matter: Box::new(matter(author, Some(code(ME)), author)),
            bound_for: code(ME),
        },
        // The existence of the destination is checked before the content.
        Kind::Notice => Payload::Notice(Box::new(matter(author, None, to))),
        Kind::Request => Payload::Request(Request {
            id: request(author),
            matter: id,
            seen: version(1, 1),
            kind: RequestKind::Recall,
            note: None,
            suite: Suite::Ed25519Blake3,
            voice: crate::request::Voice::Reporter,
        }),
        Kind::Answer => Payload::Answer(Answer {
            request: request(to),
            matter: id,
            reply: Reply::Granted,
        }),
        Kind::Template => Payload::Template(Box::new(template(author))),
        Kind::Rollout => Payload::Rollout(Box::new(Rollout {
            template: template(author),
            number: 1,
            act: RolloutAct::Begin,
            reach: Reach::new(30, vec![author]),
            at: Timestamp(0),
        })),
        Kind::TemplateList => Payload::TemplateList(Box::new(list(author))),
        Kind::Adoption => Payload::Adoption(adoption()),
        Kind::Compliance => Payload::Compliance(Box::new(compliance(author))),
        Kind::Health => Payload::Health(Box::new(health(author))),
        Kind::Cell => Payload::Cell(Box::new(cell(author))),
        Kind::CellsComplete => Payload::CellsComplete,
        Kind::Shown => Payload::Shown(Box::new(matter(author, None, to))),
        Kind::Showing => Payload::Showing(Showing {
            life: EpochId([2; 16]),
            since: Stamp(1, 1),
            all: false,
        }),
        Kind::Head => Payload::Head(Box::new(SaidHead {
            log: [1; 32],
            key: String::new(),
            note: String::new(),
            since: vec![],
        })),
        Kind::Countersignature => Payload::Countersignature(Box::new(HeadAnswer {
            log: [1; 32],
            verdict: Verdict::Behind { size: 1 },
        })),
        Kind::Rewritten => Payload::Rewritten(Box::new(rewritten(author))),
        Kind::Unknown => Payload::Unknown(99),
    }
}

fn key(issuer: DivisionCode) -> TemplateKey {
    TemplateKey {
        issuer,
        kind: TemplateKind::Policy,
        name: "x".into(),
    }
}

fn template(author: DivisionCode) -> Template {
    Template {
        key: key(author),
        version: 1,
        scope: Scope::new(author, &[], &[]),
        title: "x".to_owned(),
        content: "format = 1".to_owned(),
        issued_at: Timestamp(0),
        stamp: Stamp(1, 1),
    }
}

fn list(author: DivisionCode) -> TemplateList {
    let listed = Listed {
        key: key(author),
        version: 1,
        scope: Scope::new(author, &[], &[]),
        act: 0,
    };
    TemplateList::of(author, vec![listed], Timestamp(0), 7)
}

fn adoption() -> AdoptionReport {
    AdoptionReport {
        key: key(code("33")),
        version: 1,
        applied: 1,
        refused: 0,
        superseded: 0,
        held: 0,
        paused: 0,
        stale: 0,
        refusals: vec![],
        stamp: Stamp(1, 1),
    }
}

fn compliance(author: DivisionCode) -> ComplianceReport {
    ComplianceReport {
        overdue: vec![Overdue {
            due: Timestamp(0),
            division: author,
            item: "x".into(),
            span: Span {
                from: Day(1),
                to: Day(1),
            },
        }],
        ..ComplianceReport::empty(ComplianceKey {
            month: Month(0),
            class: disclosure::Class::Finance,
        })
    }
}

fn health(author: DivisionCode) -> HealthReport {
    HealthReport {
        troubles: vec![NodeTrouble {
            what: Trouble::Alarms,
            since: Timestamp(0),
            division: author,
        }],
        counts: vec![(1, 1), (2, 1), (5, 1)].try_into().unwrap(),
        ..HealthReport::default()
    }
}

fn cell(author: DivisionCode) -> CellReport {
    CellReport {
        key: CellKey {
            acting: author,
            origin: code(PARENT),
            category: "order/fire".parse::<Category>().unwrap(),
            day: Day(1),
        },
        counters: Counters::default(),
        stamp: Stamp(1, 1),
    }
}

/// The evidence against the division below the author that stands first.
fn rewritten(author: DivisionCode) -> Rewritten {
    Rewritten {
        division: Tree::zhejiang().children(author).next().unwrap_or(author),
        log: [1; 32],
        key: String::new(),
        how: 1,
        earlier: String::new(),
        later: String::new(),
    }
}

fn envelope(author: DivisionCode, destination: Destination, payload: Payload) -> Envelope {
    let order = match payload.replaces() {
        None => Order::Sequence(1),
        Some(key) => Order::Replaces { key: key.into() },
    };
    Envelope {
        author,
        epoch: Epoch {
            order: 1,
            id: EpochId([1; 16]),
            predecessor: EpochId::default(),
        },
        issue: 1,
        destination,
        lane: Lane::Notice,
        order,
        payload,
    }
}

fn from(side: &str) -> Neighbour {
    Neighbour::of(code(ME), code(side), &Tree::zhejiang()).expect("a neighbour")
}

fn asked(envelope: &Envelope, side: &str) -> Result<(), Denied> {
    may(envelope, from(side), code(ME), &Tree::zhejiang())
}

/// One letter per outcome, so that the matrix can be read.
fn letter(outcome: Result<(), Denied>) -> char {
    match outcome {
        Ok(()) => '+',
        Err(Denied::AuthorNotCarried) => 'C',
        Err(Denied::NotTheNeighbour) => 'N',
        Err(Denied::WrongDirection) => 'D',
        Err(Denied::WrongWay) => 'W',
        Err(Denied::SpeaksForAnother) => 'S',
        Err(Denied::UnknownDivision) => 'U',
        Err(Denied::UnknownKind) => 'K',
        Err(Denied::WrongOrder) => 'O',
        Err(Denied::NotAbove) => 'A',
        Err(Denied::Concerned) => 'X',
        Err(Denied::Unseated) => 'T',
    }
}

/// Rows are authors, columns destinations; `*` stands for a scope below the author.
fn check_matrix(side: &str, kind: Kind, destinations: &[&str], rows: &[(&str, &str)]) {
    for (author, row) in rows {
        let author = code(author);
        let found: String = destinations
            .iter()
            .map(|to| {
                let division = (*to != "*").then(|| code(to));
                let destination = match division {
                    Some(division) => Destination::Division(division),
                    None => Destination::Scope(Scope::new(author, &[], &[])),
                };
                let said = payload(kind, author, division);
                letter(asked(&envelope(author, destination, said), side))
            })
            .collect();
        assert_eq!(
            found, *row,
            "{kind:?} of {author} from {side} to {destinations:?}"
        );
    }
}

#[test]
fn what_a_child_may_bring() {
    // The destinations are this node, another child, up, back where it comes from, nowhere, and
    // everybody below the author.
    let to = [ME, "330825001", "33", "330825002001", NOBODY, "*"];
    let (child, below) = (CHILD, "330825002222");
    for (kind, of_child, of_below) in [
        (Kind::Give, "+NNWUW", "NNNWUW"),
        (Kind::Notice, "+++WUW", "+++WUW"),
        (Kind::Request, "+++WUW", "+++WUW"),
        (Kind::Answer, "+++WUW", "+++WUW"),
        (Kind::Template, "DDDWUA", "DDDWUA"),
        (Kind::Rollout, "DDDWUA", "DDDWUA"),
        (Kind::TemplateList, "DDDWUA", "DDDWUA"),
        (Kind::Adoption, "+NNWUW", "NNNWUW"),
        (Kind::Compliance, "+NNWUW", "NNNWUW"),
        (Kind::Health, "+NNWUW", "NNNWUW"),
        (Kind::Cell, "+NNWUW", "NNNWUW"),
        (Kind::CellsComplete, "+NNWUW", "NNNWUW"),
        (Kind::Shown, "+NNWUW", "NNNWUW"),
        (Kind::Showing, "+NNWUW", "NNNWUW"),
        // A township's goes to the city, a village's to this county.
        (Kind::Head, "WWWWUW", "+WWWUW"),
        // A county has two above and is countersigned by nobody below.
        (Kind::Countersignature, "SNNWUW", "NNNWUW"),
        (Kind::Rewritten, "+NNWUW", "NNNWUW"),
        (Kind::Unknown, "K++WUA", "K++WUA"),
    ] {
        let rows = [
            (child, of_child),
            (below, of_below),
            (ME, "CCCCCC"),
            ("330825001", "CCCCCC"),
            ("330825001001", "CCCCCC"),
            (PARENT, "CCCCCC"),
            ("330802", "CCCCCC"),
            (NOBODY, "UUUUUU"),
            ("440100", "UUUUUU"),
        ];
        check_matrix(CHILD, kind, &to, &rows);
    }
}

#[test]
fn what_the_parent_may_bring() {
    // The destinations are this node, a child, further down, back where it comes from, nowhere, and
    // everybody below the author.
    let to = [ME, CHILD, "330825001001", "330802", NOBODY, "*"];
    for (kind, of_parent, of_above, of_beside) in [
        (Kind::Give, "+NNWUW", "NNNWUW", "NNNWUW"),
        (Kind::Notice, "+++WUW", "+++WUW", "+++WUW"),
        (Kind::Request, "+++WUW", "+++WUW", "+++WUW"),
        (Kind::Answer, "+++WUW", "+++WUW", "+++WUW"),
        (Kind::Template, "SSSWU+", "SSSWU+", "SSSWUA"),
        (Kind::Rollout, "SSSWU+", "SSSWU+", "SSSWUA"),
        (Kind::TemplateList, "SSSWU+", "SSSWU+", "SSSWUA"),
        (Kind::Adoption, "DDDWUW", "DDDWUW", "DDDWUW"),
        (Kind::Compliance, "DDDWUW", "DDDWUW", "DDDWUW"),
        (Kind::Health, "DDDWUW", "DDDWUW", "DDDWUW"),
        (Kind::Cell, "DDDWUW", "DDDWUW", "DDDWUW"),
        (Kind::CellsComplete, "DDDWUW", "DDDWUW", "DDDWUW"),
        (Kind::Shown, "+NNWUW", "NNNWUW", "NNNWUW"),
        (Kind::Showing, "+NNWUW", "NNNWUW", "NNNWUW"),
        // The city has one above, so this county countersigns, too.
        (Kind::Head, "+NNWUW", "NNNWUW", "NNNWUW"),
        // The parent countersigns this node and its children, the province this node, nobody else anything.
        (Kind::Countersignature, "++SWUW", "+SSWUW", "SSSWUW"),
        (Kind::Rewritten, "DDDWUW", "DDDWUW", "DDDWUW"),
        (Kind::Unknown, "K++WU+", "K++WU+", "K++WUA"),
    ] {
        let rows = [
            (PARENT, of_parent),
            ("33", of_above),
            ("330802", of_beside),
            ("330102001", of_beside),
            (ME, "CCCCCC"),
            (CHILD, "CCCCCC"),
            ("330825001001", "CCCCCC"),
            (NOBODY, "UUUUUU"),
            ("440100", "UUUUUU"),
        ];
        check_matrix(PARENT, kind, &to, &rows);
    }
}

/// A head of a township here is for the city; of the township's evidence only its parent hears, and only of its children.
#[test]
fn heads_pass_this_node_on_their_way_and_evidence_ends_here() {
    let head = |author: &str, to: &str| {
        let author = code(author);
        let said = payload(Kind::Head, author, Some(code(to)));
        envelope(author, Destination::Division(code(to)), said)
    };
    assert_eq!(asked(&head(CHILD, PARENT), CHILD), Ok(()));
    assert_eq!(asked(&head("330825002222", ME), CHILD), Ok(()));
    assert_eq!(
        asked(&head("330825002222", PARENT), CHILD),
        Err(Denied::WrongWay)
    );
    let evidence = |of: &str| {
        let said = Rewritten {
            division: code(of),
            log: [1; 32],
            key: String::new(),
            how: 1,
            earlier: String::new(),
            later: String::new(),
        };
        let to = Destination::Division(code(ME));
        envelope(code(CHILD), to, Payload::Rewritten(Box::new(said)))
    };
    assert_eq!(asked(&evidence("330825002222"), CHILD), Ok(()));
    for other in ["330825001001", CHILD, ME, NOBODY] {
        let refused = asked(&evidence(other), CHILD);
        assert_eq!(refused, Err(Denied::SpeaksForAnother), "{other}");
    }
}

#[test]
fn only_parent_and_children_are_neighbours() {
    let tree = Tree::zhejiang();
    let of = |peer| Neighbour::of(code(ME), code(peer), &tree);
    assert_eq!(of(PARENT), Some(Neighbour::Parent(code(PARENT))));
    assert_eq!(of(CHILD), Some(Neighbour::Child(code(CHILD))));
    for stranger in [ME, "33", "330802", "330825002222", NOBODY] {
        assert_eq!(of(stranger), None, "{stranger}");
    }
}

#[test]
fn a_unit_without_a_node_says_nothing() {
    let rows = "code,name,kind,node\n33,浙江省,,\n3308,衢州市,,\n330825,龙游县,,\n330825002,东华街道,,no\n";
    let tree = Tree::load(rows).unwrap();
    let notice = payload(Kind::Notice, code(CHILD), Some(code(ME)));
    let notice = envelope(code(CHILD), Destination::Division(code(ME)), notice);
    let from = Neighbour::Child(code(CHILD));
    assert_eq!(
        may(&notice, from, code(ME), &tree),
        Err(Denied::UnknownDivision)
    );
}
