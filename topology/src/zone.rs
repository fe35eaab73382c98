//! DNS zones of divisions: where the nodes of a subtree are reached, as a zone file (RFC 1035) with service records
//! (RFC 2782) and delegations of the parts that others serve.

use std::{collections::BTreeMap, fmt::Write as _, net::IpAddr};

use crate::{DivisionCode, Tree, UnknownDivision, dns};

/// Where a node is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name of its host, in ASCII, without a final dot.
    pub host: String,
    /// The port of its listener for neighbours.
    pub port: u16,
}

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameServer {
    /// Its name, in ASCII, without a final dot.
    pub host: String,
    /// Its address, which has to be stated if its name is in the zone that it serves.
    pub address: Option<IpAddr>,
}

/// What a zone says.
#[derive(Clone, Debug)]
pub struct Zone<'a> {
    /// The division at its top.
    pub top: DivisionCode,
    /// The zone of the network, such as `zj.example`.
    pub network: &'a str,
    /// Its name servers; at least one.
    pub servers: Vec<NameServer>,
    /// Where the nodes of the zone are reached, the first first.
    pub targets: Vec<Target>,
    /// Where single divisions are reached instead.
    pub elsewhere: BTreeMap<DivisionCode, Vec<Target>>,
    /// Subtrees that have zones of their own, with their name servers.
    pub delegated: BTreeMap<DivisionCode, Vec<NameServer>>,
    /// Seconds for which answers are kept, 1 to 604,800.
    pub ttl: u32,
    /// The number of this version, which has to grow with every change.
    pub serial: u32,
}

/// The reason why a zone cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// The division is not in the list.
    #[error(transparent)]
    Unknown(#[from] UnknownDivision),
    /// A division stands elsewhere.
    #[error("{0} does not stand below {1}, so this zone says nothing of it; leave it out")]
    Outside(DivisionCode, DivisionCode),
    /// A division is delegated, and something else is said of it or below it.
    #[error("{0} is in the zone that {1} has of its own; say it there")]
    Delegated(DivisionCode, DivisionCode),
    /// There is no name server.
    #[error("a zone needs a name server; name one with `--ns HOST`")]
    NoServer,
    /// A name server in its own zone has no address.
    #[error(
        "the name server {0} stands in the zone that it serves, so its address is needed: {0}=ADDRESS"
    )]
    NoAddress(String),
    /// Nothing says where a node is.
    #[error("nothing says where the node of {0} is reached; name a host with `--host HOST:PORT`")]
    Nowhere(DivisionCode),
}

impl Zone<'_> {
    /// Returns the zone file: the start of authority, the name servers, then the divisions by their codes.
    ///
    /// # Errors
    /// [`ZoneError`].
    pub fn written(&self, tree: &Tree) -> Result<String, ZoneError> {
        self.check(tree)?;
        let origin = dns::name(self.top, self.network);
        let first = self.servers.first().ok_or(ZoneError::NoServer)?;
        let mut text = format!(
            "; Nodes of {} {} and below\n$ORIGIN {origin}.\n$TTL {}\n@ SOA {}. hostmaster.{}. {} 3600 600 1209600 {}\n",
            self.top,
            tree.get(self.top).map_or("", |division| division.name),
            self.ttl,
            first.host,
            self.network.trim_end_matches('.'),
            self.serial,
            self.ttl.min(300),
        );
        servers(&mut text, &origin, &origin, &self.servers)?;
        for division in tree.subtree(self.top) {
            if let Some(servers_of) = self.delegated.get(&division) {
                let _infallible = writeln!(text, "; {division} has a zone of its own");
                servers(
                    &mut text,
                    &dns::name(division, self.network),
                    &origin,
                    servers_of,
                )?;
            } else if tree.has_node(division) && self.cut_above(tree, division).is_none() {
                self.node(&mut text, tree, division)?;
            }
        }
        Ok(text)
    }

    fn check(&self, tree: &Tree) -> Result<(), ZoneError> {
        let below = |division: DivisionCode| {
            tree.require(division)?;
            match tree.contains(self.top, division) {
                true => Ok(()),
                false => Err(ZoneError::Outside(division, self.top)),
            }
        };
        below(self.top)?;
        for division in self.elsewhere.keys().chain(self.delegated.keys()) {
            below(*division)?;
            if let Some(cut) = self.cut_above(tree, *division) {
                return Err(ZoneError::Delegated(*division, cut));
            }
        }
        for (division, servers) in &self.delegated {
            if *division == self.top || servers.is_empty() {
                return Err(ZoneError::NoServer);
            }
            if self.elsewhere.contains_key(division) {
                return Err(ZoneError::Delegated(*division, *division));
            }
        }
        Ok(())
    }

    /// Returns the delegated division above one, if there is one.
    fn cut_above(&self, tree: &Tree, division: DivisionCode) -> Option<DivisionCode> {
        let mut cuts = self.delegated.keys().copied();
        cuts.find(|cut| *cut != division && tree.contains(*cut, division))
    }

    fn node(
        &self,
        text: &mut String,
        tree: &Tree,
        division: DivisionCode,
    ) -> Result<(), ZoneError> {
        let own = self.elsewhere.get(&division).unwrap_or(&self.targets);
        if own.is_empty() {
            return Err(ZoneError::Nowhere(division));
        }
        let name = dns::name(division, self.network);
        let label = tree.get(division).map_or("", |division| division.name);
        for (at, target) in own.iter().enumerate() {
            let priority = (at + 1) * 10;
            let _infallible = writeln!(
                text,
                "_wujitong._tcp.{name}. SRV {priority} 1 {} {}. ; {label}",
                target.port, target.host
            );
        }
        Ok(())
    }
}

/// Writes the name servers of a zone, with the address of each whose name the zone that is written must know.
fn servers(
    text: &mut String,
    zone: &str,
    origin: &str,
    servers: &[NameServer],
) -> Result<(), ZoneError> {
    for server in servers {
        let _infallible = writeln!(text, "{zone}. NS {}.", server.host);
    }
    for server in servers {
        let within = |zone: &str| server.host == zone || server.host.ends_with(&format!(".{zone}"));
        match server.address {
            // Foreign names have their addresses elsewhere.
            _ if !within(origin) => {}
            Some(IpAddr::V4(address)) => _ = writeln!(text, "{}. A {address}", server.host),
            Some(IpAddr::V6(address)) => _ = writeln!(text, "{}. AAAA {address}", server.host),
            None => return Err(ZoneError::NoAddress(server.host.clone())),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str = "zj.example";

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn server(host: &str, address: Option<&str>) -> NameServer {
        NameServer {
            host: host.to_owned(),
            address: address.map(|address| address.parse().unwrap()),
        }
    }

    fn target(host: &str) -> Target {
        Target {
            host: host.to_owned(),
            port: 7450,
        }
    }

    fn county() -> Zone<'static> {
        Zone {
            top: code("330825"),
            network: NETWORK,
            servers: vec![server("ns.longyou.example", None)],
            targets: vec![target("a.longyou.example"), target("b.longyou.example")],
            elsewhere: BTreeMap::new(),
            delegated: BTreeMap::new(),
            ttl: 300,
            serial: 7,
        }
    }

    #[test]
    fn every_node_of_the_subtree_has_its_records_and_no_other() {
        let tree = Tree::zhejiang();
        let text = county().written(&tree).unwrap();
        let nodes: Vec<_> = tree.nodes(code("330825")).collect();
        let records = text.lines().filter(|line| line.contains(" SRV ")).count();
        assert_eq!(records, nodes.len() * 2);
        for node in nodes {
            let name = dns::name(node, NETWORK);
            let first = format!("_wujitong._tcp.{name}. SRV 10 1 7450 a.longyou.example. ; ");
            assert!(text.contains(&first), "{node}");
        }
        assert!(text.contains("@ SOA ns.longyou.example. hostmaster.zj.example. 7 "));
        assert!(
            !text.contains(" A "),
            "the name server's address is elsewhere"
        );
    }

    #[test]
    fn a_delegated_township_is_left_to_its_name_servers_with_all_its_villages() {
        let tree = Tree::zhejiang();
        let township = code("330825002");
        let zone = Zone {
            delegated: [(
                township,
                vec![server("ns.002.25.08.33.zj.example", Some("10.8.25.2"))],
            )]
            .into(),
            ..county()
        };
        let text = zone.written(&tree).unwrap();
        assert!(text.contains("002.25.08.33.zj.example. NS ns.002.25.08.33.zj.example.\n"));
        assert!(text.contains("ns.002.25.08.33.zj.example. A 10.8.25.2\n"));
        assert!(!text.contains("_tcp.002.25.08.33"));
        assert!(!text.contains("_tcp.222.002.25.08.33"));
        assert!(text.contains("_tcp.001.25.08.33"));
    }

    #[test]
    fn a_node_on_another_machine_has_its_own_targets() {
        let tree = Tree::zhejiang();
        let zone = Zone {
            elsewhere: [(code("330825002"), vec![target("donghua.example")])].into(),
            ..county()
        };
        let text = zone.written(&tree).unwrap();
        let lines = text
            .lines()
            .filter(|line| line.starts_with("_wujitong._tcp.002.25."));
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), 1);
        assert!(lines[0].contains(" donghua.example. "));
    }

    #[test]
    fn what_cannot_be_is_refused_with_the_division_that_it_is_about() {
        let tree = Tree::zhejiang();
        let (township, village) = (code("330825002"), code("330825002222"));
        let ns = || vec![server("ns.example", None)];
        let cases = [
            (
                Zone {
                    servers: vec![],
                    ..county()
                },
                ZoneError::NoServer,
            ),
            (
                Zone {
                    targets: vec![],
                    ..county()
                },
                ZoneError::Nowhere(code("330825")),
            ),
            (
                Zone {
                    elsewhere: [(code("330802"), vec![])].into(),
                    ..county()
                },
                ZoneError::Outside(code("330802"), code("330825")),
            ),
            (
                Zone {
                    elsewhere: [(village, vec![target("v.example")])].into(),
                    delegated: [(township, ns())].into(),
                    ..county()
                },
                ZoneError::Delegated(village, township),
            ),
            (
                Zone {
                    servers: vec![server("ns.25.08.33.zj.example", None)],
                    ..county()
                },
                ZoneError::NoAddress("ns.25.08.33.zj.example".to_owned()),
            ),
        ];
        for (zone, refused) in cases {
            assert_eq!(zone.written(&tree), Err(refused));
        }
        let unknown = Zone {
            top: code("330899"),
            ..county()
        };
        assert!(matches!(unknown.written(&tree), Err(ZoneError::Unknown(_))));
    }
}
