use super::*;

fn poster(allow: &[&str]) -> Poster {
    let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
    Poster::new(allow, None, Surroundings::default())
}

fn check(poster: &Poster, url: &str) -> Result<(), BadTarget> {
    poster.check(&url.parse()?)
}

#[test]
fn what_is_no_address_of_the_web_is_refused() {
    for url in [
        "",
        "city.example/hook",
        "ftp://city.example/",
        "https://",
        "https:///path",
        "https://city.example:0/",
        "https://city.example:99999/",
        "https://city.example/a b",
        "https://city.example/\n",
        "https://city.example/#part",
        "file:///etc/passwd",
    ] {
        assert!(
            matches!(check(&poster(&[]), url), Err(BadTarget::Form(_))),
            "{url}"
        );
    }
    let with_password = check(&poster(&[]), "https://me:secret@city.example/");
    assert_eq!(with_password, Err(BadTarget::Credentials));
    assert_eq!(
        check(&poster(&[]), "https://city.example:8443/hook?a=b"),
        Ok(())
    );
}

#[test]
fn nothing_goes_into_the_nodes_own_network_however_its_address_is_written() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[ff02::1]",
    ] {
        let refused = check(&poster(&[]), &format!("https://{address}/"));
        assert!(
            matches!(refused, Err(BadTarget::Private(_))),
            "{address}: {refused:?}"
        );
    }
    for address in ["8.8.8.8", "114.114.114.114", "[2400:3200::1]", "172.32.0.1"] {
        assert_eq!(
            check(&poster(&[]), &format!("https://{address}/")),
            Ok(()),
            "{address}"
        );
    }
}

#[test]
fn without_tls_something_goes_only_where_the_configuration_allows_it() {
    let none = poster(&[]);
    for url in ["http://8.8.8.8/", "http://city.example/"] {
        assert!(
            matches!(check(&none, url), Err(BadTarget::Plain(_))),
            "{url}"
        );
    }
    let some = poster(&["10.8.0.0/16"]);
    assert_eq!(check(&some, "http://10.8.1.1:8080/hook"), Ok(()));
    assert!(matches!(
        check(&some, "http://10.9.1.1/"),
        Err(BadTarget::Private(_))
    ));
    assert!(matches!(
        check(&some, "http://8.8.8.8/"),
        Err(BadTarget::Plain(_))
    ));
}

#[tokio::test]
async fn a_name_that_leads_to_this_machine_is_refused_when_it_is_connected_to() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let target: Target = format!("https://localhost:{port}/").parse().unwrap();
    let poster = poster(&[]);
    assert_eq!(poster.check(&target), Ok(()), "the name alone says nothing");
    let refused = poster
        .post(&target, vec![], Bytes::new())
        .await
        .unwrap_err();
    assert!(
        matches!(refused, PostError::Target(BadTarget::Private(_))),
        "{refused}"
    );
}
