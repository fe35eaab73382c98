//! Connections and frames that are not allowed: each is rejected for its reason, and everybody else
//! is served.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures::future::join_all;
use rustls::{
    ClientConfig,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring::default_provider},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use testkit::{
    CITY, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, peer::Peer,
    wire::Call,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use wujitong::{
    domain::{
        envelope::{Destination, Lane, Order, Payload},
        ids::NetworkId,
    },
    identity::{self, CertificateProfile},
    wire::frame::{Ack, Batch, Frame, GoodbyeCode, Hello},
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";

/// Starts everything but the village.
async fn without_the_village(options: Options) -> Network {
    let mut network = Network::founded(&[VILLAGE, NEIGHBOUR], options).await;
    for division in [PROVINCE, CITY, COUNTY, TOWNSHIP, NEIGHBOUR] {
        network.restart(division).await;
    }
    network.linked().await;
    network
}

/// Checks that others are served.
async fn all_is_well(network: &Network) {
    let id = network.report_up(NEIGHBOUR, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
}

/// Returns how many connections a node rejected for a reason.
fn turned_away(network: &Network, at: &str, reason: &str) -> u64 {
    let text = network.host(at).metrics().encode();
    let series = format!("wujitong_peer_refused_total{{reason=\"{reason}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&series));
    line.map_or(0, |count| count.parse().unwrap())
}

async fn is_turned_away(network: &Network, at: &str, reason: &str) {
    eventually(&format!("somebody is turned away: {reason}"), || async {
        turned_away(network, at, reason) > 0
    })
    .await;
}

#[derive(Debug)]
struct Credulous(Arc<CryptoProvider>);

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Returns a client that trusts every certificate and shows that of a division, or none.
fn client(
    network: &Network,
    shows: Option<&str>,
    version: &'static rustls::SupportedProtocolVersion,
) -> Arc<ClientConfig> {
    let provider = Arc::new(default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous(provider)));
    let mut config = match shows {
        None => builder.with_no_client_auth(),
        Some(division) => {
            let dir = identity::directory(network.home(division), code(division));
            let chain = CertificateDer::pem_file_iter(dir.join("tls.pem")).unwrap();
            let key = PrivateKeyDer::from_pem_file(dir.join("tls.key")).unwrap();
            let chain = chain.collect::<Result<_, _>>().unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

fn call(network: &Network, to: &str, tls: Arc<ClientConfig>) -> Call {
    let identity = network.identity(to);
    Call {
        tls,
        server_name: identity.sni_name().to_owned(),
        authority: identity.sni_name().to_owned(),
        address: network.address(to),
    }
}

#[tokio::test]
async fn who_is_no_child_of_this_node_is_turned_away_at_the_door() {
    let network = without_the_village(Options::default()).await;
    let other_network = Network::founded(&[VILLAGE], Options::default()).await;
    let no_certificate = client(&network, None, &TLS13);
    let old_tls = client(&network, Some(VILLAGE), &TLS12);
    let stranger = client(&other_network, Some(VILLAGE), &TLS13);
    for (reason, tls) in [
        ("no-certificate", no_certificate),
        ("protocol", old_tls),
        ("unknown-root", stranger),
    ] {
        assert!(
            call(&network, TOWNSHIP, tls).open().await.is_err(),
            "{reason}"
        );
        is_turned_away(&network, TOWNSHIP, reason).await;
    }
    let grandchild = client(&network, Some(VILLAGE), &TLS13);
    assert!(call(&network, COUNTY, grandchild).open().await.is_err());
    is_turned_away(&network, COUNTY, "not-direct-child").await;
    let itself = client(&network, Some(TOWNSHIP), &TLS13);
    assert!(call(&network, TOWNSHIP, itself).open().await.is_err());
    is_turned_away(&network, TOWNSHIP, "not-direct-child").await;
    all_is_well(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_expired_certificate_is_turned_away_and_a_renewed_one_is_let_in() {
    let network = without_the_village(Options::default()).await;
    let renew = |now: UnixTime| {
        let (home, above) = (network.home(VILLAGE), network.home(TOWNSHIP));
        let terms = CertificateProfile::at(now);
        identity::renew(home, code(VILLAGE), above, &network.tree, &terms).unwrap();
    };
    let now = UnixTime::now();
    let last_year = Duration::from_secs(now.as_secs() - 365 * 86_400);
    renew(UnixTime::since_unix_epoch(last_year));
    assert!(Peer::knock(&network, VILLAGE).await.is_err());
    is_turned_away(&network, TOWNSHIP, "expired").await;
    let next_month = Duration::from_secs(now.as_secs() + 30 * 86_400);
    renew(UnixTime::since_unix_epoch(next_month));
    assert!(Peer::knock(&network, VILLAGE).await.is_err());
    is_turned_away(&network, TOWNSHIP, "not-yet-valid").await;
    renew(now);
    Peer::dial(&network, VILLAGE).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_name_that_is_not_here_or_not_the_one_dialled_opens_nothing() {
    let tree = topology::Tree::zhejiang();
    let hosted = [COUNTY, TOWNSHIP].map(code).to_vec();
    let groups = vec![
        vec![code(PROVINCE)],
        vec![code(CITY)],
        hosted,
        vec![code(VILLAGE)],
    ];
    let mut network = Network::start(tree, groups, Options::default()).await;
    network.linked().await;
    network.stop(VILLAGE).await;
    let honest = || client(&network, Some(VILLAGE), &TLS13);
    let mut nowhere = call(&network, TOWNSHIP, honest());
    nowhere.server_name = "999.25.08.33.zj.example".to_owned();
    let why = nowhere.open().await.err().unwrap();
    assert!(why.contains("alert"), "{why}");
    is_turned_away(&network, TOWNSHIP, "unknown-server-name").await;
    let mut unnamed = call(&network, TOWNSHIP, honest());
    unnamed.server_name = "127.0.0.1".to_owned();
    let why = unnamed.open().await.err().unwrap();
    assert!(why.contains("alert"), "{why}");
    // Both nodes are in this process: let in by one, it requests the other.
    let mut other = call(&network, TOWNSHIP, honest());
    other.authority = network.identity(COUNTY).sni_name().to_owned();
    let why = other.open().await.err().unwrap();
    assert!(why.contains("another node"), "{why}");
    assert!(
        call(&network, TOWNSHIP, honest()).open().await.is_ok(),
        "the control"
    );
    network.shut_down().await;
}

async fn goodbye_to(network: &Network, change: impl FnOnce(&mut Hello)) -> (GoodbyeCode, String) {
    let mut peer = Peer::knock(network, VILLAGE).await.unwrap();
    let mut hello = peer.hello();
    change(&mut hello);
    peer.say(Frame::Hello(Box::new(hello))).await;
    let goodbye = peer.goodbye().await;
    (goodbye.code, goodbye.reason)
}

#[tokio::test]
async fn a_greeting_that_does_not_fit_is_answered_with_its_reason() {
    let network = without_the_village(Options::default()).await;
    let before = format!("{:?}", network.books().await);
    let told = goodbye_to(&network, |hello| hello.network = NetworkId([3; 16])).await;
    assert_eq!(told.0, GoodbyeCode::Network, "{}", told.1);
    let told = goodbye_to(&network, |hello| hello.division = code(NEIGHBOUR)).await;
    assert_eq!(told.0, GoodbyeCode::Division, "{}", told.1);
    let told = goodbye_to(&network, |hello| hello.protocol = 99).await;
    assert_eq!(told.0, GoodbyeCode::Protocol, "{}", told.1);
    let told = goodbye_to(&network, |hello| {
        let mut forged = hello.key_statements[0].to_vec();
        *forged.last_mut().unwrap() ^= 1;
        hello.key_statements[0] = forged.into();
    });
    // A known key is not checked again; this one is.
    assert_eq!(told.await.0, GoodbyeCode::Malformed);
    let mut peer = Peer::knock(&network, VILLAGE).await.unwrap();
    let ack = Ack {
        lane: Lane::Matter,
        through: 0,
        refused: vec![],
    };
    peer.say(Frame::Ack(ack)).await;
    let goodbye = peer.goodbye().await;
    assert_eq!(goodbye.code, GoodbyeCode::Malformed);
    assert!(goodbye.reason.contains("greeting"), "{}", goodbye.reason);
    assert_eq!(format!("{:?}", network.books().await), before);
    Peer::dial(&network, VILLAGE).await;
    network.shut_down().await;
}

#[tokio::test]
async fn who_says_nothing_is_let_go_after_a_while() {
    let options = Options {
        adjust: |config| config.limits.handshake_timeout = Duration::from_millis(300),
        ..Options::default()
    };
    let network = without_the_village(options).await;
    let mut silent = Peer::knock(&network, VILLAGE).await.unwrap();
    let begun = Instant::now();
    let goodbye = silent.goodbye().await;
    assert!(goodbye.reason.contains("in time"), "{}", goodbye.reason);
    assert!(begun.elapsed() < Duration::from_secs(60));
    let _half_open = TcpStream::connect(network.address(TOWNSHIP)).await.unwrap();
    is_turned_away(&network, TOWNSHIP, "handshake-timeout").await;
    network.shut_down().await;
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_link_and_nothing_else() {
    let network = without_the_village(Options::default()).await;
    let before = format!("{:?}", network.books().await);
    for garbage in [
        Bytes::from_static(b"\xff\xff\xff\xff"),
        Bytes::from_static(b""),
        Bytes::from_static(b"\x12\x03abc"),
        vec![0x0b; 4096].into(),
        // Two bytes on the wire that would be many in memory.
        [0x22, 0x00].repeat(200_000).into(),
        vec![0; 3 << 20].into(),
    ] {
        let mut peer = Peer::dial(&network, VILLAGE).await;
        let length = garbage.len();
        peer.say_bytes(garbage).await;
        let ended = loop {
            match peer.hear().await {
                Ok(Frame::Goodbye(goodbye)) => break goodbye.reason,
                Err(broken) => break broken.to_string(),
                Ok(_) => {}
            }
        };
        assert!(!ended.is_empty(), "{length}");
    }
    let unsent = Ack {
        lane: Lane::Notice,
        through: 1_000,
        refused: vec![],
    };
    for frame in [
        Frame::Ack(unsent),
        Frame::Batch(Batch::new(Lane::Matter, 5, vec![], vec![])),
        Frame::Batch(Batch::new(Lane::Matter, 1, vec![], vec![])),
    ] {
        let mut peer = Peer::dial(&network, VILLAGE).await;
        peer.say(frame).await;
        assert_eq!(peer.goodbye().await.code, GoodbyeCode::Malformed);
    }
    let mut peer = Peer::dial(&network, VILLAGE).await;
    peer.greeted_again_is_an_error().await;
    assert_eq!(format!("{:?}", network.books().await), before);
    all_is_well(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn bytes_that_are_no_http2_after_a_good_handshake_harm_nobody() {
    let network = without_the_village(Options::default()).await;
    let tls = client(&network, Some(VILLAGE), &TLS13);
    let name = ServerName::try_from(network.identity(TOWNSHIP).sni_name().to_owned()).unwrap();
    for garbage in [vec![0x16; 100_000], b"GET / HTTP/1.1\r\n\r\n".to_vec()] {
        let tcp = TcpStream::connect(network.address(TOWNSHIP)).await.unwrap();
        let connector = TlsConnector::from(Arc::clone(&tls));
        let mut stream = connector.connect(name.clone(), tcp).await.unwrap();
        let _closed_meanwhile = stream.write_all(&garbage).await;
        let _closed_meanwhile = stream.flush().await;
    }
    all_is_well(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_thousand_half_open_connections_take_places_from_each_other_and_stop_nobody() {
    // None of them loses its place by waiting.
    let options = Options {
        adjust: |config| config.limits.handshake_timeout = Duration::from_secs(600),
        ..Options::default()
    };
    let mut network = without_the_village(options).await;
    network.stop(NEIGHBOUR).await;
    let address = network.address(TOWNSHIP);
    let knocks = (0..1_000).map(|n| async move {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        if n % 2 == 0 {
            // Only the beginning of a TLS record.
            let _displaced = tcp.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await;
        }
        tcp
    });
    let open = join_all(knocks).await;
    network.restart(NEIGHBOUR).await;
    network.linked().await;
    all_is_well(&network).await;
    assert_eq!(open.len(), 1_000);
    assert!(turned_away(&network, TOWNSHIP, "handshake-displaced") > 0);
    drop(open);
    network.shut_down().await;
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let options = Options {
        adjust: |config| {
            config.limits.connections_per_address = 4.try_into().expect("above zero");
        },
        ..Options::default()
    };
    let network = without_the_village(options).await;
    // The neighbour has one.
    let open = join_all((0..3).map(|_| shaken_hands(&network))).await;
    is_let_in(&network, false).await;
    drop(open);
    is_let_in(&network, true).await;
    assert!(turned_away(&network, TOWNSHIP, "too-many-connections") > 0);
    network.shut_down().await;
}

#[tokio::test]
async fn the_links_of_a_process_to_itself_count_against_no_bound_of_an_address() {
    let options = Options {
        adjust: |config| {
            config.limits.connections_per_address = 1.try_into().expect("above zero");
        },
        ..Options::default()
    };
    let network = Network::hosted(&[VILLAGE, NEIGHBOUR], options).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "rubbish", PROVINCE).await;
    network.held(PROVINCE, id).await;
    assert_eq!(turned_away(&network, TOWNSHIP, "too-many-connections"), 0);
    network.shut_down().await;
}

async fn is_let_in(network: &Network, expected: bool) {
    eventually("it is let in or not", || async {
        Peer::knock(network, VILLAGE).await.is_ok() == expected
    })
    .await;
}

#[tokio::test]
async fn who_sends_without_end_and_never_listens_is_stopped_and_others_are_served() {
    let network = without_the_village(Options::default()).await;
    let mut peer = Peer::dial(&network, VILLAGE).await;
    // A kind this node does not know: each is refused, and the answers are never read.
    let to = Destination::Division(code(TOWNSHIP));
    let envelopes: Vec<_> = (1..=256)
        .map(|n| {
            let order = Order::Sequence(n);
            peer.envelope(to, Lane::Notice, order, Payload::Unknown(77))
        })
        .collect();
    let entries = peer.sign(&envelopes).await;
    let mut sent = 0;
    while timeout(
        Duration::from_secs(2),
        peer.send(Lane::Notice, entries.clone()),
    )
    .await
    .is_ok()
    {
        sent += entries.len();
        assert!(sent < 50_000, "it takes without end from who never listens");
        if sent % (256 * 40) == 0 {
            all_is_well(&network).await;
        }
    }
    all_is_well(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn who_never_answers_holds_up_nobody_else() {
    let network = without_the_village(Options::default()).await;
    let _silent = Peer::dial(&network, VILLAGE).await;
    // The longest text that policy allows, in the longest characters.
    let large = "𠮷".repeat(2_000);
    for _ in 0..200 {
        let id = network.report(TOWNSHIP, &large).await;
        network.assign(TOWNSHIP, id, VILLAGE).await;
    }
    all_is_well(&network).await;
    let id = network.report(TOWNSHIP, "for the other").await;
    network.assign(TOWNSHIP, id, NEIGHBOUR).await;
    network.held(NEIGHBOUR, id).await;
    network.shut_down().await;
}

/// Opens a connection as a neighbour correctly does.
async fn shaken_hands(network: &Network) -> tokio_rustls::client::TlsStream<TcpStream> {
    let tls = client(network, Some(VILLAGE), &TLS13);
    let name = ServerName::try_from(network.identity(TOWNSHIP).sni_name().to_owned()).unwrap();
    let tcp = TcpStream::connect(network.address(TOWNSHIP)).await.unwrap();
    TlsConnector::from(tls).connect(name, tcp).await.unwrap()
}

/// Reads until the other side closes.
async fn is_closed(mut stream: impl AsyncRead + Unpin) {
    let mut heard = vec![];
    let closed = timeout(Duration::from_secs(20), stream.read_to_end(&mut heard));
    let _closed_or_reset = closed.await.expect("it is closed");
}

#[tokio::test]
async fn a_neighbour_that_shakes_hands_and_opens_no_link_loses_its_connection() {
    let options = Options {
        adjust: |config| config.limits.handshake_timeout = Duration::from_millis(300),
        ..Options::default()
    };
    let network = without_the_village(options).await;
    is_closed(shaken_hands(&network).await).await;
    let mut greeted = shaken_hands(&network).await;
    // The preface of HTTP/2 and empty settings, and no stream.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    greeted.write_all(preface).await.unwrap();
    is_closed(greeted).await;
    // The neighbour's own link, and a new one, stay.
    let mut peer = Peer::dial(&network, VILLAGE).await;
    let envelope = peer.envelope(
        Destination::Division(code(TOWNSHIP)),
        Lane::Notice,
        Order::Sequence(1),
        Payload::Unknown(77),
    );
    assert!(peer.try_out(envelope, vec![]).await.is_some());
    all_is_well(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_link_ends_when_a_certificate_that_opened_it_expires() {
    let network = without_the_village(Options::default()).await;
    let renew = |seconds| {
        let mut terms = CertificateProfile::at(UnixTime::now());
        terms.lifetimes.node = Duration::from_secs(seconds);
        let (home, above) = (network.home(VILLAGE), network.home(TOWNSHIP));
        identity::renew(home, code(VILLAGE), above, &network.tree, &terms).unwrap();
    };
    renew(8);
    let mut peer = Peer::dial(&network, VILLAGE).await;
    let goodbye = peer.goodbye().await;
    assert!(goodbye.reason.contains("expired"), "{}", goodbye.reason);
    assert!(Peer::knock(&network, VILLAGE).await.is_err());
    is_turned_away(&network, TOWNSHIP, "expired").await;
    renew(3_600);
    Peer::dial(&network, VILLAGE).await;
    all_is_well(&network).await;
    network.shut_down().await;
}
