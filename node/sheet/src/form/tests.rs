use std::io::{Cursor, Read as _, Write as _};

use domain::disclosure::{Class, Content, FieldKind, Item, Rhythm, Spot, Sum};

use super::*;
use crate::{BadFile, Limits};

fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        kind,
        unit: None,
        required: true,
        options: vec![],
    }
}

fn choice(name: &str, options: &[&str]) -> Field {
    Field {
        options: options.iter().map(|one| (*one).into()).collect(),
        ..field(name, FieldKind::Choice)
    }
}

fn item() -> Item {
    use FieldKind as K;
    let long: Vec<String> = (0..40)
        .map(|n| format!("第 {n} 种处理方式，按村规民约"))
        .collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    Item {
        name: "村集体收支".into(),
        english: None,
        class: Class::Finance,
        rhythm: Rhythm::Month,
        period_days: 31,
        due: domain::calendar::Allowance::Days(10),
        objection: domain::calendar::Allowance::Days(5),
        source: None,
        fields: vec![
            field("支出", K::Money),
            field("人数", K::Number),
            field("其他说明", K::Text),
            choice("方式", &["招标", "议标"]),
            choice("处理", &long),
        ],
        columns: vec![
            field("日期", K::Date),
            field("事由", K::Text),
            field("支出", K::Money),
        ],
        sums: vec![Sum::Column {
            total: "支出".into(),
            column: "支出".into(),
        }],
    }
}

fn id() -> FormId {
    FormId {
        division: "330825002222".parse().unwrap(),
        number: "1f3a9c0411223344".parse().unwrap(),
        edition: 1,
        template: "330825/disclosure/affairs".parse().unwrap(),
        version: 3,
    }
}

fn content() -> Content {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
    Content {
        fields: texts(&[
            "300.50",
            "12.25",
            "=HYPERLINK(\"http://x\")",
            "招标",
            "第 7 种处理方式，按村规民约",
        ]),
        rows: vec![
            texts(&["2026-09-03", "-1+2", "120.50"]),
            texts(&["2026-09-20", "清运 <&\"'>", "180.00"]),
        ],
        note: "第一行\n＝第二行".into(),
    }
}

fn sheet() -> Vec<u8> {
    written(&id(), &item(), "2026-09-01 – 2026-09-30", &content())
}

fn back(bytes: &[u8]) -> Result<Typed, BadForm> {
    read(bytes, &id(), &item(), &Limits::SENT)
}

/// Packs a workbook anew with changed parts, and one more.
fn changed(
    bytes: &[u8],
    change: impl Fn(&str, String) -> Vec<u8>,
    more: Option<(&str, &[u8])>,
) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut packed = zip::ZipWriter::new(Cursor::new(vec![]));
    let options = zip::write::SimpleFileOptions::default();
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).unwrap();
        let name = part.name().unwrap().to_string();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        packed.start_file(&name, options).unwrap();
        packed.write_all(&change(&name, text)).unwrap();
    }
    if let Some((name, bytes)) = more {
        packed.start_file(name, options).unwrap();
        packed.write_all(bytes).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

fn in_sheet(from: &str, to: &str) -> Vec<u8> {
    changed(
        &sheet(),
        |name, text| match name {
            "xl/worksheets/sheet1.xml" => {
                assert!(text.contains(from), "{from} is not in {text}");
                text.replacen(from, to, 1).into_bytes()
            }
            _ => text.into_bytes(),
        },
        None,
    )
}

/// Returns the sheet with a cell replaced by this XML.
fn with_cell(spot: &str, xml: &str) -> Vec<u8> {
    changed(
        &sheet(),
        |name, text| {
            if name != "xl/worksheets/sheet1.xml" {
                return text.into_bytes();
            }
            let from = text.find(&format!("<c r=\"{spot}\"")).unwrap();
            let rest = &text[from..];
            let tag = rest.find('>').unwrap();
            let end = match rest[..tag].ends_with('/') {
                true => tag + 1,
                false => rest.find("</c>").unwrap() + 4,
            };
            let changed = format!("{}{xml}{}", &text[..from], &rest[end..]);
            changed.into_bytes()
        },
        None,
    )
}

#[test]
fn what_is_written_is_read_back_and_nothing_becomes_a_formula() {
    let typed = back(&sheet()).unwrap();
    assert_eq!(typed.content.clone().shaped(&item()), content());
    assert!(content().faults(&item()).is_empty());
    for (at, cell) in [
        (Spot::Field(0), "B5"),
        (Spot::Note, "B10"),
        (Spot::Cell { row: 1, column: 2 }, "C16"),
        (Spot::Table, "A15"),
    ] {
        assert_eq!(typed.cell(at), cell, "{at:?}");
    }
    let blank = written(&id(), &item(), "", &item().blank());
    assert_eq!(back(&blank).unwrap().content, item().blank());
    assert_eq!(sheet(), sheet(), "the same form has the same bytes");
    let only_fields = Item {
        columns: vec![],
        sums: vec![],
        ..item()
    };
    let bytes = written(&id(), &only_fields, "", &only_fields.blank());
    let typed = read(&bytes, &id(), &only_fields, &Limits::SENT).unwrap();
    assert_eq!(typed.content, only_fields.blank());
}

#[test]
fn a_fault_is_told_with_the_cell_that_it_is_in_also_below_empty_rows() {
    let moved = "<c r=\"B18\" t=\"inlineStr\"><is><t>电费</t></is></c>";
    let typed = back(&with_cell("B18", moved)).unwrap();
    let content = typed.content.clone().shaped(&item());
    assert_eq!(content.rows.len(), 3);
    let faults = content.faults(&item());
    let cells: Vec<_> = faults.iter().map(|fault| typed.cell(fault.at)).collect();
    assert_eq!(cells, ["A18", "C18"]);
    let wrong = with_cell("B5", "<c r=\"B5\" t=\"inlineStr\"><is><t>三百</t></is></c>");
    let typed = back(&wrong).unwrap();
    let faults = typed.content.clone().shaped(&item()).faults(&item());
    assert_eq!(typed.cell(faults[0].at), "B5");
}

#[test]
fn a_foreign_or_old_sheet_is_refused_by_name() {
    let mut other = id();
    other.number = "00000000000000aa".parse().unwrap();
    let bytes = written(&other, &item(), "", &content());
    let refused = back(&bytes).unwrap_err();
    assert!(matches!(&refused, BadForm::Other(both) if both.0 == other));
    assert!(refused.chinese().contains("00000000000000aa"));
    let village = FormId {
        division: "330825002223".parse().unwrap(),
        ..id()
    };
    let bytes = written(&village, &item(), "", &content());
    assert!(matches!(back(&bytes), Err(BadForm::Other(_))));
    let later = FormId { edition: 2, ..id() };
    let refused = read(&sheet(), &later, &item(), &Limits::SENT);
    assert!(matches!(refused, Err(BadForm::Edition(1, 2))));
    let newer = FormId { version: 4, ..id() };
    let refused = read(&sheet(), &newer, &item(), &Limits::SENT);
    assert!(matches!(refused, Err(BadForm::Template(3, 4))));
    let accounts = crate::accounts::empty();
    assert!(matches!(back(&accounts), Err(BadForm::NoForm)));
}

#[test]
fn what_makes_a_cell_say_something_else_than_it_shows_is_refused_with_its_name() {
    let told = |bytes: &[u8]| back(bytes).unwrap_err().chinese();
    let formula = with_cell("B5", "<c r=\"B5\"><f>150+150.5</f><v>300.5</v></c>");
    assert!(
        told(&formula).contains("单元格 B5 是公式"),
        "{}",
        told(&formula)
    );
    let merged = in_sheet(
        "</sheetData>",
        "</sheetData><mergeCells count=\"1\"><mergeCell ref=\"A15:A16\"/></mergeCells>",
    );
    assert!(told(&merged).contains("A15:A16 是合并的"));
    let hidden = in_sheet("<row r=\"16\"", "<row hidden=\"1\" r=\"16\"");
    assert!(told(&hidden).contains("第 16 行是隐藏的"));
    let hidden = in_sheet("<col min=\"1\"", "<col hidden=\"true\" min=\"1\"");
    assert!(told(&hidden).contains("A 列是隐藏的"), "{}", told(&hidden));
    let beside = in_sheet("<c r=\"C5\"", "<c r=\"G5\"><v>7</v></c><c r=\"C5\"");
    assert!(told(&beside).contains("单元格 G5 在表单之外"));
    let label = with_cell("A6", "<c r=\"A6\" t=\"inlineStr\"><is><t>户数</t></is></c>");
    assert!(told(&label).contains("A6 应是“人数”，表里是“户数”"));
    let heading = with_cell("B14", "<c r=\"B14\"/>");
    assert!(
        told(&heading).contains("B14 应是“事由”"),
        "{}",
        told(&heading)
    );
    let error = with_cell("B7", "<c r=\"B7\" t=\"e\"><v>#N/A</v></c>");
    assert!(told(&error).contains("B7 是错误值"));
    let digits = with_cell("B7", "<c r=\"B7\"><v>3.30825199001011E+17</v></c>");
    assert!(told(&digits).contains("B7 超过 15 位"), "{}", told(&digits));
    // The date format of the sheet, in a column of texts.
    let style = {
        let sheet = String::from_utf8(part(&sheet(), "xl/worksheets/sheet1.xml")).unwrap();
        let from = sheet.find("<c r=\"A15\" s=\"").unwrap() + "<c r=\"A15\" s=\"".len();
        sheet[from..].split('"').next().unwrap().to_owned()
    };
    let day = with_cell(
        "B15",
        &format!("<c r=\"B15\" s=\"{style}\"><v>45000</v></c>"),
    );
    assert!(told(&day).contains("B15 被当成了日期"), "{}", told(&day));
    let rounded = with_cell("C15", "<c r=\"C15\" s=\"0\"><v>120.5</v></c>");
    back(&rounded).unwrap();
}

fn part(bytes: &[u8], name: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut part = archive.by_name(name).unwrap();
    let mut bytes = vec![];
    part.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_workbook_that_is_more_than_one_sheet_of_cells_is_refused() {
    let same = |_: &str, text: String| text.into_bytes();
    let macros = changed(&sheet(), same, Some(("xl/vbaProject.bin", b"x")));
    assert!(matches!(back(&macros), Err(BadForm::Active(_))));
    let object = changed(&sheet(), same, Some(("xl/embeddings/a.bin", b"x")));
    assert!(matches!(back(&object), Err(BadForm::Active(_))));
    let book = |from: &'static str, to: &'static str| {
        let change = move |name: &str, text: String| match name {
            "xl/workbook.xml" => text.replace(from, to).into_bytes(),
            _ => text.into_bytes(),
        };
        changed(&sheet(), change, None)
    };
    let two = book(
        "</sheets>",
        "<sheet name=\"二\" sheetId=\"2\" r:id=\"rId1\"/></sheets>",
    );
    assert!(matches!(back(&two), Err(BadForm::Sheets(2))));
    let hidden = book(
        "</sheets>",
        "<sheet name=\"二\" sheetId=\"2\" state=\"hidden\" r:id=\"rId1\"/></sheets>",
    );
    assert!(matches!(back(&hidden), Err(BadForm::Hidden(_))));
    for bytes in [&b"a,b\r\n"[..], b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b""] {
        assert!(matches!(back(bytes), Err(BadForm::NotXlsx)));
    }
    let cut = &sheet()[..2000];
    assert!(matches!(
        back(cut),
        Err(BadForm::File(BadFile::Workbook(_)))
    ));
    let bomb = changed(&sheet(), same, Some(("xl/x.xml", &vec![b' '; 17 << 20])));
    assert!(matches!(
        back(&bomb),
        Err(BadForm::File(BadFile::Unpacks(_)))
    ));
    let large = vec![b'P'; Limits::SENT.bytes + 1];
    assert!(matches!(
        back(&large),
        Err(BadForm::File(BadFile::Large(..)))
    ));
    let far = in_sheet("r=\"A15\"", "r=\"A99999999999\"");
    back(&far).unwrap_err();
    let gbk = |name: &str, text: String| match name {
        "xl/sharedStrings.xml" => encoding_rs::GBK.encode(&text).0.into_owned(),
        _ => text.into_bytes(),
    };
    back(&changed(&sheet(), gbk, None)).unwrap_err();
}

#[test]
fn a_number_counts_only_if_its_format_shows_it() {
    use figures::{exact, is_shown};
    for (number, format) in [
        (1234.5, "General"),
        (1234.5, "#,##0.00"),
        (-1234.5, "#,##0.00;[Red]-#,##0.00"),
        (12.0, "0_ "),
        (0.0, "0.00;-0.00;0"),
        (12.5, "\"¥\"#,##0.00"),
        (12.5, "[$¥-804]#,##0.00"),
        (12.25, "@"),
    ] {
        assert!(is_shown(number, Some(format)), "{number} {format}");
    }
    for (number, format) in [
        (0.5, "0%"),
        (12.5, "0"),
        (12000.0, "0,"),
        (12000.0, "0.0,\"千\""),
        (12.0, "0\"万\""),
        (-5.0, "0.00;0.00"),
        (5.0, ";;;"),
        (5.0, "[>1]0;0"),
        (12.0, "0.00E+00"),
        (12.125, "0.00"),
    ] {
        assert!(!is_shown(number, Some(format)), "{number} {format}");
    }
    assert_eq!(exact("-1200.50"), Some(-1200.5));
    for text in ["1e5", "", "1,200", "1234567890123456", "三"] {
        assert_eq!(exact(text), None, "{text}");
    }
}

/// The sheet of [`sheet`], opened by LibreOffice Calc 7.4, saved as ODS, and from there as XLSX (`soffice --convert-to`). Such
/// programs leave out zeros at the end of a number.
#[test]
fn a_sheet_that_a_spreadsheet_program_saved_is_read_like_the_one_it_opened() {
    let saved = include_bytes!("saved-by-a-program.xlsx");
    let mut expected = content();
    expected.fields[0] = "300.5".into();
    expected.rows[0][2] = "120.5".into();
    expected.rows[1][2] = "180".into();
    assert_eq!(back(saved).unwrap().content, expected);
}
