use std::sync::Arc;

use super::*;
use crate::{
    category::{Class, Priority, Visibility},
    custody::{self, Context, CustodyLimits, Docket, Incoming, Recollection, Report, Taken},
    envelope::Payload,
    matter::{Channel, Status},
    policy::Policy,
    suite::Suite,
};

/// The memory of a node that lost everything; divisions of the scene take whatever comes.
const LOST: Recollection = Recollection {
    lost: true,
    asked: false,
};
const VILLAGE: &str = "330825002222";
const TOWNSHIP: &str = "330825002";
const COUNTY: &str = "330825";
const CITY: &str = "3308";

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

/// Divisions, and a clock that ticks with every decision.
struct Scene {
    tree: Arc<Tree>,
    now: Timestamp,
    policy: Policy,
}

impl Scene {
    fn new() -> Self {
        Self {
            tree: Tree::zhejiang(),
            now: Timestamp(1_000),
            policy: Policy::default(),
        }
    }

    fn context(&mut self, at: &str) -> Context<'_> {
        self.now.0 += 1;
        Context {
            me: code(at),
            now: self.now,
            tree: &self.tree,
            terms: CustodyLimits::default(),
            policy: &self.policy,
        }
    }

    fn report(&mut self, at: &str) -> Docket {
        let id = MatterId {
            origin: code(at),
            epoch: 1,
            number: 1,
        };
        let report = Report {
            channel: Channel::Grid,
            category: "enforcement/lighting".parse().unwrap(),
            priority: Priority::Normal,
            visibility: Visibility::Path,
            class: Class::Personal,
            about: None,
            suite: Suite::Ed25519Blake3,
            body: [7; 32],
            contact: None,
            part_of: None,
        };
        custody::report(id, report, self.context(at))
            .unwrap()
            .docket
    }

    fn act(&mut self, docket: &Docket, act: Act) -> Docket {
        let at = docket.matter.holder.to_string();
        let note = matches!(act, Act::Close(_)).then_some([9; 32]);
        let done = custody::act(docket.clone(), act, note, None, self.context(&at));
        done.unwrap().docket
    }

    /// Hands a matter over, hop by hop, to its destination, and returns the last division's docket.
    fn give(&mut self, docket: &Docket, act: Act) -> Docket {
        let at = docket.matter.holder.to_string();
        let mut sent = custody::transfer(docket.clone(), act, None, self.context(&at)).unwrap();
        loop {
            let give = sent.sends.iter().find_map(|send| match &send.payload {
                Payload::Give { matter, bound_for } => Some((send.to, matter, *bound_for)),
                _ => None,
            });
            let Some((to, matter, bound_for)) = give else {
                return sent.docket;
            };
            let incoming = Incoming {
                from: matter.holder,
                matter,
                bound_for,
            };
            let refused = CustodyVersion::default();
            let taken =
                custody::receive(None, refused, incoming, LOST, self.context(&to.to_string()));
            let Taken::Now(decision) = taken else {
                panic!("{taken:?}")
            };
            sent = *decision;
        }
    }

    fn claim(&self, by: &str, matter: &Matter) -> Claim {
        Claim {
            network: NetworkId([7; 16]),
            matter: matter.id,
            exported_by: code(by),
            exported_at: self.now,
        }
    }
}

fn word(docket: &Docket) -> Word {
    Word {
        author: docket.matter.holder,
        network: NetworkId([7; 16]),
        destination: Destination::Division(docket.matter.id.origin),
        leaf: [1; 32],
        matter: docket.matter.clone(),
    }
}

/// Builds a matter that was reported in the village and closed in the county. It was escalated
/// through the township.
fn solved(scene: &mut Scene) -> (Docket, Docket, Docket) {
    let reported = scene.report(VILLAGE);
    let taken = scene.give(&reported, Act::Escalate(code(COUNTY)));
    let closed = scene.act(&taken, Act::Close(Outcome::Solved));
    (reported, taken, closed)
}

fn failed(judgement: &Judgement) -> Vec<(What, String)> {
    let failed = judgement.checks.iter();
    let failed = failed.filter(|check| check.finding == Finding::Failed);
    failed
        .map(|check| (check.what, check.detail.clone()))
        .collect()
}

#[test]
fn a_closed_matter_gives_a_hop_receipt_and_an_end_receipt_of_its_holder() {
    let mut scene = Scene::new();
    let (_, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let judged = judge(vec![word(&closed)], claim, &tree);
    assert_eq!(failed(&judged), []);
    let [hop, end] = &judged.receipts[..] else {
        panic!("{:?}", judged.receipts)
    };
    assert_eq!((hop.kind, end.kind), (Kind::Hop, Kind::End));
    assert_eq!(hop.division, code(COUNTY));
    assert_eq!(hop.from, Some(code(TOWNSHIP)));
    assert_eq!(hop.to, None);
    assert_eq!(hop.custody, CustodyVersion { term: 0, n: 3 });
    assert_eq!(hop.previous, Some(CustodyVersion { term: 0, n: 2 }));
    assert_eq!((hop.content, hop.leaf), ([7; 32], [1; 32]));
    let text = serde_json::to_string(hop).unwrap();
    assert!(text.contains(&"07".repeat(32)), "{text}");
    assert_eq!(serde_json::from_str::<Receipt>(&text).unwrap(), *hop);
    assert_eq!(end.outcome, Some(Outcome::Solved));
    assert_eq!(end.at, closed.matter.steps.last().unwrap().at);
    assert!(hop.at < end.at);
}

#[test]
fn whoever_only_carried_it_on_is_named_with_whoever_attests_it() {
    let mut scene = Scene::new();
    let (_, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let judged = judge(vec![word(&closed)], claim, &tree);
    let silent: Vec<_> = judged
        .checks
        .iter()
        .filter(|check| check.what == What::Relays)
        .map(|check| (check.about.unwrap(), check.finding))
        .collect();
    let expected = [VILLAGE, TOWNSHIP].map(|who| (code(who), Finding::NotChecked));
    assert_eq!(silent, expected);
    let county = code(COUNTY).to_string();
    let told = |check: &Check| check.what == What::Relays && check.detail.contains(&county);
    assert!(judged.checks.iter().any(told));
}

#[test]
fn a_word_that_was_coalesced_still_tells_when_it_was_taken() {
    let mut scene = Scene::new();
    let (_, taken, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let of_first = receipts(&word(&taken), &tree).unwrap();
    let of_last = receipts(&word(&closed), &tree).unwrap();
    assert_eq!(of_first[..], of_last[..1]);
}

#[test]
fn every_stay_of_one_division_has_its_own_receipt() {
    let mut scene = Scene::new();
    let reported = scene.report(VILLAGE);
    let up = scene.give(&reported, Act::Escalate(code(TOWNSHIP)));
    let down = scene.give(&up, Act::Return(code(VILLAGE)));
    let again = scene.give(&down, Act::Escalate(code(TOWNSHIP)));
    let closed = scene.act(&again, Act::Close(Outcome::Unfounded));
    let tree = Arc::clone(&scene.tree);
    let found = receipts(&word(&closed), &tree).unwrap();
    let kinds: Vec<_> = found.iter().map(|one| (one.kind, one.custody.n)).collect();
    assert_eq!(kinds, [(Kind::Hop, 2), (Kind::Hop, 4), (Kind::End, 4)]);
    assert_eq!(found[0].to, Some(code(VILLAGE)));
    assert_eq!(found[1].to, None);
}

#[test]
fn a_reopened_matter_keeps_the_receipt_of_its_first_end() {
    let mut scene = Scene::new();
    let (_, _, closed) = solved(&mut scene);
    let reopened = scene.act(&closed, Act::Reopen(crate::matter::Appeal::Contest));
    let again = scene.act(&reopened, Act::Close(Outcome::Unsolvable));
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &again.matter);
    let judged = judge(vec![word(&again), word(&closed)], claim, &tree);
    assert_eq!(failed(&judged), []);
    let ends: Vec<_> = judged
        .receipts
        .iter()
        .filter_map(|one| one.outcome)
        .collect();
    assert_eq!(ends, [Outcome::Solved, Outcome::Unsolvable]);
}

#[test]
fn a_transfer_that_was_refused_leaves_the_matter_where_it_was() {
    let mut scene = Scene::new();
    let reported = scene.report(VILLAGE);
    let escalate = Act::Escalate(code(COUNTY));
    let sent = custody::transfer(reported, escalate, None, scene.context(VILLAGE)).unwrap();
    let cv = sent.docket.matter.version.cv;
    let to = sent.docket.matter.transit.unwrap();
    let back = custody::settle(sent.docket, to, cv, true, scene.context(VILLAGE)).unwrap();
    let tree = Arc::clone(&scene.tree);
    let held = custodies(&back.docket.matter, &tree).unwrap();
    assert_eq!((held.len(), held[0].to), (1, None));
}

/// A change to a state, and the check that must fail for it.
type Change = (&'static str, What, fn(&mut Matter));

const CHANGES: [Change; 21] = [
    ("the act of a step", What::Steps, |m| {
        m.steps[2].act = Act::Take;
    }),
    ("the end of a way", What::Steps, |m| {
        m.steps[1].act = Act::Escalate(code(CITY));
    }),
    ("who took it", What::Steps, |m| m.steps[3].by = code(CITY)),
    ("who carried it", What::Steps, |m| {
        m.steps[2].by = code(CITY)
    }),
    ("who closed it", What::Steps, |m| {
        m.steps[4].by = code(TOWNSHIP)
    }),
    ("a custody version", What::Steps, |m| {
        m.steps[3].version.cv.n += 1
    }),
    ("a term", What::Steps, |m| m.steps[3].version.cv.term += 1),
    ("a step number", What::Steps, |m| {
        m.steps[4].version.rev += 1
    }),
    ("the present version", What::Steps, |m| m.version.rev += 1),
    ("the outcome in the state", What::Steps, |m| {
        m.status = Status::Closed(Outcome::Unfounded);
    }),
    ("the outcome in the step", What::Steps, |m| {
        m.steps[4].act = Act::Close(Outcome::Unfounded);
    }),
    ("that it is closed", What::Steps, |m| {
        m.status = Status::Handling
    }),
    ("the holder", What::Author, |m| m.holder = code(TOWNSHIP)),
    ("a transfer", What::Steps, |m| m.transit = Some(code(CITY))),
    ("a step left out", What::Steps, |m| {
        m.steps.remove(2);
    }),
    ("the last step left out", What::Steps, |m| {
        m.steps.pop();
    }),
    ("a step added", What::Steps, |m| {
        let last = m.steps[4].clone();
        m.steps.push(last);
    }),
    ("steps in another order", What::Steps, |m| {
        m.steps.swap(1, 2)
    }),
    ("where it was reported", What::Matter, |m| {
        m.id.origin = code(TOWNSHIP)
    }),
    ("the content", What::Content, |m| m.body = [8; 32]),
    ("the first receiver", What::Content, |m| {
        m.responsible = code(TOWNSHIP)
    }),
];

#[test]
fn no_change_to_a_state_goes_unnoticed() {
    let mut scene = Scene::new();
    let (reported, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let own = word(&reported);
    let sound = judge(vec![own.clone(), word(&closed)], claim, &tree);
    assert_eq!(failed(&sound), []);
    for (name, what, change) in CHANGES {
        let mut changed = word(&closed);
        change(&mut changed.matter);
        let judged = judge(vec![own.clone(), changed], claim, &tree);
        let failed = failed(&judged);
        assert!(
            failed.iter().any(|(found, _)| *found == what),
            "{name}: {failed:?}"
        );
        assert_eq!(judged.receipts, [], "{name}");
    }
}

#[test]
fn a_time_that_was_changed_contradicts_the_words_of_others() {
    let mut scene = Scene::new();
    let (reported, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let mut changed = word(&closed);
    changed.matter.steps[0].at.0 += 1;
    let judged = judge(vec![word(&reported), changed], claim, &tree);
    let [(What::Continuity, detail)] = &failed(&judged)[..] else {
        panic!("{:?}", judged.checks)
    };
    assert!(detail.contains(VILLAGE), "{detail}");
}

#[test]
fn a_word_of_somebody_who_did_not_hold_it_proves_nothing() {
    let mut scene = Scene::new();
    let (_, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let by = |author: &str, to: &str| Word {
        author: code(author),
        destination: Destination::Division(code(to)),
        ..word(&closed)
    };
    let of = |word| failed(&judge(vec![word], claim, &tree));
    // The first author never had it; the second had it and tells others; the third had it and tells
    // itself, but made no file.
    for (author, to) in [(CITY, VILLAGE), (TOWNSHIP, VILLAGE), (TOWNSHIP, TOWNSHIP)] {
        let failed = of(by(author, to));
        assert!(
            matches!(failed[..], [(What::Author, _)]),
            "{author}: {failed:?}"
        );
    }
    assert_eq!(of(by(VILLAGE, VILLAGE)), []);
}

#[test]
fn words_of_another_network_or_matter_are_refused() {
    let mut scene = Scene::new();
    let (_, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let strange = Word {
        network: NetworkId([8; 16]),
        ..word(&closed)
    };
    let judged = judge(vec![strange], claim, &tree);
    assert!(matches!(failed(&judged)[..], [(What::Matter, _)]));
    let mut other = claim;
    other.matter.number = 2;
    let judged = judge(vec![word(&closed)], other, &tree);
    assert!(matches!(failed(&judged)[..], [(What::Matter, _)]));
    let judged = judge(vec![], claim, &tree);
    assert!(matches!(failed(&judged)[..], [(What::Matter, _)]));
}

#[test]
fn what_cannot_be_told_from_the_file_is_said() {
    let mut scene = Scene::new();
    let (_, _, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let claim = scene.claim(VILLAGE, &closed.matter);
    let judged = judge(vec![word(&closed)], claim, &tree);
    for what in [What::Later, What::Revocations, What::Clocks, What::Text] {
        let said = |check: &&Check| check.what == what;
        let check = judged.checks.iter().find(said).unwrap();
        assert_eq!(check.finding, Finding::NotChecked);
    }
}

#[test]
fn lines_are_what_the_signed_versions_reach() {
    let mut scene = Scene::new();
    let (_, taken, closed) = solved(&mut scene);
    let tree = Arc::clone(&scene.tree);
    let county = code(COUNTY);
    let kinds = |signed: &[(DivisionCode, Version)]| {
        let lines = lines(&closed.matter, signed, &tree);
        lines
            .into_iter()
            .map(|line| (line.division, line.kind))
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&[]), []);
    assert_eq!(
        kinds(&[(county, taken.matter.version)]),
        [(county, Kind::Hop)]
    );
    let both = [(county, Kind::Hop), (county, Kind::End)];
    assert_eq!(kinds(&[(county, closed.matter.version)]), both);
}

#[test]
fn only_words_of_the_same_life_are_kept() {
    let mut scene = Scene::new();
    let (reported, taken, closed) = solved(&mut scene);
    let county = code(COUNTY);
    assert!(is_of(&closed.matter, &closed.matter, county));
    assert!(is_of(&closed.matter, &taken.matter, county));
    assert!(!is_of(&taken.matter, &closed.matter, county));
    assert!(!is_of(&closed.matter, &taken.matter, code(CITY)));
    let mut other = reported.matter;
    other.steps[0].at.0 += 1;
    assert!(!is_of(&closed.matter, &other, code(VILLAGE)));
}
