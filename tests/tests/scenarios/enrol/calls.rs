//! Calls written by hand, to say what no honest machine says.

use prost::Message;
use proto::v1::{JoinAnswer, JoinCall, JoinRequest, join_answer::What};
use rustls_pki_types::ServerName;
use tokio_rustls::{TlsConnector, client::TlsStream};
use wujitong::identity::{InvitationSigner, JOIN_EXPORTER, join_client_config, join_name};

use super::*;

async fn connected(network: &Network, text: &InvitationText) -> TlsStream<TcpStream> {
    let config = join_client_config(text, &network.tree, &Surroundings::default());
    let name = ServerName::try_from(join_name(text.parent)).unwrap();
    let tcp = TcpStream::connect(network.address(PROVINCE)).await.unwrap();
    TlsConnector::from(config).connect(name, tcp).await.unwrap()
}

fn exported(tls: &TlsStream<TcpStream>) -> [u8; 32] {
    let connection = tls.get_ref().1;
    connection
        .export_keying_material([0; 32], JOIN_EXPORTER, None)
        .unwrap()
}

/// Sends a call and returns the number of the refusal; 0 for a grant.
async fn said(tls: &mut TlsStream<TcpStream>, request: Vec<u8>, signature: Vec<u8>) -> u32 {
    let call = JoinCall {
        request: request.into(),
        signature: signature.into(),
        readmit: Default::default(),
    };
    let call = call.encode_to_vec();
    tls.write_u32(call.len() as u32).await.unwrap();
    tls.write_all(&call).await.unwrap();
    let length = tls.read_u32().await.unwrap();
    let mut answer = vec![0; length as usize];
    tls.read_exact(&mut answer).await.unwrap();
    match JoinAnswer::decode(&*answer).unwrap().what.unwrap() {
        What::Refused(refused) => refused.number,
        What::Grant(_) => 0,
        What::Pending(_) => panic!("it waits"),
        What::Readmitted(_) => panic!("nobody came back"),
    }
}

/// Returns the request that an honest machine sends, before it was sent.
async fn request_of(network: &Network, machine: &Machine) -> Vec<u8> {
    let nowhere = InvitationText {
        addresses: vec!["127.0.0.1:1".to_owned()],
        ..machine.joining.invitation().clone()
    };
    let joining = begun_in(machine.dir.path(), network, &nowhere);
    let unreachable = ask(&joining, &network.tree, &Surroundings::default()).await;
    assert!(matches!(unreachable, Err(AskError::Unreachable(..))));
    let kept = machine.joining.request(|_| panic!("it was made before"));
    kept.unwrap()
}

#[tokio::test]
async fn a_call_of_one_connection_is_not_valid_on_another() {
    let network = province().await;
    let text = invited(&network, inviting(NEW, network.address(PROVINCE))).await;
    let machine = Machine::new(&network, &text);
    let request = request_of(&network, &machine).await;
    let signer = InvitationSigner::of(&text);
    let (first, mut second) = tokio::join!(connected(&network, &text), connected(&network, &text));
    assert_ne!(exported(&first), exported(&second));
    let signature = signer.sign(&exported(&first), &request);
    assert_eq!(said(&mut second, request.clone(), signature).await, 9);
    assert_eq!(state(&network, &text).await, StateName::Open);
    let mut third = connected(&network, &text).await;
    let signature = signer.sign(&exported(&third), &request);
    assert_eq!(said(&mut third, request, signature).await, 0);
    network.shut_down().await;
}

#[tokio::test]
async fn a_request_of_another_network_parent_division_or_content_is_refused_by_its_number() {
    let network = province().await;
    let text = invited(&network, inviting(NEW, network.address(PROVINCE))).await;
    let machine = Machine::new(&network, &text);
    let honest = request_of(&network, &machine).await;
    let honest = JoinRequest::decode(&*honest).unwrap();
    let signer = InvitationSigner::of(&text);
    type Change = fn(&mut JoinRequest);
    let changes: [(u32, Change); 7] = [
        (1, |it| it.network = vec![1; 16].into()),
        (1, |it| it.parent = code(CITY).as_u64()),
        (2, |it| it.division = code("330825").as_u64()),
        (2, |it| it.invitation = vec![1; 32].into()),
        (10, |it| it.possession = vec![1; 64].into()),
        (10, |it| it.issuing = it.tls.clone()),
        (12, |it| it.protocol = 99),
    ];
    for (number, change) in changes {
        let mut changed = honest.clone();
        change(&mut changed);
        let request = changed.encode_to_vec();
        let mut tls = connected(&network, &text).await;
        let signature = signer.sign(&exported(&tls), &request);
        assert_eq!(
            said(&mut tls, request, signature).await,
            number,
            "{changed:?}"
        );
    }
    assert_eq!(
        state(&network, &text).await,
        StateName::Open,
        "nothing changed"
    );
    assert_eq!(network.node(PROVINCE).keys.standing(code(NEW)), []);
    network.shut_down().await;
}

#[tokio::test]
async fn what_is_no_call_ends_the_connection_and_nothing_else() {
    let network = province().await;
    let text = invited(&network, inviting(NEW, network.address(PROVINCE))).await;
    let mut long = connected(&network, &text).await;
    long.write_u32(16 * 1024 + 1).await.unwrap();
    assert!(long.read_u32().await.is_err(), "longer than any call");
    let mut rubbish = connected(&network, &text).await;
    rubbish.write_u32(5).await.unwrap();
    rubbish.write_all(b"hello").await.unwrap();
    let length = rubbish.read_u32().await.unwrap();
    let mut answer = vec![0; length as usize];
    rubbish.read_exact(&mut answer).await.unwrap();
    let answer = JoinAnswer::decode(&*answer).unwrap().what.unwrap();
    assert!(matches!(answer, What::Refused(_)));
    Machine::new(&network, &text).join(&network).await;
    network.shut_down().await;
}
