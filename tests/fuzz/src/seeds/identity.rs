//! A network with its keys, certificates, and receipts.

use std::{
    fs,
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    custody::Docket,
    envelope::{Destination, Envelope, Payload},
    receipt::Evidence,
    suite::Suite,
};
use identity::{
    CertificateProfile, Founding, Identity, Network, Roots, Surroundings, enrol, found_network,
};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use serde_json::json;
use tempfile::TempDir;
use topology::{DivisionCode, Tree};

use super::{NOW, recorded, wire::envelopes};

pub(crate) fn key_statements() -> Vec<Vec<u8>> {
    let chain = NETWORK.identity.key_chain();
    let signed = chain.iter().map(identity::SignedKeyStatement::encode);
    let plain = chain.iter().map(|signed| signed.bytes.clone());
    let all = identity::SignedKeyStatement::encode_all(chain);
    signed.chain(plain).chain([all]).collect()
}

pub(crate) fn certificates() -> Vec<Vec<u8>> {
    let roots = fs::read(NETWORK.dir.path().join("roots.pem")).expect("the roots");
    let own = identity::directory(NETWORK.dir.path(), NETWORK.identity.division());
    let chain = fs::read(own.join("tls.pem")).expect("the chain");
    let certificates = CertificateDer::pem_slice_iter(&chain).filter_map(Result::ok);
    let mut found: Vec<Vec<u8>> = certificates.map(|der| der.to_vec()).collect();
    found.extend([roots, chain]);
    found
}

/// A network with one branch down to the author of a notice, founded anew in each process.
pub(crate) struct Founded {
    dir: TempDir,
    pub(crate) tree: Arc<Tree>,
    pub(crate) roots: Roots,
    identity: Identity,
    notice: (Bytes, Envelope),
}

pub(crate) static NETWORK: LazyLock<Founded> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a folder");
    let tree = Tree::zhejiang();
    let founding = Founding {
        zone: "zj.example".to_owned(),
        demo: true,
        suite: Suite::Ed25519Blake3,
    };
    let now = UnixTime::since_unix_epoch(Duration::from_millis(NOW.0.unsigned_abs()));
    let profile = CertificateProfile::at(now);
    found_network(dir.path(), &tree, &founding, &profile).expect("a network");
    let notice = notice();
    let author = notice.1.author;
    let mut branch: Vec<DivisionCode> = tree.ancestors(author).collect();
    branch.retain(|division| *division != tree.root());
    branch.reverse();
    branch.push(author);
    enrol(dir.path(), &branch, dir.path(), &tree, &profile).expect("enrolled");
    let network = Network::load(dir.path()).expect("a network");
    let surroundings = Surroundings::default();
    let identity = Identity::open(&network, dir.path(), author, &tree, &surroundings);
    Founded {
        roots: Roots::read(&dir.path().join("roots.pem")).expect("roots"),
        identity: identity.expect("an identity"),
        dir,
        tree,
        notice,
    }
});

/// A notice of a matter that its holder has decided, by the holder.
fn notice() -> (Bytes, Envelope) {
    let dockets = recorded::<Docket>(b"m").into_iter();
    let mut closed = dockets.filter(|docket| docket.matter.is_closed());
    let matter = closed.next().expect("a closed matter").matter;
    let first = wire::decode_envelope(&envelopes().swap_remove(0).into()).expect("an envelope");
    let envelope = Envelope {
        author: matter.holder,
        destination: Destination::Division(matter.responsible),
        payload: Payload::Notice(Box::new(matter)),
        ..first
    };
    (wire::encode_envelope(&envelope), envelope)
}

/// A receipt file that holds, and openings.
pub(crate) fn receipts() -> Vec<Vec<u8>> {
    let Founded {
        tree,
        identity,
        notice: (bytes, notice),
        ..
    } = &*NETWORK;
    let Payload::Notice(matter) = &notice.payload else {
        return vec![];
    };
    let ring = identity.network().key_ring();
    ring.admit(identity.key_chain(), tree)
        .expect("its own keys");
    let words = Evidence {
        at: NOW,
        kept: vec![],
        own: Some(bytes.clone()),
        epoch: notice.epoch.id,
        log: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let file = runtime.block_on(proof::export((identity, &ring, &[]), matter.id, words));
    let file = serde_json::to_vec_pretty(&file.expect("a receipt")).expect("texts and numbers");
    let opening = json!({
        "matter": matter.id.to_string(), "suite": "ed25519-blake3", "salt": "03030303030303030303030303030303",
        "text": "村口路灯不亮", "files": ["00ff"],
    });
    vec![file, opening.to_string().into_bytes()]
}
