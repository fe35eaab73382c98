//! Writes PEM (RFC 7468). `rustls-pki-types` reads it.

use data_encoding::BASE64;

/// Bytes that a line of 64 characters holds.
const LINE_BYTES: usize = 48;

/// The text of one block.
pub(super) fn block(label: &str, der: &[u8]) -> String {
    let lines = der.chunks(LINE_BYTES);
    let lines: String = lines.map(|line| BASE64.encode(line) + "\n").collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};

    use super::*;

    #[test]
    fn a_block_is_read_back_whatever_its_length_and_line_ends() {
        for length in [1, 47, 48, 49, 96, 1_000] {
            let der: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            let text = block("PRIVATE KEY", &der);
            assert!(text.lines().all(|line| line.len() <= 64), "{text}");
            for text in [text.clone(), text.replace('\n', "\r\n")] {
                let read = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).unwrap();
                assert_eq!(read.secret_pkcs8_der(), der);
                assert!(CertificateDer::from_pem_slice(text.as_bytes()).is_err());
            }
        }
    }
}
