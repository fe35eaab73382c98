//! What says who somebody is, and what was signed.

use std::sync::LazyLock;

use domain::receipt::{Finding, Opening};
use identity::{KeyStatement, SignedKeyStatement, fuzzing};
use proof::{ReceiptFile, verify};
use topology::Tree;

use crate::seeds::NETWORK;

/// Key statements, each of which has one encoding.
pub(crate) fn key_statement(bytes: &[u8]) {
    if let Ok(statement) = KeyStatement::decode(bytes) {
        assert_eq!(statement.encode(), bytes);
    }
    if let Ok(signed) = SignedKeyStatement::decode(bytes) {
        assert_eq!(signed.encode(), bytes);
        if let Ok(statement) = signed.statement() {
            assert_eq!(statement.encode(), signed.bytes);
        }
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(SignedKeyStatement::from_hex(&digits), Some(signed));
    }
    if let Ok(all) = SignedKeyStatement::decode_all(bytes) {
        assert_eq!(SignedKeyStatement::encode_all(&all), bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && SignedKeyStatement::from_hex(text).is_some()
    {
        assert!(text.bytes().all(|byte| byte.is_ascii_hexdigit()), "{text}");
    }
}

/// A certificate in DER, and roots in PEM.
pub(crate) fn certificate(bytes: &[u8]) {
    static TREE: LazyLock<std::sync::Arc<Tree>> = LazyLock::new(Tree::zhejiang);
    let zone = "zj.example";
    if let Some(division) = fuzzing::division(bytes, zone, &TREE) {
        assert!(TREE.has_node(division));
        let name = topology::dns::name(division, zone);
        let found = bytes
            .windows(name.len())
            .any(|window| window == name.as_bytes());
        assert!(found, "{name} is not in the certificate");
    }
    if let Some(roots) = fuzzing::roots(bytes) {
        let hex =
            |print: &String| print.len() == 64 && print.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(!roots.fingerprints.is_empty() && roots.fingerprints.iter().all(hex));
    }
}

/// A receipt file, checked with the roots of a network that some of the corpus is of; and an opening.
pub(crate) fn receipt_file(bytes: &[u8]) {
    if let Ok(verified) = verify(bytes, None, &NETWORK.roots, &NETWORK.tree) {
        let failed = verified
            .checks
            .iter()
            .any(|check| check.finding == Finding::Failed);
        assert_eq!(verified.holds, !failed);
        assert!(verified.holds || verified.receipts.is_empty());
    }
    if let Ok(file) = serde_json::from_slice::<ReceiptFile>(bytes) {
        let again = serde_json::to_vec(&file).expect("texts and numbers");
        let again: ReceiptFile = serde_json::from_slice(&again).expect("it was written here");
        assert_eq!(again, file);
    }
    if let Ok(opening) = serde_json::from_slice::<Opening>(bytes) {
        let hex = |file: &String| {
            file.len().is_multiple_of(2) && file.bytes().all(|b| b.is_ascii_hexdigit())
        };
        assert_eq!(
            opening.commitment().is_some(),
            opening.files.iter().all(hex)
        );
    }
}
