//! Sheets as people send them, good and bad.

use std::io::{Cursor, Read as _, Write as _};

use domain::rows::{BadCell, Row};

use super::*;
use crate::{BadFile, Limits, filled::BadSheet};

fn read(bytes: &[u8]) -> Result<Roster, BadSheet> {
    Roster::read(bytes, &Limits::SENT)
}

fn cells(row: &Row<Column>) -> Vec<&str> {
    row.cells.values().map(String::as_str).collect()
}

/// Returns the empty sheet with its parts changed: replaces a text in every part, and adds a part.
fn changed(from: &str, to: &str, more: Option<(&str, &str)>) -> Vec<u8> {
    let bytes = workbook(
        "账号",
        &[
            sample()[0].clone(),
            ["张三", "zhang.san", "", "", "", "13800000000", "", "", ""]
                .map(str::to_owned)
                .to_vec(),
            ["李四", "li.si", "", "", "", "", "", "", ""]
                .map(str::to_owned)
                .to_vec(),
        ],
    );
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut packed = zip::ZipWriter::new(Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default();
    let mut found = from.is_empty();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        found |= text.contains(from);
        packed.start_file(part.name().unwrap(), options).unwrap();
        let text = match from.is_empty() {
            true => text,
            false => text.replace(from, to),
        };
        packed.write_all(text.as_bytes()).unwrap();
    }
    if let Some((name, text)) = more {
        packed.start_file(name, options).unwrap();
        packed.write_all(text.as_bytes()).unwrap();
    }
    assert!(found, "{from}");
    packed.finish().unwrap().into_inner()
}

#[test]
fn the_empty_sheet_has_all_columns_and_its_sample_opens_nothing() {
    let read = read(&empty()).unwrap();
    assert_eq!((read.rows, read.bad), (vec![], vec![]));
    assert_eq!(read.unread, Vec::<String>::new());
    assert_eq!(sample()[0].len(), sample()[1].len());
    let filled = super::tests::read(&changed("", "", None)).unwrap();
    assert_eq!(filled.rows.len(), 2);
    assert_eq!(filled.rows[0].line, 2);
    assert_eq!(cells(&filled.rows[0]), ["张三", "zhang.san", "13800000000"]);
}

#[test]
fn a_text_is_read_as_utf_8_or_as_gb18030_and_as_nothing_else() {
    let text = "姓名,用户名,备注\n张三,zhang.san,x\n,,\n李四,li.si,\n";
    let plain = read(text.as_bytes()).unwrap();
    let lines: Vec<_> = plain.rows.iter().map(|row| row.line).collect();
    assert_eq!((lines, plain.as_gb18030), (vec![2, 4], false));
    assert_eq!(plain.unread, ["备注"]);
    let (gb, ..) = encoding_rs::GB18030.encode(text);
    let foreign = read(&gb).unwrap();
    assert!(foreign.as_gb18030);
    assert_eq!(foreign.rows, plain.rows);
    let utf_16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for (bytes, told) in [
        (utf_16, "UTF-16"),
        (b"".to_vec(), "empty"),
        ("姓名,角色\n张三,网格员\n".into(), "用户名 (login)"),
        ("姓名,用户名,账号\na,b,c\n".into(), "two columns"),
        (b"PK\x03\x04 no zip".to_vec(), "XLSX"),
        (b"\x00\x01\x02\xff\xff\n".repeat(20), ""),
    ] {
        let refused = read(&bytes).unwrap_err();
        assert!(refused.to_string().contains(told), "{refused}");
        let chinese = refused.chinese();
        assert!(chinese.contains('；'), "{chinese}");
    }
}

#[test]
fn what_says_something_else_than_it_shows_is_refused() {
    let cell =
        "<c r=\"B2\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">zhang.san</t></is></c>";
    let formula = "<c r=\"B2\" t=\"str\"><f>LOWER(\"ZHANG.SAN\")</f><v>zhang.san</v></c>";
    let refused = read(&changed(cell, formula, None)).unwrap_err();
    assert!(
        matches!(&refused, BadSheet::Formula(at) if at == "B2"),
        "{refused}"
    );
    let merged = "</sheetData><mergeCells count=\"1\"><mergeCell ref=\"A2:A3\"/></mergeCells>";
    let refused = read(&changed("</sheetData>", merged, None)).unwrap_err();
    assert!(
        matches!(&refused, BadSheet::Merged(at) if at == "A2:A3"),
        "{refused}"
    );
    let two = "</sheets>";
    let hidden = "<sheet name=\"旧名单\" sheetId=\"2\" state=\"hidden\" r:id=\"rId1\"/></sheets>";
    let refused = read(&changed(two, hidden, None)).unwrap_err();
    assert!(
        matches!(&refused, BadSheet::Hidden(name) if name == "旧名单"),
        "{refused}"
    );
    // A number that was typed is told from one that a spreadsheet shortened.
    let phone = "<c r=\"F2\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">13800000000</t></is></c>";
    let number = "<c r=\"F2\"><v>13800000000</v></c>";
    let good = read(&changed(phone, number, None)).unwrap();
    assert_eq!(cells(&good.rows[0])[2], "13800000000");
    let long = "<c r=\"F2\"><v>1380000000012345678</v></c>";
    let bad = read(&changed(phone, long, None)).unwrap();
    assert_eq!((bad.rows.len(), bad.bad.len()), (1, 1));
    assert_eq!(bad.bad[0].1[0].why, BadCell::Shortened);
}

#[test]
fn a_row_beside_the_table_and_a_broken_cell_are_faults_of_their_row() {
    let text = b"name,login\nA,a.b,more\n\xffB,b.c\nC,c.d\n".to_vec();
    let refused = read(&text);
    assert!(refused.is_err(), "bytes that are no text stop the file");
    let roster = read(b"name,login\nA,a.b,more\nC,c.d\n").unwrap();
    assert_eq!(roster.rows.len(), 1);
    assert_eq!(roster.bad[0].0, 2);
    assert_eq!(roster.bad[0].1[0].why, BadCell::Beyond);
}

#[test]
fn a_file_that_is_too_large_for_a_node_is_refused_before_it_is_unpacked() {
    let rows = "张三,zhang.san\n".repeat(Limits::SENT.rows + 1);
    let long = format!("姓名,用户名\n{rows}");
    let refused = read(long.as_bytes()).unwrap_err();
    assert!(
        matches!(refused, BadSheet::File(BadFile::Long(_))),
        "{refused}"
    );
    let large = vec![b'a'; Limits::SENT.bytes + 1];
    let refused = read(&large).unwrap_err();
    assert!(
        matches!(refused, BadSheet::File(BadFile::Large(..))),
        "{refused}"
    );
    let zeros = "0".repeat(20 << 20);
    let bomb = changed("", "", Some(("xl/media/zeros.bin", &zeros)));
    assert!(bomb.len() < Limits::SENT.bytes);
    let refused = read(&bomb).unwrap_err();
    assert!(
        matches!(refused, BadSheet::File(BadFile::Unpacks(16))),
        "{refused}"
    );
}
