//! Telephone numbers as people write them on forms.

use super::moment::narrow;

/// The content of a cell for telephone numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phone {
    /// One or several numbers in dialled form, joined by `, `. For example `13857012345` or
    /// `0570-7023456-801`, each with an optional remark in brackets.
    Numbers(String),
    /// The cell says that there is no number: words such as 无, `-`, `/`.
    None,
    /// A spreadsheet shortened the number.
    Shortened,
    /// The cell holds no number.
    NoNumber,
}

/// Words that mean that there is no number.
const NONE: [&str; 12] = [
    "无", "没有", "暂无", "不详", "未知", "未留", "匿名", "保密", "-", "/", "none", "n/a",
];

/// Reads the telephone numbers in a cell.
pub(super) fn read(text: &str) -> Phone {
    let text = narrow(text);
    let text = super::id::unprotected(text.trim());
    if NONE.contains(&text.to_lowercase().as_str()) {
        return Phone::None;
    }
    if super::id::shortened(text) {
        return Phone::Shortened;
    }
    let text = text.replace(['—', '–', '－', '−', '‑', '‐', '―', '~', '～'], "-");
    let text = ["转分机", "分机号", "分机", "ext."]
        .iter()
        .fold(text, |text, word| text.replace(word, "转"));
    let parts = text.split(['/', '、', ',', ';', '\n', '|']);
    let numbers: Option<Vec<String>> = parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(one)
        .collect();
    match numbers {
        Some(numbers) if !numbers.is_empty() => Phone::Numbers(numbers.join(", ")),
        _ => Phone::NoNumber,
    }
}

/// Reads one number, or several separated only by blanks; a remark is put after its number.
fn one(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let count = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    if words.len() > 1 && words.iter().all(|word| count(word) >= 7) {
        let each: Option<Vec<String>> = words.into_iter().map(one).collect();
        return Some(each?.join(", "));
    }
    let (mut digits, mut remark) = (String::new(), String::new());
    let mut extension = String::new();
    for c in text.chars() {
        match c {
            '转' | '#' if digits.len() >= 5 => extension.push('-'),
            c if c.is_ascii_digit() && !extension.is_empty() => extension.push(c),
            c if c.is_ascii_digit() || c == '-' || c == '+' && digits.is_empty() => digits.push(c),
            '(' | ')' | '[' | ']' | '（' | '）' | '.' | '*' => {
                // In (0570)7023456 the area code ends here.
                let area = digits.starts_with('0') && (3..=4).contains(&digits.len());
                if c == ')' && area {
                    digits.push('-');
                }
            }
            c if c.is_whitespace() || c == ':' => {}
            c => remark.push(c),
        }
    }
    let plain = digits.replace('-', "");
    let mobile = plain
        .strip_prefix("+86")
        .or(plain.strip_prefix("0086"))
        .or(plain.strip_prefix("86"))
        .unwrap_or(&plain);
    let is_mobile = mobile.len() == 11 && mobile.starts_with('1');
    let number = match is_mobile {
        true => mobile.to_owned(),
        false => digits.trim_matches('-').replace("--", "-"),
    };
    // 12345 and 110 are numbers. A year or a house number cannot be told from them, but more than
    // twenty digits are not a number.
    let length = count(&number) + count(&extension);
    if !(3..=20).contains(&length) || text.contains("**") {
        return None;
    }
    let remark = match remark.trim_matches(['分', '机', '电', '话', '手', ' ']) {
        "" => String::new(),
        remark => format!(" ({remark})"),
    };
    Some(format!("{number}{extension}{remark}"))
}
