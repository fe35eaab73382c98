//! Invalid certificates, each refused for its own reason.

use super::*;

#[tokio::test]
async fn a_proper_certificate_from_a_strange_client_is_accepted_so_the_zoo_proves_something() {
    let net = Net::new();
    let township = net.identity(TOWNSHIP);
    let village = code(VILLAGE);
    let specimen = Specimen::signed(&net.authority(code(TOWNSHIP)), &proper(&net, village));
    let client = strange_client(Some(specimen));
    let met = meet(township.server_config(), client, township.sni_name()).await;
    assert_eq!(
        township.peer_division(&met.accepted().0.certificates),
        Ok(village)
    );
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let refusals = altered(|net, division, params| {
        *params = profile::node(division, &net.network.zone, &terms_in(-91));
    });
    assert_eq!(refusals.await, [PeerRefusal::Expired, PeerRefusal::Expired]);
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_refused() {
    let refusals = altered(|net, division, params| {
        *params = profile::node(division, &net.network.zone, &terms_in(1));
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::NotYetValid, PeerRefusal::NotYetValid]
    );
}

#[tokio::test]
async fn the_same_division_of_another_network_of_the_same_name_is_refused() {
    let other = Net::new();
    let refusals = shown_on_both_sides(|_, division| {
        Specimen::signed(
            &other.authority(above(&other, division)),
            &proper(&other, division),
        )
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::UnknownRoot, PeerRefusal::UnknownRoot]
    );
}

#[tokio::test]
async fn an_issuer_that_copies_only_the_name_of_the_real_one_is_refused() {
    let refusals = shown_on_both_sides(|net, division| {
        let mut real = net.authority(above(net, division));
        real.issuer = profile::issuer(&real.certificates[0], new_key()).expect("an issuer");
        Specimen::signed(&real, &proper(net, division))
    });
    assert_eq!(refusals.await, [PeerRefusal::Forged, PeerRefusal::Forged]);
}

#[tokio::test]
async fn a_name_outside_the_issuers_subtree_is_refused() {
    let refusals = shown_on_both_sides(|net, division| {
        Specimen::signed(&net.authority(code(OTHER_COUNTY)), &proper(net, division))
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::OutsideSubtree, PeerRefusal::OutsideSubtree]
    );
}

#[tokio::test]
async fn an_issuing_certificate_made_outside_its_issuers_subtree_is_refused() {
    let refusals = shown_on_both_sides(|net, division| {
        let parent = above(net, division);
        let strange = authority_under(&net.authority(code(OTHER_CITY)), &issuing(net, parent));
        Specimen::signed(&strange, &proper(net, division))
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::OutsideSubtree, PeerRefusal::OutsideSubtree]
    );
}

#[tokio::test]
async fn an_issuing_certificate_without_its_own_constraint_is_refused() {
    let refusals = shown_on_both_sides(|net, division| {
        let parent = above(net, division);
        let mut params = issuing(net, parent);
        params.name_constraints = None;
        let loose = authority_under(&net.authority(above(net, parent)), &params);
        Specimen::signed(&loose, &proper(net, division))
    });
    let wrong = |division| PeerRefusal::WrongIssuer(code(division));
    assert_eq!(refusals.await, [wrong(VILLAGE), wrong(TOWNSHIP)]);
}

#[tokio::test]
async fn a_certificate_that_the_grandparent_issued_is_refused() {
    let refusals = shown_on_both_sides(|net, division| {
        let grandparent = net.authority(above(net, above(net, division)));
        Specimen::signed(&grandparent, &proper(net, division))
    });
    let wrong = |division| PeerRefusal::WrongIssuer(code(division));
    assert_eq!(refusals.await, [wrong(VILLAGE), wrong(TOWNSHIP)]);
}

#[tokio::test]
async fn a_certificate_that_the_division_issued_itself_is_refused() {
    let net = Net::new();
    let (township, county) = (net.identity(TOWNSHIP), net.identity(COUNTY));
    let own = Specimen::signed(
        &net.authority(code(TOWNSHIP)),
        &proper(&net, code(TOWNSHIP)),
    );
    let met = meet(
        county.server_config(),
        strange_client(Some(own)),
        county.sni_name(),
    )
    .await;
    assert_eq!(
        met.refused_by_server(),
        PeerRefusal::WrongIssuer(township.division())
    );
}

#[tokio::test]
async fn an_issuing_certificate_below_a_township_is_refused() {
    let net = Net::new();
    let township = net.identity(TOWNSHIP);
    let below = authority_under(
        &net.authority(code(TOWNSHIP)),
        &issuing(&net, code(VILLAGE)),
    );
    let specimen = Specimen::signed(&below, &proper(&net, code(VILLAGE)));
    let client = strange_client(Some(specimen));
    let met = meet(township.server_config(), client, township.sni_name()).await;
    assert_eq!(met.refused_by_server(), PeerRefusal::PathTooLong);
}

#[tokio::test]
async fn a_common_name_alone_is_no_name() {
    let refusals = altered(|_, _, params| params.subject_alt_names.clear());
    assert_eq!(
        refusals.await,
        [PeerRefusal::NoDivisionName, PeerRefusal::NoDivisionName]
    );
}

#[tokio::test]
async fn the_common_name_is_not_read_at_all() {
    let net = Net::new();
    let township = net.identity(TOWNSHIP);
    let mut params = proper(&net, code(VILLAGE));
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "33.zj.example");
    let client = strange_client(Some(Specimen::signed(
        &net.authority(code(TOWNSHIP)),
        &params,
    )));
    let met = meet(township.server_config(), client, township.sni_name()).await;
    assert_eq!(
        township.peer_division(&met.accepted().0.certificates),
        Ok(code(VILLAGE))
    );
}

#[tokio::test]
async fn two_names_are_refused_though_both_are_in_the_subtree() {
    let refusals = altered(|_, _, params| {
        params
            .subject_alt_names
            .push(params.subject_alt_names[0].clone());
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::SeveralNames(2), PeerRefusal::SeveralNames(2)]
    );
}

#[tokio::test]
async fn a_division_name_beside_an_address_is_refused() {
    let refusals = altered(|_, _, params| {
        params
            .subject_alt_names
            .push(SanType::IpAddress([127, 0, 0, 1].into()));
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::SeveralNames(2), PeerRefusal::SeveralNames(2)]
    );
}

#[tokio::test]
async fn a_wildcard_inside_the_subtree_is_refused() {
    let refusals = altered(|net, division, params| {
        let parent = dns::name(above(net, division), &net.network.zone);
        params.subject_alt_names = vec![dns_name(&format!("*.{parent}"))];
    });
    for refusal in refusals.await {
        assert!(matches!(refusal, PeerRefusal::Wildcard(_)), "{refusal:?}");
    }
}

#[tokio::test]
async fn an_address_instead_of_a_name_is_refused() {
    let refusals = altered(|_, _, params| {
        params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::NotADnsName, PeerRefusal::NotADnsName]
    );
}

#[tokio::test]
async fn names_in_the_subtree_that_spell_no_division_of_the_tree_are_refused() {
    for label in ["www", "999", "002.999", "AB"] {
        let refusals = altered(|net, division, params| {
            let parent = dns::name(above(net, division), &net.network.zone);
            params.subject_alt_names = vec![dns_name(&format!("{label}.{parent}"))];
        });
        for refusal in refusals.await {
            assert!(
                matches!(refusal, PeerRefusal::UnknownDivision(_)),
                "{label}: {refusal:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_division_spelled_in_capitals_is_refused_because_it_has_one_spelling() {
    let refusals = altered(|net, division, params| {
        let name = dns::name(division, &net.network.zone).to_ascii_uppercase();
        params.subject_alt_names = vec![dns_name(&name)];
    });
    for refusal in refusals.await {
        assert!(
            matches!(refusal, PeerRefusal::UnknownDivision(_)),
            "{refusal:?}"
        );
    }
}

#[tokio::test]
async fn a_statistical_unit_without_a_node_is_refused() {
    let net = Net::new();
    let county = net.identity(COUNTY_WITHOUT_TOWNSHIPS);
    let pseudo = code("330383198");
    let specimen = Specimen::signed(&net.authority(county.division()), &proper(&net, pseudo));
    let client = strange_client(Some(specimen));
    let met = meet(county.server_config(), client, county.sni_name()).await;
    assert_eq!(met.refused_by_server(), PeerRefusal::NotANode(pseudo));
}

#[tokio::test]
async fn a_node_certificate_that_says_it_is_a_ca_is_refused() {
    let refusals = altered(|_, _, params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(refusals.await, [PeerRefusal::IsCa, PeerRefusal::IsCa]);
}

#[tokio::test]
async fn a_certificate_for_one_side_only_is_refused_on_the_other() {
    let refusals = altered(|_, division, params| {
        // The village dials, the township answers.
        params.extended_key_usages = vec![if division == code(VILLAGE) {
            ExtendedKeyUsagePurpose::ServerAuth
        } else {
            ExtendedKeyUsagePurpose::ClientAuth
        }];
    });
    assert_eq!(
        refusals.await,
        [PeerRefusal::WrongUsage, PeerRefusal::WrongUsage]
    );
}

#[tokio::test]
async fn bytes_that_are_no_certificate_are_refused() {
    let refusals = shown_on_both_sides(|_, _| Specimen {
        chain: vec![CertificateDer::from(b"0\x82garbage".to_vec())],
        key: new_key(),
    });
    for refusal in refusals.await {
        assert!(matches!(refusal, PeerRefusal::Malformed(_)), "{refusal:?}");
    }
}
