//! The public log as everybody reads it, and as an operator checks it.

use testkit::{
    asking::Way,
    command::{Running, exit_code as code, found, json, wujitong},
    province::Province,
};
use wujitong::{
    identity::FileKeyStore,
    log::{Checkpoint, Entry, EntryKind, Vkey, bundle},
};

const NODE: &str = "/v1/nodes/330000000000";

#[tokio::test]
async fn everybody_reads_the_log_and_caches_may_keep_its_tiles() {
    let province = Province::start().await;
    let get = |path: String| province.ask(Way::Tcp, http::Method::GET, &path);
    let report = wujitong::api::ReportRequest::new("order/fire", "电线老化");
    let client = province.client();
    client
        .report(testkit::code(testkit::PROVINCE), &report)
        .await
        .unwrap();
    let logs = get(format!("{NODE}/log")).send().await.expect(200);
    let log = &logs.json["logs"][0];
    let (epoch, key) = (log["epoch"].as_str().unwrap(), log["key"].as_str().unwrap());
    let size = log["size"].as_u64().unwrap();
    assert_eq!(
        (&logs.json["division"], &log["present"]),
        (&"330000000000".into(), &true.into())
    );
    let key: Vkey = key.parse().unwrap();
    assert!(key.name().starts_with("33."), "{key}");
    assert!(key.name().ends_with(epoch), "{key}");

    let prefix = format!("{NODE}/log/{epoch}");
    let note = get(format!("{prefix}/checkpoint")).send().await.expect(200);
    assert!(note.header("content-type").starts_with("text/plain"));
    let head = Checkpoint::open(&note.body, &key).unwrap();
    assert_eq!(head.size(), size);
    let again = get(format!("{prefix}/checkpoint")).send().await.expect(200);
    assert_eq!(again.body, note.body, "the same head has the same bytes");

    let tile = get(format!("{prefix}/tile/entries/000.p/{size}"))
        .send()
        .await
        .expect(200);
    assert!(tile.header("cache-control").contains("immutable"));
    assert_eq!(tile.header("content-type"), "application/octet-stream");
    let entries = bundle::entries(&tile.body, 256).unwrap();
    let kinds: Vec<_> = entries
        .iter()
        .map(|entry| Entry::decode(entry).unwrap().kind())
        .collect();
    assert_eq!(kinds.first(), Some(&EntryKind::Opening));
    assert_eq!(kinds.last(), Some(&EntryKind::Custody));
    assert!(kinds.contains(&EntryKind::KeyStatement), "{kinds:?}");
    let hashes = get(format!("{prefix}/tile/0/000.p/1"))
        .send()
        .await
        .expect(200);
    assert_eq!(hashes.body, wujitong::log::leaf_hash(entries[0])[..]);

    let beyond = get(format!("{prefix}/tile/0/000")).send().await.expect(404);
    assert!(
        !beyond.header("cache-control").contains("immutable"),
        "it may be there later"
    );
    for (path, status) in [
        (format!("{prefix}/tile/0/000.p/0"), 422),
        (format!("{prefix}/tile/0/x000/000.p/1"), 422),
        (format!("{prefix}/tile/data/000"), 422),
        (format!("{NODE}/log/00/checkpoint"), 422),
        (format!("{NODE}/log/{}/checkpoint", "0".repeat(32)), 404),
    ] {
        get(path).send().await.expect(status);
    }
    let network = province.host.app_state().network.id_hex();
    assert!(key.name().contains(&network));
    province.host.stop().await;
}

#[tokio::test]
async fn the_log_goes_on_after_a_restart_with_the_same_key() {
    let province = Province::start().await;
    let report = wujitong::api::ReportRequest::new("order/fire", "电线老化");
    let by = testkit::code(testkit::PROVINCE);
    province.client().report(by, &report).await.unwrap();
    let show = async |province: &Province| {
        let path = format!("{NODE}/log");
        let answer = province
            .ask(Way::Tcp, http::Method::GET, &path)
            .send()
            .await;
        answer.expect(200).json["logs"].clone()
    };
    let before = show(&province).await;
    let province = province.restart().await;
    assert_eq!(show(&province).await, before);
    province.client().report(by, &report).await.unwrap();
    let after = show(&province).await;
    assert_eq!(after[0]["key"], before[0]["key"]);
    assert_eq!(
        after[0]["size"].as_u64(),
        before[0]["size"].as_u64().map(|size| size + 1)
    );
    province.host.stop().await;
}

#[test]
fn an_audit_computes_the_log_again_and_finds_a_head_that_it_does_not_go_on_from() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("p");
    let p = data.to_str().unwrap();
    found(p);
    let _running = Running::start(&data, &[]);
    let report = || {
        json(&[
            "matter",
            "report",
            "--data",
            p,
            "--category",
            "order/fire",
            "电线老化",
        ])
    };
    report();
    let head = wujitong(&["log", "checkpoint", "--data", p]).stdout;
    let older = dir.path().join("head.txt");
    std::fs::write(&older, &head).unwrap();
    report();
    let older = older.to_str().unwrap();
    let audited = json(&["log", "audit", "--since", older, "--data", p]);
    let log = &audited["logs"][0];
    let before = Checkpoint::read(&head).unwrap();
    assert_eq!(log["since"].as_u64(), Some(before.size()));
    assert_eq!(log["size"].as_u64(), Some(before.size() + 1));
    assert_eq!(log["entries"]["custody"], 2, "{audited}");
    let compared = json(&["log", "audit", "--held", "--data", p]);
    let held = &compared["logs"][0]["held"];
    assert_eq!(held["differs"], serde_json::json!([]), "{compared}");
    assert!(held["same"].as_u64() >= Some(3), "{compared}");
    let below = json(&["log", "audit", "--child", "3308", "--data", p]);
    let unread = below["children"][0]["unread"].as_str().unwrap();
    assert!(unread.contains("add --at 3308="), "{below}");
    let shown = String::from_utf8(wujitong(&["log", "audit", "--data", p]).stdout).unwrap();
    assert!(shown.contains("有效"), "{shown}");

    // A head with another root, as if the log had been rewritten since.
    let text = String::from_utf8(head).unwrap();
    let root = text.lines().nth(2).unwrap();
    let forged = text.replace(
        root,
        &format!(
            "{}{}",
            if root.starts_with('A') { 'B' } else { 'A' },
            &root[1..]
        ),
    );
    let forged = Checkpoint::read(forged.as_bytes()).unwrap();
    let key: Vkey = json(&["log", "show", "--data", p])["logs"][0]["key"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let own = FileKeyStore::load(&data.join("identity/330000000000/log.key")).unwrap();
    let signature = own.sign_now(forged.to_string().as_bytes()).unwrap();
    for (content, exit, word) in [
        (forged.signed(&key, &signature), 7, "does not begin with"),
        (forged.signed(&key, &[1; 64]), 7, "signature"),
        (text.replace("/log/", "/log/0"), 7, "has no log"),
        ("not a checkpoint".to_owned(), 2, "signed note"),
    ] {
        std::fs::write(older, content).unwrap();
        let refused = wujitong(&["log", "audit", "--since", older, "--data", p]);
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(code(&refused), exit, "{told}");
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn a_verifier_remembers_heads_and_names_two_that_cannot_both_be_true() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("p");
    let p = data.to_str().unwrap();
    found(p);
    let _running = Running::start(&data, &[]);
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (root, memory) = (path("p/roots.pem"), path("seen.json"));
    let receipt = |name: &str| {
        let report = ["matter", "report", "--category", "order/fire", "电线老化"];
        let id = json(&[&report[..], &["--data", p]].concat())["id"].clone();
        let file = path(name);
        json(&["receipt", id.as_str().unwrap(), "--data", p, "-o", &file]);
        file
    };
    let (first, second) = (receipt("1.json"), receipt("2.json"));
    let verify = |file: &str| {
        let words = [
            "verify", file, "--root", &root, "--memory", &memory, "--json",
        ];
        let done = wujitong(&words);
        let told: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap_or_default();
        (code(&done), told)
    };
    for (file, stands) in [
        (&first, "first"),
        (&first, "same"),
        (&second, "grew"),
        (&first, "same"),
    ] {
        let (exit, told) = verify(file);
        // No city is there to countersign the province's log.
        assert_eq!(
            (exit, &told["memory"]["stands"]),
            (8, &stands.into()),
            "{told}"
        );
    }
    // Another head of as many entries, which the key of the log signed as well.
    let text = std::fs::read_to_string(&memory).unwrap();
    let mut kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    let heads = kept["logs"].as_object_mut().unwrap().values_mut().next();
    let head = &mut heads.unwrap()[1];
    let key: Vkey = head["key"].as_str().unwrap().parse().unwrap();
    let other = Checkpoint::new(key.name(), head["size"].as_u64().unwrap(), [9; 32]).unwrap();
    let own = FileKeyStore::load(&data.join("identity/330000000000/log.key")).unwrap();
    let signature = own.sign_now(other.to_string().as_bytes()).unwrap();
    let note = other.signed(&key, &signature);
    head["note"] = note.clone().into();
    let forged = kept.to_string();
    std::fs::write(&memory, &forged).unwrap();
    let (exit, told) = verify(&second);
    assert_eq!(
        (exit, &told["memory"]["stands"]),
        (7, &"contradicts".into()),
        "{told}"
    );
    assert_eq!(told["memory"]["before"]["note"], note);
    assert_ne!(told["head"]["note"], note);
    assert_eq!(
        std::fs::read_to_string(&memory).unwrap(),
        forged,
        "nothing is kept"
    );
    let words = ["verify", &second, "--root", &root, "--memory", &memory];
    let shown = String::from_utf8(wujitong(&words).stdout).unwrap();
    assert!(
        shown.contains("CONTRADICTS") && shown.contains(note.lines().nth(2).unwrap()),
        "{shown}"
    );
    // A head that its log's key did not sign is no evidence.
    std::fs::write(&memory, text.replacen("\"size\": ", "\"size\": 9", 1)).unwrap();
    let (exit, _) = verify(&second);
    assert_eq!(exit, 2);
}
