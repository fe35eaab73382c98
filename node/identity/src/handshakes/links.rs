//! Tests who may connect to whom.

use domain::{
    ids::KeyId,
    revocation::{Reason, Revocation},
    time::Timestamp,
};

use super::*;
use crate::fixture::NOW;

#[tokio::test]
async fn every_tier_meets_its_parent_and_each_knows_the_other() {
    let net = Net::new();
    for (child, parent) in [
        (VILLAGE, TOWNSHIP),
        (TOWNSHIP, COUNTY),
        (COUNTY, CITY),
        (CITY, PROVINCE),
        (VILLAGE_WITHOUT_TOWNSHIP, COUNTY_WITHOUT_TOWNSHIPS),
    ] {
        let (child, parent) = (net.identity(child), net.identity(parent));
        let (server, client) = link(&child, &parent).await.accepted();
        assert_eq!(
            parent.peer_division(&server.certificates),
            Ok(child.division())
        );
        assert_eq!(
            child.peer_division(&client.certificates),
            Ok(parent.division())
        );
        assert_eq!(server.protocol.as_deref(), Some(&b"h2"[..]));
    }
}

#[tokio::test]
async fn a_grandchild_a_sibling_a_parent_and_the_node_itself_may_not_dial() {
    let net = Net::new();
    for (peer, here) in [
        (VILLAGE, COUNTY),
        (OTHER_TOWNSHIP, TOWNSHIP),
        (COUNTY, TOWNSHIP),
        (COUNTY, COUNTY),
    ] {
        let (peer, here) = (net.identity(peer), net.identity(here));
        let refusal = link(&peer, &here).await.refused_by_server();
        let expected = PeerRefusal::NotDirectChild {
            peer: peer.division(),
            here: here.division(),
        };
        assert_eq!(refusal, expected);
    }
}

#[tokio::test]
async fn another_node_that_answers_in_the_parents_place_is_refused() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), code(TOWNSHIP));
    for other in [COUNTY, OTHER_TOWNSHIP] {
        let other = code(other);
        let stolen = Specimen::signed(&net.authority(above(&net, other)), &proper(&net, other));
        let client = village.client_config(township);
        let met = meet(strange_server(stolen), client, &village.name_of(township)).await;
        let expected = PeerRefusal::WrongDivision {
            expected: township,
            found: other,
        };
        assert_eq!(met.refused_by_client(), expected);
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused() {
    let net = Net::new();
    let township = net.identity(TOWNSHIP);
    let met = meet(
        township.server_config(),
        strange_client(None),
        township.sni_name(),
    )
    .await;
    assert_eq!(met.refused_by_server(), PeerRefusal::NoCertificate);
}

#[tokio::test]
async fn tls_1_2_is_refused_on_both_sides() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    let specimen = |division| {
        Specimen::signed(
            &net.authority(above(&net, division)),
            &proper(&net, division),
        )
    };
    let old_client = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12])
        .expect("TLS 1.2")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_client_cert_resolver(specimen(code(VILLAGE)).resolver());
    let met = meet(
        township.server_config(),
        Arc::new(old_client),
        township.sni_name(),
    )
    .await;
    assert_eq!(met.refused_by_server().reason(), "protocol");

    let old_server = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS12])
        .expect("TLS 1.2")
        .with_no_client_auth()
        .with_cert_resolver(specimen(code(TOWNSHIP)).resolver());
    let client = village.client_config(code(TOWNSHIP));
    let met = meet(Arc::new(old_server), client, township.sni_name()).await;
    assert!(met.server.is_err() && met.client.is_err());
}

#[tokio::test]
async fn a_missing_or_unknown_server_name_ends_with_an_alert() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    for name in ["25.08.33.zj.example", "example.org", "127.0.0.1"] {
        let client = village.client_config(code(TOWNSHIP));
        let met = meet(township.server_config(), client, name).await;
        assert!(met.server.is_err(), "{name}");
        let told = met.client.expect_err("refused").to_string();
        assert!(told.contains("alert"), "{name}: {told}");
    }
}

#[tokio::test]
async fn nothing_is_resumed_even_if_the_other_side_would() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    let specimen = |division| {
        Specimen::signed(
            &net.authority(above(&net, division)),
            &proper(&net, division),
        )
    };
    let willing_client = strange_client(Some(specimen(code(VILLAGE))));
    let willing_server = strange_server(specimen(code(TOWNSHIP)));
    let ours = village.client_config(code(TOWNSHIP));
    for (server, client) in [
        (township.server_config(), Arc::clone(&ours)),
        (township.server_config(), willing_client),
        (willing_server, ours),
    ] {
        for _ in 0..2 {
            let met = meet(
                Arc::clone(&server),
                Arc::clone(&client),
                township.sni_name(),
            )
            .await;
            assert_eq!(met.accepted().0.kind, Some(HandshakeKind::Full));
        }
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_by_configurations_made_before() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    let (server, client) = (
        township.server_config(),
        village.client_config(code(TOWNSHIP)),
    );
    let again = || {
        meet(
            Arc::clone(&server),
            Arc::clone(&client),
            township.sni_name(),
        )
    };
    again().await.accepted();

    net.clock.advance_days(15);
    assert_eq!(again().await.refused_by_client(), PeerRefusal::Expired);
    renew(
        net.dir(),
        code(TOWNSHIP),
        net.dir(),
        &net.tree,
        &terms_in(8),
    )
    .expect("renewed");
    township.reload().expect("reloaded");
    assert_eq!(again().await.refused_by_server(), PeerRefusal::Expired);
    renew(net.dir(), code(VILLAGE), net.dir(), &net.tree, &terms_in(8)).expect("renewed");
    village.reload().expect("reloaded");
    again().await.accepted();
}

fn revoke(net: &Net, division: &str, days: i64) {
    let seconds = NOW.checked_add_signed(days * 86_400).expect("after 1970");
    let at = Timestamp(i64::try_from(seconds).expect("before 9999") * 1000);
    let key = (code(division), KeyId([1; 16]));
    let revocation = Revocation::new(key, vec![], vec![], Reason::Stolen, at);
    net.network.revoked.note(&revocation);
}

#[tokio::test]
async fn no_certificate_made_before_a_revocation_opens_a_link_and_one_made_after_does() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    link(&village, &township).await.accepted();
    revoke(&net, VILLAGE, 0);
    let refusal = link(&village, &township).await.refused_by_server();
    assert_eq!(refusal, PeerRefusal::Revoked(village.division()));
    let tomorrow = terms_in(1);
    renew(
        net.dir(),
        village.division(),
        net.dir(),
        &net.tree,
        &tomorrow,
    )
    .expect("renewed");
    village.reload().expect("loads");
    net.clock.advance_days(1);
    link(&village, &township).await.accepted();
    revoke(&net, VILLAGE, 2);
    let refusal = link(&village, &township).await.refused_by_server();
    assert_eq!(refusal, PeerRefusal::Revoked(village.division()));
}

#[tokio::test]
async fn a_revoked_parent_is_not_believed_nor_what_it_issues() {
    let net = Net::new();
    let (village, township) = (net.identity(VILLAGE), net.identity(TOWNSHIP));
    revoke(&net, TOWNSHIP, 0);
    let revoked = PeerRefusal::Revoked(township.division());
    // Its own certificate no longer counts.
    let met = link(&village, &township).await;
    assert_eq!(met.refused_by_client(), revoked);
    // Nor does anything that a thief of its issuing key issues for villages.
    let params = profile::node(village.division(), &net.network.zone, &terms_in(1));
    let made = Specimen::signed(&net.authority(township.division()), &params);
    net.clock.advance_days(1);
    let client = strange_client(Some(made));
    let met = meet(township.server_config(), client, township.sni_name()).await;
    assert_eq!(met.refused_by_server(), revoked);
    let county = net.identity(COUNTY);
    link(&county, &net.identity(CITY)).await.accepted();
}
