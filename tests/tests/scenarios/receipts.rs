//! Receipts: made by the reporter's village, checked with only the root certificate.

mod printed;

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};
use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, rubbish,
};
use wujitong::{
    domain::{
        category::Visibility,
        ids::MatterId,
        matter::{Act, Appeal, Outcome, Place},
        people::Permission,
        receipt::{Finding, Kind, LogProof, Opening, What},
        request::RequestKind,
        suite::Suite,
    },
    identity::Roots,
    office::{Request, RequestContext},
    proof::{Verified, verify},
};

/// Returns the receipt file of a matter from a division.
async fn file(network: &Network, at: &str, id: MatterId) -> Value {
    let words = network.office(at).matters().words(id, CLERK).await.unwrap();
    let file = network.node(at).receipt(id, words).await.unwrap();
    serde_json::to_value(&file).unwrap()
}

fn roots(home: &Path) -> Roots {
    Roots::read(&home.join("roots.pem")).unwrap()
}

fn checked(network: &Network, file: &Value, roots: &Roots) -> Verified {
    verify(file.to_string().as_bytes(), None, roots, &network.tree).unwrap()
}

fn failed(verified: &Verified) -> Vec<(What, &str)> {
    let checks = verified.checks.iter();
    let failed = checks.filter(|check| check.finding == Finding::Failed);
    failed
        .map(|check| (check.what, check.detail.as_str()))
        .collect()
}

/// Returns who took and who decided the matter, as a file proves.
fn proven(verified: &Verified) -> Vec<(String, Kind)> {
    let receipts = verified.receipts.iter();
    receipts
        .map(|receipt| (receipt.division.short(), receipt.kind))
        .collect()
}

fn took(division: &str) -> (String, Kind) {
    (division.to_owned(), Kind::Hop)
}

fn decided(division: &str) -> (String, Kind) {
    (division.to_owned(), Kind::End)
}

#[tokio::test]
async fn the_village_proves_that_the_county_took_it_and_closed_it() {
    let network = Network::of(&[VILLAGE]).await;
    let words = "rubbish behind the house of Zhang San";
    let id = network.report_up(VILLAGE, words, COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    let file = file(&network, VILLAGE, id).await;
    let roots = roots(network.home(VILLAGE));
    let verified = checked(&network, &file, &roots);
    assert_eq!(failed(&verified), []);
    assert!(verified.holds);
    assert_eq!(verified.matter, Some(id));
    assert_eq!(verified.exported_by, code(VILLAGE));
    // The township only passed it on, and signed that.
    let expected = [took(VILLAGE), took(TOWNSHIP), took(COUNTY), decided(COUNTY)];
    assert_eq!(proven(&verified), expected);
    let [_, _, hop, end] = &verified.receipts[..] else {
        panic!("{:?}", verified.receipts)
    };
    assert_eq!(hop.from, Some(code(TOWNSHIP)));
    assert_eq!(end.outcome, Some(Outcome::Solved));
    let silent: Vec<_> = verified
        .checks
        .iter()
        .filter(|check| check.finding == Finding::NotChecked)
        .map(|check| (check.what, check.about))
        // Whether the log is countersigned by now depends on when: see `heads.rs`.
        .filter(|(what, _)| *what != What::Countersignature)
        .collect();
    let expected = [
        (What::Later, None),
        (What::Revocations, None),
        (What::Clocks, None),
        (What::Text, None),
    ];
    assert_eq!(silent, expected);
    // The view for people shows the same.
    let view = network.office(VILLAGE).matters().matter(id).await.unwrap();
    let lines: Vec<_> = view
        .receipts
        .iter()
        .map(|line| (line.division.short(), line.kind))
        .collect();
    assert_eq!(lines, proven(&verified));
    // The file contains nothing that anybody wrote, in letters or in digits.
    let text = file.to_string();
    let digits: String = words.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!text.contains("Zhang") && !text.contains(&digits[..20]));
    network.shut_down().await;
}

#[tokio::test]
async fn each_step_is_proven_with_the_log_and_a_forged_proof_proves_nothing() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    let roots = roots(network.home(VILLAGE));
    for at in [VILLAGE, COUNTY] {
        let verified = checked(&network, &file(&network, at, id).await, &roots);
        assert_eq!(failed(&verified), []);
        let log = verified
            .checks
            .iter()
            .filter(|check| check.what == What::Log);
        let log: Vec<_> = log.map(|check| (check.finding, check.about)).collect();
        assert!(log.len() > 2, "the key, and at least two leaves: {log:?}");
        assert!(
            log.iter()
                .all(|check| *check == (Finding::Ok, Some(code(at)))),
            "{log:?}"
        );
    }
    type Forge = fn(&mut LogProof);
    let forgeries: [Forge; 5] = [
        |proof| proof.leaves[0].salt[0] ^= 1,
        |proof| proof.leaves[0].index += 1,
        |proof| proof.leaves[1].steps -= 1,
        |proof| proof.leaves[1].path[0][0] ^= 1,
        |proof| proof.root[0] ^= 1,
    ];
    for forge in forgeries {
        let words = network.office(VILLAGE).matters().words(id, CLERK).await;
        let mut words = words.unwrap();
        forge(words.log.as_mut().unwrap());
        // The village itself signs it.
        let forged = network.node(VILLAGE).receipt(id, words).await.unwrap();
        let forged = serde_json::to_value(&forged).unwrap();
        let verified = checked(&network, &forged, &roots);
        let failed = failed(&verified);
        assert!(!failed.is_empty() && !verified.holds);
        assert!(
            // Others may have countersigned the head by now, which is then another one.
            failed
                .iter()
                .all(|(what, _)| [What::Log, What::Countersignature].contains(what)),
            "{failed:?}"
        );
    }
    network.shut_down().await;
}

#[tokio::test]
async fn whatever_stands_on_the_path_can_make_one_and_each_says_what_it_knows() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(TOWNSHIP, id).await;
    let roots = roots(network.home(PROVINCE));
    let relay = file(&network, TOWNSHIP, id).await;
    let relay = checked(&network, &relay, &roots);
    assert_eq!(failed(&relay), []);
    assert_eq!(proven(&relay), [took(TOWNSHIP)]);
    let holder = file(&network, COUNTY, id).await;
    let holder = checked(&network, &holder, &roots);
    assert_eq!(proven(&holder), [took(COUNTY), decided(COUNTY)]);
    let unknown = network.office(PROVINCE).matters().words(id, CLERK).await;
    assert!(unknown.is_err(), "the province never heard of it");
    network.shut_down().await;
}

#[tokio::test]
async fn a_receipt_comes_after_the_link_was_down_and_words_were_coalesced() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report(VILLAGE, "rubbish").await;
    network.escalate(VILLAGE, id, TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    let roots = roots(network.home(VILLAGE));
    eventually("the village has the township's receipt", || async {
        let file = file(&network, VILLAGE, id).await;
        proven(&checked(&network, &file, &roots)) == [took(VILLAGE), took(TOWNSHIP)]
    })
    .await;
    network.cut(VILLAGE).await;
    network.escalate(TOWNSHIP, id, CITY).await;
    network.held(CITY, id).await;
    let city = network.office(CITY);
    city.matters().accept(id, CLERK).await.unwrap();
    city.matters()
        .handle(id, "swept".to_owned(), CLERK)
        .await
        .unwrap();
    network.close(CITY, id).await;
    network.closed(TOWNSHIP, id).await;
    let before = file(&network, VILLAGE, id).await;
    let before = checked(&network, &before, &roots);
    assert_eq!(proven(&before), [took(VILLAGE), took(TOWNSHIP)]);
    network.mend(VILLAGE);
    network.closed(VILLAGE, id).await;
    let after = file(&network, VILLAGE, id).await;
    let after = checked(&network, &after, &roots);
    assert_eq!(failed(&after), []);
    let expected = [
        took(VILLAGE),
        took(TOWNSHIP),
        took(COUNTY),
        took(CITY),
        decided(CITY),
    ];
    assert_eq!(proven(&after), expected);
    network.shut_down().await;
}

#[tokio::test]
async fn a_matter_that_never_left_is_signed_by_its_own_division() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report(VILLAGE, "rubbish").await;
    network.close(VILLAGE, id).await;
    let made = file(&network, VILLAGE, id).await;
    let roots = roots(network.home(PROVINCE));
    let verified = checked(&network, &made, &roots);
    assert_eq!(failed(&verified), []);
    assert_eq!(proven(&verified), [took(VILLAGE), decided(VILLAGE)]);
    network.shut_down().await;
}

#[tokio::test]
async fn both_ends_of_a_contested_matter_have_a_receipt() {
    let network = Network::of(&[VILLAGE]).await;
    let id = network.report_up(VILLAGE, "rubbish", TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.close(TOWNSHIP, id).await;
    network.closed(VILLAGE, id).await;
    let village = network.office(VILLAGE);
    let why = Some("it is still there".to_owned());
    village
        .matters()
        .request(id, RequestKind::Contest, why, CLERK)
        .await
        .unwrap();
    eventually("it is open again", || async {
        let steps = village.matters().matter(id).await.unwrap().steps;
        steps.last().unwrap().act == Act::Reopen(Appeal::Contest)
    })
    .await;
    let roots = roots(network.home(VILLAGE));
    let open = file(&network, VILLAGE, id).await;
    assert_eq!(open["words"].as_array().unwrap().len(), 3);
    let open = checked(&network, &open, &roots);
    assert_eq!(failed(&open), []);
    let expected = [took(VILLAGE), took(TOWNSHIP), decided(TOWNSHIP)];
    assert_eq!(proven(&open), expected);
    network.close(TOWNSHIP, id).await;
    network.closed(VILLAGE, id).await;
    let again = file(&network, VILLAGE, id).await;
    let again = checked(&network, &again, &roots);
    let ends = proven(&again).into_iter();
    assert_eq!(ends.filter(|one| *one == decided(TOWNSHIP)).count(), 2);
    network.shut_down().await;
}

/// Calls `change` with a copy of `file` for every text and number in it, and the path to it.
pub(super) fn everywhere(value: &Value, path: &str, change: &mut impl FnMut(&str, Value)) {
    match value {
        Value::Object(fields) => {
            for (name, below) in fields {
                everywhere(below, &format!("{path}/{name}"), change);
            }
        }
        Value::Array(items) => {
            for (index, below) in items.iter().enumerate() {
                everywhere(below, &format!("{path}/{index}"), change);
            }
        }
        Value::String(text) => {
            // Every digit of short values, and some of long ones.
            let digits: Vec<char> = text.chars().collect();
            for at in (0..digits.len()).step_by(1 + digits.len() / 60) {
                let mut other = digits.clone();
                other[at] = if other[at] == '1' { '2' } else { '1' };
                change(path, Value::String(other.into_iter().collect()));
            }
            change(path, Value::String(String::new()));
        }
        Value::Number(number) => change(path, json!(number.as_i64().unwrap() + 1)),
        Value::Bool(_) | Value::Null => panic!("{path}: not in a receipt"),
    }
}

async fn no_change_goes_unnoticed(suite: Suite) {
    let options = Options {
        suite,
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    let id = network.report_up(VILLAGE, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    let sound = file(&network, VILLAGE, id).await;
    let roots = roots(network.home(VILLAGE));
    assert!(checked(&network, &sound, &roots).holds);
    let mut changes = 0;
    let mut refused = |path: &str, file: &Value| {
        changes += 1;
        match verify(file.to_string().as_bytes(), None, &roots, &network.tree) {
            Err(_) => {}
            Ok(verified) => {
                assert!(!verified.holds, "{path}: {file}");
                assert!(!failed(&verified).is_empty(), "{path}");
                assert_eq!(verified.receipts, [], "{path}");
            }
        }
    };
    everywhere(&sound, "", &mut |path, other| {
        let mut file = sound.clone();
        *file.pointer_mut(path).unwrap() = other;
        refused(path, &file);
    });
    let manifest: Value = serde_json::from_str(sound["manifest"].as_str().unwrap()).unwrap();
    everywhere(&manifest, "", &mut |path, other| {
        let mut manifest = manifest.clone();
        *manifest.pointer_mut(path).unwrap() = other;
        let mut file = sound.clone();
        file["manifest"] = manifest.to_string().into();
        refused(path, &file);
    });
    for list in ["words", "keys"] {
        let items = sound[list].as_array().unwrap();
        for index in 0..items.len() {
            let mut file = sound.clone();
            file[list].as_array_mut().unwrap().remove(index);
            refused(list, &file);
            file[list]
                .as_array_mut()
                .unwrap()
                .push(items[index].clone());
            if index + 1 < items.len() {
                refused(list, &file);
            }
        }
    }
    assert!(changes > 500, "{changes}");
    network.shut_down().await;
}

#[tokio::test]
async fn no_change_to_a_receipt_goes_unnoticed() {
    no_change_goes_unnoticed(Suite::Ed25519Blake3).await;
}

#[tokio::test]
async fn no_change_to_a_receipt_of_the_second_suite_goes_unnoticed() {
    no_change_goes_unnoticed(Suite::P256Sha256).await;
}

#[tokio::test]
async fn each_kind_of_forgery_has_its_own_reason() {
    let network = Network::of(&[VILLAGE]).await;
    let other = Network::founded(&[PROVINCE], Options::default()).await;
    let mut ids = vec![];
    for _ in 0..2 {
        let id = network.report_up(VILLAGE, "rubbish", TOWNSHIP).await;
        network.held(TOWNSHIP, id).await;
        network.close(TOWNSHIP, id).await;
        network.closed(VILLAGE, id).await;
        ids.push(id);
    }
    let sound = file(&network, VILLAGE, ids[0]).await;
    let of_other_matter = file(&network, VILLAGE, ids[1]).await;
    let own = roots(network.home(VILLAGE));
    let reason = |file: &Value, roots: &Roots| {
        let verified = checked(&network, file, roots);
        let failed = failed(&verified);
        failed
            .first()
            .map(|(what, detail)| (*what, (*detail).to_owned()))
            .unwrap()
    };
    let strange = roots(other.home(PROVINCE));
    let (what, detail) = reason(&sound, &strange);
    assert_eq!(what, What::Root);
    assert!(detail.contains(&strange.fingerprints[0]), "{detail}");
    let certificate = network
        .home(VILLAGE)
        .join(format!("identity/{}", code(VILLAGE)));
    let no_root = Roots::read(&certificate.join("tls.pem")).unwrap();
    assert!(reason(&sound, &no_root).1.contains("names no signing key"));

    let mut file = sound.clone();
    file["words"][0] = of_other_matter["words"][0].clone();
    let (what, detail) = reason(&file, &own);
    assert_eq!(what, What::Export);
    assert!(detail.contains("a notice was changed"), "{detail}");

    let mut file = sound.clone();
    file["words"][0]["proof"]["author"] = code(COUNTY).to_string().into();
    let verified = checked(&network, &file, &own);
    let said = failed(&verified);
    let unknown = |(what, detail): &(What, &str)| {
        *what == What::Signature && detail.contains("nobody vouches")
    };
    assert!(said.iter().any(unknown), "{said:?}");

    let mut file = sound.clone();
    file["keys"] = json!([]);
    assert!(reason(&file, &own).1.contains("no key statement"));

    let of_form = |form: u32| {
        let mut file = sound.clone();
        file["format"] = form.into();
        let error = verify(file.to_string().as_bytes(), None, &own, &network.tree).unwrap_err();
        error.to_string()
    };
    assert!(of_form(8).contains("form 8"), "{}", of_form(8));
    let mixed = of_form(3);
    assert!(
        mixed.contains("in forms 3, 5 and 7 one disclosure"),
        "{mixed}"
    );
    for text in ["", "{}", "[1]", "not json"] {
        assert!(
            verify(text.as_bytes(), None, &own, &network.tree).is_err(),
            "{text}"
        );
    }
    network.shut_down().await;
    other.shut_down().await;
}

#[tokio::test]
async fn a_receipt_outlives_a_restart_of_the_village() {
    let mut network = Network::of(&[VILLAGE]).await;
    let mut public = rubbish("rubbish");
    public.visibility = Visibility::Public;
    let village = network.office(VILLAGE);
    let up = code(TOWNSHIP);
    let id = village
        .matters()
        .report_and_escalate(public, up, CLERK)
        .await
        .unwrap();
    drop(village);
    network.held(TOWNSHIP, id).await;
    network.close(TOWNSHIP, id).await;
    network.closed(VILLAGE, id).await;
    network.stop(VILLAGE).await;
    network.restart(VILLAGE).await;
    let made = file(&network, VILLAGE, id).await;
    let verified = checked(&network, &made, &roots(network.home(PROVINCE)));
    assert_eq!(failed(&verified), []);
    let expected = [took(VILLAGE), took(TOWNSHIP), decided(TOWNSHIP)];
    assert_eq!(proven(&verified), expected);
    network.shut_down().await;
}

#[tokio::test]
async fn whoever_reported_proves_what_they_wrote_wherever_it_was_decided() {
    let network = Network::of(&[VILLAGE]).await;
    let village = network.office(VILLAGE);
    let words = "rubbish behind the house of Zhang San";
    let mut new = rubbish(words);
    new.place = Some(Place::from_degrees(29.0285, 119.1722).unwrap());
    let whence = wujitong::domain::audit::Whence::Socket;
    let request = Arc::new(Request::new(whence, Permission::Report));
    request.want_opening();
    let by = RequestContext::new(CLERK, Arc::clone(&request));
    let id = village.matters().report(new, by).await.unwrap();
    let opening = request.take_opening().unwrap();
    assert_eq!(
        village.matters().opening(id).await.unwrap(),
        opening,
        "while it is held there"
    );
    network.escalate(VILLAGE, id, COUNTY).await;
    network.held(COUNTY, id).await;
    let gone = village.matters().opening(id).await.unwrap_err().to_string();
    assert!(gone.contains("held elsewhere"), "{gone}");
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    let file = file(&network, VILLAGE, id).await;
    assert!(!file.to_string().contains("Zhang San"));
    let roots = roots(network.home(VILLAGE));
    let bytes = file.to_string();
    let check = |opening: &Opening| {
        let verified = verify(bytes.as_bytes(), Some(opening), &roots, &network.tree).unwrap();
        let texts = verified
            .checks
            .iter()
            .filter(|check| check.what == What::Text);
        let findings: Vec<_> = texts.map(|check| check.finding).collect();
        (verified.holds, findings)
    };
    assert_eq!(check(&opening), (true, vec![Finding::Ok]));
    let mut forged = opening.clone();
    forged.text.push('!');
    assert_eq!(check(&forged), (false, vec![Finding::Failed]));
    let mut beside = file.clone();
    beside["opening"] = serde_json::to_value(&opening).unwrap();
    let verified = checked(&network, &beside, &roots);
    assert!(verified.holds && failed(&verified).is_empty());
    let unproven = |check: &&wujitong::domain::receipt::Check| check.what == What::Text;
    let text = verified.checks.iter().find(unproven).unwrap();
    assert_eq!(text.finding, Finding::Ok, "{text:?}");
    drop(village);
    network.shut_down().await;
}
