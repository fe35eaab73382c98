//! `wujitong topology zone`

use std::{net::IpAddr, path::PathBuf, str::FromStr};

use config::HostPort;
use serde::Serialize;
use topology::{
    DivisionCode,
    zone::{NameServer, Target, Zone, ZoneError},
};

use crate::{Failure, Output, site::tree};

/// Prints the DNS zone of a division: where the nodes of its subtree are reached (域名区文件)
///
/// A node that has no `parent` in its configuration finds it by the service record
/// `_wujitong._tcp.NAME` of the parent's name, which spells its code: 330825 in the zone zj.example
/// is 25.08.33.zj.example. The file is for a name server such as bind, knot or nsd. Its serial
/// number is the time in seconds, so a file that is printed later replaces an earlier one.
///
/// A part of the subtree may have a zone of its own on other name servers: name them with
/// --delegate, and print that zone where it is served.
///
/// Examples:
///   wujitong topology zone 330825 --zone zj.example --ns ns.ly.example --host a.ly.example:7450
///   wujitong topology zone 3308 --zone zj.example --ns ns.qz --host a.qz:7450 --delegate 330825=ns.ly
///   wujitong topology zone 330825002 --zone zj.example --ns ns.example --host a.example:7450 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct PrintZone {
    /// The division at the top of the zone
    code: DivisionCode,
    /// Zone of the network, as in network.toml
    #[arg(long, value_name = "NAME")]
    zone: String,
    /// Where the nodes are reached; the first is tried first
    #[arg(long = "host", value_name = "HOST:PORT", value_parser = target)]
    hosts: Vec<Target>,
    /// Where the node of one division is reached instead
    #[arg(long, value_name = "CODE=HOST:PORT", value_parser = of_division(target))]
    at: Vec<(DivisionCode, Target)>,
    /// Name server of the zone; with its address if its name is in the zone
    #[arg(long = "ns", value_name = "HOST[=ADDRESS]", required = true, value_parser = server)]
    servers: Vec<NameServer>,
    /// Subtree that has a zone of its own, and its name server
    #[arg(long = "delegate", value_name = "CODE=HOST[=ADDRESS]", value_parser = of_division(server))]
    delegated: Vec<(DivisionCode, NameServer)>,
    /// Seconds for which answers are kept
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=604_800))]
    ttl: u32,
    /// CSV file of divisions, for other provinces than Zhejiang
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Printed {
    origin: String,
    text: String,
}

impl PrintZone {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let tree = tree(self.topology.as_deref())?;
        let now = rustls_pki_types::UnixTime::now().as_secs();
        let mut zone = Zone {
            top: self.code,
            network: &self.zone,
            servers: self.servers,
            targets: self.hosts,
            elsewhere: Default::default(),
            delegated: Default::default(),
            ttl: self.ttl,
            // Serial numbers wrap around (RFC 1982).
            serial: u32::try_from(now & u64::from(u32::MAX)).unwrap_or_default(),
        };
        for (code, target) in self.at {
            zone.elsewhere.entry(code).or_default().push(target);
        }
        for (code, server) in self.delegated {
            zone.delegated.entry(code).or_default().push(server);
        }
        let text = zone.written(&tree).map_err(unfit)?;
        let printed = Printed {
            origin: topology::dns::name(zone.top, zone.network),
            text,
        };
        output.facts(&printed, || printed.text.clone())
    }
}

fn unfit(error: ZoneError) -> Failure {
    match error {
        ZoneError::Unknown(error) => error.into(),
        other => Failure::Usage(other.to_string()),
    }
}

fn target(text: &str) -> Result<Target, String> {
    let read = HostPort::from_str(text).map_err(|shape| format!("write {}", shape.english))?;
    match read.host.parse::<IpAddr>() {
        Ok(_) => Err(
            "a service record leads to a name, not to an address; publish a name for it".to_owned(),
        ),
        Err(_) => Ok(Target {
            host: read.host,
            port: read.port,
        }),
    }
}

fn server(text: &str) -> Result<NameServer, String> {
    let (host, address) = match text.split_once('=') {
        None => (text, None),
        Some((host, address)) => {
            let address = address
                .parse()
                .map_err(|_| format!("`{address}` is not an IP address"));
            (host, Some(address?))
        }
    };
    let read = target(&format!("{host}:53"))?;
    Ok(NameServer {
        host: read.host,
        address,
    })
}

/// Reads `CODE=…`.
fn of_division<T: Send + Sync + Clone + 'static>(
    read: fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<(DivisionCode, T), String> + Clone {
    move |text| {
        let (code, rest) = text
            .split_once('=')
            .ok_or_else(|| "write the division's code, `=` and where it is".to_owned())?;
        let code = code
            .parse()
            .map_err(|error: topology::CodeError| error.to_string())?;
        Ok((code, read(rest)?))
    }
}
