//! One matter's way is one trace.

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, code,
    meddler::{Direction, Mischief},
    rubbish,
};
use wujitong::domain::envelope::Payload;
use wujitong::wire::decode_envelope;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn the_trace_given_with_a_report_travels_with_it_over_every_link_and_back() {
    let children = [CITY, COUNTY, TOWNSHIP, VILLAGE];
    let options = Options {
        meddlers: children.map(|child| (code(child), Mischief::none())).into(),
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    let mut new = rubbish("rubbish");
    new.trace = Some(format!("00-{TRACE}-00f067aa0ba902b7-01"));
    let village = network.office(VILLAGE);
    let id = village
        .matters()
        .report_and_escalate(new, code(PROVINCE), CLERK)
        .await
        .unwrap();
    network.held(PROVINCE, id).await;
    network.close(PROVINCE, id).await;
    network.closed(VILLAGE, id).await;
    network.quiet().await;
    for child in children {
        let meddler = network.meddler(child);
        let traces = |direction| {
            let seen = meddler.seen(direction).into_iter();
            let about = seen.filter(|(_, entry)| {
                let envelope = decode_envelope(&entry.bytes).unwrap();
                matches!(envelope.payload, Payload::Give { .. } | Payload::Notice(_))
            });
            about.map(|(_, entry)| entry.trace).collect::<Vec<_>>()
        };
        for direction in [Direction::Up, Direction::Down] {
            let traces = traces(direction);
            assert!(!traces.is_empty(), "{child} {direction:?}");
            for trace in traces {
                let trace = trace.expect("every envelope about it is traced");
                assert_eq!(
                    trace.split('-').nth(1),
                    Some(TRACE),
                    "{child} {direction:?}"
                );
            }
        }
    }
    network.shut_down().await;
}
