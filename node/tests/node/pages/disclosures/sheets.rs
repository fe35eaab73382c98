//! The form of a disclosure as a sheet: handed out, filled in, taken back; and what was published as one.

use sheet::{
    Doubt, Headings, Limits, Table,
    form::{FormId, XLSX, written},
};
use wujitong::domain::disclosure::{Class, Content, Field, FieldKind, Item, Rhythm, Sum};

use super::*;

fn field(name: &str, kind: FieldKind) -> Field {
    Field {
        name: name.into(),
        kind,
        unit: None,
        required: true,
        options: vec![],
    }
}

/// The item of the catalogue, as far as its sheet tells.
fn item() -> Item {
    use wujitong::domain::calendar::Allowance;
    Item {
        name: "村集体收支".into(),
        english: None,
        class: Class::Finance,
        rhythm: Rhythm::Month,
        period_days: 31,
        due: Allowance::Days(10),
        objection: Allowance::Days(5),
        source: None,
        fields: vec![
            field("收入", FieldKind::Money),
            field("支出", FieldKind::Money),
        ],
        columns: vec![
            field("事由", FieldKind::Text),
            field("金额", FieldKind::Money),
        ],
        sums: vec![Sum::Column {
            total: "支出".into(),
            column: "金额".into(),
        }],
    }
}

fn id(number: &str) -> FormId {
    FormId {
        division: "33".parse().unwrap(),
        number: number.parse().unwrap(),
        edition: 1,
        template: "33/disclosure/affairs".parse().unwrap(),
        version: 1,
    }
}

fn texts(all: &[&str]) -> Vec<Box<str>> {
    all.iter().map(|text| (*text).into()).collect()
}

fn content(spent: &str) -> Content {
    Content {
        fields: texts(&["500.50", spent]),
        rows: vec![texts(&["=1+1 路灯", "120"]), texts(&["清运", "180"])],
        note: "账实相符".into(),
    }
}

async fn upload(browser: &mut Browser<'_>, path: &str, file: &[u8]) -> Page {
    let page = browser.get(path).await.expect(200);
    let (csrf, version) = (page.field("csrf"), page.field("version"));
    let fields = [("csrf", &*csrf), ("version", &*version)];
    let to = format!("{path}/sheet");
    browser.send_file(&to, &fields, ("sheet", file)).await
}

/// R-D18: a sheet is the form: what it says is kept, what is wrong is told with its cell, and no other sheet is taken.
#[tokio::test]
async fn a_form_is_filled_in_as_a_sheet_and_its_faults_are_told_with_their_cells() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let due = clerk.get("/desk/disclosures").await.expect(200);
    let (_, blank) = due
        .text
        .split_once("href=\"/desk/disclosures/form.xlsx?")
        .unwrap();
    let (query, _) = blank.split_once('"').unwrap();
    let query = query.replace("&#38;", "&").replace("&amp;", "&");
    let blank = format!("/desk/disclosures/form.xlsx?{query}");
    let blank = clerk.get(&blank).await.expect(200);
    assert_eq!(blank.header("content-type"), XLSX);
    let path = begin(&mut clerk).await;
    let number = path.rsplit('/').next().unwrap().to_owned();
    let disposition = blank.header("content-disposition");
    assert!(
        disposition.contains(&number),
        "it is the form of this draft: {disposition}"
    );
    let given = clerk.get(&format!("{path}/form.xlsx")).await.expect(200);
    assert_eq!(given.header("content-type"), XLSX);
    assert!(given.header("content-disposition").contains(&number));
    let page = clerk.get(&path).await.expect(200);
    assert!(page.text.contains("下载表单（XLSX）"), "{}", page.text);

    let before = clerk.get(&path).await.expect(200);
    let foreign = written(&id("00000000000000aa"), &item(), "", &content("300"));
    let refused = upload(&mut clerk, &path, &foreign).await.expect(422);
    assert!(
        refused.text.contains("00000000000000aa"),
        "{}",
        refused.text
    );
    for (file, says) in [
        (&b"a,b\r\n"[..], "不是 XLSX"),
        (&sheet::accounts::empty()[..], "看不出这是哪一张表单"),
        (b"", "没有选择文件"),
    ] {
        let refused = upload(&mut clerk, &path, file).await.expect(422);
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    let after = clerk.get(&path).await.expect(200);
    assert_eq!(
        before.field("version"),
        after.field("version"),
        "nothing changed"
    );

    let wrong = written(&id(&number), &item(), "", &content("many"));
    let told = upload(&mut clerk, &path, &wrong).await.expect(200);
    assert!(told.text.contains("表 B6 支出：不是金额"), "{}", told.text);
    let wrong = written(&id(&number), &item(), "", &content("301"));
    let told = upload(&mut clerk, &path, &wrong).await.expect(200);
    assert!(
        told.text
            .contains("表 B6 支出：合计不符（按所填应为 300.00）"),
        "{}",
        told.text
    );
    let right = written(&id(&number), &item(), "", &content("300"));
    upload(&mut clerk, &path, &right).await.expect(303);
    let kept = clerk.get(&path).await.expect(200);
    for part in [
        "value=\"500.50\"",
        "=1+1 路灯",
        "value=\"180.00\"",
        "账实相符",
    ] {
        assert!(kept.text.contains(part), "{part}: {}", kept.text);
    }
    let sent = press(
        &mut clerk,
        &path,
        &[
            ("go", "submit"),
            ("field-0", "500.50"),
            ("field-1", "300"),
            ("cell-0-0", "=1+1 路灯"),
            ("cell-0-1", "120"),
            ("cell-1-0", "清运"),
            ("cell-1-1", "180"),
        ],
    )
    .await;
    assert!(sent.text.contains("村（居）委会审核"), "{}", sent.text);
    let late = written(&id(&number), &item(), "", &content("300"));
    let page = clerk.get(&path).await.expect(200);
    let fields = [("csrf", &*page.field("csrf"))].map(|(name, value)| (name, value.to_owned()));
    let fields = [(fields[0].0, &*fields[0].1)];
    let to = format!("{path}/sheet");
    let late = clerk.send_file(&to, &fields, ("sheet", &late)).await;
    assert_eq!(late.status.as_u16(), 409, "{}", late.text);
}

/// The API takes the same sheet, with the version that was seen, and gives the empty one of an item.
#[tokio::test]
async fn a_program_gets_an_empty_sheet_and_sends_it_filled_in() {
    let province = demanded().await;
    let token = province.token("clerk").await;
    let day = wujitong::domain::time::Timestamp(province.office().now().0).day();
    let item_name = "%E6%9D%91%E9%9B%86%E4%BD%93%E6%94%B6%E6%94%AF";
    let blank = format!("disclosure-form.xlsx?item={item_name}&day={day}");
    let empty = province.get(&blank).by(&token).send().await.expect(200);
    assert_eq!(empty.header("content-type"), XLSX);
    let unknown = format!("disclosure-form.xlsx?item=x&day={day}");
    province.get(&unknown).by(&token).send().await.expect(422);
    province.get(&blank).send().await.expect(401);

    let begun = json!({ "item": "村集体收支", "day": day.to_string() });
    let begun = province.post("disclosure-work").by(&token).body(begun);
    let begun = begun.send().await.expect(201).json;
    let number = begun["line"]["number"].as_str().unwrap().to_owned();
    let put = |query: &str, file: Vec<u8>| {
        let path = format!("disclosure-work/{number}/form.xlsx{query}");
        let ask = province.put(&path).by(&token).with("content-type", XLSX);
        ask.raw(file)
    };
    let same = put("?version=1", empty.body.to_vec()).send().await;
    let faults = same.expect(200).json["faults"].clone();
    assert_eq!(faults[0]["cell"], "B5", "{faults}");
    let right = written(&id(&number), &item(), "", &content("300"));
    put("?version=1", right.clone()).send().await.expect(412);
    let kept = put("?version=2&despite=x", right)
        .send()
        .await
        .expect(200)
        .json;
    assert_eq!(kept["faults"], json!([]));
    assert_eq!(kept["content"]["rows"][1], json!(["清运", "180.00"]));
    assert_eq!(kept["despite"], "x");
    let chair = province.token("chair").await;
    let other = format!("disclosure-work/{number}/form.xlsx");
    let refused = province.put(&other).by(&chair).with("content-type", XLSX);
    refused.raw(empty.body).send().await.expect(403);
}

/// Any row may head a table.
struct Any;

impl Headings for Any {
    fn are_all(&self, _: &[String]) -> bool {
        true
    }

    fn known(&self, _: &[String]) -> usize {
        0
    }
}

/// Every number in a text or a cell, as a number.
fn numbers(cells: impl Iterator<Item = String>) -> Vec<f64> {
    cells.filter_map(|cell| cell.parse().ok()).collect()
}

/// What everybody downloads says the same, whatever its form.
#[tokio::test]
async fn a_published_table_has_the_same_numbers_on_the_page_in_csv_and_as_a_sheet() {
    let province = demanded().await;
    let mut clerk = Browser::signed_in(&province, "clerk").await;
    let path = begin(&mut clerk).await;
    press(&mut clerk, &path, &RIGHT).await;
    pass(&province, &path).await;
    let public = path.replace("/desk", "");
    let mut anybody = Browser::new(&province);
    let page = anybody.get(&public).await.expect(200);
    let link = format!("{public}/table.xlsx?edition=1");
    assert!(page.text.contains(&link), "{}", page.text);
    anybody.get(&link).await.expect(200);
    anybody
        .get(&format!("{public}/table.xlsx?edition=7"))
        .await
        .expect(404);
    let csv = anybody
        .get(&format!("{public}/table.csv"))
        .await
        .expect(200);
    let cells = csv.text.lines().flat_map(|line| line.split(','));
    let cells = cells.map(|cell| cell.trim_matches('"').to_owned());
    let in_csv = numbers(cells);
    assert_eq!(in_csv, [500.0, 300.0, 120.0, 180.0]);

    let number = public.rsplit('/').next().unwrap();
    let sheet = province.get(&format!("disclosures/{number}/table.xlsx"));
    let sheet = sheet.send().await.expect(200).body;
    let table = Table::read_as(&sheet, None, None, &Any, &Limits::SENT).unwrap();
    assert_eq!(table.strange, [], "no formula, nothing hidden");
    let rows = table.rows.iter().flat_map(|(_, cells)| cells);
    let cells = rows.map(|cell| match cell {
        Ok(text) | Err(Doubt::Format(text, _)) => text.clone(),
        Err(doubt) => panic!("{doubt:?}"),
    });
    assert_eq!(numbers(cells), in_csv);
    for number in in_csv {
        assert!(page.text.contains(&format!("{number:.2}")), "{number}");
    }
}
