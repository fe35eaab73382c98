//! Tables of the faults of a file: what `wujitong template check` and `wujitong config check` print.

use api::{InBoth, Language, SettingFault, TemplateFaultView};

use super::{language::told, tables::table};

/// Returns the table of the faults of a template.
pub(super) fn template(faults: &[TemplateFaultView], language: Language) -> String {
    let headings = match language {
        Language::Chinese => ["#行", "#列", "问题", "怎样改"],
        Language::English => ["#line", "#column", "cause", "remedy"],
    };
    let rows = faults.iter().map(|fault| {
        let [cause, remedy] = [&fault.cause, &fault.remedy].map(|said| in_one(said, language));
        [
            fault.line.to_string(),
            fault.column.to_string(),
            cause,
            remedy,
        ]
    });
    table(headings, rows)
}

/// Returns the table of the faults of a configuration, or that there are none.
pub(super) fn settings(faults: &[SettingFault], language: Language) -> String {
    if faults.is_empty() {
        return match language {
            Language::Chinese => "没有发现错误\n".to_owned(),
            Language::English => "no faults\n".to_owned(),
        };
    }
    let headings = match language {
        Language::Chinese => ["#行", "#列", "设置", "问题", "怎样改"],
        Language::English => ["#line", "#column", "setting", "cause", "remedy"],
    };
    let number = |number: Option<u32>| number.map_or("-".to_owned(), |number| number.to_string());
    let rows = faults.iter().map(|fault| {
        let [cause, remedy] = [&fault.cause, &fault.remedy].map(|said| in_one(said, language));
        [
            number(fault.line),
            number(fault.column),
            fault.key.clone(),
            cause,
            remedy,
        ]
    });
    table(headings, rows)
}

fn in_one(said: &InBoth, language: Language) -> String {
    told(language, &said.en, &said.zh).to_owned()
}
