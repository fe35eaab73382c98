//! Problems in both languages.

use std::collections::BTreeSet;

use super::{codes::CODES, *};

#[test]
fn every_code_has_one_row_and_is_read_back() {
    let texts: BTreeSet<_> = ProblemCode::all().map(ProblemCode::as_str).collect();
    assert_eq!(texts.len(), CODES.len());
    for code in ProblemCode::all() {
        assert_eq!(code.as_str().parse(), Ok(code));
        assert!((400..600).contains(&code.status()), "{code:?}");
        assert!(code.meaning().ends_with('.'), "{code:?}");
        assert!(code.chinese().ends_with('。'), "{code:?}");
        assert!(is_chinese(code.chinese_title()), "{code:?}");
    }
    // An enumeration counts from 0 without a gap, so this is every variant.
    let places: Vec<_> = ProblemCode::all().map(|code| code as usize).collect();
    assert_eq!(places, (0..CODES.len()).collect::<Vec<_>>());
    assert_eq!("moved-on".parse::<ProblemCode>(), Err(UnknownCode));
}

#[test]
fn a_problem_is_told_in_the_language_of_the_reader() {
    let problem = Problem::new(ProblemCode::InvalidRequest, "the text is empty; say more")
        .or_in_chinese("没有写内容；请写明是什么事");
    let english = problem.clone().in_language(Language::English);
    assert_eq!(english.to_string(), "the text is empty; say more");
    let chinese = problem.in_language(Language::Chinese);
    assert_eq!(&*chinese.title, "请求有误");
    assert_eq!(&*chinese.detail, "没有写内容");
    assert_eq!(chinese.hint.as_deref(), Some("请写明是什么事"));
    let whole = chinese.to_string();
    assert_eq!(whole, "没有写内容；请写明是什么事");
    assert_eq!(split_hint(&whole).1, Some("请写明是什么事"));
    assert_eq!(chinese.clone().in_language(Language::English), chinese);
}

#[test]
fn a_hint_stands_apart_from_what_happened() {
    let problem = Problem::new(ProblemCode::InvalidRequest, "the text is empty; say more");
    assert_eq!(&*problem.detail, "the text is empty");
    assert_eq!(problem.hint.as_deref(), Some("say more"));
    assert_eq!(problem.to_string(), "the text is empty; say more");
    assert_eq!(&*problem.kind, "/v1/problems#invalid-request");
    let lines = "two problems\n  a; b";
    assert_eq!(split_hint(lines), (lines, None));
}
