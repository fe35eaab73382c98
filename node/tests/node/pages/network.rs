//! The network page: what needs a person is told in the language of the page.

use ring::signature::{Ed25519KeyPair, KeyPair};
use testkit::province::Province;
use topology::DivisionCode;
use wujitong::{
    domain::{
        alarm::{AlarmKind, details},
        authority::Neighbour,
        envelope::{Destination, Envelope, Lane, Order, Payload},
        heads::SaidHead,
        health::Own,
        ids::{Epoch, EpochId, KeyId, NetworkId},
        readmission,
        statement::{Proof, Statement},
        suite::Suite,
        time::Timestamp,
    },
    log::{self, Checkpoint, Vkey},
    office::{Outcome, Received},
    wire::encode_envelope,
};

use super::browser::Browser;

/// R-N1: detail and remedy of an alarm in the person's language, and this node's own facts.
#[tokio::test]
async fn an_alarm_is_told_in_the_language_of_the_page_and_is_closed_there() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let office = province.office();
    let detail = details::clock_ahead(612);
    let raised = office
        .alarms()
        .raise(AlarmKind::ClockDoubted, None, &detail);
    raised.await.unwrap();
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let page = browser.get("/network?lang=zh").await.expect(200).text;
    let chinese = [
        "比相邻单位快 612 秒；本节点仍用原来的时间",
        "校准时钟；时钟没有错的话用 `wujitong clock confirm` 确认",
        "序列号",
        "还没有节点连上来的下级",
    ];
    for words in chinese {
        assert!(page.contains(words), "{words}: {page}");
    }
    let english = [
        "it is ahead of the neighbours by 612 s; this node keeps its earlier time",
        "set the clock right; if it is right",
        "Divisions below without a node so far",
    ];
    for words in english {
        assert!(!page.contains(words), "{words}");
    }
    let page = browser.get("/network?lang=en").await.expect(200).text;
    for words in english {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("612 秒"));
    drop(office);
    province.host.stop().await;
}

/// What a city says of its log: the same number of entries, and this root.
fn head_of_city(network: [u8; 16], issue: u64, root: [u8; 32]) -> (Received, String) {
    let city: DivisionCode = "3308".parse().unwrap();
    let epoch = Epoch {
        order: 1,
        id: EpochId([8; 16]),
        predecessor: EpochId::default(),
    };
    let pair = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let origin = log::name::origin("08.33.zj.example", &network, &epoch.id.0);
    let public = pair.public_key().as_ref().try_into().unwrap();
    let key = Vkey::new(&origin, public).unwrap();
    let head = Checkpoint::new(&origin, 5, root).unwrap();
    let note = head.signed(&key, pair.sign(head.to_string().as_bytes()).as_ref());
    let payload = Payload::Head(Box::new(SaidHead {
        log: log::name::digest(&origin),
        key: key.to_string(),
        note: note.clone(),
        since: vec![],
    }));
    let key = payload.replaces().unwrap().into();
    let envelope = Envelope {
        author: city,
        epoch,
        issue,
        destination: Destination::Division("33".parse().unwrap()),
        lane: Lane::Figures,
        order: Order::Replaces { key },
        payload,
    };
    let statement = Statement {
        suite: Suite::Ed25519Blake3,
        network: NetworkId(network),
        author: city,
        key: KeyId([1; 16]),
        epoch: epoch.id,
        leaves: 1,
        root: [1; 32],
    };
    let received = Received {
        bytes: encode_envelope(&envelope),
        envelope,
        denied: None,
        proof: Proof {
            statement,
            signature: vec![7; 64].into(),
            index: 0,
            path: vec![],
        },
        bodies: vec![],
        trace: None,
    };
    (received, note)
}

/// A log of a division below that contradicts itself: both heads on the page, and a person says which counts.
#[tokio::test]
async fn a_log_that_contradicts_itself_is_shown_with_both_heads_and_resolved_with_a_reason() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let office = province.office();
    let network = province.node().identity.network().id;
    let from = Neighbour::Child("3308".parse().unwrap());
    let mut notes = vec![];
    for (issue, root) in [(1, [1; 32]), (2, [2; 32])] {
        let (received, note) = head_of_city(network, issue, root);
        let receipt = office.inbox().receive(from, &[received]).await.unwrap();
        assert_eq!(receipt.durable().await.unwrap(), [Outcome::Accepted]);
        notes.push(note);
    }
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let seen = browser.get("/network?lang=zh").await.expect(200);
    let (csrf, page) = (seen.field("csrf"), seen.text);
    for note in notes {
        let root = note.lines().nth(2).unwrap();
        assert!(page.contains(&root[..40]), "{root}: {page}");
    }
    assert!(page.contains("下级公开日志前后矛盾") && page.contains("同样条数而根不同"));
    let missing = [("csrf", &*csrf), ("counts", "earlier"), ("reason", " ")];
    let refused = browser.send("/network/logs/330800000000", &missing).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let form = [
        ("csrf", &*csrf),
        ("counts", "earlier"),
        ("reason", "放回了旧副本"),
    ];
    let done = browser.send("/network/logs/330800000000", &form).await;
    done.expect(303);
    let page = browser.get("/network?lang=zh").await.expect(200).text;
    assert!(!page.contains("下级公开日志前后矛盾"), "{page}");
    let evidence = office.log().evidence().await.unwrap();
    assert_eq!(evidence[0].resolved.as_ref().unwrap().2, "放回了旧副本");
    let alarms = office.alarms().all().await.unwrap();
    let stands = alarms
        .iter()
        .any(|alarm| alarm.kind == AlarmKind::LogRewritten);
    assert!(!stands, "{alarms:?}");
    drop(office);
    province.host.stop().await;
}

/// R-N2: the page lists neighbours, and says of each file what became of it.
#[tokio::test]
async fn r_n2_an_operator_makes_and_reads_courier_files_on_the_page() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let page = browser.get("/network/courier?lang=zh").await.expect(200);
    assert!(
        page.text.contains("还没有上级或下级来往过"),
        "{}",
        page.text
    );
    let csrf = page.field("csrf");
    // No city has shown a key here, so nothing can be sealed for one; and nobody is a neighbour of itself.
    let form = [("csrf", &*csrf)];
    let refused = browser.send("/network/courier/330800000000", &form).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let refused = browser.send("/network/courier/330000000000", &form).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let none = browser.send_file("/network/courier", &form, ("file", b""));
    let none = none.await;
    assert_eq!(none.status, 422, "{}", none.text);
    let other = browser.send_file("/network/courier", &form, ("file", b"PK"));
    let other = other.await.expect(200);
    assert!(other.text.contains("这不是信使文件"), "{}", other.text);
    province.host.stop().await;
}

/// R-N6: the text is shown once, what is open can be withdrawn, and refusals stand beside the form.
#[tokio::test]
async fn r_n6_an_operator_invites_a_division_on_the_page_and_sees_the_text_once() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let network = browser.get("/network?lang=zh").await.expect(200).text;
    assert!(network.contains("/network/invitations"), "{network}");
    let page = browser
        .get("/network/invitations?lang=zh")
        .await
        .expect(200);
    assert!(page.text.contains("还没有发过邀请码"), "{}", page.text);
    let (csrf, key) = (page.field("csrf"), page.field("key"));
    let form = |division: &str, address: &str, key: String| {
        [
            ("csrf", csrf.clone()),
            ("key", key),
            ("division", String::from(division)),
            ("address", String::from(address)),
            ("days", "3".to_owned()),
        ]
    };
    let send = async |browser: &mut Browser<'_>, path: &str, form: &[(&str, String)]| {
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, &**value)).collect();
        browser.send(path, &form).await
    };
    let nowhere = form("330800000000", "", key.clone());
    let refused = send(&mut browser, "/network/invitations", &nowhere).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused.text.contains("邀请码要写明本节点的地址"),
        "{}",
        refused.text
    );
    let key = refused.field("key");
    let right = form("330800000000", "10.8.25.1:7450", key);
    let made = send(&mut browser, "/network/invitations", &right)
        .await
        .expect(200);
    assert!(
        made.text.contains("WJT1 ") && made.text.contains("class=\"qr\""),
        "{}",
        made.text
    );
    let again = send(&mut browser, "/network/invitations", &right).await;
    assert!(!again.text.contains("WJT1 "), "shown once: {}", again.text);
    let page = browser
        .get("/network/invitations?lang=zh")
        .await
        .expect(200);
    assert!(
        !page.text.contains("WJT1 ") && page.text.contains("待用"),
        "{}",
        page.text
    );
    let only = [("csrf", csrf.clone()), ("key", page.field("key"))];
    let path = "/network/invitations/330800000000/withdraw";
    send(&mut browser, path, &only).await.expect(303);
    let page = browser
        .get("/network/invitations?lang=zh")
        .await
        .expect(200);
    assert!(page.text.contains("已撤回"), "{}", page.text);
    province.host.stop().await;
}

/// R-N6: a division that waits to come back is let in on the page.
#[tokio::test]
async fn an_operator_lets_a_division_come_back_on_the_page() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let office = province.office();
    let child: DivisionCode = "330800000000".parse().unwrap();
    let ask = readmission::Ask {
        network: NetworkId([7; 16]),
        division: child,
        parent: office.me(),
        key: KeyId([0xab; 16]),
        standing: readmission::Standing::Counts,
        signed: true,
        ended_at: office.now(),
        shown: true,
        requested: [5; 32],
        from: std::net::Ipv4Addr::new(10, 8, 0, 7).into(),
        protocol: 1,
    };
    let long = readmission::WaitReason::Long(60);
    let waits = |_: &_| Ok(readmission::Verdict::Wait(long));
    office.readmissions().note(&ask, waits).await.unwrap();
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let network = browser.get("/network?lang=zh").await.expect(200).text;
    assert!(network.contains("下级等待回归"), "{network}");
    let path = "/network/invitations?lang=zh";
    let page = browser.get(path).await.expect(200);
    for shown in ["证书到期已超过 60 天", "10.8.0.7", "准许回归"] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let form = [("csrf", page.field("csrf")), ("key", page.field("key"))];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    let strange = "/network/readmissions/330700000000";
    let refused = browser.send(strange, &form).await;
    assert!(refused.text.contains("没有在等候回归"), "{}", refused.text);
    let page = browser.get(path).await.expect(200);
    let form = [("csrf", page.field("csrf")), ("key", page.field("key"))];
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    browser
        .send("/network/readmissions/330800000000", &form)
        .await
        .expect(303);
    let page = browser.get(path).await.expect(200);
    assert!(page.text.contains("已准许"), "{}", page.text);
    let known = office.readmissions().of(child).await.unwrap();
    assert!(known.has_consent(ask.key, office.now()));
    province.host.stop().await;
}

/// R-N7: the node tells how those below it are, by name and since when.
#[tokio::test]
async fn the_page_says_how_the_nodes_below_are() {
    let province = Province::start().await;
    let tokens = province.administrators().await;
    province.person(&tokens, "li.si", &["node-operator"]).await;
    let mut browser = Browser::signed_in(&province, "li.si").await;
    let page = browser.get("/network?lang=zh").await.expect(200).text;
    assert!(
        !page.contains("下级节点状况"),
        "it has not looked yet: {page}"
    );
    let own = |version: &str| Own {
        me: testkit::code("33"),
        version: version.into(),
        disk_full: false,
        certificate_ends: None,
        alarm_since: None,
        not_joined: 9,
        now: Timestamp(1_790_000_000_000),
    };
    let silent_since = Timestamp(1_789_000_000_000);
    let children = [("3301", true, None), ("3308", false, Some(silent_since))];
    let children = children.map(|(child, up, contact)| (testkit::code(child), (up, contact)));
    let office = province.office();
    let noted = office.health().note(&own("0.1.0"), &children.into()).await;
    noted.unwrap();
    let page = browser.get("/network?lang=zh").await.expect(200).text;
    for part in [
        "下级节点状况",
        "浙江省衢州市",
        "失联",
        "情况不明",
        "未接入",
        "2026-09-10",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let page = browser.get("/network?lang=en").await.expect(200).text;
    for part in ["Nodes below", "silent", "Unreached", "Not joined"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let status = province.client().status(false).await.unwrap();
    let told = status.nodes[0].subtree.as_ref().unwrap();
    assert_eq!(
        (told.total.known, told.total.up, told.total.silent),
        (3, 2, 1)
    );
    assert_eq!(told.troubles[0].since_ms, silent_since.0);
    let brief = province.client().status(true).await.unwrap();
    assert!(brief.nodes[0].subtree.is_none());
    drop(office);
    province.host.stop().await;
}
