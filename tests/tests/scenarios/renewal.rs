//! Certificates that nobody touches: renewed over the links, for months, with nodes away and parents away.

use std::{collections::BTreeMap, sync::Arc};

use proto::v1::{RenewRequest, link_client::LinkClient};
use testkit::{
    CITY, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, clock::ShiftedClock, code,
    eventually, known, wire::Call,
};
use tonic::{Code, Status};

use wujitong::{
    domain::{alarm::AlarmKind, certificate::Validity},
    workers::State,
};

const TIERS: [&str; 5] = [PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE];
const DAY: i64 = 24;

/// Five processes whose certificates are judged by a clock that is put forward.
async fn network() -> (Network, Arc<ShiftedClock>) {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as _,
        certificates: Some(Arc::clone(&clock) as _),
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    (network, clock)
}

fn shown(network: &Network) -> BTreeMap<&'static str, Validity> {
    let of = |at: &'static str| (at, network.node(at).identity.validity());
    TIERS.into_iter().map(of).collect()
}

fn issuing(network: &Network, at: &str) -> Option<Validity> {
    network.node(at).identity.issuing_validity()
}

/// Waits until all of these show a certificate that begins later.
async fn renewed(network: &Network, before: &BTreeMap<&'static str, Validity>) {
    for (at, before) in before {
        eventually(&format!("{at} is renewed"), || async {
            network.node(at).identity.validity().from > before.from
        })
        .await;
    }
}

/// The serial number of the village's certificate, as its parent was shown it.
fn seen_at_the_township(network: &Network) -> Option<String> {
    let states = network.node(TOWNSHIP).links.states();
    let (_, state) = states
        .into_iter()
        .find(|(peer, _)| *peer == code(VILLAGE))?;
    Some(state.certificate?.serial)
}

/// Why the village's process does not renew, as its status shows it.
fn failing(network: &Network) -> Option<String> {
    let rows = network.host(VILLAGE).app_state().workers.of(None);
    let row = rows.into_iter().find(|row| row.name == "renewal")?;
    let why = row.last_error.map(|(_, why)| why.english);
    why.filter(|_| row.state == State::Failing)
}

/// Asks a parent for the next certificate of a child over the child's own connection, with a request signed by any node.
async fn ask(network: &Network, child: &str, signed_by: &str) -> Result<(), Status> {
    let identity = network.identity(child);
    let parent = network.tree.parent(code(child)).unwrap().to_string();
    let call = Call::honest(&identity, &parent, network.address(&parent));
    let mut client = LinkClient::new(call.channel().await.unwrap());
    let requests = identity.request_certificates(false).unwrap();
    let message = requests.message(&identity.network().id, identity.division());
    let signer = network.identity(signed_by);
    let request = RenewRequest {
        node: requests.node.into(),
        issuing: Default::default(),
        key_id: identity.signer().key_id().0.to_vec().into(),
        signature: signer.signer().sign(&message).await.unwrap().into(),
    };
    client.renew(request).await.map(|_| ())
}

#[tokio::test]
async fn a_stolen_tls_key_alone_renews_nothing_and_nobody_renews_twice_at_once() {
    let (network, clock) = network().await;
    let refused = ask(&network, VILLAGE, TOWNSHIP).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    assert!(
        refused.message().contains("not signed with a key of"),
        "{refused}"
    );
    ask(&network, VILLAGE, VILLAGE).await.unwrap();
    let early = ask(&network, VILLAGE, VILLAGE).await.unwrap_err();
    assert_eq!(early.code(), Code::ResourceExhausted, "{early}");
    clock.shift_ms(10_000);
    ask(&network, VILLAGE, VILLAGE).await.unwrap();
    network.shut_down().await;
}

#[tokio::test]
async fn five_tiers_run_for_most_of_a_year_and_nobody_touches_a_certificate() {
    let (network, clock) = network().await;
    let first = issuing(&network, TOWNSHIP).unwrap();
    let mut reported = vec![];
    let life = shown(&network)[VILLAGE];
    let days = (life.through - life.from) / 86_400;
    // Past the middle of an issuing certificate's life, when that is renewed too.
    let issuing_days = (first.through - first.from) / 86_400;
    let cycles = issuing_days * 2 / 3 / (days * 4 / 5) + 1;
    for n in 0..cycles {
        let (before, seen) = (shown(&network), seen_at_the_township(&network));
        clock.shift_hours(DAY * days * 4 / 5);
        reported.push(
            network
                .report_up(VILLAGE, &format!("report {n}"), COUNTY)
                .await,
        );
        renewed(&network, &before).await;
        eventually("the link is opened anew, with the new one", || async {
            network.node(VILLAGE).links.is_up(code(TOWNSHIP))
                && seen_at_the_township(&network) != seen
        })
        .await;
    }
    assert!(issuing(&network, TOWNSHIP).unwrap().from > first.from);
    network.linked().await;
    // What was reported months ago has gone further up since; every step of it came through.
    for id in reported {
        let county = network.office(COUNTY);
        eventually("the county has heard of it", || async {
            known(&county, id).await.is_some()
        })
        .await;
    }
    network.quiet().await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_parent_that_is_away_when_it_is_due_is_asked_again_and_a_person_is_told_before_the_end() {
    let (mut network, clock) = network().await;
    let before = shown(&network)[VILLAGE];
    network.stop(TOWNSHIP).await;
    let village = network.office(VILLAGE);
    let days = (before.through - before.from) / 86_400;
    clock.shift_hours(DAY * days * 4 / 5);
    eventually("the status says why", || async {
        failing(&network).is_some_and(|error| error.contains(VILLAGE))
    })
    .await;
    assert_eq!(network.node(VILLAGE).identity.validity(), before);
    clock.shift_hours(DAY * days / 5 - 40);
    village.attend().await.unwrap();
    let told = || async {
        let alarms = village.alarms().all().await.unwrap();
        let ends = alarms
            .iter()
            .find(|alarm| alarm.kind == AlarmKind::CertificateEnds);
        ends.is_some_and(|alarm| alarm.settled.is_none())
    };
    eventually("a person is told", told).await;
    network.restart(TOWNSHIP).await;
    let due = [(VILLAGE, before)].into();
    // The next attempt may be five minutes off.
    clock.shift_ms(300_000);
    renewed(&network, &due).await;
    eventually("the alarm is settled", || async { !told().await }).await;
    eventually("the status has nothing to say", || async {
        failing(&network).is_none()
    })
    .await;
    network.shut_down().await;
}
