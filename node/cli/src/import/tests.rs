use sheet::{BadFile, Doubt};

use super::*;

/// A workbook of one sheet, built from its XML parts with a ZIP program: headings, and rows with a
/// shared text, an inline text, numbers, a date, a formula that failed, and a text that begins with
/// `=`.
const WORKBOOK: &[u8] = include_bytes!("../../../sheet/src/matters.xlsx");

fn read(text: &str) -> Table {
    Table::read(text.as_bytes(), None, None, &[]).unwrap()
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

/// Returns the texts of a row without doubtful cells.
fn texts(table: &Table, row: usize) -> Vec<String> {
    let (_, cells) = &table.rows[row];
    let text = |cell: &sheet::Cell| match cell {
        Ok(text) | Err(Doubt::Day(text)) => text.clone(),
        Err(doubt) => panic!("{doubt:?}"),
    };
    cells.iter().map(text).collect()
}

#[test]
fn what_is_no_table_is_refused_with_what_to_do() {
    let gbk = b"id,text\n1,\xc2\xb7\xb5\xc6\n";
    let refused = Table::read(gbk, None, None, &[]).unwrap_err();
    assert!(matches!(refused, BadFile::Gb18030(2, _)), "{refused}");
    assert!(
        refused.to_string().contains("--encoding gb18030"),
        "{refused}"
    );
    let headed = gb18030("编号,类别,内容\n1,路灯照明,路灯不亮\n");
    let refused = Table::read(&headed, None, None, &[]).unwrap_err();
    assert!(
        refused.to_string().contains("begins `编号,类别,内容`"),
        "{refused}"
    );
    let mut broken = "编号,内容\n1,路灯\n2,坏".as_bytes().to_vec();
    broken.pop();
    broken.extend(b",x\n3,a\n");
    let refused = Table::read(&broken, None, None, &[]).unwrap_err();
    assert!(matches!(refused, BadFile::BrokenUtf8(3)), "{refused}");
    let latin = b"id,text\n1,caf\xe9\n";
    let refused = Table::read(latin, None, None, &[]).unwrap_err();
    assert!(matches!(refused, BadFile::Unknown(2)), "{refused}");
    for encoding in [None, Some(Encoding::Utf8), Some(Encoding::Gb18030)] {
        for utf16 in [&b"\xff\xfei\0d\0"[..], b"\xfe\xff\0i\0d"] {
            let refused = Table::read(utf16, encoding, None, &[]);
            assert!(matches!(refused, Err(BadFile::Utf16)), "{encoding:?}");
        }
        for empty in [&b""[..], b"\n \n"] {
            let refused = Table::read(empty, encoding, None, &[]);
            assert!(matches!(refused, Err(BadFile::Empty)), "{encoding:?}");
        }
    }
    let broken = Table::read(b"PK\x03\x04 no zip", None, None, &[]);
    assert!(matches!(broken, Err(BadFile::Workbook(_))));
}

/// Encodes `text` in GB18030, as the systems of some counties write it.
fn gb18030(text: &str) -> Vec<u8> {
    let (bytes, encoding, lost) = encoding_rs::GB18030.encode(text);
    assert!(!lost && encoding == encoding_rs::GB18030);
    bytes.into_owned()
}

#[test]
fn gb18030_is_read_as_it_was_written_with_every_character_it_has() {
    // GB2312, GBK beyond it, four bytes, beyond the first plane, and characters whose second byte
    // is a letter, a bracket or a bar.
    let told = "编号,内容,备注\n1,\"路灯,\n不亮\",镕㐂𠮷€\n\n2,丂乗|亃~倈[岊{,x\n";
    for mark in [&b""[..], b"\x84\x31\x95\x33"] {
        let bytes = [mark, &gb18030(told)].concat();
        let table = Table::read(&bytes, Some(Encoding::Gb18030), None, &[]).unwrap();
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
    // Every character of the first plane that GB18030 encodes in two bytes or four.
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
    let table = Table::read(&bytes, Some(Encoding::Gb18030), None, &[]).unwrap();
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
            (2, "坏", "the bytes b1 after this are not a character"),
            (5, "灯", "the bytes 81 30 81 after this are not a character"),
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
        let refused = Table::read(utf8.as_bytes(), Some(Encoding::Gb18030), None, &[]).unwrap_err();
        assert!(matches!(refused, BadFile::IsUtf8), "{refused}");
    }
    let ascii = Table::read(b"id,text\n1,a\n", Some(Encoding::Gb18030), None, &[]).unwrap();
    assert_eq!(ascii, read("id,text\n1,a\n"), "ASCII is the same in both");
    let said = Table::read(&gb18030(told), Some(Encoding::Utf8), None, &[]).unwrap_err();
    assert!(matches!(said, BadFile::Gb18030(1, _)), "{said}");
    let book = Table::read(WORKBOOK, Some(Encoding::Gb18030), None, &[]).unwrap_err();
    assert!(matches!(book, BadFile::SaysItself), "{book}");
    let headings = Table::read(b"id,\xff\n1,a\n", Some(Encoding::Gb18030), None, &[]).unwrap_err();
    assert!(matches!(headings, BadFile::NotGb18030(1)), "{headings}");
    let big5 = b"\xbd\x73\xb8\xb9,\xa4\xba\xae\x65\n1,a\n";
    let table = Table::read(big5, Some(Encoding::Gb18030), None, &[]).unwrap();
    assert!(
        columns(&table.headings, &[]).is_err(),
        "its headings name nothing"
    );
}

#[test]
fn a_workbook_is_read_as_a_person_sees_it() {
    let table = Table::read(WORKBOOK, None, None, &[]).unwrap();
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

/// Builds a workbook from these parts and those that every workbook has.
fn workbook(sheets: &[(&str, &str, &str)], formats: &[&str]) -> Vec<u8> {
    use std::io::Write;
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const LINKS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PARTS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let (mut list, mut links) = (String::new(), String::new());
    let mut parts: Vec<(String, String)> = vec![];
    for (n, (name, state, xml)) in sheets.iter().enumerate() {
        let n = n + 1;
        list += &format!(r#"<sheet name="{name}" sheetId="{n}" state="{state}" r:id="rId{n}"/>"#);
        links += &format!(
            r#"<Relationship Id="rId{n}" Type="{LINKS}/worksheet" Target="worksheets/sheet{n}.xml"/>"#
        );
        let xml = format!(r#"<worksheet xmlns="{MAIN}">{xml}</worksheet>"#);
        parts.push((format!("xl/worksheets/sheet{n}.xml"), xml));
    }
    links += &format!(r#"<Relationship Id="rId99" Type="{LINKS}/styles" Target="styles.xml"/>"#);
    let (mut codes, mut styles) = (String::new(), String::from(r#"<xf numFmtId="0"/>"#));
    for (n, format) in formats.iter().enumerate() {
        let n = n + 164;
        codes += &format!(r#"<numFmt numFmtId="{n}" formatCode="{format}"/>"#);
        styles += &format!(r#"<xf numFmtId="{n}" applyNumberFormat="1"/>"#);
    }
    let styles = format!(
        r#"<styleSheet xmlns="{MAIN}"><numFmts>{codes}</numFmts><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders><cellStyleXfs><xf/></cellStyleXfs><cellXfs>{styles}</cellXfs></styleSheet>"#
    );
    parts.push(("xl/styles.xml".to_owned(), styles));
    let book =
        format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>{list}</sheets></workbook>"#);
    parts.push(("xl/workbook.xml".to_owned(), book));
    let links = format!(r#"<Relationships xmlns="{PARTS}">{links}</Relationships>"#);
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), links));
    let root = format!(
        r#"<Relationships xmlns="{PARTS}"><Relationship Id="rId1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    parts.push(("_rels/.rels".to_owned(), root));
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, text) in parts {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Builds the rows of a sheet: each cell is `B2=text`, or `B2#3=1234` for a number in the third
/// format.
fn sheet(cells: &[&str]) -> String {
    let cells = cells.iter().map(|cell| {
        let (at, value) = cell.split_once('=').unwrap();
        let (at, style) = at.split_once('#').unwrap_or((at, ""));
        match style {
            "" => format!(r#"<row><c r="{at}" t="inlineStr"><is><t>{value}</t></is></c></row>"#),
            style => format!(r#"<row><c r="{at}" s="{style}"><v>{value}</v></c></row>"#),
        }
    });
    format!("<sheetData>{}</sheetData>", cells.collect::<String>())
}

const HEADINGS: [&str; 3] = ["A1=编号", "B1=类别", "C1=内容"];

fn of_file(name: &str) -> (Vec<ImportLine>, Vec<BadRow>) {
    let path = format!("{}/tests/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    let table = Table::read(&fs::read(path).unwrap(), None, None, &[]).unwrap();
    let fields = columns(&table.headings, &[]).unwrap();
    lines(&table, &fields)
}

#[test]
fn numbers_that_a_spreadsheet_does_not_keep_are_bad_and_formats_say_what_the_clerk_saw() {
    let (rows, bad) = of_file("ids-18-digits.xlsx");
    let lines: Vec<u64> = bad.iter().map(|row| row.line).collect();
    assert_eq!(lines, [2, 3, 5]);
    assert!(bad.iter().all(|row| row.faults[0].hint.contains("as text")));
    assert_eq!(rows[0].cells[&Field::Id], "123456789012345");
    for name in ["leading-zeros.xlsx", "leading-zeros.csv"] {
        let (rows, bad) = of_file(name);
        assert_eq!(rows[0].cells[&Field::Id], "00001234", "{name}");
        assert!(bad.is_empty());
    }
    // A format that does not show the number, and a date.
    let formats = ["#,##0", "yyyy\\-m\\-d"];
    let cells = [
        &HEADINGS[..],
        &["A2#1=1234", "B2=a", "C2=b", "A3#2=46082", "B3=a", "C3=b"],
    ]
    .concat();
    let book = workbook(&[("表", "visible", &sheet(&cells))], &formats);
    let table = Table::read(&book, None, None, &[]).unwrap();
    let (rows, bad) = super::lines(&table, &columns(&table.headings, &[]).unwrap());
    assert!(rows.is_empty());
    assert!(bad[0].faults[0].reason.contains("#,##0"));
    assert!(bad[1].faults[0].reason.contains("for a day"));
}

/// Returns how the node judges the rows of a file: the good rows, and the lines of the bad ones.
fn judged(name: &str) -> (Vec<domain::import::Row>, Vec<u64>) {
    use domain::{custody, policy::Policy};
    let (policy, tree) = (Policy::default(), topology::Tree::zhejiang());
    let context = custody::Context {
        me: "330825002222".parse().unwrap(),
        now: "2026-11-28".parse::<domain::time::Day>().unwrap().start(),
        tree: &tree,
        terms: custody::CustodyLimits::default(),
        policy: &policy,
    };
    let (rows, bad) = of_file(name);
    let (mut good, mut lines) = (vec![], bad.iter().map(|row| row.line).collect::<Vec<_>>());
    for row in rows {
        match domain::import::read(&row.cells, Datum::default(), context) {
            Ok(read) => good.push(read),
            Err(_) => lines.push(row.line),
        }
    }
    (good, lines)
}

#[test]
fn the_files_that_failed_are_read_as_they_were_meant() {
    for name in ["ids-scientific-a.csv", "ids-scientific-b.csv"] {
        assert_eq!(judged(name), (vec![], vec![2]), "{name}");
    }
    let (rows, bad) = judged("phones.csv");
    assert_eq!((rows.len(), bad), (16, vec![]));
    let without: Vec<&str> = rows
        .iter()
        .filter(|row| row.contact.is_none())
        .map(|row| &*row.id)
        .collect();
    assert_eq!(without, ["P08", "P13", "P15"]);
    let told = rows.iter().filter(|row| !row.noted.is_empty()).count();
    assert_eq!(told, 2, "a cell that says there is none is no fault");
    let (rows, bad) = judged("history.csv");
    assert!(bad.is_empty());
    let days: Vec<String> = rows
        .iter()
        .map(|row| row.history.unwrap().reported.day().to_string())
        .collect();
    assert_eq!(days, ["2026-08-01", "2026-08-02", "2026-08-03"]);
    assert!(rows[1].progress.is_closed());
}

#[test]
fn a_title_merged_cells_other_sheets_and_unknown_columns_are_told() {
    let cells = [
        "A1=2026 年 3 月工单统计",
        "A3=编号",
        "B3=类别",
        "C3=内容",
        "D3=备注",
        "A4=1",
        "B4=路灯照明",
        "C4=甲",
        "A5=2",
        "C5=乙",
        "D5=急",
        "A6=编号",
        "B6=类别",
        "C6=内容",
        "D6=备注",
        "A7=3",
        "B7=垃圾堆放",
        "C7=丙",
    ];
    let merged =
        r#"<mergeCells count="2"><mergeCell ref="A1:D1"/><mergeCell ref="B4:B5"/></mergeCells>"#;
    let first = sheet(&cells) + merged;
    let other = sheet(&["A1=x"]);
    let book = workbook(
        &[
            ("旧", "hidden", &other),
            ("表", "visible", &first),
            ("二", "visible", &other),
        ],
        &[],
    );
    let table = Table::read(&book, None, None, &[]).unwrap();
    let fields = columns(&table.headings, &[]).unwrap();
    let (rows, bad) = lines(&table, &fields);
    assert!(bad.is_empty(), "{bad:?}");
    let read: Vec<_> = rows
        .iter()
        .map(|row| (row.line, &*row.cells[&Field::Category]))
        .collect();
    assert_eq!(read, [(4, "路灯照明"), (5, "路灯照明"), (7, "垃圾堆放")]);
    let notes = [table.notes.clone(), unread(&table, &fields)]
        .concat()
        .join("\n");
    for told in [
        "hidden sheet `旧`",
        "sheet `二`",
        "line 1 stands above",
        "B4:B5 are merged; `路灯照明` is taken for each of their rows",
        "line 6 repeats the headings",
        "column `备注` is not read",
    ] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    let named = Table::read(&book, None, Some("二"), &[]).unwrap();
    assert_eq!(named.headings, ["x"]);
    let missing = Table::read(&book, None, Some("三"), &[]).unwrap_err();
    assert!(missing.to_string().contains("旧, 表, 二"), "{missing}");
}

#[test]
fn a_sheet_that_claims_to_reach_to_the_end_of_the_earth_is_read_by_what_is_in_it() {
    let far = r#"<dimension ref="A1:XFD1048576"/>"#.to_owned()
        + &sheet(&[&HEADINGS[..], &["A2=1", "B2=a", "C2=b", "XFD1048576#0=7"]].concat());
    let book = workbook(&[("表", "visible", &far)], &[]);
    let table = Table::read(&book, None, None, &[]).unwrap();
    let (rows, bad) = lines(&table, &columns(&table.headings, &[]).unwrap());
    assert_eq!(rows.len(), 1);
    assert_eq!(
        bad[0].line, 1_048_576,
        "what stands beside the table is told"
    );
}

#[test]
fn a_workbook_that_unpacks_to_more_than_it_can_mean_is_refused_before_it_is_read() {
    let row = |times: u64| {
        format!(
            r#"<table:table-row table:number-rows-repeated="{times}"><table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16384"/></table:table-row>"#
        )
    };
    let refused = |rows: &str| Table::read(&ods(rows), None, None, &[]).unwrap_err();
    for rows in [row(1).repeat(1_000), row(1_000)] {
        let refused = refused(&rows);
        assert!(matches!(refused, BadFile::Wide(_)), "{refused}");
    }
    let endless = refused(&row(u64::MAX));
    assert!(matches!(endless, BadFile::Long(_)), "{endless}");
}

/// An ODS with these rows.
fn ods(rows: &str) -> Vec<u8> {
    use std::io::Write;
    let table = format!(
        r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="表">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#
    );
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, text) in [
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", "<manifest:manifest/>"),
        ("content.xml", &*table),
    ] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let book = zip.finish().unwrap().into_inner();
    assert!(book.len() < 10_000);
    book
}

#[test]
fn texts_with_marks_of_full_width_or_a_said_separator_are_told_apart() {
    for text in [
        "编号，类别，内容\n1，路灯照明，灯\n",
        "编号；类别；内容\n1；路灯照明；灯\n",
        "sep=;\n编号;类别;内容\n1;路灯照明;灯\n",
        "\"sep=|\"\r\n编号|类别|内容\r\n1|路灯照明|灯\r\n",
        "三月工单，共 1 件\n编号,类别,内容\n1,路灯照明,灯\n",
        "编 号 ,*类别：,内容（必填）\n1,路灯照明,灯\n",
    ] {
        for bytes in [text.as_bytes().to_vec(), gb18030(text)] {
            let encoding = (bytes != text.as_bytes()).then_some(Encoding::Gb18030);
            let table = Table::read(&bytes, encoding, None, &[]).unwrap();
            assert!(
                columns(&table.headings, &[]).is_ok(),
                "{text}: {:?}",
                table.headings
            );
            assert_eq!(texts(&table, 0), ["1", "路灯照明", "灯"], "{text}");
        }
    }
    let table = read("sep=;\n编号;类别;内容\n1;a;b\n");
    assert_eq!(table.rows[0].0, 3, "as a program counts the lines");
    // In a table with commas, a full-width comma is text.
    let table = read("编号,类别,内容\n1,a,甲，乙\n");
    assert_eq!(texts(&table, 0)[2], "甲，乙");
}

#[test]
fn long_numbers_that_all_end_with_zeros_are_pointed_out() {
    let rows = |ids: &[&str]| -> Vec<ImportLine> {
        let row = |id: &&str| ImportLine {
            line: 2,
            cells: [(Field::Id, (*id).to_owned())].into(),
        };
        ids.iter().map(row).collect()
    };
    assert!(rounded(&rows(&["202603011234567000", "17"])).is_some());
    assert_eq!(
        rounded(&rows(&["202603011234567000", "202603011234567001"])),
        None
    );
    assert_eq!(
        rounded(&rows(&["1234567890123450"])),
        None,
        "one zero is chance"
    );
}
