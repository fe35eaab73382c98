use super::*;

fn client(allow: &[&str]) -> HttpClient {
    let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
    HttpClient::new(Policy::Webhooks { allow }, None, Surroundings::default())
}

fn check(client: &HttpClient, url: &str) -> Result<(), BadTarget> {
    client.check(&url.parse()?)
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
            matches!(check(&client(&[]), url), Err(BadTarget::Form(_))),
            "{url}"
        );
    }
    let with_password = check(&client(&[]), "https://me:secret@city.example/");
    assert_eq!(with_password, Err(BadTarget::Credentials));
    assert_eq!(
        check(&client(&[]), "https://city.example:8443/hook?a=b"),
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
        let refused = check(&client(&[]), &format!("https://{address}/"));
        assert!(
            matches!(refused, Err(BadTarget::Private(_))),
            "{address}: {refused:?}"
        );
    }
    for address in ["8.8.8.8", "114.114.114.114", "[2400:3200::1]", "172.32.0.1"] {
        assert_eq!(
            check(&client(&[]), &format!("https://{address}/")),
            Ok(()),
            "{address}"
        );
    }
}

#[test]
fn without_tls_something_goes_only_where_the_configuration_allows_it() {
    let none = client(&[]);
    for url in ["http://8.8.8.8/", "http://city.example/"] {
        assert!(
            matches!(check(&none, url), Err(BadTarget::Plain(_))),
            "{url}"
        );
    }
    let some = client(&["10.8.0.0/16"]);
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
    let client = client(&[]);
    assert_eq!(client.check(&target), Ok(()), "the name alone says nothing");
    let request = Request::new(Bytes::new());
    let refused = client.send(&target, request, 0).await.unwrap_err();
    assert!(
        matches!(refused, HttpError::Target(BadTarget::Private(_))),
        "{refused}"
    );
}

#[tokio::test]
async fn an_address_written_as_a_number_is_refused_when_it_is_connected_to() {
    let client = client(&[]);
    for host in ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"] {
        let target: Target = format!("https://{host}:9/").parse().unwrap();
        let request = Request::new(Bytes::new());
        let refused = client.send(&target, request, 0).await.unwrap_err();
        // Resolvers differ in which of them they take for an address.
        let kept_out = matches!(
            refused,
            HttpError::Target(BadTarget::Private(_)) | HttpError::Unresolved(..)
        );
        assert!(kept_out, "{host}: {refused}");
    }
}

#[tokio::test]
async fn the_provider_without_tls_is_reached_on_this_machine_only() {
    let client = HttpClient::new(Policy::Provider, None, Surroundings::default());
    let target: Target = "http://192.0.2.1:9/".parse().unwrap();
    let request = Request::new(Bytes::new());
    let refused = client.send(&target, request, 10).await.unwrap_err();
    assert!(
        matches!(refused, HttpError::Target(BadTarget::PlainElsewhere(_))),
        "{refused}"
    );
}
