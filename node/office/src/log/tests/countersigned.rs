//! Heads said, countersigned, carried on and contradicted, between a village, its township and its county.

use domain::{
    actor::Actor,
    alarm::AlarmKind,
    envelope::Payload,
    heads::{Resolution, SaidHead, Verdict},
};
use log::{Entry, EntryKind, witness::Contradiction};

use super::{
    check,
    line::{COUNTY, Line, TOWNSHIP, VILLAGE, code, saying},
};
use crate::{Office, log::fixture::TestLogKeys};

async fn alarms(office: &Office) -> Vec<(AlarmKind, Option<topology::DivisionCode>)> {
    let all = office.alarms().all().await.unwrap();
    all.iter().map(|alarm| (alarm.kind, alarm.about)).collect()
}

/// Returns size and number of countersignatures of the heads that the village keeps.
async fn kept(office: &Office) -> Vec<(u64, usize)> {
    let epoch = office.epoch().await.unwrap().id;
    let kept = office.log().countersigned(epoch).await.unwrap();
    kept.iter()
        .map(|head| (head.size, head.lines.len()))
        .collect()
}

fn verdicts(said: &[super::line::OnItsWay]) -> Vec<Verdict> {
    let verdict = |one: &super::line::OnItsWay| match &one.envelope.payload {
        Payload::Countersignature(answer) => Some(answer.verdict.clone()),
        _ => None,
    };
    said.iter().filter_map(verdict).collect()
}

#[tokio::test]
async fn a_head_is_countersigned_by_parent_and_grandparent_and_the_node_keeps_both_lines() {
    let line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    let said = line.settle().await;
    let cosigned = Line::cosigned(&said);
    assert_eq!(
        cosigned.iter().map(|one| one.by).collect::<Vec<_>>(),
        [TOWNSHIP, COUNTY]
    );
    assert_eq!(kept(&line.nodes[VILLAGE]).await, [(2, 2)]);
    // What the township carries on is byte for byte what the village said.
    let heads: Vec<_> = said
        .iter()
        .filter(|one| {
            matches!(one.envelope.payload, Payload::Head(_)) && one.envelope.author == code(VILLAGE)
        })
        .collect();
    assert_eq!(heads.len(), 2);
    assert_eq!(heads[0].envelope, heads[1].envelope);

    for _ in 0..300 {
        line.leaf().await;
    }
    line.pass(60).await;
    let later = Line::cosigned(&line.settle().await);
    assert_eq!(later.len(), 2, "proven from where each was: {later:?}");
    assert_eq!(kept(&line.nodes[VILLAGE]).await, [(302, 2)]);
    for node in &line.nodes {
        assert_eq!(alarms(node).await, []);
    }
}

#[tokio::test]
async fn heads_are_paced_and_a_head_asked_again_has_the_same_bytes_until_the_next_day() {
    let line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    let first = Line::cosigned(&line.settle().await);
    line.leaf().await;
    line.pass(30).await;
    assert!(Line::cosigned(&line.settle().await).is_empty(), "too soon");
    line.pass(31).await;
    let said = line.collect().await;
    let head = said
        .iter()
        .find(|one| one.from == VILLAGE)
        .expect("a head is said");
    line.deliver(head).await.unwrap();
    let second = Line::cosigned(&line.settle().await);
    assert_ne!(first, second);
    line.deliver(head).await.unwrap();
    let again = Line::cosigned(&line.settle().await);
    assert!(again.is_empty(), "the very envelope again changes nothing");

    // With nothing added it is said daily, and the time is new.
    line.pass(24 * 3600).await;
    let said = line.settle().await;
    let next = Line::cosigned(&said);
    assert_eq!(next.len(), 2);
    assert!(next[0].time > second[0].time && next[0].root == second[0].root);
    // Asked again about the same head, a witness gives the same bytes.
    let head = said.iter().find(|one| one.from == VILLAGE).unwrap();
    let Payload::Head(said) = &head.envelope.payload else {
        panic!("a head");
    };
    let again = saying(&head.envelope, head.envelope.issue + 1, (**said).clone());
    line.clock.put_forward(3_600_000);
    line.deliver(&again).await.unwrap();
    assert_eq!(Line::cosigned(&line.settle().await), next);
}

#[tokio::test]
async fn a_log_that_does_not_know_where_a_witness_is_is_told_and_proves_it_the_next_time() {
    let mut line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    // The answers are lost with the village's memory of them.
    for one in line.collect().await {
        line.deliver(&one).await.unwrap();
    }
    line.collect().await;
    let disk = line.disks[VILLAGE].power_cut(1);
    line.reopen(VILLAGE, disk).await;
    line.leaf().await;
    line.pass(61).await;
    let said = line.settle().await;
    assert!(
        verdicts(&said).contains(&Verdict::Behind { size: 2 }),
        "{:?}",
        verdicts(&said)
    );
    line.pass(61).await;
    let cosigned = Line::cosigned(&line.settle().await);
    assert!(!cosigned.is_empty());
    line.pass(61).await;
    line.settle().await;
    assert_eq!(kept(&line.nodes[VILLAGE]).await, [(3, 2)]);
}

/// Another history with the same key: what a village says that rewrote its log.
async fn rewritten(line: &Line, size: u64) -> SaidHead {
    let epoch = line.nodes[VILLAGE].epoch().await.unwrap().id;
    let (key, note) = TestLogKeys(code(VILLAGE)).head(epoch, size, [66; 32]);
    SaidHead {
        log: log::name::digest(key.name()),
        key: key.to_string(),
        note,
        since: vec![],
    }
}

#[tokio::test]
async fn a_rewritten_log_is_stopped_with_both_heads_as_evidence_here_and_one_tier_further() {
    let line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    let said = line.settle().await;
    let honest = &said[0].envelope;
    let forged = saying(honest, 1_000, rewritten(&line, 2).await);
    line.deliver(&forged).await.unwrap();
    let said = line.settle().await;
    assert!(Line::cosigned(&said).is_empty());
    let about = Some(code(VILLAGE));
    for at in [VILLAGE, TOWNSHIP, COUNTY] {
        assert_eq!(
            alarms(&line.nodes[at]).await,
            [(AlarmKind::LogRewritten, about)],
            "{at}"
        );
    }
    for at in [TOWNSHIP, COUNTY] {
        let log = line.nodes[at].log();
        let evidence = log.evidence().await.unwrap();
        assert_eq!(evidence.len(), 1);
        assert_eq!(evidence[0].how, Some(Contradiction::Root));
        let key = evidence[0].key.parse().unwrap();
        let open = |note: &str| log::Checkpoint::open(note.as_bytes(), &key).unwrap();
        let (earlier, later) = (open(&evidence[0].earlier), open(&evidence[0].later));
        assert_eq!(earlier.size(), later.size());
        assert_ne!(earlier.root(), later.root());
    }
    // Nothing of it is countersigned, the honest head neither.
    line.leaf().await;
    line.pass(61).await;
    assert!(Line::cosigned(&line.settle().await).is_empty());

    for at in [TOWNSHIP, COUNTY] {
        let log = line.nodes[at].log();
        let reason = "the operator put an old copy back";
        log.resolve(code(VILLAGE), Resolution::Earlier, reason, Actor::OsUser(0))
            .await
            .unwrap();
        assert_eq!(alarms(&line.nodes[at]).await, []);
        let again = log
            .resolve(code(VILLAGE), Resolution::Earlier, reason, Actor::OsUser(0))
            .await;
        assert!(again.is_err(), "it does not stand any more");
        let kept = log.evidence().await.unwrap();
        assert_eq!(kept[0].resolved.as_ref().unwrap().2, reason);
    }
    // The forged one had a later stamp than the village ever gave.
    let epoch_issue = 2_000;
    let said = line.nodes[VILLAGE].epoch().await.unwrap();
    assert_eq!(said.order, 1);
    let head = honest_head(&line, 3).await;
    line.deliver(&saying(honest, epoch_issue, head))
        .await
        .unwrap();
    let by: Vec<_> = Line::cosigned(&line.settle().await)
        .iter()
        .map(|one| one.by)
        .collect();
    assert_eq!(by, [TOWNSHIP, COUNTY]);
}

/// The head that the village would say now, as it says it.
async fn honest_head(line: &Line, size: u64) -> SaidHead {
    let node = &line.nodes[VILLAGE];
    let epoch = node.epoch().await.unwrap().id;
    let mut view = node.tables();
    let mut reading = super::super::read::Reading::begin(&mut view, epoch)
        .await
        .unwrap()
        .unwrap();
    let root = reading.root_at(size).await.unwrap();
    let mut since = vec![];
    for at in [TOWNSHIP, COUNTY] {
        since.push(domain::heads::Since {
            witness: code(at),
            size: 2,
            root: reading.root_at(2).await.unwrap(),
            proof: reading.consistency(2, size).await.unwrap(),
            own: None,
        });
    }
    let (key, note) = TestLogKeys(code(VILLAGE)).head(epoch, size, root);
    SaidHead {
        log: log::name::digest(key.name()),
        key: key.to_string(),
        note,
        since,
    }
}

#[tokio::test]
async fn a_witness_that_signed_what_the_log_never_had_is_noticed_by_the_log() {
    let line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    let said = line.collect().await;
    // The township is shown another history, and countersigns it in good faith.
    let forged = saying(&said[0].envelope, 1_000, rewritten(&line, 2).await);
    line.deliver(&forged).await.unwrap();
    line.settle().await;
    let stands = alarms(&line.nodes[VILLAGE]).await;
    assert_eq!(stands, [(AlarmKind::LogRewritten, Some(code(VILLAGE)))]);
}

#[tokio::test]
async fn what_is_malformed_or_of_another_log_is_refused_and_leaves_nothing() {
    let line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    let said = line.collect().await;
    let honest = &said[0].envelope;
    let Payload::Head(head) = &honest.payload else {
        panic!("a head");
    };
    let spoilt: [fn(&mut SaidHead); 5] = [
        |head| head.note = head.note.replace("\n2\n", "\n3\n"),
        |head| head.note.clear(),
        |head| head.key = "log+00000000+AQ==".to_owned(),
        |head| head.log = [9; 32],
        |head| head.note.push('x'),
    ];
    for (n, spoil) in spoilt.into_iter().enumerate() {
        let mut bad = (**head).clone();
        spoil(&mut bad);
        let mut one = saying(honest, 10 + n as u64, bad);
        if let Payload::Head(head) = &one.envelope.payload {
            let key = head.log.to_vec().into();
            one.envelope.order = domain::envelope::Order::Replaces { key };
        }
        assert!(line.deliver(&one).await.is_err(), "{n}");
    }
    assert_eq!(line.nodes[TOWNSHIP].log().witnessed().await.unwrap(), []);
}

#[tokio::test]
async fn a_parent_enters_the_head_of_a_child_once_a_day_and_only_of_a_child() {
    let line = Line::new().await;
    let seen = async |at: usize| {
        let entries = check(&line.nodes[at]).await;
        let heads = entries
            .iter()
            .filter(|entry| entry.kind() == EntryKind::ChildHead);
        heads.copied().collect::<Vec<Entry>>()
    };
    line.leaf().await;
    line.pass(6).await;
    line.settle().await;
    line.leaf().await;
    line.pass(61).await;
    line.settle().await;
    let of_township = seen(TOWNSHIP).await;
    assert!(
        matches!(of_township[..], [Entry::ChildHead { size: 2, .. }]),
        "{of_township:?}"
    );
    // The township's own head went up with it, and stands in the county's log.
    line.pass(61).await;
    line.settle().await;
    assert_eq!(
        seen(COUNTY).await.len(),
        1,
        "the township's, not the village's"
    );
    line.pass(26 * 3600).await;
    line.settle().await;
    let next_day = seen(TOWNSHIP).await;
    assert!(
        matches!(next_day[1..], [Entry::ChildHead { size: 3, .. }]),
        "{next_day:?}"
    );
}

/// The township's store is put back to before it countersigned; the log shows it its own countersignature.
#[tokio::test]
async fn a_restored_witness_takes_over_what_it_signed_and_signs_nothing_behind_it() {
    let mut line = Line::new().await;
    line.leaf().await;
    let old = line.disks[TOWNSHIP].power_cut(1);
    let goes_on = line.disks[TOWNSHIP].power_cut(1);
    line.reopen(TOWNSHIP, goes_on).await;
    line.pass(6).await;
    line.settle().await;
    line.reopen(TOWNSHIP, old).await;
    assert_eq!(line.nodes[TOWNSHIP].log().witnessed().await.unwrap(), []);
    line.leaf().await;
    line.pass(61).await;
    let said = line.settle().await;
    assert_eq!(Line::cosigned(&said).len(), 2, "{:?}", verdicts(&said));
    let noticed = (AlarmKind::WitnessWentBack, None);
    assert_eq!(alarms(&line.nodes[TOWNSHIP]).await, [noticed]);
    let head = said.iter().find(|one| one.from == VILLAGE).unwrap();
    let shorter = saying(&head.envelope, 1_000, rewritten(&line, 2).await);
    line.deliver(&shorter).await.unwrap();
    assert!(Line::cosigned(&line.settle().await).is_empty());
}

/// A child whose link is up and which says no head any more may show an old one here and newer ones to others.
#[tokio::test]
async fn a_linked_child_that_says_no_head_for_two_days_raises_an_alarm_which_its_next_head_settles()
{
    const HOUR_MS: i64 = 3_600_000;
    let line = Line::new().await;
    line.leaf().await;
    line.pass(6).await;
    line.settle().await;
    let township = &line.nodes[TOWNSHIP];
    let silent = (AlarmKind::LogSilent, Some(code(VILLAGE)));
    township.inbox().note_link(code(VILLAGE), true);
    line.clock.put_forward(47 * HOUR_MS);
    township.attend().await.unwrap();
    assert_eq!(alarms(township).await, []);
    line.clock.put_forward(3 * HOUR_MS);
    township.inbox().note_link(code(VILLAGE), false);
    township.attend().await.unwrap();
    assert_eq!(alarms(township).await, [], "it is cut off");
    township.inbox().note_link(code(VILLAGE), true);
    line.clock.put_forward(2 * HOUR_MS);
    for _ in 0..2 {
        township.attend().await.unwrap();
        assert_eq!(alarms(township).await, [silent]);
    }
    let raised = township.alarms().all().await.unwrap();
    assert_eq!(raised[0].times, 1, "it is told once");
    line.leaf().await;
    line.pass(61).await;
    line.settle().await;
    line.clock.put_forward(2 * HOUR_MS);
    township.attend().await.unwrap();
    let settled = township.alarms().all().await.unwrap();
    let of_it = settled
        .iter()
        .find(|alarm| (alarm.kind, alarm.about) == silent);
    assert!(
        of_it.is_none_or(|alarm| alarm.settled.is_some()),
        "{settled:?}"
    );
}
