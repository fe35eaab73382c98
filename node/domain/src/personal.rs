//! What looks like personal data in a text that is to be published: numbers of identity cards, bank cards and mobile
//! telephones that are not masked.
//!
//! Identity numbers have the check digit of GB 11643-1999, cards that of ISO/IEC 7812-1 (Luhn) behind 62 or another
//! known beginning, mobile numbers the form of the Ministry's numbering plan (1, then 3 to 9, then nine digits).

topology::vocabulary! {
    /// A kind of personal data that stops publishing.
    #[derive(utoipa::ToSchema)]
    #[schema(as = PersonalData)]
    pub enum Personal: "personal data" {
        Identity = 1, "identity", "身份证号", "the number of an identity card";
        BankCard = 2, "bank-card", "银行卡号", "the number of a bank card";
        Mobile = 3, "mobile", "手机号", "the number of a mobile telephone";
    }
}

/// Returns the kinds of all personal data in a text.
pub fn personal_in(text: &str) -> Vec<Personal> {
    runs(text).iter().filter_map(|run| kind_of(run)).collect()
}

/// Returns the first personal data in a text, with the digits to show masked: the first and last few stay.
pub fn find(text: &str) -> Option<(Personal, String)> {
    runs(text).into_iter().find_map(|run| {
        let kind = kind_of(&run)?;
        let (head, tail) = match kind {
            Personal::Identity => (3, 1),
            Personal::BankCard => (4, 4),
            Personal::Mobile => (3, 4),
        };
        let hidden = "*".repeat(run.len() - head - tail);
        Some((
            kind,
            format!("{}{hidden}{}", &run[..head], &run[run.len() - tail..]),
        ))
    })
}

/// Returns the runs of digits in a text; blanks and dashes between digits do not end one, and full-width digits count
/// as digits. An X ends a run that it follows.
fn runs(text: &str) -> Vec<String> {
    let mut all = vec![];
    let mut run = String::new();
    let mut gap = 0;
    for c in text.chars() {
        let c = match c {
            '０'..='９' => char::from(b'0' + (c as u32 - '０' as u32) as u8),
            'ｘ' | 'Ｘ' | 'x' => 'X',
            other => other,
        };
        match c {
            '0'..='9' => {
                gap = 0;
                run.push(c);
            }
            'X' if !run.is_empty() => {
                run.push(c);
                all.push(std::mem::take(&mut run));
            }
            ' ' | '-' | '\u{a0}' | '\u{3000}' if !run.is_empty() && gap == 0 => gap = 1,
            _ => {
                gap = 0;
                all.push(std::mem::take(&mut run));
            }
        }
    }
    all.push(run);
    all.retain(|run| run.len() >= 11);
    all
}

fn kind_of(run: &str) -> Option<Personal> {
    if is_identity(run) {
        Some(Personal::Identity)
    } else if is_card(run) {
        Some(Personal::BankCard)
    } else if is_mobile(run) {
        Some(Personal::Mobile)
    } else {
        None
    }
}

fn is_identity(run: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let bytes = run.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weighed = bytes
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| u32::from(digit - b'0') * weight);
    let sum: u32 = weighed.sum();
    CHECKS[(sum % 11) as usize] == bytes[17]
}

fn is_card(run: &str) -> bool {
    let bytes = run.as_bytes();
    if !(16..=19).contains(&bytes.len())
        || !bytes.iter().all(u8::is_ascii_digit)
        || !b"3456".contains(&bytes[0])
    {
        return false;
    }
    let doubled = |(at, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        match at % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        }
    };
    let sum: u32 = bytes.iter().rev().enumerate().map(doubled).sum();
    sum.is_multiple_of(10)
}

fn is_mobile(run: &str) -> bool {
    let bytes = run.as_bytes();
    let bytes = bytes
        .strip_prefix(b"86")
        .filter(|rest| rest.len() == 11)
        .unwrap_or(bytes);
    bytes.len() == 11
        && bytes[0] == b'1'
        && (b'3'..=b'9').contains(&bytes[1])
        && bytes.iter().all(u8::is_ascii_digit)
}
