//! Parents that are found by name.

use std::{net::SocketAddr, sync::Arc};

use hickory_server::{
    Server,
    proto::rr::{
        Name, RData, Record,
        rdata::{A, SOA, SRV},
    },
    store::in_memory::InMemoryZoneHandler,
    zone_handler::{AxfrPolicy, Catalog, ZoneType},
};
use testkit::{
    CITY, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, ZONE, code, eventually,
};
use tokio::net::{TcpListener, UdpSocket};
use topology::dns;

type Zone = InMemoryZoneHandler;

/// A name server for the zone of the network, to which records can be added.
struct NameServer {
    address: SocketAddr,
    zone: Arc<Zone>,
    server: Server<Catalog>,
}

fn name(text: &str) -> Name {
    Name::from_ascii(format!("{text}.")).unwrap()
}

impl NameServer {
    async fn start() -> Self {
        let origin = name(ZONE);
        let mut zone = Zone::empty(origin.clone(), ZoneType::Primary, AxfrPolicy::Deny);
        // A missing record may exist at the next attempt.
        let soa = SOA::new(origin.clone(), origin.clone(), 1, 1, 1, 1, 0);
        zone.upsert_mut(Record::from_rdata(origin.clone(), 0, RData::SOA(soa)), 1);
        let host = RData::A(A::new(127, 0, 0, 1));
        zone.upsert_mut(
            Record::from_rdata(name(&format!("host.{ZONE}")), 0, host),
            1,
        );
        let zone = Arc::new(zone);
        let mut catalog = Catalog::new();
        catalog.upsert(origin.into(), vec![Arc::clone(&zone) as _]);
        let mut server = Server::new(catalog);
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = udp.local_addr().unwrap();
        server.register_socket(udp);
        Self {
            address,
            zone,
            server,
        }
    }

    /// Publishes the address of a division.
    async fn publish(&self, division: &str, priority: u16, port: u16) {
        let service = format!("_wujitong._tcp.{}", dns::name(code(division), ZONE));
        let srv = SRV::new(priority, 1, port, name(&format!("host.{ZONE}")));
        let record = Record::from_rdata(name(&service), 0, RData::SRV(srv));
        assert!(self.zone.upsert(record, 1).await);
    }

    async fn stop(mut self) {
        self.server.shutdown_gracefully().await.unwrap();
    }
}

/// Returns a port without a listener.
async fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn parents_are_found_by_srv_records_and_a_dead_target_is_passed_over() {
    let names = NameServer::start().await;
    let options = Options {
        name_servers: vec![names.address],
        ..Options::default()
    };
    let mut network = Network::founded(&[VILLAGE], options).await;
    let path = [PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE];
    for division in path {
        // The child looks before there is a record.
        network.restart(division).await;
    }
    let village = network.node(VILLAGE).links;
    assert!(!village.is_up(code(TOWNSHIP)));
    for parent in [PROVINCE, CITY, COUNTY, TOWNSHIP] {
        names.publish(parent, 1, dead_port().await).await;
        names.publish(parent, 2, network.port(parent)).await;
    }
    network.linked().await;
    let id = network.report_up(VILLAGE, "rubbish", PROVINCE).await;
    network.held(PROVINCE, id).await;
    network.audited().await;
    network.shut_down().await;
    names.stop().await;
}

#[tokio::test]
async fn what_a_record_leads_to_must_still_be_the_parent() {
    let names = NameServer::start().await;
    let options = Options {
        name_servers: vec![names.address],
        ..Options::default()
    };
    let mut network = Network::founded(&[VILLAGE], options).await;
    for division in [PROVINCE, CITY, COUNTY, TOWNSHIP] {
        network.restart(division).await;
    }
    // The name leads to the county, which is a node of the network but not the village's parent.
    names.publish(TOWNSHIP, 1, network.port(COUNTY)).await;
    network.restart(VILLAGE).await;
    let refused = || {
        let text = network.host(COUNTY).metrics().encode();
        text.contains("peer_refused_total{reason=\"unknown-server-name\"}")
    };
    eventually("the village was at the wrong door", || async { refused() }).await;
    assert!(!network.node(VILLAGE).links.is_up(code(TOWNSHIP)));
    names.publish(TOWNSHIP, 2, network.port(TOWNSHIP)).await;
    for parent in [PROVINCE, CITY, COUNTY] {
        names.publish(parent, 1, network.port(parent)).await;
    }
    network.linked().await;
    network.shut_down().await;
    names.stop().await;
}
