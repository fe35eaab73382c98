//! Inputs made of what is elsewhere in this repository: golden records, examples, sample tables, the document of
//! the API.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::Duration,
};

use bytes::{BufMut, Bytes};
use config::Raw;
use domain::{
    courier::{CarriedSegment, CourierHead, SegmentAnswer},
    custody::Docket,
    envelope::{Destination, Envelope, Lane, Payload, Showing, Stamp},
    heads::{HeadAnswer, SaidHead, Verdict},
    ids::{Epoch, EpochId, KeyId, NetworkId},
    receipt::Evidence,
    record::Record,
    request::{Answer, OpenRequest, Reply},
    seal::SealSuite,
    suite::Suite,
    template::{AdoptionReport, Template},
    time::Timestamp,
};
use identity::{
    CertificateProfile, Founding, Identity, Network, Roots, Surroundings, enrol, found_network,
};
use office::RevocationRecord;
use prost::Message;
use proto::v1;
use records::outbox::queue::Queued;
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use serde_json::{Value, json};
use tempfile::TempDir;
use topology::{DivisionCode, Tree};
use wire::courier::{CourierBody, CourierFile, encode_body, encode_head};
use wire::frame::{Ack, Batch, Entry, Frame, Goodbye, GoodbyeCode, Refused};

/// When everything is read: in May 2026.
pub(crate) const NOW: Timestamp = Timestamp(1_780_000_000_000);

/// What stands before the name of a part in the corpus of `table_workbook_parts`.
pub(crate) const PARTED: &str = "\n=== ";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(path: &str) -> Vec<u8> {
    let path = top().join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a folder of the corpus, in order of their names.
pub(crate) fn corpus(target: &str) -> Vec<Vec<u8>> {
    folder(&format!("tests/fuzz/corpus/{target}"), "")
}

/// The files of a folder whose names end so, in order of their names.
fn folder(path: &str, end: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(top().join(path)) else {
        return vec![];
    };
    let paths = entries.map(|entry| entry.expect("a file").path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read(path).expect("a file"))
        .collect()
}

pub(crate) fn none() -> Vec<Vec<u8>> {
    vec![]
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(byte).collect();
    bytes.expect("hexadecimal digits")
}

/// Keys and values as they lay in the store of a small network.
fn golden() -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = include_str!("../../../node/office/src/tables/records.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(' '));
    pairs
        .map(|(key, value)| (bytes(key), bytes(value)))
        .collect()
}

/// Each golden record after the place of its table.
pub(crate) fn records() -> Vec<Vec<u8>> {
    let tables = crate::store::tables();
    let place = |key: &[u8]| tables.iter().position(|table| (table.has)(key));
    let records = golden().into_iter().filter_map(|(key, value)| {
        let place = u8::try_from(place(&key)?).ok()?;
        Some([&[place], &value[..]].concat())
    });
    records.collect()
}

/// What waited for neighbours.
fn queued() -> Vec<Queued> {
    let outbox = golden()
        .into_iter()
        .filter(|(key, _)| key.starts_with(b"o"));
    let segments = outbox.filter_map(|(_, value)| store::record::read::<Vec<Queued>>(&value).ok());
    segments.flatten().collect()
}

/// What neighbours say to each other: of each kind one, made of records.
fn payloads_of_records() -> Vec<Payload> {
    let mut said = vec![
        Payload::CellsComplete,
        Payload::Showing(Showing {
            life: EpochId([6; 16]),
            since: Stamp(3, 4),
            all: true,
        }),
        Payload::Head(Box::new(SaidHead {
            log: [1; 32],
            key: "log+01020304+AQ".to_owned(),
            note: "log\n3\nroot\n\n\u{2014} log AAAA\n".to_owned(),
            since: vec![],
        })),
        Payload::Countersignature(Box::new(HeadAnswer {
            log: [1; 32],
            verdict: Verdict::Behind { size: 7 },
        })),
    ];
    for docket in recorded::<Docket>(b"m").into_iter().take(6) {
        let matter = Box::new(docket.matter);
        said.push(Payload::Give {
            matter: matter.clone(),
            bound_for: matter.holder,
        });
        said.push(Payload::Shown(matter.clone()));
        said.push(Payload::Notice(matter));
    }
    for asked in recorded::<OpenRequest>(b"a") {
        said.push(Payload::Answer(Answer {
            request: asked.request.id,
            matter: asked.request.matter,
            reply: Reply::Refused,
        }));
        said.push(Payload::Request(asked.request));
    }
    let templates = recorded::<Template>(b"i").into_iter();
    said.extend(templates.map(|template| Payload::Template(Box::new(template))));
    let adoptions = recorded::<AdoptionReport>(b"y").into_iter();
    said.extend(adoptions.map(Payload::Adoption));
    let revocations = recorded::<RevocationRecord>(b"R").into_iter();
    said.extend(revocations.map(|record| Payload::Revocation(Box::new(record.revocation))));
    said
}

/// The golden records whose keys begin so.
fn recorded<T: Record>(begins: &[u8]) -> Vec<T> {
    let records = golden().into_iter();
    let tables = crate::store::tables();
    let table = tables.into_iter().find(|table| table.prefix == begins);
    let table = table.expect("a table has this prefix");
    let records = records.filter(|(key, _)| (table.has)(key));
    let read = records.filter_map(|(_, value)| store::record::read(&value).ok());
    read.collect()
}

pub(crate) fn envelopes() -> Vec<Vec<u8>> {
    let mut envelopes: Vec<Bytes> = queued().into_iter().map(|queued| queued.bytes).collect();
    let first = wire::decode_envelope(&envelopes[0]).expect("an envelope");
    let said = payloads_of_records().into_iter().map(|payload| {
        let envelope = Envelope {
            payload,
            ..first.clone()
        };
        wire::encode_envelope(&envelope)
    });
    envelopes.extend(said);
    envelopes.iter().map(|bytes| bytes.to_vec()).collect()
}

/// A sound envelope, to put another payload into.
pub(crate) fn any_envelope() -> v1::Envelope {
    static ANY: LazyLock<v1::Envelope> = LazyLock::new(|| {
        let first = envelopes().into_iter().next().expect("an envelope");
        v1::Envelope::decode(&first[..]).expect("an envelope")
    });
    ANY.clone()
}

/// Each payload after the number of its kind.
pub(crate) fn payloads() -> Vec<Vec<u8>> {
    let read = |bytes: &Vec<u8>| v1::Envelope::decode(&bytes[..]).ok();
    let envelopes = envelopes();
    let read = envelopes.iter().filter_map(read);
    let kinds = read.map(|envelope| {
        let kind = u8::try_from(envelope.kind).expect("kinds are few");
        [&[kind], &envelope.payload[..]].concat()
    });
    kinds.chain([vec![8], vec![10], vec![200, 1]]).collect()
}

pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let body = v1::Body {
        class: 1,
        salt: Bytes::from_static(&[3; 16]),
        text: "村口路灯不亮".to_owned(),
        ..v1::Body::default()
    };
    vec![body.encode_to_vec()]
}

/// Whole courier files, heads and bodies of some.
pub(crate) fn courier_files() -> Vec<Vec<u8>> {
    let from: topology::DivisionCode = "330825002222".parse().expect("it is a code");
    let to = "330825002000".parse().expect("it is a code");
    let head = encode_head(&CourierHead {
        network: NetworkId([7; 16]),
        from,
        to,
        key: KeyId([8; 16]),
        suite: Suite::Ed25519Blake3,
        epoch: Epoch {
            order: 1,
            id: EpochId([9; 16]),
            predecessor: EpochId([0; 16]),
        },
        number: 3,
        made: Timestamp(1_780_000_000_000),
        seal_suite: SealSuite::X25519ChaCha20Poly1305,
        wrap: vec![1; 96].into(),
        key_statements: key_statements().into_iter().map(Bytes::from).collect(),
    });
    let frames = frames()
        .into_iter()
        .filter_map(|bytes| Frame::decode(bytes.into()).ok());
    let answer = SegmentAnswer {
        digest: [4; 32],
        refused: vec![(0, 3), (2, 5)],
    };
    let body = encode_body(CourierBody {
        frames: frames.collect(),
        segments: vec![CarriedSegment {
            lane: Lane::Matter,
            number: 12,
            envelopes: 2,
            digest: [5; 32],
        }],
        answers: [((Lane::Notice, 7), answer)].into(),
        settled_below: [1, u64::MAX, 3, 0],
        waiting: 4,
    });
    let file = CourierFile {
        head: head.clone(),
        sealed: vec![2; 400].into(),
        signature: vec![3; 64].into(),
    };
    vec![file.encode(), head.to_vec(), body]
}

pub(crate) fn frames() -> Vec<Vec<u8>> {
    let entries: Vec<Entry> = queued().into_iter().take(6).filter_map(entry).collect();
    let keys: Vec<Bytes> = key_statements().into_iter().map(Bytes::from).collect();
    let refused = Refused {
        position: 2,
        code: wire::refusal::RefusalCode::from_code(3),
        reason: "this matter is not known here".to_owned(),
    };
    let frames = vec![
        Frame::Batch(Batch::new(Lane::Matter, 1, entries, keys.clone())),
        Frame::Ack(Ack {
            lane: Lane::Notice,
            through: 4,
            refused: vec![refused],
        }),
        Frame::Goodbye(Goodbye {
            code: GoodbyeCode::Stopping,
            reason: "the node is being stopped".to_owned(),
        }),
        Frame::Alive(7),
        Frame::Keys(keys),
    ];
    frames
        .into_iter()
        .map(|frame| frame.encode().to_vec())
        .collect()
}

/// An envelope with a proof that leads nowhere, which nobody checks here.
fn entry(queued: Queued) -> Option<Entry> {
    let statement = domain::statement::Statement {
        suite: Suite::Ed25519Blake3,
        network: domain::ids::NetworkId([1; 16]),
        author: "330825002".parse().ok()?,
        key: domain::ids::KeyId([2; 16]),
        epoch: queued.epoch,
        leaves: 2,
        root: [3; 32],
    };
    let proof = domain::statement::Proof {
        statement,
        signature: Bytes::from_static(&[4; 64]),
        index: 1,
        path: vec![[5; 32]],
    };
    Some(Entry {
        bytes: queued.bytes,
        proof: queued.proof.unwrap_or(proof),
        bodies: vec![],
        sealed: vec![],
        trace: queued.trace,
    })
}

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
    let file = runtime.block_on(proof::export((identity, &ring), matter.id, words));
    let file = serde_json::to_vec_pretty(&file.expect("a receipt")).expect("texts and numbers");
    let opening = json!({
        "matter": matter.id.to_string(), "suite": "ed25519-blake3", "salt": "03030303030303030303030303030303",
        "text": "村口路灯不亮", "files": ["00ff"],
    });
    vec![file, opening.to_string().into_bytes()]
}

/// A key, a checkpoint, paths of tiles, an entry, a bundle.
pub(crate) fn public_logs() -> Vec<Vec<u8>> {
    let origin = "222.002.25.08.33.zj.example/log/07/09";
    let key = log::Vkey::new(origin, [9; 32]).expect("a name");
    let head = log::Checkpoint::new(origin, 300, [5; 32]).expect("a name");
    let entry = log::Entry::Custody(log::Commitment([7; 32])).encode();
    let mut bundle = vec![];
    log::bundle::push(&mut bundle, &entry);
    log::bundle::push(&mut bundle, &entry);
    let texts = [
        key.to_string(),
        head.signed(&key, &[3; 64]),
        "0/x001/x234/067".to_owned(),
        "entries/000.p/44".to_owned(),
    ];
    texts
        .map(String::into_bytes)
        .into_iter()
        .chain([entry, bundle])
        .collect()
}

/// Segments of a log with golden records as their writes: whole, ended, torn.
pub(crate) fn segments() -> Vec<Vec<u8>> {
    const SEGMENT_HEADER: usize = 64;
    const BEFORE_LENGTH: usize = 4;
    const AFTER_LENGTH: usize = 40;
    let shard = 330_825_002_222_u64.to_be_bytes();
    let mut segment = vec![0; SEGMENT_HEADER];
    for group in golden().chunks(7).take(6) {
        let mut writes = vec![];
        for (key, value) in group {
            writes.put_u16((shard.len() + key.len()) as u16);
            writes.put_u32(value.len() as u32);
            writes.extend([&shard[..], key, value].concat());
        }
        // The first key once more, deleted.
        writes.put_u16((shard.len() + group[0].0.len()) as u16);
        writes.put_u32(u32::MAX);
        writes.extend([&shard[..], &group[0].0].concat());
        segment.put_bytes(0, BEFORE_LENGTH);
        segment.put_u32(writes.len() as u32);
        segment.put_bytes(0, AFTER_LENGTH);
        segment.extend(writes);
    }
    let segment = store::fuzzing::mend(&segment);
    let ended = [&segment[..], &[0; 48]].concat();
    let padded = [&segment[..], &[0; 512]].concat();
    let torn = segment[..segment.len() - 33].to_vec();
    vec![ended, padded, torn, vec![0; SEGMENT_HEADER], segment]
}

pub(crate) fn tables() -> Vec<Vec<u8>> {
    let utf8 = folder("node/cli/tests/cases", ".csv");
    let gb18030 = utf8.iter().filter_map(|table| {
        let text = std::str::from_utf8(table).ok()?;
        Some(encoding_rs::GB18030.encode(text).0.into_owned())
    });
    let gb18030: Vec<_> = gb18030.collect();
    utf8.into_iter().chain(gb18030).collect()
}

pub(crate) fn workbooks() -> Vec<Vec<u8>> {
    let mut workbooks = folder("node/cli/tests/cases", ".xlsx");
    workbooks.push(file("node/sheet/src/matters.xlsx"));
    workbooks
}

/// Cells of rows, a line for each field.
pub(crate) fn rows() -> Vec<Vec<u8>> {
    let rows = [
        "LY-20260301-17\n路灯照明\n村口路灯不亮\n2026-03-01 08:15\n2026-03-01 09:00\n2026-03-02 10:00\n29.0285\n119.1722\n\
         王小明\n13800000000\n张王村 12 号\n热线\n紧急\n结案",
        "1234\nenforcement/lighting 路灯照明\n不亮\n2026/3/1 8:15\n\n\n\n\n\n(0570) 7012345 转 8\n\nhotline\nnormal\n处置",
        "'00001234\n路灯照明\n=1+1\n46082.34375\n\n\n29,0285\n119.1722\n\n+86 138-0000-0000\n\n\n\n办结",
    ];
    rows.map(|row| row.as_bytes().to_vec()).to_vec()
}

pub(crate) fn policies() -> Vec<Vec<u8>> {
    let shipped = domain::policy::SHIPPED;
    let mut policies = vec![shipped.as_bytes().to_vec()];
    // Parts of it, from one table to the next but two.
    let tables: Vec<usize> = shipped.match_indices("\n[").map(|(at, _)| at + 1).collect();
    let parts = tables
        .windows(3)
        .step_by(5)
        .map(|part| &shipped[part[0]..part[2]]);
    policies.extend(parts.map(|part| part.as_bytes().to_vec()));
    policies
}

/// Templates after the place of their kind.
pub(crate) fn templates() -> Vec<Vec<u8>> {
    let affairs = file("config/templates/village-affairs.toml");
    let policies = policies().into_iter().skip(1);
    let policies = policies.map(|policy| [b"\0format = 1\n", &policy[..]].concat());
    let boards = file("config/templates/village-boards.toml");
    let affairs = (0..5).map(|kind| [&[kind], &affairs[..]].concat());
    let points = file("config/templates/village-points.toml");
    let boards = [[&[4], &boards[..]].concat(), [&[5], &points[..]].concat()];
    affairs.chain(boards).chain(policies).collect()
}

pub(crate) fn configs() -> Vec<Vec<u8>> {
    let mut configs = folder("config/examples", ".toml");
    let keys = Raw::keys().into_iter().map(|key| format!("{key}=1\n"));
    configs.push(keys.collect::<String>().into_bytes());
    configs
}

/// A province's first rows, and a branch with every kind of unit.
pub(crate) fn divisions() -> Vec<Vec<u8>> {
    let all = String::from_utf8(file("topology/data/zhejiang-divisions.csv")).expect("UTF-8");
    let first: Vec<&str> = all.lines().take(40).collect();
    let branch = "code,name,kind,node\n33,浙江省,,\n3308,衢州市,,\n330825,龙游县,,yes\n330825002,东华街道,,\n\
                  330825002222,张王村村民委员会,village,\n330825002001,\"某某\"\"社区\",community,yes\n\
                  330825400,开发区,,no\n330825400498,园区,park,\n";
    vec![
        (first.join("\n") + "\n").into_bytes(),
        branch.as_bytes().to_vec(),
    ]
}

pub(crate) fn outlines() -> Vec<Vec<u8>> {
    let square = |code: &str, kind: &str, ring: Value| {
        json!({"type": "Feature", "properties": {"code": code},
               "geometry": {"type": kind, "coordinates": ring}})
    };
    let ring = json!([
        [119.1, 29.0],
        [119.3, 29.0],
        [119.3, 29.2],
        [119.1, 29.2],
        [119.1, 29.0]
    ]);
    let village = square("330825002222", "Polygon", json!([ring]));
    let county = square("330825", "MultiPolygon", json!([[ring], [ring, ring]]));
    let collection = json!({"type": "FeatureCollection", "features": [village, county]});
    vec![collection.to_string().into_bytes()]
}

pub(crate) fn names() -> Vec<Vec<u8>> {
    let names = [
        "330825002222",
        "3308",
        "222.002.25.08.33.zj.example",
        "330825002222-1f3a9c04-17",
        "0",
        "4.0",
        "330825002222-1f3a9c04-17.1780000000000",
        "2026-05-01",
        "5wd",
        "7d",
        "8h",
        "90m",
        "enforcement/lighting",
        "330825/policy/holiday-calendar",
        "longyou-12345",
        "image/jpeg",
        "gcj-02",
        "handler",
        "report",
        "village",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "node.example:7451",
        "[::1]:7451",
        "10.0.0.0/8",
        "fd00::/8",
        "wj_key_0af7651916cd43dd8448eb211c80319c",
        "0af7651916cd43dd",
        "wang.xm",
        "17",
        "0af7651916cd43dd8448eb211c80319c",
    ];
    names.map(|name| name.as_bytes().to_vec()).to_vec()
}

pub(crate) fn forms() -> Vec<Vec<u8>> {
    let forms = [
        "service_code=enforcement-lighting&lat=29.0285&long=119.1722&address_string=%E6%9D%91%E5%8F%A3&\
         description=a%0Ab&media_url=https%3A%2F%2Fx.example%2F1.jpg&last_name=%E7%8E%8B&first_name=%E5%B0%8F%E6%98%8E\
         &attribute[POLE]=17&attribute%5BV%5D[]=y",
        "start_date=2026-02-19T08:00:00+08:00&end_date=2026-03-01T00:00:00Z&status=open,%20closed&page=2&page_size=50",
        "service_code=enforcement-road&lat=29.0285&long=119.1722&coordinates=gcj-02&phone=13800000000&email=a@b.example",
        "api_key=x&jurisdiction_id=330825002222&updated_after=2026-02-19T00:00:00Z&a=1+2%2B3&d=100%&s=",
        // What a person wrote once came back changed: the description and the address stay apart.
        "service_code=enforcement-road&address_string=B&description=%E7%9C%8B%E8%BF%99%E9%87%8C%0A%E3%80%90%E5%9B%BE\
         %E7%89%87%E9%93%BE%E6%8E%A5%E3%80%91javascript:alert(1)%0A%E3%80%90%E5%9C%B0%E7%82%B9%E3%80%91%E7%94%B2",
    ];
    forms.map(|form| form.as_bytes().to_vec()).to_vec()
}

/// A body for everything that the API takes, made of its document.
pub(crate) fn json() -> Vec<Vec<u8>> {
    let document = file("docs/openapi.json");
    let document: Value = serde_json::from_slice(&document).expect("a document");
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    let requests = schemas
        .iter()
        .filter(|(name, _)| name.ends_with("Request") || name.ends_with("Patch"));
    let bodies = requests.flat_map(|(_, schema)| {
        let whole = example(schema, &document, 0);
        let parts = whole.as_object().into_iter().flatten();
        // And without one of its members.
        let fewer: Vec<Value> = parts
            .map(|(name, _)| {
                let mut fewer = whole.clone();
                fewer.as_object_mut().expect("an object").remove(name);
                fewer
            })
            .collect();
        std::iter::once(whole.clone()).chain(fewer)
    });
    bodies.map(|body| body.to_string().into_bytes()).collect()
}

/// A value that fits a schema of the document.
fn example(schema: &Value, document: &Value, depth: usize) -> Value {
    if let Some(example) = schema.get("example").or(schema["examples"].get(0)) {
        return example.clone();
    }
    if depth > 8 {
        return Value::Null;
    }
    if let Some(path) = schema["$ref"].as_str() {
        return example(
            document.pointer(&path[1..]).unwrap_or(&Value::Null),
            document,
            depth + 1,
        );
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[choice].as_array() {
            let one = all.iter().find(|one| one["type"] != "null");
            return example(one.unwrap_or(&Value::Null), document, depth + 1);
        }
    }
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds[0].as_str().unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    match kind {
        "object" => {
            let parts = schema["properties"].as_object().into_iter().flatten();
            parts
                .map(|(name, part)| (name.clone(), example(part, document, depth + 1)))
                .collect()
        }
        "array" => json!([example(&schema["items"], document, depth + 1)]),
        "integer" => json!(1),
        "number" => json!(29.5),
        "boolean" => json!(true),
        _ => json!("330825002222"),
    }
}
