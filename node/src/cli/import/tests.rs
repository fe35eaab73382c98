use super::{sheet::BadFile, *};

/// A workbook of one sheet, put together from its XML parts with a ZIP program: headings, and rows with a
/// shared text, an inline text, numbers, a date, a formula that failed, and one that begins with `=`.
const WORKBOOK: &[u8] = include_bytes!("matters.xlsx");

fn read(text: &str) -> Table {
    Table::read(text.as_bytes(), None).unwrap()
}

#[test]
fn a_text_is_read_with_or_without_mark_and_by_whatever_parts_its_cells() {
    for text in [
        "编号,内容\n1,\"灯,\n坏\"\n\n2,b\n",
        "\u{feff}编号,内容\r\n1,\"灯,\n坏\"\r\n\r\n2,b\r\n",
        "编号;内容\n1;\"灯,\n坏\"\n\n2;b\n",
        "编号\t内容\n1\t\"灯,\n坏\"\n\n2\tb\n",
    ] {
        let table = read(text);
        assert_eq!(table.headings, ["编号", "内容"], "{text}");
        let lines: Vec<_> = table.rows.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [2, 5], "{text}");
        assert_eq!(texts(&table, 0), ["1", "灯,\n坏"], "{text}");
    }
}

/// The texts of a row that is read as it is.
fn texts(table: &Table, row: usize) -> Vec<String> {
    let (_, cells) = &table.rows[row];
    cells.iter().map(|cell| cell.clone().unwrap()).collect()
}

#[test]
fn what_is_no_table_is_refused_with_what_to_do() {
    let gbk = b"id,text\n1,\xc2\xb7\xb5\xc6\n";
    let refused = Table::read(gbk, None).unwrap_err();
    assert!(matches!(refused, BadFile::NotUtf8(2)), "{refused}");
    assert!(
        refused.to_string().contains("--encoding gb18030"),
        "{refused}"
    );
    for encoding in [None, Some(Encoding::Utf8), Some(Encoding::Gb18030)] {
        for utf16 in [&b"\xff\xfei\0d\0"[..], b"\xfe\xff\0i\0d"] {
            let refused = Table::read(utf16, encoding);
            assert!(matches!(refused, Err(BadFile::Utf16)), "{encoding:?}");
        }
        for empty in [&b""[..], b"\n \n"] {
            let refused = Table::read(empty, encoding);
            assert!(matches!(refused, Err(BadFile::Empty)), "{encoding:?}");
        }
    }
    let broken = Table::read(b"PK\x03\x04 no zip", None);
    assert!(matches!(broken, Err(BadFile::Workbook(_))));
}

/// `text` as a system of a county writes it.
fn gb18030(text: &str) -> Vec<u8> {
    let (bytes, encoding, lost) = encoding_rs::GB18030.encode(text);
    assert!(!lost && encoding == encoding_rs::GB18030);
    bytes.into_owned()
}

#[test]
fn gb18030_is_read_as_it_was_written_with_every_character_it_has() {
    // GB2312, GBK beyond it, four bytes, beyond the first plane, and characters whose second byte is a
    // letter, a bracket or a bar.
    let told = "编号,内容,备注\n1,\"路灯,\n不亮\",镕㐂𠮷€\n\n2,丂乗|亃~倈[岊{,x\n";
    for mark in [&b""[..], b"\x84\x31\x95\x33"] {
        let bytes = [mark, &gb18030(told)].concat();
        let table = Table::read(&bytes, Some(Encoding::Gb18030)).unwrap();
        assert_eq!(table, read(told), "the same as in UTF-8");
        assert_eq!(texts(&table, 0), ["1", "路灯,\n不亮", "镕㐂𠮷€"]);
        assert_eq!(table.rows[1].0, 5);
    }
    for (bytes, character) in [
        (&b"\xc2\xb7"[..], "路"),
        (b"\xa8\xa6", "é"),
        (b"\x95\x34\xb2\x35", "𠮷"),
        (b"\x95\x32\x82\x36", "\u{20000}"),
    ] {
        let decoded = Encoding::Gb18030.decode(bytes);
        assert_eq!(decoded.as_deref(), Ok(character));
    }
    // Every character of the first plane that GB18030 writes in two bytes or four.
    let all = ('\u{a0}'..='\u{d7ff}').chain('\u{f900}'..='\u{fffc}');
    let all: String = all
        .filter(|c| !c.is_control() && *c != '\u{feff}')
        .collect();
    let decoded = Encoding::Gb18030.decode(&gb18030(&all));
    assert_eq!(decoded.as_deref(), Ok(&*all));
}

#[test]
fn a_row_with_bytes_that_are_no_character_is_bad_and_the_others_are_read() {
    let mut bytes = gb18030("编号,类别,内容,备注\n1,路灯照明,坏");
    bytes.push(0xb1);
    bytes.extend(gb18030(",x\n2,路灯照明,好,x\n3,路灯照明,好,\"a\""));
    let end = bytes.len() - 1;
    bytes.splice(end..end, [0xff]);
    bytes.extend(gb18030("\n4,路灯照明,灯"));
    bytes.extend([0x81, 0x30, 0x81]);
    let table = Table::read(&bytes, Some(Encoding::Gb18030)).unwrap();
    let fields = columns(&table.headings, &[]).unwrap();
    let (rows, bad) = lines(&table, &fields);
    let good: Vec<_> = rows.iter().map(|row| row.line).collect();
    assert_eq!(
        good,
        [3, 4],
        "the bad byte of line 4 is in a column that is passed over"
    );
    let bad: Vec<_> = bad
        .iter()
        .map(|row| (row.line, &*row.faults[0].value, &*row.faults[0].reason))
        .collect();
    assert_eq!(
        bad,
        [
            (2, "坏", "the bytes b1 after this are no character"),
            (5, "灯", "the bytes 81 30 81 after this are no character"),
        ]
    );
    let all = format!("{table:?}");
    assert!(!all.contains('\u{fffd}'), "nothing is replaced: {all}");
}

#[test]
fn a_wrong_encoding_is_never_taken_for_another_text() {
    let told = "编号,内容\n1,路灯不亮\n";
    for utf8 in [
        told.to_owned(),
        format!("\u{feff}{told}"),
        "\u{feff}id,text\n1,a\n".to_owned(),
    ] {
        let refused = Table::read(utf8.as_bytes(), Some(Encoding::Gb18030)).unwrap_err();
        assert!(matches!(refused, BadFile::IsUtf8), "{refused}");
    }
    let ascii = Table::read(b"id,text\n1,a\n", Some(Encoding::Gb18030)).unwrap();
    assert_eq!(ascii, read("id,text\n1,a\n"), "ASCII is the same in both");
    let said = Table::read(&gb18030(told), Some(Encoding::Utf8)).unwrap_err();
    assert!(matches!(said, BadFile::NotUtf8(1)), "{said}");
    let book = Table::read(WORKBOOK, Some(Encoding::Gb18030)).unwrap_err();
    assert!(matches!(book, BadFile::SaysItself), "{book}");
    let headings = Table::read(b"id,\xff\n1,a\n", Some(Encoding::Gb18030)).unwrap_err();
    assert!(matches!(headings, BadFile::NotGb18030(1)), "{headings}");
    let big5 = b"\xbd\x73\xb8\xb9,\xa4\xba\xae\x65\n1,a\n";
    let table = Table::read(big5, Some(Encoding::Gb18030)).unwrap();
    assert!(
        columns(&table.headings, &[]).is_err(),
        "its headings name nothing"
    );
}

#[test]
fn a_workbook_is_read_as_a_person_sees_it() {
    let table = Table::read(WORKBOOK, None).unwrap();
    assert_eq!(
        table.headings,
        ["编号", "类别", "内容", "时间", "纬度", "经度"]
    );
    let rows = 0..table.rows.len();
    let texts: Vec<Vec<String>> = rows.map(|row| texts(&table, row)).collect();
    assert_eq!(
        texts[0],
        [
            "20260301000017",
            "路灯照明",
            "路灯不亮",
            "2026-03-01 08:15:00",
            "29.0285",
            "119.1722"
        ]
    );
    assert_eq!(texts[1][2], "=1+1 不是公式");
    assert_eq!(texts[2][2], "#N/A");
    let lines: Vec<_> = table.rows.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 5], "as the program counts them");
}

#[test]
fn rows_that_are_bad_in_the_file_are_found_before_anything_is_sent() {
    let table = read("id,category,text,x\n1,a,b,c\n1,a,c\n2,a,b,c,d\n3,a,b,,\n");
    let fields = columns(&table.headings, &[]).unwrap();
    let (rows, bad) = lines(&table, &fields);
    let good: Vec<_> = rows.iter().map(|row| row.line).collect();
    assert_eq!(good, [2, 5]);
    assert_eq!(rows[0].cells.len(), 3, "what has no field is not sent");
    let bad: Vec<_> = bad
        .iter()
        .map(|row| (row.line, &*row.faults[0].reason))
        .collect();
    assert_eq!(bad[0], (3, "line 2 has the same number"));
    assert_eq!(bad[1].0, 4);
    assert_eq!(
        mapped("工单号=id"),
        Ok(("工单号".to_owned(), Some(Field::Id)))
    );
    assert_eq!(mapped("备注="), Ok(("备注".to_owned(), None)));
    assert!(mapped("备注").is_err() && mapped("备注=colour").is_err());
}

#[test]
fn batches_hold_every_row_once_however_long() {
    let row = |line: u64, bytes: usize| ImportLine {
        line,
        cells: [(Field::Text, "x".repeat(bytes))].into(),
    };
    let rows: Vec<_> = (0..700)
        .map(|n| row(n, if n % 100 == 0 { 2 * MOST_BYTES } else { 10 }))
        .collect();
    let sent: Vec<u64> = batches(&rows).flatten().map(|row| row.line).collect();
    assert_eq!(sent, (0..700).collect::<Vec<_>>());
    assert!(batches(&rows).all(|batch| batch.len() <= MOST_ROWS));
    assert_eq!(batches(&[]).count(), 0);
}

#[test]
fn the_table_of_faults_can_be_opened_without_harm() {
    let bad = [BadRow {
        line: 2,
        faults: vec![Fault {
            column: Field::Id,
            value: "=cmd()".to_owned(),
            reason: "r".to_owned(),
            hint: "h".to_owned(),
        }],
    }];
    let text = String::from_utf8(faults(&bad)).unwrap();
    assert_eq!(
        text,
        "\u{feff}line,column,value,reason,hint\n2,id,'=cmd(),r,h\n"
    );
}
