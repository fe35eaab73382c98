use super::{sheet::BadFile, *};

/// A workbook of one sheet, put together from its XML parts with a ZIP program: headings, and rows with a
/// shared text, an inline text, numbers, a date, a formula that failed, and one that begins with `=`.
const WORKBOOK: &[u8] = include_bytes!("matters.xlsx");

fn read(text: &str) -> Table {
    Table::read(text.as_bytes()).unwrap()
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
        assert_eq!(table.rows[0].1, ["1", "灯,\n坏"], "{text}");
    }
}

#[test]
fn what_is_no_table_is_refused_with_what_to_do() {
    let gbk = b"id,text\n1,\xc2\xb7\xb5\xc6\n";
    let refused = Table::read(gbk).unwrap_err();
    assert!(matches!(refused, BadFile::Encoding(2)), "{refused}");
    assert!(refused.to_string().contains("iconv -f GB18030"));
    assert!(matches!(
        Table::read(b"\xff\xfei\0d\0"),
        Err(BadFile::Utf16)
    ));
    assert!(matches!(Table::read(b""), Err(BadFile::Empty)));
    assert!(matches!(Table::read(b"\n \n"), Err(BadFile::Empty)));
    assert!(matches!(
        Table::read(b"PK\x03\x04 no zip"),
        Err(BadFile::Workbook(_))
    ));
}

#[test]
fn a_workbook_is_read_as_a_person_sees_it() {
    let table = Table::read(WORKBOOK).unwrap();
    assert_eq!(
        table.headings,
        ["编号", "类别", "内容", "时间", "纬度", "经度"]
    );
    let texts: Vec<&[String]> = table.rows.iter().map(|(_, cells)| &cells[..]).collect();
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
