//! Certificates, addresses and configuration files of five NATS servers.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::super::{
    PLACES,
    process::{Fault, free_addresses},
};

/// One server before it starts.
pub(super) struct Server {
    /// Address for clients.
    pub(super) client: SocketAddr,
    /// Its configuration file.
    pub(super) config: PathBuf,
}

/// Returns the JetStream domain of a server, which is also its name.
pub(super) fn domain(at: usize) -> &'static str {
    PLACES[at].tier
}

/// Writes all files into `dir`. Each server dials the next as a leaf node over mutual TLS, as a
/// child dials its parent.
pub(super) fn prepare(dir: &Path) -> Result<Vec<Server>, Fault> {
    let write = |path: &Path, text: &str| {
        fs::write(path, text).map_err(Fault::io(format!("writing {}", path.display())))
    };
    let authority = authority()?;
    write(&dir.join("ca.pem"), &authority.0)?;
    let clients = free_addresses(PLACES.len() * 2)?;
    let (clients, leaves) = clients.split_at(PLACES.len());
    let mut servers = vec![];
    for (at, client) in clients.iter().copied().enumerate() {
        let name = domain(at);
        let (certificate, key) = certificate(name, &authority.1)?;
        write(&dir.join(format!("{name}.pem")), &certificate)?;
        write(&dir.join(format!("{name}.key")), &key)?;
        let config = dir.join(format!("{name}.conf"));
        write(
            &config,
            &configuration(dir, name, client, leaves[at], leaves.get(at + 1)),
        )?;
        servers.push(Server { client, config });
    }
    Ok(servers)
}

fn configuration(
    dir: &Path,
    name: &str,
    client: SocketAddr,
    leaf: SocketAddr,
    above: Option<&SocketAddr>,
) -> String {
    let dir = dir.display();
    let tls = format!(
        "tls {{ cert_file: \"{dir}/{name}.pem\", key_file: \"{dir}/{name}.key\", \
         ca_file: \"{dir}/ca.pem\", verify: true }}"
    );
    let remotes = above.map_or_else(String::new, |above| {
        format!("  remotes: [ {{ url: \"tls://{above}\", {tls} }} ]\n")
    });
    format!(
        "server_name: {name}\nlisten: \"{client}\"\n\
         jetstream {{ store_dir: \"{dir}/{name}\", domain: {name}, sync_interval: always }}\n\
         leafnodes {{\n  listen: \"{leaf}\"\n  {tls}\n{remotes}}}\n"
    )
}

fn authority() -> Result<(String, Issuer<'static, KeyPair>), Fault> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "benchmark");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let pem = params.self_signed(&key)?.pem();
    Ok((pem, Issuer::new(params, key)))
}

fn certificate(name: &str, issuer: &Issuer<'static, KeyPair>) -> Result<(String, String), Fault> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_but_the_last_dials_the_next_and_all_sync_always() {
        let dir = tempfile::tempdir().unwrap();
        let servers = prepare(dir.path()).unwrap();
        let texts: Vec<_> = servers
            .iter()
            .map(|server| fs::read_to_string(&server.config).unwrap())
            .collect();
        let listening = |text: &str| {
            let leaf = text.split("leafnodes").nth(1).unwrap();
            leaf.split('"').nth(1).unwrap().to_owned()
        };
        for (below, above) in texts.iter().zip(&texts[1..]) {
            assert!(
                below.contains(&format!("tls://{}", listening(above))),
                "{below}"
            );
        }
        assert!(!texts[4].contains("remotes"));
        assert!(
            texts
                .iter()
                .all(|text| text.contains("sync_interval: always"))
        );
        assert!(texts.iter().all(|text| text.contains("verify: true")));
    }
}
