//! Tests of lists with faults, and of the topology edition.

use wujitong_topology::{CodeError, RowFault, Tier, Tree};

use super::{ZHEJIANG, code, faults, refused, tree};

#[test]
fn all_bad_rows_are_reported_with_their_lines() {
    let csv = "code,name,kind,node
33,浙江省,,
3301x,甲市,,
33012,乙市,,
3302,,,
330203,海曙区,village,
330203001,丙街道,,maybe
330203001201,丁村,hamlet,
330203001201,丁村,,
440100,外市,,
330203001202,戊村,,,
330203000203,己村,,
330203001204,庚村,park,no
";
    assert_eq!(
        faults(csv),
        [
            (3, RowFault::Code(CodeError::Digits("3301x".into()))),
            (4, RowFault::Code(CodeError::Length("33012".into(), 5))),
            (5, RowFault::EmptyName),
            (6, RowFault::KindTier(Tier::County)),
            (7, RowFault::Node("maybe".into())),
            (8, RowFault::Kind("hamlet".into())),
            (
                9,
                RowFault::Duplicate {
                    code: code("330203001201"),
                    first: 8
                }
            ),
            (10, RowFault::Orphan(code("440100"))),
            (
                11,
                RowFault::Fields {
                    found: 5,
                    expected: 4
                }
            ),
            (12, RowFault::Code(CodeError::Gap("330203000203".into()))),
        ]
    );
}

#[test]
fn a_row_with_several_faults_is_reported_for_each() {
    assert_eq!(
        faults("code,name,kind,node\n33,浙江省,,no\n9,,town,x\n"),
        [
            (2, RowFault::RootWithoutNode),
            (3, RowFault::EmptyName),
            (3, RowFault::Code(CodeError::Length("9".into(), 1))),
            (3, RowFault::Kind("town".into())),
            (3, RowFault::Node("x".into())),
        ]
    );
}

#[test]
fn a_bad_row_does_not_orphan_what_stands_below_it() {
    assert_eq!(
        faults("code,name\n33,\n3301,杭州市\n330102,上城区\n"),
        [(2, RowFault::EmptyName)]
    );
}

#[test]
fn without_its_province_every_branch_is_orphaned_at_its_top() {
    assert_eq!(
        faults("code,name\n3301,杭州市\n330102,上城区\n330203,海曙区\n"),
        [
            (2, RowFault::Orphan(code("3301"))),
            (4, RowFault::Orphan(code("330203")))
        ]
    );
}

#[test]
fn a_second_province_is_refused() {
    assert_eq!(
        faults("code,name\n44,广东省\n33,浙江省\n4401,广州市\n"),
        [(
            2,
            RowFault::SecondProvince {
                code: code("44"),
                first: 3
            }
        )]
    );
}

#[test]
fn a_header_must_have_its_columns_and_no_others() {
    assert_eq!(faults("code,title\n33,浙江省\n").len(), 2);
    assert_eq!(
        faults("name\n浙江省\n"),
        [(1, RowFault::MissingColumn("code"))]
    );
    assert_eq!(
        faults("code,name,name\n"),
        [(1, RowFault::Column("name".into()))]
    );
    assert_eq!(
        faults("33,浙江省\n").last(),
        Some(&(1, RowFault::MissingColumn("name"))),
        "a list without a header"
    );
    assert_eq!(faults(""), [(1, RowFault::Empty)]);
    assert_eq!(faults("code,name\n\n"), [(1, RowFault::Empty)]);
}

#[test]
fn line_numbers_hold_with_blank_lines_crlf_bom_and_quotes() {
    let csv =
        "\u{feff}code,name\r\n\r\n33,\"浙江省\"\r\n\r\n\r\n3301,杭州市\r\nx,y\r\n\r\n3302,\r\n";
    let lines: Vec<u64> = refused(csv).rows.iter().map(|row| row.line).collect();
    assert_eq!(lines, [7, 9]);
    let good = csv
        .replace("x,y\r\n", "")
        .replace("3302,\r\n", "3302,宁波市");
    assert_eq!(
        tree(&good).digest(),
        tree("code,name\n33,浙江省\n3301,杭州市\n3302,宁波市\n").digest()
    );
}

#[test]
fn a_quotation_mark_that_is_not_closed_is_said() {
    assert_eq!(
        faults("code,name\n33,浙江省\n3301,\"杭州市\n3302,宁波市\n"),
        [(3, RowFault::Name)]
    );
    let long = "长".repeat(101);
    assert_eq!(
        faults(&format!("code,name\n33,{long}\n")),
        [(2, RowFault::Name)]
    );
}

#[test]
fn a_message_lists_the_first_faults_and_counts_the_rest() {
    let mut csv = "code,name\n33,浙江省\n".to_owned();
    csv.push_str(&"bad,row\n".repeat(27));
    let message = refused(&csv).to_string();
    assert!(
        message.starts_with("27 faults in the list of divisions"),
        "{message}"
    );
    assert!(
        message.contains("\n  line 3: `bad` holds something other than digits"),
        "{message}"
    );
    assert!(message.ends_with("\n  … and 7 more"), "{message}");
    assert_eq!(message.lines().count(), 22);
    let one = refused("code,name\n33,浙江省\n1,x\n").to_string();
    assert!(
        one.starts_with("1 fault in") && one.lines().count() == 2,
        "{one}"
    );
}

#[test]
fn an_oversized_file_is_refused_unread() {
    let csv = "\n".repeat((16 << 20) + 1);
    assert_eq!(faults(&csv), [(1, RowFault::TooLarge)]);
}

/// Returns the rows of 龙游县 and of the divisions above it, as `(code, name)`.
fn longyou() -> Vec<(&'static str, &'static str)> {
    let zhejiang = Tree::zhejiang();
    let county = code("330825");
    let rows = ZHEJIANG
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','));
    rows.filter(|(text, _)| {
        let row = code(text);
        zhejiang.contains(county, row) || zhejiang.contains(row, county)
    })
    .collect()
}

fn csv<'a>(rows: impl IntoIterator<Item = &'a (&'a str, &'a str)>, marks: &str) -> String {
    let mut csv = "code,name,kind,node\n".to_owned();
    for (code, name) in rows {
        csv.push_str(&format!("{code},{name},{marks}\n"));
    }
    csv
}

#[test]
fn any_change_of_any_row_changes_the_edition() {
    let rows = longyou();
    assert_eq!(rows.len(), 306);
    let digest = tree(&csv(&rows, ",")).digest();
    let with = |line: usize, row: String| {
        let whole = csv(&rows, ",");
        let mut lines: Vec<&str> = whole.lines().collect();
        lines[line] = &row;
        Tree::load(&lines.join("\n")).map(|tree| tree.digest())
    };
    for (index, (text, name)) in rows.iter().enumerate() {
        let line = index + 1;
        assert_eq!(with(line, format!("{text},{name},,")), Ok(digest));
        assert_ne!(
            with(line, format!("{text},{name}x,,")),
            Ok(digest),
            "{text} renamed"
        );
        if code(text).tier() == Tier::Village {
            assert_ne!(
                with(line, format!("{text},{name},park,")),
                Ok(digest),
                "{text} a park"
            );
        }
        if line > 1 {
            assert_ne!(
                with(line, format!("{text},{name},,no")),
                Ok(digest),
                "{text} no node"
            );
            assert_ne!(with(line, String::new()), Ok(digest), "{text} missing");
        }
    }
}

#[test]
fn order_short_codes_and_written_defaults_do_not_change_the_edition() {
    let rows = longyou();
    let digest = tree(&csv(&rows, ",")).digest();
    assert_eq!(tree(&csv(rows.iter().rev(), ",")).digest(), digest);
    assert_eq!(tree(&csv(&rows, ",yes")).digest(), digest);
    let shortened: Vec<_> = rows
        .iter()
        .map(|(text, name)| (code(text).short(), *name))
        .collect();
    let shortened: Vec<_> = shortened
        .iter()
        .map(|(text, name)| (text.as_str(), *name))
        .collect();
    assert_eq!(tree(&csv(&shortened, ",")).digest(), digest);
    let swapped = csv(&rows, ",")
        .lines()
        .fold(String::new(), |mut swapped, line| {
            let fields: Vec<&str> = line.split(',').collect();
            swapped.push_str(&format!(
                "{},{},{},{}\n",
                fields[3], fields[1], fields[2], fields[0]
            ));
            swapped
        });
    assert_eq!(tree(&swapped).digest(), digest);
}
